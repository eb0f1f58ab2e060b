//! In which order a folder's files are read.

use crate::engine::listing::Listed;
use crate::engine::sqlite::Part;

/// Places in `listed`, which is sorted by name, by the inodes: those with neighbouring numbers lie close to each other on a
/// disk. A log or journal comes right after its database, as by name: one that is much older than that would spoil it.
pub(super) fn by_inode(listed: &[Listed]) -> Vec<usize> {
    let of_database = |name: &[u8]| {
        let stem = |part: &Part| {
            name.strip_suffix(part.suffix()).and_then(|stem| Listed::find(listed, stem))
        };
        [Part::Log, Part::Journal].iter().find_map(stem)
    };
    let mut keys: Vec<(u64, usize)> = listed
        .iter()
        .enumerate()
        .map(|(place, one)| (of_database(one.as_ref()).unwrap_or(one).inode, place))
        .collect();
    keys.sort_unstable();
    keys.into_iter().map(|(_, place)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::path::EntryName;

    fn order(listed: &[(&str, u64)]) -> Vec<usize> {
        let name = |name: &str| EntryName::from_slice(name.as_bytes());
        let listed = listed.iter().map(|(of, inode)| (name(of), *inode));
        let listed: Vec<_> =
            listed.map(|(name, inode)| Listed { name, inode, kind: None }).collect();
        by_inode(&listed)
    }

    #[test]
    fn neighbours_follow_each_other() {
        assert_eq!(order(&[("a", 7), ("b", 3), ("c", 9), ("d", 1)]), [3, 1, 0, 2]);
        assert_eq!(order(&[("a", 7), ("c", 9), ("d", 1)]), [2, 0, 1]);
        assert_eq!(order(&[]), [0; 0]);
    }

    #[test]
    fn a_database_comes_before_its_log_and_nothing_between_them() {
        let listed = [("a", 5), ("x", 8), ("x-journal", 9), ("x-wal", 2), ("y-wal", 1)];
        assert_eq!(order(&listed), [4, 0, 1, 2, 3]);
    }
}
