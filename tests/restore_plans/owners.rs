//! Whose restored entries become.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use yore::engine::error::{Error, OwnerKind};
use yore::engine::history::History;
use yore::engine::monitor::Monitor;
use yore::engine::path::RelPath;
use yore::engine::repository::Repository;
use yore::engine::restore::{OwnerChoices, RestoreRequest, Warning, apply, plan_restore};

use super::{asked, into, planned};
use crate::common::cli::NOBODY;
use crate::common::drive::must;
use crate::common::engine::Rig;
use crate::common::place::{copy_this_program, is_root, set_mode};
use crate::common::protected::Protected;
use crate::common::tree::write;

/// A number that no computer gives to anybody.
const STRANGER: u32 = 3_123_456_789;

/// Says that this process is the person who plans, and which repository and source.
const PLANS: &str = "YORE_TEST_PLANS";

fn choices(users: &[(&str, &str)], groups: &[(&str, &str)]) -> OwnerChoices {
    let owned = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(old, new)| ((*old).to_owned(), (*new).to_owned())).collect()
    };
    OwnerChoices { users: owned(users), groups: owned(groups) }
}

#[test]
fn owners_go_by_choice_then_by_name_then_by_number() {
    if !is_root() {
        return;
    }
    let rig = Rig::new();
    for (name, uid) in [("roots", 0), ("nobodys", NOBODY), ("strangers", STRANGER)] {
        write(&rig.source.join(name), name);
        chown(rig.source.join(name), Some(uid), Some(uid)).unwrap();
    }
    rig.back_up();
    let restored = |name: &str, owners: OwnerChoices| {
        let to = rig.path().join(name);
        let request = into(to.clone(), asked(&rig, 1, Default::default(), [""]));
        let plan = planned(&rig, &RestoreRequest { owners, ..request });
        apply(&rig.history(), &plan, &rig.journals(), &Monitor::new()).unwrap();
        let owner = |name: &str| {
            let meta = fs::metadata(to.join("source").join(name)).unwrap();
            (meta.uid(), meta.gid())
        };
        (["roots", "nobodys", "strangers"].map(owner), plan.warnings)
    };
    let unknown = |warnings: &[Warning]| {
        warnings.iter().any(|warning| {
            let owners = vec![STRANGER.to_string()];
            *warning == Warning::UnknownOwners { count: 1, owners }
        })
    };
    let (owners, warnings) = restored("plain", OwnerChoices::default());
    assert_eq!(owners, [(0, 0), (NOBODY, NOBODY), (STRANGER, STRANGER)]);
    assert!(unknown(&warnings), "{warnings:?}");
    let number = STRANGER.to_string();
    let chosen = choices(&[("nobody", "77"), (&number, "root")], &[(&number, "88")]);
    let (owners, warnings) = restored("chosen", chosen);
    assert_eq!(owners, [(0, 0), (77, NOBODY), (0, 88)]);
    assert!(!unknown(&warnings), "{warnings:?}");
}

#[test]
fn groups_that_nobody_knows_are_named() {
    if !is_root() {
        return;
    }
    let rig = Rig::new();
    for (name, uid, gid) in [("grouped", 0, STRANGER), ("strange", STRANGER, STRANGER + 1)] {
        write(&rig.source.join(name), name);
        chown(rig.source.join(name), Some(uid), Some(gid)).unwrap();
    }
    rig.back_up();
    let request = into(rig.path().join("to"), asked(&rig, 1, Default::default(), [""]));
    let unknown = |owners: OwnerChoices| {
        planned(&rig, &RestoreRequest { owners, ..request.clone() }).warnings
    };
    let owners = vec![STRANGER.to_string(), (STRANGER + 1).to_string()];
    let warning = Warning::UnknownOwners { count: 2, owners };
    assert_eq!(unknown(OwnerChoices::default()), [warning]);
    let chosen = choices(&[], &[(&STRANGER.to_string(), "root")]);
    let owners = vec![STRANGER.to_string(), (STRANGER + 1).to_string()];
    assert_eq!(unknown(chosen), [Warning::UnknownOwners { count: 1, owners }]);
}

