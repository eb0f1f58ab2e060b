//! Paths inside a snapshot: bytes, relative, without `.` and `..`. Never a `String`, never trusted twice.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, percent_encode};
use smallvec::SmallVec;

/// What is percent-encoded in every file on the drive: all but printable ASCII, and `%` and `"`.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%').add(b'"');

/// The longest name that Linux file systems hold, in bytes.
pub const NAME_MAX_BYTES: usize = 255;

/// The name of one entry, as listings and the index's answers hold them by the thousand: short ones need no memory of
/// their own. Where it is one name, `Vec<u8>` does; functions take `&[u8]`.
pub type EntryName = SmallVec<[u8; 32]>;

/// Whether `name` can be one component of a path: not empty, not `.` or `..`, no `/`, no NUL.
pub fn is_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name.len() <= NAME_MAX_BYTES
        && name != b"."
        && name != b".."
        && !name.contains(&b'/')
        && !name.contains(&0)
}

/// Whether `name` is among `names`, which are sorted by bytes.
pub fn has_name<N: AsRef<[u8]>>(names: &[N], name: &[u8]) -> bool {
    names.binary_search_by(|other| other.as_ref().cmp(name)).is_ok()
}

/// Percent-encodes bytes as the files on the drive hold them (FORMAT.md, "Overrides").
pub fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, ENCODED).to_string()
}

/// Text for people: valid UTF-8 as it is, control and broken bytes escaped, so that a name can't forge lines.
pub fn display(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() || is_direction_mark(c) {
                text.extend(c.escape_default());
            } else {
                text.push(c);
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// Characters that reorder or hide the text around them on a screen.
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A path below the root of a snapshot's `files/`; the empty one is that root itself.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct RelPath(Vec<u8>);

/// The bytes that were given can't be a path inside a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a path inside a snapshot: {0}")]
pub struct BadPath(pub String);

impl RelPath {
    /// The root of the tree.
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads a relative path, checking every component; an empty one is the root.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadPath> {
        let well_formed = bytes.is_empty() || bytes.split(|&b| b == b'/').all(is_name);
        if well_formed { Ok(Self(bytes.to_vec())) } else { Err(BadPath(display(bytes))) }
    }

    /// Takes an absolute path of this computer, dropping `.` and doubled slashes and resolving `..` by name.
    pub fn from_absolute(path: &Path) -> Result<Self, BadPath> {
        let bytes = path.as_os_str().as_bytes();
        if bytes.first() != Some(&b'/') {
            return Err(BadPath(display(bytes)));
        }
        let mut relative = Self::root();
        for name in bytes.split(|&b| b == b'/') {
            match name {
                b"" | b"." => {}
                b".." => relative = relative.parent().unwrap_or_default(),
                name if is_name(name) => relative = relative.join(name),
                _ => return Err(BadPath(display(bytes))),
            }
        }
        Ok(relative)
    }

    /// Reads the percent-encoded form that the files on the drive hold.
    pub fn decode(text: &str) -> Result<Self, BadPath> {
        Self::parse(&percent_decode_str(text).collect::<Vec<u8>>())
    }

    /// The percent-encoded form.
    pub fn encode(&self) -> String {
        encode(&self.0)
    }

    /// This path with one more component; `name` must satisfy [`is_name`].
    #[must_use]
    pub fn join(&self, name: &[u8]) -> Self {
        debug_assert!(is_name(name));
        let mut bytes = Vec::with_capacity(self.0.len() + 1 + name.len());
        bytes.extend_from_slice(&self.0);
        if !bytes.is_empty() {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(name);
        Self(bytes)
    }

    /// Adds a component in place; `name` must satisfy [`is_name`].
    pub fn push(&mut self, name: &[u8]) {
        debug_assert!(is_name(name));
        if !self.0.is_empty() {
            self.0.push(b'/');
        }
        self.0.extend_from_slice(name);
    }

    /// Takes the last component away in place; the root stays as it is.
    pub fn pop(&mut self) {
        let end = self.0.iter().rposition(|&b| b == b'/').unwrap_or(0);
        self.0.truncate(end);
    }

    /// The path without its last component; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let end = self.0.iter().rposition(|&b| b == b'/').unwrap_or(0);
        Some(Self(self.0[..end].to_vec()))
    }

    /// The last component; `None` for the root.
    pub fn name(&self) -> Option<&[u8]> {
        self.components().next_back()
    }

    /// The components from the top.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.0.split(|&b| b == b'/').filter(|name| !name.is_empty())
    }

    /// Whether this is the root of the tree.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `self` is `other` or lies below it.
    pub fn is_within(&self, other: &Self) -> bool {
        other.is_root()
            || (self.0.starts_with(&other.0)
                && (self.0.len() == other.0.len() || self.0[other.0.len()] == b'/'))
    }

    /// The bytes, components joined by `/`, without one at the front.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As a relative path of the operating system.
    pub fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0))
    }

    /// The absolute path on this computer that this one stands for.
    pub fn to_absolute(&self) -> PathBuf {
        Path::new("/").join(self.as_path())
    }
}

impl Ord for RelPath {
    /// The order of a tree walk: component by component, on raw bytes.
    fn cmp(&self, other: &Self) -> Ordering {
        self.components().cmp(other.components())
    }
}

impl PartialOrd for RelPath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for RelPath {
    /// The absolute path, safe to print.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", display(&self.0))
    }
}

impl fmt::Debug for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths_lose_dots_and_doubled_slashes() {
        for (given, wanted) in
            [("/", "/"), ("/a//b/./c/", "/a/b/c"), ("/a/../b", "/b"), ("/../..", "/")]
        {
            let path = RelPath::from_absolute(Path::new(given)).unwrap();
            assert_eq!(path.to_string(), wanted, "{given}");
        }
        assert!(RelPath::from_absolute(Path::new("a/b")).is_err());
    }

    #[test]
    fn hostile_paths_are_refused() {
        for text in ["/etc/passwd", "a//b", "a/../b", "..", ".", "a/", "a%00b", "%2e%2e/x"] {
            assert!(RelPath::decode(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_byte_survives_encoding() {
        let name: Vec<u8> = (1..=255).filter(|&b| b != b'/').collect();
        let path = RelPath::root().join(&name).join(b"100% \"real\"\n");
        let text = path.encode();
        assert!(text.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'"'));
        assert_eq!(RelPath::decode(&text).unwrap(), path);
    }

    #[test]
    fn trees_sort_component_by_component() {
        let mut paths: Vec<_> = ["a-b", "a/b", "a", "a/b-c"]
            .iter()
            .map(|p| RelPath::parse(p.as_bytes()).unwrap())
            .collect();
        paths.sort();
        let texts: Vec<_> = paths.iter().map(RelPath::encode).collect();
        assert_eq!(texts, ["a", "a/b", "a/b-c", "a-b"]);
    }

    #[test]
    fn names_are_shown_without_control_characters() {
        assert_eq!(display(b"a\nb\xff\xe2\x80\xae"), "a\\nb\\xff\\u{202e}");
        assert_eq!(display("Größe".as_bytes()), "Größe");
    }
}
