//! A backup from end to end: measure, walk, link and copy into a stage, seal, commit, index.

mod base;
mod carry;
mod close;
mod contents;
mod copies;
mod database;
mod entry;
mod file;
mod filter;
mod folder;
mod freed;
mod gauge;
mod measure;
mod need;
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
use std::sync::atomic::Ordering::Relaxed;

use jiff::Zoned;
use uuid::Uuid;

use super::clock::{Clock, file_time};
use super::error::{Error, Result};
use super::index::{SnapshotRow, Spool};
use super::monitor::{Event, Monitor, Phase};
use super::pin::Pin;
use super::recover::Writer;
use super::retention::Retention;
use super::rules::Rules;
use super::seal::{Counts, Seal, SealedSource, SealedTime, SnapshotKind};
use super::snapshot::Stage;
use super::xattr::Labels;

use base::{bases_of, source_path};
pub(super) use filter::{keep, on_the_way};
use folder::Base;
use gauge::{Gauge, Rewritten};
pub(super) use measure::{ENTRY_COST_BYTES, allocated_bytes};
pub(super) use measure::{FolderCost, reserve};
pub use refusal::NoRoom;
pub use room::thin;
use run::Run;
pub use sealing::boot;
use sealing::{keep_names, seal};
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
        if unchanged::is_unchanged(&writer.index, options, last.seq, monitor)? {
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

/// What a run begins with.
#[derive(Clone, Copy)]
struct Begin<'a> {
    options: &'a BackupOptions,
    /// The snapshot that it may equal.
    last: Option<&'a SnapshotRow>,
    clock: &'a dyn Clock,
    monitor: &'a Monitor,
    /// What came of writing files over their clones, of all attempts.
    rewritten: &'a Rewritten,
}

impl Begin<'_> {
    /// Fills a stage and makes it a snapshot; `is_gauged` if it is to end before the drive is full.
    fn attempt(self, writer: &mut Writer, is_gauged: bool) -> Result<BackupReport> {
        let started = self.clock.now();
        let stage = Stage::create(&writer.repository, started.timestamp())?;
        let filled = make(writer, self, &stage, &started, is_gauged);
        let keeps_leftover = filled.as_ref().is_ok_and(|filled| filled.keeps_leftover);
        let made = filled.and_then(|Filled { seal, spool, must_commit, .. }| {
            Ok(match self.last.filter(|_| !must_commit && !spool.has_versions()) {
                Some(last) => Made::Same(last, spool),
                None => {
                    let name = publish(writer, &stage, seal.seq, self.monitor)?;
                    Made::New(name, Box::new(seal), spool)
                }
            })
        });
        let (name, seal, spool) = match made {
            Ok(Made::New(name, seal, spool)) => (name, seal, spool),
            Ok(Made::Same(last, spool)) => {
                super::recover::discard_stage(&writer.repository, stage.name())?;
                return still_the_same(writer, last, spool, self.clock);
            }
            Err(error) => {
                clean_up(writer, &stage, &error);
                return Err(error);
            }
        };
        self.monitor.enter(Phase::Indexing);
        let state = super::index::SnapshotState::Good;
        writer.index.add_snapshot(&seal, &name, state, &Pin::default(), &spool)?;
        if let Some(leftover) = writer.leftover.take().filter(|_| !keeps_leftover) {
            // All that was worth anything in it is in the snapshot; what stays is looked at again the next time.
            let _ = leftover.remove(&writer.repository);
        }
        Ok(BackupReport {
            is_new: true,
            snapshot: name,
            seq: seal.seq,
            counts: seal.counts,
            total_bytes: seal.bytes.total,
            copied_bytes: seal.bytes.copied,
            deleted: Vec::new(),
        })
    }
}

