//! The engine without any face: a repository and a source in a temporary folder, and a clock of its own.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use uuid::Uuid;
use yore::engine::backup::{BackupOptions, BackupReport, Source, backup};
use yore::engine::clock::FixedClock;
use yore::engine::error::Result;
use yore::engine::history::{Entry, History, Version};
use yore::engine::index::LocalCopy;
use yore::engine::meta::Kind;
use yore::engine::monitor::{Event, Monitor};
use yore::engine::path::RelPath;
use yore::engine::recover::Writer;
use yore::engine::repository::{Identity, Repository};
use yore::engine::restore::{self, Journals, RestoreReport, RestoreRequest, Target};
use yore::engine::seal::SnapshotKind;

use super::place::Scratch;
use super::sealed::Sealed;
use super::wait::next_tick;

/// Far enough ahead that everything a test wrote counts as settled.
const AHEAD_SECONDS: i64 = 600;

/// A person with one source and a repository.
#[derive(Debug)]
pub struct Rig {
    folder: Scratch,
    pub source: PathBuf,
    source_id: Uuid,
    pub repository: PathBuf,
    pub id: Uuid,
    /// Where this computer keeps its copy of the index, if it does.
    pub local: Option<LocalCopy>,
    runs: AtomicI64,
}

/// Everything that the history answers, for comparing two indexes.
#[derive(Debug, PartialEq, Eq)]
pub struct Answers {
    snapshots: Vec<(u64, Uuid, String, Timestamp, Timestamp, [u64; 5])>,
    pub lists: Vec<(u64, RelPath, Vec<Entry>)>,
    versions: Vec<(RelPath, Vec<Version>)>,
}

impl Rig {
    pub fn new() -> Self {
        let folder = Scratch::new();
        let (source, drive) = (folder.path().join("source"), folder.path().join("drive"));
        for path in [&source, &drive] {
            std::fs::create_dir(path).unwrap();
        }
        Self::with(folder, source, &drive)
    }

    /// The drive is mounted somewhere; the source is there already, or is made on the disk.
    pub fn on(drive: &Path, source: Option<&Path>) -> Self {
        let folder = Scratch::new();
        let source = source.map_or_else(|| folder.path().join("source"), Path::to_owned);
        std::fs::create_dir_all(&source).unwrap();
        Self::with(folder, source, drive)
    }

    fn with(folder: Scratch, source: PathBuf, drive: &Path) -> Self {
        let made = Repository::create(drive, &identity(), false).unwrap();
        Self {
            source_id: Uuid::new_v4(),
            repository: made.path().to_owned(),
            id: made.marker().id,
            folder,
            source,
            local: None,
            runs: AtomicI64::new(0),
        }
    }

