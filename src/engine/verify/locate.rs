//! Finds what is lost, added or altered in a source whose digest isn't the sealed one, by what the index has of it.

use std::collections::{BTreeMap, HashMap};

use rustix::io::Errno;
use uuid::Uuid;

use super::entry::{Stored, Tree};
use super::finding::{Aspect, Fault};
use super::folder::{KnownFolders, Leaf};
use super::ledger::Ledger;
use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::history::History;
use crate::engine::index::State;
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;

/// What is known of a snapshot that was checked.
#[derive(Default)]
pub(super) struct Checked {
    pub folders: KnownFolders,
    pub entries: u64,
    /// Its number, if the index knows it.
    pub seq: Option<u64>,
    /// What differs from the index in each source, as far as that was looked for.
    pub faults: HashMap<Uuid, Vec<(RelPath, Fault)>>,
}

/// One source of the snapshot before.
pub(super) struct Before<'a> {
    seq: u64,
    folders: &'a KnownFolders,
    faults: &'a [(RelPath, Fault)],
}

impl<'a> Before<'a> {
    /// What is known of the source `id` of a snapshot older than `seq`.
    pub fn of(checked: &'a Checked, id: &Uuid, seq: u64) -> Option<Self> {
        let earlier = checked.seq.filter(|earlier| *earlier < seq)?;
        let faults = checked.faults.get(id)?;
        Some(Self { seq: earlier, folders: &checked.folders, faults })
    }
}

/// Looks for what differs from the snapshot `seq` of the index.
pub(super) struct Search<'a, 'p> {
    pub tree: &'a Tree<'a>,
    pub ledger: &'a Ledger<'p>,
    pub history: &'a History,
    pub seq: u64,
    /// The folders of this snapshot.
    pub now: &'a KnownFolders,
    pub before: Option<Before<'a>>,
}

impl Search<'_, '_> {
    /// Notes all that differs below the source `path`, or the source itself if nothing does: then the index differs from
    /// the seal, too. Folders that are as they were in the snapshot before, on the drive and in the index, are not looked
    /// into again: what was found in them is said of this snapshot, too.
    pub fn locate(&self, path: &RelPath, dir: Dir) -> Result<Vec<(RelPath, Fault)>> {
        let mut faults = Vec::new();
        let mut folders = vec![(path.clone(), dir)];
        while let Some((path, dir)) = folders.pop() {
            self.tree.monitor.check_cancelled()?;
            match self.as_before(&path)? {
                Some(known) => faults.extend(known),
                None => self.look_into(&path, &dir, &mut faults, &mut folders)?,
            }
        }
        for (path, fault) in &faults {
            if matches!(fault, Fault::Altered(_)) {
                self.ledger.drop_unreadable(&self.tree.snapshot, path);
            }
            self.ledger.add_fault(&self.tree.snapshot, path.clone(), fault.clone());
        }
        if faults.is_empty() {
            self.ledger.add_fault(&self.tree.snapshot, path.clone(), Fault::Below);
        }
        Ok(faults)
    }

    /// What was found below a folder in the snapshot before, if that is what would be found now.
    fn as_before(&self, path: &RelPath) -> Result<Option<Vec<(RelPath, Fault)>>> {
        let Some(before) = &self.before else { return Ok(None) };
        let mark = |folders: &KnownFolders| folders.get(path).map(|known| known.whole);
        let now = mark(self.now);
        if now.is_none() || now != mark(before.folders) {
            return Ok(None);
        }
        let differs = self.history.ask(|answers| match answers.0.node_of(path)? {
            Some(node) => answers.0.differs_below(node, before.seq, self.seq),
            None => Ok(false),
        })?;
        let is_below = |(at, _): &&(RelPath, Fault)| at != path && at.is_within(path);
        Ok((!differs).then(|| before.faults.iter().filter(is_below).cloned().collect()))
    }

