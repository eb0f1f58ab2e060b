//! Cost follows change: counted in opened files, copies and rows, never by the clock.

use std::collections::BTreeMap;
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use yore::engine::backup::{BackupOptions, backup};
use yore::engine::clock::SystemClock;
use yore::engine::monitor::Monitor;
use yore::engine::rules::{Exclusion, Preset, RuleSet, Rules};

use crate::common::aged::Aged;
use crate::common::cli::Home;
use crate::common::drive::LoopDrive;
use crate::common::engine::Rig;
use crate::common::place::set_mode;
use crate::common::protected::Protected;
use crate::common::trace::{self, can_inject};
use crate::common::tree::{facts, write};

const LARGE_BYTES: usize = 65 * 1024;
/// How many files lie in each folder of those whose system calls are counted, and how many calls an entry may cost.
const FILES_IN_FOLDER: usize = 10;
const MOST_CALLS: f64 = 4.2;
/// The same of new entries, for the calls that look at something and that open something.
const MOST_LOOKS: f64 = 4.05;
const MOST_OPENED: f64 = 3.1;
const DRIVE_MIB: u64 = 512;
/// How much is copied until a drive is flushed first.
const FIRST_FLUSH_MIB: usize = 16;

/// Sees which files of a tree are opened.
struct Watch {
    inotify: OwnedFd,
    folders: BTreeMap<i32, PathBuf>,
}

impl Watch {
    fn new(root: &Path) -> Self {
        let inotify = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).unwrap();
        let watch = |path: PathBuf| {
            let number = inotify::add_watch(&inotify, root.join(&path), WatchFlags::OPEN).unwrap();
            (number, path)
        };
        let all = facts(root);
        let folders = all.into_iter().filter(|(_, fact)| fact.is_folder());
        let folders = folders.map(|(path, _)| watch(path)).collect();
        Self { inotify, folders }
    }

    /// The files that were opened since, sorted, each once; folders don't count.
    fn opened(&self) -> Vec<PathBuf> {
        let mut paths = self.opened_in_order();
        paths.sort();
        paths.dedup();
        paths
    }

    /// The same in the order in which they were.
    fn opened_in_order(&self) -> Vec<PathBuf> {
        let mut buffer = [MaybeUninit::uninit(); 64 * 1024];
        let mut reader = inotify::Reader::new(&self.inotify, &mut buffer);
        let mut paths = Vec::new();
        while let Ok(event) = reader.next() {
            assert!(!event.events().contains(ReadFlags::QUEUE_OVERFLOW));
            if !event.events().contains(ReadFlags::ISDIR) {
                let name = event.file_name().unwrap().to_str().unwrap().to_owned();
                paths.push(self.folders[&event.wd()].join(name));
            }
        }
        paths
    }
}

/// How many rows each table of the index has.
fn rows(rig: &Rig) -> BTreeMap<&'static str, u64> {
    let index = rusqlite::Connection::open(rig.index()).unwrap();
    let count = |table| {
        let query = format!("SELECT count(*) FROM {table}");
        let count: i64 = index.query_row(&query, [], |row| row.get(0)).unwrap();
        (table, count as u64)
    };
    ["snapshot", "source", "node", "version"].into_iter().map(count).collect()
}

/// A source of small and large files, backed up.
fn backed_up() -> (Rig, Watch) {
    let rig = Rig::new();
    for number in 0..60 {
        write(&rig.source.join(format!("folder-{}/file-{number}", number % 6)), number.to_string());
    }
    for number in 0..4 {
        write(&rig.source.join(format!("large-{number}")), vec![b'x'; LARGE_BYTES + number]);
    }
    rig.back_up();
    let watch = Watch::new(&rig.source);
    (rig, watch)
}

#[test]
fn an_unchanged_tree_is_not_read_and_costs_no_rows() {
    let (rig, watch) = backed_up();
    let before = rows(&rig);
    let report = rig.back_up();
    assert_eq!(watch.opened(), [""; 0].map(PathBuf::from));
    assert_eq!((report.counts.copied, report.copied_bytes), (0, 0));
    assert_eq!((report.counts.linked, report.counts.files), (64, 64));
    let after = rows(&rig);
    let added: Vec<_> = after.iter().map(|(table, rows)| (*table, rows - before[table])).collect();
    assert_eq!(added, [("node", 0), ("snapshot", 1), ("source", 1), ("version", 0)]);
}