    /// A folder for whatever else a test needs.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn open(&self) -> Result<Repository> {
        Repository::open(&self.repository, Some(self.id))
    }

    pub fn writer(&self, monitor: &Monitor) -> Result<Writer> {
        Writer::open(self.open()?, identity().euid, false, self.local.clone(), monitor)
    }

    /// A clock that has gone on since the last run.
    pub fn clock(&self) -> FixedClock {
        let run = self.runs.fetch_add(1, Relaxed);
        let now = Timestamp::now().as_second();
        FixedClock(Timestamp::from_second(now + AHEAD_SECONDS + run * 10).unwrap())
    }

    pub fn options(&self) -> BackupOptions {
        let source = Source { id: self.source_id, path: self.source.clone() };
        BackupOptions::new(vec![source], SnapshotKind::Manual)
    }

    pub fn try_back_up(&self, options: &BackupOptions, monitor: &Monitor) -> Result<BackupReport> {
        let report = backup(&mut self.writer(monitor)?, options, &self.clock(), monitor);
        // With a clock that is ahead every change counts as settled, so none may have the same time.
        next_tick(self.source.parent().unwrap());
        report
    }

    /// Makes a snapshot in which all is well.
    #[track_caller]
    pub fn back_up(&self) -> BackupReport {
        let report = self.try_back_up(&self.options(), &Monitor::new()).unwrap();
        assert!(!report.is_partial(), "{report:?}");
        report
    }

    /// Makes a snapshot at a given moment.
    #[track_caller]
    pub fn back_up_at(&self, moment: Timestamp) -> BackupReport {
        let monitor = Monitor::new();
        let mut writer = self.writer(&monitor).unwrap();
        backup(&mut writer, &self.options(), &FixedClock(moment), &monitor).unwrap()
    }

    /// Makes a snapshot and gives what was said meanwhile.
    #[track_caller]
    pub fn back_up_listening(&self, options: &BackupOptions) -> (BackupReport, Vec<Event>) {
        let (monitor, events) = listener();
        let report = self.try_back_up(options, &monitor).unwrap();
        (report, said(&events))
    }

    /// Opens the repository for writing, which puts right what is wrong, and gives what was said.
    #[track_caller]
    pub fn recover(&self) -> Vec<Event> {
        let (monitor, events) = listener();
        drop(self.writer(&monitor).unwrap());
        said(&events)
    }

    pub fn history(&self) -> History {
        let scratch = self.path().join(format!("{}.sqlite", Uuid::new_v4()));
        History::open(self.open().unwrap(), self.local.clone(), &scratch, &Monitor::new()).unwrap()
    }

    pub fn index(&self) -> PathBuf {
        self.repository.join("index.sqlite")
    }

    pub fn snapshot(&self, name: &str) -> PathBuf {
        self.repository.join("snapshots").join(name)
    }

    /// The source as it is stored in a snapshot.
    pub fn stored(&self, name: &str) -> PathBuf {
        super::tree::stored(&self.repository, name, &self.source)
    }

    /// What a snapshot says of itself.
    #[track_caller]
    pub fn sealed(&self, name: &str) -> Sealed {
        Sealed::read(&self.snapshot(name))
    }

    /// The source's path, or one below it, as the engine names it.
    pub fn path_of(&self, below: &str) -> RelPath {
        RelPath::from_absolute(&self.source.join(below)).unwrap()
    }

    /// Restores the whole source as it was into an empty folder, and says where it is then.
    #[track_caller]
    pub fn restore(&self, at: u64) -> (PathBuf, RestoreReport) {
        let to = self.path().join(format!("restored-{}", Uuid::new_v4()));
        let asked = RestoreRequest::of(at, [self.path_of("")]);
        let request = RestoreRequest { target: Target::Folder(to.clone()), ..asked };
        let (history, monitor) = (self.history(), Monitor::new());
        let plan = restore::plan_restore(&history, &request, &monitor).unwrap();
        let report = restore::apply(&history, &plan, &self.journals(), &monitor).unwrap();
        (to.join("source"), report)
    }

    /// A configuration of the program for this source and repository, with this text at its end.
    pub fn configuration(&self, end: &str) -> String {
        let (repository, source) = (self.repository.display(), self.source.display());
        format!(
            "format = 1\n[repository]\nid = \"{}\"\npath = \"{repository}\"\n\
             [[source]]\nid = \"{}\"\npath = \"{source}\"\n{end}",
            self.id, self.source_id
        )
    }

    /// Where the journals of restores are kept.
    pub fn journals(&self) -> Journals {
        Journals::new(self.path().join("restores"))
    }

    /// Asks everything that there is to ask.
    pub fn answers(&self) -> Answers {
        self.answers_of(&self.history())
    }

    /// Asks one history everything that there is to ask.
    pub fn answers_of(&self, history: &History) -> Answers {
        let snapshots = history.snapshots().unwrap();
        let mut lists = Vec::new();
        let mut paths = std::collections::BTreeSet::new();
        for snapshot in &snapshots {
            let mut folders = vec![self.path_of("")];
            while let Some(folder) = folders.pop() {
                let entries = history.list(&folder, snapshot.seq).unwrap();
                for entry in &entries {
                    let path = folder.join(&entry.name);
                    if entry.kind == Kind::Directory {
                        folders.push(path.clone());
                    }
                    paths.insert(path);
                }
                lists.push((snapshot.seq, folder, entries));
            }
        }
        let versions = paths.into_iter().map(|path| {
            let versions = history.versions(&path).unwrap();
            (path, versions)
        });
        Answers {
            snapshots: snapshots
                .into_iter()
                .map(|s| {
                    let numbers = [s.entries, s.files, s.total_bytes, s.copied_bytes, s.problems];
                    (s.seq, s.id, s.name, s.started, s.finished, numbers)
                })
                .collect(),
            lists,
            versions: versions.collect(),
        }
    }
}

/// Who runs the tests, on a computer of its own.
pub fn identity() -> Identity {
    Identity {
        host: "laptop".to_owned(),
        user: "ann".to_owned(),
        machine_id: b"0123456789abcdef".to_vec(),
        euid: nix::unistd::geteuid().as_raw(),
    }
}

type Heard = Arc<Mutex<Vec<Event>>>;

/// A monitor, and everything that is said to it.
pub fn listener() -> (Monitor, Heard) {
    let heard = Heard::default();
    let ears = Arc::clone(&heard);
    let monitor = Monitor::with_listener(move |event| ears.lock().unwrap().push(event.clone()));
    (monitor, heard)
}

fn said(heard: &Heard) -> Vec<Event> {
    heard.lock().unwrap().clone()
}
