//! A journal is a file on a drive: what it says is believed only as far as the snapshots agree.

use std::fs;
use std::os::unix::fs::symlink;

use yore::engine::monitor::Event;

use super::Past;
use super::crashed::{KEPT, interrupted, journal, past};
use crate::common::tree::write;

/// Writes a journal over that of an interrupted mending of `KEPT`, and opens the repository.
#[track_caller]
fn opened_with(past: &Past, text: &[u8]) -> Vec<Event> {
    fs::write(journal(past), text).unwrap();
    let events = past.rig.recover();
    past.assert_tidy();
    events
}

#[test]
fn one_that_yore_did_not_write_is_removed_and_said() {
    let past = past();
    let rot = past.flip(0, KEPT);
    let before = past.stored_facts();
    interrupted(&past, vec![rot.clone()]);
    let good = fs::read_to_string(journal(&past)).unwrap();
    let first = good.lines().next().unwrap();
    let longer = format!("{}\n", " ".repeat(33 << 20));
    let elsewhere = first.replace("snapshots/", "snapshots/../snapshots/");
    let outside = first.replace(&format!("snapshots/{}/files", past.names[0]), "../../../etc");
    let seal = first.replace("/files/", "/");
    let other = first.replace(&rot.inode.to_string(), "12");
    let mode = first.replace(r#""mode":365"#, r#""mode":99999"#);
    assert_ne!(mode, first);
    let many: String =
        (1..100).map(|at| good.replace(r#""staged":1"#, &format!(r#""staged":{at}"#))).collect();
    for (what, text) in [
        ("empty objects", "{}\n".to_owned()),
        ("garbage", "\u{0}\u{1}garbage".to_owned()),
        ("too long", longer),
        ("elsewhere", elsewhere),
        ("outside", outside),
        ("beside the tree", seal),
        ("two damaged inodes for one new", format!("{good}{other}\n")),
        ("a mode that is none", format!("{good}{mode}\n")),
        ("more than are made at once", many),
        ("half a line", good[..good.len() - 20].to_owned()),
    ] {
        interrupted_again(&past);
        assert_eq!(opened_with(&past, text.as_bytes()), [Event::MendingRefused], "{what}");
        assert_eq!(past.stored_facts(), before, "{what}");
        assert!(past.damage().is_damaged(rot.hash, rot.inode), "{what}");
    }
    interrupted_again(&past);
    fs::remove_file(journal(&past)).unwrap();
    symlink("/etc/passwd", journal(&past)).unwrap();
    assert_eq!(past.rig.recover(), [Event::MendingRefused]);
    past.assert_tidy();
    assert!(fs::metadata("/etc/passwd").is_ok());
}

fn interrupted_again(past: &Past) {
    if !journal(past).exists() {
        interrupted(past, Vec::new());
    }
}

#[test]
fn a_good_file_is_not_replaced_whatever_the_journal_says() {
    let past = past();
    let rot = past.flip(0, KEPT);
    interrupted(&past, vec![rot.clone()]);
    let good = fs::read_to_string(journal(&past)).unwrap();
    let before = past.stored_facts();
    // Another file, whose own hash says that it has another content.
    let other = past.inode(0, "other");
    let text = good
        .replace(KEPT, "other")
        .replace(&format!(r#""inode":{}"#, rot.inode), &format!(r#""inode":{other}"#));
    assert_ne!(text, good);
    opened_with(&past, text.as_bytes());
    assert_eq!(past.stored_facts(), before);
    // A new file that has not the content that the journal names, but one that someone wants to have there.
    for content in ["forged content", ""] {
        interrupted(&past, Vec::new());
        let staged = past.rig.repository.join("stage/mend/1");
        fs::write(&staged, content).unwrap();
        opened_with(&past, good.as_bytes());
        assert_eq!(past.stored_facts(), before, "{content}");
    }
    // The right content with another mode.
    interrupted(&past, Vec::new());
    crate::common::place::set_mode(&past.rig.repository.join("stage/mend/1"), 0o4755);
    opened_with(&past, good.as_bytes());
    assert_eq!(past.stored_facts(), before);
    // The right content with another time.
    interrupted(&past, Vec::new());
    let staged = fs::File::open(past.rig.repository.join("stage/mend/1")).unwrap();
    staged.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    opened_with(&past, good.as_bytes());
    assert_eq!(past.stored_facts(), before);
    // A link in the place of the new file.
    interrupted(&past, Vec::new());
    let staged = past.rig.repository.join("stage/mend/1");
    fs::remove_file(&staged).unwrap();
    symlink(past.rig.source.join(KEPT), &staged).unwrap();
    opened_with(&past, good.as_bytes());
    assert_eq!(past.stored_facts(), before);
    assert!(past.mend(Vec::new())[0].mended_from.is_some());
}

#[test]
fn a_folder_that_became_a_link_leads_nowhere() {
    let past = past();
    let rot = past.flip(0, KEPT);
    interrupted(&past, vec![rot]);
    let outside = past.rig.path().join("outside");
    let folder = past.stored(1, "locked");
    fs::create_dir(&outside).unwrap();
    write(&outside.join("canary"), "canary");
    for path in [folder.clone(), folder.parent().unwrap().to_owned()] {
        crate::common::place::set_mode(&path, 0o755);
    }
    fs::rename(&folder, outside.join("locked")).unwrap();
    symlink(outside.join("locked"), &folder).unwrap();
    let inside = crate::common::tree::facts(&outside);
    past.rig.recover();
    assert_eq!(crate::common::tree::facts(&outside), inside);
    past.assert_tidy();
}
