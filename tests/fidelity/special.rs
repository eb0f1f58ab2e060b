//! Pipes, sockets and devices: recorded, never opened, and never made in a snapshot's tree.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, chown};
use std::process::{Child, Command};

use rustix::fs::{FileType, IFlags};
use serde_json::json;

use super::{Pair, comes_back, pairs};
use crate::common::attribute::{self, allow};
use crate::common::digest;
use crate::common::node::{device, fifo, set_mtime, socket};
use crate::common::place::set_mode;
use crate::common::protected::Protected;
use crate::common::tree::{facts, write};

/// Somebody who waits for a pipe to be opened by a reader; ended on drop.
struct Waiting(Child);

impl Waiting {
    fn at(pipe: &std::path::Path) -> Self {
        Self(Command::new("sh").args(["-c", "echo x > \"$0\""]).arg(pipe).spawn().unwrap())
    }

    fn still(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn fill(pair: &Pair) {
    fifo(&pair.path("pipe"));
    socket(&pair.path("socket"));
    device(&pair.path("null"), FileType::CharacterDevice, 1, 3);
    device(&pair.path("odd"), FileType::CharacterDevice, 400, 200_000);
    device(&pair.path("disk"), FileType::BlockDevice, 7, 300);
    for (number, name) in ["pipe", "socket", "null", "odd", "disk"].into_iter().enumerate() {
        let path = pair.path(name);
        chown(&path, Some(1000 + number as u32), Some(2000)).unwrap();
        // Whatever mask the program runs with.
        set_mode(&path, [0o666, 0o777, 0o600, 0o620, 0o462][number]);
        set_mtime(&path, 1_600_000_000, 123_456_789).unwrap();
    }
    allow(&pair.path("pipe"), "u:1234:rw,m::r");
}

#[test]
fn special_files_come_back_to_root() {
    for (kind, pair) in pairs() {
        fill(&pair);
        let name = pair.comes_back(kind);
        let sealed = pair.protected.sealed(&name);
        let said = |name: &str| sealed.said(&pair.path(name), "special");
        assert_eq!(said("pipe")["kind"], "fifo");
        assert_eq!(said("socket")["kind"], "socket");
        assert_eq!(said("null"), json!({ "kind": "character", "major": 1, "minor": 3 }));
        assert_eq!(said("odd"), json!({ "kind": "character", "major": 400, "minor": 200_000 }));
        assert_eq!(said("disk"), json!({ "kind": "block", "major": 7, "minor": 300 }));
        assert_eq!(sealed.count("special"), 5, "{kind}");
        let stored = facts(&pair.protected.stored(&name));
        assert_eq!(stored.len(), 2, "{kind}: something was made for a special file: {stored:?}");

        // As changes of each other, and of a file.
        for (name, kind) in [("pipe", 0), ("null", 1), ("disk", 2), ("always", 3)] {
            fs::remove_file(pair.path(name)).unwrap();
            match kind {
                0 => write(&pair.path(name), "was a pipe"),
                1 => device(&pair.path(name), FileType::BlockDevice, 1, 3),
                2 => fifo(&pair.path(name)),
                _ => socket(&pair.path(name)),
            }
        }
        pair.comes_back(kind);
    }
}

#[test]
fn the_seal_s_digest_is_the_source_s() {
    for (kind, pair) in pairs() {
        fill(&pair);
        write(&pair.path("folder/inner/large"), vec![b'x'; 100_000]);
        write(&pair.path("folder/small"), "x");
        std::os::unix::fs::symlink("nowhere", pair.path("folder/link")).unwrap();
        for name in ["folder", "folder/small", "folder/inner/large"] {
            attribute::set(&pair.path(name), "user.note", b"kept");
            attribute::set(&pair.path(name), "trusted.note", b"of root");
            allow(&pair.path(name), "u:1234:r");
        }
        fs::hard_link(pair.path("folder/small"), pair.path("linked")).unwrap();
        attribute::change_flags(&pair.path("folder"), IFlags::NODUMP, IFlags::empty()).unwrap();
        for run in ["first", "touched"] {
            let sealed = pair.protected.sealed(&pair.protected.back_up());
            let wanted = digest::of(&pair.protected.source, &sealed);
            assert_eq!(digest::sealed(&sealed), wanted, "{kind}: {run}");
            set_mtime(&pair.path("folder/inner/large"), 1_600_000_000, 7).unwrap();
            set_mode(&pair.path("folder/inner/large"), 0o4711);
        }
    }
}

#[test]
fn devices_come_back_only_when_they_are_asked_for() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    fill(&pair);
    let name = pair.protected.back_up();
    let back = pair.protected.restore_with(3, &name, &[], &[&pair.protected.source]);
    assert!(back.join("pipe").metadata().unwrap().file_type().is_fifo());
    for name in ["null", "odd", "disk"] {
        assert!(back.join(name).symlink_metadata().is_err(), "{name} came back");
    }
}

#[test]
fn a_person_gets_pipes_and_sockets_back() {
    let Some(person) = Protected::of_person(&[]) else { return };
    let source = person.source.clone();
    fifo(&source.join("pipe"));
    socket(&source.join("socket"));
    for name in ["pipe", "socket"] {
        person.home.own(&source.join(name));
        set_mode(&source.join(name), 0o600);
    }
    let name = person.back_up();
    comes_back(&person, &name, "of a person");
}

#[test]
fn a_pipe_is_never_opened() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    fifo(&pair.path("pipe"));
    let mut waiting = Waiting::at(&pair.path("pipe"));
    for run in ["first", "second"] {
        pair.protected.back_up();
        assert!(waiting.still(), "the {run} run opened the pipe");
    }
}
