//! A backup from end to end: measure, walk, link and copy into a stage, seal, commit, index.

mod attempt;
mod base;
mod carry;
mod close;
mod contents;
mod copies;
mod database;
mod draft;
mod dress;
mod entry;
mod file;
mod filter;
mod folder;
mod freed;
mod gauge;
mod known;
mod measure;
mod need;
mod places;
mod reading;
mod refusal;
mod room;
mod run;
mod sealing;
mod source;
mod tally;
mod trim;
mod unchanged;
mod walk;

use std::path::PathBuf;

use uuid::Uuid;

use super::clock::Clock;
use super::error::{Error, Result};
use super::index::{SnapshotRow, Spool};
use super::monitor::{Event, Monitor, Phase};
use super::recover::Writer;
use super::retention::Retention;
use super::rules::Rules;
use super::seal::{Counts, SnapshotKind};
use super::xattr::Labels;

use attempt::Begin;
use base::{bases_of, source_path};
pub(super) use filter::{keep, on_the_way};
use gauge::Rewritten;
pub(super) use measure::{ENTRY_COST_BYTES, allocated_bytes};
pub(super) use measure::{FolderCost, reserve};
pub use refusal::NoRoom;
pub use room::thin;
pub use sealing::boot;
pub use source::canonical_source;
pub(super) use source::is_lost;

/// A folder on this computer that is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The identity that it keeps when its path changes.
    pub id: Uuid,
    /// Its absolute path.
    pub path: PathBuf,
}

/// What a run is asked for.
#[derive(Debug, Clone)]
pub struct BackupOptions {
    /// What is protected.
    pub sources: Vec<Source>,
    /// Why the snapshot is made.
    pub kind: SnapshotKind,
    /// Believe a source that was emptied since the last time.
    pub accept_empty: bool,
    /// Make no snapshot if it would equal the last one.
    pub only_if_changed: bool,
    /// Go into folders on other file systems, too.
    pub cross_mounts: bool,
    /// Keep security labels; for root.
    pub labels: Labels,
    /// What of the sources is left out.
    pub rules: Rules,
    /// What may be deleted if the drive has no room; without it nothing is.
    pub retention: Option<Retention>,
}

impl BackupOptions {
    /// A run of this kind with nothing out of the ordinary: a scheduled one makes no snapshot of nothing new.
    pub fn new(sources: Vec<Source>, kind: SnapshotKind) -> Self {
        Self {
            sources,
            kind,
            accept_empty: false,
            only_if_changed: kind == SnapshotKind::Scheduled,
            cross_mounts: false,
            labels: Labels::Leave,
            rules: Rules::default(),
            retention: None,
        }
    }
}

/// What a backup did.
#[derive(Debug, Clone)]
pub struct BackupReport {
    /// Whether a snapshot was made; if not, the last one is still the same as the sources, and told of here.
    pub is_new: bool,
    /// The snapshot's name.
    pub snapshot: String,
    /// Its number.
    pub seq: u64,
    /// How many of what it holds.
    pub counts: Counts,
    /// Bytes of all files.
    pub total_bytes: u64,
    /// Bytes that were written.
    pub copied_bytes: u64,
    /// Names of the snapshots that were deleted to make room for it.
    pub deleted: Vec<String>,
}

impl BackupReport {
    /// Whether something could not be read.
    pub fn is_partial(&self) -> bool {
        self.counts.problems > 0
    }
}

/// Makes one snapshot of the sources.
///
/// Room is made for it before, as far as the rules allow that. If there turns out to be more to store than was to be
/// expected, the run ends before the drive is full and begins anew, once, with what it has stored already.
///
/// # Errors
/// Whatever stops the whole run: the drive, a stop, or that no source could be read. A path that can't
/// be read is no error but an event, and a problem of the snapshot.
pub fn backup(
    writer: &mut Writer,
    options: &BackupOptions,
    clock: &dyn Clock,
    monitor: &Monitor,
) -> Result<BackupReport> {
    backup_after(writer, options, clock, monitor, &mut Vec::new())
}

/// As [`backup`]; `deleted` names what went for room already, and all that goes for it is added, however the run ends.
///
/// # Errors
/// As of [`backup`].
pub fn backup_after(
    writer: &mut Writer,
    options: &BackupOptions,
    clock: &dyn Clock,
    monitor: &Monitor,
    deleted: &mut Vec<String>,
) -> Result<BackupReport> {
    let last = match options.only_if_changed {
        true => unchanged::comparable(&writer.index, options, &bases_of(&writer.index, options)?)?,
        false => None,
    };
    // What is damaged in it is to be stored anew.
    if let Some(last) = last.as_ref().filter(|last| unchanged::is_sound(writer, last)) {
        monitor.enter(Phase::Measuring);
        if unchanged::is_unchanged(writer, options, last.seq, monitor)? {
            let spool = Spool::create(writer.repository.dir())
                .map_err(|errno| Error::drive("write to", writer.repository.path(), errno))?;
            let report = still_the_same(writer, last, spool, clock)?;
            return Ok(BackupReport { deleted: deleted.clone(), ..report });
        }
    }
    resume(writer, monitor)?;
    let rewritten = Rewritten::default();
    let begin = Begin { options, last: last.as_ref(), clock, monitor, rewritten: &rewritten };
    let attempted = room::prepare(writer, options, clock, monitor, deleted)
        .and_then(|()| begin.attempt(writer, true));
    let report = match attempted {
        Err(Error::RoomShort(_)) => {
            room::prepare_again(writer, options, clock, monitor, &rewritten, deleted)
                // What runs out now was counted, so that nothing more can be done about it; but for what is
                // written over, which the next run goes on with.
                .and_then(|()| begin.attempt(writer, rewritten.is_any()))
        }
        report => report,
    };
    match report {
        Ok(report) => Ok(BackupReport { deleted: deleted.clone(), ..report }),
        Err(error) => Err(room::explain_full(error, deleted, writer, options, clock, monitor)),
    }
}

/// Notes that nothing is new since the snapshot `last`, with what is new about how the sources are recognised.
fn still_the_same(
    writer: &mut Writer,
    last: &SnapshotRow,
    spool: Spool,
    clock: &dyn Clock,
) -> Result<BackupReport> {
    writer.index.note_same(last.seq, clock.now().timestamp(), &spool)?;
    let counts = Counts { files: last.files, problems: last.problems, ..Counts::default() };
    Ok(BackupReport {
        is_new: false,
        snapshot: last.name.clone(),
        seq: last.seq,
        counts,
        total_bytes: last.total_bytes,
        copied_bytes: 0,
        deleted: Vec::new(),
    })
}

/// Sees to it that what an interrupted run left can be believed once it was read again: all of it is flushed, so
/// that it comes from the drive. A flush that fails proves that it can't.
fn resume(writer: &mut Writer, monitor: &Monitor) -> Result<()> {
    let Some(leftover) = &writer.leftover else { return Ok(()) };
    match writer.repository.dir().sync_file_system() {
        Ok(()) => monitor.emit(&Event::Resumed { name: leftover.name.clone() }),
        Err(errno) => {
            leftover.remove(&writer.repository)?;
            writer.leftover = None;
            return Err(Error::drive("flush", writer.repository.path(), errno));
        }
    }
    Ok(())
}
