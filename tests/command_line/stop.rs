//! Ctrl+C while something is being deleted.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use crate::common::aged::Aged;
use crate::common::drive::must;

/// Runs `yore` while someone reads, and stops it when it waits for that. Gives what it says then.
fn stopped(aged: &Aged, words: &[&str]) -> (Option<i32>, String) {
    let reader = aged.rig.open().unwrap();
    let _lock = reader.lock_for_reading().unwrap();
    let mut command = aged.home.command(env!("CARGO_BIN_EXE_yore"));
    let command = command.args(words).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut running = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(running.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("reading from the drive") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "it ended without waiting");
    }
    must(Command::new("kill").args(["-INT", &running.id().to_string()]));
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    (running.wait().unwrap().code(), rest)
}

#[test]
fn a_stopped_deletion_says_what_becomes_of_it() {
    let aged = Aged::of_weeks();
    let names = aged.names();
    let deletions = [&["prune", "--keep", "all=2"][..], &["forget", &names[0], "--yes"]];
    for words in deletions {
        let (code, said) = stopped(&aged, words);
        assert_eq!(code, Some(1), "{said}");
        for wanted in ["Stopped.", "is finished the next time", "yore snapshots"] {
            assert!(said.contains(wanted), "{wanted:?} in {said}");
        }
    }
    aged.home.run(["prune", "--keep", "all=2"]).says(0, &["which freed"]);
    assert_eq!(aged.on_drive(), names[names.len() - 2..]);
}
