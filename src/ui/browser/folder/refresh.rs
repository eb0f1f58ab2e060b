//! The live files on screen have changed: rows of what stayed the same stay, with the selection, the keyboard and the place
//! that the list was scrolled to.

use std::collections::{HashMap, HashSet};

use relm4::gtk::gio;
use relm4::gtk::glib::BoxedAnyObject;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use super::layout::Shown;
use super::row::Row;
use super::{Folder, State};
use crate::engine::history::Entry;
use crate::ui::history_worker::{Gone, Listing};
use crate::ui::widgets::focus;

/// With more runs of changes than this all between the first and the last is exchanged: GTK looks at its rows again for each.
const RUNS_MAX: usize = 64;

/// One run of rows gives way to the entries in this range.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    first: usize,
    gone: usize,
    new: std::ops::Range<usize>,
}

impl Folder {
    /// Whether this is another look at what is on screen.
    pub(super) fn is_refresh(&self, listing: &Listing) -> bool {
        let is_live = |shown: Shown| shown.at.is_none() && shown.newest == self.now;
        self.state == State::Listed
            && self.waiting.len() == 0
            && self.filled.as_ref() == Some(&self.folder)
            && self.layout.shown().is_some_and(is_live)
            && self.entries > 0
            && !listing.entries.is_empty()
    }

    /// Shows what is another than before.
    pub(super) fn refresh(&mut self, listing: Listing, sender: &ComponentSender<Self>) {
        let Listing { entries, marks, waiting, deleted } = listing;
        let selected = self.selected_names();
        self.layout.set_marks(marks);
        self.rearrange(&entries);
        self.entries = entries.len();
        self.layout.say_marks();
        let has_other_deleted = names(&self.just_gone) != names(&deleted);
        self.know_now(waiting, deleted);
        if has_other_deleted {
            self.remove_deleted_rows();
            self.ask_for_deleted(sender);
        }
        if self.selected_names() == selected {
            self.selected = self.sum_up();
        } else {
            self.selection_changed(sender);
        }
    }

    /// The rows become those of `entries`; what is selected stays so, and the keyboard on its row.
    pub(super) fn rearrange(&self, entries: &[Entry]) {
        let selected = self.selected_names();
        let key = focus::key(self.views.current());
        let focused = key.and_then(|key| Some((self.row_of(&key)?, key)));
        self.again.silently(|| {
            self.exchange_runs(entries);
            self.select_names(&selected, entries);
        });
        self.give_back_focus(focused, entries);
    }

    fn exchange_runs(&self, entries: &[Entry]) {
        let Some(store) = self.list.selection_model.model().and_downcast::<gio::ListStore>() else {
            return;
        };
        let rows = store.iter::<BoxedAnyObject>().map_while(Result::ok).take(self.entries);
        // None may be borrowed any more when GTK asks for it.
        let before: Vec<Entry> = rows.map(|row| row.borrow::<Row>().entry.clone()).collect();
        // From the end, so that the places of those before stay true.
        for Run { first, gone, new } in runs(&before, entries).into_iter().rev() {
            let new = entries.get(new).unwrap_or_default().iter().cloned();
            let new = new.map(|entry| BoxedAnyObject::new(Row::new(entry, &self.layout)));
            if let (Ok(first), Ok(gone)) = (u32::try_from(first), u32::try_from(gone)) {
                store.splice(first, gone, &new.collect::<Vec<_>>());
            }
        }
    }

    fn select_names(&self, selected: &HashSet<Vec<u8>>, entries: &[Entry]) {
        for (row, _) in (0..).zip(entries).filter(|(_, entry)| selected.contains(&entry.name)) {
            self.list.selection_model.select_item(row, false);
        }
    }

