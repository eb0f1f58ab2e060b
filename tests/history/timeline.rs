//! In which snapshots a folder changed.

use yore::engine::error::Error;
use yore::engine::history::{ChangeCounts, Tick};
use yore::engine::meta::Kind;

use super::past::{counted, differing, each_fate, folders, full, past};

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
