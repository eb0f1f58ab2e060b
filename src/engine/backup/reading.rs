//! In which order a folder's files are read.

use crate::engine::listing::Listed;
use crate::engine::path::EntryName;
use crate::engine::sqlite::Part;

/// Places in the sorted `names` by their inodes, since those with neighbouring numbers lie close to each other on a disk.
/// A log or journal comes right after its database, as by name: one that is much older than that would spoil it.
///
/// `listed` is all that was listed, sorted by name.
pub(super) fn by_inode(names: &[EntryName], listed: &[Listed]) -> Vec<usize> {
    let of = |name: &[u8]| Listed::find(listed, name).map(|listed| listed.inode);
    let of_database = |name: &[u8]| {
        let stem = |part: &Part| name.strip_suffix(part.suffix()).and_then(of);
        [Part::Log, Part::Journal].iter().find_map(stem)
    };
    let mut keys: Vec<(u64, usize)> = names
        .iter()
        .enumerate()
        .map(|(place, name)| (of_database(name).or_else(|| of(name)).unwrap_or(0), place))
        .collect();
    keys.sort_unstable();
    keys.into_iter().map(|(_, place)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(listed: &[(&str, u64)], names: &[&str]) -> Vec<usize> {
        let name = |name: &&str| EntryName::from_slice(name.as_bytes());
        let listed: Vec<_> = listed
            .iter()
            .map(|(of, inode)| Listed { name: name(of), inode: *inode, kind: None })
            .collect();
        let names: Vec<_> = names.iter().map(name).collect();
        by_inode(&names, &listed)
    }

    #[test]
    fn neighbours_follow_each_other() {
        let listed = [("a", 7), ("b", 3), ("c", 9), ("d", 1)];
        assert_eq!(order(&listed, &["a", "b", "c", "d"]), [3, 1, 0, 2]);
        assert_eq!(order(&listed, &["a", "c", "d"]), [2, 0, 1]);
        assert_eq!(order(&[], &[]), [0; 0]);
    }

    #[test]
    fn a_database_comes_before_its_log_and_nothing_between_them() {
        let listed = [("a", 5), ("x", 8), ("x-journal", 9), ("x-wal", 2), ("y-wal", 1)];
        let names = ["a", "x", "x-journal", "x-wal", "y-wal"];
        assert_eq!(order(&listed, &names), [4, 0, 1, 2, 3]);
    }
}
