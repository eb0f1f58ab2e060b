//! The hash of a file's content, in which a huge hole costs next to nothing.
//!
//! BLAKE3 numbers its chunks, so equal zeros hash differently at every offset, and nothing can be reused
//! from one place of a file to another. What is known beforehand is what zeros hash to at a given place:
//! `zeros.bin` holds that of each unit of the first TiB. Past it zeros are hashed on all processors.

use std::num::NonZero;
use std::thread;

use blake3::Hasher;
use blake3::hazmat::{
    ChainingValue, HasherExt as _, Mode, merge_subtrees_non_root, merge_subtrees_root,
};

use super::copy::CopyError;
use super::meta::ContentHash;
use super::monitor::Monitor;

/// What is known or computed as one: a whole subtree of BLAKE3, so a power of two.
const UNIT_BYTES: u64 = 256 << 20;

/// The chaining values of units of zeros, by their place from the beginning of the file, 32 bytes each.
const KNOWN: &[u8] = include_bytes!("zeros.bin");

const ZEROS: &[u8] = &[0; 64 * 1024];

/// Hashes a file's content from its beginning; gives what BLAKE3 gives for the same bytes.
#[derive(Debug)]
pub struct ContentHasher {
    tree: Tree,
    known: &'static [[u8; 32]],
}

impl ContentHasher {
    /// Nothing is hashed yet.
    pub fn new() -> Self {
        Self { tree: Tree::new(UNIT_BYTES), known: KNOWN.as_chunks().0 }
    }

    /// Goes on with `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        self.tree.update(bytes);
    }

    /// Goes on with a hole of `length` bytes; fails with nothing but [`CopyError::Cancelled`].
    pub fn update_zeros(&mut self, mut length: u64, monitor: &Monitor) -> Result<(), CopyError> {
        while length > 0 {
            if monitor.cancel().is_cancelled() {
                return Err(CopyError::Cancelled);
            }
            length -= match self.tree.next_whole(length) {
                Some(place) => match self.known.get(usize::try_from(place).unwrap_or(usize::MAX)) {
                    Some(value) => self.tree.push(value),
                    None => self.push_unknown(place, length, monitor)?,
                },
                None => {
                    let step = length.min(self.tree.room()).min(ZEROS.len() as u64);
                    self.tree.update(&ZEROS[..step as usize]);
                    step
                }
            };
        }
        Ok(())
    }

    /// Goes on with as many units of zeros as there are processors; gives their length.
    fn push_unknown(
        &mut self,
        place: u64,
        length: u64,
        monitor: &Monitor,
    ) -> Result<u64, CopyError> {
        let unit = self.tree.unit_bytes;
        let threads = thread::available_parallelism().map_or(1, NonZero::get) as u64;
        // The last byte of the file must stay outside, as in `Tree::next_whole`.
        let last = place + threads.min((length - 1) / unit);
        let values = hash_units(place..last, unit, monitor).ok_or(CopyError::Cancelled)?;
        Ok(values.iter().map(|value| self.tree.push(value)).sum())
    }

    /// The hash of all that it was given.
    pub fn finalize(&self) -> ContentHash {
        ContentHash(*self.tree.root().as_bytes())
    }
}

/// The chaining values of units of zeros, each on a thread of its own; `None` after a stop.
fn hash_units(
    places: std::ops::Range<u64>,
    unit_bytes: u64,
    monitor: &Monitor,
) -> Option<Vec<ChainingValue>> {
    let mut values: Vec<_> = places.map(|place| (place, None)).collect();
    thread::scope(|scope| {
        let (own, others) = values.split_first_mut()?;
        for (place, value) in others {
            let work = || *value = hash_unit(*place, unit_bytes, monitor);
            // A thread that can't be had is done without, below.
            let _ = thread::Builder::new().spawn_scoped(scope, work);
        }
        own.1 = hash_unit(own.0, unit_bytes, monitor);
        own.1
    })?;
    values
        .into_iter()
        .map(|(place, value)| value.or_else(|| hash_unit(place, unit_bytes, monitor)))
        .collect()
}

fn hash_unit(place: u64, unit_bytes: u64, monitor: &Monitor) -> Option<ChainingValue> {
    let mut hasher = Hasher::new();
    hasher.set_input_offset(place * unit_bytes);
    while hasher.count() < unit_bytes {
        if monitor.cancel().is_cancelled() {
            return None;
        }
        let step = (unit_bytes - hasher.count()).min(ZEROS.len() as u64);
        hasher.update(&ZEROS[..step as usize]);
    }
    Some(hasher.finalize_non_root())
}

/// BLAKE3's tree above units of equal length.
#[derive(Debug)]
struct Tree {
    unit_bytes: u64,
    /// Whole units so far.
    units: u64,
    /// The subtrees of whole units that wait for their right neighbour, the widest first.
    waiting: Vec<ChainingValue>,
    /// The unit that is being filled. A full one stays here until more follows: it may be the file's last, or
    /// the whole file, which BLAKE3 finishes in another way.
    unit: Hasher,
}

impl Tree {
    fn new(unit_bytes: u64) -> Self {
        Self { unit_bytes, units: 0, waiting: Vec::new(), unit: Hasher::new() }
    }

    /// Bytes that the unit can still take; a full one makes way for the next.
    fn room(&self) -> u64 {
        match self.unit_bytes - self.unit.count() {
            0 => self.unit_bytes,
            room => room,
        }
    }

