//! The deck's inside. It draws below its children and is asked to only while the edges slide.

use std::cell::{Cell, OnceCell};

use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::subclass::prelude::*;
use relm4::gtk::{gdk, graphene, gsk};

use super::shape::{Edge, edges};

/// How long a slide takes, in milliseconds.
const SLIDE_MS: u32 = 220;

/// The corners of a card, in pixels.
const RADIUS: f32 = 12.0;

/// How far down a card is looked for.
const LEVELS: usize = 6;

/// What the box holds.
#[derive(Default)]
pub struct Deck {
    /// Earlier cards.
    pub(super) cards: Cell<u64>,
    pub(super) is_level: Cell<bool>,
    /// How far the edges are from where they rest, in edges.
    shift: Cell<f32>,
    animation: OnceCell<adw::TimedAnimation>,
}

#[glib::object_subclass]
impl ObjectSubclass for Deck {
    const NAME: &'static str = "YoreDeck";
    type Type = super::Deck;
    type ParentType = gtk::Box;
}

impl ObjectImpl for Deck {}

impl WidgetImpl for Deck {
    fn snapshot(&self, snapshot: &gtk::Snapshot) {
        if !self.is_level.get() {
            self.draw(snapshot);
        }
        self.parent_snapshot(snapshot);
    }
}

impl BoxImpl for Deck {}

impl Deck {
    /// Lets the edges come to rest from `shift` edges away; where the person wants no animations, they are there at once.
    pub(super) fn slide(&self, shift: f64) {
        if self.is_level.get() {
            return;
        }
        let animation = self.animation.get_or_init(|| {
            let deck = self.obj().downgrade();
            let target = adw::CallbackAnimationTarget::new(move |shift| {
                if let Some(deck) = deck.upgrade() {
                    deck.imp().shift.set(shift as f32);
                    deck.queue_draw();
                }
            });
            adw::TimedAnimation::new(&*self.obj(), 0.0, 0.0, SLIDE_MS, target)
        });
        animation.set_value_from(shift);
        animation.play();
    }

    fn draw(&self, snapshot: &gtk::Snapshot) {
        let Some(card) = self.card().and_then(|card| card.compute_bounds(&*self.obj())) else {
            return;
        };
        let style = self.obj().style_context();
        let letters = style.color();
        let ground = style.lookup_color("window_bg_color").unwrap_or(gdk::RGBA::WHITE);
        // A card may be half transparent: nothing of an edge is drawn below it. The room above is the box's own padding.
        let reach = card.width();
        let above = graphene::Rect::new(card.x(), card.y() - reach, card.width(), reach);
        snapshot.push_clip(&above);
        for edge in edges(self.cards.get(), self.shift.get()) {
            append(snapshot, &card, edge, &ground, &letters);
        }
        snapshot.pop();
    }

    fn card(&self) -> Option<gtk::Widget> {
        card_in(self.obj().upcast_ref(), LEVELS)
    }
}

/// The first card at most so many levels below `widget`.
fn card_in(widget: &gtk::Widget, levels: usize) -> Option<gtk::Widget> {
    if widget.has_css_class("moment") {
        return Some(widget.clone());
    }
    let below = levels.checked_sub(1)?;
    let mut children = std::iter::successors(widget.first_child(), gtk::Widget::next_sibling);
    children.find_map(|child| card_in(&child, below))
}

/// Draws an edge: the colour of the ground, the darker the further back, with a fine line around.
fn append(
    snapshot: &gtk::Snapshot,
    card: &graphene::Rect,
    edge: Edge,
    ground: &gdk::RGBA,
    letters: &gdk::RGBA,
) {
    let Edge { above, inset, depth, strength } = edge;
    let width = (card.width() - 2.0 * inset).max(0.0);
    let place = graphene::Rect::new(card.x() + inset, card.y() - above, width, above + RADIUS);
    let shape = gsk::RoundedRect::from_rect(place, RADIUS);
    let faint =
        |strength: f32| gdk::RGBA::new(letters.red(), letters.green(), letters.blue(), strength);
    snapshot.push_opacity(f64::from(strength));
    snapshot.push_rounded_clip(&shape);
    snapshot.append_color(ground, &place);
    snapshot.append_color(&faint(0.02 + 0.035 * depth), &place);
    snapshot.pop();
    snapshot.append_border(&shape, &[1.0; 4], &[faint(0.08); 4]);
    snapshot.pop();
}
