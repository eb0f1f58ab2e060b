//! A set of inode numbers in about a bit for each: file systems number inodes in runs.

use std::collections::BTreeMap;

/// Numbers that one page holds.
const PAGE: u64 = 512;

/// Words of a page.
const WORDS: usize = 8;

/// A set of inode numbers of one file system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inodes(BTreeMap<u64, [u64; WORDS]>);

/// The page of a number, the word in it, and the bit in that.
fn place(inode: u64) -> (u64, usize, u64) {
    let at = inode % PAGE;
    (inode / PAGE, (at / 64) as usize, 1 << (at % 64))
}

impl Inodes {
    /// Adds a number; `false` if it is in the set already.
    pub fn insert(&mut self, inode: u64) -> bool {
        let (page, word, bit) = place(inode);
        match self.0.entry(page).or_default().get_mut(word) {
            Some(word) if *word & bit == 0 => {
                *word |= bit;
                true
            }
            _ => false,
        }
    }

    /// Takes a number out.
    pub fn remove(&mut self, inode: u64) {
        let (page, word, bit) = place(inode);
        if let Some(word) = self.0.get_mut(&page).and_then(|page| page.get_mut(word)) {
            *word &= !bit;
        }
    }

    /// Whether a number is in the set.
    pub fn contains(&self, inode: u64) -> bool {
        let (page, word, bit) = place(inode);
        self.0.get(&page).and_then(|page| page.get(word)).is_some_and(|word| word & bit != 0)
    }

    /// The numbers of both sets, as pages: their places and bits, little-endian.
    pub fn joined_pages(&self, other: &Self) -> Vec<(u64, Vec<u8>)> {
        let mut all = self.0.clone();
        for (page, words) in &other.0 {
            let joined = all.entry(*page).or_default();
            for (word, more) in joined.iter_mut().zip(words) {
                *word |= more;
            }
        }
        let bytes =
            |words: [u64; WORDS]| words.iter().flat_map(|word| word.to_le_bytes()).collect();
        all.into_iter().map(|(page, words)| (page, bytes(words))).collect()
    }

    /// Reads what [`Inodes::joined_pages`] gave; `None` if it is something else.
    pub fn from_pages(pages: &[(u64, Vec<u8>)]) -> Option<Self> {
        let mut inodes = Self::default();
        for (page, bytes) in pages {
            let (words, []) = bytes.as_chunks::<8>() else { return None };
            let words: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
            inodes.0.insert(*page, words.try_into().ok()?);
        }
        Some(inodes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_the_set_once() {
        let numbers = [0, 1, 63, 64, 511, 512, 1 << 40, u64::MAX];
        let mut inodes = Inodes::default();
        for number in numbers {
            assert!(!inodes.contains(number) && inodes.insert(number), "{number}");
            assert!(inodes.contains(number) && !inodes.insert(number), "{number}");
        }
        assert!(!inodes.contains(2) && !inodes.contains(513));
        inodes.remove(63);
        assert!(!inodes.contains(63) && inodes.contains(64));
    }

    #[test]
    fn two_sets_come_back_as_one() {
        let (mut one, mut two, mut both) =
            (Inodes::default(), Inodes::default(), Inodes::default());
        for number in [7, 600, 1 << 33] {
            one.insert(number);
            two.insert(number + 1);
            both.insert(number);
            both.insert(number + 1);
        }
        assert_eq!(Inodes::from_pages(&one.joined_pages(&two)), Some(both));
        assert_eq!(Inodes::from_pages(&[(1, vec![0; 7])]), None);
        assert_eq!(Inodes::from_pages(&[(1, vec![0; 72])]), None);
    }
}