    /// The place of the next unit if zeros of `length` fill it from its beginning to its end and go on after it.
    fn next_whole(&self, length: u64) -> Option<u64> {
        let place = match self.unit.count() {
            0 => self.units,
            count if count == self.unit_bytes => self.units + 1,
            _ => return None,
        };
        (length > self.unit_bytes).then_some(place)
    }

    fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            self.make_way();
            let room = usize::try_from(self.room()).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.unit.update(now);
            bytes = later;
        }
    }

    /// Goes on with a whole unit that isn't the file's last; gives its length.
    fn push(&mut self, value: &ChainingValue) -> u64 {
        self.make_way();
        self.close(*value);
        self.unit_bytes
    }

    /// Closes the unit if it is full. More must follow.
    fn make_way(&mut self) {
        if self.unit.count() == self.unit_bytes {
            let value = self.unit.finalize_non_root();
            self.close(value);
        }
    }

    fn close(&mut self, mut value: ChainingValue) {
        self.units += 1;
        for _ in 0..self.units.trailing_zeros() {
            if let Some(left) = self.waiting.pop() {
                value = merge_subtrees_non_root(&left, &value, Mode::Hash);
            }
        }
        self.waiting.push(value);
        self.unit = Hasher::new();
        self.unit.set_input_offset(self.units * self.unit_bytes);
    }

    fn root(&self) -> blake3::Hash {
        let Some((widest, others)) = self.waiting.split_first() else {
            return self.unit.finalize();
        };
        let right = others.iter().rev().fold(self.unit.finalize_non_root(), |right, left| {
            merge_subtrees_non_root(left, &right, Mode::Hash)
        });
        merge_subtrees_root(widest, &right, Mode::Hash)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use super::*;

    /// What `head -c 1T /dev/zero | b3sum` prints.
    const HASH_OF_ONE_TIB: &str =
        "9387bd9b2ff4c3d9baa8c65d491f51789b6ed2a000aa45b679f80d21c3cc5013";

    /// A hasher of small units, of which the first three are known.
    fn small(unit_bytes: u64) -> ContentHasher {
        static KNOWN: OnceLock<[Vec<[u8; 32]>; 3]> = OnceLock::new();
        let units = |unit_bytes| hash_units(0..3, unit_bytes, &Monitor::new()).unwrap();
        let known = KNOWN.get_or_init(|| [1024, 4096, 16_384].map(units));
        let known = &known[unit_bytes.ilog(4) as usize - 5];
        ContentHasher { tree: Tree::new(unit_bytes), known }
    }

    #[test]
    fn holes_hash_like_their_zeros() {
        let lengths = [0, 1, 1023, 1024, 1025, 4096, 8191, 16_384, 16_385, 70_000];
        let data: Vec<u8> = (0..70_000_u32).map(|number| (number % 251) as u8).collect();
        let monitor = Monitor::new();
        for unit_bytes in [1024, 4096, 16_384] {
            for (prefix, hole, suffix) in lengths.iter().flat_map(|&prefix| {
                lengths.iter().flat_map(move |&hole| lengths.map(|suffix| (prefix, hole, suffix)))
            }) {
                let mut hasher = small(unit_bytes);
                hasher.update(&data[..prefix]);
                hasher.update_zeros(hole as u64, &monitor).unwrap();
                hasher.update(&data[..suffix]);
                let whole = [&data[..prefix], &vec![0; hole], &data[..suffix]].concat();
                let what = format!("units of {unit_bytes}: {prefix}, {hole}, {suffix}");
                assert_eq!(hasher.finalize(), ContentHash::of(&whole), "{what}");
            }
        }
    }

    #[test]
    fn data_and_holes_may_alternate() {
        let data: Vec<u8> = (0..3000_u32).map(|number| (number % 251) as u8).collect();
        for step in [1, 512, 1000, 1024, 2048, 3000] {
            let (mut hasher, mut whole) = (small(1024), Vec::new());
            for round in 1..40 {
                hasher.update(&data[..step]);
                whole.extend_from_slice(&data[..step]);
                let hole = step * round % 7001;
                hasher.update_zeros(hole as u64, &Monitor::new()).unwrap();
                whole.resize(whole.len() + hole, 0);
                assert_eq!(hasher.finalize(), ContentHash::of(&whole), "{step}, {round}");
            }
        }
    }

    #[test]
    fn the_known_units_are_those_of_the_first_tib() {
        let known: &[[u8; 32]] = KNOWN.as_chunks().0;
        assert_eq!(known.len() as u64 * UNIT_BYTES, 1 << 40);
        for place in [0, known.len() - 1] {
            let value = hash_unit(place as u64, UNIT_BYTES, &Monitor::new());
            assert_eq!(value, Some(known[place]), "unit {place}");
        }
    }

    /// A wrong value for any unit but the last would make another hash.
    #[test]
    fn a_hole_of_one_tib_is_hashed() {
        let mut hasher = ContentHasher::new();
        hasher.update_zeros(1 << 40, &Monitor::new()).unwrap();
        assert_eq!(hasher.finalize().to_string(), HASH_OF_ONE_TIB);
    }

    #[test]
    fn a_stop_is_heard() {
        let monitor = Monitor::new();
        monitor.cancel().cancel();
        let stopped = ContentHasher::new().update_zeros(1, &monitor);
        assert_eq!(stopped, Err(CopyError::Cancelled));
        assert_eq!(hash_units(0..2, UNIT_BYTES, &monitor), None);
    }
}
