//! How a long operation is watched and stopped: counters that are polled, rare events, and [`Cancel`].

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use super::error::{Error, Result};
use super::flusher::Lead;
use super::path::RelPath;
use super::problem::Reason;

/// What an operation is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Phase {
    /// Opening the repository, and putting right what a crash left.
    #[default]
    Opening,
    /// Counting what is to be done.
    Measuring,
    /// Reading and copying files.
    Copying,
    /// Making sure that everything is on the drive.
    Syncing,
    /// Writing the index.
    Indexing,
    /// Putting restored files in their place.
    Publishing,
    /// Reading snapshots to make the index anew.
    Rebuilding,
    /// Deleting snapshots.
    Deleting,
    /// Reading stored files to see that they are as they were written.
    Verifying,
    /// Putting good copies in the place of damaged ones.
    Mending,
    /// Taking a restore back.
    Undoing,
}

const PHASES: [Phase; 11] = [
    Phase::Opening,
    Phase::Measuring,
    Phase::Copying,
    Phase::Syncing,
    Phase::Indexing,
    Phase::Publishing,
    Phase::Rebuilding,
    Phase::Deleting,
    Phase::Verifying,
    Phase::Mending,
    Phase::Undoing,
];

/// One look at the counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// Entries that are done.
    pub done_entries: u64,
    /// Entries that there are, or were the last time; 0 while unknown.
    pub total_entries: u64,
    /// Bytes of content that are done, copied or not.
    pub done_bytes: u64,
    /// Bytes of content that there are, or were the last time; 0 while unknown.
    pub total_bytes: u64,
    /// Bytes of content that were really written.
    pub copied_bytes: u64,
    /// Bytes that are free on the drive, as last looked; 0 while unknown.
    pub free_bytes: u64,
}

impl Progress {
    /// Work per entry, as bytes: opening and linking a file costs about as much as copying this many.
    const ENTRY_COST_BYTES: u64 = 16 * 1024;

    /// How much is done, from 0 to 1; `None` while the total is unknown.
    pub fn fraction(&self) -> Option<f64> {
        let work = |entries: u64, bytes: u64| {
            entries.saturating_mul(Self::ENTRY_COST_BYTES).saturating_add(bytes) as f64
        };
        let total = work(self.total_entries, self.total_bytes);
        (total > 0.0).then(|| (work(self.done_entries, self.done_bytes) / total).min(1.0))
    }

    /// The same in whole percent.
    pub fn percent(&self) -> Option<u8> {
        self.fraction().map(|fraction| (fraction * 100.0) as u8)
    }
}

/// Something that a person may want to know while an operation runs. Never one per file that is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A path could not be read or written; the run goes on.
    Problem {
        /// Which path.
        path: RelPath,
        /// What happened.
        reason: Reason,
    },
    /// A folder was left out because it lies on another file system.
    OtherFileSystem {
        /// The folder on this computer.
        path: PathBuf,
    },
    /// A source lies in memory, where a change through a memory map moves no clock.
    SourceInMemory {
        /// The source.
        path: PathBuf,
    },
    /// A folder was left out because a mount shows in it a folder that it lies in.
    MountLoop {
        /// The folder on this computer.
        path: PathBuf,
    },
    /// A folder was left out because it holds a backup repository.
    RepositoryInside {
        /// The folder on this computer.
        path: PathBuf,
    },
    /// A stored file was changed by hand on the drive; its content was copied again.
    StoredFileChanged {
        /// Which path.
        path: RelPath,
    },
    /// The index was missing or broken and is being made again.
    IndexRebuilt {
        /// Why.
        reason: String,
    },
    /// The drive's index was missing or broken; it was made again from this computer's copy.
    IndexSalvaged {
        /// Why.
        reason: String,
    },
    /// A snapshot that was complete but not in the index was taken in.
    SnapshotRecovered {
        /// Its name.
        name: String,
    },
    /// A snapshot that the index knows is not on the drive.
    SnapshotMissing {
        /// Its name.
        name: String,
    },
    /// A snapshot's seal is missing or broken; it can be browsed, but nothing links to it.
    SnapshotDamaged {
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The deletion of a snapshot, which was interrupted, was finished.
    DeletionFinished {
        /// Its name.
        name: String,
    },
    /// What is damaged is to be mended, and someone else is just writing to the repository: that is waited for.
    WriterAwaited {
        /// Who that is; in English.
        holder: String,
    },
    /// Snapshots are to be deleted, and someone is just reading from the repository: that is waited for.
    ReadersAwaited,
    /// What the rules no longer keep could not be deleted after a backup; the next one tries again.
    ThinningFailed {
        /// Why.
        reason: String,
    },
    /// A snapshot was deleted, as a rule or a person wanted it.
    SnapshotDeleted {
        /// Its name.
        name: String,
    },
    /// A repository was being handed to another user when that was interrupted; now it is done.
    AdoptionFinished,
    /// The journal told of an adoption, but root did not write that; it was not believed and is gone.
    JournalForged,
    /// Damaged files were being mended when that was interrupted; now it is done.
    MendingFinished,
    /// Damaged files are to be mended, and someone is just reading from the repository: that is waited for, not for long.
    MendingWaits,
    /// A mending that was interrupted could not be finished; the next opening tries again.
    MendingStuck {
        /// Why.
        reason: String,
    },
    /// The list of what is known to be damaged could not be read; it was moved aside, and what it told is forgotten.
    DamageSetAside,
    /// The drive has no room for the list of what is damaged, or it would be longer than is read again.
    DamageNotNoted {
        /// How many damaged files are not in it.
        count: u64,
    },
    /// The journal told of a mending in a way in which Yore did not write it; it was not believed and is gone.
    MendingRefused,
    /// Files of a repository that another user got lost setuid, setgid or capabilities for good, since someone else
    /// could have used them in the new owner's name.
    PrivilegesLeftOff {
        /// How many files.
        count: u64,
        /// One of them, below the repository.
        first: RelPath,
    },
    /// Files and links were restored from other stored copies, since their own are damaged or lost.
    TakenElsewhere {
        /// How many.
        count: u64,
        /// One of them.
        first: RelPath,
    },
    /// A restore ended early; what it had replaced until then is kept here.
    ReplacedKept {
        /// The folder.
        path: PathBuf,
    },
    /// A deletion could not be finished.
    DeletionStuck {
        /// The snapshot's name.
        name: String,
        /// What the system said.
        reason: String,
    },
    /// The run goes on with what an interrupted one left.
    Resumed {
        /// The unfinished snapshot's name.
        name: String,
    },
    /// What an interrupted run left was removed.
    StageRemoved {
        /// The unfinished snapshot's name.
        name: String,
    },
}

