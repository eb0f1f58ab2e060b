//! What a person works with: the configured repository, or one that was named on the command line.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use nix::unistd::{User, geteuid};
use uuid::Uuid;

use super::begun::Noting;
use super::config::{Config, LOCAL_LIMIT_BYTES, Source};
use super::error::{Away, Error, Result};
use super::explain::explain;
use super::places;
use super::rules;
use super::setup::candidate_drives;
use super::state::{Outcome, remember};
use super::undo;
use crate::engine::backup::{BackupOptions, BackupReport, backup_after, thin};
use crate::engine::clock::SystemClock;
use crate::engine::error::Error as EngineError;
use crate::engine::history::{History, SnapshotInfo};
use crate::engine::index::{LocalCopy, concerns_index};
use crate::engine::lock::host_name;
use crate::engine::monitor::{Event, Monitor};
use crate::engine::reader::is_current;
use crate::engine::recover::Writer;
use crate::engine::repository::{Identity, Repository, YORE_DIR};
use crate::engine::restore::{self, Journals, RestorePlan, RestoreReport, RestoreRequest};
use crate::engine::retention::{Policy, Retention};
use crate::engine::rules::RuleSet;
use crate::engine::seal::SnapshotKind;
use crate::engine::xattr::Labels;

/// The options that every command and both programs have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Another configuration than the usual one.
    pub config: Option<PathBuf>,
    /// A repository to open without any configuration.
    pub repository: Option<PathBuf>,
}

impl Options {
    /// The configuration's path.
    pub fn config_path(&self) -> PathBuf {
        self.config.clone().unwrap_or_else(places::config_file)
    }
}

/// A repository, and the sources that are backed up to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where the repository is.
    pub repository_path: PathBuf,
    /// Which one it must be; `None` for whichever is there.
    pub repository_id: Option<Uuid>,
    /// What is backed up; nothing if there is no configuration.
    pub sources: Vec<Source>,
    /// What of it is left out.
    pub rules: RuleSet,
    /// Which snapshots are kept; `None` if the person was never shown a rule, so that nothing is deleted by itself.
    pub retention: Option<Policy>,
    /// Take a drive whose file system can't promise anything. For tests.
    pub unsafe_drive: bool,
    /// Go into folders on other file systems, too.
    pub cross_mounts: bool,
    /// Whether security labels are kept.
    pub labels: Labels,
    /// How large this computer's copy of the index may become, in bytes; 0 for none.
    pub local_limit_bytes: u64,
}

/// What a backup may be told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BackUp {
    /// Believe a source that was emptied since the last time.
    pub accept_empty: bool,
    /// The schedule asked for it, not a person.
    pub scheduled: bool,
    /// Make no snapshot if nothing is new, as scheduled runs do.
    pub only_if_changed: bool,
    /// It comes before something that changes much, such as a restore of a whole folder.
    pub before: bool,
}

impl Target {
    /// Finds what the options name; `None` if Yore isn't set up yet.
    ///
    /// # Errors
    /// A configuration that can't be read or understood.
    pub fn load(options: &Options) -> Result<Option<Self>> {
        if let Some(path) = &options.repository {
            return Ok(Some(Self {
                repository_path: path.clone(),
                repository_id: None,
                sources: Vec::new(),
                rules: RuleSet::default(),
                retention: None,
                unsafe_drive: false,
                cross_mounts: false,
                labels: Labels::Leave,
                local_limit_bytes: LOCAL_LIMIT_BYTES,
            }));
        }
        Ok(Config::load(&options.config_path())?.map(Self::from))
    }

    /// As [`Target::load`], but not being set up is an error.
    pub fn require(options: &Options) -> Result<Self> {
        Self::load(options)?.ok_or_else(|| Error::NotSetUp(options.config_path()))
    }

    /// Opens the repository where it was, or where its drive is mounted now.
    pub fn open(&self) -> Result<Repository> {
        let error = match Repository::open(&self.repository_path, self.repository_id) {
            Ok(repository) => return Ok(repository),
            Err(error) => Error::from(error),
        };
        match self.repository_id.filter(|_| error.is_drive_away()).and_then(find_elsewhere) {
            Some(repository) => Ok(repository),
            None => Err(error),
        }
    }

    /// Opens the repository for writing: locked and recovered.
    pub fn open_writer(&self, monitor: &Monitor) -> Result<Writer> {
        let repository = self.open()?;
        let local = self.local_copy(repository.marker().id);
        Ok(Writer::open(repository, geteuid().as_raw(), self.unsafe_drive, Some(local), monitor)?)
    }

