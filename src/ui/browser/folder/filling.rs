//! Other entries come into the list: those of another folder, or of the same one at another moment.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use relm4::gtk::glib;
use relm4::prelude::*;

use super::layout::{Layout, Shown};
use super::row::Row;
use super::selection::Selected;
use super::{Folder, Input, State, list};
use crate::engine::history::Entry;
use crate::ui::history_worker::Mark;
use crate::ui::widgets::focus;

/// Rows that are added at once: some more than GTK makes widgets for. The rest waits for idle moments, so that no folder
/// stalls the window.
const CHUNK_ROWS: usize = 500;

/// How long an idle moment may be.
const IDLE_BUDGET: Duration = Duration::from_millis(8);

impl Folder {
    /// Shows `entries` in the place of what is there.
    pub(super) fn fill(
        &mut self,
        entries: Vec<Entry>,
        marks: HashMap<Vec<u8>, Mark>,
        sender: &ComponentSender<Self>,
    ) {
        self.forget_differences();
        self.drop_deleted();
        self.layout.set_marks(marks);
        self.selected = Selected::default();
        self.plan_selection(&entries);
        self.entries = entries.len();
        self.state =
            if entries.is_empty() { State::Words(self.empty_words()) } else { State::Listed };
        let (folder, at, newest) = (self.folder.clone(), self.at, self.now);
        self.layout.set_shown(Some(Shown { folder, at, newest }));
        self.plan_focus(&entries);
        if self.filled.as_ref() == Some(&self.folder) && !self.list.is_empty() {
            self.waiting = Vec::new().into_iter();
            list::exchange(&self.list, entries, &self.layout);
            self.layout.say_marks();
        } else {
            self.filled = Some(self.folder.clone());
            self.waiting = entries.into_iter();
            list::replace(&self.list, next_rows(&mut self.waiting, &self.layout));
            focus::scroll_to(self.views.current(), 0);
        }
        self.after_rows(sender);
    }

    /// Shows the next of many entries.
    pub(super) fn add_chunk(&mut self, sender: &ComponentSender<Self>) {
        let began = Instant::now();
        while self.waiting.len() > 0 && began.elapsed() < IDLE_BUDGET {
            self.list.extend_from_iter(next_rows(&mut self.waiting, &self.layout));
        }
        self.after_rows(sender);
    }

    /// What waited for rows that are there now.
    pub(super) fn after_rows(&mut self, sender: &ComponentSender<Self>) {
        self.add_deleted();
        self.select_if_there();
        self.focus_if_there();
        if self.waiting.len() > 0 {
            let input = sender.input_sender().clone();
            glib::idle_add_local_once(move || {
                let _closed = input.send(Input::MoreRows);
            });
        }
    }
}

/// The rows of the next chunk.
fn next_rows(
    waiting: &mut std::vec::IntoIter<Entry>,
    layout: &Layout,
) -> impl Iterator<Item = Row> {
    waiting.take(CHUNK_ROWS).map(|entry| Row::new(entry, layout))
}
