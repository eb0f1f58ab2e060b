//! Where the keyboard is in a list. GTK 4.8 has no call that moves it to a row: the row's widget must be found, and may
//! not be there before the list was drawn. Each row's content therefore carries a key as its widget name.

use std::cell::Cell;

use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::prelude::*;

/// Frames that a row is waited for.
const FRAMES_MAX: u32 = 20;

/// Brings the row at `position` into view and gives it the keyboard; `key` is its content's widget name.
pub fn row(view: &gtk::ListView, position: u32, key: String) {
    if position > 0 {
        // The action is all there is for it in GTK 4.8.
        let _no_such_action =
            view.activate_action("list.scroll-to-item", Some(&position.to_variant()));
    }
    let frames = Cell::new(0);
    view.add_tick_callback(move |view, _| {
        frames.set(frames.get() + 1);
        let found = rows(view).find(|row| key_of(row).is_some_and(|found| found == key));
        match found {
            Some(row) if row.grab_focus() => glib::ControlFlow::Break,
            _ if frames.get() >= FRAMES_MAX => glib::ControlFlow::Break,
            _ => glib::ControlFlow::Continue,
        }
    });
}

/// Makes a list's few rows again with `fill` and gives the keyboard back to the row of the same key, or of the same
/// place; each row's own widget name is its key.
pub fn keep(list: &gtk::ListBox, fill: impl FnOnce()) {
    let had = list.focus_child().filter(|_| has(list)).and_downcast::<gtk::ListBoxRow>();
    let (key, index) = had.map(|row| (row.widget_name(), row.index())).unzip();
    fill();
    let (Some(key), Some(index)) = (key, index) else { return };
    let same = std::iter::successors(list.first_child(), gtk::Widget::next_sibling)
        .find(|row| row.widget_name() == key);
    let next = (0..=index).rev().find_map(|index| list.row_at_index(index));
    if let Some(row) = same.or(next.and_upcast()) {
        // A row of many controls passes it on to the first of them.
        let _has_focus = row.grab_focus() || row.child_focus(gtk::DirectionType::TabForward);
    }
}

/// The key of the row that has the keyboard.
pub fn key(view: &gtk::ListView) -> Option<String> {
    view.focus_child().filter(|_| has(view)).and_then(|row| key_of(&row)).map(Into::into)
}

/// Whether the keyboard is in `widget`.
pub fn has(widget: &impl IsA<gtk::Widget>) -> bool {
    focused(widget)
        .is_some_and(|focused| focused == *widget.upcast_ref() || focused.is_ancestor(widget))
}

/// Whether `widget` may take the keyboard: it is there already, or nowhere.
pub fn is_free(widget: &impl IsA<gtk::Widget>) -> bool {
    focused(widget).is_none() || has(widget)
}

fn focused(widget: &impl IsA<gtk::Widget>) -> Option<gtk::Widget> {
    widget.root().and_then(|root| root.focus())
}

fn rows(view: &gtk::ListView) -> impl Iterator<Item = gtk::Widget> {
    std::iter::successors(view.first_child(), gtk::Widget::next_sibling)
}

fn key_of(row: &gtk::Widget) -> Option<glib::GString> {
    row.first_child().map(|content| content.widget_name())
}
