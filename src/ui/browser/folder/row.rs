//! One entry of the open folder: what the list and the grid hold.

use jiff::Timestamp;
use relm4::gtk;
use relm4::typed_view::list::RelmListItem;

use super::layout::Layout;
use super::line::Line;
use crate::engine::history::Entry;
use crate::engine::meta::Kind;
use crate::engine::path;
use crate::ui::history_worker::Gone;

/// A row's model.
#[derive(Debug)]
pub struct Row {
    /// The entry that is shown.
    pub entry: Entry,
    /// It isn't in the folder at the shown moment, but was before.
    pub was: Option<Was>,
    pub(super) layout: Layout,
}

/// Of what was deleted before the shown moment.
#[derive(Debug, Clone, Copy)]
pub struct Was {
    /// The snapshot that it can be brought back from.
    pub from: u64,
    /// When that was made.
    pub last: Timestamp,
    /// When it was gone first; nothing if only that it is gone now is known.
    pub gone: Option<Timestamp>,
}

impl Row {
    /// A row for `entry`.
    pub fn new(entry: Entry, layout: &Layout) -> Self {
        Self { entry, was: None, layout: layout.clone() }
    }

    /// A row for what was deleted before.
    pub fn of_gone(gone: Gone, layout: &Layout) -> Self {
        let Gone { entry, from, last, gone } = gone;
        Self { entry, was: Some(Was { from, last, gone }), layout: layout.clone() }
    }

    /// Whether it would be the same row for `entry`. What nobody has hashed may have become another in silence.
    pub fn shows(&self, entry: &Entry) -> bool {
        let is_known = entry.kind != Kind::File || entry.hash.is_some();
        self.was.is_none() && is_known && self.entry == *entry
    }

    /// What tells it from the others of its list.
    pub fn key(&self) -> String {
        path::encode(&self.entry.name)
    }
}

impl RelmListItem for Row {
    type Root = Line;
    type Widgets = ();

    fn setup(_item: &gtk::ListItem) -> (Line, ()) {
        (Line::new(), ())
    }

    fn bind(&mut self, (): &mut (), line: &mut Line) {
        line.bind(self);
    }

    fn unbind(&mut self, (): &mut (), line: &mut Line) {
        line.unbind();
    }
}
