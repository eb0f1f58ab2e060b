//! What a first backup would store: a quick walk of the sources, by the rules, that reads no content. It also finds what
//! is worth a thought before: the largest things, and those that change all the time. Reads only.

use std::collections::HashSet;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use rustix::fs::Statx;

use super::backup::{ENTRY_COST_BYTES, allocated_bytes, keep, on_the_way};
use super::dir::Dir;
use super::error::{Context as _, Result};
use super::meta::{Kind, Metadata};
use super::monitor::{Monitor, Phase};
use super::path::{EntryName, RelPath};
use super::repository::is_repository;
use super::rules::{FolderMarks, Rules, Why};

/// So many things are worth a thought; more would be a list that nobody reads.
pub const THINGS: usize = 10;

/// Nobody has to think about less.
const LEAST_BYTES: u64 = 16 << 20;

/// And not about less than this part of everything, as a divisor.
const LEAST_PART: u64 = 100;

/// What was changed within this time is likely to change again.
pub const LATELY: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A week's changes count so many times: they are stored anew again and again.
const BUSY_TIMES: u64 = 10;

/// A folder of which a single child holds more than this part, in tenths, isn't named: the child is.
const CHILD_TENTHS: u64 = 6;

/// So many candidates are kept at most while more may come.
const CANDIDATES: usize = 512;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// Everything in the sources.
    pub all: Sum,
    /// Folders that could not be read.
    pub unreadable: u64,
    /// What is worth a thought, the weightiest first; none of them lies in another.
    pub things: Vec<Thing>,
}

/// Entries counted together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// Entries of every kind.
    pub entries: u64,
    /// Bytes that their content takes, holes left out.
    pub bytes: u64,
    /// Of these, bytes of files that were changed within [`LATELY`].
    pub lately_bytes: u64,
}

/// Something that could be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thing {
    /// Where it is.
    pub path: RelPath,
    /// It is a folder, with all in it.
    pub is_folder: bool,
    /// How much it is.
    pub sum: Sum,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.entries = self.entries.saturating_add(other.entries);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.lately_bytes = self.lately_bytes.saturating_add(other.lately_bytes);
    }

    /// The same without what is left out of it.
    pub fn without(self, other: Self) -> Self {
        Self {
            entries: self.entries.saturating_sub(other.entries),
            bytes: self.bytes.saturating_sub(other.bytes),
            lately_bytes: self.lately_bytes.saturating_sub(other.lately_bytes),
        }
    }

    /// Bytes that it takes on a drive, each entry's own share with it.
    pub fn needed_bytes(self) -> u64 {
        self.bytes.saturating_add(self.entries.saturating_mul(ENTRY_COST_BYTES))
    }

    /// Whether much of it is stored anew again and again.
    pub fn is_busy(self) -> bool {
        self.lately_bytes >= LEAST_BYTES.min(self.bytes / 2).max(1)
    }

    fn weight(self) -> u64 {
        self.bytes.saturating_add(self.lately_bytes.saturating_mul(BUSY_TIMES))
    }
}

/// Counts what is in `sources` by `rules`. The monitor's counters go up all the while.
///
/// # Errors
/// A source that can't be opened, or a stop.
pub fn survey(
    sources: &[PathBuf],
    rules: &Rules,
    now: Timestamp,
    monitor: &Monitor,
) -> Result<Survey> {
    monitor.enter(Phase::Measuring);
    let since = now.checked_sub(LATELY).unwrap_or(Timestamp::MIN).as_second();
    let mut walk =
        Walk { rules, since, monitor, mount: 0, several: HashSet::new(), found: Survey::default() };
    for source in sources {
        let dir = Dir::open(source).context("open", source)?;
        walk.mount = dir.stat().context("open", source)?.stx_mnt_id;
        let path = RelPath::from_absolute(source)?;
        walk.source(Level::new(dir, path, None))?;
    }
    let mut found = walk.found;
    found.things = weightiest(found.things, found.all.bytes / LEAST_PART);
    Ok(found)
}

