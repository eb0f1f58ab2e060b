//! The power fails: what was reported is there, and what was not is whole or gone.

use std::fs;

use super::Victim;
use crate::common::tree::write;

#[test]
fn what_was_reported_survives_a_power_cut() {
    let Some(mut victim) = Victim::new() else { return };
    for round in 0..3 {
        victim.change();
        let before = victim.committed();
        let name = victim.home.back_up();
        let unsynced = victim.drive.path().join("unsynced");
        write(&unsynced, "x");
        victim.drive.cut_power();
        assert!(!unsynced.exists(), "the power was not cut, so this proves nothing");
        let what = format!("power cut {round}");
        assert_eq!(victim.check(&before, &what), 1);
        victim.check_complete(&name, &what);
        assert_eq!(victim.home.snapshots().last(), Some(&name));
        let hashes = fs::read(victim.source.join("large")).unwrap();
        let to = victim.home.path().join(format!("back-{round}"));
        let source = victim.source.join("large");
        let words = ["restore", source.to_str().unwrap(), "--to", to.to_str().unwrap()];
        victim.home.json(words);
        assert_eq!(fs::read(to.join("large")).unwrap(), hashes);
        victim.change();
        let before = victim.committed();
        victim.recovers(&before, &what);
    }
}

#[test]
fn a_power_cut_in_the_middle_leaves_a_whole_snapshot_or_none() {
    let Some(mut victim) = Victim::new() else { return };
    for at in [
        "linkat:when=9",
        "write:when=4",
        "fsetxattr:when=6",
        "syncfs:when=1",
        "syncfs:when=2",
        "renameat:when=1",
        "renameat2:when=1",
        "fsync:when=1",
        "fsync:when=2",
        "fsync:when=3",
        "fdatasync:when=1",
        "fdatasync:when=2",
        "pwrite64:when=3",
        "unlinkat:when=2",
    ] {
        victim.change();
        let before = victim.committed();
        let (call, when) = at.split_once(':').unwrap();
        let answer = victim.back_up_under(&format!("{call}:signal=SIGKILL:{when}"));
        victim.drive.cut_power();
        let what = format!("power cut at {at}");
        let added = victim.check(&before, &what);
        assert!(answer.code != Some(0) || added == 1, "{what}: {answer:?}");
        victim.recovers(&before, &what);
    }
}
