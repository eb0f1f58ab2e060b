//! What all entries of a folder that are on screen share, in whatever shape they are shown.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use relm4::binding::{Binding, BoolBinding, U64Binding};
use relm4::gtk::glib;
use relm4::gtk::prelude::*;

use super::line::Gauge;
use crate::engine::history::{Difference, Entry};
use crate::engine::path::RelPath;
use crate::ui::history_worker::{Mark, Order};

/// A folder at a moment.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Which folder.
    pub folder: RelPath,
    /// The number of the snapshot that it is shown in; none of live files.
    pub at: Option<u64>,
    /// The newest snapshot, if they are live files.
    pub newest: Option<u64>,
}

/// What is shared.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    /// The window is narrow: no columns.
    pub narrow: BoolBinding,
    /// How large letters are in the list's lines.
    pub gauge: Gauge,
    /// What became of the entries since, by name.
    marks: Rc<RefCell<HashMap<Vec<u8>, Mark>>>,
    /// Counts how often that was another: what is on screen follows it.
    marked: U64Binding,
    /// What the entries are of; nothing while others are looked up.
    shown: Rc<RefCell<Option<Shown>>>,
}

/// Something that follows what became of the entries, for as long as this is held.
#[derive(Debug)]
pub struct Follower {
    marked: U64Binding,
    handler: Option<glib::SignalHandlerId>,
}

impl Layout {
    /// Whether the window is narrow.
    pub fn is_narrow(&self) -> bool {
        self.narrow.get()
    }

    /// Gives badges to entries that come on screen from now on.
    pub fn set_marks(&self, marks: HashMap<Vec<u8>, Mark>) {
        self.marks.replace(marks);
    }

    /// Gives those on screen theirs.
    pub fn say_marks(&self) {
        self.marked.set(self.marked.get().wrapping_add(1));
    }

    /// Sorts `entries` by what became of them, if `order` wants that.
    pub fn sort_by_state(&self, order: Order, entries: &mut [Entry]) {
        order.sort_by_state(entries, &self.marks.borrow());
    }

    /// What became of the entry of this name.
    pub fn mark_of(&self, name: &[u8]) -> Option<Mark> {
        self.marks.borrow().get(name).cloned()
    }

    /// Calls `changed` whenever the marks are others.
    pub fn follow(&self, changed: impl Fn() + 'static) -> Follower {
        let marked = self.marked.clone();
        let handler = marked.connect_value_notify(move |_| changed());
        Follower { marked, handler: Some(handler) }
    }

    /// What the entries are of; `None` while others are looked up.
    pub fn shown(&self) -> Option<Shown> {
        self.shown.borrow().clone()
    }

    /// The entries are of that now.
    pub fn set_shown(&self, shown: Option<Shown>) {
        self.shown.replace(shown);
    }

    /// Whether the newest snapshot has the entry of this name as it is, as far as that is known.
    pub fn is_backed_up(&self, name: &[u8]) -> bool {
        let mark = self.mark_of(name);
        !matches!(mark, Some(Mark::Waiting(_) | Mark::LeftOut(_) | Mark::Unreadable))
    }

    /// Whether the newest snapshot doesn't have the entry of this name at all, which is there now.
    pub fn is_new(&self, name: &[u8]) -> bool {
        matches!(self.mark_of(name), Some(Mark::Waiting(Difference::Added)))
    }

    /// Whether the next backup leaves out the entry of this name.
    pub fn is_left_out(&self, name: &[u8]) -> bool {
        matches!(self.mark_of(name), Some(Mark::LeftOut(_)))
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        if let Some(handler) = self.handler.take() {
            self.marked.disconnect(handler);
        }
    }
}