/// What came of filling a stage.
enum Made<'a> {
    New(String, Box<Seal>, Spool),
    /// It equals the snapshot that was the last one.
    Same(&'a SnapshotRow, Spool),
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

/// After a run that failed: a stop, an unplugged drive or one that is nearly full keeps the stage, so that the next run goes on with it. What
/// has nothing to do with the drive keeps what earlier runs left; any other failure makes all that was staged doubtful.
fn clean_up(writer: &mut Writer, stage: &Stage, error: &Error) {
    if matches!(error, Error::Cancelled | Error::DriveMissing(_) | Error::RoomShort(_)) {
        return;
    }
    // What can't be removed now is dealt with by the next opening; a committed snapshot is no stage any more.
    let _ = super::recover::discard_stage(&writer.repository, stage.name());
    let is_doubtful =
        matches!(error, Error::Io { .. } | Error::DriveFull { .. } | Error::DriveReadOnly(_));
    if is_doubtful && let Some(leftover) = writer.leftover.take() {
        let _ = leftover.remove(&writer.repository);
    }
}

/// Fills the stage and seals it.
fn make(
    writer: &Writer,
    begin: Begin<'_>,
    stage: &Stage,
    started: &Zoned,
    is_gauged: bool,
) -> Result<Filled> {
    let Begin { options, clock, monitor, rewritten, .. } = begin;
    let spool = Spool::create(stage.files())
        .map_err(|errno| Error::drive("write to", writer.repository.path(), errno))?;
    monitor.enter(Phase::Copying);
    monitor.reset_done();
    let bases = bases_of(&writer.index, options)?;
    let started_at = file_time(started.timestamp());
    let mut run = Run::new(writer, options, stage, &spool, started_at, (monitor, rewritten))?;
    if is_gauged {
        run.gauge = Some(Gauge::new(&writer.repository)?);
    }
    let done = walk(run, writer, options, &bases, started)?;
    let (must_commit, keeps_leftover) = (done.must_commit, done.keeps_leftover);
    Ok(Filled { seal: seal(writer, stage, done, clock)?, spool, must_commit, keeps_leftover })
}

/// A stage that is sealed.
struct Filled {
    seal: Seal,
    spool: Spool,
    /// Something is stored anew that the last snapshot has lost.
    must_commit: bool,
    /// Not all sources could be read, so that what an interrupted run left is still wanted.
    keeps_leftover: bool,
}

/// Commits the stage, unless a stop was asked for at the last moment.
fn publish(writer: &mut Writer, stage: &Stage, seq: u64, monitor: &Monitor) -> Result<String> {
    monitor.enter(Phase::Syncing);
    monitor.check_cancelled()?;
    stage.commit(&mut writer.repository, seq, monitor)
}

fn walk(
    run: Run<'_>,
    writer: &Writer,
    options: &BackupOptions,
    bases: &[Option<Base>],
    started: &Zoned,
) -> Result<Done> {
    run.end_dropped_sources(&writer.index, &options.sources)?;
    let (mut roots, mut sealed) = (Vec::new(), Vec::new());
    let mut refused = None;
    for (source, base) in options.sources.iter().zip(bases) {
        match run.open_source(&writer.index, source, base.clone())? {
            Ok(root) => {
                roots.push(root);
                sealed.push(SealedSource { id: source.id, path: source_path(source)?.encode() });
            }
            Err(errno) => refused = Some((source.path.clone(), errno)),
        }
    }
    if roots.is_empty() {
        return Err(match refused {
            Some((path, errno)) => Error::SourceUnreadable { path, source: errno.into() },
            None => Error::NoSuchSnapshot("no source".to_owned()),
        });
    }
    run.walk(roots)?;
    let owner = run.owner;
    let (must_commit, keeps_leftover) =
        (run.must_commit.load(Relaxed), run.keeps_leftover.load(Relaxed));
    let (mut seal, overrides, problems) = run.finish();
    seal.owner = owner;
    seal.kind = options.kind;
    seal.started = SealedTime::from(started);
    seal.parent =
        bases.iter().flatten().map(|base| base.reference.clone()).max_by_key(|r| r.started);
    seal.sources = sealed;
    keep_names(writer, bases, &mut seal);
    seal.rules = options.rules.set().lines();
    Ok(Done { seal, overrides, problems, must_commit, keeps_leftover })
}

/// What the walk left to be sealed.
struct Done {
    seal: Seal,
    overrides: Vec<u8>,
    problems: Vec<super::seal::Problem>,
    must_commit: bool,
    keeps_leftover: bool,
}
