//! A file of lines on the drive, read one at a time: it may be of any length, and hold anything.

use std::os::fd::AsFd;

use rustix::io::Errno;

use super::dir::read_some;
use super::meta::ContentHash;

/// Longer than any line that is written: that of an entry with all its attributes.
const LINE_LIMIT_BYTES: usize = 64 << 20;

const CHUNK_BYTES: usize = 1 << 16;

/// Gives each line of `file` that is not empty to `take`, and returns the hash of all of it. One with a line that nobody
/// writes, or longer than `limit_bytes`, is refused with `FBIG`.
pub fn read_lines(
    file: impl AsFd,
    limit_bytes: u64,
    mut take: impl FnMut(&[u8]),
) -> rustix::io::Result<ContentHash> {
    let mut hasher = blake3::Hasher::new();
    let (mut chunk, mut line) = (vec![0; CHUNK_BYTES], Vec::new());
    loop {
        let read = read_some(&file, &mut chunk)?;
        let bytes = chunk.get(..read).unwrap_or_default();
        hasher.update(bytes);
        if hasher.count() > limit_bytes {
            return Err(Errno::FBIG);
        }
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            line.extend_from_slice(part);
            if line.len() > LINE_LIMIT_BYTES {
                return Err(Errno::FBIG);
            }
            if line.ends_with(b"\n") {
                give(&mut line, &mut take);
            }
        }
        if read == 0 {
            give(&mut line, &mut take);
            return Ok(ContentHash(*hasher.finalize().as_bytes()));
        }
    }
}

fn give(line: &mut Vec<u8>, take: &mut impl FnMut(&[u8])) {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    if !text.is_empty() {
        take(text);
    }
    line.clear();
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write as _;

    use super::*;

    fn lines_of(content: &[u8]) -> (Vec<Vec<u8>>, rustix::io::Result<ContentHash>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        File::create(&path).unwrap().write_all(content).unwrap();
        let mut lines = Vec::new();
        let hash =
            read_lines(File::open(&path).unwrap(), 1 << 40, |line| lines.push(line.to_vec()));
        (lines, hash)
    }

    #[test]
    fn lines_come_one_by_one_wherever_the_chunks_end() {
        let long = "x".repeat(CHUNK_BYTES - 3);
        let text = format!("a\n\n{long}\nb{long}{long}\nlast");
        let (lines, hash) = lines_of(text.as_bytes());
        let wanted: Vec<&[u8]> =
            text.as_bytes().split(|&b| b == b'\n').filter(|line| !line.is_empty()).collect();
        assert_eq!(lines, wanted);
        assert_eq!(hash, Ok(ContentHash::of(text.as_bytes())));
    }

    #[test]
    fn nothing_without_an_end_is_gathered() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::create_new(folder.path().join("lines")).unwrap();
        file.set_len(3 << 30).unwrap();
        let open = || File::open(folder.path().join("lines")).unwrap();
        let nothing = |_: &[u8]| panic!("there is no line");
        assert_eq!(read_lines(open(), 4 << 30, nothing), Err(Errno::FBIG));
        assert_eq!(read_lines(open(), 100, nothing), Err(Errno::FBIG));
    }
}
