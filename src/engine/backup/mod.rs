//! A backup from end to end: measure, walk, link and copy into a stage, seal, commit, index.

mod close;
mod entry;
mod folder;
mod measure;
mod run;
mod tally;

use std::path::PathBuf;

use jiff::Zoned;
use uuid::Uuid;

use super::clock::{Clock, file_time};
use super::error::{Context as _, Error, Result, Room};
use super::index::{Index, Spool};
use super::monitor::{Monitor, Phase};
use super::path::RelPath;
use super::pin::Pin;
use super::probe;
use super::recover::Writer;
use super::repository::FORMAT;
use super::seal::{Counts, Owner, Seal, SealedSource, SealedTime, SnapshotKind};
use super::snapshot::Stage;

use folder::Base;
use run::Run;

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
}

/// What a backup did.
#[derive(Debug, Clone)]
pub struct BackupReport {
    /// The new snapshot's name.
    pub snapshot: String,
    /// Its number.
    pub seq: u64,
    /// How many of what it holds.
    pub counts: Counts,
    /// Bytes of all files.
    pub total_bytes: u64,
    /// Bytes that were written.
    pub copied_bytes: u64,
}

impl BackupReport {
    /// Whether something could not be read.
    pub fn is_partial(&self) -> bool {
        self.counts.problems > 0
    }
}

/// Makes one snapshot of the sources.
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
    let started = clock.now();
    let bases = options
        .sources
        .iter()
        .map(|source| base_of(&writer.index, source))
        .collect::<Result<Vec<_>>>()?;
    measure(writer, options, &bases, monitor)?;
    let stage = Stage::create(&writer.repository, started.timestamp())?;
    let made = make(writer, options, &bases, &stage, &started, clock, monitor)
        .and_then(|(seal, spool)| Ok((publish(writer, &stage, seal.seq, monitor)?, seal, spool)));
    let (name, seal, spool) = match made {
        Ok(made) => made,
        Err(error) => {
            // What can't be removed now is removed by the next opening; a committed snapshot is no stage any more.
            let _ = super::recover::discard_stage(&writer.repository, stage.name());
            return Err(explain_full(error, writer, options, &bases, monitor));
        }
    };
    monitor.enter(Phase::Indexing);
    writer.index.add_snapshot(
        &seal,
        &name,
        super::index::SnapshotState::Good,
        &Pin::default(),
        spool,
    )?;
    Ok(BackupReport {
        snapshot: name,
        seq: seal.seq,
        counts: seal.counts,
        total_bytes: seal.bytes.total,
        copied_bytes: seal.bytes.copied,
    })
}

/// Fills the stage and seals it.
fn make(
    writer: &Writer,
    options: &BackupOptions,
    bases: &[Option<Base>],
    stage: &Stage,
    started: &Zoned,
    clock: &dyn Clock,
    monitor: &Monitor,
) -> Result<(Seal, Spool)> {
    let spool = Spool::create(stage.files())
        .map_err(|errno| Error::drive("write to", writer.repository.path(), errno))?;
    monitor.enter(Phase::Copying);
    monitor.reset_done();
    let done = walk(writer, options, bases, stage, &spool, started, monitor)?;
    Ok((seal(writer, stage, done, clock)?, spool))
}

/// Commits the stage, unless a stop was asked for at the last moment.
fn publish(writer: &mut Writer, stage: &Stage, seq: u64, monitor: &Monitor) -> Result<String> {
    monitor.enter(Phase::Syncing);
    monitor.check_cancelled()?;
    stage.commit(&mut writer.repository, seq, monitor)
}

fn source_path(source: &Source) -> Result<RelPath> {
    Ok(RelPath::from_absolute(&source.path)?)
}

/// The state that a source is compared with, and the snapshot whose files can be linked to.
fn base_of(index: &Index, source: &Source) -> Result<Option<Base>> {
    let path = source_path(source)?;
    let snapshots = index.snapshots()?;
    let Some(seq) = index.newest_of_source(source.id, &path)? else { return Ok(None) };
    let find = |seq| snapshots.iter().find(|row| row.seq == seq);
    let linkable = index.newest_good_of_source(source.id, &path)?.and_then(find);
    Ok(find(seq).map(|row| Base {
        seq,
        reference: super::overrides::SnapshotRef { id: row.id, started: row.started },
        linkable: linkable.map(|row| (row.seq, row.name.clone())),
    }))
}

/// Finds out how much there is to do, and refuses a drive that can't hold it.
///
/// A later run trusts the last one's counts: walking everything twice would cost as much as the run.
fn measure(
    writer: &Writer,
    options: &BackupOptions,
    bases: &[Option<Base>],
    monitor: &Monitor,
) -> Result<()> {
    monitor.enter(Phase::Measuring);
    let last = writer.index.snapshots()?.into_iter().next_back();
    match last.filter(|_| bases.iter().all(Option::is_some)) {
        Some(last) => {
            monitor.set_totals(last.entries, last.total_bytes);
            let needed = last.entries.saturating_mul(measure::LINK_COST_BYTES);
            check_room(writer, needed, 0)
        }
        None => {
            let found = count(writer, options, bases, monitor)?;
            check_room(writer, found.needed_bytes(), found.new_inodes)
        }
    }
}

