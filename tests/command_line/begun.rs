//! A first backup that is interrupted, and what is said of it then.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use crate::common::small::Small;
use crate::common::trace::{can_inject, spawn_under};
use crate::common::tree::write;
use crate::common::wait::poll;

/// Enough files for the run to take some seconds if each waits a little.
const FILES: usize = 150;

/// A small sample with many files, of which a backup takes its time.
fn slow() -> Small {
    let small = Small::new();
    for number in 0..FILES {
        write(&small.source.join(format!("many/{number}")), format!("{number}\n"));
    }
    small
}

fn start(small: &Small) -> Child {
    let mut command = spawn_under(&small.home, "fsetxattr:delay_enter=100000", &["backup"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// What is noted in the state folder.
fn note(small: &Small) -> Option<PathBuf> {
    let entries = fs::read_dir(small.home.path().join("state/yore")).ok()?.flatten();
    let mut paths = entries.map(|entry| entry.path());
    paths.find(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("begun-") && name.ends_with(".json")
    })
}

#[test]
fn a_first_backup_that_was_killed_says_how_much_is_safe() {
    if !can_inject() {
        return;
    }
    let small = slow();
    assert_eq!(small.home.json(["status"])["begun"], false);
    let mut running = start(&small);
    poll("a note of how far it is", || note(&small));
    // While it runs nobody needs to go on with it.
    assert_eq!(small.home.json(["status"])["begun"], false);
    running.kill().unwrap();
    assert_eq!(running.wait().unwrap().code(), None);

    let status = poll("the lock to go", || {
        Some(small.home.json(["status"])).filter(|status| status["begun"] == true)
    });
    let percent = status["begun_percent"].as_u64().unwrap();
    assert!((1..100).contains(&percent), "{percent}");
    let said = format!("about {percent} % was copied");
    small.home.run(["status"]).says(0, &["The first backup is not finished", &said]);

    // A second one that is killed at once takes nothing from that.
    let mut running = start(&small);
    poll("the next run", || (small.home.json(["status"])["begun"] == false).then_some(()));
    running.kill().unwrap();
    running.wait().unwrap();
    let status = poll("the lock to go", || {
        Some(small.home.json(["status"])).filter(|status| status["begun"] == true)
    });
    assert!(status["begun_percent"].as_u64().unwrap() >= percent, "{status}");

    small.home.back_up();
    assert_eq!(note(&small), None);
    assert_eq!(small.home.json(["status"])["begun"], false);
}
