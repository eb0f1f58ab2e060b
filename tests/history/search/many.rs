//! Searches in which very many names fit, and few paths are wanted.

use std::fs;

use rusqlite::Connection;
use yore::engine::history::{KindFilter, Query};

use super::{hits, shown};
use crate::common::engine::Rig;
use crate::common::tree::write;

/// More than a search without filters looks at.
const MANY: usize = 2_200;

/// A source with very many pictures in one folder.
fn album() -> Rig {
    let rig = Rig::new();
    for number in 0..MANY {
        write(&rig.source.join(format!("img/img_{number:04}.jpg")), "");
    }
    for name in ["other/img_late_one.jpg", "other/deep/img_late_two.jpg"] {
        write(&rig.source.join(name), "large");
    }
    rig
}

#[test]
fn filters_find_what_very_many_others_stand_before() {
    let rig = album();
    write(&rig.source.join("img_of_a_lost_day.jpg"), "");
    fs::create_dir(rig.source.join("img_of_all_folders")).unwrap();
    rig.back_up();
    fs::remove_file(rig.source.join("img_of_a_lost_day.jpg")).unwrap();
    rig.back_up();
    let query = || Query::new("img_");
    let late = ["other/img_late_one.jpg", "other/deep/img_late_two.jpg"];
    assert_eq!(hits(&rig, &Query { under: rig.path_of("other"), ..query() }), late);
    assert_eq!(hits(&rig, &Query { size_bytes: Some(1..=9), ..query() }), late);
    let gone = Query { deleted_only: true, ..query() };
    assert_eq!(hits(&rig, &gone), ["img_of_a_lost_day.jpg gone"]);
    let folders = Query { kind: Some(KindFilter::Folder), ..query() };
    assert_eq!(hits(&rig, &folders), ["img_of_all_folders"]);
    assert_eq!(hits(&rig, &Query::new("img_/")), ["img_of_all_folders"]);
    assert_eq!(hits(&rig, &Query::new("other/img_")), late[..1]);
    // A small folder is searched path by path, so that nothing is missed.
    let all = Query { under: rig.path_of("img"), limit: usize::MAX, ..query() };
    assert_eq!(hits(&rig, &all).len(), MANY);
    let first = hits(&rig, &Query { limit: MANY + 1, offset: MANY - 1, ..all });
    assert_eq!(first, [format!("img/img_{}.jpg", MANY - 1)]);
}

#[test]
fn a_large_folder_is_searched_by_names() {
    let rig = album();
    rig.back_up();
    let forged = "
        WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
        INSERT INTO name (name) SELECT CAST('forged' || n AS BLOB) FROM numbers;
        INSERT INTO node (parent, name)
        SELECT (SELECT n.id FROM node n JOIN name m ON m.id = n.name WHERE m.name = CAST('other' AS BLOB)), id
        FROM name WHERE name GLOB 'forged*'";
    Connection::open(rig.index()).unwrap().execute_batch(forged).unwrap();
    let query = Query { under: rig.path_of("other"), ..Query::new("img_") };
    assert_eq!(hits(&rig, &query), ["other/img_late_one.jpg", "other/deep/img_late_two.jpg"]);
}

#[test]
fn what_was_left_unlooked_at_is_told() {
    let rig = Rig::new();
    write(&rig.source.join("target"), "");
    rig.back_up();
    let forged = "
        WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
        INSERT INTO node (id, parent, name)
        SELECT 1000 + n, 999 + n, (SELECT id FROM name WHERE name = CAST('target' AS BLOB)) FROM numbers";
    let search = |query: &Query| rig.history().search(query).unwrap();
    let query = Query::new("target");
    assert_eq!(
        search(&query).hits.iter().map(|hit| shown(&rig, hit)).collect::<Vec<_>>(),
        ["target"]
    );
    Connection::open(rig.index()).unwrap().execute_batch(forged).unwrap();
    let found = search(&query);
    assert_eq!((found.hits.len(), found.is_complete), (0, false));
    let near = search(&Query { under: rig.path_of(""), ..query });
    assert_eq!((near.hits.len(), near.is_complete), (1, true));
}
