//! Extended attributes: read from a source, set on a stored or restored inode, summed up in a digest.

use std::os::fd::AsFd;

use rustix::fs::XattrFlags;
use rustix::io::{Errno, Result};

use super::acl;
use super::dir::Dir;
use super::meta::ContentHash;

/// The attribute with which a stored file carries the hash of its content.
pub const HASH_NAME: &str = "user.yore.blake3";

/// Names that are Yore's own: never taken from a source, never given back.
const OWN_PREFIX: &[u8] = b"user.yore.";

/// The attribute that lets a program do some of what root can.
pub const CAPABILITY_NAME: &str = "security.capability";

/// Namespaces and names that belong to an entry; `trusted.` shows itself to root only.
const KEPT: [&[u8]; 5] =
    [b"user.", b"system.posix_acl_access", b"system.posix_acl_default", b"security.", b"trusted."];

/// How XFS shows root once more what access control lists say; these names mean nothing elsewhere.
const ALIASES: &[u8] = b"trusted.SGI_";

/// Security labels: the system's own affair, set anew by its policy wherever a file is made.
const LABELS: [&[u8]; 4] =
    [b"security.selinux", b"security.ima", b"security.evm", b"security.SMACK"];

/// The longest list of names, and the longest value, that Linux gives.
const LIMIT_BYTES: usize = 64 * 1024;

/// Whether security labels are read, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Labels {
    /// They are left to the system's policy.
    #[default]
    Leave,
    /// They are kept, in overrides only. For root.
    Keep,
}

/// The attributes of one entry, sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Xattrs(Vec<(Vec<u8>, Vec<u8>)>);

impl Xattrs {
    /// Takes names and values in any order.
    pub fn new(mut pairs: Vec<(Vec<u8>, Vec<u8>)>) -> Self {
        pairs.sort_unstable();
        Self(pairs)
    }

    /// The same without those that give or tell of power over the computer.
    #[must_use]
    pub fn without_privileges(mut self) -> Self {
        self.0
            .retain(|(name, _)| !name.starts_with(b"security.") && !name.starts_with(b"trusted."));
        self
    }

    /// The users and groups that access control lists name.
    pub fn acl_ids(&self) -> impl Iterator<Item = acl::Id> {
        let lists = self.0.iter().filter(|(name, _)| name.starts_with(acl::PREFIX));
        lists.flat_map(|(_, value)| acl::ids(value))
    }

