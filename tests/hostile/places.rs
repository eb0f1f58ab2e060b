//! What stands where the repository's files and folders should: links to canaries, pipes, sockets, devices, folders,
//! further names of canaries, and mounts.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;

use super::case::Case;
use super::{Forgery, forgery, sharing};
use crate::common::node;

/// Every file of a repository, and of its newest snapshot (after the `@`).
const FILES: [&str; 12] = [
    "repository.json",
    "README.txt",
    "LOCK",
    "index.sqlite",
    "index.sqlite-journal",
    "index.sqlite-wal",
    "damage.jsonl",
    "repository.json.new",
    "@seal.json",
    "@overrides.jsonl",
    "@problems.jsonl",
    "@pin.json",
];

const FOLDERS: [&str; 6] = ["snapshots", "stage", "trash", "journal", "@files", "@"];

/// What may be put there: its name, and how.
type Put = (&'static str, fn(&Case, &Path));

const PUTS: [Put; 7] = [
    ("a link to a canary", |case, at| symlink(case.outside("secret"), at).unwrap()),
    ("a link to a canary's folder", |case, at| symlink(case.outside("folder"), at).unwrap()),
    ("a link to nothing outside", |case, at| symlink(case.outside("made"), at).unwrap()),
    ("a pipe", |_, at| node::fifo(at)),
    ("a socket", |_, at| node::socket(at)),
    // Endless, if it were read.
    ("a device", |_, at| node::device(at, FileType::CharacterDevice, 1, 5)),
    ("a folder", |_, at| {
        fs::create_dir(at).unwrap();
        fs::write(at.join("inside"), "x").unwrap();
    }),
];

pub fn all() -> Vec<Forgery> {
    let mut all = Vec::new();
    for (at, place) in FILES.into_iter().chain(FOLDERS).enumerate() {
        // In the place of a folder a folder is none.
        let is_folder = at >= FILES.len();
        for (what, put) in PUTS.into_iter().take(if is_folder { 6 } else { 7 }) {
            all.push(forgery(format!("{what} as {place}"), move |case| {
                let path = path_of(case, place);
                clear(&path);
                put(case, &path);
                if place.starts_with('@') {
                    case.forget_index();
                }
            }));
        }
    }
    all.extend(linked());
    all.extend(mounted());
    all
}

fn path_of(case: &Case, place: &str) -> PathBuf {
    match place.strip_prefix('@') {
        Some("") => case.newest(),
        Some(name) => case.newest().join(name),
        None => case.repository.join(place),
    }
}

fn clear(path: &Path) {
    let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}

/// Canaries with another name in the repository: to read them is not to be helped, to change them is.
fn linked() -> Vec<Forgery> {
    let canaries = ["secret", "program", "owned", "folder/inner/file"];
    let mut all = Vec::new();
    for (number, place) in FILES.into_iter().enumerate() {
        let canary = canaries[number % canaries.len()];
        all.push(sharing(format!("a further name of {canary} as {place}"), move |case| {
            let path = path_of(case, place);
            clear(&path);
            fs::hard_link(case.root.join("outside").join(canary), path).unwrap();
            if place.starts_with('@') {
                case.forget_index();
            }
        }));
    }
    for canary in canaries {
        all.push(sharing(
            format!("a further name of {canary} in the tree, stage and trash"),
            move |case| {
                let stray =
                    ["stage", "trash"].map(|name| case.repository.join(name).join(&case.names[0]));
                let folders = [case.tree(), stray[0].join("files"), stray[1].join("files")];
                for folder in folders {
                    fs::create_dir_all(&folder).unwrap();
                    fs::hard_link(case.root.join("outside").join(canary), folder.join("taken"))
                        .unwrap();
                }
                case.forget_index();
            },
        ));
    }
    all
}

/// Canaries' folders mounted where things are deleted, and where they are read.
fn mounted() -> Vec<Forgery> {
    let places = [
        "trash/2026-01-01T00-00-00Z",
        "stage/2026-01-01T00-00-00Z",
        "stage/mend",
        "journal/x",
        "trash",
        "stage",
    ];
    let mounted = places.into_iter().map(|place| {
        forgery(format!("a mount at {place}"), move |case: &Case| {
            fs::create_dir_all(case.repository.join(place)).unwrap();
            let to = case.seen_repository().join(place);
            case.mounts.borrow_mut().push((case.outside("folder"), to));
        })
    });
    mounted.collect()
}
