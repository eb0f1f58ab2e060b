//! A box whose card lies on earlier ones: their upper edges recede behind it, and slide when time moves.

use std::cmp::Ordering;

use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::prelude::*;
use relm4::gtk::subclass::prelude::*;

mod imp;
mod shape;

glib::wrapper! {
    /// The box. The card is the first widget in it with the style class "moment".
    pub struct Deck(ObjectSubclass<imp::Deck>)
        @extends gtk::Box, gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget, gtk::Orientable;
}

impl Deck {
    /// A deck without earlier cards.
    pub fn new() -> Self {
        let deck: Self = glib::Object::new();
        deck.add_css_class("deck");
        deck
    }

    /// There are so many earlier cards; the edges slide if the shown one is earlier or later than the one before.
    pub fn show_earlier(&self, cards: u64, moved: Ordering) {
        let imp = self.imp();
        let is_other = imp.cards.replace(cards) != cards;
        match moved {
            Ordering::Equal if is_other => self.queue_draw(),
            Ordering::Equal => {}
            // The first edge rises and becomes the card, or the card sinks and becomes the first edge.
            Ordering::Less => imp.slide(1.0),
            Ordering::Greater => imp.slide(-1.0),
        }
    }

    /// Where there is little room, no edges are shown and none is kept for them.
    pub fn set_level(&self, is_level: bool) {
        self.imp().is_level.set(is_level);
        if is_level {
            self.add_css_class("level");
        } else {
            self.remove_css_class("level");
        }
    }
}

impl Default for Deck {
    fn default() -> Self {
        Self::new()
    }
}