    /// Where this computer's copy of the index is kept.
    fn local_copy(&self, repository: Uuid) -> LocalCopy {
        let folder = places::history_dir(repository);
        LocalCopy { folder, limit_bytes: self.local_limit_bytes }
    }

    /// Opens the history for reading; with the drive away, what this computer knows of it.
    ///
    /// May take long: a lost index is made anew.
    pub fn open_history(&self, monitor: &Monitor) -> Result<History> {
        match self.open().and_then(|repository| self.read(repository, monitor)) {
            Err(error) if error.is_drive_away() => self.open_away().ok_or(error),
            opened => opened,
        }
    }

    fn read(&self, repository: Repository, monitor: &Monitor) -> Result<History> {
        if !is_current(&repository) {
            // Whoever may write mends the index for good; anyone else goes on with what can be read.
            if let Err(Error::Engine(EngineError::Cancelled)) = self.open_writer(monitor) {
                return Err(EngineError::Cancelled.into());
            }
        }
        let cache = places::cache_dir();
        std::fs::create_dir_all(&cache).map_err(|source| EngineError::Io {
            action: "make",
            path: cache.clone(),
            source,
        })?;
        let scratch = cache.join(format!("index-{}.sqlite", Uuid::new_v4()));
        let local = self.local_copy(repository.marker().id);
        Ok(History::open(repository, Some(local), &scratch, monitor)?)
    }

    fn open_away(&self) -> Option<History> {
        let id = self.repository_id?;
        History::open_away(&self.repository_path, id, self.local_copy(id))
    }

    /// Opens the history together with the contents, which are on the drive alone.
    pub(super) fn open_attached(&self, monitor: &Monitor) -> Result<History> {
        let history = self.open_history(monitor)?;
        match self.away(&history)? {
            Some(away) => Err(Error::DriveAway(away)),
            None => Ok(history),
        }
    }

    /// Which drive is away and since when, if `history` is only what this computer knows of it.
    pub fn away(&self, history: &History) -> Result<Option<Away>> {
        if !history.is_away() {
            return Ok(None);
        }
        let last_seen = history.snapshots()?.last().map(SnapshotInfo::current_at);
        let other = EngineError::is_other_repository;
        let is_replaced = matches!(&self.open(), Err(Error::Engine(error)) if other(error));
        Ok(Some(Away { path: self.repository_path.clone(), last_seen, is_replaced }))
    }

    /// Makes a snapshot, and remembers how it went.
    pub fn back_up(&self, monitor: &Monitor) -> Result<BackupReport> {
        self.back_up_with(BackUp::default(), monitor)
    }

    /// As [`Target::back_up`], with what the run is told.
    pub fn back_up_with(&self, told: BackUp, monitor: &Monitor) -> Result<BackupReport> {
        if self.sources.is_empty() {
            return Err(Error::NoSources);
        }
        let made = self.run_backup(told, monitor);
        let made = made.map_err(|error| self.unless_gone(error.while_deleting(monitor)));
        if let Some(id) = self.repository_id {
            remember(id, outcome(made.as_ref().map(|made| &made.report), monitor));
        }
        let report = made.map(|made| made.thinned(monitor));
        undo::tidy();
        report
    }

    /// What fails at the drive when it is pulled out only tells of reading and writing: that it is gone says more.
    fn unless_gone(&self, error: Error) -> Error {
        if error.is_cancelled() {
            return error;
        }
        self.open().err().filter(Error::is_drive_away).unwrap_or(error)
    }

    fn run_backup(&self, told: BackUp, monitor: &Monitor) -> Result<Made> {
        let kind = match told {
            BackUp { before: true, .. } => SnapshotKind::Before,
            BackUp { scheduled: true, .. } => SnapshotKind::Scheduled,
            BackUp { .. } => SnapshotKind::Manual,
        };
        let zone = TimeZone::system();
        let options = BackupOptions {
            accept_empty: told.accept_empty,
            only_if_changed: told.scheduled || told.only_if_changed,
            cross_mounts: self.cross_mounts,
            labels: self.labels,
            rules: rules::compile(&self.rules)?,
            retention: self.retention.clone().map(|policy| Retention { policy, zone }),
            ..BackupOptions::new(self.sources.clone(), kind)
        };
        let (mut writer, mut gone) = self.open_to_back_up(told.accept_empty, monitor)?;
        for name in &gone {
            monitor.emit(&Event::SnapshotDeleted { name: name.clone() });
        }
        let clock = &SystemClock;
        // Whoever has a snapshot is safe by that one, however far the next is.
        let is_first = writer.index.snapshots()?.is_empty();
        let _noting = self.repository_id.filter(|_| is_first).map(|id| Noting::start(id, monitor));
        let report = match backup_after(&mut writer, &options, clock, monitor, &mut gone) {
            // A page of the index was rotten: it is made again, once, and the run begins anew.
            Err(error) if concerns_index(&error) => {
                writer.mend(&error, monitor)?;
                backup_after(&mut writer, &options, clock, monitor, &mut gone)?
            }
            report => report?,
        };
        Ok(Made { report, writer, options })
    }

