//! The timeline: a tick for each moment, the newest at the foot, or at the end where it lies. It knows ticks and which of
//! them is chosen, but nothing of histories. What it is made of: `model` (moments and ways between them), `group` and
//! `layout` (where they lie), all plain data; `frame`, `draw` and `pointer` (what is seen and what a hand does).

use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::prelude::*;
use relm4::gtk::subclass::prelude::*;

pub use self::model::{Model, NOW, Step, Tick};
use super::named;
use crate::i18n::gettext;

mod draw;
mod frame;
mod group;
mod imp;
mod layout;
mod model;
mod pointer;
mod words;

glib::wrapper! {
    /// The widget. Its value, as assistive tools see it, is the chosen moment's place, counted from the oldest.
    pub struct Timeline(ObjectSubclass<imp::Timeline>)
        @extends gtk::Range, gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget, gtk::Orientable;
}

impl Timeline {
    /// A timeline without moments.
    pub fn new() -> Self {
        let timeline: Self = named::named(&gettext("Timeline"));
        timeline.set_orientation(gtk::Orientation::Vertical);
        timeline
    }

    /// Shows other moments, of which `chosen`, a snapshot's number, is shown; the newest if that isn't among them.
    pub fn set_moments(&self, model: Model, chosen: Option<u64>) {
        let newest = model.ticks().len().saturating_sub(1);
        let chosen = chosen.and_then(|seq| model.index_of(seq)).unwrap_or(newest);
        self.imp().fill(model, chosen);
    }

    /// Goes a step, and says so.
    pub fn go(&self, step: Step) {
        self.go_times(step, 1);
    }

    /// Goes up to so many steps, and says where to.
    fn go_times(&self, step: Step, times: usize) {
        let from = self.imp().chosen.get();
        let next = |at: &usize| self.imp().model.borrow().step(*at, step);
        let to = std::iter::successors(Some(from), next).take(times.saturating_add(1)).last();
        if let Some(to) = to {
            self.set_value(to as f64);
        }
    }

    /// Whether there is anything that way.
    pub fn can_go(&self, step: Step) -> bool {
        self.imp().model.borrow().step(self.imp().chosen.get(), step).is_some()
    }

    /// Calls `then` with the snapshot's number when another moment was chosen here, also by [`Timeline::go`].
    pub fn connect_chosen(&self, then: impl Fn(u64) + 'static) {
        self.connect_closure(
            "chosen",
            false,
            glib::closure_local!(move |_: Self, seq: u64| then(seq)),
        );
    }

    /// Calls `then` when the chosen moment's files are wanted.
    pub fn connect_entered(&self, then: impl Fn() + 'static) {
        self.connect_closure("entered", false, glib::closure_local!(move |_: Self| then()));
    }

    /// Chooses the moment nearest to a place along the timeline.
    fn choose_at(&self, along: f64) {
        let nearest = self.imp().layout.borrow().nearest(along);
        if let Some(index) = nearest {
            self.set_value(index as f64);
        }
    }
}

impl Default for Timeline {
    fn default() -> Self {
        Self::new()
    }
}
