//! Whoever reads from the repository is waited for, and a stop is heard meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use yore::engine::error::Error;
use yore::engine::monitor::{Event, Monitor};
use yore::engine::prune::Wanted;

use super::{Past, trash_is_empty};
use crate::common::engine::Rig;
use crate::common::tree::facts;

#[test]
fn deleting_begins_when_nobody_reads_any_more() {
    let past = Past::of_days(Rig::new(), &[3, 2, 1, 0]);
    let reader = past.rig.open().unwrap();
    let lock = std::sync::Mutex::new(reader.lock_for_reading().unwrap());
    let was_whole = Arc::new(AtomicBool::new(false));
    let stored = facts(&past.rig.snapshot(&past.names[0]));
    let monitor = {
        let (was_whole, folder) = (Arc::clone(&was_whole), past.rig.snapshot(&past.names[0]));
        Monitor::with_listener(move |event| {
            if *event == Event::ReadersAwaited {
                was_whole.store(facts(&folder) == stored, SeqCst);
                lock.lock().unwrap().take();
            }
        })
    };
    let report = past.try_prune("all = 1", Wanted::Nothing, &monitor).unwrap();
    assert_eq!(report.deleted.len(), 3);
    assert!(was_whole.load(SeqCst));
    assert!(trash_is_empty(&past.rig));
    assert!(reader.lock_for_reading().unwrap().is_some());
}

#[test]
fn a_stop_while_it_waits_deletes_nothing() {
    let past = Past::of_days(Rig::new(), &[3, 2, 1, 0]);
    let reader = past.rig.open().unwrap();
    let _lock = reader.lock_for_reading().unwrap();
    let cancel = Arc::new(std::sync::OnceLock::<yore::engine::monitor::Cancel>::new());
    let switch = Arc::clone(&cancel);
    let monitor = Monitor::with_listener(move |event| {
        if *event == Event::ReadersAwaited {
            switch.get().unwrap().cancel();
        }
    });
    cancel.set(monitor.cancel().clone()).unwrap();
    let stopped = past.try_prune("all = 1", Wanted::Nothing, &monitor);
    assert!(matches!(stopped, Err(Error::Cancelled)), "{stopped:?}");
    assert_eq!(past.left(), [0, 1, 2, 3]);
    past.assert_index("stopped");
}
