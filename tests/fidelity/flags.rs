//! Inode flags: kept beside the stored inode, which could not be linked with them, and given back to root.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::IFlags;
use serde_json::Value;

use super::Pair;
use crate::common::attribute::{change_flags, flags};
use crate::common::drive::{KINDS, must};
use crate::common::tree::write;

/// Files and folders with flags, which have to be taken off before anything can be changed.
struct Flagged(Vec<(PathBuf, IFlags)>);

impl Flagged {
    fn new(pair: &Pair, no_copy_on_write: bool) -> Self {
        let mut kinds = vec![
            ("plain", IFlags::empty()),
            ("immutable", IFlags::IMMUTABLE),
            ("append", IFlags::APPEND),
            ("nodump", IFlags::NODUMP),
            ("noatime", IFlags::NOATIME),
            ("sync", IFlags::SYNC),
            ("several", IFlags::APPEND | IFlags::NODUMP),
        ];
        if no_copy_on_write {
            kinds.push(("nocow", IFlags::NOCOW));
        }
        let mut all = Vec::new();
        for (name, flags) in kinds {
            for (size, content) in [("small", 100), ("large", 100_000)] {
                let file = pair.path(format!("{name}-{size}"));
                File::create(&file).unwrap();
                // It can be set on an empty file only.
                change_flags(&file, flags & IFlags::NOCOW, IFlags::empty()).unwrap();
                write(&file, vec![b'x'; content]);
                all.push((file, flags));
            }
            let folder = pair.path(format!("{name}-folder"));
            write(&folder.join("inside"), "x");
            fs::create_dir(folder.join("empty")).unwrap();
            all.push((folder, flags));
        }
        let flagged = Self(all);
        flagged.put_on();
        flagged
    }

    fn put_on(&self) {
        for (path, flags) in &self.0 {
            change_flags(path, *flags, IFlags::empty()).unwrap();
        }
    }

    fn take_off(&self) {
        for (path, flags) in &self.0 {
            change_flags(path, IFlags::empty(), *flags - IFlags::NOCOW).unwrap();
        }
    }
}

/// No file system could remove what is flagged so, nor link it.
fn loosen(folder: &Path) {
    must(Command::new("chattr").args(["-R", "-f", "-i", "-a", "--"]).arg(folder));
}

fn has_none(folder: &Path) -> bool {
    let listed = must(Command::new("lsattr").args(["-R", "-a"]).arg(folder));
    let flags = listed.lines().filter_map(|line| line.split_once(' '));
    flags
        .filter(|(flags, _)| flags.starts_with('-') || flags.contains("--"))
        .all(|(flags, _)| !flags.contains(['i', 'a', 'd', 'A', 'S', 'C']))
}

#[test]
fn flags_come_back_and_are_not_on_stored_inodes() {
    for (from, to) in [("ext4", "ext4"), ("xfs", "btrfs"), ("btrfs", "xfs")] {
        let Some(pair) = Pair::new(from, to) else { return };
        let flagged = Flagged::new(&pair, from == "btrfs");
        let what = format!("from {from} to {to}");
        let first = pair.comes_back(&what);
        let sealed = pair.protected.sealed(&first);
        for (path, flags) in &flagged.0 {
            let said = sealed.said(path, "flags");
            let wanted = if flags.is_empty() { Value::Null } else { flags.bits().into() };
            assert_eq!(said, wanted, "{what}: {path:?}");
        }
        assert!(has_none(&pair.protected.stored(&first)), "{what}: a stored inode has flags");

        // The same again is linked, and a change of a flag alone copies nothing.
        let second = pair.comes_back(&what);
        assert_eq!(pair.protected.sealed(&second).copied_bytes(), 0, "{what}: the same");
        flagged.take_off();
        let third = pair.comes_back(&what);
        assert_eq!(pair.protected.sealed(&third).copied_bytes(), 0, "{what}: without flags");
        loosen(pair.mounts[0].path());
    }
}

#[test]
fn a_person_gets_no_immutable_files_back() {
    for kind in KINDS {
        let Some(pair) = Pair::of_person(kind, kind) else { return };
        for (name, add) in [("fixed", IFlags::IMMUTABLE), ("log", IFlags::APPEND)] {
            write(&pair.path(name), name);
            pair.protected.home.own(&pair.path(name));
            change_flags(&pair.path(name), add, IFlags::empty()).unwrap();
        }
        let name = pair.protected.back_up();
        let back = pair.protected.restore(&name);
        for name in ["fixed", "log"] {
            assert_eq!(fs::read(back.join(name)).unwrap(), name.as_bytes(), "{kind}");
            let power = IFlags::IMMUTABLE | IFlags::APPEND;
            assert!((flags(&back.join(name)) & power).is_empty(), "{kind}: {name}");
        }
        loosen(pair.mounts[0].path());
    }
}
