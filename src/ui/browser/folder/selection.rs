//! What is selected in the list.

use relm4::binding::Binding;
use relm4::gtk;
use relm4::gtk::prelude::*;

use super::{Folder, State};
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
}

impl Folder {
    fn for_each_selected(&self, mut visit: impl FnMut(&Entry)) {
        let selection = self.list.selection_model.selection();
        if let Some((rows, first)) = gtk::BitsetIter::init_first(&selection) {
            for row in std::iter::once(first).chain(rows) {
                if let Some(item) = self.list.get(row) {
                    visit(&item.borrow().entry);
                }
            }
        }
    }

    pub(super) fn sum_up(&self) -> Selected {
        let mut sum = Selected::default();
        self.for_each_selected(|entry| {
            sum.rows += 1;
            sum.bytes += if entry.kind == Kind::File { entry.size_bytes } else { 0 };
            sum.has_folder |= entry.kind == Kind::Directory;
        });
        sum
    }

    /// While another folder is looked up, the rows still are the former one's: none of them is selected.
    pub(super) fn selected_paths(&self) -> Vec<RelPath> {
        let mut paths = Vec::new();
        if self.state != State::Listed {
            return paths;
        }
        self.for_each_selected(|entry| paths.push(self.folder.join(&entry.name)));
        paths
    }

    pub(super) fn selection_words(&self) -> String {
        let Selected { rows, bytes, has_folder } = self.selected;
        let narrow = self.layout.narrow.get();
        if rows == 0 {
            if narrow {
                return String::new();
            }
            return gettext("Select what you want back");
        }
        let count = ngettext_f("{count} selected", "{count} selected", rows, &[]);
        // A folder's size is known when the restore is planned.
        if has_folder || narrow { count } else { progress::join(&count, &text::size(bytes)) }
    }
}
