//! Hard links of a source: they come back as what they were, and nothing else becomes one.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;

use super::{Pair, comes_back, pairs};
use crate::common::cli::Home;
use crate::common::node::{fifo, set_mtime};
use crate::common::place::scratch;
use crate::common::protected::name_of;
use crate::common::sealed::Sealed;
use crate::common::survey::{Survey, assert_none};
use crate::common::tree::write;

/// Below and above the size up to which changed metadata means a new copy.
const SIZES: [usize; 2] = [100, 100_000];

fn inode(path: &Path) -> u64 {
    path.symlink_metadata().unwrap().ino()
}

#[test]
fn hard_links_come_back_as_links() {
    for (kind, pair) in pairs() {
        for size in SIZES {
            let file = |name: &str| pair.path(format!("{size}/{name}"));
            write(&file("first"), vec![b'x'; size]);
            fs::create_dir_all(file("folder/inner")).unwrap();
            for name in ["beside", "folder/below", "folder/inner/deep"] {
                fs::hard_link(file("first"), file(name)).unwrap();
            }
            // The same content and metadata, but a file of its own.
            write(&file("twin"), vec![b'x'; size]);
            for name in ["first", "twin"] {
                set_mtime(&file(name), 1_700_000_000, 5).unwrap();
            }
        }
        let first = pair.comes_back(kind);
        let sealed = pair.protected.sealed(&first);
        for size in SIZES {
            let group =
                |name: &str| sealed.said(&pair.path(format!("{size}/{name}")), "link_group");
            assert!(group("first").is_array(), "{kind}, {size} bytes: no group is recorded");
            assert_eq!(group("first"), group("folder/inner/deep"), "{kind}, {size} bytes");
            assert!(group("twin").is_null(), "{kind}, {size} bytes: a file of its own has a group");
        }
        // All names of a file, and its twin, are one content.
        let once: u64 = SIZES.iter().map(|size| *size as u64).sum::<u64>() + 4;
        assert_eq!(sealed.copied_bytes(), once, "{kind}: something was copied twice");
    }
}

#[test]
fn links_that_are_made_and_broken_are_seen() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    let states = ["together", "apart", "other pairs"];
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| pair.path(name));
    write(&a, "one");
    write(&c, "one");
    fs::hard_link(&a, &b).unwrap();
    fs::hard_link(&c, &d).unwrap();
    let mut made = Vec::new();
    for state in states {
        let link = |from: &Path, to: &Path| {
            fs::remove_file(to).unwrap();
            fs::hard_link(from, to).unwrap();
        };
        match state {
            "together" => {}
            "apart" => {
                fs::remove_file(&b).unwrap();
                fs::copy(&a, &b).unwrap();
            }
            _ => {
                link(&a, &c);
                link(&b, &d);
            }
        }
        let surveyed = Survey::of(&pair.protected.source);
        made.push((state, pair.protected.back_up(), surveyed));
    }
    for (state, name, surveyed) in made {
        let back = pair.protected.restore(&name);
        assert_none(&Survey::of(&back).differences(&surveyed), state);
    }
}

#[test]
fn a_link_that_is_restored_alone_is_a_file_alone() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    write(&pair.path("one"), "x");
    fs::hard_link(pair.path("one"), pair.path("two")).unwrap();
    let name = pair.protected.back_up();
    let back = pair.protected.restore_with(0, &name, &[], &[&pair.path("two")]);
    assert_eq!((fs::read(&back).unwrap(), back.metadata().unwrap().nlink()), (b"x".to_vec(), 1));
}

#[test]
fn links_between_two_sources_come_back_as_links() {
    let (home, folder) = (Home::new(), scratch());
    let [drive, one, two, back] =
        ["drive", "one", "two", "back"].map(|name| folder.path().join(name));
    for path in [&drive, &one, &two] {
        fs::create_dir(path).unwrap();
    }
    write(&one.join("file"), vec![b'x'; 100_000]);
    fs::hard_link(one.join("file"), two.join("link")).unwrap();
    let answer = home.set_up(&drive, &[&one, &two]);
    let name = name_of(&home.json(["backup"]));
    let repository = Path::new(answer["repository"].as_str().unwrap());
    let sealed = Sealed::read(&repository.join("snapshots").join(name));
    let group = sealed.said(&one.join("file"), "link_group");
    assert!(group.is_array(), "no group is recorded");
    assert_eq!(sealed.said(&two.join("link"), "link_group"), group);
    assert_eq!(sealed.copied_bytes(), 100_000);
    let words = ["restore".as_ref(), one.as_path(), &two, "--to".as_ref(), &back];
    home.json(words);
    assert_eq!(inode(&back.join("one/file")), inode(&back.join("two/link")));
}

#[test]
fn symlinks_and_pipes_have_hard_links_too() {
    for (kind, pair) in pairs() {
        symlink("nowhere", pair.path("link")).unwrap();
        fifo(&pair.path("pipe"));
        fs::create_dir(pair.path("folder")).unwrap();
        for name in ["link", "pipe"] {
            fs::hard_link(pair.path(name), pair.path("folder").join(name)).unwrap();
        }
        let name = pair.protected.back_up();
        comes_back(&pair.protected, &name, kind);
    }
}
