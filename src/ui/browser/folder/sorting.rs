//! Entries of a snapshot that are sorted by what became of them: the list is there before that is known.

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use super::Folder;
use crate::engine::history::Entry;
use crate::ui::history_worker::Column;
use crate::ui::widgets::focus;

impl Folder {
    /// Before `entries` become rows, as names are sorted.
    pub(super) fn keep_order(&mut self, entries: &[Entry]) {
        let is_by_state = self.arrangement.order.column == Column::State;
        self.by_name = if is_by_state { entries.to_vec() } else { Vec::new() };
    }

    /// What became of them is known, or known anew.
    pub(super) fn sort_by_state(&mut self, sender: &ComponentSender<Self>) {
        if self.by_name.is_empty() || self.at.is_none() {
            return;
        }
        let mut entries = self.by_name.clone();
        self.layout.sort_by_state(self.arrangement.order, &mut entries);
        // They are among those.
        self.waiting = Vec::new().into_iter();
        self.plan_selection_anew(&entries);
        self.plan_focus_anew(&entries);
        let view = self.views.current().clone();
        let scrolled = view.dynamic_cast_ref::<gtk::Scrollable>().and_then(|it| it.vadjustment());
        let is_at_top = scrolled.is_none_or(|scrolled| scrolled.value() <= scrolled.lower());
        self.rearrange(&entries);
        self.after_rows(sender);
        // The list would keep the row in view that was the first one.
        if is_at_top && !focus::has(&view) {
            focus::scroll_to(&view, 0);
        }
    }
}