fn count(
    writer: &Writer,
    options: &BackupOptions,
    bases: &[Option<Base>],
    monitor: &Monitor,
) -> Result<measure::Found> {
    let mut sources = Vec::new();
    for (source, base) in options.sources.iter().zip(bases) {
        let node = writer.index.node_of(&source_path(source)?)?;
        let known = node.zip(base.as_ref().map(|base| base.seq));
        sources.push(measure::Walked { path: source.path.clone(), known });
    }
    measure::measure(&sources, writer.index.path(), monitor)
}

/// Refuses a drive with too little room, saying what is missing.
fn check_room(writer: &Writer, needed_bytes: u64, needed_inodes: u64) -> Result<()> {
    let repository = &writer.repository;
    let space = probe::space(repository.dir(), repository.path())?;
    let path = || repository.path().to_owned();
    let wanted = needed_bytes.saturating_add(measure::reserve_bytes(&space));
    if wanted > space.free_bytes {
        let missing = wanted - space.free_bytes;
        return Err(Error::DriveFull { path: path(), room: Room::Bytes, missing });
    }
    match space.free_inodes {
        Some(free) if free < needed_inodes => {
            let missing = needed_inodes - free;
            Err(Error::DriveFull { path: path(), room: Room::Inodes, missing })
        }
        _ => Ok(()),
    }
}

/// Says how much room the run would have needed, now that its stage is gone.
fn explain_full(
    error: Error,
    writer: &Writer,
    options: &BackupOptions,
    bases: &[Option<Base>],
    monitor: &Monitor,
) -> Error {
    if !matches!(error, Error::DriveFull { room: Room::Bytes | Room::Inodes, .. }) {
        return error;
    }
    let found = count(writer, options, bases, monitor);
    match found.and_then(|found| check_room(writer, found.needed_bytes(), found.new_inodes)) {
        Err(exact @ Error::DriveFull { .. }) => exact,
        _ => error,
    }
}

fn walk<'a>(
    writer: &'a Writer,
    options: &BackupOptions,
    bases: &[Option<Base>],
    stage: &'a Stage,
    spool: &'a Spool,
    started: &Zoned,
    monitor: &'a Monitor,
) -> Result<Done> {
    let run = Run::new(writer, stage, spool, file_time(started.timestamp()), monitor)?;
    run.end_dropped_sources(&writer.index, &options.sources)?;
    let (mut roots, mut sealed) = (Vec::new(), Vec::new());
    let mut refused = None;
    for (source, base) in options.sources.iter().zip(bases) {
        match run.open_source(&writer.index, source, base.clone(), options.accept_empty)? {
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
    let (mut seal, overrides, problems) = run.finish();
    seal.owner = owner;
    seal.kind = options.kind;
    seal.started = SealedTime::from(started);
    seal.parent =
        bases.iter().flatten().map(|base| base.reference.clone()).max_by_key(|r| r.started);
    seal.sources = sealed;
    Ok(Done { seal, overrides, problems })
}

/// What the walk left to be sealed.
struct Done {
    seal: Seal,
    overrides: Vec<u8>,
    problems: Vec<super::seal::Problem>,
}

fn seal(writer: &Writer, stage: &Stage, done: Done, clock: &dyn Clock) -> Result<Seal> {
    let mut seal = done.seal;
    seal.seq = writer.next_seq()?;
    seal.finished = SealedTime::from(&clock.now());
    stage.seal(&mut seal, &done.overrides, &done.problems).map_err(|errno| match errno {
        rustix::io::Errno::NOSPC => {
            probe::full(writer.repository.dir(), writer.repository.path(), 0)
        }
        errno => Error::drive("seal the snapshot on", writer.repository.path(), errno),
    })?;
    Ok(seal)
}

/// A seal with everything that doesn't depend on the walk.
fn blank_seal(repository: &super::repository::Repository, now: &Zoned) -> Seal {
    let marker = repository.marker();
    Seal {
        format: FORMAT,
        features: Default::default(),
        seq: 0,
        id: Uuid::new_v4(),
        parent: None,
        started: SealedTime::from(now),
        finished: SealedTime::from(now),
        host: super::lock::host_name(),
        user: marker.user.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        kind: SnapshotKind::Manual,
        sources: Vec::new(),
        rules: Vec::new(),
        owner: Owner { uid: 0, gid: 0 },
        ids: Default::default(),
        counts: Counts::default(),
        bytes: Default::default(),
        overrides: None,
        problems: None,
        tree: Default::default(),
    }
}

/// The canonical path of a source, which must be a folder that can be read.
pub fn canonical_source(path: &std::path::Path) -> Result<PathBuf> {
    let unreadable = |source| Error::SourceUnreadable { path: path.to_owned(), source };
    let canonical = path.canonicalize().map_err(unreadable)?;
    let dir = super::dir::Dir::open(&canonical).map_err(|errno| unreadable(errno.into()))?;
    dir.names().context("list", &canonical)?;
    Ok(canonical)
}
