//! The process that decodes what the window shows: the real program, given what is right, broken, too large or without end.

use std::fs::File;
use std::io::{Cursor, Read as _, Seek as _, Write as _};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use image::{DynamicImage, ImageFormat};
use rustix::process::{Pid, Signal, kill_process};

use crate::common::wait::poll;

/// A decoder that takes longer has hung.
const HANG: Duration = Duration::from_secs(90);

const MAGIC: &[u8] = b"YorePrv1";
const PICTURE: u32 = 1;
const TEXT: u32 = 2;
const NOTHING: u32 = 3;
/// Why there is nothing to show.
const BINARY: u32 = 1;
const TOO_LARGE: u32 = 2;
const BROKEN: u32 = 3;

/// What the decoder said: its numbers, and how many bytes after them.
type Said = (Vec<u32>, usize);

fn decoder(edge: Option<&str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yore-gtk"));
    command.arg("--decode").args(edge).env_clear();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// What comes of work that must not hang.
fn within<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, waiting) = channel();
    std::thread::spawn(move || done.send(work()));
    waiting.recv_timeout(HANG).expect("the decoder hung, or its work failed")
}

fn understood(message: &[u8]) -> Said {
    let rest = message.strip_prefix(MAGIC).unwrap();
    let (numbers, body) = rest.split_at(20);
    let number = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap());
    (numbers.chunks(4).map(number).collect(), body.len())
}

/// Has a file decoded.
fn decode(content: &[u8], edge: Option<&str>) -> Said {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    file.rewind().unwrap();
    decode_file(file, edge)
}

fn decode_file(file: File, edge: Option<&str>) -> Said {
    let child = decoder(edge).stdin(file).spawn().unwrap();
    let output = within(move || child.wait_with_output().unwrap());
    assert!(output.status.success(), "{}", output.status);
    understood(&output.stdout)
}

fn encoded(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(width, height).write_to(&mut file, format).unwrap();
    file.into_inner()
}

#[test]
fn a_picture_is_decoded_and_no_larger_than_asked_for() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::Bmp] {
        let picture = encoded(300, 200, format);
        let whole = (vec![PICTURE, 300, 200, 300, 200], 300 * 200 * 4);
        assert_eq!(decode(&picture, None), whole, "{format:?}");
        let small = (vec![PICTURE, 30, 20, 300, 200], 30 * 20 * 4);
        assert_eq!(decode(&picture, Some("30")), small, "{format:?}");
        // An edge that is none is as if none were said.
        assert_eq!(decode(&picture, Some("wide")), whole, "{format:?}");
    }
}

#[test]
fn a_text_is_text_and_bytes_are_nothing() {
    assert_eq!(decode(b"Dear all,\n", None), (vec![TEXT, 10, 0, 0, 0], 10));
    assert_eq!(decode(b"", None), (vec![TEXT, 0, 0, 0, 0], 0));
    let bytes: Vec<u8> = (0..100_000_u64).map(|at| ((at * at) >> 7) as u8).collect();
    assert_eq!(decode(&bytes, None), (vec![NOTHING, BINARY, 0, 0, 0], 0));
}

#[test]
fn a_picture_that_ends_early_or_holds_anything_is_broken() {
    let noise: Vec<u8> = (0..50_000_u64).map(|at| ((at * at) >> 5) as u8).collect();
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::Bmp] {
        let picture = encoded(300, 200, format);
        for broken in [picture[..24].to_vec(), [&picture[..12], &noise].concat()] {
            let (numbers, length) = decode(&broken, None);
            let is_refused = numbers[0] == NOTHING && [TOO_LARGE, BROKEN].contains(&numbers[1]);
            assert!(is_refused && length == 0, "{format:?}: {numbers:?}");
        }
    }
}

#[test]
fn a_bomb_takes_no_more_than_it_may() {
    let refused = (vec![NOTHING, TOO_LARGE, 0, 0, 0], 0);
    // A file of a few bytes that says it has so many pixels: beyond any side, and beyond the memory.
    for (width, height) in [(60_000, 60_000), (32_000, 32_000), (u32::MAX >> 1, 1)] {
        assert_eq!(decode(&forged_png(width, height), None), refused, "{width}x{height}");
    }
    let mut gif = encoded(4, 4, ImageFormat::Gif);
    gif[6..10].fill(0xff);
    assert_eq!(decode(&gif, None), refused);
}

#[test]
fn what_has_no_end_is_not_read_to_the_end() {
    let zeros = File::open("/dev/zero").unwrap();
    assert_eq!(decode_file(zeros, None), (vec![NOTHING, BINARY, 0, 0, 0], 0));
    let mut child = decoder(None).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let fed = std::thread::spawn(move || {
        let piece = vec![7; 1 << 20];
        let begun = input.write_all(b"\x89PNG\r\n\x1a\n");
        begun.and_then(|()| {
            loop {
                input.write_all(&piece)?;
            }
        })
    });
    let output = within(move || child.wait_with_output().unwrap());
    let fault: std::io::Result<()> = fed.join().unwrap();
    assert_eq!(fault.unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
    assert_eq!(understood(&output.stdout), (vec![NOTHING, TOO_LARGE, 0, 0, 0], 0));
}

#[test]
fn it_lives_in_a_cage_and_can_be_ended_while_it_waits() {
    let mut child = decoder(None).spawn().unwrap();
    let place = format!("/proc/{}/limits", child.id());
    let limits = poll("the cage", || {
        let limits = std::fs::read_to_string(&place).ok()?;
        limit(&limits, "Max open files").filter(|most| most == "0").map(|_| limits)
    });
    for (name, most) in [
        ("Max address space", (1_u64 << 30).to_string()),
        ("Max cpu time", "4".to_owned()),
        ("Max file size", "0".to_owned()),
        ("Max core file size", "0".to_owned()),
        ("Max processes", "0".to_owned()),
    ] {
        assert_eq!(limit(&limits, name), Some(most), "{name}");
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    let status: ExitStatus = within(move || {
        let mut said = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut said).unwrap();
        assert_eq!(said, b"");
        child.wait().unwrap()
    });
    assert!(!status.success());
}

/// The hard limit of this name.
fn limit(limits: &str, name: &str) -> Option<String> {
    let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().nth(1).map(str::to_owned)
}

/// A PNG of four by four pixels that says it has others.
fn forged_png(width: u32, height: u32) -> Vec<u8> {
    let mut forged = encoded(4, 4, ImageFormat::Png);
    forged[16..20].copy_from_slice(&width.to_be_bytes());
    forged[20..24].copy_from_slice(&height.to_be_bytes());
    // The check sum of the changed header.
    let sum = crc32(&forged[12..29]).to_be_bytes();
    forged[29..33].copy_from_slice(&sum);
    forged
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}
