//! The main job on real input: `/usr/share` backed up to a drive by the real program, changed, backed
//! up again, and both states brought back.

use std::collections::BTreeMap;
use std::fs::{self, File, FileTimes};
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

use crate::common::cli::Home;
use crate::common::drive::{LoopDrive, copy_tree};
use crate::common::place::{has_program, scratch, set_mode};
use crate::common::tree::{
    Facts, assert_same, differences, facts, facts_without_content, named, stored, write,
};

/// A file above the size up to which changed metadata means a new copy.
const LARGE_BYTES: usize = 100_000;

/// The folder of known files among the real ones.
const KNOWN: &str = "known";

/// Large files whose metadata alone changes: what rsync says of them is in the overrides.
const OVERRIDDEN: [&str; 2] = ["known/large-chmod", "known/large-touch"];

fn old_time() -> FileTimes {
    FileTimes::new().set_modified(UNIX_EPOCH + Duration::new(981_173_106, 123_456_789))
}

/// Adds one file for each kind of change, so that none hangs on what this machine has installed.
fn add_known(source: &Path) {
    let known = source.join(KNOWN);
    for name in ["small-edit", "small-chmod", "small-touch", "delete", "becomes-folder"] {
        write(&known.join(name), format!("{name}\n"));
    }
    for name in ["large-edit", "large-edit-same-size", "large-chmod", "large-touch"] {
        write(&known.join(name), name.repeat(LARGE_BYTES / name.len() + 1));
    }
    write(&known.join("folder/deep/file"), "below a folder that is renamed\n");
    write(&known.join("gone/deep/file"), "below a folder that is deleted\n");
    write(&known.join("becomes-file/file"), "below a folder that becomes a file\n");
    write(&known.join("empty"), "");
    write(&named(&known, b"new\nline \xff"), "odd name\n");
    symlink("small-edit", known.join("link")).unwrap();
    symlink("nowhere", known.join("broken-link")).unwrap();
}

fn change_known(source: &Path) {
    let known = source.join(KNOWN);
    let large = "changed".repeat(LARGE_BYTES);
    write(&known.join("small-edit"), "edited\n");
    write(&known.join("large-edit"), &large);
    let name = "large-edit-same-size";
    write(&known.join(name), &large[..name.len() * (LARGE_BYTES / name.len() + 1)]);
    set_mode(&known.join("small-chmod"), 0o600);
    set_mode(&known.join("large-chmod"), 0o640);
    for name in ["small-touch", "large-touch"] {
        File::options().write(true).open(known.join(name)).unwrap().set_times(old_time()).unwrap();
    }
    fs::remove_file(known.join("delete")).unwrap();
    fs::remove_dir_all(known.join("gone")).unwrap();
    fs::rename(known.join("folder"), known.join("renamed")).unwrap();
    fs::remove_file(known.join("becomes-folder")).unwrap();
    write(&known.join("becomes-folder/file"), "new\n");
    fs::remove_dir_all(known.join("becomes-file")).unwrap();
    write(&known.join("becomes-file"), "new\n");
    fs::remove_file(known.join("link")).unwrap();
    symlink("large-edit", known.join("link")).unwrap();
    write(&known.join("added/file"), "added\n");
}

/// Edits, deletes, renames and adds among the real files: about every twentieth of them.
fn change_real(source: &Path, before: &Facts) {
    let is_real = |path: &&PathBuf| !path.starts_with(KNOWN);
    let files = before.iter().filter(|(_, fact)| fact.is_file()).map(|(path, _)| path);
    for (number, path) in files.filter(is_real).enumerate() {
        let path = source.join(path);
        match number % 100 {
            0 => write(&path, b"changed by the test\n".repeat(number % 7_000)),
            20 => fs::remove_file(&path).unwrap(),
            40 => fs::rename(&path, path.with_extension("renamed")).unwrap(),
            60 => fs::write(path.with_extension("added"), "added by the test\n").unwrap(),
            _ => {}
        }
    }
}

/// Files that are in both states, the same in every way.
fn unchanged<'a>(before: &'a Facts, after: &Facts) -> Vec<&'a PathBuf> {
    let same =
        before.iter().filter(|(path, fact)| fact.is_file() && after.get(*path) == Some(fact));
    same.map(|(path, _)| path).collect()
}

/// The lines of a snapshot's overrides by path.
fn overrides(snapshot: &Path) -> BTreeMap<String, Value> {
    let text = fs::read_to_string(snapshot.join("overrides.jsonl")).unwrap_or_default();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| (line["path"].as_str().unwrap().to_owned(), line)).collect()
}

