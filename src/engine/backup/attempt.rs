//! One attempt at a snapshot: a stage is filled, sealed, committed, and told to the index.

use std::sync::atomic::Ordering::Relaxed;

use jiff::Zoned;

use super::base::{bases_of, source_path};
use super::draft;
use super::folder::Base;
use super::gauge::{Gauge, Rewritten};
use super::run::Run;
use super::sealing::{keep_names, seal};
use super::{BackupOptions, BackupReport, still_the_same};
use crate::engine::clock::{Clock, file_time};
use crate::engine::error::{Error, Result};
use crate::engine::index::{Draft, SnapshotRow, Spool};
use crate::engine::monitor::{Monitor, Phase};
use crate::engine::recover::{Writer, discard_stage};
use crate::engine::seal::{Problem, Seal, SealedSource, SealedTime};
use crate::engine::snapshot::Stage;

/// What a run begins with.
#[derive(Clone, Copy)]
pub(super) struct Begin<'a> {
    pub options: &'a BackupOptions,
    /// The snapshot that it may equal.
    pub last: Option<&'a SnapshotRow>,
    pub clock: &'a dyn Clock,
    pub monitor: &'a Monitor,
    /// What came of writing files over their clones, of all attempts.
    pub rewritten: &'a Rewritten,
}

impl<'a> Begin<'a> {
    /// Fills a stage and makes it a snapshot; `is_gauged` if it is to end before the drive is full.
    pub fn attempt(self, writer: &mut Writer, is_gauged: bool) -> Result<BackupReport> {
        let started = self.clock.now();
        let stage = Stage::create(&writer.repository, started.timestamp())?;
        let Made { outcome, seal, spool, draft, keeps_leftover } =
            match self.make(writer, &stage, &started, is_gauged) {
                Ok(made) => made,
                Err(error) => {
                    draft::discard(&writer.repository);
                    clean_up(writer, &stage, &error);
                    return Err(error);
                }
            };
        let name = match outcome {
            Outcome::New(name) => name,
            Outcome::Same(last) => {
                discard_stage(&writer.repository, stage.name())?;
                return still_the_same(writer, last, spool, self.clock);
            }
        };
        draft::take_in(draft, writer, (&seal, &name), &spool, self.monitor)?;
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

    /// Fills the stage and commits it, unless it equals the last snapshot. The index of the drive isn't touched.
    fn make(
        self,
        writer: &mut Writer,
        stage: &Stage,
        started: &Zoned,
        is_gauged: bool,
    ) -> Result<Made<'a>> {
        let spool = Spool::create(stage.files())
            .map_err(|errno| Error::drive("write to", writer.repository.path(), errno))?;
        let seq = writer.next_seq()?;
        let draft = draft::begin(writer, seq);
        let ((filled, outcome), draft) = draft::beside(draft, &spool, || {
            let filled = fill(writer, self, (stage, seq), &spool, started, is_gauged)?;
            let same = self.last.filter(|_| !filled.must_commit && !spool.has_versions());
            let outcome = match same {
                Some(last) => Outcome::Same(last),
                None => Outcome::New(publish(writer, stage, seq, self.monitor)?),
            };
            self.monitor.enter(Phase::Indexing);
            Ok((filled, outcome))
        })?;
        let Filled { seal, keeps_leftover, .. } = filled;
        Ok(Made { outcome, seal, spool, draft, keeps_leftover })
    }
}

/// A stage that was filled, and what the index has to be told.
struct Made<'a> {
    outcome: Outcome<'a>,
    seal: Seal,
    spool: Spool,
    draft: Option<Draft>,
    /// Not all sources could be read, so that what an interrupted run left is still wanted.
    keeps_leftover: bool,
}

/// What became of a stage.
enum Outcome<'a> {
    /// It is the snapshot of this name.
    New(String),
    /// It equals the snapshot that was the last one.
    Same(&'a SnapshotRow),
}

/// After a run that failed: a stop, an unplugged drive or one that is nearly full keeps the stage, so that the next run goes on with it. What
/// has nothing to do with the drive keeps what earlier runs left; any other failure makes all that was staged doubtful.
fn clean_up(writer: &mut Writer, stage: &Stage, error: &Error) {
    if matches!(error, Error::Cancelled | Error::DriveMissing(_) | Error::RoomShort(_)) {
        return;
    }
    // What can't be removed now is dealt with by the next opening; a committed snapshot is no stage any more.
    let _ = discard_stage(&writer.repository, stage.name());
    let is_doubtful =
        matches!(error, Error::Io { .. } | Error::DriveFull { .. } | Error::DriveReadOnly(_));
    if is_doubtful && let Some(leftover) = writer.leftover.take() {
        let _ = leftover.remove(&writer.repository);
    }
}

/// Fills the stage and seals it.
fn fill(
    writer: &Writer,
    begin: Begin<'_>,
    (stage, seq): (&Stage, u64),
    spool: &Spool,
    started: &Zoned,
    is_gauged: bool,
) -> Result<Filled> {
    let Begin { options, clock, monitor, rewritten, .. } = begin;
    monitor.enter(Phase::Copying);
    monitor.reset_done();
    let bases = bases_of(&writer.index, options)?;
    let started_at = file_time(started.timestamp());
    let mut run = Run::new(writer, options, stage, spool, started_at, (monitor, rewritten))?;
    if is_gauged {
        run.gauge = Some(Gauge::new(&writer.repository)?);
    }
    let done = walk(run, writer, options, &bases, started)?;
    spool.complete();
    let (must_commit, keeps_leftover) = (done.must_commit, done.keeps_leftover);
    Ok(Filled { seal: seal(writer, (stage, seq), done, clock)?, must_commit, keeps_leftover })
}

/// A stage that is sealed.
struct Filled {
    seal: Seal,
    /// Something is stored anew that the last snapshot has lost.
    must_commit: bool,
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
pub(super) struct Done {
    pub seal: Seal,
    pub overrides: Vec<u8>,
    pub problems: Vec<Problem>,
    must_commit: bool,
    keeps_leftover: bool,
}
