//! A search table that is broken is never believed: the index is made again, with the same answers.

use std::fs;

use rusqlite::Connection;
use yore::engine::history::{Hit, Query};
use yore::engine::monitor::Monitor;

use crate::common::engine::Rig;
use crate::common::tree::write;

const WAYS: [(&str, &str); 5] = [
    ("its structure", "UPDATE name_text_data SET block = x'ffffffffffffffff' WHERE id = 10"),
    ("no structure", "DELETE FROM name_text_data WHERE id = 10"),
    ("its pages", "UPDATE name_text_data SET block = zeroblob(length(block)) WHERE id > 10"),
    ("no pages", "DELETE FROM name_text_data WHERE id > 10"),
    ("another version of it", "UPDATE name_text_config SET v = 99 WHERE k = 'version'"),
];

fn hits(rig: &Rig) -> Vec<Hit> {
    let search = |text| rig.history().search(&Query::new(text)).unwrap().hits;
    ["l", "letter", "etter"].into_iter().flat_map(search).collect()
}

#[test]
fn a_spoiled_search_table_changes_no_answer() {
    let rig = Rig::new();
    for number in 0..300 {
        write(&rig.source.join(format!("letter {number}")), "");
    }
    rig.back_up();
    let (good, wanted) = (fs::read(rig.index()).unwrap(), hits(&rig));
    assert_eq!(wanted.len(), 150);
    for (way, statement) in WAYS {
        assert!(
            Connection::open(rig.index()).unwrap().execute(statement, []).unwrap() > 0,
            "{way}"
        );
        let spoiled = fs::read(rig.index()).unwrap();
        assert_eq!(hits(&rig), wanted, "{way}");
        assert_eq!(fs::read(rig.index()).unwrap(), spoiled, "{way}: reading wrote to the index");
        fs::write(rig.index(), &good).unwrap();
    }
}

#[test]
fn a_spoiled_search_table_is_made_again_by_whoever_writes() {
    for (way, statement) in &WAYS[..2] {
        let rig = Rig::new();
        write(&rig.source.join("letter"), "");
        rig.back_up();
        Connection::open(rig.index()).unwrap().execute(statement, []).unwrap();
        write(&rig.source.join("letter of today"), "");
        rig.try_back_up(&rig.options(), &Monitor::new()).unwrap_err();
        let events = rig.recover();
        assert!(
            events.iter().any(|event| format!("{event:?}").contains("IndexRebuilt")),
            "{way}: {events:?}"
        );
        assert!(rig.index().with_extension("sqlite.old").exists(), "{way}");
        let found = rig.history().search(&Query::new("letter")).unwrap();
        assert_eq!(found.hits.len(), 2, "{way}");
    }
}

#[test]
fn a_forged_name_leads_out_of_no_folder() {
    let rig = Rig::new();
    write(&rig.source.join("target/letter"), "");
    rig.back_up();
    let forged = "UPDATE name SET name = CAST('..' AS BLOB) WHERE name = CAST('target' AS BLOB)";
    assert_eq!(Connection::open(rig.index()).unwrap().execute(forged, []).unwrap(), 1);
    for text in ["..", "/..", "../"] {
        let found = rig.history().search(&Query::new(text)).unwrap();
        assert_eq!(found.hits, [], "{text}");
    }
}
