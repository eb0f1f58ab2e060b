//! Where the parts of a line are. The headings over the list keep to the same columns.

/// How wide the columns are, in characters.
pub const SIZE_CHARS: i32 = 8;
/// That of times.
pub const TIME_CHARS: i32 = 15;
/// That of badges.
pub const BADGE_CHARS: i32 = 15;

/// The side of an icon, in pixels.
pub const ICON: i32 = 16;
/// Between two parts.
pub const GAP: i32 = 12;
/// Before a time, beside that: sizes end there.
pub const TIME_MARGIN: i32 = 16;
/// Before a badge, beside that.
pub const BADGE_MARGIN: i32 = 8;
/// Between a badge's icon and its word.
pub const BADGE_GAP: i32 = 6;

/// How wide the columns are, in pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Columns {
    /// Of sizes.
    pub size: i32,
    /// Of times.
    pub time: i32,
    /// Of the words of badges.
    pub badge: i32,
}

/// A part of the line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// Where it begins, from the left.
    pub left: i32,
    /// How wide it is.
    pub width: i32,
}

/// The parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shape {
    /// The entry's icon.
    pub icon: Span,
    /// Its name, and what is below it in a narrow line.
    pub name: Span,
    /// The badge's icon.
    pub mark: Span,
    /// What only a wide line has.
    pub columns: Option<Places>,
}

/// Those of the columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Places {
    /// The size.
    pub size: Span,
    /// The time.
    pub time: Span,
    /// The badge's word.
    pub badge: Span,
}

impl Span {
    fn mirrored(self, width: i32) -> Self {
        Self { left: width - self.left - self.width, ..self }
    }
}

impl Shape {
    /// A line of this width, from left to right; without columns it is narrow. The name has what the others leave.
    pub fn of(width: i32, columns: Option<&Columns>) -> Self {
        let mut end = width;
        let mut take = |width, before| {
            let left = end - width;
            end = left - before;
            Span { left, width }
        };
        let (mark, columns) = match columns {
            None => (take(ICON, BADGE_MARGIN + GAP), None),
            Some(columns) => {
                let badge = take(columns.badge, BADGE_GAP);
                let mark = take(ICON, BADGE_MARGIN + GAP);
                let time = take(columns.time, TIME_MARGIN + GAP);
                let size = take(columns.size, GAP);
                (mark, Some(Places { size, time, badge }))
            }
        };
        let left = ICON + GAP;
        let name = Span { left, width: (end - left).max(0) };
        Self { icon: Span { left: 0, width: ICON }, name, mark, columns }
    }

    /// The least width of a line whose name has room for so many pixels.
    pub fn least(name: i32, columns: Option<&Columns>) -> i32 {
        let none = Self::of(0, columns);
        // The columns lie left of nothing at all as far as they are wide.
        let first = none.columns.map_or(none.mark.left - BADGE_MARGIN, |places| places.size.left);
        ICON + GAP + name + GAP - first
    }

    /// The same from right to left.
    pub fn mirrored(self, width: i32) -> Self {
        let columns = self.columns.map(|Places { size, time, badge }| Places {
            size: size.mirrored(width),
            time: time.mirrored(width),
            badge: badge.mirrored(width),
        });
        Self {
            icon: self.icon.mirrored(width),
            name: self.name.mirrored(width),
            mark: self.mark.mirrored(width),
            columns,
        }
    }

    /// The badge with its word.
    pub fn badge_box(&self) -> Span {
        let Some(Places { badge, .. }) = self.columns else { return self.mark };
        let left = self.mark.left.min(badge.left);
        let end = (self.mark.left + self.mark.width).max(badge.left + badge.width);
        Span { left, width: end - left }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: Columns = Columns { size: 60, time: 110, badge: 100 };

    fn span(left: i32, width: i32) -> Span {
        Span { left, width }
    }

    #[test]
    fn the_columns_stand_at_the_end_and_the_name_has_the_rest() {
        let shape = Shape::of(600, Some(&COLUMNS));
        let places = shape.columns.unwrap();
        assert_eq!((places.badge, shape.mark), (span(500, 100), span(478, 16)));
        assert_eq!((places.time, places.size), (span(348, 110), span(260, 60)));
        assert_eq!((shape.icon, shape.name), (span(0, 16), span(28, 220)));
        // Wider letters take from the name alone.
        let wider = Shape::of(600, Some(&Columns { time: 150, ..COLUMNS }));
        assert_eq!((wider.name, wider.mark), (span(28, 180), shape.mark));
    }

    #[test]
    fn a_narrow_line_has_only_the_badges_icon_beside_the_name() {
        let shape = Shape::of(300, None);
        assert_eq!(
            (shape.icon, shape.name, shape.mark),
            (span(0, 16), span(28, 236), span(284, 16))
        );
        assert_eq!((shape.columns, shape.badge_box()), (None, shape.mark));
    }

    #[test]
    fn from_right_to_left_everything_is_the_other_way_round() {
        for columns in [None, Some(&COLUMNS)] {
            let shape = Shape::of(600, columns);
            let mirrored = shape.mirrored(600);
            assert_eq!(mirrored.icon, span(584, 16));
            assert_eq!(mirrored.name.left + mirrored.name.width, 600 - shape.name.left);
            assert_eq!(mirrored.badge_box(), shape.badge_box().mirrored(600));
            assert_eq!(mirrored.mirrored(600), shape);
        }
    }

    #[test]
    fn at_its_least_a_line_has_room_for_just_so_much_of_a_name() {
        for columns in [None, Some(&COLUMNS)] {
            assert_eq!(Shape::of(Shape::least(30, columns), columns).name, span(28, 30));
        }
        // There is no less than nothing.
        assert_eq!(Shape::of(10, Some(&COLUMNS)).name.width, 0);
    }

    #[test]
    fn a_badge_reaches_from_its_icon_to_the_end_of_its_word() {
        let shape = Shape::of(600, Some(&COLUMNS));
        assert_eq!(shape.badge_box(), span(478, 122));
        assert_eq!(shape.mirrored(600).badge_box(), span(0, 122));
    }
}