#[test]
fn an_unchanged_entry_costs_few_system_calls() {
    if !can_inject() {
        return;
    }
    // What a run costs by itself is in both.
    let (few, many) = (100, 400);
    let (Some(base), Some(mut calls)) = (calls_of_unchanged(few), calls_of_unchanged(many)) else {
        return;
    };
    for (name, count) in &mut calls {
        *count = count.saturating_sub(base.get(name).copied().unwrap_or(0));
    }
    let folders = many - few;
    let entries = folders * (FILES_IN_FOLDER + 1);
    let per_entry = calls.values().sum::<usize>() as f64 / entries as f64;
    assert!(per_entry <= MOST_CALLS, "{per_entry} calls for each of {entries} entries: {calls:?}");
}

#[test]
fn a_new_entry_costs_few_system_calls() {
    if !can_inject() {
        return;
    }
    let (few, many) = (100, 400);
    let (Some(base), Some(mut calls)) = (calls_of_new(few), calls_of_new(many)) else { return };
    for (name, count) in &mut calls {
        *count = count.saturating_sub(base.get(name).copied().unwrap_or(0));
    }
    let entries = (many - few) * (FILES_IN_FOLDER + 1);
    let of_calls = |names: &[&str]| {
        names.iter().filter_map(|name| calls.get(*name)).sum::<usize>() as f64 / entries as f64
    };
    // One when the first backup is measured, two at what is open, before and after it is read, and one at what became of it.
    assert!(of_calls(&["statx"]) <= MOST_LOOKS, "{calls:?}");
    // The name, what it stands for, and the new file; a folder is opened in its source and in the stage.
    assert!(of_calls(&["openat", "openat2"]) <= MOST_OPENED, "{calls:?}");
    // Files and folders are made with the mode that they keep.
    assert!(of_calls(&["fchmod"]) < 0.02, "{calls:?}");
}

#[test]
fn a_restored_entry_is_dressed_by_few_system_calls() {
    if !can_inject() {
        return;
    }
    let (few, many) = (100, 400);
    let (Some(base), Some(calls)) = (calls_of_restored(few), calls_of_restored(many)) else {
        return;
    };
    let files = ((many - few) * FILES_IN_FOLDER) as f64;
    let per_file = |name: &str| {
        let of = |calls: &BTreeMap<String, usize>| calls.get(name).copied().unwrap_or(0);
        of(&calls).saturating_sub(of(&base)) as f64 / files
    };
    // Files are made with their owner and their mode; of a folder the mode comes last.
    assert!(per_file("fchown") < 0.02, "{calls:?}");
    assert!(per_file("fchmod") <= 1.02 / FILES_IN_FOLDER as f64, "{calls:?}");
}

/// The system calls of a restore of so many folders to a new place.
fn calls_of_restored(folders: usize) -> Option<BTreeMap<String, usize>> {
    let drive = LoopDrive::in_memory(DRIVE_MIB)?;
    let protected = Protected::on(drive.path());
    fill(&protected.source, folders);
    protected.back_up();
    let to = protected.home.path().join("restored");
    let (to, source) = (to.to_str().unwrap(), protected.source.to_str().unwrap());
    Some(trace::totals(&protected.home, &["restore", "--to", to, source]))
}

/// The system calls of a first snapshot of so many folders.
fn calls_of_new(folders: usize) -> Option<BTreeMap<String, usize>> {
    let drive = LoopDrive::in_memory(DRIVE_MIB)?;
    let home = Home::new();
    let source = home.path().join("source");
    fill(&source, folders);
    let protected = Protected::at(home, drive.path(), &source);
    Some(trace::totals(&protected.home, &["backup"]))
}

fn fill(source: &Path, folders: usize) {
    for file in 0..folders * FILES_IN_FOLDER {
        let folder = file / FILES_IN_FOLDER;
        write(&source.join(format!("folder {folder}/file {file}")), file.to_string());
    }
}

#[test]
fn a_drive_is_flushed_while_it_is_filled() {
    if !can_inject() {
        return;
    }
    let flushes = |mebibytes: usize| {
        let drive = LoopDrive::in_memory(DRIVE_MIB)?;
        let home = Home::new();
        let source = home.path().join("source");
        for number in 0..mebibytes {
            let content = format!("{number:07}\n").repeat(1 << 17);
            write(&source.join(format!("file {number}")), content);
        }
        let protected = Protected::at(home, drive.path(), &source);
        Some(trace::totals(&protected.home, &["backup"]).get("syncfs").copied().unwrap_or(0))
    };
    let (Some(few), Some(many)) = (flushes(1), flushes(2 * FIRST_FLUSH_MIB)) else { return };
    assert!(many > few, "{many} flushes of much, {few} of little");
}

/// The system calls of a snapshot of so many folders in which nothing changed, on a drive of which most is free:
/// elsewhere a run counts first what it will store.
fn calls_of_unchanged(folders: usize) -> Option<BTreeMap<String, usize>> {
    let drive = LoopDrive::in_memory(DRIVE_MIB)?;
    let aged = Aged::on(drive.path());
    fill(&aged.rig.source, folders);
    aged.rig.back_up();
    // Takes what the program keeps on this computer with it.
    aged.home.run(["backup"]).says(0, &["complete"]);
    Some(trace::totals(&aged.home, &["backup"]))
}

