//! What the index gives up with snapshots: what is said of the others stays, the room comes back, and both copies go on together.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use uuid::Uuid;
use yore::engine::dir::Dir;
use yore::engine::index::{Change, Index, LocalCopy, ROOT_NODE, SnapshotState, Spool, State, Twin};
use yore::engine::meta::{ContentHash, FileTime, Kind, Metadata};
use yore::engine::monitor::{Event, Monitor};
use yore::engine::pin::Pin;
use yore::engine::repository::FORMAT;
use yore::engine::seal::{Owner, Seal, SealedSource, SealedTime, SnapshotKind};

use crate::common::engine::Rig;
use crate::common::place::{scratch, set_mode};
use crate::common::tree::write;
use crate::recovery::past;

/// So many that dropping a snapshot leaves far more than a mebibyte unused.
const FILES: i64 = 8_000;

/// The names of eight states, each with something of its own.
fn eight(rig: &Rig) -> Vec<String> {
    let mut names = past(rig);
    for turn in 4..=8 {
        write(&rig.source.join("added"), format!("{turn}"));
        write(&rig.source.join(format!("turn-{turn}/inside")), "new");
        if turn % 2 == 0 {
            fs::remove_dir_all(rig.source.join(format!("turn-{}", turn - 1))).ok();
            set_mode(&rig.source.join("renamed/file-07"), 0o400 + turn);
        }
        names.push(rig.back_up().snapshot);
    }
    names
}

/// Fails if there are rows of what only pruned snapshots held; what the oldest one began with is told by rows of one of them.
#[track_caller]
fn assert_nothing_is_left(rig: &Rig, what: &str) {
    let index = rusqlite::Connection::open(rig.index()).unwrap();
    let count = |sql: &str| index.query_row(sql, [], |row| row.get::<_, u64>(0)).unwrap();
    let dead = "SELECT count(*) FROM version v WHERE NOT EXISTS (SELECT 1 FROM snapshot s \
                WHERE s.state <> 3 AND s.seq BETWEEN v.first AND v.last)";
    assert_eq!(count(dead), 0, "{what}: versions");
    let changed = "SELECT count(DISTINCT snapshot) FROM change JOIN snapshot ON seq = snapshot \
                   WHERE state = 3";
    assert!(count(changed) <= 1, "{what}: changes");
}

#[test]
fn any_numbers_in_any_order_go_while_their_trees_are_still_there() {
    for gone in [&[5_u64, 3, 4, 4, 99, 1][..], &[8, 2, 7], &[1, 2, 8, 4], &[2, 3, 4, 5, 6, 7, 8]] {
        let what = format!("without {gone:?}");
        let rig = Rig::new();
        let names = eight(&rig);
        let mut writer = rig.writer(&Monitor::new()).unwrap();
        for name in gone.iter().filter_map(|seq| names.get(*seq as usize - 1)) {
            let _ = fs::rename(rig.snapshot(name), rig.repository.join("trash").join(name));
        }
        writer.index.prune(gone, Timestamp::now()).unwrap();
        let head = writer.index.head().unwrap();
        writer.index.prune(gone, Timestamp::now()).unwrap();
        writer.index.prune(&[], Timestamp::now()).unwrap();
        assert_eq!(writer.index.head().unwrap(), head, "{what}: nothing is written again");
        drop(writer);
        assert_nothing_is_left(&rig, &what);
        let pruned = rig.answers();

        // The deletion goes on, and has nothing to add.
        let is_finished = |event: &Event| matches!(event, Event::DeletionFinished { .. });
        let events = rig.recover();
        assert!(!events.is_empty() && events.iter().all(is_finished), "{what}: {events:?}");
        assert_eq!(rig.answers(), pruned, "{what}: after the trees");
        rig.writer(&Monitor::new()).unwrap().rebuild(&Monitor::new()).unwrap();
        assert_eq!(rig.answers(), pruned, "{what}: rebuilt");
    }
}

#[test]
fn forged_rows_of_what_changed_are_refused_or_pruned() {
    let rig = Rig::new();
    eight(&rig);
    let good = fs::read(rig.index()).unwrap();
    for sql in [
        "UPDATE OR IGNORE node SET parent = id + 1 WHERE id > 1",
        "UPDATE change SET children = NULL",
        "UPDATE change SET children = x'ffffffffffffffffff7f'",
        "UPDATE OR IGNORE change SET folder = 9223372036854775807",
        "UPDATE change SET added = 9223372036854775807, bytes_in = -9223372036854775807",
        "UPDATE version SET last = -1",
        "UPDATE snapshot SET state = 'x'",
        "UPDATE snapshot SET kind = 5",
    ] {
        for numbers in [&[4_u64][..], &[1, 2], &[7, 8], &[1, 3, 4, 8]] {
            fs::write(rig.index(), &good).unwrap();
            rusqlite::Connection::open(rig.index()).unwrap().execute(sql, []).unwrap();
            let mut index = Index::open(&rig.index()).unwrap().unwrap();
            if let Err(error) = index.prune(numbers, Timestamp::now()) {
                assert!(yore::engine::index::concerns_index(&error), "{sql}: {error}");
            }
        }
    }
}

