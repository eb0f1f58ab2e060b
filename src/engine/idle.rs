//! The idle I/O class, in which what a thread wants from a drive waits until nobody else wants anything, and little of the processor.

use nix::libc::{SYS_ioprio_set, c_long, syscall};
use rustix::process::{getpriority_process, setpriority_process};

/// Stands for a thread; its number 0 is the calling one.
const WHO_THREAD: c_long = 1;

/// The idle class, where the kernel has the class in a priority.
const IDLE: c_long = 3 << CLASS_AT;

const CLASS_AT: u32 = 13;

/// How nice the thread is to others that want the processor, from 0 to 19.
const NICE: i32 = 10;

/// Puts the calling thread into the idle class and behind the others until it ends, so it must be one that was made for the
/// work.
///
/// A kernel that refuses is no failure: the work is done all the same. One of the two unsafe blocks of the project: no
/// library that is kept up has this call.
#[allow(unsafe_code)]
pub fn make_thread_idle() {
    // SAFETY: the call takes three numbers and touches no memory.
    let _ = unsafe { syscall(SYS_ioprio_set, WHO_THREAD, 0, IDLE) };
    // Without a number they are of the calling thread, on Linux.
    if getpriority_process(None).is_ok_and(|nice| nice < NICE) {
        let _ = setpriority_process(None, NICE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::libc::SYS_ioprio_get;

    #[allow(unsafe_code)]
    fn class() -> c_long {
        // SAFETY: the call takes two numbers and touches no memory.
        unsafe { syscall(SYS_ioprio_get, WHO_THREAD, 0) >> CLASS_AT }
    }

    #[test]
    fn only_the_thread_that_asks_becomes_idle() {
        let nice = || getpriority_process(None).unwrap();
        let before = (class(), nice());
        let inside = std::thread::spawn(move || {
            make_thread_idle();
            (class(), nice())
        });
        assert_eq!(inside.join().unwrap(), (IDLE >> CLASS_AT, NICE.max(before.1)));
        assert_eq!((class(), nice()), before);
        assert_ne!(before.0, IDLE >> CLASS_AT);
    }
}
