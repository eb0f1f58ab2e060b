//! The idle I/O class: what a thread of it wants from a drive waits until nobody else wants anything.

use ioprio::{Class, Pid, Priority, Target};

/// Puts the calling thread into the idle class until it ends, so it must be one that was made for the work.
///
/// A kernel that refuses is no failure: the work is done all the same.
pub fn make_thread_idle() {
    let this_thread = Target::Process(Pid::from_raw(0));
    let _ = ioprio::set_priority(this_thread, Priority::new(Class::Idle));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class() -> Option<Class> {
        ioprio::get_priority(Target::Process(Pid::from_raw(0))).unwrap().class()
    }

    #[test]
    fn only_the_thread_that_asks_becomes_idle() {
        let before = class();
        let inside = std::thread::spawn(|| {
            make_thread_idle();
            class()
        });
        assert_eq!(inside.join().unwrap(), Some(Class::Idle));
        assert_eq!(class(), before);
        assert_ne!(before, Some(Class::Idle));
    }
}
