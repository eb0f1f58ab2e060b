//! The live files, after all snapshots: what of them is not backed up yet or left out, and what was deleted since the
//! newest snapshot. None of them can be brought back: they are here.

use relm4::prelude::*;

use super::Folder;
use super::differences::Differences;
use super::row::Row;
use super::words::Words;
use crate::engine::meta::Kind;
use crate::i18n::{gettext, ngettext_f};
use crate::ui::history_worker::{Against, Gone, Listing};

impl Folder {
    /// The live files are there.
    pub(super) fn show_now(&mut self, listing: Listing, sender: &ComponentSender<Self>) {
        if self.is_refresh(&listing) {
            return self.refresh(listing, sender);
        }
        let Listing { entries, marks, waiting, deleted } = listing;
        self.fill(entries, marks, sender);
        self.know_now(waiting, deleted);
        self.ask_for_deleted(sender);
    }

    /// What the newest snapshot has otherwise.
    pub(super) fn know_now(&mut self, waiting: u64, deleted: Vec<Gone>) {
        let has_deleted_folder = deleted.iter().any(|gone| gone.entry.kind == Kind::Directory);
        self.differences = Differences {
            changes: waiting,
            against: Some(Ok(Against::Now)),
            deleted: deleted.iter().map(|gone| gone.entry.name.clone()).collect(),
            has_deleted_folder,
        };
        self.just_gone = deleted;
    }

    /// What was deleted since the newest snapshot comes first among what was deleted.
    pub(super) fn just_gone(&self) -> impl Iterator<Item = Row> + use<> {
        let (gone, layout): (Vec<Gone>, _) = (self.just_gone.clone(), self.layout.clone());
        gone.into_iter().map(move |gone| Row::of_gone(gone, &layout))
    }

    /// Whether the selection can be restored: the live files are here, and need not be.
    pub(super) fn can_restore(&self) -> bool {
        self.selected.can_restore() && (self.now.is_none() || self.selected.from().is_some())
    }

    /// What is said of a folder without entries.
    pub(super) fn empty_words(&self) -> Words {
        if self.now.is_some() { Words::nothing_now() } else { Words::empty_folder() }
    }

    /// How many entries there are, and how many of them wait for a backup.
    pub(super) fn now_count(&self) -> Option<String> {
        self.now.filter(|_| self.differences.changes > 0)?;
        let words = ngettext_f(
            "{count} not yet backed up",
            "{count} not yet backed up",
            self.differences.changes,
            &[],
        );
        Some(words)
    }

    /// What the bar says at Now, where that isn't what it says of a snapshot.
    pub(super) fn now_words(&self) -> Option<String> {
        self.now.filter(|_| self.selected.rows == 0)?;
        Some(if self.layout.is_narrow() {
            String::new()
        } else {
            gettext("Your files as they are now. Go back in time to get something back.")
        })
    }
}
