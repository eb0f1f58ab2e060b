//! What the process that decodes takes from itself before it reads a byte.

use rustix::io::Result;
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior,
    set_parent_process_death_signal, setrlimit,
};
use rustix::thread::set_no_new_privs;

/// Address space: the program's own libraries, a file and a picture several times over.
const MEMORY_BYTES_MAX: u64 = 1 << 30;
/// Processor time.
const CPU_SECONDS_MAX: u64 = 4;

/// From here on the process opens nothing, not even a socket, writes to no file, starts nothing, and can have
/// so much memory and time. It ends with the thread that started it.
pub fn enter() -> Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    set_no_new_privs(true)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    for (resource, most) in [
        (Resource::As, MEMORY_BYTES_MAX),
        (Resource::Cpu, CPU_SECONDS_MAX),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
        (Resource::Nproc, 0),
        (Resource::Nofile, 0),
    ] {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}
