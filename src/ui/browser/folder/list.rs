//! The list's widget, and what is told of the selection.

use std::cell::Cell;
use std::rc::Rc;

use relm4::gtk;
use relm4::gtk::gio;
use relm4::gtk::glib::BoxedAnyObject;
use relm4::gtk::prelude::*;
use relm4::prelude::*;
use relm4::typed_view::list::TypedListView;

use super::exchange::{self, Exchange, New};
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
    let mut before: Vec<_> = store.iter::<BoxedAnyObject>().map_while(Result::ok).collect();
    // What was deleted stands at the end, and comes again later.
    while before.pop_if(|row| row.borrow::<Row>().was.is_some()).is_some() {}
    splice(&store, before.len(), store.n_items() as usize - before.len(), &[]);
    let rows: Vec<_> = before.iter().map(BoxedAnyObject::borrow::<Row>).collect();
    let Exchange { first, gone, new } = exchange::exchange(&rows, entries);
    drop(rows);
    let new = new.into_iter().filter_map(|new| match new {
        New::Again(place) => before.get(place).cloned(),
        New::Entry(entry) => Some(BoxedAnyObject::new(Row::new(entry, layout))),
    });
    splice(&store, first, gone, &new.collect::<Vec<_>>());
}

fn splice(store: &gio::ListStore, first: usize, gone: usize, new: &[BoxedAnyObject]) {
    if let (Ok(first), Ok(gone)) = (u32::try_from(first), u32::try_from(gone))
        && (gone > 0 || !new.is_empty())
    {
        store.splice(first, gone, new);
    }
}

fn store(list: &TypedListView<Row, gtk::MultiSelection>) -> Option<gio::ListStore> {
    list.selection_model.model().and_downcast()
}
