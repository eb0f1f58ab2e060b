//! Takes a committed snapshot into the index from its tree alone: names and metadata from the tree and
//! the overrides, hashes from the attributes. No file content is read, and no hash is invented.

use std::collections::HashMap;
use std::path::Path;

use rustix::io::Errno;

use super::spool::{Change, SpoolWriter};
use super::{Child, Index, NodeId, OPEN, ROOT_NODE, SnapshotState, Spool, State};
use crate::engine::census::Found;
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result};
use crate::engine::meta::{ContentHash, Kind, Metadata};
use crate::engine::monitor::Monitor;
use crate::engine::overrides::Override;
use crate::engine::path::RelPath;
use crate::engine::pin::Pin;
use crate::engine::repository::{Owners, Repository};
use crate::engine::seal::{Counts, Owner, Seal};
use crate::engine::snapshot::Snapshot;
use crate::engine::xattr::{self, Xattrs};

/// What came of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// The snapshot is in the index.
    Yes,
    /// It can't be: the text says in English what is wrong with it.
    Damaged(String),
}

/// A directory that is still to be read.
struct Folder {
    path: RelPath,
    dir: Dir,
    node: NodeId,
    is_new: bool,
}

struct Walk<'a> {
    index: &'a Index,
    overrides: HashMap<RelPath, Override>,
    /// Names, by folder, of entries that overrides alone tell of.
    treeless: HashMap<RelPath, Vec<Vec<u8>>>,
    owner: Option<Owner>,
    base: Option<u64>,
    next_node: NodeId,
    /// Folders above sources that are new, by parent and name.
    scaffold: HashMap<(NodeId, Vec<u8>), NodeId>,
    pending: Vec<Folder>,
    counts: Counts,
    total_bytes: u64,
    monitor: &'a Monitor,
    root: &'a Path,
}

/// Reads the tree of the snapshot `name` and adds it to `index`, whose newest snapshot must be older.
///
/// The spool is made in `scratch`, a directory that can be written to.
pub fn import(
    index: &mut Index,
    repository: &Repository,
    found: &Found,
    scratch: &Dir,
    monitor: &Monitor,
) -> Result<Imported> {
    let Found { name, seal, damage } = found;
    let Some(snapshot) = Snapshot::open(repository, name)? else {
        return Ok(Imported::Damaged("it is not a folder".to_owned()));
    };
    let overrides = match snapshot.read_overrides(seal) {
        Ok(overrides) => overrides,
        Err(reason) => return Ok(Imported::Damaged(reason)),
    };
    let root = repository.path().join("snapshots").join(name);
    let failed = |errno| Error::drive("read", &root, errno);
    let files = snapshot.files().map_err(failed)?;
    let spool = Spool::create(scratch).map_err(failed)?;
    let base = index.snapshots()?.last().map(|row| row.seq);
    let by_seal = repository.marker().owners == Owners::Seal;
    let mut walk = Walk {
        next_node: index.next_node()?,
        index,
        treeless: treeless(&overrides),
        overrides,
        owner: by_seal.then_some(seal.owner),
        base,
        scaffold: HashMap::new(),
        pending: Vec::new(),
        counts: Counts::default(),
        total_bytes: 0,
        monitor,
        root: &root,
    };
    let mut writer = spool.writer();
    walk.enter_sources(seal, &files, &mut writer)?;
    while let Some(folder) = walk.pending.pop() {
        monitor.check_cancelled()?;
        walk.read_folder(&folder, &mut writer)?;
    }
    writer.flush().map_err(failed)?;
    drop(writer);
    let pin = Pin::read(snapshot.dir());
    if damage.is_none() {
        index.add_snapshot(seal, name, SnapshotState::Good, &pin, &spool)?;
    } else {
        // Nobody vouches for what an assumed seal says: what there is was counted.
        let mut seal = seal.clone();
        seal.counts = Counts { problems: seal.counts.problems, ..walk.counts };
        seal.bytes.total = walk.total_bytes;
        index.add_snapshot(&seal, name, SnapshotState::Damaged, &pin, &spool)?;
    }
    Ok(Imported::Yes)
}

