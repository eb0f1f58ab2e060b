//! The kernel's table of what is mounted where.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The number that `statx` calls the mount by.
    pub id: u64,
    /// Where it is seen.
    pub point: PathBuf,
    /// The file system's kind, as `ext4`.
    pub kind: Vec<u8>,
    /// The device, or what else the file system calls its source.
    pub source: PathBuf,
}

/// What this process sees mounted; nothing where no table can be read.
pub fn mounts() -> Vec<Mount> {
    let table = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    table.split(|byte| *byte == b'\n').filter_map(parse).collect()
}

fn parse(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|byte| *byte == b' ');
    let id = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let point = path_of(fields.nth(3)?);
    // Before the dash come as many optional fields as there are.
    let mut fields = fields.skip_while(|field| *field != b"-").skip(1);
    Some(Mount { id, point, kind: fields.next()?.to_vec(), source: path_of(fields.next()?) })
}

fn path_of(field: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(unescape(field)))
}

/// The kernel writes blanks and backslashes in paths as octal numbers.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, after)) = rest.split_first() {
        let octal = (byte == b'\\')
            .then(|| after.get(..3))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match octal {
            Some(octal) => {
                bytes.push(octal);
                rest = &after[3..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_with_blanks_are_read() {
        assert_eq!(unescape(b"/media/My\\040Disk\\134"), b"/media/My Disk\\");
        assert_eq!(unescape(b"/media/a\\9"), b"/media/a\\9");
        let found = parse(b"36 25 8:1 / /media/My\\040Disk rw shared:1 - ext4 /dev/sda1 rw");
        let wanted = Mount {
            id: 36,
            point: "/media/My Disk".into(),
            kind: b"ext4".to_vec(),
            source: "/dev/sda1".into(),
        };
        assert_eq!(found, Some(wanted));
        assert_eq!(parse(b"36 25 8:1 / /media/cut"), None);
        assert_eq!(parse(b""), None);
    }

    #[test]
    fn what_the_table_is_read_from_is_in_it() {
        assert!(mounts().iter().any(|mount| mount.point == std::path::Path::new("/proc")));
    }
}
