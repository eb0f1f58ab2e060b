//! What is seen of a line. Colours and letters are those of the window's style, so that light, dark, high contrast and
//! large text need nothing of their own. GTK keeps what was painted until something is another.

use relm4::gtk::prelude::*;
use relm4::gtk::{gdk, gio, graphene, pango};
use relm4::{adw, gtk};

use super::gauge;
use super::shape::{GAP, ICON, Places, Shape, Span};
use super::words::Words;
use crate::engine::history::Entry;
use crate::ui::browser::folder::badge::Badge;
use crate::ui::browser::folder::said::Said;
use crate::ui::widgets::icon;

/// How strong the colour of what matters less is; the same where the person wants more contrast.
const DIM: f32 = 0.55;
const DIM_IN_CONTRAST: f32 = 0.9;
/// That of what is there no more, or isn't backed up.
const GONE: f32 = 0.6;

/// Digits of one width, so that those of all lines stand below each other.
const DIGITS: &str = "tnum=1";

/// Where a text is in its part of the line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Align {
    Start,
    End,
}

/// Paints one line.
pub struct Painter<'a> {
    line: &'a super::Line,
    snapshot: &'a gtk::Snapshot,
    shape: Shape,
    /// Of letters.
    colour: gdk::RGBA,
    dim: f32,
}

impl<'a> Painter<'a> {
    /// Ready to paint.
    pub fn new(line: &'a super::Line, snapshot: &'a gtk::Snapshot, shape: Shape) -> Self {
        let has_contrast = adw::StyleManager::default().is_high_contrast();
        Self {
            line,
            snapshot,
            shape,
            colour: line.style_context().color(),
            dim: if has_contrast { DIM_IN_CONTRAST } else { DIM },
        }
    }

    /// Paints it.
    pub fn paint(&self, entry: &Entry, words: &Words, said: &Said) {
        if entry.absent {
            self.snapshot.push_opacity(GONE.into());
        }
        let strength = if said.is_gone || said.is_left_out { GONE } else { 1.0 };
        let colour = faint(&self.colour_of(&["entry-icon"]), strength);
        self.icon(&icon::of_entry(entry.kind, &entry.name), self.shape.icon, &colour);
        let colour = faint(&self.colour, strength);
        let badge = said.badge.as_ref();
        match self.shape.columns {
            None => self.two_lines(words, badge, &colour),
            Some(places) => self.columns(words, badge, places, &colour),
        }
        if let Some(badge) = badge {
            let icon = gio::ThemedIcon::new(badge.icon);
            self.icon(&icon, self.shape.mark, &self.badge_colour(badge));
        }
        if entry.absent {
            self.snapshot.pop();
        }
    }

    fn columns(&self, words: &Words, badge: Option<&Badge>, places: Places, colour: &gdk::RGBA) {
        let dim = faint(&self.colour, self.dim);
        self.centered(&self.name(words), self.shape.name, Align::Start, colour);
        self.centered(&self.numbers(&words.size, places.size), places.size, Align::End, &dim);
        self.centered(&self.numbers(&words.time, places.time), places.time, Align::Start, &dim);
        if let Some(badge) = badge {
            let word = self.ellipsized(&badge.text, places.badge, pango::EllipsizeMode::End);
            word.set_attributes(Some(&gauge::caption()));
            self.centered(&word, places.badge, Align::Start, &self.badge_colour(badge));
        }
    }

    fn two_lines(&self, words: &Words, badge: Option<&Badge>, colour: &gdk::RGBA) {
        let (name, span) = (self.name(words), self.shape.name);
        let caption = words.caption(badge);
        let caption = self.ellipsized(&caption, span, pango::EllipsizeMode::End);
        let small = gauge::caption();
        small.insert(pango::AttrFontFeatures::new(DIGITS));
        caption.set_attributes(Some(&small));
        let (above, below) = (name.pixel_size().1, caption.pixel_size().1);
        let top = (self.line.height() - above - below) / 2;
        self.text(&name, span, Align::Start, top, colour);
        let dim = faint(&self.colour, self.dim);
        self.text(&caption, span, Align::Start, top + above, &dim);
    }

    fn name(&self, words: &Words) -> pango::Layout {
        self.ellipsized(&words.name, self.shape.name, pango::EllipsizeMode::Middle)
    }

    fn ellipsized(&self, text: &str, span: Span, mode: pango::EllipsizeMode) -> pango::Layout {
        let layout = self.line.create_pango_layout(Some(text));
        layout.set_ellipsize(mode);
        layout.set_width(span.width * pango::SCALE);
        layout
    }

    /// They may reach into the gap beside their column, but not across it.
    fn numbers(&self, text: &str, span: Span) -> pango::Layout {
        let room = Span { width: span.width + GAP, ..span };
        let layout = self.ellipsized(text, room, pango::EllipsizeMode::End);
        let attributes = pango::AttrList::new();
        attributes.insert(pango::AttrFontFeatures::new(DIGITS));
        layout.set_attributes(Some(&attributes));
        layout
    }

    fn centered(&self, text: &pango::Layout, span: Span, align: Align, colour: &gdk::RGBA) {
        let top = (self.line.height() - text.pixel_size().1) / 2;
        self.text(text, span, align, top, colour);
    }

    fn text(&self, text: &pango::Layout, span: Span, align: Align, top: i32, colour: &gdk::RGBA) {
        let (_, place) = text.pixel_extents();
        let is_mirrored = self.line.direction() == gtk::TextDirection::Rtl;
        let spare = match (align == Align::End) != is_mirrored {
            true => span.width - place.width(),
            false => 0,
        };
        self.snapshot.save();
        // A text that has a width is aligned in it by its own direction.
        let left = span.left + spare - place.x();
        self.snapshot.translate(&graphene::Point::new(left as f32, top as f32));
        self.snapshot.append_layout(text, colour);
        self.snapshot.restore();
    }

    fn icon(&self, icon: &impl IsA<gio::Icon>, span: Span, colour: &gdk::RGBA) {
        let icon = gtk::IconTheme::for_display(&self.line.display()).lookup_by_gicon(
            icon,
            ICON,
            self.line.scale_factor(),
            self.line.direction(),
            gtk::IconLookupFlags::FORCE_SYMBOLIC,
        );
        self.snapshot.save();
        let top = (self.line.height() - ICON) / 2;
        self.snapshot.translate(&graphene::Point::new(span.left as f32, top as f32));
        icon.snapshot_symbolic(self.snapshot, ICON.into(), ICON.into(), &[*colour]);
        self.snapshot.restore();
    }

    fn badge_colour(&self, badge: &Badge) -> gdk::RGBA {
        self.colour_of(&["badge", badge.style])
    }

    /// What the style gives to what has these classes.
    fn colour_of(&self, classes: &[&str]) -> gdk::RGBA {
        let style = self.line.style_context();
        style.save();
        for class in classes {
            style.add_class(class);
        }
        let colour = style.color();
        style.restore();
        colour
    }
}

fn faint(colour: &gdk::RGBA, strength: f32) -> gdk::RGBA {
    gdk::RGBA::new(colour.red(), colour.green(), colour.blue(), colour.alpha() * strength)
}
