//! Forged trees of snapshots, stages and trash, and overrides and attributes of what is in them.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use rustix::fs::{CWD, FileType, Mode, OFlags};
use serde_json::{Value, json};

use super::case::Case;
use super::{Forgery, forgery};
use crate::common::attribute;
use crate::common::node;
use crate::common::place::set_mode;
use crate::common::tree::{named, write};

pub fn all() -> Vec<Forgery> {
    let mut all = links();
    all.extend(specials());
    all.extend(bits());
    all.extend(attributes());
    all.extend(sizes());
    all.extend(strays());
    all
}

fn clear(path: &Path) {
    let _ = if path.is_dir() && !path.is_symlink() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
}

/// Where a link leads.
type Lead = fn(&Case) -> PathBuf;

/// Links in the place of folders that are on the way to something.
fn links() -> Vec<Forgery> {
    let targets: [(&str, Lead); 4] = [
        ("a canary's folder", |case| case.outside("folder")),
        ("the root", |_| "/".into()),
        ("far above", |case| {
            PathBuf::from("../".repeat(40)).join(case.outside("folder").strip_prefix("/").unwrap())
        }),
        ("itself", |_| "folder".into()),
    ];
    let mut all = Vec::new();
    for place in ["folder", "folder/inner", "letter", ""] {
        for (what, target) in targets {
            for keeps_index in [true, false] {
                let index = if keeps_index { "a good" } else { "no" };
                let name = format!("a link to {what} as {place:?} in the tree, and {index} index");
                all.push(forgery(name, move |case: &Case| {
                    let at = match place {
                        "" => case.tree(),
                        place => case.tree().join(place),
                    };
                    clear(&at);
                    symlink(target(case), at).unwrap();
                    case.add_overrides(&[
                        json!({ "path": case.path_of("folder/inner/file"), "mode": 0o644 }),
                        json!({ "path": case.path_of("folder/inner/../../x"), "mode": 0o644 }),
                    ]);
                    if keeps_index {
                        // As it was before the tree was forged.
                        case.restore_index();
                    }
                }));
            }
        }
    }
    all
}

fn specials() -> Vec<Forgery> {
    let mut all = Vec::new();
    type Make = fn(&Path);
    let kinds: [(&str, Make); 4] = [
        ("a pipe", node::fifo),
        ("a socket", node::socket),
        ("a character device", |path| node::device(path, FileType::CharacterDevice, 1, 5)),
        ("a block device", |path| node::device(path, FileType::BlockDevice, 7, 250)),
    ];
    for (what, make) in kinds {
        for place in ["letter", "folder", "folder/inner/new"] {
            for keeps_index in [true, false] {
                let index = if keeps_index { "a good" } else { "no" };
                all.push(forgery(
                    format!("{what} as {place} in the tree, and {index} index"),
                    move |case| {
                        let at = case.tree().join(place);
                        clear(&at);
                        make(&at);
                        if !keeps_index {
                            case.forget_index();
                        }
                    },
                ));
            }
        }
    }
    for kind in
        ["block", "character", "fifo", "socket", "file", "directory", "symlink", "\u{1b}[2J"]
    {
        for (what, below) in
            [("a file", "letter"), ("nothing", "made"), ("what has no folder", "no/such/folder/x")]
        {
            all.push(forgery(format!("{kind:?} said of {what}"), move |case| {
                let special = json!({ "kind": kind, "major": 8, "minor": 0 });
                case.add_overrides(&[json!({ "path": case.path_of(below), "special": special,
                    "mode": 0o6777, "uid": 0, "gid": 0 })]);
            }));
        }
    }
    all
}

fn bits() -> Vec<Forgery> {
    let owned = |uid: u32, mode: u32| {
        move |case: &Case| {
            for name in ["letter", "folder/first", "folder"] {
                let path = case.tree().join(name);
                chown(&path, Some(uid), Some(uid)).unwrap();
                set_mode(&path, mode);
            }
            case.forget_index();
        }
    };
    let said = |uid: u32, mode: u32| {
        move |case: &Case| {
            let line = |below: &str| json!({ "path": case.path_of(below), "mode": mode, "uid": uid, "gid": uid });
            case.add_overrides(&["letter", "folder/first", "folder"].map(line));
        }
    };
    let mut all = Vec::new();
    for (uid, mode) in [(0, 0o6755), (1, 0o4777), (u32::MAX - 1, 0o7777), (1234, 0), (0, 0o1777)] {
        all.push(forgery(
            format!("files of {uid} with mode {mode:o} in the tree"),
            owned(uid, mode),
        ));
        all.push(forgery(
            format!("files of {uid} with mode {mode:o} in overrides"),
            said(uid, mode),
        ));
    }
    all
}

