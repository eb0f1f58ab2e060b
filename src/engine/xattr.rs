//! Extended attributes: read from a source, set on a stored or restored inode, summed up in a digest.

use std::os::fd::AsFd;

use rustix::fs::XattrFlags;
use rustix::io::{Errno, Result};

use super::meta::ContentHash;

/// The attribute with which a stored file carries the hash of its content.
pub const HASH_NAME: &str = "user.yore.blake3";

/// Names that are Yore's own: never taken from a source, never given back.
const OWN_PREFIX: &[u8] = b"user.yore.";

/// The attribute that lets a program do some of what root can.
pub const CAPABILITY_NAME: &str = "security.capability";

/// Namespaces and names that belong to an entry. Security labels are the system's own affair.
const KEPT: [&[u8]; 4] =
    [b"user.", b"system.posix_acl_access", b"system.posix_acl_default", b"security.capability"];

/// The longest list of names, and the longest value, that Linux gives.
const LIMIT_BYTES: usize = 64 * 1024;

/// The attributes of one entry, sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Xattrs(Vec<(Vec<u8>, Vec<u8>)>);

impl Xattrs {
    /// Takes names and values in any order.
    pub fn new(mut pairs: Vec<(Vec<u8>, Vec<u8>)>) -> Self {
        pairs.sort_unstable();
        Self(pairs)
    }

    /// The same without the attribute `name`.
    #[must_use]
    pub fn without(mut self, name: &[u8]) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// BLAKE3 over (name length u16, name, value length u32, value), little-endian; `None` if there are none.
    pub fn digest(&self) -> Option<[u8; 32]> {
        if self.0.is_empty() {
            return None;
        }
        let mut hasher = blake3::Hasher::new();
        for (name, value) in &self.0 {
            hasher.update(&u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes());
            hasher.update(name);
            hasher.update(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
            hasher.update(value);
        }
        Some(*hasher.finalize().as_bytes())
    }

    /// Reads what is kept of an open file or directory. A file system without attributes has none.
    pub fn read(fd: impl AsFd) -> Result<Self> {
        let length = match rustix::fs::flistxattr_query(&fd) {
            Ok(0) | Err(Errno::OPNOTSUPP) => return Ok(Self::default()),
            Ok(length) => length,
            Err(errno) => return Err(errno),
        };
        let mut list = vec![0_u8; (length + 1024).min(LIMIT_BYTES)];
        let length = rustix::fs::flistxattr(&fd, &mut list[..])?;
        let mut pairs = Vec::new();
        for name in list[..length].split(|&b| b == 0).filter(|name| is_kept(name)) {
            match read_value(&fd, name) {
                Ok(value) => pairs.push((name.to_vec(), value)),
                Err(Errno::NODATA) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(Self::new(pairs))
    }

    /// Sets every attribute on an open file or directory; `false` if one of them was refused.
    pub fn write(&self, fd: impl AsFd) -> Result<bool> {
        let mut all = true;
        for (name, value) in &self.0 {
            match rustix::fs::fsetxattr(&fd, name.as_slice(), value, XattrFlags::empty()) {
                Ok(()) => {}
                Err(errno) if is_refusal(errno) => all = false,
                Err(errno) => return Err(errno),
            }
        }
        Ok(all)
    }
}

/// Errors that say "not this attribute on this inode", not "the drive is full".
fn is_refusal(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::NOSPC
            | Errno::TOOBIG
            | Errno::DQUOT
            | Errno::RANGE
            | Errno::PERM
            | Errno::OPNOTSUPP
            | Errno::INVAL
    )
}

fn is_kept(name: &[u8]) -> bool {
    !name.is_empty()
        && !name.starts_with(OWN_PREFIX)
        && KEPT.iter().any(|kept| name.starts_with(kept))
}

fn read_value(fd: impl AsFd, name: &[u8]) -> Result<Vec<u8>> {
    let mut value = vec![0_u8; 256];
    match rustix::fs::fgetxattr(&fd, name, &mut value[..]) {
        Ok(length) => value.truncate(length),
        Err(Errno::RANGE) => {
            value.resize(LIMIT_BYTES, 0);
            let length = rustix::fs::fgetxattr(&fd, name, &mut value[..])?;
            value.truncate(length);
        }
        Err(errno) => return Err(errno),
    }
    Ok(value)
}

/// Writes the hash of its content onto a stored file.
pub fn write_hash(fd: impl AsFd, hash: &ContentHash) -> Result<()> {
    rustix::fs::fsetxattr(fd, HASH_NAME, &hash.0, XattrFlags::empty())
}

/// The hash that a stored file carries; `None` if it has none or not one of 32 bytes.
pub fn read_hash(fd: impl AsFd) -> Result<Option<ContentHash>> {
    let mut value = [0_u8; 33];
    match rustix::fs::fgetxattr(fd, HASH_NAME, &mut value[..]) {
        Ok(length) => Ok(ContentHash::from_slice(&value[..length])),
        Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::RANGE) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// The capabilities that an open file has as a program, as the kernel keeps them.
pub fn read_capability(fd: impl AsFd) -> Result<Option<Vec<u8>>> {
    match read_value(fd, CAPABILITY_NAME.as_bytes()) {
        Ok(value) => Ok(Some(value)),
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(None),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_belongs_to_the_entry_is_kept() {
        for (name, kept) in [
            ("user.comment", true),
            ("user.yore.blake3", false),
            ("system.posix_acl_access", true),
            ("security.capability", true),
            ("security.selinux", false),
            ("trusted.overlay.opaque", false),
            ("", false),
        ] {
            assert_eq!(is_kept(name.as_bytes()), kept, "{name}");
        }
    }

    #[test]
    fn the_digest_does_not_depend_on_the_order_they_came_in() {
        let one =
            Xattrs::new(vec![(b"user.b".into(), b"2".into()), (b"user.a".into(), b"1".into())]);
        let two =
            Xattrs::new(vec![(b"user.a".into(), b"1".into()), (b"user.b".into(), b"2".into())]);
        assert_eq!(one.digest(), two.digest());
        assert_eq!(Xattrs::default().digest(), None);
    }
}
