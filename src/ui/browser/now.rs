//! Now, the moment after all snapshots: the live files of the open folder, and the way back to the newest snapshot where
//! they can't be told.

use relm4::prelude::*;

use super::folder::toasts::Message;
use super::folder::words::Words;
use super::{Browser, folder, timeline};
use crate::app::error::Result;
use crate::engine::history::SnapshotInfo;
use crate::engine::path::RelPath;
use crate::i18n::gettext;
use crate::ui::history_worker::{Listed, Wanted};

impl Browser {
    /// Whether live files can be shown at all.
    pub(super) fn has_now(&self) -> bool {
        !self.target.sources.is_empty()
    }

    /// The newest snapshot.
    pub(super) fn newest(&self) -> Option<&SnapshotInfo> {
        self.snapshots.as_ref()?.first()
    }

    /// The moment to show now that there are these snapshots. The window begins at Now; whoever looks at the newest
    /// snapshot wants to go on looking at the newest.
    pub(super) fn moment_among(&self, snapshots: &[SnapshotInfo]) -> Option<u64> {
        let newest = snapshots.first().map(|newest| newest.seq);
        let wants_now = match &self.snapshots {
            None => self.chosen.is_none() && !self.wants_past,
            Some(_) => self.chosen.is_none(),
        };
        if wants_now && self.has_now() {
            return None;
        }
        let newest_before = self.newest().map(|newest| newest.seq);
        let is_known = |seq: &u64| snapshots.iter().any(|snapshot| snapshot.seq == *seq);
        let stays = |seq: &u64| Some(*seq) != newest_before && is_known(seq);
        self.chosen.filter(stays).or(newest)
    }

    pub(super) fn choose(&mut self, at: Option<u64>) {
        self.wants_past = false;
        if self.chosen != at {
            self.chosen = at;
            self.ask_for_folder(false);
        }
    }

    /// What is there now may be another than before.
    pub(super) fn look_again(&mut self) {
        match self.chosen {
            Some(_) => self.ask_for_comparison(),
            None => self.ask_for_folder(false),
        }
    }

    /// A path was asked for from outside: what was there is wanted, not what is.
    pub(super) fn open_past(&mut self, folder: RelPath) {
        self.wants_past = true;
        if self.chosen.is_none() {
            self.chosen = self.newest().map(|newest| newest.seq);
            self.tell_timeline();
        }
        self.open(folder);
    }

    /// The timeline shows another moment than the person chose there.
    pub(super) fn tell_timeline(&self) {
        let snapshots = self.snapshots.clone().unwrap_or_default();
        self.timeline.emit(timeline::Input::Set(snapshots, self.chosen));
    }

    /// Asks for the live files of the open folder.
    pub(super) fn ask_for_now(&mut self, takes_focus: bool) {
        let Some(newest) = self.newest().map(|newest| newest.seq) else { return };
        self.remember(None);
        self.view.emit(folder::Input::Loading {
            folder: self.folder.clone(),
            title: gettext("Now"),
            unread: 0,
            takes_focus,
            at: None,
            now: Some(newest),
        });
        let (folder, ticket) = (self.folder.clone(), self.ticket);
        self.worker.compare(Wanted { folder, at: newest, lists: Some(self.order), ticket });
    }

    /// They are there, or can't be told: then the newest snapshot is shown.
    pub(super) fn now_listed(&mut self, listed: Result<Listed>) {
        let words = match listed {
            Ok(Listed::Here(listing)) => {
                self.is_shown = true;
                self.view.emit(folder::Input::Now(listing));
                return self.look_at_changes();
            }
            Ok(Listed::NoSource) => gettext(
                "This folder is in none of those that are backed up. This is the newest snapshot.",
            ),
            Ok(Listed::OutOfReach | Listed::TooLate) => {
                gettext("The folder can’t be reached now. This is the newest snapshot.")
            }
            Err(error) => return self.say_failure(&error),
        };
        self.chosen = self.newest().map(|newest| newest.seq);
        self.tell_timeline();
        self.ask_for_folder(false);
        self.ask_for_moments();
        self.say(Message::new(words));
    }

    /// What is said where there is no snapshot yet.
    pub(super) fn no_snapshots(&self) -> Words {
        if self.backup.is_some() {
            Words::first_backup()
        } else {
            Words::no_snapshots(self.has_now())
        }
    }
}
