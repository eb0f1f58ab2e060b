//! The list's widget, and what is told of the selection.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use relm4::gtk;
use relm4::gtk::gio;
use relm4::gtk::glib::BoxedAnyObject;
use relm4::gtk::prelude::*;
use relm4::prelude::*;
use relm4::typed_view::list::TypedListView;

use super::layout::Layout;
use super::row::Row;
use super::{Folder, Input};
use crate::engine::history::Entry;
use crate::i18n::gettext;
use crate::ui::widgets::named;

/// A list without rows. Nothing is told of its selection while that `is_silent`.
pub fn entry_list(
    sender: &ComponentSender<Folder>,
    is_silent: Rc<Cell<bool>>,
) -> TypedListView<Row, gtk::MultiSelection> {
    let mut list = TypedListView::<Row, gtk::MultiSelection>::new();
    let view = named::list_view(&gettext("Files"));
    view.set_factory(list.view.factory().as_ref());
    view.set_model(Some(&list.selection_model));
    let input = sender.input_sender().clone();
    view.connect_activate(move |_, row| {
        let _closed = input.send(Input::Opened(row));
    });
    let input = sender.input_sender().clone();
    list.selection_model.connect_selection_changed(move |_, _, _| {
        if !is_silent.get() {
            let _closed = input.send(Input::SelectionChanged);
        }
    });
    list.view = view;
    list
}

/// Puts these rows in the place of all there are.
pub fn replace(
    list: &TypedListView<Row, gtk::MultiSelection>,
    rows: impl IntoIterator<Item = Row>,
) {
    let rows: Vec<_> = rows.into_iter().map(BoxedAnyObject::new).collect();
    if let Some(store) = store(list) {
        store.splice(0, store.n_items(), &rows);
    }
}

/// As [`replace`], where most entries may be those of before: their rows stay, and GTK makes no widgets for them anew.
pub fn exchange(
    list: &TypedListView<Row, gtk::MultiSelection>,
    entries: Vec<Entry>,
    layout: &Layout,
) {
    let Some(store) = store(list) else { return };
    let before: Vec<_> = store.iter::<BoxedAnyObject>().map_while(Result::ok).collect();
    let mut known: HashMap<Vec<u8>, &BoxedAnyObject> =
        before.iter().map(|row| (row.borrow::<Row>().entry.name.clone(), row)).collect();
    let stays = |row: &BoxedAnyObject, entry: &Entry| row.borrow::<Row>().shows(entry);
    let after: Vec<_> = entries
        .into_iter()
        .map(|entry| match known.remove(&entry.name).filter(|row| stays(row, &entry)) {
            Some(row) => row.clone(),
            None => BoxedAnyObject::new(Row::new(entry, layout)),
        })
        .collect();
    let first = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
    let rest = before.len().min(after.len()) - first;
    let ends = before.iter().rev().zip(after.iter().rev()).take(rest);
    let last = ends.take_while(|(one, other)| one == other).count();
    let gone = before.len() - first - last;
    let new = after.get(first..after.len() - last).unwrap_or_default();
    if let (Ok(first), Ok(gone)) = (u32::try_from(first), u32::try_from(gone)) {
        store.splice(first, gone, new);
    }
}

fn store(list: &TypedListView<Row, gtk::MultiSelection>) -> Option<gio::ListStore> {
    list.selection_model.model().and_downcast()
}
