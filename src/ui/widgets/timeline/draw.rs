//! What is seen of a timeline. Colours and letters are those of the window's style, so that light, dark, high contrast
//! and large text need nothing of their own.

use jiff::Timestamp;
use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::gtk::subclass::prelude::*;
use relm4::gtk::{gdk, graphene, gsk, pango};

use super::imp::Timeline;
use super::layout::{self, Drawn};
use super::model::Tick;
use super::words;
use crate::i18n::gettext;

/// The least that it is long, in pixels.
pub const LENGTH_MIN: i32 = 120;

/// Letters that a group's name has room for beside the ticks.
const NAME_CHARS: i32 = 11;

/// A tick at the pointer is so much longer, and its neighbours a little.
const SWELL: f64 = 7.0;

/// How far the pointer's effect reaches, in pixels.
const SWELL_REACH: f64 = 13.0;

/// Ticks that are nearer to one another are thin, to be told apart.
const DENSE_ROWS: u32 = 4;

/// What is kept free around the newest moment's name, and around names on dark.
const PADDING: f32 = 8.0;

/// How long the ticks are, in pixels.
struct Lengths {
    /// Where nothing changed.
    least: f32,
    /// Where most changed.
    most: f32,
    /// The chosen one.
    chosen: f32,
    /// Where the groups' names begin.
    names: f32,
}

const STANDING: Lengths = Lengths { least: 7.0, most: 32.0, chosen: 42.0, names: 50.0 };
const LYING: Lengths = Lengths { least: 5.0, most: 18.0, chosen: 24.0, names: 26.0 };

/// How much room the widget wants across, in pixels.
pub fn depth(timeline: &super::Timeline, lies: bool) -> i32 {
    let metrics = timeline.pango_context().metrics(None, None);
    if lies {
        let (_, height) = timeline.create_pango_layout(Some("X")).pixel_size();
        LYING.names.ceil() as i32 + height + 10
    } else {
        STANDING.names.ceil() as i32
            + NAME_CHARS * metrics.approximate_char_width() / pango::SCALE
            + 20
    }
}

/// How much room the newest moment's name wants beyond it, in pixels.
pub fn end(timeline: &super::Timeline, lies: bool) -> f32 {
    let (width, height) = now(timeline).pixel_size();
    let size = if lies { width } else { height };
    size as f32 + 2.0 * PADDING
}

/// Draws everything.
pub fn draw(timeline: &Timeline, snapshot: &gtk::Snapshot) {
    let painter = Painter::new(timeline, snapshot);
    painter.ticks();
    painter.names();
    painter.label();
}

/// The name of the newest moment.
fn now(timeline: &super::Timeline) -> pango::Layout {
    let layout = timeline.create_pango_layout(Some(&gettext("Now")));
    let attributes = pango::AttrList::new();
    attributes.insert(pango::AttrInt::new_weight(pango::Weight::Bold));
    layout.set_attributes(Some(&attributes));
    layout
}

struct Painter<'a> {
    timeline: &'a Timeline,
    snapshot: &'a gtk::Snapshot,
    lengths: Lengths,
    /// Of letters.
    colour: gdk::RGBA,
    accent: gdk::RGBA,
    warning: gdk::RGBA,
    /// The moment that a click at the pointer would choose.
    pointed: Option<usize>,
    changes_max: u64,
}

impl<'a> Painter<'a> {
    fn new(timeline: &'a Timeline, snapshot: &'a gtk::Snapshot) -> Self {
        let style = timeline.obj().style_context();
        let colour = style.color();
        let pointer = timeline.pointer.get();
        let model = timeline.model.borrow();
        Self {
            timeline,
            snapshot,
            lengths: if timeline.frame.get().lies { LYING } else { STANDING },
            colour,
            accent: style.lookup_color("accent_color").unwrap_or(colour),
            warning: style.lookup_color("warning_color").unwrap_or(colour),
            pointed: pointer.and_then(|at| timeline.layout.borrow().nearest(at)),
            changes_max: model.ticks().iter().map(|tick| tick.changes).max().unwrap_or_default(),
        }
    }

    fn ticks(&self) {
        let (model, layout) = (self.timeline.model.borrow(), self.timeline.layout.borrow());
        let chosen = self.timeline.chosen.get();
        let mut row_before = None;
        for drawn in layout.drawn() {
            let is_dense = row_before.is_some_and(|before| drawn.row.abs_diff(before) < DENSE_ROWS);
            row_before = Some(drawn.row);
            match model.tick(drawn.index) {
                Some(tick) if drawn.index != chosen => {
                    self.tick(*drawn, tick, if is_dense { 1.0 } else { 2.0 });
                }
                _ => {}
            }
        }
        if let (Some(at), Some(tick)) = (layout.position(chosen), model.tick(chosen)) {
            let along = at.round() as f32;
            self.rounded(along, 4.0, 0.0, self.lengths.chosen, &self.accent);
            self.pin(along, self.lengths.chosen, tick);
        }
    }