struct Walk<'a> {
    rules: &'a Rules,
    /// Second after which a change is a late one.
    since: i64,
    monitor: &'a Monitor,
    /// What the source is mounted as: other file systems are not entered.
    mount: u64,
    /// Files with several names, each of which is stored once.
    several: HashSet<(u32, u32, u64)>,
    found: Survey,
}

/// A folder that is being walked.
struct Level {
    dir: Dir,
    path: RelPath,
    left_out: Option<Why>,
    marks: FolderMarks,
    waiting: std::vec::IntoIter<EntryName>,
    sum: Sum,
    largest_child: u64,
}

impl Level {
    fn new(dir: Dir, path: RelPath, left_out: Option<Why>) -> Self {
        Self {
            dir,
            path,
            left_out,
            marks: FolderMarks::default(),
            waiting: Vec::new().into_iter(),
            sum: Sum { entries: 1, ..Sum::default() },
            largest_child: 0,
        }
    }

    fn take(&mut self, child: Sum) {
        self.sum.add(child);
        self.largest_child = self.largest_child.max(child.weight());
    }
}

impl Walk<'_> {
    /// Walks a source, with the folders above the current one on a stack: none is too deep.
    fn source(&mut self, mut root: Level) -> Result<()> {
        self.list(&mut root);
        let mut above = Vec::new();
        let mut at = root;
        loop {
            self.monitor.check_cancelled()?;
            match at.waiting.next() {
                Some(name) => {
                    if let Some(below) = self.entry(&mut at, &name) {
                        above.push(std::mem::replace(&mut at, below));
                    }
                }
                None => {
                    let Some(parent) = above.pop() else { break };
                    let done = std::mem::replace(&mut at, parent);
                    at.take(done.sum);
                    let is_one_childs = done.largest_child.saturating_mul(10)
                        > done.sum.weight().saturating_mul(CHILD_TENTHS);
                    if !is_one_childs {
                        self.propose(Thing { path: done.path, is_folder: true, sum: done.sum });
                    }
                }
            }
        }
        self.found.all.add(at.sum);
        Ok(())
    }

    /// Reads a folder's names; one that can't be read is counted and has none.
    fn list(&mut self, level: &mut Level) {
        let Ok(mut names) = level.dir.names() else {
            self.found.unreadable += 1;
            return;
        };
        if is_repository(&level.dir, &names) {
            return;
        }
        let left_out = level.left_out.take();
        level.marks = keep(self.rules, &level.dir, &level.path, left_out, &mut names);
        level.waiting = names.into_iter();
    }

    /// Counts an entry, or goes into it.
    fn entry(&mut self, at: &mut Level, name: &[u8]) -> Option<Level> {
        let stat = at.dir.stat_child(name).ok()?;
        let meta = Metadata::from_statx(&stat)?;
        self.monitor.add_entries(1);
        let path = at.path.join(name);
        if meta.kind == Kind::Directory && stat.stx_mnt_id == self.mount {
            let Ok(dir) = at.dir.child(name) else {
                self.found.unreadable += 1;
                return None;
            };
            let left_out = on_the_way(self.rules, &path, &at.marks);
            let mut below = Level::new(dir, path, left_out);
            self.list(&mut below);
            return Some(below);
        }
        let sum = self.file(&stat, &meta);
        at.take(sum);
        if sum.bytes > 0 {
            self.propose(Thing { path, is_folder: false, sum });
        }
        None
    }

    fn file(&mut self, stat: &Statx, meta: &Metadata) -> Sum {
        let mut sum = Sum { entries: 1, ..Sum::default() };
        let inode = (stat.stx_dev_major, stat.stx_dev_minor, stat.stx_ino);
        let is_first = stat.stx_nlink <= 1 || self.several.insert(inode);
        if meta.kind == Kind::File && is_first {
            sum.bytes = allocated_bytes(stat, meta.size_bytes);
            sum.lately_bytes = if meta.mtime.sec >= self.since { sum.bytes } else { 0 };
            self.monitor.add_bytes(sum.bytes);
        }
        sum
    }

    fn propose(&mut self, thing: Thing) {
        if thing.sum.bytes < LEAST_BYTES {
            return;
        }
        let things = &mut self.found.things;
        things.push(thing);
        if things.len() >= CANDIDATES {
            sort(things);
            things.truncate(CANDIDATES / 2);
        }
    }
}

