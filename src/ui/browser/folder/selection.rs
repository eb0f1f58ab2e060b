//! What is selected in the list. One entry stays selected from moment to moment, so that its states can be gone through;
//! several don't, as some of them might silently be missing at another moment.

use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;

use relm4::gtk;
use relm4::gtk::prelude::*;

use relm4::prelude::*;

use super::row::Row;
use super::{Folder, Output, State};
use crate::app::text;
use crate::engine::history::Entry;
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;
use crate::i18n::{gettext, ngettext_f};
use crate::ui::widgets::progress;

/// The selection summed up.
#[derive(Debug, Default)]
pub struct Selected {
    /// How many rows.
    pub rows: u64,
    bytes: u64,
    /// A folder is among them.
    pub has_folder: bool,
    /// The snapshot that they are brought back from, the shown one without a number; nothing if none is selected.
    from: Option<Option<u64>>,
    /// They are not all from one moment.
    is_mixed: bool,
}

impl Selected {
    /// Whether it can be restored, which is from one moment at a time.
    pub fn can_restore(&self) -> bool {
        self.rows > 0 && !self.is_mixed
    }

    /// The snapshot that it is brought back from, if that isn't the shown one.
    pub fn from(&self) -> Option<u64> {
        self.from.flatten()
    }

    fn add(&mut self, row: &Row) {
        let (entry, from) = (&row.entry, row.was.map(|was| was.from));
        self.is_mixed |= self.from.is_some_and(|other| other != from);
        self.from = Some(from);
        self.rows += 1;
        self.bytes += if entry.kind == Kind::File { entry.size_bytes } else { 0 };
        self.has_folder |= entry.kind == Kind::Directory;
    }
}

/// The one entry that is selected again at another moment.
#[derive(Debug, Default)]
pub struct Again {
    /// Its name; kept while moments are passed that don't have it.
    name: Option<Vec<u8>>,
    /// The row that it waits for.
    row: Option<u32>,
    /// The program changes the selection, not the person.
    is_silent: Rc<Cell<bool>>,
}

impl Again {
    /// Whether a change of the selection is the program's.
    pub fn is_silent(&self) -> Rc<Cell<bool>> {
        self.is_silent.clone()
    }

    /// Does something of which the selection's listener hears nothing.
    pub fn silently<T>(&self, work: impl FnOnce() -> T) -> T {
        self.is_silent.set(true);
        let done = work();
        self.is_silent.set(false);
        done
    }
}

impl Folder {
    /// The person selected something else.
    pub(super) fn selection_changed(&mut self, sender: &ComponentSender<Self>) {
        self.selected = self.sum_up();
        if self.state != State::Listed {
            return;
        }
        self.again.name = None;
        let has_one_file = self.selected.rows == 1 && !self.selected.has_folder;
        let file = self.selected_paths().into_iter().next().filter(|_| has_one_file);
        let _closed = sender.output(Output::Selected(file));
    }

    /// Before another folder or moment is shown.
    pub(super) fn leave_selection(&mut self, next: &RelPath) {
        if *next != self.folder {
            self.again.name = None;
        } else if self.selected.rows == 1 {
            let mut name = None;
            self.for_each_selected(|row| name = Some(row.entry.name.clone()));
            self.again.name = name;
        }
        self.again.row = None;
        self.again.silently(|| self.list.selection_model.unselect_all());
        self.selected = Selected::default();
    }

    /// Before the folder of `file` is shown, where the file is selected.
    pub(super) fn expect(&mut self, file: &RelPath) {
        self.leave_selection(&file.parent().unwrap_or_default());
        self.again.name = file.name().map(<[u8]>::to_vec);
        self.folder = file.parent().unwrap_or_default();
    }

    /// The entry called `name` is to be selected once it is listed, and gets the keyboard.
    pub(super) fn seek(&mut self, name: Vec<u8>) {
        self.seek_row(&name);
        self.again.name = Some(name);
    }

    /// Before `entries` become rows.
    pub(super) fn plan_selection(&mut self, entries: &[Entry]) {
        let row = self.again.name.as_ref().and_then(|name| {
            let row = entries.iter().position(|entry| entry.name == *name)?;
            u32::try_from(row).ok()
        });
        self.again.row = row;
    }

    /// The row that it waits for is another, since the rows become those of `entries`.
    pub(super) fn plan_selection_anew(&mut self, entries: &[Entry]) {
        if self.again.row.is_some() {
            self.plan_selection(entries);
        }
    }

    /// As soon as the row is among those that were added.
    pub(super) fn select_if_there(&mut self) {
        let rows = self.list.len();
        if let Some(row) = self.again.row.take_if(|row| *row < rows) {
            self.again.silently(|| self.list.selection_model.select_item(row, true));
            self.selected = self.sum_up();
        }
    }

    fn for_each_selected(&self, mut visit: impl FnMut(&Row)) {
        let selection = self.list.selection_model.selection();
        if let Some((rows, first)) = gtk::BitsetIter::init_first(&selection) {
            for row in std::iter::once(first).chain(rows) {
                if let Some(item) = self.list.get(row) {
                    visit(&item.borrow());
                }
            }
        }
    }

    pub(super) fn sum_up(&self) -> Selected {
        let mut sum = Selected::default();
        self.for_each_selected(|row| sum.add(row));
        sum
    }

    /// The names of all that is selected and not deleted.
    pub(super) fn selected_names(&self) -> HashSet<Vec<u8>> {
        let mut names = HashSet::new();
        self.for_each_selected(|row| {
            if row.was.is_none() {
                names.insert(row.entry.name.clone());
            }
        });
        names
    }

    /// While another folder is looked up, the rows still are the former one's: none of them is selected.
    pub(super) fn selected_paths(&self) -> Vec<RelPath> {
        let mut paths = Vec::new();
        if self.state != State::Listed {
            return paths;
        }
        self.for_each_selected(|row| paths.push(self.folder.join(&row.entry.name)));
        paths
    }

    /// The selection is to be brought back, if it can be.
    pub(super) fn ask_to_restore(&self, elsewhere: bool, sender: &ComponentSender<Self>) {
        let paths = self.selected_paths();
        if self.can_restore() {
            let _closed = sender.output(Output::Restore {
                at: self.selected.from(),
                paths,
                has_folder: self.selected.has_folder,
                elsewhere,
            });
        }
    }

    pub(super) fn selection_words(&self) -> String {
        let Selected { rows, bytes, has_folder, is_mixed, .. } = self.selected;
        let narrow = self.layout.is_narrow();
        if let Some(words) = self.now_words() {
            return words;
        }
        if rows == 0 {
            if narrow {
                return String::new();
            }
            return gettext("Select what you want back");
        }
        if is_mixed {
            return gettext("Deleted at different moments: restore them one after another");
        }
        let count = ngettext_f("{count} selected", "{count} selected", rows, &[]);
        // A folder's size is known when the restore is planned.
        if has_folder || narrow { count } else { progress::join(&count, &text::size(bytes)) }
    }
}
