//! The selected entry looked at: the space bar in the list, and the way on to the entries beside it.

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::gtk::{gdk, glib};
use relm4::prelude::*;

use super::{Folder, Input, Output, State};
use crate::engine::meta::Kind;
use crate::engine::path::{self, RelPath};
use crate::ui::widgets::focus;

/// The space bar, before the list takes it for its selection, Ctrl+C, and the keys of the menu.
pub fn keys(input: &relm4::Sender<Input>) -> gtk::EventControllerKey {
    let keys = gtk::EventControllerKey::new();
    keys.set_propagation_phase(gtk::PropagationPhase::Capture);
    let input = input.clone();
    keys.connect_key_pressed(move |_, key, _, held| {
        let with = gdk::ModifierType::CONTROL_MASK | gdk::ModifierType::SHIFT_MASK;
        let asked = match key {
            gdk::Key::space if !held.intersects(with) => Input::Peek,
            gdk::Key::c if held.intersection(with) == gdk::ModifierType::CONTROL_MASK => {
                Input::CopyOut
            }
            gdk::Key::Menu => Input::Menu(None),
            gdk::Key::F10 if held.intersection(with) == gdk::ModifierType::SHIFT_MASK => {
                Input::Menu(None)
            }
            _ => return glib::Propagation::Proceed,
        };
        let _closed = input.send(asked);
        glib::Propagation::Stop
    });
    keys
}

impl Folder {
    /// The selected entry, or that with the keyboard, is to be looked at.
    pub(super) fn peek(&mut self, by_bar: bool, sender: &ComponentSender<Self>) {
        if self.state != State::Listed {
            return;
        }
        let Some(row) = self.selected_row().or_else(|| self.focused_row()) else { return };
        let selection = &self.list.selection_model;
        if !selection.is_selected(row) {
            selection.select_item(row, true);
        }
        if let Some(item) = self.list.get(row) {
            let (entry, was) = (Box::new(item.borrow().entry.clone()), item.borrow().was);
            let path = self.folder.join(&entry.name);
            let at = was.map(|was| was.from);
            let _closed = sender.output(Output::Peek { path, entry, at, by_bar });
        }
    }

    /// The same of the entry `by` rows further.
    pub(super) fn peek_further(&mut self, by: i32, sender: &ComponentSender<Self>) {
        let next = self.selected_row().and_then(|row| row.checked_add_signed(by));
        if let Some(next) = next.filter(|next| *next < self.list.len()) {
            self.list.selection_model.select_item(next, true);
            self.peek(false, sender);
        }
    }

    /// A row was opened: the folder in it, or the file.
    pub(super) fn open_row(&self, row: u32, sender: &ComponentSender<Self>) {
        if let Some(folder) = self.folder_at(row) {
            let _closed = sender.output(Output::Open(folder));
        } else if let Some(file) = self.file_at(row) {
            let _closed = sender.output(Output::OpenFile(file));
        }
    }

    /// While another folder is looked up, the rows still are the former one's.
    pub(super) fn folder_at(&self, row: u32) -> Option<RelPath> {
        if self.state != State::Listed {
            return None;
        }
        let item = self.list.get(row)?;
        let item = item.borrow();
        let opens = item.entry.kind == Kind::Directory && !item.entry.absent && item.was.is_none();
        opens.then(|| self.folder.join(&item.entry.name))
    }

    /// The file in this row; `None` of what has no content.
    pub(super) fn file_at(&self, row: u32) -> Option<RelPath> {
        let item = self.list.get(row).filter(|_| self.state == State::Listed)?;
        let item = item.borrow();
        let has_content = item.entry.kind == Kind::File && !item.entry.absent && item.was.is_none();
        has_content.then(|| self.folder.join(&item.entry.name))
    }

    /// The files among what is selected.
    pub(super) fn selected_files(&self) -> Vec<RelPath> {
        let selection = self.list.selection_model.selection();
        let Some((rows, first)) = gtk::BitsetIter::init_first(&selection) else {
            return Vec::new();
        };
        std::iter::once(first).chain(rows).filter_map(|row| self.file_at(row)).collect()
    }

    pub(super) fn selected_row(&self) -> Option<u32> {
        let selection = self.list.selection_model.selection();
        (!selection.is_empty()).then(|| selection.minimum())
    }

    pub(super) fn focused_row(&self) -> Option<u32> {
        self.row_of(&focus::key(self.views.current())?)
    }

    /// The row of this key.
    pub(super) fn row_of(&self, key: &str) -> Option<u32> {
        let is_it = |row: &u32| {
            let item = self.list.get(*row);
            item.is_some_and(|item| path::encode(&item.borrow().entry.name) == key)
        };
        (0..self.list.len()).find(is_it)
    }
}
