//! A fire drill: files chosen by chance, and a folder, are restored to a place of their own and looked at.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::chance::Chance;
use crate::engine::copy::{BUFFER_BYTES, CopyError, hash_file};
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result};
use crate::engine::history::{Entry, History, SnapshotInfo, SnapshotState};
use crate::engine::index::{NodeId, ROOT_NODE};
use crate::engine::meta::{Kind, Metadata};
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::engine::remove::remove_tree;
use crate::engine::restore::{Journals, RestoreRequest, Target, apply, plan_restore};
use crate::engine::xattr::Labels;

/// How many more are tried for each file that is wanted: some are too large, or in no good snapshot.
const TRIES: usize = 20;

/// The largest folder that is restored.
const FOLDER_ENTRIES: u64 = 10_000;

/// The most that a drill writes at once; a quarter of what is free, if that is less.
const LIMIT_BYTES: u64 = 1 << 30;

/// Bits that come back without privileges.
const MODE: u32 = 0o777;

/// Why something did not come back as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrillProblem {
    /// It was not restored.
    Missing,
    /// It is something else.
    Kind,
    /// Its content is another one.
    Content,
    /// Its permissions are others.
    Mode,
    /// Its modification time is another one.
    Time,
}

/// One file, or entry of the folder, that did not come back as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillFailure {
    /// The snapshot's name.
    pub snapshot: String,
    /// The path in it.
    pub path: RelPath,
    /// What is wrong.
    pub problem: DrillProblem,
}

/// What came of a drill.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DrillReport {
    /// How many files were chosen.
    pub files: u64,
    /// How many of them came back as they were.
    pub came_back: u64,
    /// The folder that was chosen, if there was one, and whether it came back with all in it.
    pub folder: Option<(RelPath, bool)>,
    /// What did not.
    pub failures: Vec<DrillFailure>,
}

impl DrillReport {
    /// Whether all came back, and there was anything to try.
    pub fn is_good(&self) -> bool {
        self.failures.is_empty() && !self.is_empty()
    }

    /// Whether there was nothing to try.
    pub fn is_empty(&self) -> bool {
        self.files == 0 && self.folder.is_none()
    }
}

/// Something to be restored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Pick {
    path: RelPath,
    at: u64,
}

/// Restores up to `wanted` files, chosen by chance from all good snapshots, and a folder, into the private folder
/// `place`, which is empty and stays so, and compares them with what the index has of them.
///
/// # Errors
/// There is no good snapshot, the drive is gone, or a stop.
pub fn drill(
    history: &History,
    place: &Path,
    wanted: u64,
    monitor: &Monitor,
) -> Result<DrillReport> {
    let mut good = history.snapshots()?;
    good.retain(|row| row.state == SnapshotState::Good);
    if good.is_empty() {
        return Err(Error::NoSnapshots);
    }
    let mut drill = Drill { history, place, good, chance: Chance::new(), monitor };
    let mut report = DrillReport::default();
    let mut picked = BTreeSet::new();
    for _ in 0..usize::try_from(wanted).unwrap_or(0).saturating_mul(TRIES) {
        if report.files == wanted {
            break;
        }
        let Some(pick) = drill.pick()? else { break };
        if !picked.insert(pick.clone()) {
            continue;
        }
        if let Some(failures) = drill.restore(&pick, u64::MAX)? {
            report.files += 1;
            report.came_back += u64::from(failures.is_empty());
            report.failures.extend(failures);
        }
    }
    for _ in 0..TRIES {
        let Some(Pick { path, at }) = drill.pick()? else { break };
        let Some(path) = path.parent().filter(|path| !path.is_root()) else { continue };
        let pick = Pick { path, at };
        if drill.entries_below(&pick)? > FOLDER_ENTRIES {
            continue;
        }
        if let Some(failures) = drill.restore(&pick, FOLDER_ENTRIES)? {
            report.folder = Some((pick.path, failures.is_empty()));
            report.failures.extend(failures);
            break;
        }
    }
    Ok(report)
}

/// Numbers of the snapshots from which and to which contents were stored.
type Lives = Vec<(i64, i64)>;

struct Drill<'a> {
    history: &'a History,
    place: &'a Path,
    good: Vec<SnapshotInfo>,
    chance: Chance,
    monitor: &'a Monitor,
}

