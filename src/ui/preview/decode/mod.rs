//! Decoding in a process of its own. What is on a drive is hostile, and decoders have faults: the process that decodes can
//! open nothing, write nothing, start nothing, and is ended when it takes too long or too much. What it says is checked.
//!
//! | module | which side |
//! | --- | --- |
//! | `cage`, `picture`, `text` | the process that decodes |
//! | `keeper` | the one that starts it, waits for it and ends it |
//! | `wire`, `texture` | what is said between both, and drawn in the end |

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;

pub use self::keeper::{Keeper, decode};
pub use self::picture::is_named_so;
pub use self::wire::{Decoded, NotShown, Text};

mod cage;
mod keeper;
mod picture;
mod text;
mod texture;
mod wire;

/// The argument that makes a process one that decodes.
const DECODE: &str = "--decode";
/// No longer file is read by a decoder, in bytes.
const FILE_BYTES_MAX: u64 = 128 << 20;
/// The longest edge of a picture that is handed over, in pixels.
pub const EDGE_MAX: u32 = 2048;

/// Decodes and is done, if the process was started for that: before anything else is set up. The longest edge of a picture may
/// follow, in pixels.
pub fn run_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let asked = arguments.next().is_some_and(|first| first == OsStr::new(DECODE));
    let edge = arguments.next().and_then(|edge| edge.to_str()?.parse().ok());
    let edge = edge.unwrap_or(EDGE_MAX).clamp(1, EDGE_MAX);
    asked.then(|| if run(edge).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run(edge_max: u32) -> std::io::Result<()> {
    let mut input = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let mut output = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    cage::enter()?;
    let decoded = read_and_decode(&mut input, edge_max)?;
    decoded.write(&mut output)?;
    output.flush()
}

fn read_and_decode(input: &mut impl Read, edge_max: u32) -> std::io::Result<Decoded> {
    let mut content = Vec::new();
    // One byte more tells whether there is more.
    input.by_ref().take(text::SHOWN_BYTES_MAX + 1).read_to_end(&mut content)?;
    let Some(format) = picture::format(&content) else {
        return Ok(text::decode(&content));
    };
    input.by_ref().take(FILE_BYTES_MAX).read_to_end(&mut content)?;
    if content.len() as u64 > FILE_BYTES_MAX {
        return Ok(Decoded::Nothing(NotShown::TooLarge));
    }
    Ok(picture::decode(&content, format, edge_max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_is_only_read_so_far() {
        let mut endless = std::io::repeat(b'a');
        let Decoded::Text(text) = read_and_decode(&mut endless, 9).unwrap() else { panic!() };
        assert!(text.is_cut);
        assert!(matches!(
            read_and_decode(&mut std::io::repeat(0), 9).unwrap(),
            Decoded::Nothing(NotShown::Binary)
        ));
    }

    #[test]
    fn a_picture_without_end_is_too_large() {
        let mut endless = b"\x89PNG\r\n\x1a\n".chain(std::io::repeat(7));
        assert!(matches!(
            read_and_decode(&mut endless, 9).unwrap(),
            Decoded::Nothing(NotShown::TooLarge)
        ));
    }
}
