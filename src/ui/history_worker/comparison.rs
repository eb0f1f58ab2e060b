//! A folder of the past beside what is there now, as far as its list shows it.

use std::collections::HashMap;

use super::live::{Now, Seen};
use crate::app::beside::{self, Present};
use crate::app::error::Result;
use crate::engine::history::{Compared, Difference, Entry, History};
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;
use crate::engine::rules::Why;

/// The most differences that are counted in one folder; then there are "more than that".
const COUNTED_IN_FOLDER: usize = 99;

/// The most that are counted in all folders of a list; the others are only told to differ.
const COUNTED_IN_LIST: usize = 3_000;

/// What became of an entry since the shown moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// Another content; or only another time, which isn't known before it is read.
    Changed {
        /// Only its time tells.
        may_be_same: bool,
    },
    /// Other permissions.
    Permissions,
    /// Another owner or group, other times or attributes.
    Details,
    /// It isn't there any more.
    Deleted,
    /// Something in the folder differs.
    Inside {
        /// How much; not known if there is a lot.
        count: Option<u64>,
        /// There is more than that.
        has_more: bool,
    },
    /// It is there, but can't be looked at.
    Unreadable,
    /// Of what is there now: the newest snapshot has it not, or otherwise.
    Waiting(Difference),
    /// Of what is there now: the next backup leaves it out, by this rule if one is known.
    LeftOut(Option<Why>),
}

/// What a folder of the past was compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// What is there now.
    Now,
    /// The newest snapshot, as the folder isn't backed up any more.
    NoSource,
    /// The newest snapshot, as the folder can't be read.
    OutOfReach,
}

/// How a folder of the past differs.
#[derive(Debug)]
pub struct Comparison {
    /// With what it was compared.
    pub against: Against,
    /// What became of its entries, by name, where anything did.
    pub marks: HashMap<Vec<u8>, Mark>,
    /// How many names differ, with those that only came since.
    pub changes: u64,
    /// What can be brought back, as it isn't there any more.
    pub deleted: Vec<Vec<u8>>,
    /// A folder is among that.
    pub has_deleted_folder: bool,
}

/// Compares `folder` in the snapshot `at` with `now`.
pub fn compare(history: &History, folder: &RelPath, at: u64, now: &Now) -> Result<Comparison> {
    let (live, against) = match now {
        Now::Read(Seen { present: Present::Here(live), .. }) => (Some(live), Against::Now),
        Now::Read(Seen { present: Present::NoSource, .. }) => (None, Against::NoSource),
        Now::Read(Seen { present: Present::OutOfReach(_), .. }) | Now::NotRead => {
            (None, Against::OutOfReach)
        }
    };
    let (compared, newest) = beside::compare(history, folder, at, live)?;
    let newest = match newest {
        Some(newest) => newest.seq,
        None => history.snapshots()?.last().map_or(at, |newest| newest.seq),
    };
    let mut counter = Counter { history, folder, at, newest, left: COUNTED_IN_LIST };
    let mut comparison = Comparison {
        against,
        marks: HashMap::new(),
        changes: 0,
        deleted: Vec::new(),
        has_deleted_folder: false,
    };
    for one in compared {
        let mark = match mark(&one) {
            None if one.differs_below && one.entry.is_some() && one.other.is_some() => {
                counter.count(&one.name)?
            }
            mark => mark,
        };
        comparison.add(one, mark);
    }
    Ok(comparison)
}

impl Comparison {
    fn add(&mut self, one: Compared, mark: Option<Mark>) {
        let is_told = matches!(&mark, Some(mark) if *mark != Mark::Unreadable);
        self.changes += u64::from(is_told || one.difference == Some(Difference::Added));
        let (Some(mark), Some(entry)) = (mark, &one.entry) else { return };
        if mark == Mark::Deleted && !entry.absent {
            self.deleted.push(one.name.clone());
            self.has_deleted_folder |= entry.kind == Kind::Directory;
        }
        self.marks.insert(one.name, mark);
    }
}

/// What became of the entry itself.
fn mark(one: &Compared) -> Option<Mark> {
    let entry = one.entry.as_ref()?;
    if one.unreadable {
        return Some(Mark::Unreadable);
    }
    match one.difference? {
        Difference::Changed => Some(Mark::Changed { may_be_same: one.may_be_same() }),
        Difference::Removed => Some(Mark::Deleted),
        // What is inside a folder matters more than its permissions.
        Difference::Metadata if one.differs_below => None,
        Difference::Metadata => Some(details(entry, one.other.as_ref())),
        Difference::Added => None,
    }
}

fn details(entry: &Entry, other: Option<&Entry>) -> Mark {
    let is_other_mode = other.is_some_and(|other| other.mode != entry.mode);
    if is_other_mode { Mark::Permissions } else { Mark::Details }
}

/// Counts what differs in the folders of a list. Very much is not counted to its end: the list waits.
struct Counter<'a> {
    history: &'a History,
    folder: &'a RelPath,
    at: u64,
    newest: u64,
    left: usize,
}

impl Counter<'_> {
    /// What differs in the folder `name`; nothing if all came and went again.
    fn count(&mut self, name: &[u8]) -> Result<Option<Mark>> {
        if self.left == 0 {
            return Ok(Some(Mark::Inside { count: None, has_more: true }));
        }
        let under = self.folder.join(name);
        // The folder itself may be among them.
        let limit = self.left.min(COUNTED_IN_FOLDER + 1);
        let page = self.history.changes(self.at, self.newest, &under, None, limit)?;
        self.left = self.left.saturating_sub(page.changes.len() + 1);
        let inside = page.changes.iter().filter(|change| change.path != under).count();
        let has_more = page.next.is_some();
        let count = Some(inside as u64);
        Ok((inside > 0 || has_more).then_some(Mark::Inside { count, has_more }))
    }
}
