//! What `yore backup` says of the snapshots that it deletes.

use crate::common::aged::Aged;

#[test]
fn what_a_backup_deletes_is_named() {
    let aged = Aged::of_weeks();
    aged.configure("[retention]\nall = 2\n");
    let gone = aged.made.len() - 1;
    let answer = aged.home.run(["backup"]);
    let count = format!("{gone} old snapshots were deleted, as your rules say:");
    let more = format!("and {} more", gone - 10);
    answer.says(0, &[&count, &more]);
    for (at, name) in aged.names().iter().enumerate() {
        assert_eq!(answer.out.contains(name.as_str()), at < 10, "{name} in {answer:?}");
    }
    assert_eq!(aged.on_drive().len(), 2);

    let answer = aged.home.run(["backup"]);
    let oldest = &aged.made[gone].0;
    answer.says(0, &["1 old snapshot was deleted", oldest]);
    assert!(!answer.out.contains("more"), "{answer:?}");
}
