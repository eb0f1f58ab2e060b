//! What may lie in the trash when something is to be deleted.

use std::fs;
use std::process::Command;

use yore::engine::monitor::Monitor;
use yore::engine::prune::Wanted;

use super::{Past, trash_is_empty};
use crate::common::bound::Bound;
use crate::common::cli::Home;
use crate::common::drive::must;
use crate::common::engine::Rig;
use crate::common::place::{is_root, scratch, set_mode};
use crate::common::protected::Protected;
use crate::common::tree::write;

#[test]
fn what_is_mounted_in_the_trash_is_left_alone() {
    let past = Past::of_days(Rig::new(), &[2, 1, 0]);
    let (trash, other) = (past.rig.repository.join("trash"), scratch());
    write(&other.path().join("photo"), "the only one");
    let inside = trash.join("2020-01-01T00-00-00Z");
    fs::create_dir(&inside).unwrap();
    {
        let Some(_bound) = Bound::to(other.path(), &inside) else { return };
        past.rig.recover();
        past.prune("all = 2", Wanted::Nothing);
        assert_eq!(past.left(), [1, 2]);
        assert!(other.path().join("photo").exists());
    }
    {
        let Some(_bound) = Bound::to(other.path(), &trash) else { return };
        past.rig.recover();
        assert!(past.try_prune("all = 1", Wanted::Nothing, &Monitor::new()).is_err());
        assert!(other.path().join("photo").exists());
        assert_eq!(past.left(), [1, 2]);
    }
    past.prune("all = 1", Wanted::Nothing);
    assert!(trash_is_empty(&past.rig));
}

#[test]
fn a_trash_that_is_none_stops_no_backup() {
    let past = Past::of_days(Rig::new(), &[2, 1, 0]);
    let (trash, outside) = (past.rig.repository.join("trash"), scratch());
    write(&outside.path().join("photo"), "the only one");
    for make in [0, 1] {
        let _ = fs::remove_dir(&trash).or_else(|_| fs::remove_file(&trash));
        match make {
            0 => fs::write(&trash, "a file").unwrap(),
            _ => std::os::unix::fs::symlink(outside.path(), &trash).unwrap(),
        }
        past.rig.recover();
        assert!(past.try_prune("all = 1", Wanted::Nothing, &Monitor::new()).is_err());
        assert_eq!(past.left(), [0, 1, 2]);
        assert!(outside.path().join("photo").exists());
    }
    past.rig.back_up();
}

#[test]
fn something_stuck_in_the_trash_keeps_nothing_from_going() {
    let past = Past::of_days(Rig::new(), &[3, 2, 1, 0]);
    let stuck = past.rig.repository.join("trash").join(&past.names[0]).join("files/im");
    write(&stuck, "immovable");
    if !is_root() || Command::new("chattr").arg("+i").arg(&stuck).status().is_err() {
        return;
    }
    let report = past.prune("all = 1", Wanted::Nothing);
    must(Command::new("chattr").arg("-i").arg(&stuck));
    assert_eq!((report.deleted.len(), past.left()), (3, vec![3]));
    past.rig.recover();
    assert!(trash_is_empty(&past.rig));
    past.assert_index("stuck");
}

#[test]
fn a_folder_that_may_not_be_written_to_goes() {
    let Some(person) = Protected::of_person(&[]) else { return };
    let names = [person.back_up(), person.back_up(), person.back_up()];
    set_mode(&person.snapshot(&names[0]), 0o555);
    person.home.json(["prune", "--keep", "all=1"]);
    assert_eq!(person.home.snapshots(), names[2..]);
}

#[test]
fn a_hundred_snapshots_go_with_few_descriptors() {
    let past = Past::of_days(Rig::new(), &(0..120).rev().collect::<Vec<i64>>());
    let home = Home::new();
    let repository = past.rig.repository.to_str().unwrap();
    let words = ["--repository", repository, "prune", "--keep", "all=1"];
    let answer = home.run_under(&["prlimit", "--nofile=150:150"], words);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert_eq!(past.left(), [119]);
    assert!(trash_is_empty(&past.rig), "{answer:?}");
}