/// Tells an operation to stop. Clones are the same switch.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks for a stop; heard within 100 ms except inside one kernel call.
    pub fn cancel(&self) {
        self.0.store(true, Relaxed);
    }

    /// Whether a stop was asked for.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Relaxed)
    }
}

type Listener = Box<dyn Fn(&Event) + Send + Sync>;

#[derive(Default)]
struct Inner {
    phase: AtomicU8,
    done_entries: AtomicU64,
    total_entries: AtomicU64,
    done_bytes: AtomicU64,
    total_bytes: AtomicU64,
    lead: Lead,
    free_bytes: AtomicU64,
    current: Mutex<RelPath>,
    cancel: Cancel,
    listener: Option<Listener>,
}

/// The one line between an operation and whoever started it. Clones share everything.
#[derive(Clone, Default)]
pub struct Monitor(Arc<Inner>);

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Monitor").field(&self.progress()).finish()
    }
}

impl Monitor {
    /// A monitor that nobody listens to; its counters work.
    pub fn new() -> Self {
        Self::default()
    }

    /// A monitor that hands every event to `listener`, on the thread where it happens.
    pub fn with_listener(listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner { listener: Some(Box::new(listener)), ..Inner::default() }))
    }

    /// The counters as they are now.
    pub fn progress(&self) -> Progress {
        let inner = &self.0;
        Progress {
            phase: PHASES.get(usize::from(inner.phase.load(Relaxed))).copied().unwrap_or_default(),
            done_entries: inner.done_entries.load(Relaxed),
            total_entries: inner.total_entries.load(Relaxed),
            done_bytes: inner.done_bytes.load(Relaxed),
            total_bytes: inner.total_bytes.load(Relaxed),
            copied_bytes: inner.lead.copied_bytes(),
            free_bytes: inner.free_bytes.load(Relaxed),
        }
    }

    /// The folder or file that is being worked on.
    pub fn current(&self) -> RelPath {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The switch that stops the operation.
    pub fn cancel(&self) -> &Cancel {
        &self.0.cancel
    }

    /// An error if a stop was asked for: the operation's own check, per file and per chunk.
    pub fn check_cancelled(&self) -> Result<()> {
        if self.0.cancel.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.0.phase.store(phase as u8, Relaxed);
    }

    pub(crate) fn set_totals(&self, entries: u64, bytes: u64) {
        self.0.total_entries.store(entries, Relaxed);
        self.0.total_bytes.store(bytes, Relaxed);
    }

    pub(crate) fn reset_done(&self) {
        self.0.done_entries.store(0, Relaxed);
        self.0.done_bytes.store(0, Relaxed);
    }

    pub(crate) fn add_entries(&self, entries: u64) {
        self.0.done_entries.fetch_add(entries, Relaxed);
    }

    pub(crate) fn add_bytes(&self, bytes: u64) {
        self.0.done_bytes.fetch_add(bytes, Relaxed);
    }

    /// Counts bytes that are copied, once the drive isn't too far behind.
    pub(crate) fn add_copied_bytes(&self, bytes: u64) {
        self.0.lead.wait_for_drive(&self.0.cancel);
        self.0.lead.add(bytes);
    }

    /// The same at once, for those that others wait for.
    pub(crate) fn add_urgent_bytes(&self, bytes: u64) {
        self.0.lead.add(bytes);
    }

    pub(super) fn lead(&self) -> &Lead {
        &self.0.lead
    }

    pub(crate) fn set_free_bytes(&self, bytes: u64) {
        self.0.free_bytes.store(bytes, Relaxed);
    }

    pub(crate) fn set_current(&self, path: RelPath) {
        *self.0.current.lock().unwrap_or_else(PoisonError::into_inner) = path;
    }

    pub(crate) fn emit(&self, event: &Event) {
        if let Some(listener) = &self.0.listener {
            listener(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fraction_is_unknown_without_a_total_and_never_above_one() {
        let mut progress = Progress::default();
        assert_eq!(progress.fraction(), None);
        progress.total_entries = 10;
        progress.done_entries = 5;
        assert_eq!(progress.fraction(), Some(0.5));
        progress.done_entries = 50;
        assert_eq!(progress.fraction(), Some(1.0));
    }

    #[test]
    fn clones_share_the_cancel_switch() {
        let monitor = Monitor::new();
        monitor.clone().cancel().cancel();
        assert!(matches!(monitor.check_cancelled(), Err(Error::Cancelled)));
    }
}
