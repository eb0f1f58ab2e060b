//! What is waited for, and what is being worked on. Whoever waits may stop waiting at any time.

use std::collections::BTreeMap;

/// The queue. Everything in it has a number.
#[derive(Debug)]
pub struct Queue<T> {
    last: u64,
    waiting: BTreeMap<u64, T>,
    at_work: BTreeMap<u64, T>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { last: 0, waiting: BTreeMap::new(), at_work: BTreeMap::new() }
    }
}

impl<T> Queue<T> {
    /// One more waits, under this number.
    pub fn add(&mut self, wanted: T) -> u64 {
        self.last += 1;
        self.waiting.insert(self.last, wanted);
        self.last
    }

    /// Begins with the first that is urgent, else with the first.
    pub fn begin(&mut self, is_urgent: impl Fn(&T) -> bool) -> Option<(u64, &T)> {
        let urgent = self.waiting.iter().find(|(_, wanted)| is_urgent(wanted));
        let number = urgent.or(self.waiting.first_key_value()).map(|(number, _)| *number)?;
        let wanted = self.waiting.remove(&number)?;
        Some((number, self.at_work.entry(number).or_insert(wanted)))
    }

    /// What is being worked on under this number, unless nobody waits for it any more.
    pub fn at_work(&self, number: u64) -> Option<&T> {
        self.at_work.get(&number)
    }

    /// The work under this number is over; `None` if nobody waits for it any more.
    pub fn end(&mut self, number: u64) -> Option<T> {
        self.at_work.remove(&number)
    }

    /// Takes out all that wait and are such.
    pub fn take(&mut self, is_such: impl Fn(&T) -> bool) -> Vec<T> {
        self.waiting.extract_if(.., |_, wanted| is_such(wanted)).map(|(_, wanted)| wanted).collect()
    }

    /// Nobody waits for this any more.
    pub fn cancel(&mut self, number: u64) {
        self.waiting.remove(&number);
        self.at_work.remove(&number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_urgent_comes_first_and_what_nobody_wants_never() {
        let mut queue = Queue::default();
        let numbers = ["a", "b", "c", "d"].map(|wanted| queue.add(wanted));
        queue.cancel(numbers[1]);
        let mut begun = Vec::new();
        while let Some((_, wanted)) = queue.begin(|wanted| *wanted == "d") {
            begun.push(*wanted);
        }
        assert_eq!(begun, ["d", "a", "c"]);
        queue.cancel(numbers[0]);
        assert_eq!(queue.at_work(numbers[0]), None);
        assert_eq!(queue.end(numbers[0]), None);
        assert_eq!((queue.end(numbers[2]), queue.end(numbers[2])), (Some("c"), None));
    }

    #[test]
    fn all_that_wait_for_the_same_are_served_at_once() {
        let mut queue = Queue::default();
        for wanted in [7, 8, 7] {
            queue.add(wanted);
        }
        assert_eq!(queue.begin(|_| false).map(|(_, wanted)| *wanted), Some(7));
        assert_eq!(queue.take(|wanted| *wanted == 7), [7]);
        assert_eq!(queue.begin(|_| false).map(|(_, wanted)| *wanted), Some(8));
    }
}
