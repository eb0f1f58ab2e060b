//! The moments of a timeline and the ways between them. Plain data: it knows no widget, no clock and no language.

use jiff::Timestamp;

/// Stands for a snapshot's number where the live files are meant, which are later than any.
pub const NOW: u64 = u64::MAX;

/// A moment that can be gone to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// The snapshot's number.
    pub seq: u64,
    /// When the snapshot was begun.
    pub time: Timestamp,
    /// How many entries differ from the moment before.
    pub changes: u64,
    /// The same in words; empty if there is nothing to say.
    pub note: String,
    /// Another state begins here than the one before, or what is known begins.
    pub begins: bool,
    /// The person wants the snapshot kept.
    pub pinned: bool,
    /// What the person calls it.
    pub label: Option<String>,
    /// Its snapshot is damaged, but can be browsed.
    pub damaged: bool,
}

/// A way from one moment to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The moment before.
    Earlier,
    /// The moment after.
    Later,
    /// Where the state began that was there before the one at this moment.
    EarlierChange,
    /// Where the next state begins.
    LaterChange,
    /// The oldest moment.
    Oldest,
    /// The newest moment: the live files, where they are among them.
    Now,
}

impl Tick {
    /// The live files: whatever they are, they are another state.
    pub fn now() -> Self {
        Self {
            seq: NOW,
            time: Timestamp::now(),
            changes: 0,
            note: String::new(),
            begins: true,
            pinned: false,
            label: None,
            damaged: false,
        }
    }
}

/// All moments, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Model {
    ticks: Vec<Tick>,
}

impl Model {
    /// The moments `ticks`, in any order.
    pub fn new(mut ticks: Vec<Tick>) -> Self {
        ticks.sort_by_key(|tick| tick.seq);
        ticks.dedup_by_key(|tick| tick.seq);
        Self { ticks }
    }

    /// All of them, oldest first.
    pub fn ticks(&self) -> &[Tick] {
        &self.ticks
    }

    /// The moment at `index`, counted from the oldest.
    pub fn tick(&self, index: usize) -> Option<&Tick> {
        self.ticks.get(index)
    }

    /// Where the snapshot `seq` is.
    pub fn index_of(&self, seq: u64) -> Option<usize> {
        self.ticks.binary_search_by_key(&seq, |tick| tick.seq).ok()
    }

    /// Where `step` leads from the moment at `from`; `None` if there is nothing that way.
    pub fn step(&self, from: usize, step: Step) -> Option<usize> {
        let last = self.ticks.len().checked_sub(1)?;
        let from = from.min(last);
        let to = match step {
            Step::Earlier => from.checked_sub(1)?,
            Step::Later => from + 1,
            Step::EarlierChange => self.beginning(self.beginning(from).checked_sub(1)?),
            Step::LaterChange => (from + 1..=last).find(|index| self.begins(*index))?,
            Step::Oldest => 0,
            Step::Now => last,
        };
        (to <= last && to != from).then_some(to)
    }

    /// Whether another moment is so near to that at `index` that minutes don't tell them apart.
    pub fn is_crowded(&self, index: usize) -> bool {
        let told = |index| self.tick(index).filter(|tick| tick.seq != NOW);
        let minute = |index| told(index).map(|tick| tick.time.as_second().div_euclid(60));
        let near = [index.checked_sub(1), index.checked_add(1)].into_iter().flatten();
        near.into_iter().any(|other| minute(other).is_some() && minute(other) == minute(index))
    }

    /// Where the state began that holds at `index`.
    fn beginning(&self, index: usize) -> usize {
        (0..=index).rev().find(|index| self.begins(*index)).unwrap_or_default()
    }

    /// What is known begins with the oldest moment, whatever that is.
    fn begins(&self, index: usize) -> bool {
        index == 0 || self.tick(index).is_some_and(|tick| tick.begins)
    }
}

