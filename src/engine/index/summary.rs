//! What one snapshot changed, counted for each folder and for all folders above it.

use std::collections::BTreeMap;

use rusqlite::types::Type;
use rusqlite::{CachedStatement, Connection, params};

use super::read::version_of;
use super::{NodeId, ROOT_NODE, State};
use crate::engine::difference::Difference;

/// How many entries differ from the snapshot before, and how many bytes of files came and went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChangeCounts {
    /// Entries that were not there before.
    pub added: u64,
    /// Entries with another content, or of another kind.
    pub changed: u64,
    /// Entries of which only permissions, owner, times or attributes differ.
    pub touched: u64,
    /// Entries that are not there any more.
    pub removed: u64,
    /// Sizes of files that came or have another content, in bytes.
    pub bytes_in: u64,
    /// Sizes of what those took the place of, and of files that went, in bytes.
    pub bytes_out: u64,
}

impl ChangeCounts {
    /// How many entries differ.
    pub fn entries(&self) -> u64 {
        [self.added, self.changed, self.touched, self.removed]
            .into_iter()
            .fold(0, u64::saturating_add)
    }

    /// Counts one entry that differs; sizes are those of files, in bytes.
    pub fn count(&mut self, difference: Difference, bytes_before: u64, bytes_after: u64) {
        let count = match difference {
            Difference::Added => &mut self.added,
            Difference::Changed => &mut self.changed,
            Difference::Metadata => &mut self.touched,
            Difference::Removed => &mut self.removed,
        };
        *count = count.saturating_add(1);
        if difference != Difference::Metadata {
            self.bytes_out = self.bytes_out.saturating_add(bytes_before);
            self.bytes_in = self.bytes_in.saturating_add(bytes_after);
        }
    }

    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.added, other.added),
            (&mut self.changed, other.changed),
            (&mut self.touched, other.touched),
            (&mut self.removed, other.removed),
            (&mut self.bytes_in, other.bytes_in),
            (&mut self.bytes_out, other.bytes_out),
        ] {
            *mine = mine.saturating_add(theirs);
        }
    }
}

#[derive(Debug, Default)]
struct Summary {
    counts: ChangeCounts,
    /// Children of which a version began or ended, or one below them.
    children: Vec<NodeId>,
}

/// The rows of `change` for one snapshot, while they are gathered: memory for each folder with a difference below it.
pub(super) struct Summaries<'a> {
    /// Paths from this number on are new: all below them is.
    first_new: NodeId,
    folders: BTreeMap<NodeId, Summary>,
    parent_of: CachedStatement<'a>,
    connection: &'a Connection,
}

impl<'a> Summaries<'a> {
    pub fn new(connection: &'a Connection, first_new: NodeId) -> rusqlite::Result<Self> {
        let parent_of = connection.prepare_cached("SELECT parent FROM node WHERE id = ?1")?;
        Ok(Self { first_new, folders: BTreeMap::new(), parent_of, connection })
    }

    /// Whether the path `node` was never seen before this snapshot.
    pub fn is_new(&self, node: NodeId) -> bool {
        node >= self.first_new
    }

    /// Counts an entry of a path that was never seen before.
    pub fn add_new(&mut self, node: NodeId, bytes: u64) -> rusqlite::Result<()> {
        self.add(node, Some(Difference::Added), 0, bytes)
    }

    /// Notes the path `node`, of which a version began or ended, and counts what is different of it from the snapshot `before` to the snapshot `after`.
    pub fn compare(
        &mut self,
        node: NodeId,
        before: Option<i64>,
        after: i64,
    ) -> rusqlite::Result<()> {
        let state = |at| -> rusqlite::Result<Option<State>> {
            Ok(version_of(self.connection, node, at)?.map(|(_, _, state)| state))
        };
        let earlier = before.map(state).transpose()?.flatten();
        let later = state(after)?;
        let difference = Difference::between(earlier.as_ref(), later.as_ref());
        // One that began or ended without a difference is listed, too: it goes when the snapshot is pruned.
        self.add(node, difference, bytes_of(&earlier), bytes_of(&later))
    }

