//! A database and its log change together: no moment has one beside the log of another.

use std::fs;
use std::path::{Path, PathBuf};

use yore::engine::history::History;
use yore::engine::monitor::Monitor;
use yore::engine::repository::Repository;
use yore::engine::restore;

use super::apply::journals;
use super::plain;
use crate::common::small::Small;
use crate::common::trace;
use crate::common::tree::{Facts, assert_same, facts, stored, without_inodes, write};

/// What a database must not find beside it of another.
const LOGS: [&str; 2] = ["x-wal", "x-journal"];

fn text(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// A person's database and its log, which both were others when they were backed up.
struct Scene {
    small: Small,
    folder: PathBuf,
    wanted: Facts,
    before: Facts,
}

impl Scene {
    fn new() -> Self {
        Self::with_log("old")
    }

    /// The content of the old log is `log`.
    fn with_log(log: &str) -> Self {
        let small = Small::new();
        let folder = small.source.join("db");
        for (name, text) in [("x", "old"), ("x-wal", log)] {
            write(&folder.join(name), text);
        }
        small.home.back_up();
        let wanted = without_inodes(plain(facts(&folder)));
        for name in ["x", "x-wal", "x-journal", "x-shm"] {
            write(&folder.join(name), "new");
        }
        let before = plain(facts(&folder));
        Self { small, folder, wanted, before }
    }

    fn text(&self, name: &str) -> Option<String> {
        text(&self.folder.join(name))
    }

    fn history(&self) -> History {
        let repository = Repository::open(&self.small.repository, None).unwrap();
        let scratch = self.small.path().join("scratch.sqlite");
        History::open(repository, None, &scratch, &Monitor::new()).unwrap()
    }

    /// Restores the database, and sends a signal at one of the system calls; gives the exit code.
    fn restore(&self, call: &str, signal: &str, time: usize, without_flags: bool) -> Option<i32> {
        let source = self.small.arg("db");
        let inject = format!("inject={call}:signal={signal}:when={time}");
        let mut trace = vec!["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject];
        if without_flags {
            trace.extend(["-e", "inject=renameat2:error=EINVAL"]);
        }
        let words = ["restore", "--on-conflict", "replace", source.as_str()];
        self.small.home.run_under(&trace, words).code
    }
}

/// Kills a restore of a database, and goes on with it or takes it back; whether it was hit.
fn kill(time: usize, without_flags: bool, is_undone: bool) -> bool {
    let scene = Scene::new();
    let call = if without_flags { "renameat,linkat,unlinkat" } else { "renameat2" };
    if let Some(code) = scene.restore(call, "SIGKILL", time, without_flags) {
        assert_eq!(code, 0);
        return false;
    }
    let what = format!("killed at number {time}, without flags: {without_flags}");
    let database = scene.text("x");
    for log in LOGS.into_iter().filter_map(|name| scene.text(name)) {
        assert!(database.as_ref().is_none_or(|x| *x == log), "{what}: {log} beside {database:?}");
    }
    let (journals, monitor) = (journals(&scene.small), Monitor::new());
    let Some(info) = journals.list().unwrap().pop() else { return true };
    if !is_undone {
        restore::resume(&scene.history(), &journals, info.id, &monitor).unwrap();
        assert_same(&without_inodes(plain(facts(&scene.folder))), &scene.wanted, &what);
    }
    assert_eq!(restore::undo(&journals, info.id, &monitor).unwrap().problems, [], "{what}");
    assert_same(&plain(facts(&scene.folder)), &scene.before, &what);
    true
}

#[test]
fn a_killed_restore_puts_no_database_beside_the_log_of_another() {
    if !trace::can_inject() {
        return;
    }
    for without_flags in [false, true] {
        for is_undone in [false, true] {
            let hits = (1..=9).filter(|time| kill(*time, without_flags, is_undone)).count();
            assert!(hits > 3, "{hits}");
        }
    }
}

/// Restores the database whose `part` is lost on the drive; the problems by name, and what is in the folder then.
fn restore_parted(words: &[&str], part: &str, live: &[&str]) -> (Vec<String>, Facts, Scene) {
    let mut scene = Scene::with_log("another content");
    for name in ["x", "x-wal", "x-journal", "x-shm"] {
        if !live.contains(&name) {
            fs::remove_file(scene.folder.join(name)).unwrap();
        }
    }
    scene.before = plain(facts(&scene.folder));
    let name = scene.small.home.snapshots().pop().unwrap();
    let stored = stored(&scene.small.repository, &name, &scene.folder);
    fs::remove_file(stored.join(part)).unwrap();
    let arg = scene.small.arg("db");
    let words = [&["restore"], words, &[arg.as_str()]].concat();
    let told = scene.small.home.json_of(3, &words);
    let problems = told["report"]["problems"].as_array().unwrap();
    let name = |problem: &serde_json::Value| {
        problem["path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
    };
    let names = problems.iter().map(name).collect();
    (names, plain(facts(&scene.folder)), scene)
}

#[test]
fn nothing_of_a_database_comes_back_if_a_part_cannot() {
    const ALL: &[&str] = &["x", "x-wal", "x-journal", "x-shm"];
    for part in ["x", "x-wal"] {
        for (conflict, live) in [("replace", ALL), ("keep-both", ALL), ("replace", &[])] {
            let what = format!("{part} is lost, {conflict}, {live:?}");
            let words = ["--on-conflict", conflict];
            let (mut names, now, scene) = restore_parted(&words, part, live);
            assert_same(&now, &scene.before, &what);
            names.sort();
            let removed = !live.is_empty() && conflict == "replace";
            let wanted =
                if removed { &["x", "x-journal", "x-shm", "x-wal"][..] } else { &["x", "x-wal"] };
            assert_eq!(names, wanted, "{what}");
        }
    }
}

#[test]
fn what_is_left_of_a_database_comes_back_if_asked_for() {
    for live in [&["x", "x-wal"][..], &[]] {
        let words = ["--damaged", "--on-conflict", "replace"];
        let (names, _, scene) = restore_parted(&words, "x-wal", live);
        let database = if live.is_empty() { "old" } else { "new" };
        assert_eq!(scene.text("x").as_deref(), Some(database), "{names:?}");
        assert_eq!(scene.text("x-wal").is_some(), !live.is_empty());
    }
}

/// Gives files of one folder to another.
fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        if entry.path().is_dir() {
            copy_files(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn a_restored_log_is_not_taken_for_the_one_that_was_in_its_place() {
    if !trace::can_inject() {
        return;
    }
    // Killed at the first step, before anything was moved.
    let first = (1..=9).find_map(|time| {
        let scene = Scene::new();
        assert!(scene.restore("renameat2", "SIGKILL", time, false).is_none(), "never at a step");
        let info = journals(&scene.small).list().unwrap().pop()?;
        let steps = journals(&scene.small).folder().join(format!("{}.steps.jsonl", info.id));
        steps.exists().then_some((scene, info))
    });
    let (scene, info) = first.unwrap();
    let (log, monitor) = (scene.folder.join("x-wal"), Monitor::new());
    assert_eq!(text(&log).as_deref(), Some("new"));
    let (journals, kept) = (journals(&scene.small), scene.small.path().join("kept"));
    copy_files(journals.folder(), &kept);
    // The program that uses the database removes its log; and the end of the restore comes to no disk.
    fs::remove_file(&log).unwrap();
    restore::resume(&scene.history(), &journals, info.id, &monitor).unwrap();
    assert_eq!(text(&log).as_deref(), Some("old"));
    copy_files(&kept, journals.folder());
    restore::resume(&scene.history(), &journals, info.id, &monitor).unwrap();
    assert_eq!((scene.text("x"), text(&log)), (Some("old".into()), Some("old".into())));
    assert_eq!(restore::undo(&journals, info.id, &monitor).unwrap().problems, []);
    assert_eq!((scene.text("x"), text(&log)), (Some("new".into()), None));
}

#[test]
fn a_stop_does_not_part_a_database_from_its_log() {
    if !trace::can_inject() {
        return;
    }
    for time in 1..=9 {
        let scene = Scene::new();
        scene.restore("renameat2", "SIGINT", time, false);
        let names = ["x", "x-wal", "x-journal", "x-shm"].map(|name| scene.text(name));
        let all = |wanted: [Option<&str>; 4]| names == wanted.map(|text| text.map(str::to_owned));
        let new = all([Some("new"); 4]);
        assert!(new || all([Some("old"), Some("old"), None, None]), "at number {time}: {names:?}");
    }
}

#[test]
fn what_a_program_used_since_stays_whole() {
    for changed in ["x", "x-wal"] {
        let scene = Scene::new();
        let folder = scene.folder.to_str().unwrap();
        scene.small.home.json(["restore", "--on-conflict", "replace", folder]);
        write(&scene.folder.join(changed), "used since");
        let used = plain(facts(&scene.folder));
        // However often it is asked for.
        for number in 0..3 {
            let id = journals(&scene.small).list().unwrap().pop().unwrap().id.to_string();
            let report = &scene.small.home.json_of(3, ["undo", &id])["report"];
            assert_eq!((&report["put_back"], &report["taken_away"]), (&0.into(), &0.into()));
            assert_same(&used, &plain(facts(&scene.folder)), &format!("{changed} {number}"));
        }
    }
}
