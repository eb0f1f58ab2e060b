//! The process's own limits, raised once at the start of a program.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Allows as many open files as the system lets this process have: each level of a very deep folder takes three.
pub fn raise_open_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Where it is refused the usual limit does for all but absurdly deep folders.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