#[cfg(test)]
pub mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Moments an hour apart; what differs at each.
    pub fn hourly(changes: &[u64]) -> Model {
        let tick = |(seq, changes): (usize, &u64)| Tick {
            seq: seq as u64 + 1,
            time: Timestamp::from_second(1_700_000_000 + seq as i64 * 3600).unwrap(),
            changes: *changes,
            note: String::new(),
            begins: *changes > 0,
            pinned: false,
            label: None,
            damaged: false,
        };
        Model::new(changes.iter().enumerate().map(tick).collect())
    }

    #[test]
    fn a_change_is_gone_to_where_its_state_begins() {
        let model = hourly(&[0, 0, 2, 0, 1, 0]);
        let way = |from, step| model.step(from, step);
        assert_eq!(way(5, Step::EarlierChange), Some(2));
        assert_eq!(way(4, Step::EarlierChange), Some(2));
        assert_eq!(way(3, Step::EarlierChange), Some(0));
        assert_eq!(way(1, Step::EarlierChange), None);
        assert_eq!(way(0, Step::LaterChange), Some(2));
        assert_eq!(way(2, Step::LaterChange), Some(4));
        assert_eq!(way(4, Step::LaterChange), None);
        assert_eq!(way(2, Step::Now), Some(5));
        assert_eq!(way(5, Step::Now), None);
        assert_eq!(way(5, Step::Later), None);
        assert_eq!(way(0, Step::Earlier), None);
    }

    #[test]
    fn now_is_the_last_moment_and_another_state() {
        let mut ticks = hourly(&[1, 0]).ticks().to_vec();
        let now = Tick { time: ticks[1].time, ..Tick::now() };
        ticks.insert(0, now);
        let model = Model::new(ticks);
        assert_eq!(model.index_of(NOW), Some(2));
        assert_eq!(model.step(0, Step::LaterChange), Some(2));
        assert_eq!(model.step(2, Step::EarlierChange), Some(0));
        // No clock time is told of it, so that none is crowded by it.
        assert!(!model.is_crowded(1));
    }

    #[test]
    fn without_moments_there_is_no_way() {
        for step in [Step::Earlier, Step::LaterChange, Step::Now, Step::Oldest] {
            assert_eq!(Model::default().step(0, step), None);
        }
    }

    #[test]
    fn moments_come_in_order_and_once() {
        let mut ticks = hourly(&[1, 2, 3]).ticks().to_vec();
        ticks.extend(ticks.clone());
        ticks.reverse();
        let model = Model::new(ticks);
        let seqs: Vec<u64> = model.ticks().iter().map(|tick| tick.seq).collect();
        assert_eq!(seqs, [1, 2, 3]);
        assert_eq!((model.index_of(3), model.index_of(4)), (Some(2), None));
    }

    #[test]
    fn moments_within_one_minute_are_crowded() {
        let mut ticks = hourly(&[0, 0, 0]).ticks().to_vec();
        ticks[1].time = ticks[0].time + jiff::SignedDuration::from_secs(5);
        let model = Model::new(ticks);
        assert!(model.is_crowded(0) && model.is_crowded(1) && !model.is_crowded(2));
    }

    proptest! {
        /// One by one all moments are passed, and change by change all states.
        #[test]
        fn every_moment_and_state_is_reached(changes in prop::collection::vec(0u64..3, 1..60)) {
            let model = hourly(&changes);
            let walk = |from: usize, step| {
                std::iter::successors(Some(from), |at| model.step(*at, step)).collect::<Vec<_>>()
            };
            let all: Vec<usize> = (0..changes.len()).collect();
            prop_assert_eq!(walk(0, Step::Later), all.clone());
            let back: Vec<usize> = all.iter().copied().rev().collect();
            prop_assert_eq!(walk(changes.len() - 1, Step::Earlier), back);
            let states: Vec<usize> =
                all.iter().copied().filter(|at| *at == 0 || changes[*at] > 0).collect();
            prop_assert_eq!(walk(0, Step::LaterChange), states.clone());
            let newest = *states.last().unwrap();
            let back: Vec<usize> = states.iter().copied().rev().collect();
            prop_assert_eq!(walk(newest, Step::EarlierChange), back);
        }
    }
}
