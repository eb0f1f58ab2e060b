//! A list of what was there once, of any length: it comes in pages, and tells when another one is wanted.

use std::cell::Cell;

use relm4::binding::{Binding, BoolBinding};
use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::prelude::*;
use relm4::typed_view::list::TypedListView;

use self::row::Row;
pub use self::row::{Content, Item};
use super::{focus, named};

mod row;
pub mod said;

/// How many heights of the list may be left below what is seen before more is wanted.
const PAGES_AHEAD: f64 = 2.0;

/// What happened in the list.
#[derive(Debug)]
pub enum Event {
    /// A row was opened by Return or a double click.
    Opened(u32),
    /// Another selection.
    Selected,
    /// The end comes into sight.
    NearEnd,
}

/// The list.
pub struct PastList {
    /// The widget.
    pub root: gtk::ScrolledWindow,
    rows: TypedListView<Row, gtk::MultiSelection>,
    is_narrow: BoolBinding,
}

impl PastList {
    /// An empty list that assistive tools call `name` (translated already); `tell` is told what happens.
    pub fn new(name: &str, tell: impl Fn(Event) + Clone + 'static) -> Self {
        let mut rows = TypedListView::<Row, gtk::MultiSelection>::new();
        let view = named::list_view(name);
        view.set_factory(rows.view.factory().as_ref());
        view.set_model(Some(&rows.selection_model));
        view.add_css_class("entries");
        let opened = tell.clone();
        view.connect_activate(move |_, row| opened(Event::Opened(row)));
        let selected = tell.clone();
        rows.selection_model.connect_selection_changed(move |_, _, _| selected(Event::Selected));
        let root = gtk::ScrolledWindow::builder()
            .vexpand(true)
            .hscrollbar_policy(gtk::PolicyType::External)
            .child(&view)
            .build();
        rows.view = view;
        for signal in ["value-changed", "changed"] {
            let tell = tell.clone();
            root.vadjustment().connect_local(signal, false, move |values| {
                let room = values.first()?.get::<gtk::Adjustment>().ok()?;
                if is_near_end(&room) {
                    tell(Event::NearEnd);
                }
                None
            });
        }
        let is_narrow = BoolBinding::default();
        follow_room(&root, &is_narrow);
        Self { root, rows, is_narrow }
    }

    /// Adds rows at the end.
    pub fn add(&mut self, contents: impl IntoIterator<Item = Content>) {
        let is_narrow = &self.is_narrow;
        let rows = contents.into_iter().map(|content| Row::new(content, is_narrow));
        self.rows.extend_from_iter(rows);
    }

    /// Removes all rows.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.root.vadjustment().set_value(0.0);
    }

    /// What the row stands for; `None` for a heading.
    pub fn item(&self, row: u32) -> Option<Item> {
        match &self.rows.get(row)?.borrow().content {
            Content::Item(item) => Some(item.clone()),
            Content::Heading(_) => None,
        }
    }

    /// What is selected, in the list's order.
    pub fn selected(&self) -> Vec<Item> {
        let selection = self.rows.selection_model.selection();
        let Some((rows, first)) = gtk::BitsetIter::init_first(&selection) else {
            return Vec::new();
        };
        std::iter::once(first).chain(rows).filter_map(|row| self.item(row)).collect()
    }

    /// The first thing in the list, and its row.
    pub fn first(&self) -> Option<(u32, Item)> {
        (0..self.rows.len()).find_map(|row| self.item(row).map(|item| (row, item)))
    }

    /// The keyboard comes to the list.
    pub fn take_focus(&self) {
        if let Some((row, item)) = self.first().filter(|_| !focus::has(&self.rows.view)) {
            focus::row(&self.rows.view, row, item.path.encode());
        }
    }

    /// Looks again whether the end is in sight, once the rows have their places.
    pub fn look_for_end(&self, tell: impl Fn(Event) + 'static) {
        let room = self.root.vadjustment();
        glib::idle_add_local_once(move || {
            if is_near_end(&room) {
                tell(Event::NearEnd);
            }
        });
    }
}

/// There are columns for as long as there is room for them.
fn follow_room(scroller: &gtk::ScrolledWindow, is_narrow: &BoolBinding) {
    let (is_narrow, missed) = (is_narrow.clone(), Cell::new(None));
    scroller.hadjustment().connect_changed(move |room| {
        let (width, wanted) = (room.page_size(), room.upper());
        missed.set(match missed.get() {
            None if wanted > width => Some(wanted),
            Some(missed) if missed <= width => None,
            missed => missed,
        });
        let (is_narrow, lacks) = (is_narrow.clone(), missed.get().is_some());
        if width > 0.0 && is_narrow.get() != lacks {
            // Not while sizes are handed out.
            glib::idle_add_local_once(move || is_narrow.set(lacks));
        }
    });
}

fn is_near_end(room: &gtk::Adjustment) -> bool {
    room.page_size() > 0.0 && room.value() + room.page_size() * (1.0 + PAGES_AHEAD) >= room.upper()
}
