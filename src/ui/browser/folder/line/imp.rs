//! The line's inside: what it holds, and what GTK asks of a widget.

use std::cell::{Cell, RefCell};

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::gtk::subclass::prelude::*;
use relm4::gtk::{gdk, glib};

use super::gauge::Sizes;
use super::paint::Painter;
use super::shape::{Columns, ICON, Shape};
use super::words::Words;
use crate::engine::history::Entry;
use crate::ui::browser::folder::layout::{Follower, Layout};
use crate::ui::browser::folder::said::Said;

/// What the widget holds.
#[derive(Default, glib::Properties)]
#[properties(wrapper_type = super::Line)]
pub struct Line {
    /// Tells it from the others of its list.
    #[property(get)]
    pub(super) key: RefCell<String>,
    /// There are no columns.
    #[property(get, set = Self::set_narrow)]
    narrow: Cell<bool>,
    pub(super) entry: RefCell<Option<Entry>>,
    pub(super) words: RefCell<Words>,
    pub(super) said: RefCell<Said>,
    /// The name as assistive tools find it. It is shown nowhere.
    pub(super) name: gtk::Label,
    /// What assistive tools were told of it last.
    pub(super) described: RefCell<Option<String>>,
    /// What all lines of the list share.
    pub(super) layout: RefCell<Option<Layout>>,
    pub(super) follower: RefCell<Option<Follower>>,
}

#[glib::object_subclass]
impl ObjectSubclass for Line {
    const NAME: &'static str = "YoreLine";
    type Type = super::Line;
    type ParentType = gtk::Widget;

    fn class_init(class: &mut Self::Class) {
        class.set_accessible_role(gtk::AccessibleRole::Presentation);
    }
}

#[glib::derived_properties]
impl ObjectImpl for Line {}

impl WidgetImpl for Line {
    fn measure(&self, orientation: gtk::Orientation, _for_size: i32) -> (i32, i32, i32, i32) {
        let sizes = self.sizes();
        let size = match orientation {
            gtk::Orientation::Horizontal => {
                Shape::least(sizes.name_least, self.columns(&sizes).as_ref())
            }
            _ if self.narrow.get() => ICON.max(sizes.line + sizes.caption),
            _ => ICON.max(sizes.line),
        };
        (size, size, -1, -1)
    }

    fn snapshot(&self, snapshot: &gtk::Snapshot) {
        if let Some(entry) = &*self.entry.borrow() {
            let (words, said) = (self.words.borrow(), self.said.borrow());
            Painter::new(&self.obj(), snapshot, self.shape()).paint(entry, &words, &said);
        }
    }

    fn query_tooltip(&self, x: i32, y: i32, _is_key: bool, tooltip: &gtk::Tooltip) -> bool {
        let (words, said, shape) = (self.words.borrow(), self.said.borrow(), self.shape());
        let badge = shape.badge_box();
        let badge = gdk::Rectangle::new(badge.left, 0, badge.width, self.obj().height());
        let name = self.name_place(&shape);
        let (text, place) = match said.hint() {
            Some(hint) if badge.contains_point(x, y) => (hint, badge),
            _ if name.contains_point(x, y) => (words.name.as_str(), name),
            _ => return false,
        };
        tooltip.set_text(Some(text));
        tooltip.set_tip_area(&place);
        true
    }
}

impl Line {
    fn set_narrow(&self, narrow: bool) {
        if self.narrow.replace(narrow) != narrow {
            self.obj().queue_resize();
            self.obj().queue_draw();
        }
    }

    fn sizes(&self) -> Sizes {
        let layout = self.layout.borrow();
        layout.as_ref().map(|layout| layout.gauge.sizes(&*self.obj())).unwrap_or_default()
    }

    fn columns(&self, sizes: &Sizes) -> Option<Columns> {
        (!self.narrow.get()).then_some(sizes.columns)
    }

    /// Where the name's letters are.
    fn name_place(&self, shape: &Shape) -> gdk::Rectangle {
        let Sizes { line, caption, .. } = self.sizes();
        let below = if self.narrow.get() { caption } else { 0 };
        let top = (self.obj().height() - line - below) / 2;
        gdk::Rectangle::new(shape.name.left, top, shape.name.width, line)
    }

    /// Where everything is at the present size.
    fn shape(&self) -> Shape {
        let line = self.obj();
        let sizes = self.sizes();
        let shape = Shape::of(line.width(), self.columns(&sizes).as_ref());
        match line.direction() {
            gtk::TextDirection::Rtl => shape.mirrored(line.width()),
            _ => shape,
        }
    }
}
