//! What was made and may be wanted again: so many bytes of it, and of that what was used last. Nothing of it is ever
//! written anywhere.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// The shelf.
#[derive(Debug)]
pub struct Shelf<K, V> {
    room_bytes: usize,
    used_bytes: usize,
    things: HashMap<K, Thing<V>>,
    /// The keys by when they were used, the longest unused first.
    order: BTreeMap<u64, K>,
    clock: u64,
}

#[derive(Debug)]
struct Thing<V> {
    value: V,
    bytes: usize,
    used: u64,
}

impl<K: Clone + Eq + Hash, V> Shelf<K, V> {
    /// An empty shelf with room for so many bytes.
    pub fn new(room_bytes: usize) -> Self {
        Self { room_bytes, used_bytes: 0, things: HashMap::new(), order: BTreeMap::new(), clock: 0 }
    }

    /// What is kept under `key`, which is used now.
    pub fn get(&mut self, key: &K) -> Option<&V> {
        self.clock += 1;
        let thing = self.things.get_mut(key)?;
        self.order.remove(&std::mem::replace(&mut thing.used, self.clock));
        self.order.insert(self.clock, key.clone());
        Some(&thing.value)
    }

    /// Keeps what takes so many bytes; what was unused for longest goes for it. What is larger than the shelf isn't kept.
    pub fn put(&mut self, key: K, value: V, bytes: usize) {
        self.take(&key);
        if bytes > self.room_bytes {
            return;
        }
        while self.used_bytes + bytes > self.room_bytes {
            let Some((_, oldest)) = self.order.pop_first() else { break };
            self.take(&oldest);
        }
        self.clock += 1;
        self.used_bytes += bytes;
        self.order.insert(self.clock, key.clone());
        self.things.insert(key, Thing { value, bytes, used: self.clock });
    }

    fn take(&mut self, key: &K) {
        if let Some(thing) = self.things.remove(key) {
            self.order.remove(&thing.used);
            self.used_bytes -= thing.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_unused_for_longest_goes() {
        let mut shelf = Shelf::new(30);
        for (key, value) in [("a", 1), ("b", 2), ("c", 3)] {
            shelf.put(key, value, 10);
        }
        assert_eq!(shelf.get(&"a"), Some(&1));
        shelf.put("d", 4, 15);
        assert_eq!(
            ["a", "b", "c", "d"].map(|key| shelf.get(&key).copied()),
            [Some(1), None, None, Some(4)]
        );
        assert_eq!((shelf.used_bytes, shelf.order.len()), (25, 2));
    }

    #[test]
    fn the_same_once_more_takes_its_own_place_and_the_too_large_none() {
        let mut shelf = Shelf::new(30);
        shelf.put("a", 1, 20);
        shelf.put("a", 2, 30);
        assert_eq!((shelf.get(&"a").copied(), shelf.used_bytes), (Some(2), 30));
        shelf.put("b", 3, 31);
        assert_eq!((shelf.get(&"a").copied(), shelf.get(&"b")), (Some(2), None));
    }
}