    fn add(
        &mut self,
        node: NodeId,
        difference: Option<Difference>,
        before: u64,
        after: u64,
    ) -> rusqlite::Result<()> {
        let parent = self.parent(node)?;
        let lists_all = self.is_new(parent);
        let folder = self.folders.entry(parent).or_default();
        if let Some(difference) = difference {
            folder.counts.count(difference, before, after);
        }
        if !lists_all {
            folder.children.push(node);
        }
        Ok(())
    }

    fn parent(&mut self, node: NodeId) -> rusqlite::Result<NodeId> {
        let parent = self.parent_of.query_row([node], |row| row.get(0))?;
        // A forged row must not make a circle of folders.
        if parent < node { Ok(parent) } else { Err(absurd()) }
    }

    /// Writes the rows of the snapshot `seq`, those of the folders above included.
    pub fn write(mut self, seq: i64) -> rusqlite::Result<()> {
        let mut rows = Vec::with_capacity(self.folders.len());
        // A folder has a smaller number than what is in it: from the end on, each is complete when it is its turn.
        while let Some((folder, summary)) = self.folders.pop_last() {
            if folder != ROOT_NODE {
                let parent = self.parent(folder)?;
                let lists_all = self.is_new(parent);
                let above = self.folders.entry(parent).or_default();
                above.counts.add(&summary.counts);
                if !lists_all {
                    above.children.push(folder);
                }
            }
            rows.push((folder, summary));
        }
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO change (snapshot, folder, added, changed, touched, removed, bytes_in, bytes_out, \
             children) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        for (folder, mut summary) in rows.into_iter().rev() {
            let counts = &summary.counts;
            let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
            let children = (!self.is_new(folder)).then(|| pack(folder, &mut summary.children));
            insert.execute(params![
                seq,
                folder,
                number(counts.added),
                number(counts.changed),
                number(counts.touched),
                number(counts.removed),
                number(counts.bytes_in),
                number(counts.bytes_out),
                children,
            ])?;
        }
        Ok(())
    }
}

fn bytes_of(state: &Option<State>) -> u64 {
    state.as_ref().map_or(0, State::file_bytes)
}

/// Increasing numbers as varints of seven bits a byte, each less the one before it.
fn pack(folder: NodeId, children: &mut Vec<NodeId>) -> Vec<u8> {
    children.sort_unstable();
    children.dedup();
    let mut packed = Vec::with_capacity(children.len() * 2);
    let mut last = folder;
    for child in children {
        let mut step = child.wrapping_sub(last) as u64;
        last = *child;
        while step >= 0x80 {
            packed.push(step as u8 | 0x80);
            step >>= 7;
        }
        packed.push(step as u8);
    }
    packed
}

/// The numbers that [`pack`] packed; an error if they can't be a folder's children.
pub(super) fn unpack(folder: NodeId, packed: &[u8]) -> rusqlite::Result<Vec<NodeId>> {
    let mut children = Vec::new();
    let (mut last, mut step, mut shift) = (folder, 0_u64, 0);
    for byte in packed {
        if shift > 56 {
            return Err(absurd());
        }
        step |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            let next = i64::try_from(step).ok().and_then(|step| last.checked_add(step));
            last = next.filter(|next| *next > last).ok_or_else(absurd)?;
            children.push(last);
            (step, shift) = (0, 0);
        }
    }
    if shift == 0 { Ok(children) } else { Err(absurd()) }
}

/// The error that a row can't be.
pub(super) fn absurd() -> rusqlite::Error {
    let absurd = "a path that can't be".into();
    rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, absurd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_children_come_back_as_they_were() {
        for children in [vec![], vec![8], vec![8, 9, 300, 1 << 40], vec![i64::MAX]] {
            let packed = pack(7, &mut children.clone());
            assert_eq!(unpack(7, &packed).unwrap(), children);
        }
        assert_eq!(unpack(7, &pack(7, &mut vec![12, 9, 12])).unwrap(), [9, 12]);
    }

    #[test]
    fn forged_lists_are_refused() {
        for packed in [&[0][..], &[0x80], &[1, 0], &[0xff; 12], &[0xff, 0xff, 0x80]] {
            assert!(unpack(7, packed).is_err(), "{packed:?}");
        }
    }
}
