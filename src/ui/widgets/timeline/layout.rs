//! Where each moment of a timeline lies, which of them can be seen, and where the names of groups fit. Lengths are in
//! pixels from the oldest end, which is the top, or the start of a line. Draws nothing.

use super::group::Group;
use super::model::{Model, Tick};

/// The farthest that two neighbours lie from one another.
const SPACING_MAX: f64 = 16.0;

/// Where all can't have this much, the newer ones get more than the older ones.
const SPACING_GOOD: f64 = 4.0;

/// The room between two groups, in spacings.
const GROUP_GAP: f64 = 1.0;

/// How much of the greatest length a tick has at least at which something changed.
const REACH_MIN: f64 = 0.25;

/// Where this many entries differ, a tick is not short, even if nowhere more did.
const CHANGES_MANY: u64 = 10;

/// A group's first moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Where it is in the model.
    pub index: usize,
    /// The group.
    pub group: Group,
}

/// A tick that is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    /// Which moment it is.
    pub index: usize,
    /// Its pixel row.
    pub row: u32,
}

/// A name of a group that has room.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Label {
    /// The group.
    pub start: Start,
    /// Where the name begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
}

/// A model, laid out.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    positions: Vec<f64>,
    drawn: Vec<Drawn>,
    starts: Vec<Start>,
    length: f64,
}

impl Layout {
    /// Lays `model` out on `length` pixels; `starts` are the first moments of its groups, oldest first.
    pub fn new(model: &Model, starts: Vec<Start>, length: f64) -> Self {
        let length = if length.is_finite() { length.max(0.0) } else { 0.0 };
        let positions = positions(model.ticks().len(), &starts, length);
        let drawn = drawn(model.ticks(), &positions);
        Self { positions, drawn, starts, length }
    }

    /// The ticks that can be seen, from the oldest on: of several in one pixel row the longest.
    pub fn drawn(&self) -> &[Drawn] {
        &self.drawn
    }

    /// Where the moment at `index` lies.
    pub fn position(&self, index: usize) -> Option<f64> {
        self.positions.get(index).copied()
    }

    /// The moment to go to for the place `at`: the nearest that can be seen.
    pub fn nearest(&self, at: f64) -> Option<usize> {
        let at = at.round();
        let after = self.drawn.partition_point(|drawn| f64::from(drawn.row) < at);
        let near = [after.checked_sub(1), Some(after)].into_iter().flatten();
        let distance = |drawn: &&Drawn| (f64::from(drawn.row) - at).abs();
        near.filter_map(|at| self.drawn.get(at))
            .min_by(|one, other| distance(one).total_cmp(&distance(other)))
            .map(|drawn| drawn.index)
    }

    /// The names of groups, each `extent` long and at its first moment, without one in another. Newer ones go first: they
    /// are looked for more.
    pub fn labels(&self, extent: impl Fn(Start) -> f64) -> Vec<Label> {
        let mut placed: Vec<Label> = Vec::new();
        for start in self.starts.iter().rev() {
            let Some(at) = self.position(start.index) else { continue };
            let extent = extent(*start).clamp(0.0, self.length);
            let from = (at - extent / 2.0).clamp(0.0, self.length - extent);
            let label = Label { start: *start, from, to: from + extent };
            let above = placed.last().map_or(f64::INFINITY, |below| below.from);
            if label.to <= above {
                placed.push(label);
            }
        }
        placed
    }
}

/// How long a tick is, from 0 (nothing changed) to 1 (nowhere changed more): on a logarithmic scale, so that one
/// changed file is seen beside ten thousand.
pub fn reach(tick: &Tick, changes_max: u64) -> f64 {
    if !tick.begins {
        return 0.0;
    }
    let log = |changes: u64| (changes as f64).ln_1p();
    let most = log(changes_max.max(CHANGES_MANY));
    REACH_MIN + (1.0 - REACH_MIN) * (log(tick.changes) / most).min(1.0)
}

/// Places from the newest, at the end, to the oldest.
fn positions(count: usize, starts: &[Start], length: f64) -> Vec<f64> {
    let Some(last) = count.checked_sub(1) else { return Vec::new() };
    let gaps = starts.iter().filter(|start| start.index > 0).count() as f64 * GROUP_GAP;
    let even = length / (last as f64 + gaps).max(1.0);
    if even < SPACING_GOOD {
        let scale = scale(last as f64, length);
        return (0..count).map(|index| length - scale.distance((last - index) as f64)).collect();
    }
    let spacing = even.min(SPACING_MAX);
    let mut positions = vec![0.0; count];
    let mut starts = starts.iter().rev().peekable();
    let mut at = length;
    for (index, position) in positions.iter_mut().enumerate().rev() {
        *position = at;
        let is_start = starts.next_if(|start| start.index == index).is_some();
        at -= spacing * if is_start { 1.0 + GROUP_GAP } else { 1.0 };
    }
    positions
}

/// How far from the newest moment the others lie where there are more than fit well.
struct Scale {
    /// Moments over which the spacing halves.
    bend: f64,
    /// What the newest ones have.
    spacing: f64,
}

impl Scale {
    fn distance(&self, age: f64) -> f64 {
        self.spacing * self.bend * (age / self.bend).ln_1p()
    }
}

/// The scale on which the oldest of `last` + 1 moments lies just at the end of `length`.
fn scale(last: f64, length: f64) -> Scale {
    let (mut low, mut high) = (f64::MIN_POSITIVE.sqrt(), last.max(1.0) * 1e6);
    // The distance grows with the bend: halving on a logarithmic scale, until it can't matter for a pixel.
    for _ in 0..80 {
        let bend = (low * high).sqrt();
        let reached = Scale { bend, spacing: SPACING_GOOD }.distance(last);
        if reached > length { high = bend } else { low = bend }
    }
    Scale { bend: low, spacing: SPACING_GOOD }
}

