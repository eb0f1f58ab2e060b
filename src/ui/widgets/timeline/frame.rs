//! The timeline's geometry: where things lie in it is told along it, from the oldest moment to the newest, and across it,
//! from the edge where the ticks stand. Here that becomes places in the widget, upright or lying, from right or from left.

use relm4::gtk::graphene::{Point, Rect};

/// What the oldest tick keeps from its end of the widget.
const OLDEST_INSET: f32 = 10.0;

/// What ticks keep from the edge that they stand at.
const EDGE: f32 = 14.0;

/// The same where the timeline lies.
const EDGE_LYING: f32 = 8.0;

/// A widget's size and how the timeline lies in it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Frame {
    /// In pixels.
    pub width: f32,
    /// In pixels.
    pub height: f32,
    /// It lies: the newest moment is at the right. Else it stands, with the newest at the foot.
    pub lies: bool,
    /// The language is written from right to left.
    pub is_mirrored: bool,
    /// What is kept free beyond the newest tick, for its name.
    pub end: f32,
}

impl Frame {
    /// How long the ticks' part is.
    pub fn length(&self) -> f32 {
        (self.extent() - OLDEST_INSET - self.end).max(0.0)
    }

    /// How far from the ticks' edge the widget reaches.
    pub fn depth(&self) -> f32 {
        if self.lies { self.height - EDGE_LYING } else { self.width - EDGE }
    }

    /// A rectangle whose middle is at `along`, `thick` pixels along and from `from` to `to` across.
    pub fn bar(&self, along: f32, thick: f32, from: f32, to: f32) -> Rect {
        self.rect(along - thick / 2.0, thick, from, to)
    }

    /// A rectangle from `along` on.
    pub fn rect(&self, along: f32, length: f32, from: f32, to: f32) -> Rect {
        let along = along + OLDEST_INSET;
        if self.lies {
            let x = if self.is_mirrored { self.width - along - length } else { along };
            Rect::new(x.round(), self.height - EDGE_LYING - to, length, to - from)
        } else {
            let x = if self.is_mirrored { EDGE + from } else { self.width - EDGE - to };
            Rect::new(x, along.round(), to - from, length)
        }
    }

    /// Where along the timeline a place in the widget is.
    pub fn along(&self, x: f64, y: f64) -> f64 {
        let at = match (self.lies, self.is_mirrored) {
            (false, _) => y,
            (true, false) => x,
            (true, true) => f64::from(self.width) - x,
        };
        at - f64::from(OLDEST_INSET)
    }

    /// Where a text of this size begins that has its middle at `along` and its near side at `from` across.
    pub fn text(&self, along: f32, from: f32, (width, height): (f32, f32)) -> Point {
        let (thick, deep) = if self.lies { (width, height) } else { (height, width) };
        let place = self.bar(along, thick, from, from + deep);
        Point::new(place.x(), place.y())
    }

    fn extent(&self) -> f32 {
        if self.lies { self.width } else { self.height }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDING: Frame =
        Frame { width: 120.0, height: 500.0, lies: false, is_mirrored: false, end: 30.0 };

    #[test]
    fn ticks_stand_at_the_outer_edge_in_both_directions() {
        let tick = STANDING.bar(100.0, 2.0, 0.0, 20.0);
        assert_eq!((tick.x(), tick.y(), tick.width()), (86.0, 109.0, 20.0));
        let mirrored = Frame { is_mirrored: true, ..STANDING }.bar(100.0, 2.0, 0.0, 20.0);
        assert_eq!((mirrored.x(), mirrored.y(), mirrored.width()), (14.0, 109.0, 20.0));
    }

    #[test]
    fn a_place_is_found_where_its_tick_is_drawn() {
        for (lies, is_mirrored) in [(false, false), (false, true), (true, false), (true, true)] {
            let frame = Frame { lies, is_mirrored, ..STANDING };
            let tick = frame.bar(40.0, 2.0, 0.0, 10.0);
            let middle = tick.center();
            let along = frame.along(f64::from(middle.x()), f64::from(middle.y()));
            assert!((along - 40.0).abs() <= 0.5, "{along} in {frame:?}");
        }
    }

    #[test]
    fn lying_it_begins_where_the_language_does() {
        let lying = Frame { lies: true, width: 300.0, height: 56.0, ..STANDING };
        assert_eq!(lying.length(), 300.0 - 10.0 - 30.0);
        assert!(lying.bar(0.0, 2.0, 0.0, 9.0).x() < 20.0);
        assert!(Frame { is_mirrored: true, ..lying }.bar(0.0, 2.0, 0.0, 9.0).x() > 280.0);
    }
}