/// An index of a made-up source, in which every file changes with each snapshot.
fn changing(folder: &Path, repository: Uuid, snapshots: u64, files: i64) -> Index {
    let mut index = Index::create(&folder.join("index.sqlite"), repository).unwrap();
    for seq in 1..=snapshots {
        let spool = Spool::create(&Dir::open(folder).unwrap()).unwrap();
        let mut out = spool.writer();
        for node in ROOT_NODE + 1..=files {
            if seq == 1 {
                let name = format!("file {node}");
                out.push(Change::Node { id: node, parent: ROOT_NODE, name: name.as_bytes() })
                    .unwrap();
            }
            let replaces = (seq > 1).then_some(seq as i64 - 1);
            out.push(Change::Begin { node, replaces, state: state(node, seq) }).unwrap();
        }
        out.flush().unwrap();
        drop(out);
        let seal = seal(seq);
        index
            .add_snapshot(&seal, &seq.to_string(), SnapshotState::Good, &Pin::default(), &spool)
            .unwrap();
    }
    index
}

fn state(node: i64, seq: u64) -> State {
    State {
        meta: Metadata {
            kind: Kind::File,
            mode: 0o644,
            uid: 1000,
            gid: 1000,
            size_bytes: node as u64,
            mtime: FileTime { sec: seq as i64, nsec: 0 },
            device: (0, 0),
        },
        hash: Some(ContentHash::of(format!("{node} {seq}").as_bytes())),
        xattrs: None,
        fingerprint: None,
        stored_mtime: None,
        override_text: None,
    }
}

fn seal(seq: u64) -> Seal {
    let moment = Timestamp::from_second(1_700_000_000 + seq as i64).unwrap();
    let time = SealedTime { utc: moment, local: moment.to_string() };
    Seal {
        format: FORMAT,
        features: Default::default(),
        seq,
        id: Uuid::new_v4(),
        parent: None,
        started: time.clone(),
        finished: time,
        host: String::new(),
        user: String::new(),
        version: String::new(),
        kind: SnapshotKind::Manual,
        boot: None,
        sources: vec![SealedSource { id: Uuid::nil(), path: String::new() }],
        rules: Vec::new(),
        owner: Owner { uid: 1000, gid: 1000 },
        ids: Default::default(),
        counts: Default::default(),
        bytes: Default::default(),
        overrides: None,
        problems: None,
        tree: Default::default(),
    }
}

/// All pages of an index and those of them that nothing lies on, after a look at whether it is sound.
#[track_caller]
fn pages(path: &Path) -> (u64, u64) {
    let index = rusqlite::Connection::open(path).unwrap();
    let sound: String = index.pragma_query_value(None, "quick_check", |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    let number = |name| index.pragma_query_value(None, name, |row| row.get(0)).unwrap();
    (number("page_count"), number("freelist_count"))
}

#[test]
fn much_unused_room_comes_back_and_a_little_is_kept() {
    let folder = scratch();
    let mut index = changing(folder.path(), Uuid::new_v4(), 10, FILES);
    let path = index.path().to_owned();
    let (before, _) = pages(&path);
    index.prune(&[2, 3, 4, 5, 6, 7, 8], Timestamp::now()).unwrap();
    let (after, unused) = pages(&path);
    assert!(after < before * 3 / 4, "{before} pages became {after}");
    assert!(unused > 0 && unused <= 256.max(after / 8), "{unused} of {after} are unused");
    for at in [1, 9, 10] {
        let (first, _, found) = index.version_at(9, at).unwrap().unwrap();
        assert_eq!((first, found), (at as i64, state(9, at)));
    }

    let little = scratch();
    let mut index = changing(little.path(), Uuid::new_v4(), 10, FILES / 40);
    let path = index.path().to_owned();
    let (before, _) = pages(&path);
    index.prune(&[2, 3, 4, 5, 6, 7, 8], Timestamp::now()).unwrap();
    let (after, unused) = pages(&path);
    assert!(after == before && unused > 0, "{before} pages became {after}, {unused} unused");
}

#[test]
fn both_copies_lose_the_same_and_stay_in_step() {
    let folder = scratch();
    let repository = Uuid::new_v4();
    let drive = changing(folder.path(), repository, 5, FILES);
    let path = drive.path().to_owned();
    let place = LocalCopy { folder: folder.path().join("copies"), limit_bytes: 1 << 30 };
    let mut twin = Twin::new(drive, Some(place.clone()));
    twin.follow(&Monitor::new());
    let copy = place.open_read_only(repository).unwrap();
    let (before, _) = pages(copy.path());
    for numbers in [&[3_u64][..], &[1, 2], &[5]] {
        twin.prune(numbers, Timestamp::now()).unwrap();
        let found = place.open_read_only(repository).unwrap();
        assert_eq!(found.path(), copy.path(), "without {numbers:?}: it was made again");
        assert!(found.equals(&twin).unwrap(), "without {numbers:?}");
    }
    let (drive, local) = (pages(&path), pages(copy.path()));
    assert!(local.0 < before * 3 / 4, "{before} pages became {local:?}");
    assert_eq!(drive, local);
}
