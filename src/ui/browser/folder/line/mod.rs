//! One entry of the open folder as a line: icon, name, badge, size, time. Narrow windows show a second line instead of
//! columns. It is a single widget that draws itself: a list has some two hundred rows however few are in sight, and every
//! widget in a row is one more to be styled, measured, drawn and told to assistive tools. What it is made of: `shape` (where
//! everything is) and `words`, both plain data; `gauge` (how large letters are); `paint` (what is seen).

use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::prelude::*;
use relm4::gtk::subclass::prelude::*;

pub use self::gauge::Gauge;
pub use self::shape::{
    BADGE_CHARS, BADGE_GAP, BADGE_MARGIN, GAP, SIZE_CHARS, TIME_CHARS, TIME_MARGIN,
};
use self::words::Words;
use super::row::Row;
use super::said::Said;
use crate::ui::widgets::named;

mod gauge;
mod imp;
mod paint;
mod shape;
mod words;

glib::wrapper! {
    /// The widget. Its property `key` tells whose row it is.
    pub struct Line(ObjectSubclass<imp::Line>)
        @extends gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl Line {
    /// A line without an entry.
    pub fn new() -> Self {
        glib::Object::builder()
            .property("css-classes", ["entry-line"].to_value())
            .property("has-tooltip", true)
            .build()
    }

    /// Shows `row`, until it is unbound.
    pub fn bind(&self, row: &Row) {
        let imp = self.imp();
        // All rows of a list have one layout.
        if imp.layout.replace(Some(row.layout.clone())).is_none() {
            let narrow = &row.layout.narrow;
            narrow.bind_property("value", self, "narrow").sync_create().build();
        }
        // GTK binds all rows anew that come to another place.
        if imp.entry.borrow().as_ref() != Some(&row.entry) {
            self.set_entry(row);
        }
        let line = self.downgrade();
        imp.follower.replace(Some(row.follow(move |said| {
            if let Some(line) = line.upgrade() {
                line.say(said);
            }
        })));
    }

    /// Nothing is followed any more.
    pub fn unbind(&self) {
        self.imp().follower.replace(None);
    }

    fn set_entry(&self, row: &Row) {
        let imp = self.imp();
        imp.entry.replace(Some(row.entry.clone()));
        imp.key.replace(row.key());
        imp.words.replace(Words::of(&row.entry));
        // The row around the line is what assistive tools see; it has no name of its own.
        imp.name.set_label(&imp.words.borrow().name);
        imp.name.set_mnemonic_widget(self.parent().as_ref());
        self.queue_draw();
    }

    fn say(&self, said: Said) {
        let imp = self.imp();
        let description = imp.words.borrow().description(said.badge.as_ref());
        if imp.said.replace(said.clone()) != said {
            self.queue_draw();
        }
        // Each change goes over the bus of assistive tools.
        if imp.described.borrow().as_ref() != Some(&description)
            && let Some(around) = self.parent()
        {
            named::describe(&around, &description);
            imp.described.replace(Some(description));
        }
    }
}

impl Default for Line {
    fn default() -> Self {
        Self::new()
    }
}