impl Walk<'_> {
    /// Starts with the sources' own folders, and ends all that lies outside of them.
    fn enter_sources(&mut self, seal: &Seal, files: &Dir, out: &mut SpoolWriter<'_>) -> Result<()> {
        let sources: Vec<RelPath> = seal.sources.iter().filter_map(|s| s.path()).collect();
        let before = match self.base {
            Some(base) => self.index.sources_of(base)?,
            None => Vec::new(),
        };
        for (_, gone) in before.iter().filter(|(_, path)| !sources.contains(path)) {
            if let (Some(node), Some(base)) = (self.index.node_of(gone)?, self.base) {
                if let Some((first, OPEN, _)) = self.index.version_at(node, base)? {
                    self.push(out, Change::End { node, first })?;
                }
                end_below(self.index, node, base, out)?;
            }
        }
        for path in sources {
            let (node, is_new) = self.intern_path(&path, out)?;
            let dir = match files.beneath(&path) {
                Ok(dir) => dir,
                // A hand took it away, or a seal was forged: the rest is worth reading.
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => continue,
                Err(errno) => return Err(self.failed(errno)),
            };
            let stat = dir.stat().map_err(|errno| self.failed(errno))?;
            let Some(stored) = Metadata::from_statx(&stat) else { continue };
            let attributes = Xattrs::read(&dir).map_err(|errno| self.failed(errno))?;
            let state = self.state(&path, stored, &attributes, None);
            let before = match self.base.filter(|_| !is_new) {
                Some(base) => self.index.version_at(node, base)?,
                None => None,
            };
            self.count(&state);
            self.compare(node, before, state, out)?;
            self.pending.push(Folder { path, dir, node, is_new });
        }
        Ok(())
    }

    fn read_folder(&mut self, folder: &Folder, out: &mut SpoolWriter<'_>) -> Result<()> {
        let before = match self.base.filter(|_| !folder.is_new) {
            Some(base) => self.index.children(folder.node, base)?,
            None => Vec::new(),
        };
        let mut before: HashMap<Vec<u8>, Child> =
            before.into_iter().map(|child| (child.name.clone(), child)).collect();
        let failed = |errno| Error::drive("read", self.root, errno);
        let mut names = folder.dir.names().map_err(failed)?;
        names.extend(self.treeless.remove(&folder.path).unwrap_or_default());
        names.sort_unstable();
        names.dedup();
        for name in names {
            let path = folder.path.join(&name);
            let Some((state, dir)) = self.read_entry(folder, &name, &path)? else { continue };
            self.monitor.add_entries(1);
            self.count(&state);
            let known = before.remove(&name);
            let (node, is_new) = match &known {
                Some(child) => (child.node, false),
                None => self.intern(folder.node, folder.is_new, &name, out)?,
            };
            let was_directory =
                known.as_ref().is_some_and(|c| c.state.meta.kind == Kind::Directory);
            self.compare(
                node,
                known.map(|child| (child.first, child.last, child.state)),
                state,
                out,
            )?;
            match dir {
                Some(dir) => self.pending.push(Folder { path, dir, node, is_new }),
                None if was_directory => self.end_below(node, out)?,
                None => {}
            }
        }
        for child in before.into_values() {
            if child.last == OPEN {
                self.push(out, Change::End { node: child.node, first: child.first })?;
            }
            if child.state.meta.kind == Kind::Directory {
                self.end_below(child.node, out)?;
            }
        }
        Ok(())
    }

    fn read_entry(
        &self,
        folder: &Folder,
        name: &[u8],
        path: &RelPath,
    ) -> Result<Option<(State, Option<Dir>)>> {
        let failed = |errno| self.failed(errno);
        let stat = match folder.dir.stat_child(name) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => {
                let nothing = Metadata {
                    kind: Kind::File,
                    mode: 0,
                    uid: 0,
                    gid: 0,
                    size_bytes: 0,
                    mtime: Default::default(),
                    device: (0, 0),
                };
                return Ok(Some((self.state(path, nothing, &Xattrs::default(), None), None)));
            }
            Err(errno) => return Err(failed(errno)),
        };
        let Some(stored) = Metadata::from_statx(&stat) else { return Ok(None) };
        Ok(Some(match stored.kind {
            Kind::Directory => {
                let dir = folder.dir.child(name).map_err(failed)?;
                let attributes = Xattrs::read(&dir).map_err(failed)?;
                (self.state(path, stored, &attributes, None), Some(dir))
            }
            Kind::File => {
                let (file, _) = folder.dir.open_file(name).map_err(failed)?;
                let attributes = Xattrs::read(&file).map_err(failed)?;
                let hash = xattr::read_hash(&file).map_err(failed)?;
                (self.state(path, stored, &attributes, hash), None)
            }
            Kind::Symlink => {
                let target = folder.dir.read_link(name).map_err(failed)?;
                let hash = Some(ContentHash::of(&target));
                (self.state(path, stored, &Xattrs::default(), hash), None)
            }
            // Nothing that Yore writes: a hand put it there.
            _ => return Ok(None),
        }))
    }

    fn state(
        &self,
        path: &RelPath,
        stored: Metadata,
        attributes: &Xattrs,
        hash: Option<ContentHash>,
    ) -> State {
        let mut meta = stored;
        if let Some(owner) = self.owner {
            meta.uid = owner.uid;
            meta.gid = owner.gid;
        }
        let change = self.overrides.get(path);
        let mut xattrs = attributes.digest();
        if let Some(change) = change {
            change.apply_to(&mut meta);
            if let Some(said) = change.xattrs() {
                xattrs = said.digest();
            }
        }
        State {
            stored_mtime: (stored.mtime != meta.mtime && !meta.kind.is_special())
                .then_some(stored.mtime),
            meta,
            hash,
            xattrs,
            fingerprint: None,
            override_text: change.and_then(Override::to_text),
        }
    }

    fn count(&mut self, state: &State) {
        let counts = &mut self.counts;
        match state.meta.kind {
            Kind::Directory => counts.directories += 1,
            Kind::Symlink => counts.symlinks += 1,
            Kind::Fifo | Kind::Socket | Kind::Block | Kind::Character => counts.special += 1,
            Kind::File => {
                counts.files += 1;
                self.total_bytes = self.total_bytes.saturating_add(state.meta.size_bytes);
            }
        }
    }

    fn compare(
        &self,
        node: NodeId,
        before: Option<(i64, i64, State)>,
        state: State,
        out: &mut SpoolWriter<'_>,
    ) -> Result<()> {
        match before {
            Some((_, OPEN, known)) if known.is_same_version(&state) => Ok(()),
            Some((first, OPEN, known)) => {
                // What the source looked like is still true of the same content.
                let same_content = known.hash.is_some() && known.hash == state.hash;
                let fingerprint = known.fingerprint.filter(|_| same_content);
                let state = State { fingerprint, ..state };
                self.push(out, Change::Begin { node, replaces: Some(first), state })
            }
            _ => self.push(out, Change::Begin { node, replaces: None, state }),
        }
    }

    fn intern_path(&mut self, path: &RelPath, out: &mut SpoolWriter<'_>) -> Result<(NodeId, bool)> {
        let (mut node, mut is_new) = (ROOT_NODE, false);
        for name in path.components() {
            // The index doesn't know yet what another source has made above itself.
            let key = (node, name.to_vec());
            if let Some(made) = self.scaffold.get(&key) {
                (node, is_new) = (*made, true);
                continue;
            }
            (node, is_new) = self.intern(node, is_new, name, out)?;
            if is_new {
                self.scaffold.insert(key, node);
            }
        }
        Ok((node, is_new))
    }

    fn intern(
        &mut self,
        parent: NodeId,
        parent_is_new: bool,
        name: &[u8],
        out: &mut SpoolWriter<'_>,
    ) -> Result<(NodeId, bool)> {
        if !parent_is_new && let Some(node) = self.index.child_node(parent, name)? {
            return Ok((node, false));
        }
        let id = self.next_node;
        self.next_node += 1;
        self.push(out, Change::Node { id, parent, name })?;
        Ok((id, true))
    }

    fn end_below(&self, node: NodeId, out: &mut SpoolWriter<'_>) -> Result<()> {
        match self.base {
            Some(base) => end_below(self.index, node, base, out),
            None => Ok(()),
        }
    }

    fn push(&self, out: &mut SpoolWriter<'_>, change: Change<'_>) -> Result<()> {
        out.push(change).map_err(|errno| self.failed(errno))
    }

    fn failed(&self, errno: Errno) -> Error {
        Error::drive("read", self.root, errno)
    }
}

fn treeless(overrides: &HashMap<RelPath, Override>) -> HashMap<RelPath, Vec<Vec<u8>>> {
    let mut names: HashMap<RelPath, Vec<Vec<u8>>> = HashMap::new();
    for (path, change) in overrides {
        if (change.special.is_some() || change.absent)
            && let (Some(parent), Some(name)) = (path.parent(), path.name())
        {
            names.entry(parent).or_default().push(name.to_vec());
        }
    }
    names
}

/// Ends every version below the folder `node` that held in the snapshot `base` and still does.
pub(crate) fn end_below(
    index: &Index,
    node: NodeId,
    base: u64,
    out: &mut SpoolWriter<'_>,
) -> Result<()> {
    let mut folders = vec![node];
    while let Some(folder) = folders.pop() {
        for child in index.children(folder, base)? {
            if child.last == OPEN {
                out.push(Change::End { node: child.node, first: child.first })
                    .map_err(|errno| Error::drive("note changes for", index.path(), errno))?;
            }
            if child.state.meta.kind == Kind::Directory {
                folders.push(child.node);
            }
        }
    }
    Ok(())
}