    /// The row that had the keyboard may have been made anew, or have gone: then the one in its place gets it.
    fn give_back_focus(&self, focused: Option<(u32, String)>, entries: &[Entry]) {
        let Some((place, key)) = focused else { return };
        if focus::key(self.views.current()).as_ref() == Some(&key) {
            return;
        }
        let row = self.row_of(&key).unwrap_or(place);
        let row = row.min(u32::try_from(entries.len()).unwrap_or(u32::MAX).saturating_sub(1));
        if let Some(item) = self.list.get(row) {
            // Not borrowed any more when the row comes into view, and GTK asks for it.
            let key = item.borrow().key();
            focus::row(self.views.current(), row, key);
        }
    }
}

fn names(gone: &[Gone]) -> HashSet<&[u8]> {
    gone.iter().map(|gone| gone.entry.name.as_slice()).collect()
}

/// What has to be exchanged so that `before` becomes `after`. What is the same in both stays, unless it comes before
/// something that stays and came after it.
fn runs(before: &[Entry], after: &[Entry]) -> Vec<Run> {
    let places: HashMap<&[u8], usize> =
        before.iter().enumerate().map(|(place, entry)| (entry.name.as_slice(), place)).collect();
    let (mut runs, mut from, mut to) = (Vec::new(), 0, 0);
    let mut end = |from: &mut usize, to: &mut usize, place: usize, index: usize| {
        if place > *from || index > *to {
            runs.push(Run { first: *from, gone: place - *from, new: *to..index });
        }
        (*from, *to) = (place + 1, index + 1);
    };
    for (index, entry) in after.iter().enumerate() {
        if let Some(&place) = places.get(entry.name.as_slice())
            && place >= from
            && before.get(place) == Some(entry)
        {
            end(&mut from, &mut to, place, index);
        }
    }
    end(&mut from, &mut to, before.len(), after.len());
    match (runs.first(), runs.last()) {
        (Some(first), Some(last)) if runs.len() > RUNS_MAX => {
            let gone = last.first + last.gone - first.first;
            vec![Run { first: first.first, gone, new: first.new.start..last.new.end }]
        }
        _ => runs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(word: &str) -> Entry {
        // A capital is the same name with something else in it.
        let size_bytes = u64::from(word.chars().any(char::is_uppercase));
        Entry { size_bytes, ..Entry::plain(&word.to_lowercase()) }
    }

    fn runs_of(before: &str, after: &str) -> Vec<Run> {
        let entries = |text: &str| text.split_whitespace().map(entry).collect::<Vec<_>>();
        let (before, after) = (entries(before), entries(after));
        let runs = runs(&before, &after);
        let mut made = before;
        for Run { first, gone, new } in runs.iter().rev() {
            made.splice(*first..first + gone, after[new.clone()].to_vec());
        }
        assert_eq!(made, after);
        runs
    }

    #[test]
    fn only_what_is_another_is_exchanged() {
        let run = |first, gone, new| Run { first, gone, new };
        assert_eq!(runs_of("a b c d", "a b c d"), []);
        assert_eq!(
            runs_of("b d", "a b c d e"),
            [run(0, 0, 0..1), run(1, 0, 2..3), run(2, 0, 4..5)]
        );
        assert_eq!(runs_of("a b c d", "b d"), [run(0, 1, 0..0), run(2, 1, 1..1)]);
        assert_eq!(runs_of("a b c", "a B c"), [run(1, 1, 1..2)]);
        assert_eq!(runs_of("", "a"), [run(0, 0, 0..1)]);
        assert_eq!(runs_of("a", ""), [run(0, 1, 0..0)]);
    }

    #[test]
    fn another_order_and_very_many_changes_come_out_right() {
        runs_of("a b c d e", "e d c b a");
        runs_of("a b c d e", "b c d e a");
        let names = |step: usize| {
            (0..400).step_by(step).map(|number| format!("{number:03} ")).collect::<String>()
        };
        assert_eq!(runs_of(&names(1), &names(2)).len(), 1);
        assert_eq!(runs_of(&names(2), &names(1)).len(), 1);
        assert_eq!(runs_of(&names(1), &names(8)).len(), 50);
    }
}