#[test]
fn choices_that_mean_nobody_are_refused() {
    let rig = Rig::new();
    write(&rig.source.join("x"), "x");
    rig.back_up();
    let refused = |owners: OwnerChoices| {
        let request = RestoreRequest { owners, ..asked(&rig, 1, Default::default(), [""]) };
        plan_restore(&rig.history(), &request, &Monitor::new())
    };
    let new = refused(choices(&[("0", "no such user here")], &[]));
    assert!(matches!(new, Err(Error::NoSuchOwner { kind: OwnerKind::User, .. })), "{new:?}");
    let new = refused(choices(&[], &[("0", "no such group here")]));
    assert!(matches!(new, Err(Error::NoSuchOwner { kind: OwnerKind::Group, .. })), "{new:?}");
    let old = refused(choices(&[("nobody knows them", "0")], &[]));
    assert!(matches!(old, Err(Error::OwnerNotStored { kind: OwnerKind::User, .. })), "{old:?}");
    // The number that system calls take for "nobody in particular".
    let none = refused(choices(&[("0", "4294967295")], &[]));
    assert!(matches!(none, Err(Error::NoSuchOwner { .. })), "{none:?}");
    assert!(refused(choices(&[("4242", "0")], &[])).is_ok());
}

#[test]
fn a_person_is_told_what_only_root_could_do() {
    if let Some(places) = std::env::var_os(PLANS) {
        let (repository, source) = places.to_str().unwrap().split_once(':').unwrap();
        return plans_as_person(Path::new(repository), Path::new(source));
    }
    let Some(person) = Protected::of_person(&[]) else { return };
    for name in ["of-root", "folder/of-root", "of-stranger", "program"] {
        write(&person.source.join(name), name);
    }
    for name in ["folder", "program"] {
        person.home.own(&person.source.join(name));
    }
    chown(person.source.join("of-stranger"), Some(STRANGER), None).unwrap();
    set_mode(&person.source.join("program"), 0o4755);
    person.back_up();
    // This very program, as that person.
    let program = copy_this_program(person.home.path());
    let name = "restore_plans::owners::a_person_is_told_what_only_root_could_do";
    let mut command = person.home.command(&program);
    command.args(["--exact", name, "--nocapture"]);
    let places = [person.repository.to_str().unwrap(), person.source.to_str().unwrap()];
    let said = must(command.env(PLANS, places.join(":")));
    assert!(said.contains("1 passed") && said.contains("planned as a person"), "{said}");
}

fn plans_as_person(repository: &Path, source: &Path) {
    assert_eq!(nix::unistd::geteuid().as_raw(), NOBODY);
    let opened = Repository::open(repository, None).unwrap();
    let scratch = source.parent().unwrap().join("scratch.sqlite");
    let history = History::open(opened, None, &scratch, &Monitor::new()).unwrap();
    let request = RestoreRequest::of(1, [RelPath::from_absolute(source).unwrap()]);
    let to: PathBuf = source.parent().unwrap().join("to");
    let plan = plan_restore(&history, &into(to, request), &Monitor::new()).unwrap();
    let owners = vec![STRANGER.to_string(), "root".to_owned()];
    let own = Warning::BecomesOwn { count: 3, owners };
    assert!(plan.warnings.contains(&own), "{:?}", plan.warnings);
    let power = Warning::PrivilegesLeftOff { count: 1 };
    assert!(plan.warnings.contains(&power), "{:?}", plan.warnings);
    assert_eq!(plan.warnings.len(), 2, "{:?}", plan.warnings);
    println_past_the_harness("planned as a person");
}

fn println_past_the_harness(text: &str) {
    use std::io::Write as _;
    std::io::stdout().write_all(format!("{text}\n").as_bytes()).unwrap();
}
