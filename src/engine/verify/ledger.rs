//! What all threads of a pass note together: which inodes were read, and what was found.

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::fs::{AtFlags, StatxFlags, statx};

use super::finding::{Fault, Suspect};
use super::pass::Pass;
use crate::engine::path::RelPath;

/// How often what is done is kept.
const SAVED_EACH: Duration = Duration::from_secs(5);

/// The book that a pass is kept in.
pub(super) struct Ledger<'a> {
    noted: Mutex<Noted<'a>>,
}

struct Noted<'a> {
    pass: &'a mut Pass,
    /// Inodes that are just being read; a stop leaves them to the next time.
    busy: HashSet<u64>,
    /// Inodes of the suspects.
    suspected: HashSet<u64>,
    saved: Instant,
}

/// What came of reading a stored file's content.
pub(super) struct Outcome {
    pub inode: u64,
    /// Bytes that were read.
    pub bytes: u64,
    pub suspect: Option<Suspect>,
}

impl<'a> Ledger<'a> {
    /// Goes on with `pass`.
    pub fn new(pass: &'a mut Pass) -> Self {
        let suspected = pass.suspects.iter().map(|suspect| suspect.inode).collect();
        let (busy, saved) = (HashSet::new(), Instant::now());
        Self { noted: Mutex::new(Noted { pass, busy, suspected, saved }) }
    }

    fn lock(&self) -> MutexGuard<'_, Noted<'a>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the content of the inode may still have to be read.
    pub fn is_open(&self, inode: u64) -> bool {
        let noted = self.lock();
        !noted.pass.read.contains(inode)
            && !noted.busy.contains(&inode)
            && noted.pass.is_chosen(inode)
    }

    /// Takes on the reading of a file; `false` if that is done or being done. Then [`Ledger::finish`] must follow.
    pub fn claim(&self, file: &OwnedFd, inode: u64) -> bool {
        let mut noted = self.lock();
        if noted.pass.read.contains(inode) || noted.busy.contains(&inode) {
            return false;
        }
        // A number is given to another file once its own is deleted.
        if noted.pass.carried.contains(inode) && is_older(file, noted.pass.begun()) {
            noted.pass.read.insert(inode);
            return false;
        }
        noted.busy.insert(inode);
        true
    }

    /// Notes that a file was read, and what came of it.
    pub fn finish(&self, outcome: Outcome) {
        let mut noted = self.lock();
        noted.busy.remove(&outcome.inode);
        noted.note(outcome);
        noted.save_now_and_then();
    }

    /// Notes a file that can't even be opened as suspect; `false` if its content was read and is good.
    pub fn suspect_unread(&self, suspect: Suspect) -> bool {
        let mut noted = self.lock();
        let inode = suspect.inode;
        // Whoever is just reading it says what came of that.
        if noted.busy.contains(&inode) || noted.suspected.contains(&inode) {
            return true;
        }
        if noted.pass.read.contains(inode) {
            return false;
        }
        noted.note(Outcome { inode, bytes: 0, suspect: Some(suspect) });
        noted.save_now_and_then();
        true
    }

    /// Whether the content of the inode was found to be wrong or unreadable.
    pub fn is_suspect(&self, inode: u64) -> bool {
        self.lock().suspected.contains(&inode)
    }

    /// Notes what is wrong in a snapshot.
    pub fn add_fault(&self, snapshot: &str, path: RelPath, fault: Fault) {
        self.lock().pass.faults.add(snapshot, path, fault);
    }

    /// Forgets that something could not be read, as it is known by now why.
    pub fn drop_unreadable(&self, snapshot: &str, path: &RelPath) {
        self.lock().pass.faults.drop_unreadable(snapshot, path);
    }

    /// Notes that a snapshot with so many entries is done.
    pub fn finish_snapshot(&self, key: &str, entries: u64) {
        let mut noted = self.lock();
        noted.pass.done.insert(key.to_owned(), entries);
        noted.pass.tally.snapshots += 1;
        noted.pass.tally.entries = noted.pass.tally.entries.saturating_add(entries);
        noted.save_now_and_then();
    }
}

impl Noted<'_> {
    fn note(&mut self, outcome: Outcome) {
        self.pass.read.insert(outcome.inode);
        self.pass.tally.files += 1;
        self.pass.tally.bytes = self.pass.tally.bytes.saturating_add(outcome.bytes);
        // What was said of another file that had the number before.
        if self.suspected.remove(&outcome.inode) {
            self.pass.suspects.retain(|suspect| suspect.inode != outcome.inode);
        }
        self.suspected.extend(outcome.suspect.as_ref().map(|suspect| suspect.inode));
        self.pass.suspects.extend(outcome.suspect);
    }

    fn save_now_and_then(&mut self) {
        if self.saved.elapsed() >= SAVED_EACH {
            self.pass.save();
            self.saved = Instant::now();
        }
    }
}

/// Whether a file was made before `begun`; where the file system doesn't keep that, whether it has not changed since.
fn is_older(file: &OwnedFd, begun: Timestamp) -> bool {
    let wanted = StatxFlags::BTIME | StatxFlags::CTIME;
    let Ok(stat) = statx(file, "", AtFlags::EMPTY_PATH, wanted) else { return false };
    let has_birth = StatxFlags::from_bits_retain(stat.stx_mask).contains(StatxFlags::BTIME);
    let made = if has_birth { stat.stx_btime } else { stat.stx_ctime };
    let begun = (begun.as_second(), begun.subsec_nanosecond());
    (made.tv_sec, i32::try_from(made.tv_nsec).unwrap_or(0)) < begun
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::verify::VerifyOptions;
    use jiff::SignedDuration;
    use std::os::unix::fs::MetadataExt as _;
    use std::path::Path;

    #[test]
    fn a_number_that_another_file_got_since_is_read_again() {
        let file = tempfile::tempfile().unwrap();
        let inode = file.metadata().unwrap().ino();
        let file = OwnedFd::from(file);
        let now = Timestamp::now();
        for (hours, is_read) in [(1, false), (-1, true)] {
            let begun = now + SignedDuration::from_hours(hours);
            let options = VerifyOptions::default();
            let mut pass = Pass::take_up(Path::new("/-"), uuid::Uuid::nil(), &options, begun);
            pass.carried.insert(inode);
            assert_eq!(Ledger::new(&mut pass).claim(&file, inode), is_read, "{hours}");
        }
    }
}