    /// Says what a restore is going to do.
    pub fn plan_restore(&self, request: &RestoreRequest, monitor: &Monitor) -> Result<RestorePlan> {
        let history = self.open_attached(monitor)?;
        let mut request = request.clone();
        request.spared.extend(rules::spared());
        request.left_out.extend(rules::left_out(&self.rules));
        Ok(restore::plan_restore(&history, &request, monitor)?)
    }

    /// Carries a plan out.
    pub fn restore(&self, plan: &RestorePlan, monitor: &Monitor) -> Result<RestoreReport> {
        let history = self.open_attached(monitor)?;
        Ok(restore::apply(&history, plan, &journals(), monitor)?)
    }

    /// Makes the index again from the trees.
    pub fn rebuild(&self, monitor: &Monitor) -> Result<()> {
        Ok(self.open_writer(monitor)?.rebuild(monitor)?)
    }
}

/// Where the journals of restores are kept.
pub fn journals() -> Journals {
    Journals::new(places::state_dir().join("restores"))
}

/// A backup that was made, with the repository still open.
struct Made {
    report: BackupReport,
    writer: Writer,
    options: BackupOptions,
}

impl Made {
    /// Deletes what the rules no longer keep. The backup is made whatever comes of that.
    fn thinned(mut self, monitor: &Monitor) -> BackupReport {
        match thin(&mut self.writer, &self.options, &SystemClock, monitor) {
            Ok(names) => self.report.deleted.extend(names),
            // Someone is just reading: the next backup does it.
            Err(EngineError::Locked { .. }) => {}
            // Who stopped it knows, and the next backup goes on.
            Err(EngineError::Cancelled) => {}
            Err(error) => {
                let error = Error::from(error).while_deleting(monitor);
                let reason = explain(&error).text();
                monitor.emit(&Event::ThinningFailed { reason });
            }
        }
        self.report
    }
}

impl From<Config> for Target {
    fn from(config: Config) -> Self {
        Self {
            repository_path: config.repository_path,
            repository_id: Some(config.repository_id),
            sources: config.sources,
            rules: config.rules,
            retention: config.retention,
            unsafe_drive: config.unsafe_drive,
            local_limit_bytes: config.local_limit_bytes,
            cross_mounts: !config.one_file_system,
            labels: if config.security_labels && geteuid().is_root() {
                Labels::Keep
            } else {
                Labels::Leave
            },
        }
    }
}

/// Looks for the repository on every drive that is mounted.
fn find_elsewhere(id: Uuid) -> Option<Repository> {
    candidate_drives().iter().find_map(|drive| {
        let folders = std::fs::read_dir(drive.join(YORE_DIR)).ok()?;
        folders.flatten().find_map(|folder| Repository::open(&folder.path(), Some(id)).ok())
    })
}

fn outcome(report: Result<&BackupReport, &Error>, monitor: &Monitor) -> Outcome {
    match report {
        Ok(report) if report.is_partial() => Outcome::Partial { problems: report.counts.problems },
        Ok(_) => Outcome::Done,
        Err(error) if error.is_cancelled() => {
            Outcome::Stopped { percent: monitor.progress().percent() }
        }
        Err(error) => Outcome::Failed { reason: explain(error).what, away: error.is_drive_away() },
    }
}

/// Who this person on this computer is.
pub fn identity() -> Identity {
    let uid = geteuid();
    let name = User::from_uid(uid).ok().flatten().map(|user| user.name);
    Identity {
        host: host_name(),
        user: name.unwrap_or_else(|| uid.to_string()),
        machine_id: std::fs::read("/etc/machine-id").unwrap_or_default(),
        euid: uid.as_raw(),
    }
}
