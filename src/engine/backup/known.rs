//! What a folder held before, to be compared name by name.

use crate::engine::index::Child;

/// The children of a folder in the snapshot that it is compared with; each is taken once, unless it is put back.
pub(super) struct KnownChildren {
    /// Sorted by name.
    children: Vec<Child>,
    is_taken: Vec<bool>,
    /// Names mostly come in their order: the child after the last one that was taken.
    next: usize,
}

impl KnownChildren {
    /// Of children that are sorted by name.
    pub fn new(children: Vec<Child>) -> Self {
        let is_taken = vec![false; children.len()];
        Self { children, is_taken, next: 0 }
    }

    /// The child called `name`, if it is there and nobody took it.
    pub fn get(&self, name: &[u8]) -> Option<&Child> {
        self.left_at(name).map(|at| &self.children[at])
    }

    /// The same, and nobody gets it again.
    pub fn take(&mut self, name: &[u8]) -> Option<&Child> {
        let at = self.left_at(name)?;
        self.is_taken[at] = true;
        self.next = at + 1;
        Some(&self.children[at])
    }

    /// Lets the child called `name` be taken once more.
    pub fn put_back(&mut self, name: &[u8]) {
        if let Some(at) = self.place(name) {
            self.is_taken[at] = false;
        }
    }

    /// What nobody took.
    pub fn left(&self) -> impl Iterator<Item = &Child> {
        self.children
            .iter()
            .zip(&self.is_taken)
            .filter(|(_, taken)| !**taken)
            .map(|(child, _)| child)
    }

    fn left_at(&self, name: &[u8]) -> Option<usize> {
        self.place(name).filter(|at| !self.is_taken[*at])
    }

    fn place(&self, name: &[u8]) -> Option<usize> {
        if self.children.get(self.next).is_some_and(|child| child.name.as_slice() == name) {
            return Some(self.next);
        }
        Child::place_of(&self.children, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::index::State;
    use crate::engine::meta::{FileTime, Kind, Metadata};
    use crate::engine::path::EntryName;

    fn known(names: &[&str]) -> KnownChildren {
        let child = |name: &&str| Child {
            node: 1,
            name: EntryName::from_slice(name.as_bytes()),
            first: 1,
            last: 1,
            state: State {
                meta: Metadata {
                    kind: Kind::File,
                    mode: 0o644,
                    uid: 0,
                    gid: 0,
                    size_bytes: 0,
                    mtime: FileTime::default(),
                    device: (0, 0),
                },
                hash: None,
                xattrs: None,
                fingerprint: None,
                stored_mtime: None,
                override_text: None,
            },
        };
        KnownChildren::new(names.iter().map(child).collect())
    }

    fn left(known: &KnownChildren) -> Vec<&[u8]> {
        known.left().map(|child| child.name.as_slice()).collect()
    }

    #[test]
    fn each_child_is_found_in_any_order_and_taken_once() {
        let mut known = known(&["a", "b", "c", "d"]);
        for name in [b"c", b"a", b"d"] {
            assert_eq!(known.get(name).map(|child| child.name.as_slice()), Some(&name[..]));
            assert_eq!(known.take(name).map(|child| child.name.as_slice()), Some(&name[..]));
            assert!(known.get(name).is_none() && known.take(name).is_none());
        }
        assert!(known.take(b"bb").is_none() && known.take(b"").is_none());
        assert_eq!(left(&known), [b"b"]);
    }

    #[test]
    fn what_is_put_back_is_there_again() {
        let mut known = known(&["a", "b"]);
        known.take(b"a");
        known.put_back(b"a");
        known.put_back(b"none");
        assert_eq!(left(&known), [b"a", b"b"]);
        assert!(known.take(b"a").is_some());
    }
}
