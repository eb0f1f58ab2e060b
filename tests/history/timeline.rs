//! In which snapshots a folder changed.

use yore::engine::error::Error;
use yore::engine::history::{ChangeCounts, Tick, Turn};
use yore::engine::meta::Kind;

use super::past::{counted, difference, differing, each_fate, folders, full, past};

#[test]
fn every_folder_tells_what_changed_below_it() {
    each_fate(20, |history, what| {
        let numbers: Vec<u64> = history.snapshots().unwrap().iter().map(|s| s.seq).collect();
        let lists: Vec<_> = numbers.iter().map(|at| full(history, *at)).collect();
        let source = &history.sources(numbers[0]).unwrap()[0];
        for folder in folders(&lists) {
            let mut wanted = Vec::new();
            for (at, list) in lists.iter().enumerate() {
                let exists = source.is_within(&folder)
                    || list.get(&folder).is_some_and(|entry| entry.kind == Kind::Directory);
                let mut below = Vec::new();
                if at > 0 {
                    below = differing(&lists[at - 1], list, &folder);
                    below.retain(|told| told.0 != folder);
                }
                if exists || !below.is_empty() {
                    let counts = (at > 0).then(|| counted(&below));
                    wanted.push(Tick { seq: numbers[at], counts });
                }
            }
            assert_eq!(history.timeline(&folder).unwrap(), wanted, "{what}: {folder}");
        }
    });
}

#[test]
fn quiet_snapshots_are_ticks_too() {
    let rig = past(24, 2);
    rig.back_up();
    let history = rig.history();
    let ticks = history.timeline(&rig.path_of("")).unwrap();
    assert_eq!(ticks.len(), 3);
    assert_eq!(ticks[0].counts, None);
    assert!(ticks[1].counts.unwrap().entries() > 0);
    assert_eq!(ticks[2].counts, Some(ChangeCounts::default()));
    for path in ["always", "never"] {
        let refused = history.timeline(&rig.path_of(path));
        assert!(matches!(refused, Err(Error::NeverSeen(_))), "{path}: {refused:?}");
    }
}

#[test]
fn what_is_no_folder_tells_where_it_differs() {
    each_fate(21, |history, what| {
        let numbers: Vec<u64> = history.snapshots().unwrap().iter().map(|s| s.seq).collect();
        let lists: Vec<_> = numbers.iter().map(|at| full(history, *at)).collect();
        let paths: std::collections::BTreeSet<_> =
            lists.iter().flat_map(|list| list.keys()).collect();
        for path in paths {
            let mut wanted = Vec::new();
            for (at, list) in lists.iter().enumerate() {
                let (earlier, later) =
                    (at.checked_sub(1).and_then(|at| lists[at].get(path)), list.get(path));
                let is_other = difference(earlier, later).is_some();
                let is_no_folder = [earlier, later]
                    .into_iter()
                    .flatten()
                    .any(|entry| entry.kind != Kind::Directory);
                if is_other && is_no_folder {
                    let difference = difference(earlier, later).filter(|_| at > 0);
                    wanted.push(Turn { seq: numbers[at], difference, kind: later.map(|e| e.kind) });
                }
            }
            assert_eq!(history.turns(path).unwrap(), wanted, "{what}: {path}");
        }
    });
}

#[test]
fn thousands_of_snapshots_are_gone_through_once() {
    let rig = past(25, 1);
    let index = rusqlite::Connection::open(rig.index()).unwrap();
    // Each has the folder anew, as if its permissions had changed, but for a gap in the middle.
    let sql = "WITH RECURSIVE n (seq) AS (SELECT 2 UNION ALL SELECT seq + 1 FROM n WHERE seq < 10000) \
         INSERT INTO snapshot SELECT n.seq, zeroblob(16), 'made-up-' || n.seq, started, finished, \
         entries, files, total_bytes, copied_bytes, problems, 2, same_at, pinned, label, rules, \
         kind, boot, pruned_at FROM n, snapshot; \
         UPDATE version SET last = 1; \
         INSERT INTO version SELECT v.node, s.seq, s.seq, v.kind, v.mode, v.uid, v.gid, v.size, \
         v.mtime, v.mtime_ns, v.device, v.hash, v.xattrs, v.inode, v.ctime, v.ctime_ns, \
         v.stored_mtime, v.stored_mtime_ns, v.override FROM version v, snapshot s \
         WHERE v.kind = 100 AND s.seq > 1 AND s.seq NOT BETWEEN 4000 AND 5000;";
    index.execute_batch(sql).unwrap();
    drop(index);
    let history = rig.history();
    let ticks = history.timeline(&rig.path_of("")).unwrap();
    let numbers: Vec<u64> = ticks.iter().map(|tick| tick.seq).collect();
    let wanted: Vec<u64> = (1..=10_000).filter(|seq| !(4000..=5000).contains(seq)).collect();
    assert_eq!(numbers, wanted);
    assert!(history.turns(&rig.path_of("")).unwrap().is_empty());
}
