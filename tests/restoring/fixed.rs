//! What is immutable or can only be appended to in the way of a restore: root moves it, and it stays what it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use rustix::fs::IFlags;
use serde_json::Value;

use super::{mode, plain, workspaces};
use crate::common::attribute::{change_flags, flags};
use crate::common::cli::{Home, NOBODY};
use crate::common::drive::LoopDrive;
use crate::common::place::set_mode;
use crate::common::trace;
use crate::common::tree::{Facts, assert_same, facts, write};

/// A person's files on a file system with flags, changed and fixed since they were backed up.
struct Fixed {
    home: Home,
    source: PathBuf,
    drive: LoopDrive,
}

/// What there is, and with which flags.
type State = (Facts, BTreeMap<PathBuf, IFlags>);

const FIXING: IFlags = IFlags::IMMUTABLE.union(IFlags::APPEND);

impl Fixed {
    fn new(home: Home) -> Option<Self> {
        let drive = LoopDrive::ext4(64)?;
        let fixed = Self { source: drive.path().join("home"), home, drive };
        for name in ["letter", "log", "album/one", "album/inner/two", "kept/a"] {
            write(&fixed.source.join(name), format!("old {name}"));
        }
        fixed.home.own(fixed.drive.path());
        facts(&fixed.source).keys().for_each(|path| fixed.home.own(&fixed.source.join(path)));
        let to = fixed.drive.path().join("drive");
        fs::create_dir(&to).unwrap();
        fixed.home.own(&to);
        fixed.home.set_up(&to, &[&fixed.source]);
        fixed.home.back_up();
        fixed.change();
        Some(fixed)
    }

    fn change(&self) {
        for name in ["letter", "log", "album/one", "newer/file"] {
            write(&self.source.join(name), format!("new {name}"));
        }
        fs::remove_dir_all(self.source.join("album/inner")).unwrap();
        set_mode(&self.source.join("kept"), 0o700);
        for (name, flags) in [
            ("letter", IFlags::IMMUTABLE),
            ("log", IFlags::APPEND),
            ("album/one", IFlags::IMMUTABLE),
            ("album", IFlags::IMMUTABLE),
            ("newer/file", IFlags::IMMUTABLE),
            ("newer", IFlags::APPEND),
            ("kept", IFlags::IMMUTABLE),
        ] {
            change_flags(&self.source.join(name), flags, IFlags::empty()).unwrap();
        }
    }

    fn words(&self) -> [&str; 4] {
        ["restore", "--exact", "--no-before", self.source.to_str().unwrap()]
    }

    fn state(&self) -> State {
        let facts = plain(facts(&self.source));
        let flags = |path: &PathBuf| (path.clone(), flags(&self.source.join(path)) & FIXING);
        (facts.clone(), facts.keys().map(flags).collect())
    }

    #[track_caller]
    fn is_in(&self, wanted: &State, what: &str) {
        let (facts, flags) = self.state();
        assert_same(&facts, &wanted.0, what);
        assert_eq!(flags, wanted.1, "{what}");
    }

    fn flags(&self, below: &str) -> IFlags {
        flags(&self.source.join(below)) & FIXING
    }

    #[track_caller]
    fn is_restored(&self, what: &str) {
        for name in ["letter", "log", "album/one", "album/inner/two", "kept/a"] {
            let text = fs::read_to_string(self.source.join(name)).unwrap();
            assert_eq!(text, format!("old {name}"), "{what}");
        }
        assert!(!self.source.join("newer").exists(), "{what}");
        assert_eq!(mode(&self.source.join("kept")), 0o755, "{what}");
        for (name, wanted) in [
            ("letter", IFlags::empty()),
            ("album/one", IFlags::empty()),
            ("album", IFlags::IMMUTABLE),
            ("kept", IFlags::IMMUTABLE),
        ] {
            assert_eq!(self.flags(name), wanted, "{what}: {name}");
        }
    }

    /// What was set aside.
    fn slots(&self) -> impl Iterator<Item = PathBuf> {
        let all = workspaces(&self.source).into_iter().chain(workspaces(self.drive.path()));
        all.flat_map(|workspace| fs::read_dir(workspace).unwrap().map(|slot| slot.unwrap().path()))
    }

    /// The flags of what was set aside.
    fn kept(&self) -> Vec<IFlags> {
        let fixing = self.slots().map(|slot| flags(&slot) & FIXING);
        let mut kept: Vec<IFlags> = fixing.filter(|flags| !flags.is_empty()).collect();
        kept.sort_by_key(IFlags::bits);
        kept
    }

    /// Where the thing with this content was set aside.
    fn slot(&self, content: &str) -> PathBuf {
        let is_it = |slot: &PathBuf| fs::read_to_string(slot).is_ok_and(|text| text == content);
        self.slots().find(is_it).unwrap()
    }
}

