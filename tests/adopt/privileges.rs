//! Special bits and capabilities that must not come back with an adoption, and what the journal of them allows.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::handover::{Estate, FORMER, capability, set_capability};
use crate::common::cli::{Home, NOBODY};
use crate::common::place::set_mode;
use crate::common::tree::{fact, stored};

fn stored_in(estate: &Estate, number: usize, name: &str) -> PathBuf {
    stored(&estate.repository, &estate.names[number], &estate.source).join(name)
}

fn mode(path: &Path) -> u32 {
    fact(path).mode & 0o7777
}

#[test]
fn a_program_with_a_name_outside_gets_nothing_back() {
    let Some(estate) = Estate::new() else { return };
    let (outside, root) = (estate.path().join("outside"), Home::new());
    let [program, capable] = ["program", "capable"].map(|name| stored_in(&estate, 0, name));
    let others = stored_in(&estate, 0, "folder/file-2");
    set_mode(&others, 0o4711);
    fs::hard_link(&program, &outside).unwrap();
    let adopt = ["adopt", "--repository", estate.repository_arg(), "--for", "nobody"];
    let left = ["1 stored program", "special rights", "program"];
    root.run(adopt).says(0, &left);
    assert_eq!((mode(&outside), mode(&program)), (0o755, 0o755));
    assert_eq!(fact(&outside).owner.0, NOBODY);
    assert_eq!(mode(&others), 0o4711, "its names are all inside");
    assert!(capability(&capable).is_some());
    // A link that goes away later changes nothing any more.
    fs::remove_file(&outside).unwrap();
    root.run(adopt).says(0, &[]);
    assert_eq!(mode(&program), 0o755);
}

#[test]
fn capabilities_and_names_that_others_can_move_are_left_off_too() {
    let Some(estate) = Estate::new() else { return };
    let outside = estate.path().join("outside");
    let capable = stored_in(&estate, 0, "capable");
    set_capability(&capable);
    fs::hard_link(&capable, &outside).unwrap();
    // In a folder that anyone can write to, a name can be counted twice.
    let open = stored_in(&estate, 1, "folder");
    let loose = open.join("file-3");
    fs::remove_file(&loose).unwrap();
    fs::write(&loose, "3").unwrap();
    std::os::unix::fs::chown(&loose, Some(FORMER), Some(FORMER)).unwrap();
    set_mode(&loose, 0o4755);
    set_mode(&open, 0o777);
    Home::new()
        .run(["adopt", "--repository", estate.repository_arg(), "--for", "nobody"])
        .says(0, &["2 stored programs", "special rights"]);
    assert_eq!((capability(&outside), mode(&outside)), (None, mode(&capable)));
    assert_eq!(mode(&loose), 0o755);
    assert_eq!(mode(&stored_in(&estate, 0, "program")), 0o6755);
}

#[test]
fn nothing_makes_a_program_roots() {
    let Some(estate) = Estate::new() else { return };
    let [program, capable] = ["program", "capable"].map(|name| stored_in(&estate, 0, name));
    Home::new()
        .run(["adopt", "--repository", estate.repository_arg(), "--for", "0"])
        .says(0, &["stored programs", "special rights"]);
    assert_eq!((mode(&program), fact(&program).owner.0), (0o755, 0));
    assert_eq!((capability(&capable), fact(&capable).owner.0), (None, 0));
}

/// Leaves an adoption that is begun, with these losses.
fn begun(estate: &Estate, losses: &dyn Fn(&Path)) {
    let journal = estate.repository.join("journal");
    losses(&journal.join("adopt.jsonl"));
    let to = json!({ "host": "h", "user": "nobody", "machine": "", "euid": NOBODY, "gid": NOBODY });
    let entry = json!({ "from": FORMER, "to": to, "started": "2026-01-01T00:00:00Z" });
    fs::write(journal.join("adopt.json"), entry.to_string()).unwrap();
}

#[test]
fn losses_that_root_did_not_write_are_not_believed_and_hold_up_nothing() {
    let Some(estate) = Estate::new() else { return };
    let target = stored_in(&estate, 0, "folder/file-2");
    let inode = target.metadata().unwrap().ino();
    let path = target.strip_prefix(&estate.repository).unwrap().to_str().unwrap();
    let line = json!({ "path": path, "inode": inode, "mode": 0o4755, "capability": null });
    begun(&estate, &|losses| {
        fs::write(losses, line.to_string()).unwrap();
        std::os::unix::fs::chown(losses, Some(FORMER), Some(FORMER)).unwrap();
    });
    Home::new()
        .run(["adopt", "--repository", estate.repository_arg()])
        .says(0, &["nobody", "root did not write"]);
    assert_eq!(mode(&target) & 0o6000, 0);
    assert_eq!(fact(&target).owner.0, NOBODY);
    assert_eq!(fs::read_dir(estate.repository.join("journal")).unwrap().count(), 0);
}

#[test]
fn losses_are_never_in_memory_as_a_whole() {
    let Some(estate) = Estate::new() else { return };
    begun(&estate, &|losses| File::create(losses).unwrap().set_len(900 << 20).unwrap());
    let words = ["adopt", "--repository", estate.repository_arg()];
    Home::new()
        .run_under(&["prlimit", "--data=400000000"], words)
        .says(1, &["put back special bits"]);
}

#[test]
fn the_heir_can_read_the_journal_whatever_umask_root_has() {
    let Some(estate) = Estate::new().filter(|_| crate::common::trace::can_inject()) else { return };
    let journal = estate.repository.join("journal");
    let strace = ["sh", "-c", "umask 077; exec \"$@\"", "sh", "strace", "-f", "-qq", "-o"];
    let kill = ["/dev/null", "-e", "trace=syncfs", "-e", "inject=syncfs:signal=SIGKILL:when=1"];
    let wrapper: Vec<&str> = strace.into_iter().chain(kill).collect();
    let words = ["adopt", "--repository", estate.repository_arg(), "--for", "nobody"];
    assert_eq!(Home::new().run_under(&wrapper, words).code, None);
    for name in ["adopt.json", "adopt.jsonl"] {
        let mode = journal.join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o644, "{name}");
    }
}
