//! The side that starts the process that decodes, waits for it, and ends it.

use std::io::{Error, ErrorKind, Result};
use std::os::fd::OwnedFd;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::wire::message_bytes_max;
use super::{DECODE, Decoded};
use crate::engine::dir::read_some;

/// A decoder that takes longer is ended: by the clock, so that a drive that hangs counts, too.
const PATIENCE: Duration = Duration::from_secs(8);
/// How soon a decoder is ended that nobody waits for any more.
const LOOK_INTERVAL: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// Whoever waits for a decoder holds one of these; dropping it ends the decoder.
#[derive(Debug, Default)]
pub struct Keeper(Arc<AtomicBool>);

impl Keeper {
    /// What tells the decoder's thread that nobody waits any more.
    pub fn gone(&self) -> Arc<AtomicBool> {
        self.0.clone()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Decodes `file` in a process of its own, which ends when this returns; blocks until then, or until `gone`. No edge of a
/// picture is longer than `edge_max` pixels.
///
/// # Errors
/// A decoder that says nothing that can be believed: the file could not be read, or it took too long or too much.
pub fn decode(file: OwnedFd, edge_max: u32, gone: &AtomicBool) -> Result<Decoded> {
    // Even if the program was replaced by a newer one, this is the same.
    let mut command = Command::new("/proc/self/exe");
    command.arg(DECODE).arg(edge_max.to_string()).env_clear();
    command.stdin(file).stdout(Stdio::piped()).stderr(Stdio::null());
    run(command, edge_max, gone)
}

fn run(mut command: Command, edge_max: u32, gone: &AtomicBool) -> Result<Decoded> {
    let mut child = Running(command.spawn()?);
    let output = child.0.stdout.take().ok_or(ErrorKind::BrokenPipe)?;
    let limit = message_bytes_max(edge_max).ok_or(ErrorKind::FileTooLarge)?;
    let message = listen(&output, limit, gone)?;
    Decoded::read(&message, edge_max)
}

/// A process that is ended, whatever happens.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _over_already = self.0.kill();
        let _ = self.0.wait();
    }
}

/// All that it says, if that is neither too much nor too late.
fn listen(output: &ChildStdout, limit: usize, gone: &AtomicBool) -> Result<Vec<u8>> {
    let end = Instant::now() + PATIENCE;
    let (mut message, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        if gone.load(Ordering::Relaxed) || Instant::now() > end {
            return Err(Error::from(ErrorKind::TimedOut));
        }
        let mut waiting = [PollFd::new(output, PollFlags::IN)];
        if poll(&mut waiting, Some(&LOOK_INTERVAL))? == 0 {
            continue;
        }
        let read = read_some(output, &mut piece)?;
        match piece.get(..read) {
            None | Some([]) => return Ok(message),
            Some(bytes) if message.len() + bytes.len() <= limit => message.extend_from_slice(bytes),
            Some(_) => return Err(Error::from(ErrorKind::FileTooLarge)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::piped());
        command
    }

    #[test]
    fn one_that_says_too_much_is_not_heard_out() {
        let error = run(shell("exec cat /dev/zero"), 9, &AtomicBool::new(false)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
    }

    #[test]
    fn one_that_nobody_waits_for_is_ended() {
        let keeper = Keeper::default();
        let gone = keeper.gone();
        drop(keeper);
        let error = run(shell("exec sleep 1000"), 9, &gone).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn one_that_dies_or_lies_is_not_believed() {
        for script in ["kill -KILL $$", "printf YorePrv1aaaa"] {
            assert!(run(shell(script), 9, &AtomicBool::new(false)).is_err(), "{script}");
        }
    }
}