#[test]
fn both_states_of_a_changed_tree_come_back() {
    if !has_program("rsync") {
        return;
    }
    let Some(drive) = LoopDrive::ext4(6 * 1024) else { return };
    let (home, folder) = (Home::new(), scratch());
    let source = folder.path().join("share");
    copy_tree("/usr/share", &source);
    add_known(&source);
    let first_state = facts_without_content(&source);
    let answer = home.set_up(drive.path(), &[&source]);
    let repository = PathBuf::from(answer["repository"].as_str().unwrap());

    let first = home.back_up();
    let first_stored = stored(&repository, &first, &source);
    check_overridden(&source, &first_stored, &repository.join("snapshots").join(&first));
    let first_folder = repository.join("snapshots").join(&first);
    let first_kept = facts(&first_folder);

    let first_copy = folder.path().join("first");
    copy_tree(&source, &first_copy);
    change_real(&source, &first_state);
    change_known(&source);
    let second_state = facts_without_content(&source);
    let second = home.back_up();
    let second_stored = stored(&repository, &second, &source);
    assert_same(&facts(&first_folder), &first_kept, "the first snapshot after the second run");
    let overridden =
        check_overridden(&source, &second_stored, &repository.join("snapshots").join(&second));
    assert!(OVERRIDDEN.iter().all(|name| overridden.iter().any(|path| path == name)));
    check_links(&first_state, &second_state, &first_stored, &second_stored);

    for (at, state) in [(&first, &first_copy), (&second, &source)] {
        let to = folder.path().join(format!("restored-{at}"));
        let words = ["restore", "--at", at, source.to_str().unwrap(), "--to", to.to_str().unwrap()];
        home.json(words);
        let restored = to.join("share");
        assert_eq!(differences(state, &restored), [""; 0], "restored from {at}");
        let names = attribute_names(&restored.join("known/small-edit"));
        assert_eq!(names, b"", "an attribute of ours came back");
        fs::remove_dir_all(to).unwrap();
    }
}

/// A snapshot equals the source but for large files whose metadata is in the overrides; returns the paths of these.
fn check_overridden(source: &Path, stored: &Path, snapshot: &Path) -> Vec<String> {
    let lines = differences(source, stored);
    let mut paths: Vec<String> =
        lines.iter().map(|line| line.split_once(' ').unwrap().1.trim_start().to_owned()).collect();
    paths.sort_unstable();
    let prefix = source.strip_prefix("/").unwrap().to_str().unwrap().to_owned();
    let overrides = overrides(snapshot);
    let said = |path: &String| overrides.contains_key(&format!("{prefix}/{path}"));
    assert!(paths.iter().all(said), "{lines:?}\n{overrides:?}");
    for (path, line) in &overrides {
        let path = path.strip_prefix(&format!("{prefix}/")).unwrap();
        let (live, stored) = (source.join(path), stored.join(path));
        let (live, stored) = (live.metadata().unwrap(), stored.metadata().unwrap());
        let mode = line["mode"].as_u64().unwrap_or(u64::from(stored.mode() & 0o7777));
        assert_eq!(mode, u64::from(live.mode() & 0o7777), "{path}");
        let mtime = line["mtime"].clone();
        let stored_mtime = serde_json::json!([stored.mtime(), stored.mtime_nsec()]);
        let mtime = if mtime.is_null() { stored_mtime } else { mtime };
        assert_eq!(mtime, serde_json::json!([live.mtime(), live.mtime_nsec()]), "{path}");
        let is_linked = line["mtime"].is_null() && line["mode"].is_null();
        assert!(is_linked || live.len() > 64 * 1024, "{path} should have been copied");
    }
    paths
}

/// Every unchanged file is one inode in both snapshots, and no changed one is.
fn check_links(before: &Facts, after: &Facts, first: &Path, second: &Path) {
    let (first, second) = (facts_without_content(first), facts_without_content(second));
    let same = unchanged(before, after);
    let files = before.values().filter(|fact| fact.is_file()).count();
    assert!(same.len() * 10 > files * 9, "only {} of {files} are unchanged", same.len());
    let shared = |path: &&&PathBuf| first[**path].inode == second[**path].inode;
    assert_eq!(same.iter().filter(shared).count(), same.len());
    let edited = Path::new("known/large-edit-same-size");
    assert_ne!(first[edited].inode, second[edited].inode);
    for name in OVERRIDDEN {
        assert_eq!(first[Path::new(name)].inode, second[Path::new(name)].inode, "{name}");
    }
}

fn attribute_names(path: &Path) -> Vec<u8> {
    let mut names = [0_u8; 4096];
    let length = rustix::fs::listxattr(path, &mut names[..]).unwrap();
    names[..length].to_vec()
}
