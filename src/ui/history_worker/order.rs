//! In which order a folder's entries come.

use std::collections::HashMap;

use relm4::gtk::glib;

use super::comparison::Mark;
use crate::engine::history::{Difference, Entry};
use crate::engine::meta::Kind;
use crate::engine::path;

/// What entries are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Column {
    /// As people sort names.
    #[default]
    Name,
    /// The size of files.
    Size,
    /// When the content was changed last.
    Modified,
    /// What became of it, which is known later than the rest: until then as names are sorted.
    State,
}

/// What a person looks for first: what is gone, then what is another, and last what is the same.
fn rank(mark: Option<&Mark>) -> u8 {
    match mark {
        Some(Mark::Deleted) => 0,
        Some(Mark::Changed { .. } | Mark::Waiting(Difference::Changed | Difference::Removed)) => 1,
        Some(Mark::Waiting(Difference::Added)) => 2,
        Some(Mark::Inside { .. }) => 3,
        Some(Mark::Permissions | Mark::Details | Mark::Waiting(Difference::Metadata)) => 4,
        Some(Mark::Unreadable) => 5,
        Some(Mark::LeftOut(_)) => 6,
        None => 7,
    }
}

/// An order. Folders always come first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub column: Column,
    /// From the end of the alphabet, the largest or the newest on.
    pub is_descending: bool,
}

impl Order {
    /// The order after `column` was asked for: the other way round if it was that already.
    pub fn after(self, column: Column) -> Self {
        let is_descending = self.column == column && !self.is_descending;
        Self { column, is_descending }
    }

    /// Sorts by what became of the entries, if that is what they are sorted by; they come as [`Order::sort`] left them.
    pub fn sort_by_state(self, entries: &mut [Entry], marks: &HashMap<Vec<u8>, Mark>) {
        if self.column != Column::State {
            return;
        }
        entries.sort_by_cached_key(|entry| {
            let rank = rank(marks.get(&entry.name));
            (entry.kind != Kind::Directory, if self.is_descending { 7 - rank } else { rank })
        });
    }

    /// Sorts: by the column, then by names in the order of the person's language, "2" before "10".
    pub fn sort(self, entries: &mut [Entry]) {
        entries.sort_by_cached_key(|entry| {
            glib::FilenameCollationKey::from(path::display(&entry.name))
        });
        if self.is_descending && self.column == Column::Name {
            entries.reverse();
        }
        let time = |entry: &Entry| (entry.mtime.sec, entry.mtime.nsec);
        entries.sort_by(|one, other| {
            let by_kind = (one.kind != Kind::Directory).cmp(&(other.kind != Kind::Directory));
            let by_column = match self.column {
                Column::Name | Column::State => std::cmp::Ordering::Equal,
                Column::Size => one.size_bytes.cmp(&other.size_bytes),
                Column::Modified => time(one).cmp(&time(other)),
            };
            by_kind.then(if self.is_descending { by_column.reverse() } else { by_column })
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::meta::FileTime;

    fn entry(name: &str, kind: Kind, size_bytes: u64, sec: i64) -> Entry {
        Entry {
            name: name.as_bytes().to_vec(),
            kind,
            mode: 0o644,
            uid: 0,
            gid: 0,
            size_bytes,
            mtime: FileTime { sec, nsec: 0 },
            hash: None,
            stale: false,
            torn: false,
            absent: false,
        }
    }

    #[test]
    fn folders_come_first_in_every_order() {
        let mut entries = [
            entry("b10", Kind::File, 1, 30),
            entry("b2", Kind::File, 3, 20),
            entry("z", Kind::Directory, 0, 25),
            entry("a", Kind::File, 3, 10),
        ];
        for (column, is_descending, wanted) in [
            (Column::Name, false, "z a b2 b10"),
            (Column::Name, true, "z b10 b2 a"),
            (Column::Size, false, "z b10 a b2"),
            (Column::Size, true, "z a b2 b10"),
            (Column::Modified, false, "z a b2 b10"),
            (Column::Modified, true, "z b10 b2 a"),
        ] {
            Order { column, is_descending }.sort(&mut entries);
            let names: Vec<String> =
                entries.iter().map(|entry| path::display(&entry.name)).collect();
            assert_eq!(names.join(" "), wanted, "{column:?} {is_descending}");
        }
    }

    #[test]
    fn what_is_gone_or_another_comes_before_what_is_the_same() {
        let mut entries = [
            entry("same", Kind::File, 1, 30),
            entry("gone", Kind::File, 3, 20),
            entry("folder", Kind::Directory, 0, 25),
            entry("new", Kind::File, 3, 10),
            entry("changed", Kind::File, 3, 10),
            entry("a", Kind::File, 3, 10),
        ];
        let marks = HashMap::from([
            (b"gone".to_vec(), Mark::Deleted),
            (b"new".to_vec(), Mark::Waiting(Difference::Added)),
            (b"changed".to_vec(), Mark::Changed { may_be_same: false }),
        ]);
        for (is_descending, wanted) in
            [(false, "folder gone changed new a same"), (true, "folder a same new changed gone")]
        {
            let order = Order { column: Column::State, is_descending };
            order.sort(&mut entries);
            order.sort_by_state(&mut entries, &marks);
            let names: Vec<String> =
                entries.iter().map(|entry| path::display(&entry.name)).collect();
            assert_eq!(names.join(" "), wanted);
        }
    }

    #[test]
    fn the_same_column_once_more_turns_the_order_round() {
        let order = Order::default().after(Column::Size);
        assert_eq!(order, Order { column: Column::Size, is_descending: false });
        assert!(order.after(Column::Size).is_descending);
        assert!(!order.after(Column::Size).after(Column::Name).is_descending);
    }
}