/// Attributes that lie, or give more than anyone has.
fn attributes() -> Vec<Forgery> {
    let mut all = Vec::new();
    for length in [0, 1, 31, 33, 64, 600] {
        all.push(forgery(format!("a hash of {length} bytes"), move |case| {
            attribute::set(&case.tree().join("letter"), "user.yore.blake3", &vec![0x41; length]);
            case.forget_index();
        }));
    }
    all.push(forgery("a hash that is another's", |case| {
        let hash = blake3::hash(b"another");
        attribute::set(&case.tree().join("letter"), "user.yore.blake3", hash.as_bytes());
        case.forget_index();
    }));
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let acl = [2_u32.to_le_bytes().to_vec(), [0xff; 800].to_vec()].concat();
    let sets: [(&str, Value); 8] = [
        ("a capability", json!({ "security.capability": encode(&attribute::CAPABILITY) })),
        ("a short capability", json!({ "security.capability": "AA==" })),
        ("a broken access list", json!({ "system.posix_acl_access": encode(&acl) })),
        ("half an access list", json!({ "system.posix_acl_default": "AgA=" })),
        ("trusted attributes", json!({ "trusted.overlay.opaque": "eQ==", "security.ima": "AAAA" })),
        (
            "our own attributes",
            json!({ "user.yore.blake3": encode(&[0; 32]), "user.yore.x": "AA==" }),
        ),
        (
            "names that are none",
            json!({ "": "", "user.": "AA==", "%00": "AA==", "user.%0A%1B": "AA==" }),
        ),
        (
            "a value of a megabyte",
            json!({ "user.large": encode(&vec![7; 1 << 20]), "user.b": "not base64!" }),
        ),
    ];
    for (what, set) in sets {
        all.push(forgery(format!("an override with {what}"), move |case| {
            let line = |below: &str| json!({ "path": case.path_of(below), "xattrs": set });
            case.add_overrides(&["letter", "folder", "link", "pipe"].map(line));
        }));
    }
    all.push(forgery("a capability on the inode", |case| {
        attribute::set(&case.tree().join("letter"), "security.capability", &attribute::CAPABILITY);
        case.forget_index();
    }));
    all
}

/// Makes `levels` folders, one in the other, beyond what a path can name.
fn dig(at: &Path, levels: usize) {
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
    let mut dir = rustix::fs::openat(CWD, at, flags, Mode::empty()).unwrap();
    for _ in 0..levels {
        rustix::fs::mkdirat(&dir, "d".repeat(50), Mode::from_raw_mode(0o755)).unwrap();
        dir = rustix::fs::openat(&dir, "d".repeat(50), flags, Mode::empty()).unwrap();
    }
}

fn sizes() -> Vec<Forgery> {
    let mut all = Vec::new();
    for levels in [70, 100, 600] {
        all.push(forgery(format!("a tree {levels} folders deep"), move |case| {
            dig(&case.tree(), levels);
            case.forget_index();
        }));
    }
    all.push(forgery("a folder with 5,000 entries", |case| {
        for number in 0..5_000 {
            fs::write(case.tree().join(format!("folder/{number}")), "").unwrap();
        }
        case.forget_index();
    }));
    all.push(forgery("a stored file of a tebibyte of nothing", |case| {
        let path = case.tree().join("huge");
        fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
        case.forget_index();
    }));
    all.push(forgery("names that no terminal should see", |case| {
        for name in [
            &b"\x1b[2J\x1b]0;owned\x07"[..],
            b"a\nb",
            b"\x9b31m",
            b"\xc2\x9b31m",
            b"$(id)`id`'\"",
            "\u{202e}txt".as_bytes(),
            b"-rf",
            b"\x7f",
        ] {
            write(&named(&case.tree(), name), "x");
        }
        symlink("\u{1b}[2J\n\u{7}", case.tree().join("colourful")).unwrap();
        case.forget_index();
    }));
    all.push(forgery("a scaffold that leads away", |case| {
        let files = case.newest().join("files");
        let top = case.source().components().nth(1).unwrap().as_os_str().to_owned();
        fs::remove_dir_all(files.join(&top)).unwrap();
        symlink("/", files.join(&top)).unwrap();
        case.forget_index();
    }));
    all
}

/// What an interrupted run or a deletion seems to have left.
fn strays() -> Vec<Forgery> {
    let fill = |folder: PathBuf, case: &Case| {
        write(&folder.join("files/here/file"), "x");
        symlink(case.outside("folder"), folder.join("files/here/folder")).unwrap();
        symlink(case.outside("secret"), folder.join("files/here/secret")).unwrap();
        symlink(case.outside("empty"), folder.join("files/empty")).unwrap();
        node::fifo(&folder.join("files/here/pipe"));
        node::device(&folder.join("files/here/device"), FileType::CharacterDevice, 1, 5);
        set_mode(&folder.join("files/here"), 0o000);
        dig(&folder, 100);
    };
    let mut all = Vec::new();
    for name in
        ["2026-01-01T00-00-00Z", "mend", "..x", "\u{1b}[2J", "2026-01-01T00-00-00Z-99999999"]
    {
        for place in ["stage", "trash"] {
            all.push(forgery(format!("{name:?} in the {place}"), move |case| {
                fill(case.repository.join(place).join(name), case);
            }));
        }
        all.push(forgery(format!("{name:?} among the snapshots"), move |case| {
            fill(case.repository.join("snapshots").join(name), case);
            case.forget_index();
        }));
    }
    for place in ["stage", "trash"] {
        let links: [(&str, &str); 2] = [("a canary's folder", "folder"), ("a canary", "secret")];
        for (what, canary) in links {
            all.push(forgery(format!("a link to {what} in the {place}"), move |case| {
                let at = case.repository.join(place).join("2026-01-01T00-00-00Z");
                symlink(case.outside(canary), at).unwrap();
            }));
        }
    }
    all
}