    /// Compares what is in one folder; `folders` gets those in it.
    fn look_into(
        &self,
        path: &RelPath,
        dir: &Dir,
        faults: &mut Vec<(RelPath, Fault)>,
        folders: &mut Vec<(RelPath, Dir)>,
    ) -> Result<()> {
        let tree = self.tree;
        let listed = match tree.list(path, dir) {
            Ok(listed) => listed,
            Err(errno) => {
                faults.push((path.clone(), tree.fault_of(errno)?));
                return Ok(());
            }
        };
        let known = self.history.ask(|answers| answers.states(path, self.seq))?;
        let mut known: BTreeMap<_, _> = known.into_iter().collect();
        for listed in listed {
            let (at, wanted) =
                (path.join(&listed.name), known.remove(listed.name.as_slice()).flatten());
            let leaf = Leaf { name: listed.name, inode: listed.inode, kind: listed.kind };
            match compare(tree, &at, dir, &leaf, wanted.as_ref()) {
                Ok(Compared { fault, folder }) => {
                    folders.extend(folder.map(|folder| (at.clone(), folder)));
                    faults.extend(fault.map(|fault| (at, fault)));
                }
                Err(errno) => {
                    let shut = (errno == Errno::ACCESS)
                        .then(|| shut_out(tree, &at, dir, wanted.as_ref()))
                        .flatten();
                    let fault = match shut {
                        Some(fault) => fault,
                        None => tree.fault_of(errno)?,
                    };
                    // A damaged file is told of as one.
                    if !self.ledger.is_suspect(leaf.inode) {
                        faults.push((at, fault));
                    }
                }
            }
        }
        faults.extend(known.into_keys().map(|name| (path.join(&name), Fault::Lost)));
        Ok(())
    }
}

/// What came of comparing one entry.
struct Compared {
    fault: Option<Fault>,
    /// A folder that goes on.
    folder: Option<Dir>,
}

fn compare(
    tree: &Tree<'_>,
    path: &RelPath,
    dir: &Dir,
    leaf: &Leaf,
    wanted: Option<&State>,
) -> rustix::io::Result<Compared> {
    let kind = match leaf.kind {
        None if leaf.inode != 0 => Kind::from_mode(dir.stat_child(&leaf.name)?.stx_mode.into()),
        kind => kind,
    };
    let (state, folder) = if kind == Some(Kind::Directory) {
        let child = dir.child(&leaf.name)?;
        let stat = child.stat()?;
        if !tree.is_own(&stat) {
            return Ok(Compared { fault: Some(Fault::Mounted), folder: None });
        }
        (Some(tree.folder_state(path, &child, &stat)?), Some(child))
    } else {
        let leaf = Leaf { name: leaf.name.clone(), inode: leaf.inode, kind };
        let state = match tree.look(path, dir, &leaf)? {
            Stored::File(file, stat) => Some(tree.file_state(path, &file, &stat)?),
            Stored::Other(state) => Some(state),
            Stored::Foreign => None,
        };
        (state, None)
    };
    let fault = match (&state, wanted) {
        (None, _) | (_, None) => Some(Fault::Added),
        (Some(found), Some(wanted)) => {
            let aspects = aspects(found, wanted);
            (!aspects.is_empty()).then_some(Fault::Altered(aspects))
        }
    };
    // All below what was added was added with it.
    let goes_on = wanted.is_some_and(|wanted| wanted.meta.kind == Kind::Directory);
    Ok(Compared { fault, folder: folder.filter(|_| goes_on) })
}

/// What is wrong with an entry that its mode shuts its owner out of, if it was not so when it was sealed.
fn shut_out(tree: &Tree<'_>, path: &RelPath, dir: &Dir, wanted: Option<&State>) -> Option<Fault> {
    let wanted = wanted?.meta;
    let found = tree.meta_of(path, &dir.stat_child(path.name()?).ok()?)?;
    let is_shut = found.kind == wanted.kind && found.mode != wanted.mode;
    is_shut.then(|| Fault::Altered(vec![Aspect::Mode]))
}

/// In what an entry isn't as it was.
pub(super) fn aspects(found: &State, wanted: &State) -> Vec<Aspect> {
    if found.meta.kind != wanted.meta.kind {
        return vec![Aspect::Kind];
    }
    let (mine, theirs) = (&found.meta, &wanted.meta);
    let (change, wanted_change) = (found.change(), wanted.change());
    let content = if mine.kind == Kind::Symlink { Aspect::Target } else { Aspect::Hash };
    let said = (change.flags, change.link_group, mine.device);
    let differs = [
        (mine.mode != theirs.mode, Aspect::Mode),
        ((mine.uid, mine.gid) != (theirs.uid, theirs.gid), Aspect::Owner),
        (mine.mtime != theirs.mtime, Aspect::Time),
        (found.xattrs != wanted.xattrs, Aspect::Attributes),
        (found.hash != wanted.hash, content),
        (said != (wanted_change.flags, wanted_change.link_group, theirs.device), Aspect::Override),
    ];
    differs.into_iter().filter(|(differs, _)| *differs).map(|(_, aspect)| aspect).collect()
}
