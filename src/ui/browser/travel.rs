//! Going to a folder at a moment in one step: back and forth, to something of the past, to a path that was typed.

use relm4::prelude::*;

use super::folder::toasts::Message;
use super::trail::Spot;
use super::{Browser, Output, drive, folder, timeline};
use crate::app::error::{Error, Result};
use crate::app::explain::explain;
use crate::app::places::home;
use crate::engine::error::Error as EngineError;
use crate::engine::history::Entry;
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;
use crate::i18n::gettext;
use crate::ui::history_worker::{Request, Subject};

impl Browser {
    /// Opens a place at its own folder.
    pub(super) fn open_place(&mut self, place: RelPath) {
        self.place = place.clone();
        self.open(place);
    }

    /// Remembers what is shown.
    pub(super) fn remember(&mut self, at: Option<u64>) {
        let (place, folder) = (self.place.clone(), self.folder.clone());
        self.trail.visit(Spot { place, folder, at });
    }

    /// Back to where the person was; from a search or the deleted files, to the folder.
    pub(super) fn go_back(&mut self) {
        if !self.middle.is_folder() {
            self.leave_others();
            self.places.emit(self.middle.mark(&self.folder));
            self.view.emit(folder::Input::TakeFocus);
        } else if let Some(spot) = self.trail.back() {
            self.go_to(spot);
        }
    }

    /// Forth again.
    pub(super) fn go_forward(&mut self) {
        if let Some(spot) = self.trail.forward() {
            self.go_to(spot);
        }
    }

    fn go_to(&mut self, spot: Spot) {
        match spot.at {
            Some(at) => self.choose_known(at),
            None => self.chosen = None,
        }
        self.tell_timeline();
        self.place = spot.place;
        self.open(spot.folder);
    }

    /// Asks which date to go to.
    pub(super) fn ask_for_date(&mut self) {
        if !self.middle.is_folder() {
            self.leave_others();
            self.places.emit(self.middle.mark(&self.folder));
        }
        self.timeline.emit(timeline::Input::Jump);
    }

    /// Shows the open folder at a moment that may be far from the one that is shown.
    pub(super) fn jump_to(&mut self, at: u64) {
        self.trail.part();
        self.choose_known(at);
        self.ask_for_folder(true);
        // The timeline has no tick for what is not different there.
        self.ask_for_moments();
    }

    /// To another history or back to the person's own: not while something is put back, which would end with the screen.
    pub(super) fn go_to_history(&mut self, asked: drive::Output, sender: &ComponentSender<Self>) {
        if self.restore.is_some() || self.settling.is_some() {
            self.say(Message::new(gettext("Wait until the restore is done.")));
            return;
        }
        let _closed = sender.output(match asked {
            drive::Output::Visit(target) => Output::Visit(target),
            drive::Output::GoHome => Output::GoHome,
        });
    }

    /// Tells the folder what its moment is called.
    pub(super) fn show_caption(&self) {
        let label = self.chosen_snapshot().and_then(|shown| shown.label.clone());
        self.view.emit(folder::Input::Caption(label.unwrap_or_default()));
    }

    /// Asks when the selected file, or the open folder, was another.
    pub(super) fn ask_for_moments(&mut self) {
        if self.newest().is_none() {
            return;
        }
        self.moments_ticket += 1;
        let of = match &self.file {
            Some(file) => Subject::File(file.clone()),
            None => Subject::Folder(self.folder.clone()),
        };
        self.worker.ask(Request::Timeline { of, ticket: self.moments_ticket });
    }

    /// Chooses a moment of which nothing is asked for yet, if it is still there.
    fn choose_known(&mut self, at: u64) {
        let snapshots = self.snapshots.as_deref().unwrap_or_default();
        if snapshots.iter().any(|snapshot| snapshot.seq == at) {
            self.chosen = Some(at);
            self.tell_timeline();
        }
    }

    /// Opens the folder of something that was there in the snapshot `at`, and selects it.
    pub(super) fn show_there(&mut self, path: RelPath, kind: Kind, at: u64) {
        let (Some(folder), Some(name)) = (path.parent(), path.name()) else { return };
        self.trail.part();
        self.choose_known(at);
        self.open(folder);
        self.view.emit(folder::Input::Seek(name.to_vec()));
        // The timeline becomes that of a file that is selected.
        self.select(Some(path).filter(|_| kind != Kind::Directory));
    }

    /// The path can be typed.
    pub(super) fn edit_path(&self) {
        self.path_bar.edit(&self.folder);
    }

    /// A path was typed: whether it is there is asked for.
    pub(super) fn path_typed(&mut self, text: &str) {
        let below_home =
            text.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let path = match below_home {
            Some(rest) => home().join(rest.trim_start_matches('/')),
            None => self.folder.to_absolute().join(text),
        };
        let newest = self.newest().map(|newest| newest.seq);
        let Some(at) = self.chosen.or(newest) else { return };
        match RelPath::from_absolute(&path) {
            Ok(path) => {
                self.path_ticket += 1;
                self.worker.ask(Request::Look { path, at, ticket: self.path_ticket });
            }
            Err(_) => self.path_bar.refuse(&gettext("No folder can have this path"), None),
        }
    }

    /// It is known what is there.
    pub(super) fn path_found(&mut self, path: RelPath, entry: Result<Option<Entry>>) {
        if matches!(entry, Ok(Some(_))) {
            self.path_bar.stop_editing();
        }
        match entry {
            Ok(Some(entry)) if entry.kind == Kind::Directory => self.open(path),
            // At Now it is shown as it is now.
            Ok(Some(entry)) => self.show_there(path, entry.kind, self.chosen.unwrap_or_default()),
            Ok(None) | Err(Error::Engine(EngineError::NotInSnapshot { .. })) => {
                self.path_bar.refuse(&gettext("This was not there at that moment"), Some(path));
            }
            Err(error) => self.path_bar.refuse(&explain(&error).what, None),
        }
    }
}
