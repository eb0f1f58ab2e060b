//! Show Deleted: below the folder's entries, what was in it earlier. It comes page by page, after the entries.

use jiff::Timestamp;
use relm4::prelude::*;

use super::row::Row;
use super::{Folder, Output, State};
use crate::app::error::Result;
use crate::engine::history::DeletedCursor;
use crate::i18n::{gettext, gettext_f};
use crate::ui::history_worker::GonePage;
use crate::ui::widgets::dates;

/// The most rows that are shown: what was deleted long ago is found by searching.
const ROWS_MAX: usize = 2_000;

/// What is known of it.
#[derive(Debug, Default)]
pub struct Deleted {
    /// The person wants to see it.
    pub is_shown: bool,
    /// Number of the newest request; older answers are dropped.
    ticket: u64,
    /// How many rows there are.
    rows: usize,
    /// Those that wait until all entries of the folder are rows.
    waiting: Vec<Row>,
    has_more: bool,
    failed: bool,
}

impl Folder {
    /// Shows what was deleted, or doesn't any more.
    pub(super) fn toggle_deleted(&mut self, sender: &ComponentSender<Self>) {
        self.deleted.is_shown = !self.deleted.is_shown;
        if self.deleted.is_shown {
            self.ask_for_deleted(sender);
            return;
        }
        self.remove_deleted_rows();
        if self.state == State::Listed && self.entries == 0 {
            self.state = State::Words(self.empty_words());
        }
    }

    /// The entries of the folder stay.
    pub(super) fn remove_deleted_rows(&mut self) {
        self.drop_deleted();
        let entries = u32::try_from(self.entries).unwrap_or(u32::MAX);
        for row in (entries..self.list.len()).rev() {
            self.list.remove(row);
        }
    }

    /// Before other rows come.
    pub(super) fn drop_deleted(&mut self) {
        let Deleted { is_shown, ticket, .. } = self.deleted;
        self.deleted = Deleted { is_shown, ticket: ticket + 1, ..Deleted::default() };
    }

    /// Asks for the first page, if it is to be shown.
    pub(super) fn ask_for_deleted(&mut self, sender: &ComponentSender<Self>) {
        if self.deleted.is_shown && self.can_show_deleted() {
            self.drop_deleted();
            self.deleted.waiting.extend(self.just_gone());
            self.deleted.rows = self.deleted.waiting.len();
            self.ask_for_page(None, sender);
        }
    }

    fn ask_for_page(&self, after: Option<DeletedCursor>, sender: &ComponentSender<Self>) {
        let _closed = sender.output(Output::WantDeleted { after, ticket: self.deleted.ticket });
    }

    /// A folder that is empty at this moment may have had something in it.
    fn can_show_deleted(&self) -> bool {
        match &self.state {
            State::Listed => true,
            State::Loading => false,
            State::Words(words) => *words == self.empty_words(),
        }
    }

    /// A page is there.
    pub(super) fn deleted_read(
        &mut self,
        ticket: u64,
        page: Result<GonePage>,
        sender: &ComponentSender<Self>,
    ) {
        if ticket != self.deleted.ticket || !self.can_show_deleted() || !self.deleted.is_shown {
            return;
        }
        let Ok(GonePage { mut rows, next }) = page else {
            self.deleted.failed = true;
            return;
        };
        let room = ROWS_MAX - self.deleted.rows.min(ROWS_MAX);
        let is_cut = rows.len() > room;
        rows.truncate(room);
        self.deleted.rows += rows.len();
        self.deleted.has_more = is_cut || (next.is_some() && self.deleted.rows >= ROWS_MAX);
        if self.deleted.rows > 0 {
            self.state = State::Listed;
        }
        let layout = &self.layout;
        self.deleted.waiting.extend(rows.into_iter().map(|gone| Row::of_gone(gone, layout)));
        self.add_deleted();
        if next.is_some() && !self.deleted.has_more {
            self.ask_for_page(next, sender);
        }
    }

    /// As soon as all entries of the folder are rows.
    pub(super) fn add_deleted(&mut self) {
        if self.waiting.len() == 0 {
            self.list.extend_from_iter(self.deleted.waiting.drain(..));
        }
    }

    /// What has to be said of them.
    pub(super) fn deleted_note(&self) -> Option<String> {
        if self.deleted.failed {
            return Some(gettext("What was deleted here can’t be shown"));
        }
        let count = self.deleted.rows.to_string();
        let is_cut = self.deleted.has_more;
        is_cut.then(|| {
            gettext_f(
                "Of what was deleted here, the latest {count} are shown",
                &[("count", &count)],
            )
        })
    }
}

/// What is told of a deleted entry on hovering: `last` is the snapshot that it can be brought back from.
pub fn hint(last: Timestamp) -> String {
    let when = dates::heading_and_clock(last, Timestamp::now());
    gettext_f(
        "It was there last at this moment, from which it is restored: {when}",
        &[("when", &when)],
    )
}
