//! Finds what is lost, added or altered in a source whose digest isn't the sealed one, by what the index has of it.

use std::collections::BTreeMap;

use super::entry::{Stored, Tree};
use super::finding::{Aspect, Fault};
use super::folder::Leaf;
use super::ledger::Ledger;
use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::history::History;
use crate::engine::index::State;
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;

/// Notes all that differs below the source `path` from the snapshot `seq` of the index, or the source itself if nothing
/// does: then the index differs from the seal, too.
pub(super) fn locate(
    tree: &Tree<'_>,
    ledger: &Ledger<'_>,
    history: &History,
    seq: Option<u64>,
    (path, dir): (&RelPath, Dir),
) -> Result<()> {
    let mut count = 0_u64;
    let mut fault = |path: RelPath, fault: Fault| {
        ledger.add_fault(&tree.snapshot, path, fault);
        count += 1;
    };
    let mut folders = match seq {
        Some(_) => vec![(path.clone(), dir)],
        None => Vec::new(),
    };
    while let (Some((path, dir)), Some(seq)) = (folders.pop(), seq) {
        tree.monitor.check_cancelled()?;
        let listed = match tree.list(&path, &dir) {
            Ok(listed) => listed,
            Err(errno) => {
                fault(path, tree.fault_of(errno)?);
                continue;
            }
        };
        let known = history.ask(|answers| answers.states(&path, seq))?;
        let mut known: BTreeMap<_, _> = known.into_iter().collect();
        for listed in listed {
            let (at, wanted) = (path.join(&listed.name), known.remove(&listed.name).flatten());
            let leaf = Leaf { name: listed.name, inode: listed.inode, kind: listed.kind };
            match compare(tree, &at, &dir, &leaf, wanted.as_ref()) {
                Ok(Compared { fault: found, folder }) => {
                    found.into_iter().for_each(|found| fault(at.clone(), found));
                    folders.extend(folder.map(|folder| (at, folder)));
                }
                Err(errno) => fault(at, tree.fault_of(errno)?),
            }
        }
        for name in known.into_keys() {
            fault(path.join(&name), Fault::Lost);
        }
    }
    if count == 0 {
        ledger.add_fault(&tree.snapshot, path.clone(), Fault::Below);
    }
    Ok(())
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

/// In what an entry isn't as it was.
fn aspects(found: &State, wanted: &State) -> Vec<Aspect> {
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
