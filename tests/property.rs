//! Random trees, changed at random: every state comes back as a naive copy remembers it.

use std::ffi::OsString;
use std::fs::{self, File, FileTimes};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rustix::fs::XattrFlags;
use yore::engine::monitor::Monitor;
use yore::engine::path::is_name;

use crate::common::engine::Rig;
use crate::common::place::set_mode;
use crate::common::tree::{Facts, assert_same, facts, without_inodes};

/// A path that an edit is about: names from the case's pool, by number.
type Place = Vec<Index>;

/// One change to the source. What can't be done as things are is left undone.
#[derive(Debug, Clone)]
enum Edit {
    Write { place: Place, size: usize, byte: u8 },
    Folder { place: Place },
    Link { place: Place, target: Vec<u8> },
    Remove { place: Place },
    Rename { from: Place, to: Place },
    Mode { place: Place, mode: u32 },
    Time { place: Place, seconds: i64, nanoseconds: u32 },
    Attribute { place: Place, name: u8, value: Vec<u8> },
    Swap { place: Place },
}

fn names() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let any_bytes = vec(any::<u8>(), 1..20).prop_filter("no name", |name| is_name(name));
    let odd = select(vec![b"a".to_vec(), b"A".to_vec(), b"a\nb".to_vec(), vec![0xff; 255]]);
    vec(prop_oneof![any_bytes, odd], 3..6)
}

fn edit() -> impl Strategy<Value = Edit> {
    let place = || prop_oneof![3 => vec(any::<Index>(), 1), 2 => vec(any::<Index>(), 2), 1 => vec(any::<Index>(), 3)];
    // Around the size up to which changed metadata means a new copy.
    let size = prop_oneof![0..2_000_usize, 65_530..65_545_usize, 200_000..200_010_usize];
    let target = vec(1..=255_u8, 1..60);
    let seconds = prop_oneof![-2_000_000_000..4_000_000_000_i64, 1_000..2_000_i64];
    prop_oneof![
        6 => (place(), size, any::<u8>()).prop_map(|(place, size, byte)| Edit::Write { place, size, byte }),
        2 => place().prop_map(|place| Edit::Folder { place }),
        2 => (place(), target).prop_map(|(place, target)| Edit::Link { place, target }),
        2 => place().prop_map(|place| Edit::Remove { place }),
        2 => (place(), place()).prop_map(|(from, to)| Edit::Rename { from, to }),
        2 => (place(), select(vec![0o600, 0o644, 0o755, 0o700, 0o1777]))
            .prop_map(|(place, mode)| Edit::Mode { place, mode }),
        2 => (place(), seconds, 0..1_000_000_000_u32)
            .prop_map(|(place, seconds, nanoseconds)| Edit::Time { place, seconds, nanoseconds }),
        2 => (place(), 0..3_u8, vec(any::<u8>(), 0..600))
            .prop_map(|(place, name, value)| Edit::Attribute { place, name, value }),
        1 => place().prop_map(|place| Edit::Swap { place }),
    ]
}

fn remove(path: &Path) -> std::io::Result<()> {
    if path.symlink_metadata()?.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

/// The folders above a path, made; an error where something else is in the way.
fn make_room(path: &Path) -> std::io::Result<()> {
    // Not through links, which may lead anywhere.
    let is_link = |path: &Path| path.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
    if path.ancestors().skip(1).any(is_link) {
        return Err(std::io::ErrorKind::NotADirectory.into());
    }
    fs::create_dir_all(path.parent().unwrap())
}

fn is_link(path: &Path) -> std::io::Result<bool> {
    Ok(path.symlink_metadata()?.is_symlink())
}

fn apply(edit: &Edit, path_of: impl Fn(&Place) -> PathBuf) -> std::io::Result<()> {
    match edit {
        Edit::Write { place, size, byte } => {
            let path = path_of(place);
            make_room(&path)?;
            if path.is_symlink() {
                return Ok(());
            }
            fs::write(path, vec![*byte; *size])
        }
        Edit::Folder { place } => make_room(&path_of(place).join("x")),
        Edit::Link { place, target } => {
            let path = path_of(place);
            make_room(&path)?;
            std::os::unix::fs::symlink(OsString::from_vec(target.clone()), path)
        }
        Edit::Remove { place } => remove(&path_of(place)),
        Edit::Rename { from, to } => {
            make_room(&path_of(to))?;
            fs::rename(path_of(from), path_of(to))
        }
        Edit::Mode { place, mode } => {
            let path = path_of(place);
            if !is_link(&path)? {
                // A folder that can't be entered is another subject.
                set_mode(&path, if path.is_dir() { mode | 0o700 } else { *mode });
            }
            Ok(())
        }
        Edit::Time { place, seconds, nanoseconds } => {
            let path = path_of(place);
            if is_link(&path)? {
                return Ok(());
            }
            let whole = Duration::from_secs(seconds.unsigned_abs());
            let base = if *seconds < 0 { UNIX_EPOCH - whole } else { UNIX_EPOCH + whole };
            let time = base + Duration::from_nanos((*nanoseconds).into());
            File::open(path)?.set_times(FileTimes::new().set_modified(time))
        }
        Edit::Attribute { place, name, value } => {
            let path = path_of(place);
            if is_link(&path)? {
                return Ok(());
            }
            Ok(rustix::fs::setxattr(path, format!("user.{name}"), value, XattrFlags::empty())?)
        }
        Edit::Swap { place } => {
            let path = path_of(place);
            let was_folder = path.symlink_metadata()?.is_dir();
            remove(&path)?;
            if was_folder { fs::write(path, "was a folder") } else { fs::create_dir(path) }
        }
    }
}

/// Applies all edits, and remembers the tree as it is then.
fn change(rig: &Rig, names: &[Vec<u8>], edits: &[Edit]) -> Facts {
    let path_of = |place: &Place| {
        let mut path = rig.source.clone();
        path.extend(place.iter().map(|at| OsString::from_vec(at.get(names).clone())));
        path
    };
    for edit in edits {
        // What can't be done is no change; the tree is looked at in the end.
        let _ = apply(edit, path_of);
    }
    without_inodes(facts(&rig.source))
}

fn every_state_comes_back(names: &[Vec<u8>], rounds: &[Vec<Edit>]) {
    let rig = Rig::new();
    fs::write(rig.source.join("always"), "so that it is never emptied").unwrap();
    let (mut states, mut kept) = (Vec::new(), Vec::new());
    for edits in rounds {
        states.push(change(&rig, names, edits));
        let name = rig.back_up().snapshot;
        kept.push((name.clone(), facts(&rig.snapshot(&name))));
    }
    let answers = rig.answers();
    let monitor = Monitor::new();
    rig.writer(&monitor).unwrap().rebuild(&monitor).unwrap();
    assert_eq!(rig.answers(), answers, "after a rebuild");
    for (at, state) in states.iter().enumerate() {
        let (restored, report) = rig.restore(at as u64 + 1);
        assert_eq!(report.problems, [], "state {at}");
        assert_same(&without_inodes(facts(&restored)), state, &format!("state {at}"));
    }
    for (name, before) in &kept {
        assert_same(&facts(&rig.snapshot(name)), before, name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 32,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_state_of_a_random_tree_comes_back(
        names in names(),
        rounds in vec(vec(edit(), 1..25), 2..5),
    ) {
        every_state_comes_back(&names, &rounds);
    }
}
