//! What the index tells of damaged files: where a content is stored, how large it is, which time the stored file had; and
//! what should be in a tree.

use std::collections::{HashMap, HashSet};

use super::Rot;
use super::survey::Name;
use crate::engine::digest::{Content, DirectoryDigest};
use crate::engine::error::Result;
use crate::engine::index::{Child, Index, NodeId, Place, SnapshotState, State};
use crate::engine::meta::{ContentHash, FileTime, Kind};
use crate::engine::monitor::Monitor;
use crate::engine::path::{RelPath, is_name};

/// At one path, the same is looked for in so many snapshots.
const LIKE_LIMIT: usize = 256;

/// The index, asked about certain damaged files.
pub(super) struct Known<'a> {
    index: &'a Index,
    /// The snapshots that are on the drive, as the index numbers them.
    on_drive: Vec<(i64, String)>,
    numbers: HashMap<String, u64>,
    /// How many bytes each content has; of one that is not in it the index knows nothing.
    sizes: HashMap<ContentHash, u64>,
}

/// A folder on the way to its digest.
struct Listing {
    /// What it is in the one above it; `None` of the first.
    own: Option<Child>,
    digest: DirectoryDigest,
    /// The folders in it that are not in the digest yet.
    folders: Vec<Child>,
}

impl<'a> Known<'a> {
    /// Asks for the sizes first: by the path of each, and then once for all of which that doesn't tell.
    pub fn gather(index: &'a Index, rots: &[Rot]) -> Result<Self> {
        let is_there = |state| matches!(state, SnapshotState::Good | SnapshotState::Damaged);
        let rows = index.snapshots()?.into_iter().filter(|row| is_there(row.state));
        let on_drive: Vec<(i64, String)> =
            rows.map(|row| (row.seq.cast_signed(), row.name)).collect();
        let number = |(seq, name): &(i64, String)| (name.clone(), seq.cast_unsigned());
        let numbers = on_drive.iter().map(number).collect();
        let mut known = Self { index, on_drive, numbers, sizes: HashMap::new() };
        let mut lacking = HashSet::new();
        for rot in rots {
            if known.sizes.contains_key(&rot.hash) {
                continue;
            }
            match known.size_at(&rot.path, rot.hash)? {
                Some(size) => {
                    known.sizes.insert(rot.hash, size);
                }
                None => {
                    lacking.insert(rot.hash);
                }
            }
        }
        lacking.retain(|hash| !known.sizes.contains_key(hash));
        known.sizes.extend(index.sizes_of_contents(&lacking)?);
        Ok(known)
    }

    fn size_at(&self, path: &RelPath, hash: ContentHash) -> Result<Option<u64>> {
        let Some(node) = self.index.node_of(path)? else { return Ok(None) };
        let versions = self.index.versions_of(node)?;
        let found = versions.into_iter().find(|(.., state)| state.hash == Some(hash));
        Ok(found.map(|(.., state)| state.file_bytes()))
    }

    /// How many bytes the content has; `None` if the index doesn't tell.
    pub fn size_of(&self, hash: ContentHash) -> Option<u64> {
        self.sizes.get(&hash).copied()
    }

    /// The names under which the index says that the content of a damaged file is. Of an empty one only the same path is
    /// looked at: such files are never linked across paths.
    pub fn names_of(&self, rot: &Rot) -> Result<Vec<Name>> {
        let places = match self.size_of(rot.hash) {
            None => Vec::new(),
            Some(0) => self.places_at(&rot.path, rot.hash)?,
            Some(size) => self.index.places_of(size, rot.hash)?,
        };
        let mut names = Vec::new();
        for place in places {
            let Some(path) = self.index.path_of(place.node)? else { continue };
            let range = place.first..=place.last;
            let there = self.on_drive.iter().filter(|(seq, _)| range.contains(seq));
            names.extend(there.map(|(_, it)| Name { snapshot: it.clone(), path: path.clone() }));
        }
        Ok(names)
    }

    fn places_at(&self, path: &RelPath, hash: ContentHash) -> Result<Vec<Place>> {
        let Some(node) = self.index.node_of(path)? else { return Ok(Vec::new()) };
        let versions = self.index.versions_of(node)?.into_iter();
        let of_hash = versions.filter(|(.., state)| state.hash == Some(hash));
        Ok(of_hash.map(|(first, last, _)| Place { node, first, last }).collect())
    }

    /// The mtime that the index recorded for the inode under this name, if it knows that as having this content.
    pub fn mtime_of(&self, name: &Name, hash: ContentHash) -> Result<Option<FileTime>> {
        let of_hash = self.state_of(name)?.filter(|state| state.hash == Some(hash));
        Ok(of_hash.map(|state| state.stored_mtime()))
    }