    fn tick(&self, drawn: Drawn, tick: &Tick, thick: f32) {
        let Lengths { least, most, .. } = self.lengths;
        let is_pointed = self.pointed == Some(drawn.index);
        let reach = layout::reach(tick, self.changes_max) as f32;
        let length = least + reach * (most - least) + self.swell(drawn.row);
        let colour = if tick.damaged { self.warning } else { self.colour };
        let strength = match reach {
            _ if is_pointed || tick.damaged => 0.9,
            0.0 => 0.28,
            _ => 0.5,
        };
        let frame = self.timeline.frame.get();
        let place = frame.bar(drawn.row as f32, thick, 0.0, length);
        self.snapshot.append_color(&faint(&colour, strength), &place);
        self.pin(drawn.row as f32, length, tick);
    }

    /// A tick that is kept for good or has a name ends in a dot.
    fn pin(&self, along: f32, length: f32, tick: &Tick) {
        if tick.pinned || tick.label.is_some() {
            self.rounded(along, 5.0, length + 3.0, length + 8.0, &self.accent);
        }
    }

    /// Ticks near the pointer come to meet it.
    fn swell(&self, row: u32) -> f32 {
        let distance = self.timeline.pointer.get().map(|at| (at - f64::from(row)) / SWELL_REACH);
        distance.map_or(0.0, |distance| (SWELL * (-distance * distance).exp()) as f32)
    }

    fn rounded(&self, along: f32, thick: f32, from: f32, to: f32, colour: &gdk::RGBA) {
        let place = self.timeline.frame.get().bar(along, thick, from, to);
        self.snapshot.push_rounded_clip(&gsk::RoundedRect::from_rect(place, thick / 2.0));
        self.snapshot.append_color(colour, &place);
        self.snapshot.pop();
    }

    fn names(&self) {
        let (model, layout) = (self.timeline.model.borrow(), self.timeline.layout.borrow());
        let obj = self.timeline.obj();
        if model.ticks().is_empty() {
            return;
        }
        let (frame, names) = (self.timeline.frame.get(), self.lengths.names);
        let text = |start: layout::Start| {
            let first = model.tick(start.index)?;
            let text = obj.create_pango_layout(Some(&words::group(start.group, first)));
            // Only then: with a width, a text is aligned in that by its own direction.
            let room = frame.depth() - names;
            if !frame.lies && size_of(&text).0 > room {
                text.set_width(room as i32 * pango::SCALE);
                text.set_ellipsize(pango::EllipsizeMode::End);
            }
            Some((size_of(&text), text))
        };
        let extent = |start| {
            let size = text(start).map_or((0.0, 0.0), |(size, _)| size);
            f64::from(if frame.lies { size.0 + PADDING } else { size.1 + 2.0 })
        };
        for label in layout.labels(extent) {
            let middle = (label.from + label.to) / 2.0;
            if let Some((size, text)) = text(label.start) {
                let at = frame.text(middle as f32, names, size);
                self.text(&text, at, &faint(&self.colour, 0.6));
            }
        }
        let now = now(&obj);
        let size = size_of(&now);
        let thick = if frame.lies { size.0 } else { size.1 };
        let at = frame.text(frame.length() + PADDING + thick / 2.0, 0.0, size);
        self.text(&now, at, &self.colour);
    }

    /// The exact moment at the pointer, on dark as tooltips are. It may lie over what is beside the timeline.
    fn label(&self) {
        let (layout, model) = (self.timeline.layout.borrow(), self.timeline.model.borrow());
        let Some(index) = self.pointed else { return };
        let Some(at) = layout.position(index) else { return };
        let text = words::moment(&model, index, Timestamp::now());
        let text = self.timeline.obj().create_pango_layout(Some(&text));
        let (frame, size) = (self.timeline.frame.get(), size_of(&text));
        let near = self.lengths.chosen + 2.0 * PADDING;
        let mut at = frame.text(at as f32, near, size);
        if frame.lies {
            let most = (frame.width - size.0 - 2.0 * PADDING).max(2.0 * PADDING);
            at.set_x(at.x().clamp(2.0 * PADDING, most));
            at.set_y(-size.1 - PADDING);
        }
        let place = graphene::Rect::new(
            at.x() - PADDING,
            at.y() - PADDING / 2.0,
            size.0 + 2.0 * PADDING,
            size.1 + PADDING,
        );
        self.snapshot.push_rounded_clip(&gsk::RoundedRect::from_rect(place, 6.0));
        self.snapshot.append_color(&faint(&gdk::RGBA::BLACK, 0.9), &place);
        self.snapshot.pop();
        self.text(&text, at, &gdk::RGBA::WHITE);
    }

    fn text(&self, text: &pango::Layout, at: graphene::Point, colour: &gdk::RGBA) {
        self.snapshot.save();
        self.snapshot.translate(&graphene::Point::new(at.x().round(), at.y().round()));
        self.snapshot.append_layout(text, colour);
        self.snapshot.restore();
    }
}

fn size_of(text: &pango::Layout) -> (f32, f32) {
    let (width, height) = text.pixel_size();
    (width as f32, height as f32)
}

fn faint(colour: &gdk::RGBA, strength: f32) -> gdk::RGBA {
    gdk::RGBA::new(colour.red(), colour.green(), colour.blue(), colour.alpha() * strength)
}
