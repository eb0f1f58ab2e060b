//! How large letters are in the lines of a list. Finding that out takes a while, and all of them have the same.

use std::cell::RefCell;
use std::rc::Rc;

use relm4::gtk;
use relm4::gtk::pango;
use relm4::gtk::prelude::*;

use super::shape::{BADGE_CHARS, Columns, SIZE_CHARS, TIME_CHARS};

/// The size of small letters, in points: that of the style's captions.
const CAPTION_POINTS: i32 = 9;
/// The least that is seen of a name, in characters.
const NAME_CHARS: i32 = 3;

/// The sizes of the lines of one list, as found with the font that they had last.
#[derive(Debug, Clone, Default)]
pub struct Gauge(Rc<RefCell<Option<(pango::FontDescription, Sizes)>>>);

/// In pixels.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sizes {
    /// The height of a name.
    pub line: i32,
    /// That of small letters.
    pub caption: i32,
    /// The least room for a name.
    pub name_least: i32,
    /// The columns.
    pub columns: Columns,
}

impl Gauge {
    /// The sizes of `line` with the font that it has.
    pub fn sizes(&self, line: &impl IsA<gtk::Widget>) -> Sizes {
        let context = line.pango_context();
        let font = context.font_description().unwrap_or_default();
        if let Some((known, sizes)) = &*self.0.borrow()
            && *known == font
        {
            return *sizes;
        }
        let sizes = Sizes::of(&context, &font);
        self.0.replace(Some((font, sizes)));
        sizes
    }
}

impl Sizes {
    fn of(context: &pango::Context, font: &pango::FontDescription) -> Self {
        let mut small = font.clone();
        small.set_size(CAPTION_POINTS * pango::SCALE);
        let letters = context.metrics(Some(font), None);
        let captions = context.metrics(Some(&small), None);
        let columns = Columns {
            size: width(&letters, SIZE_CHARS),
            time: width(&letters, TIME_CHARS),
            badge: width(&captions, BADGE_CHARS),
        };
        Self {
            line: pixels(letters.height()),
            caption: pixels(captions.height()),
            name_least: width(&letters, NAME_CHARS),
            columns,
        }
    }
}

/// The same text, smaller.
pub fn caption() -> pango::AttrList {
    let attributes = pango::AttrList::new();
    attributes.insert(pango::AttrSize::new(CAPTION_POINTS * pango::SCALE));
    attributes
}

/// As wide as a label of so many characters.
fn width(metrics: &pango::FontMetrics, chars: i32) -> i32 {
    let letter = metrics.approximate_char_width().max(metrics.approximate_digit_width());
    pixels(letter * chars)
}

fn pixels(units: i32) -> i32 {
    (units + pango::SCALE - 1) / pango::SCALE
}