fn sort(things: &mut [Thing]) {
    things.sort_by(|one, other| {
        other.sum.weight().cmp(&one.sum.weight()).then_with(|| one.path.cmp(&other.path))
    });
}

/// The weightiest of `things` with at least so many bytes, none of which lies in another.
fn weightiest(mut things: Vec<Thing>, least_bytes: u64) -> Vec<Thing> {
    things.retain(|thing| thing.sum.bytes >= least_bytes);
    sort(&mut things);
    let mut chosen: Vec<Thing> = Vec::new();
    for thing in things {
        let overlaps =
            |other: &Thing| thing.path.is_within(&other.path) || other.path.is_within(&thing.path);
        if chosen.len() < THINGS && !chosen.iter().any(overlaps) {
            chosen.push(thing);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rules::{Exclusion, RuleSet};
    use std::path::Path;

    const MB: usize = 1 << 20;

    fn write(folder: &Path, name: &str, bytes: usize) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, vec![7; bytes]).unwrap();
    }

    fn look(folder: &Path, exclude: Vec<Exclusion>, days_later: i64) -> Survey {
        let rules = RuleSet { exclude, ..RuleSet::for_home() };
        let rules = Rules::compile(rules, None).unwrap();
        let now = Timestamp::now() + SignedDuration::from_hours(24 * days_later);
        survey(&[folder.to_owned()], &rules, now, &Monitor::new()).unwrap()
    }

    #[test]
    fn the_weightiest_are_named_once_each() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        write(&home, "machines/one/disk.img", 40 * MB);
        write(&home, "machines/one/notes", 1_000);
        for year in 0..4 {
            write(&home, &format!("Videos/{year}.mkv"), 12 * MB);
        }
        write(&home, ".cache/large", 30 * MB);
        write(&home, "letter", 5_000);
        std::fs::hard_link(home.join("letter"), home.join("same letter")).unwrap();

        let found = look(&home, Vec::new(), 30);
        let at = |name: &str| RelPath::from_absolute(&home.join(name)).unwrap();
        let named: Vec<_> = found.things.iter().map(|it| (it.path.clone(), it.is_folder)).collect();
        assert_eq!(named, [(at("Videos"), true), (at("machines/one/disk.img"), false)]);
        // The cache is left out by rule, and a file with two names is stored once.
        assert_eq!(found.all.bytes, 88 * MB as u64 + 4_096 + 8_192);
        assert_eq!((found.all.entries, found.all.lately_bytes), (12, 0));
        assert!(!found.things.iter().any(|thing| thing.sum.is_busy()));

        let without = look(&home, vec![Exclusion::Path(at("Videos"))], 30);
        assert_eq!(without.all, found.all.without(found.things[0].sum));
        assert_eq!(without.things.len(), 1);
    }

    #[test]
    fn what_changed_lately_weighs_more() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        write(&home, "old", 60 * MB);
        write(&home, "mail.db", 20 * MB);
        let old = std::fs::File::options().write(true).open(home.join("old")).unwrap();
        old.set_modified(std::time::UNIX_EPOCH).unwrap();
        let found = look(&home, Vec::new(), 0);
        let names: Vec<_> = found.things.iter().map(|it| it.path.name().unwrap()).collect();
        assert_eq!(names, [&b"mail.db"[..], b"old"]);
        assert_eq!(found.all.lately_bytes, 20 * MB as u64);
        assert!(found.things[0].sum.is_busy() && !found.things[1].sum.is_busy());
    }

    #[test]
    fn a_stop_is_obeyed() {
        let home = tempfile::tempdir().unwrap();
        write(home.path(), "a", 1);
        let monitor = Monitor::new();
        monitor.cancel().cancel();
        let rules = Rules::compile(RuleSet::default(), None).unwrap();
        assert!(survey(&[home.path().to_owned()], &rules, Timestamp::now(), &monitor).is_err());
    }
}