impl Drill<'_> {
    /// A file in one of the snapshots that have it; `None` if there is none at all.
    fn pick(&mut self) -> Result<Option<Pick>> {
        for _ in 0..TRIES {
            self.monitor.check_cancelled()?;
            let number = self.chance.number();
            let Some((path, states)) = self.any_file(number)? else { return Ok(None) };
            let seqs: Vec<u64> = self.good.iter().map(|row| row.seq).collect();
            let has = |seq: &u64| {
                let seq = seq.cast_signed();
                states.iter().any(|(first, last)| *first <= seq && seq <= *last)
            };
            let seqs: Vec<u64> = seqs.into_iter().filter(has).collect();
            if let Some(at) = self.chance.one_of(&seqs) {
                return Ok(Some(Pick { path, at: *at }));
            }
        }
        Ok(None)
    }

    /// A path, and the numbers of the snapshots from which and to which a content is stored under it.
    fn any_file(&self, number: u64) -> Result<Option<(RelPath, Lives)>> {
        self.history.ask(|answers| {
            let index = answers.0;
            let end = index.next_node()?.cast_unsigned().max(1);
            let from = NodeId::try_from(number % end).unwrap_or(ROOT_NODE);
            let node = match index.file_from(from)? {
                Some(node) => node,
                None => match index.file_from(ROOT_NODE)? {
                    Some(node) => node,
                    None => return Ok(None),
                },
            };
            let versions = index.versions_of(node)?.into_iter();
            let stored = versions.filter(|(_, _, state)| {
                state.meta.kind == Kind::File && state.hash.is_some() && !state.change().absent
            });
            let states = stored.map(|(first, last, _)| (first, last)).collect();
            Ok(index.path_of(node)?.map(|path| (path, states)))
        })
    }

    /// How many entries the folder had, as the index counted them: a plan of all of them would take long.
    fn entries_below(&self, pick: &Pick) -> Result<u64> {
        self.history.ask(|answers| match answers.0.node_of(&pick.path)? {
            Some(node) => Ok(answers.0.sum_folder(node, pick.at, pick.at)?.entries()),
            None => Ok(0),
        })
    }

    /// Restores one, compares it, and removes it again; `None` if it is too large.
    fn restore(&self, pick: &Pick, most_entries: u64) -> Result<Option<Vec<DrillFailure>>> {
        let to = self.place.join("drill");
        let asked = RestoreRequest::of(pick.at, [pick.path.clone()]);
        let target = Target::Folder(to.clone());
        let request = RestoreRequest { target, own_copies: true, ..asked };
        let plan = plan_restore(self.history, &request, self.monitor)?;
        let limit = plan.free_bytes.map_or(LIMIT_BYTES, |free| LIMIT_BYTES.min(free / 4));
        if plan.bytes > limit || plan.entries > most_entries {
            return Ok(None);
        }
        let journals = Journals::new(self.place.join("journals"));
        let restored = apply(self.history, &plan, &journals, self.monitor);
        let compared = restored.and_then(|_| {
            let name = pick.path.name().unwrap_or_default();
            self.compare(pick, &to.join(OsStr::from_bytes(name)))
        });
        self.tidy()?;
        compared.map(Some)
    }

    /// Empties the place.
    fn tidy(&self) -> Result<()> {
        let failed = |errno| Error::io("tidy up", self.place, errno);
        let dir = Dir::open(self.place).map_err(failed)?;
        for entry in dir.entries().map_err(failed)? {
            remove_tree(&dir, &entry.name).map_err(failed)?;
        }
        Ok(())
    }

    /// What of `pick`, which was restored to `to`, is not as it was.
    fn compare(&self, pick: &Pick, to: &Path) -> Result<Vec<DrillFailure>> {
        let mut failures = Vec::new();
        let row = self.good.iter().find(|row| row.seq == pick.at);
        let snapshot = row.map(|row| row.name.clone()).unwrap_or_default();
        let wanted = self.history.existing(&pick.path, pick.at)?;
        let mut waiting: Vec<(RelPath, PathBuf, Entry)> =
            vec![(pick.path.clone(), to.to_owned(), wanted)];
        while let Some((path, at, wanted)) = waiting.pop() {
            self.monitor.check_cancelled()?;
            let problem = self.problem(&at, &wanted)?;
            failures.extend(problem.map(|problem| DrillFailure {
                snapshot: snapshot.clone(),
                path: path.clone(),
                problem,
            }));
            if wanted.kind == Kind::Directory && problem != Some(DrillProblem::Missing) {
                for child in self.history.list(&path, pick.at)? {
                    if !child.absent && !child.kind.is_special() {
                        let name = OsStr::from_bytes(&child.name);
                        waiting.push((path.join(&child.name), at.join(name), child));
                    }
                }
            }
        }
        failures.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(failures)
    }

    fn problem(&self, at: &Path, wanted: &Entry) -> Result<Option<DrillProblem>> {
        let (Some(parent), Some(name)) = (at.parent(), at.file_name()) else { return Ok(None) };
        let found = Dir::open(parent).and_then(|dir| Ok((dir.stat_child(name.as_bytes())?, dir)));
        let Ok((stat, dir)) = found else { return Ok(Some(DrillProblem::Missing)) };
        let meta = Metadata::from_statx(&stat);
        let Some(meta) = meta.filter(|meta| meta.kind == wanted.kind) else {
            return Ok(Some(DrillProblem::Kind));
        };
        if meta.kind == Kind::File {
            let mut buffer = vec![0; BUFFER_BYTES];
            let name = name.as_bytes();
            let read = hash_file(&dir, name, &mut buffer, Labels::Leave, self.monitor);
            match read {
                Err(CopyError::Cancelled) => return Err(Error::Cancelled),
                Ok(read) if wanted.hash.is_none_or(|hash| hash == read.hash) => {}
                Ok(_) | Err(_) => return Ok(Some(DrillProblem::Content)),
            }
        }
        let has_mode = meta.kind == Kind::Symlink || meta.mode & MODE == wanted.mode & MODE;
        Ok(match (has_mode, meta.mtime == wanted.mtime) {
            (false, _) => Some(DrillProblem::Mode),
            (true, false) => Some(DrillProblem::Time),
            (true, true) => None,
        })
    }
}