    /// The same with other users and groups in access control lists.
    #[must_use]
    pub fn with_acl_ids(mut self, change: impl Fn(acl::Id) -> u32) -> Self {
        for (_, value) in self.0.iter_mut().filter(|(name, _)| name.starts_with(acl::PREFIX)) {
            *value = acl::map(value, &change);
        }
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

    /// BLAKE3 over (name length u16, name, value length u32, value), little-endian, labels left out; `None` if
    /// there are none.
    pub fn digest(&self) -> Option<[u8; 32]> {
        if self.0.iter().all(|(name, _)| is_label(name)) {
            return None;
        }
        let mut hasher = blake3::Hasher::new();
        for (name, value) in self.0.iter().filter(|(name, _)| !is_label(name)) {
            hasher.update(&u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes());
            hasher.update(name);
            hasher.update(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
            hasher.update(value);
        }
        Some(*hasher.finalize().as_bytes())
    }

    /// Whether a security label is among them.
    pub fn has_labels(&self) -> bool {
        self.0.iter().any(|(name, _)| is_label(name))
    }

    /// Reads what is kept of an open file or directory. A file system without attributes has none.
    pub fn read(fd: impl AsFd) -> Result<Self> {
        Self::gather(
            Labels::Leave,
            |list| rustix::fs::flistxattr(&fd, list),
            |name, value| rustix::fs::fgetxattr(&fd, name, value),
        )
    }

    /// As [`Xattrs::read`], with the security labels if they are asked for.
    pub fn read_with(fd: impl AsFd, labels: Labels) -> Result<Self> {
        Self::gather(
            labels,
            |list| rustix::fs::flistxattr(&fd, list),
            |name, value| rustix::fs::fgetxattr(&fd, name, value),
        )
    }

    /// Reads what is kept of the child `name`, which can't be opened: a symbolic link or a special file.
    pub fn read_child(dir: &Dir, name: &[u8], labels: Labels) -> Result<Self> {
        let path = dir.child_path(name);
        Self::gather(
            labels,
            |list| rustix::fs::llistxattr(path.as_slice(), list),
            |attribute, value| rustix::fs::lgetxattr(path.as_slice(), attribute, value),
        )
    }

    fn gather(
        labels: Labels,
        list: impl Fn(&mut [u8]) -> Result<usize>,
        get: impl Fn(&[u8], &mut [u8]) -> Result<usize>,
    ) -> Result<Self> {
        let mut names = vec![0_u8; 1024];
        let length = match list(&mut names) {
            Ok(0) | Err(Errno::OPNOTSUPP) => return Ok(Self::default()),
            Err(Errno::RANGE) => {
                names.resize(LIMIT_BYTES, 0);
                list(&mut names)?
            }
            outcome => outcome?,
        };
        let mut pairs = Vec::new();
        for name in names[..length].split(|&b| b == 0) {
            if !is_kept(name) || (labels == Labels::Leave && is_label(name)) {
                continue;
            }
            match read_value(|value| get(name, value)) {
                Ok(value) => pairs.push((name.to_vec(), value)),
                Err(Errno::NODATA) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(Self::new(pairs))
    }

    /// Sets every attribute but labels on an open file or directory; `false` if one of them was refused.
    pub fn write(&self, fd: impl AsFd) -> Result<bool> {
        self.set(|name, value| rustix::fs::fsetxattr(&fd, name, value, XattrFlags::empty()))
    }

    /// As [`Xattrs::write`], on the child `name`, which can't be opened.
    pub fn write_child(&self, dir: &Dir, name: &[u8]) -> Result<bool> {
        let path = dir.child_path(name);
        self.set(|attribute, value| {
            rustix::fs::lsetxattr(path.as_slice(), attribute, value, XattrFlags::empty())
        })
    }

    fn set(&self, set: impl Fn(&[u8], &[u8]) -> Result<()>) -> Result<bool> {
        let mut all = true;
        let kept = || self.0.iter().filter(|(name, _)| !is_label(name));
        let is_list = |name: &[u8]| name.starts_with(acl::PREFIX);
        // Lists come last: they may take from the owner the right to set the others.
        let others = kept().filter(|(name, _)| !is_list(name));
        for (name, value) in others.chain(kept().filter(|(name, _)| is_list(name))) {
            match set(name, value) {
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

/// Whether an attribute of this name belongs to an entry.
pub fn is_kept(name: &[u8]) -> bool {
    !name.is_empty()
        && !name.starts_with(OWN_PREFIX)
        && !name.starts_with(ALIASES)
        && KEPT.iter().any(|kept| name.starts_with(kept))
}

fn is_label(name: &[u8]) -> bool {
    LABELS.iter().any(|label| name.starts_with(label))
}

fn read_value(get: impl Fn(&mut [u8]) -> Result<usize>) -> Result<Vec<u8>> {
    let mut value = vec![0_u8; 256];
    let length = match get(&mut value) {
        Err(Errno::RANGE) => {
            value.resize(LIMIT_BYTES, 0);
            get(&mut value)?
        }
        outcome => outcome?,
    };
    value.truncate(length);
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
    match read_value(|value| rustix::fs::fgetxattr(&fd, CAPABILITY_NAME, value)) {
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
            ("trusted.overlay.opaque", true),
            ("trusted.SGI_ACL_FILE", false),
            ("system.nfs4_acl", false),
            ("", false),
        ] {
            assert_eq!(is_kept(name.as_bytes()), kept, "{name}");
        }
        for (name, label) in [
            ("security.selinux", true),
            ("security.SMACK64EXEC", true),
            ("security.ima", true),
            ("security.capability", false),
            ("user.security.selinux", false),
        ] {
            assert_eq!(is_label(name.as_bytes()), label, "{name}");
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
        let labelled = Xattrs::new(vec![(b"security.selinux".into(), b"x".into())]);
        assert_eq!(labelled.digest(), None);
    }
}