#[test]
fn root_moves_it_and_it_stays_what_it_is() {
    let Some(fixed) = Fixed::new(Home::new()) else { return };
    let before = fixed.state();
    let told = fixed.home.json(fixed.words());
    assert_eq!(told["report"]["problems"], Value::Array(vec![]), "{told:#}");
    fixed.is_restored("restored");
    let aside = [IFlags::IMMUTABLE, IFlags::IMMUTABLE, IFlags::APPEND, IFlags::APPEND];
    assert_eq!(fixed.kept(), aside);
    let after = fixed.state();

    fixed.home.run(["undo"]).says(0, &["back in their place"]);
    fixed.is_in(&before, "taken back");
    let number = told["report"]["id"].as_str().unwrap();
    fixed.home.run(["undo", number]).says(0, &[]);
    fixed.is_in(&after, "done again");
    assert_eq!(fixed.kept(), aside);

    // Another name of what is given up stays immutable.
    let (slot, other) = (fixed.slot("new letter"), fixed.source.join("other"));
    change_flags(&slot, IFlags::empty(), IFlags::IMMUTABLE).unwrap();
    fs::hard_link(&slot, &other).unwrap();
    change_flags(&slot, IFlags::IMMUTABLE, IFlags::empty()).unwrap();
    fixed.home.run(["undo", "--discard", number]).says(0, &["free again"]);
    assert_eq!((fixed.kept(), fixed.flags("other")), (vec![], IFlags::IMMUTABLE));
    assert!(workspaces(&fixed.source).is_empty() && workspaces(fixed.drive.path()).is_empty());
}

#[test]
fn killed_at_any_moment_it_is_gone_on_with_or_taken_back() {
    if !trace::can_inject() {
        return;
    }
    let mut hits = 0;
    for call in ["ioctl", "renameat2", "fchmodat"] {
        for time in 1..=40 {
            let Some(fixed) = Fixed::new(Home::new()) else { return };
            let before = fixed.state();
            let what = format!("killed at {call} number {time}");
            let injection = format!("{call}:signal=SIGKILL:when={time}");
            let answer = trace::run_under(&fixed.home, &injection, None, &fixed.words());
            if answer.code.is_some() {
                break;
            }
            hits += 1;
            let listed = fixed.home.json(["undo", "--list"]);
            if listed["restores"].as_array().unwrap().is_empty() {
                fixed.is_in(&before, &what);
                continue;
            }
            if time % 2 == 0 {
                fixed.home.run(["restore", "--resume"]).says(0, &[]);
                fixed.is_restored(&what);
            }
            fixed.home.run(["undo"]).says(0, &[]);
            fixed.is_in(&before, &what);
        }
    }
    assert!(hits > 15, "{hits}");
}

#[test]
fn an_undo_that_is_killed_is_gone_on_with() {
    if !trace::can_inject() {
        return;
    }
    let mut hits = 0;
    for time in 1..=40 {
        let Some(fixed) = Fixed::new(Home::new()) else { return };
        let before = fixed.state();
        fixed.home.run(fixed.words()).says(0, &[]);
        let injection = format!("ioctl:signal=SIGKILL:when={time}");
        let answer = trace::run_under(&fixed.home, &injection, None, &["undo"]);
        if answer.code.is_some() {
            break;
        }
        hits += 1;
        fixed.home.run(["undo"]).says(0, &[]);
        fixed.is_in(&before, &format!("killed at ioctl number {time}"));
    }
    assert!(hits > 5, "{hits}");
}

#[test]
fn where_no_folder_is_free_one_is_made_so_for_the_moment() {
    let Some(fixed) = Fixed::new(Home::new()) else { return };
    for path in [&fixed.source, fixed.drive.path()] {
        change_flags(path, IFlags::IMMUTABLE, IFlags::empty()).unwrap();
    }
    let are_fixed = || {
        let all = [flags(&fixed.source), flags(fixed.drive.path())];
        all.iter().all(|flags| flags.contains(IFlags::IMMUTABLE))
    };
    let before = fixed.state();
    let told = fixed.home.json(fixed.words());
    fixed.is_restored("restored");
    assert!(are_fixed() && !workspaces(&fixed.source).is_empty());
    fixed.home.run(["undo"]).says(0, &[]);
    fixed.is_in(&before, "taken back");
    let number = told["report"]["id"].as_str().unwrap();
    fixed.home.run(["undo", "--discard", number]).says(0, &[]);
    assert!(are_fixed() && workspaces(&fixed.source).is_empty());
}

#[test]
fn for_a_person_it_stays_where_it_is_and_is_named() {
    let Some(fixed) = Fixed::new(Home::of_user(NOBODY)) else { return };
    let answer = fixed.home.run(fixed.words());
    answer.says(3, &["letter", "it could not be put in its place"]);
    let text = fs::read_to_string(fixed.source.join("letter")).unwrap();
    assert_eq!((text.as_str(), fixed.flags("letter")), ("new letter", IFlags::IMMUTABLE));
}
