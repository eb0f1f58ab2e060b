//! Where the keyboard is in a list or a grid. GTK 4.8 has no call that moves it to a row: the row's widget must be found, and may
//! not be there before the list was drawn. Each row's content therefore carries a key, as its widget name or in a property
//! called `key`: where rows are many, a widget name would cost each of them a search of its own through the whole style.

use std::cell::Cell;

use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::prelude::*;

/// Frames that a row is waited for.
const FRAMES_MAX: u32 = 20;

/// Brings the row at `position` into view and gives it the keyboard; `key` is its content's key.
pub fn row(view: &impl IsA<gtk::Widget>, position: u32, key: String) {
    let view = view.upcast_ref::<gtk::Widget>();
    scroll_to(view, position);
    let frames = Cell::new(0);
    view.add_tick_callback(move |view, _| {
        frames.set(frames.get() + 1);
        let found = rows(view).find(|row| key_of(row).is_some_and(|found| found == key));
        match found {
            Some(row) if !is_in_popover(view) && row.grab_focus() => glib::ControlFlow::Break,
            _ if frames.get() >= FRAMES_MAX => glib::ControlFlow::Break,
            _ => glib::ControlFlow::Continue,
        }
    });
}

/// Brings the row at `position` into view.
pub fn scroll_to(view: &gtk::Widget, position: u32) {
    // The action is all there is for it in GTK 4.8.
    let _no_such_action = view.activate_action("list.scroll-to-item", Some(&position.to_variant()));
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
pub fn key(view: &gtk::Widget) -> Option<String> {
    view.focus_child().filter(|_| has(view)).and_then(|row| key_of(&row)).map(Into::into)
}

/// The key of the row at a place in `view`.
pub fn key_at(view: &gtk::Widget, x: f64, y: f64) -> Option<String> {
    let picked = view.pick(x, y, gtk::PickFlags::DEFAULT)?;
    let mut up = std::iter::successors(Some(picked), gtk::Widget::parent);
    let row = up.find(|widget| widget.parent().is_some_and(|above| above == *view))?;
    key_of(&row).map(Into::into)
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

/// Whether the keyboard is in a popover that `widget` is not in: it must not be taken away there.
fn is_in_popover(widget: &impl IsA<gtk::Widget>) -> bool {
    focused(widget)
        .and_then(|focused| focused.ancestor(gtk::Popover::static_type()))
        .is_some_and(|popover| !widget.is_ancestor(&popover))
}

fn focused(widget: &impl IsA<gtk::Widget>) -> Option<gtk::Widget> {
    widget.root().and_then(|root| root.focus())
}

fn rows(view: &gtk::Widget) -> impl Iterator<Item = gtk::Widget> {
    std::iter::successors(view.first_child(), gtk::Widget::next_sibling)
}

fn key_of(row: &gtk::Widget) -> Option<glib::GString> {
    let content = row.first_child()?;
    let has_key = content.has_property_with_type("key", glib::GString::static_type());
    Some(if has_key { content.property("key") } else { content.widget_name() })
}
