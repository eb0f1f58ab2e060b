//! The live files of the open folder are looked at again when they change: only at Now, and only while they can be seen.

use relm4::gtk::prelude::*;
use relm4::prelude::*;

use super::{Browser, Input, folder};
use crate::app::error::Result;
use crate::engine::path::RelPath;
use crate::ui::history_worker::{Listed, Wanted};
use crate::ui::live_watch::LiveWatch;

/// What is known of that.
#[derive(Debug, Default)]
pub struct Watching {
    watch: LiveWatch,
    /// They were asked for again, and the answer is awaited.
    is_asked: bool,
    /// They changed meanwhile, or while nobody could see them.
    is_stale: bool,
}

impl Browser {
    /// Another folder or moment is shown: what was asked for before doesn't count.
    pub(super) fn watch_folder(&mut self) {
        self.watching.is_asked = false;
        self.watching.is_stale = false;
        if self.chosen.is_some() || self.newest().is_none() || !self.has_now() {
            return self.watching.watch.stop();
        }
        let (input, folder) = (self.sender.clone(), self.folder.clone());
        self.watching.watch.watch(folder.to_absolute(), move || {
            let _closed = input.send(Input::LiveChanged(folder.clone()));
        });
    }

    /// Something in this folder is another than before.
    pub(super) fn live_changed(&mut self, folder: &RelPath) {
        if *folder == self.folder && self.chosen.is_none() {
            self.watching.is_stale = true;
            self.look_at_changes();
        }
    }

    /// Asks again for live files that changed, once they were shown and are in sight.
    pub(super) fn look_at_changes(&mut self) {
        let is_seen = self.is_shown && self.leaflet.is_mapped();
        if !is_seen || self.watching.is_asked || self.chosen.is_some() {
            return;
        }
        let Some(newest) = self.newest().map(|newest| newest.seq) else { return };
        if std::mem::take(&mut self.watching.is_stale) {
            self.watching.is_asked = true;
            let (folder, ticket) = (self.folder.clone(), self.ticket);
            self.worker.compare(Wanted { folder, at: newest, lists: Some(self.order), ticket });
        }
    }

    /// The live files were read. Where they were asked for again, and nothing is known of them, what is on screen stays:
    /// nobody wanted anything else.
    pub(super) fn live_listed(&mut self, listed: Result<Listed>) {
        if !std::mem::take(&mut self.watching.is_asked) {
            return self.now_listed(listed);
        }
        match listed {
            Ok(Listed::Here(listing)) => self.view.emit(folder::Input::Now(listing)),
            Ok(Listed::TooLate) | Err(_) => {}
            gone => return self.now_listed(gone),
        }
        self.watch_again();
        self.look_at_changes();
    }

    /// A folder that went and came again is another one for the system.
    fn watch_again(&mut self) {
        let is_stale = self.watching.is_stale;
        self.watch_folder();
        self.watching.is_stale = is_stale;
    }
}
