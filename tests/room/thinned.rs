//! After a backup, what the rules no longer keep is deleted; who reads isn't waited for.

use jiff::{SignedDuration, Timestamp};
use yore::app::target::Target;
use yore::engine::backup::{BackupOptions, thin};
use yore::engine::clock::SystemClock;
use yore::engine::error::Error;
use yore::engine::lock::{Lock, LockKind};
use yore::engine::monitor::Monitor;
use yore::engine::retention::{Policy, Retention};
use yore::engine::rules::RuleSet;
use yore::engine::xattr::Labels;

use crate::common::engine::Rig;
use crate::common::tree::write;

/// Three snapshots of the year before, of one day; the second and the third are nothing to any rule.
fn three() -> (Rig, Vec<String>) {
    let rig = Rig::new();
    let noon = Timestamp::now() - SignedDuration::from_hours(400 * 24);
    let names = (0..3).map(|number| {
        write(&rig.source.join("file"), format!("state {number}"));
        rig.back_up_at(noon + SignedDuration::from_secs(number)).snapshot
    });
    let names = names.collect();
    write(&rig.source.join("file"), "the newest");
    (rig, names)
}

fn target(rig: &Rig, retention: Option<Policy>) -> Target {
    Target {
        repository_path: rig.repository.clone(),
        repository_id: None,
        sources: rig.options().sources,
        rules: RuleSet::default(),
        retention,
        unsafe_drive: false,
        cross_mounts: false,
        labels: Labels::Leave,
        local_limit_bytes: 0,
    }
}

#[test]
fn a_backup_thins_by_the_rules_that_a_person_was_shown() {
    let (rig, names) = three();
    assert_eq!(target(&rig, None).back_up(&Monitor::new()).unwrap().deleted, [""; 0]);
    write(&rig.source.join("file"), "newer still");
    let report = target(&rig, Some(Policy::default())).back_up(&Monitor::new()).unwrap();
    assert_eq!(report.deleted, names[1..]);
    assert!(rig.snapshot(&names[0]).exists() && rig.snapshot(&report.snapshot).exists());
    assert!(!rig.snapshot(&names[1]).exists());
}

#[test]
fn whoever_reads_is_not_waited_for() {
    let (rig, names) = three();
    let retention = Retention { policy: Policy::default(), zone: jiff::tz::TimeZone::UTC };
    let options = BackupOptions { retention: Some(retention), ..rig.options() };
    rig.back_up_at(Timestamp::now());
    let mut writer = rig.writer(&Monitor::new()).unwrap();
    let reader = Lock::take(writer.repository.dir(), &rig.repository, LockKind::Reader).unwrap();
    let refused = thin(&mut writer, &options, &SystemClock, &Monitor::new());
    assert!(matches!(refused, Err(Error::Locked { .. })), "{refused:?}");
    assert!(names.iter().all(|name| rig.snapshot(name).exists()));
    drop(reader);
    let deleted = thin(&mut writer, &options, &SystemClock, &Monitor::new()).unwrap();
    assert_eq!(deleted, names[1..]);
}