#[test]
fn rules_read_nothing_but_the_tags_of_caches() {
    let (rig, _) = backed_up();
    write(&rig.source.join("folder-1/CACHEDIR.TAG"), "Signature: none");
    write(&rig.source.join("folder-2/.nobackup"), "");
    let every = RuleSet {
        presets: Preset::ALL.to_vec(),
        exclude: vec![Exclusion::Pattern("file-*[05]".to_owned())],
        largest_file_bytes: Some(LARGE_BYTES as u64 + 1),
        ..RuleSet::for_home()
    };
    let options = BackupOptions { rules: Rules::compile(every, None).unwrap(), ..rig.options() };
    let run = || rig.try_back_up(&options, &Monitor::new()).unwrap();
    run();
    let (watch, before) = (Watch::new(&rig.source), rows(&rig));
    let report = run();
    assert_eq!(watch.opened(), ["folder-1/CACHEDIR.TAG"].map(PathBuf::from));
    assert_eq!(report.counts.copied, 0);
    // Ten files are in the marked folder, two of the others are too large; of the last digits two are left out.
    assert_eq!(report.counts.linked, 40 + 2 + 2);
    assert_eq!(rows(&rig)["version"], before["version"]);
}

#[test]
fn only_what_changed_is_read() {
    let (rig, watch) = backed_up();
    let before = rows(&rig);
    write(&rig.source.join("folder-3/file-3"), "changed");
    write(&rig.source.join("folder-3/new"), "new");
    fs::remove_file(rig.source.join("folder-4/file-4")).unwrap();
    watch.opened();
    let report = rig.back_up();
    assert_eq!(watch.opened(), ["folder-3/file-3", "folder-3/new"].map(PathBuf::from));
    assert_eq!((report.counts.copied, report.copied_bytes), (2, 10));
    let after = rows(&rig);
    // One state for each of the two files, and for the two folders whose times moved.
    assert_eq!((after["node"] - before["node"], after["version"] - before["version"]), (1, 4));
}

#[test]
fn changed_permissions_cost_one_copy_of_what_is_small() {
    let (rig, watch) = backed_up();
    for (path, _) in facts(&rig.source).iter().filter(|(_, fact)| fact.is_file()) {
        set_mode(&rig.source.join(path), 0o600);
    }
    let report = rig.back_up();
    assert_eq!((report.counts.copied, report.counts.linked), (60, 4), "{report:?}");
    assert_eq!(report.counts.overrides, 4);

    watch.opened();
    let before = rows(&rig);
    let report = rig.back_up();
    assert_eq!(watch.opened(), [""; 0].map(PathBuf::from));
    assert_eq!((report.counts.copied, report.counts.linked), (0, 64), "{report:?}");
    assert_eq!(report.counts.overrides, 4);
    assert_eq!(rows(&rig)["version"], before["version"]);
}

#[test]
fn what_changed_just_now_is_read_again_but_not_stored_again() {
    let rig = Rig::new();
    write(&rig.source.join("file"), "x");
    let run = || {
        let monitor = Monitor::new();
        let mut writer = rig.writer(&monitor).unwrap();
        backup(&mut writer, &rig.options(), &SystemClock, &monitor).unwrap()
    };
    run();
    let watch = Watch::new(&rig.source);
    let report = run();
    assert_eq!(watch.opened(), ["file"].map(PathBuf::from));
    assert_eq!((report.counts.copied, report.counts.linked), (0, 1));
}

#[test]
fn files_on_a_disk_that_turns_are_read_in_the_order_of_their_inodes() {
    let Some(disk) = LoopDrive::in_memory(64) else { return };
    let source = disk.path().join("source");
    for name in ["d", "a", "e", "c", "b"] {
        write(&source.join(name), name);
    }
    let inode = |path: &PathBuf| source.join(path).metadata().unwrap().ino();
    let by_name: Vec<PathBuf> = ["a", "b", "c", "d", "e"].map(PathBuf::from).into();
    let mut by_inode = by_name.clone();
    by_inode.sort_by_key(inode);
    assert_ne!(by_name, by_inode);
    for (turns, expected) in [(true, by_inode), (false, by_name)] {
        if !disk.say_that_it_turns(turns) {
            return;
        }
        let Some(drive) = LoopDrive::ext4(64) else { return };
        let protected = Protected::at(Home::new(), drive.path(), &source);
        let watch = Watch::new(&source);
        protected.back_up();
        assert_eq!(watch.opened_in_order(), expected, "{turns}");
    }
}
