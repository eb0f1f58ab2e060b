//! One snapshot: its own papers, then its tree, then the digests that its seal vouches for.

use std::collections::HashMap;

use rustix::io::Errno;

use super::choice::Chosen;
use super::entry::Tree;
use super::finding::Fault;
use super::folder::Up;
use super::ledger::Ledger;
use super::locate::{Before, Checked, Search, aspects};
use super::walk::{Task, Walk, Walked};
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result};
use crate::engine::history::{History, SnapshotInfo};
use crate::engine::meta::ContentHash;
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::engine::repository::{Owners, Repository};
use crate::engine::seal::Seal;
use crate::engine::snapshot::Snapshot;

/// Longer than any list of problems.
const LINES_LIMIT_BYTES: u64 = 4 << 30;

/// What the check of one snapshot shares with that of the others.
pub(super) struct Check<'a, 'p> {
    pub repository: &'a Repository,
    pub history: &'a History,
    pub rows: &'a [SnapshotInfo],
    pub ledger: &'a Ledger<'p>,
    pub monitor: &'a Monitor,
}

impl Check<'_, '_> {
    /// Checks a snapshot; `before` is known of the one before, and what is known of this one then is given.
    pub fn snapshot(&self, chosen: &Chosen, before: &Checked) -> Result<Checked> {
        let name = chosen.name.as_str();
        let Some(snapshot) = Snapshot::open(self.repository, name)? else {
            self.papers(name, "it is not a folder".to_owned());
            return Ok(Checked::default());
        };
        let (seal, overrides) = match snapshot.read_seal() {
            Ok(seal) => match snapshot.read_overrides(&seal) {
                Ok(overrides) => (Some(seal), overrides),
                Err(reason) => {
                    self.papers(name, reason);
                    (None, HashMap::new())
                }
            },
            Err(bad) => {
                self.papers(name, bad.to_string());
                (None, HashMap::new())
            }
        };
        let by_seal = self.repository.marker().owners == Owners::Seal;
        let owner = seal.as_ref().filter(|_| by_seal).map(|seal| seal.owner);
        let tree = Tree::new(self.repository, name, overrides, owner, self.monitor)?;
        let files = match snapshot.files() {
            Ok(files) => files,
            Err(errno) => {
                tree.fault_of(errno)?;
                self.papers(name, format!("its files can't be opened: {errno}"));
                return Ok(Checked::default());
            }
        };
        match &seal {
            Some(seal) => {
                self.check_problems(name, &snapshot, seal);
                self.check_tree(&tree, &files, seal, before)
            }
            // Nothing vouches for the tree, but contents vouch for themselves.
            None => {
                let walk = Walk::new(&tree, self.ledger, &before.folders);
                walk.run(vec![Task::Root(Up::Nothing, RelPath::root(), files)])?;
                let Walked { folders, entries, .. } = walk.end();
                Ok(Checked { folders, entries, ..Checked::default() })
            }
        }
    }

    fn check_tree(
        &self,
        tree: &Tree<'_>,
        files: &Dir,
        seal: &Seal,
        before: &Checked,
    ) -> Result<Checked> {
        let sources = seal.sources_apart();
        let walk = Walk::new(tree, self.ledger, &before.folders);
        let mut roots = Vec::new();
        let mut there = Vec::new();
        for (id, path) in sources {
            match files.beneath(&path) {
                Ok(dir) => {
                    let held = dir.duplicate().map_err(|errno| self.failed(errno))?;
                    roots.push(Task::Root(Up::Source(id), path.clone(), dir));
                    there.push((id, path, held));
                }
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => walk.fault(path, Fault::Lost),
                Err(errno) => walk.fault(path, tree.fault_of(errno)?),
            }
        }
        let paths: Vec<&RelPath> = there.iter().map(|(_, path, _)| path).collect();
        check_scaffold(&walk, files, &paths)?;
        walk.run(roots)?;
        let Walked { folders, digests, entries } = walk.end();
        let row = self.rows.iter().find(|row| row.name == tree.snapshot && row.id == seal.id);
        let seq = row.map(|row| row.seq);
        let mut checked = Checked { folders, entries, seq, ..Checked::default() };
        for (id, path, dir) in there {
            if let Some(seq) = seq {
                self.check_top(tree, &path, &dir, seq)?;
            }
            let Some(wanted) = seal.tree.get(&id) else {
                self.papers(&tree.snapshot, format!("its seal has no digest of {path}"));
                continue;
            };
            let found = digests.get(&id).map(|digest| blake3::Hash::from_bytes(*digest).to_hex());
            let is_as_sealed = found.is_some_and(|found| found.as_str() == wanted);
            let faults = match seq {
                _ if is_as_sealed => Vec::new(),
                Some(seq) => {
                    let before = Before::of(before, &id, seq);
                    let (ledger, history, now) = (self.ledger, self.history, &checked.folders);
                    Search { tree, ledger, history, seq, now, before }.locate(&path, dir)?
                }
                None => {
                    self.ledger.add_fault(&tree.snapshot, path, Fault::Below);
                    continue;
                }
            };
            checked.faults.insert(id, faults);
        }
        Ok(checked)
    }

    /// Compares a source's own folder with what the index has of it: it is in no digest.
    fn check_top(&self, tree: &Tree<'_>, path: &RelPath, dir: &Dir, seq: u64) -> Result<()> {
        let Some(wanted) = self.history.ask(|answers| answers.state(path, seq))? else {
            return Ok(());
        };
        let found = dir.stat().and_then(|stat| tree.folder_state(path, dir, &stat));
        let fault = match found {
            Ok(found) => match aspects(&found, &wanted) {
                aspects if aspects.is_empty() => return Ok(()),
                aspects => Fault::Altered(aspects),
            },
            Err(errno) => tree.fault_of(errno)?,
        };
        self.ledger.add_fault(&tree.snapshot, path.clone(), fault);
        Ok(())
    }

    fn check_problems(&self, name: &str, snapshot: &Snapshot, seal: &Seal) {
        let Some(wanted) = &seal.problems else { return };
        match snapshot.dir().read_file(b"problems.jsonl", LINES_LIMIT_BYTES) {
            Ok(bytes) if ContentHash::of(&bytes).to_string() == *wanted => {}
            Ok(_) => self.papers(name, "its problems are not those of the seal".to_owned()),
            Err(errno) => self.papers(name, format!("its problems can't be read: {errno}")),
        }
    }

    fn papers(&self, name: &str, reason: String) {
        self.ledger.add_fault(name, RelPath::root(), Fault::Papers(reason));
    }

    fn failed(&self, errno: Errno) -> Error {
        Error::drive("read", self.repository.path(), errno)
    }
}

/// Notes what lies in the folders above the sources and is no way to one.
fn check_scaffold(walk: &Walk<'_, '_>, files: &Dir, sources: &[&RelPath]) -> Result<()> {
    let mut above: Vec<RelPath> = Vec::new();
    for source in sources {
        let mut path = (*source).clone();
        while !path.is_root() {
            path.pop();
            above.push(path.clone());
        }
    }
    above.sort();
    above.dedup();
    for folder in above {
        let names = match files.beneath(&folder).and_then(|dir| dir.names()) {
            Ok(names) => names,
            Err(errno) => {
                walk.fault(folder, walk.tree.fault_of(errno)?);
                continue;
            }
        };
        for name in names {
            let path = folder.join(&name);
            if !sources.iter().any(|source| source.is_within(&path)) {
                walk.fault(path, Fault::Added);
            }
        }
    }
    Ok(())
}