    /// The number of a snapshot that is on the drive.
    pub fn number_of(&self, snapshot: &str) -> Option<u64> {
        self.numbers.get(snapshot).copied()
    }

    /// What the entry of this name should be; `None` if the index knows of none.
    pub fn state_of(&self, name: &Name) -> Result<Option<State>> {
        let (Some(seq), Some(node)) =
            (self.number_of(&name.snapshot), self.index.node_of(&name.path)?)
        else {
            return Ok(None);
        };
        Ok(self.index.version_at(node, seq)?.map(|(.., state)| state))
    }

    /// The digest of all that should be below the folder of this name; `None` if the index knows of none.
    ///
    /// # Errors
    /// A stop; an index that fails.
    pub fn digest_of(&self, name: &Name, monitor: &Monitor) -> Result<Option<[u8; 32]>> {
        let (Some(seq), Some(node)) =
            (self.number_of(&name.snapshot), self.index.node_of(&name.path)?)
        else {
            return Ok(None);
        };
        let mut open = vec![self.listing(None, node, seq)?];
        while let Some(folder) = open.last_mut() {
            monitor.check_cancelled()?;
            if let Some(child) = folder.folders.pop() {
                let node = child.node;
                open.push(self.listing(Some(child), node, seq)?);
                continue;
            }
            let Some(Listing { own, digest, .. }) = open.pop() else { break };
            let digest = digest.finish();
            let (Some(Child { name, state, .. }), Some(up)) = (own, open.last_mut()) else {
                return Ok(Some(digest));
            };
            let content = Content::Directory(digest);
            up.digest.add(&name, &state.meta, &state.change(), state.xattrs, content);
        }
        Ok(None)
    }

    /// A folder with the digest of all in it but its folders.
    fn listing(&self, own: Option<Child>, node: NodeId, seq: u64) -> Result<Listing> {
        let (mut digest, mut folders) = (DirectoryDigest::default(), Vec::new());
        for child in self.index.children(node, seq)? {
            let state = &child.state;
            if state.meta.kind == Kind::Directory {
                folders.push(child);
            } else {
                let change = state.change();
                digest.add(&child.name, &state.meta, &change, state.xattrs, state.content());
            }
        }
        Ok(Listing { own, digest, folders })
    }

    /// What should be in the folder of this name.
    pub fn children_of(&self, name: &Name) -> Result<Vec<(Vec<u8>, State)>> {
        let (Some(seq), Some(node)) =
            (self.number_of(&name.snapshot), self.index.node_of(&name.path)?)
        else {
            return Ok(Vec::new());
        };
        let children = self.index.children(node, seq)?.into_iter();
        Ok(children.map(|child| (child.name.into_vec(), child.state)).collect())
    }

    /// The names under which something of this kind and content should be: those of the same path first, in the nearest
    /// snapshots, then a few of the others of a file.
    pub fn names_like(&self, name: &Name, state: &State) -> Result<Vec<Name>> {
        let Some(seq) = self.number_of(&name.snapshot) else { return Ok(Vec::new()) };
        let mut near: Vec<&(i64, String)> = self.on_drive.iter().collect();
        near.sort_by_key(|(other, _)| other.abs_diff(seq.cast_signed()));
        let mut names = Vec::new();
        let mut lives = match self.index.node_of(&name.path)? {
            Some(node) => self.index.versions_of(node)?,
            None => Vec::new(),
        };
        lives.retain(|(.., it)| (it.meta.kind, it.hash) == (state.meta.kind, state.hash));
        let is_there =
            |seq: i64| lives.iter().any(|(first, last, _)| (*first..=*last).contains(&seq));
        let there = near.iter().filter(|(seq, _)| is_there(*seq)).take(LIKE_LIMIT);
        names.extend(there.map(|(_, it)| Name { snapshot: it.clone(), path: name.path.clone() }));
        let (Some(hash), Kind::File, 1..) = (state.hash, state.meta.kind, state.meta.size_bytes)
        else {
            return Ok(names);
        };
        for copy in self.index.copies(state.meta.size_bytes, hash, state.meta.mtime)? {
            let Some(folder) = self.index.path_of(copy.parent)? else { continue };
            let path = folder.join(&copy.name);
            if !is_name(&copy.name) || path == name.path {
                continue;
            }
            let range = copy.first..=copy.last;
            let nearest = near.iter().find(|(seq, _)| range.contains(seq));
            names.extend(nearest.map(|(_, it)| Name { snapshot: it.clone(), path }));
        }
        Ok(names)
    }
}