fn drawn(ticks: &[Tick], positions: &[f64]) -> Vec<Drawn> {
    let weight = |index: usize| ticks.get(index).map(|tick| (tick.begins, tick.changes));
    let mut drawn: Vec<Drawn> = Vec::new();
    for (index, position) in positions.iter().enumerate() {
        let row = position.round().max(0.0) as u32;
        match drawn.last_mut() {
            // Of equals the newer one.
            Some(other) if other.row == row => {
                if weight(index) >= weight(other.index) {
                    other.index = index;
                }
            }
            _ => drawn.push(Drawn { index, row }),
        }
    }
    drawn
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::model::tests::hourly;
    use super::*;

    fn daily(count: usize) -> Vec<Start> {
        (0..count)
            .step_by(7)
            .map(|index| Start { index, group: Group::Year(index as i16) })
            .collect()
    }

    fn layout(changes: &[u64], length: f64) -> (Model, Layout) {
        let model = hourly(changes);
        let layout = Layout::new(&model, daily(changes.len()), length);
        (model, layout)
    }

    #[test]
    fn few_moments_keep_together_at_the_newest_end() {
        let model = hourly(&[0, 1, 1]);
        let starts = vec![
            Start { index: 0, group: Group::Yesterday },
            Start { index: 2, group: Group::Today },
        ];
        let layout = Layout::new(&model, starts, 500.0);
        let positions: Vec<_> = (0..3).filter_map(|index| layout.position(index)).collect();
        assert_eq!(positions, [500.0 - 3.0 * SPACING_MAX, 500.0 - 2.0 * SPACING_MAX, 500.0]);
    }

    #[test]
    fn of_two_thousand_moments_the_newest_have_room_and_the_longest_are_seen() {
        let changes: Vec<u64> =
            (0..2000).map(|index| if index == 3 { 50 } else { index % 2 }).collect();
        let (_, layout) = layout(&changes, 500.0);
        assert!(layout.position(0).unwrap().abs() < 1.0, "{:?}", layout.position(0));
        let newest = layout.position(1999).unwrap() - layout.position(1998).unwrap();
        assert!(newest > 3.0, "{newest}");
        assert!(layout.drawn().len() <= 501);
        assert!(layout.drawn().iter().any(|drawn| drawn.index == 3));
    }

    #[test]
    fn a_tick_is_longer_where_more_changed() {
        let model = hourly(&[0, 1, 3, 900, 1000]);
        let reaches: Vec<f64> = model.ticks().iter().map(|tick| reach(tick, 1000)).collect();
        assert!(reaches.is_sorted_by(|one, other| one < other), "{reaches:?}");
        assert_eq!((reaches[0], reaches[4]), (0.0, 1.0));
        let lonely = model.ticks().iter().map(|tick| reach(tick, 1)).nth(1).unwrap();
        assert!(lonely < 0.6, "{lonely}");
    }

    #[test]
    fn without_moments_or_room_nothing_breaks() {
        assert_eq!(Layout::new(&Model::default(), Vec::new(), 100.0).nearest(5.0), None);
        let (_, layout) = layout(&[1; 40], f64::NAN);
        assert_eq!(layout.nearest(0.0), Some(39));
    }

    proptest! {
        #[test]
        fn places_keep_order_and_stay_inside(changes in prop::collection::vec(0u64..5, 1..2500), length in 0.0..900.0) {
            let (_, layout) = layout(&changes, length);
            let positions: Vec<f64> = (0..changes.len()).filter_map(|index| layout.position(index)).collect();
            prop_assert_eq!(positions.len(), changes.len());
            prop_assert!(positions.is_sorted());
            prop_assert!(positions.iter().all(|at| (-0.5..=length + 0.5).contains(at)));
            prop_assert_eq!(positions.last().copied(), Some(length));
        }

        #[test]
        fn no_two_share_a_row_and_none_hides_a_longer_one(changes in prop::collection::vec(0u64..5, 1..1500), length in 1.0..700.0) {
            let (_, layout) = layout(&changes, length);
            prop_assert!(layout.drawn().is_sorted_by(|one, other| one.row < other.row));
            for (index, changes_here) in changes.iter().enumerate() {
                let row = layout.position(index).unwrap().round().max(0.0) as u32;
                let seen = layout.drawn().iter().find(|drawn| drawn.row == row);
                prop_assert!(seen.is_some_and(|seen| changes[seen.index] >= *changes_here));
            }
        }

        #[test]
        fn snapping_a_second_time_changes_nothing(changes in prop::collection::vec(0u64..5, 1..1500), length in 1.0..700.0, at in -50.0..800.0) {
            let (_, layout) = layout(&changes, length);
            let first = layout.nearest(at).unwrap();
            prop_assert_eq!(layout.nearest(layout.position(first).unwrap()), Some(first));
        }

        #[test]
        fn names_lie_inside_and_never_in_one_another(changes in prop::collection::vec(0u64..5, 1..400), length in 20.0..700.0, extent in 8.0..80.0) {
            let (_, layout) = layout(&changes, length);
            let labels = layout.labels(|start| extent + start.index as f64 % 9.0);
            for label in &labels {
                prop_assert!(label.from >= 0.0 && label.to <= length + 1e-9);
            }
            prop_assert!(labels.is_sorted_by(|newer, older| older.to <= newer.from));
        }
    }
}
