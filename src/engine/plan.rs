//! Decides, without touching anything, what becomes of a source's entry: pure functions with table tests.

use super::index::State;
use super::meta::{FileTime, Fingerprint, Kind, Metadata};
use super::repository::Owners;

/// A file whose metadata alone changed is stored again up to this size, and linked with an override above it.
pub const SMALL_FILE_BYTES: u64 = 64 * 1024;

/// A change within this time before the scan may be followed by another that moves no clock.
const RACY_WINDOW_SECONDS: i64 = 60;

/// How a source's file relates to its last version, before its content is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing changed: link what is stored.
    Link,
    /// Something changed, the size did not: read and hash it before anything is written.
    Examine,
    /// New, or of another size: copy it.
    Copy,
}

/// How a file is stored whose content is on the drive already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The stored inode carries the right metadata, too: link it.
    Link,
    /// Other metadata, on a drive where files can share blocks: clone it, and set the metadata.
    Clone,
    /// Other metadata, and the file is small: store it again.
    Copy,
    /// Other metadata, and the file is large: link it and say the rest in an override.
    LinkWithOverride,
}

/// Metadata and the digest of the attributes.
pub type Dress<'a> = (&'a Metadata, Option<[u8; 32]>);

/// What a drive's inodes carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carrier {
    /// Where owners are kept.
    pub owners: Owners,
    /// Whether files can share blocks.
    pub reflink: bool,
}

/// What is decided for a regular file with the metadata `meta`.
pub fn plan_file(
    previous: Option<&State>,
    meta: &Metadata,
    fingerprint: &Fingerprint,
    stable_inodes: bool,
) -> Step {
    let Some(previous) = previous.filter(|state| state.meta.kind == Kind::File) else {
        return Step::Copy;
    };
    let change = previous.change();
    if change.absent || previous.meta.size_bytes != meta.size_bytes || previous.hash.is_none() {
        return Step::Copy;
    }
    if is_recognised(previous, meta, fingerprint, stable_inodes) {
        Step::Link
    } else {
        Step::Examine
    }
}

/// What is decided once the content is known to be that of a stored file with the metadata `stored`.
pub fn settle(stored: Dress<'_>, wanted: Dress<'_>, carrier: Carrier) -> Settled {
    let ((stored, stored_xattrs), (wanted, wanted_xattrs)) = (stored, wanted);
    let same_owner =
        carrier.owners == Owners::Seal || (stored.uid == wanted.uid && stored.gid == wanted.gid);
    let is_carried = same_owner
        && stored.mode == wanted.mode
        && stored.mtime == wanted.mtime
        && stored_xattrs == wanted_xattrs;
    if is_carried {
        Settled::Link
    } else if carrier.reflink {
        Settled::Clone
    } else if wanted.size_bytes <= SMALL_FILE_BYTES {
        Settled::Copy
    } else {
        Settled::LinkWithOverride
    }
}

/// How soon a folder's turn comes: what people made before what programs keep for themselves, and of each the
/// newest first, as far as that is known before it is opened. The greatest goes first.
pub fn urgency(name: &[u8], meta: &Metadata) -> (bool, FileTime) {
    (!name.starts_with(b"."), meta.mtime)
}

/// The fingerprint to remember; `None` if the file changed so recently that it must be read again.
pub fn trusted(
    meta: &Metadata,
    fingerprint: &Fingerprint,
    scan_started: FileTime,
) -> Option<Fingerprint> {
    let limit =
        FileTime { sec: scan_started.sec.saturating_sub(RACY_WINDOW_SECONDS), ..scan_started };
    (meta.mtime < limit && fingerprint.ctime < limit).then_some(*fingerprint)
}

/// Whether the stored inode is still the one that the index recorded, as far as a `stat` can tell.
pub fn is_as_stored(previous: &State, stored: &Metadata, owners: Owners) -> bool {
    let (wanted, change) = (&previous.meta, previous.change());
    // What an override says is not on the inode, and a symbolic link's mode means nothing.
    let is_carried =
        |said: Option<u32>, stored: u32, wanted: u32| said.is_some() || stored == wanted;
    stored.kind == wanted.kind
        && stored.size_bytes == wanted.size_bytes
        && stored.mtime == previous.stored_mtime()
        && (stored.kind == Kind::Symlink || is_carried(change.mode, stored.mode, wanted.mode))
        && (owners == Owners::Seal
            || is_carried(change.uid, stored.uid, wanted.uid)
                && is_carried(change.gid, stored.gid, wanted.gid))
}

/// Whether an entry of any kind is recognised as what it was, with nothing of it to be read again.
pub fn is_recognised(
    previous: &State,
    meta: &Metadata,
    fingerprint: &Fingerprint,
    stable_inodes: bool,
) -> bool {
    let change = previous.change();
    let recognised = previous.fingerprint.filter(Fingerprint::is_settled).is_some_and(|known| {
        !stable_inodes || (known.inode == fingerprint.inode && known.ctime == fingerprint.ctime)
    });
    let marked = change.stale.is_some() || change.torn || change.absent;
    recognised && !marked && previous.meta == *meta
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::meta::ContentHash;

    const OLD: FileTime = FileTime { sec: 1_000, nsec: 5 };
    const PRINT: Fingerprint = Fingerprint { inode: 7, ctime: OLD };

    fn meta(size_bytes: u64) -> Metadata {
        Metadata {
            kind: Kind::File,
            mode: 0o644,
            uid: 1,
            gid: 1,
            size_bytes,
            mtime: OLD,
            device: (0, 0),
        }
    }

    fn state(size_bytes: u64) -> State {
        State {
            meta: meta(size_bytes),
            hash: Some(ContentHash([1; 32])),
            xattrs: None,
            fingerprint: Some(PRINT),
            stored_mtime: None,
            override_text: None,
        }
    }

    #[test]
    fn a_file_is_linked_only_if_nothing_at_all_changed() {
        let moved = |mut meta: Metadata| {
            meta.mtime.nsec += 1;
            meta
        };
        let forged = Fingerprint { ctime: FileTime { sec: 1_001, nsec: 5 }, ..PRINT };
        let replaced = Fingerprint { inode: 8, ..PRINT };
        let unread = State { fingerprint: None, ..state(3) };
        let unverified = State { hash: None, ..state(3) };
        let stale = State { override_text: Some(r#"{"stale":{"id":"00000000-0000-0000-0000-000000000000","started":"2026-01-01T00:00:00Z"}}"#.into()), ..state(3) };
        let chmod = Metadata { mode: 0o600, ..meta(3) };
        for (name, previous, meta, print, wanted) in [
            ("unchanged", Some(state(3)), meta(3), PRINT, Step::Link),
            ("new", None, meta(3), PRINT, Step::Copy),
            ("another size", Some(state(3)), meta(4), PRINT, Step::Copy),
            ("mtime moved", Some(state(3)), moved(meta(3)), PRINT, Step::Examine),
            ("mtime put back", Some(state(3)), meta(3), forged, Step::Examine),
            ("replaced by a rename", Some(state(3)), meta(3), replaced, Step::Examine),
            ("racy last time", Some(unread), meta(3), PRINT, Step::Examine),
            ("chmod", Some(state(3)), chmod, forged, Step::Examine),
            ("stale", Some(stale), meta(3), PRINT, Step::Examine),
            ("never hashed", Some(unverified), meta(3), PRINT, Step::Copy),
        ] {
            assert_eq!(plan_file(previous.as_ref(), &meta, &print, true), wanted, "{name}");
        }
        assert_eq!(plan_file(Some(&state(3)), &meta(3), &replaced, false), Step::Link);
    }

    #[test]
    fn what_was_changed_on_the_drive_is_not_linked() {
        let stored = meta(3);
        let chmod = Metadata { mode: 0o600, ..stored };
        let chown = Metadata { gid: 2, ..stored };
        let overridden = State { override_text: Some(r#"{"mode":420}"#.into()), ..state(3) };
        for (name, previous, stored, owners, wanted) in [
            ("as it was", state(3), stored, Owners::Inode, true),
            ("another mode", state(3), chmod, Owners::Seal, false),
            ("a mode that the inode never had", overridden, chmod, Owners::Seal, true),
            ("another group", state(3), chown, Owners::Inode, false),
            ("a group that means nothing", state(3), chown, Owners::Seal, true),
            ("another size", state(4), stored, Owners::Seal, false),
        ] {
            assert_eq!(is_as_stored(&previous, &stored, owners), wanted, "{name}");
        }
    }

    #[test]
    fn changed_metadata_is_cloned_or_copied_or_overridden() {
        let large = SMALL_FILE_BYTES + 1;
        let plain = Carrier { owners: Owners::Seal, reflink: false };
        let sharing = Carrier { reflink: true, ..plain };
        let owning = Carrier { owners: Owners::Inode, ..plain };
        let base = |size| meta(size);
        let chmod = |size| Metadata { mode: 0o600, ..meta(size) };
        let chown = |size| Metadata { uid: 2, ..meta(size) };
        for (stored, wanted, carrier, settled) in [
            (base(large), base(large), plain, Settled::Link),
            (base(3), chmod(3), plain, Settled::Copy),
            (base(large), chmod(large), plain, Settled::LinkWithOverride),
            (base(3), chmod(3), sharing, Settled::Clone),
            (base(large), chmod(large), sharing, Settled::Clone),
            (base(3), chown(3), plain, Settled::Link),
            (base(3), chown(3), owning, Settled::Copy),
        ] {
            let found = settle((&stored, None), (&wanted, None), carrier);
            assert_eq!(found, settled, "{stored:?} {wanted:?} {carrier:?}");
        }
        let attributes = (&meta(3), Some([2; 32]));
        assert_eq!(settle((&meta(3), None), attributes, plain), Settled::Copy);
    }

    #[test]
    fn people_s_own_and_the_newest_come_first() {
        let at = |sec| Metadata { mtime: FileTime { sec, nsec: 0 }, ..meta(0) };
        let mut folders = [("Old", at(1)), (".cache", at(9)), ("New", at(5)), (".config", at(2))];
        folders.sort_by_key(|(name, meta)| std::cmp::Reverse(urgency(name.as_bytes(), meta)));
        assert_eq!(folders.map(|(name, _)| name), ["New", "Old", ".cache", ".config"]);
    }

    #[test]
    fn a_recent_change_is_not_trusted() {
        let start = |sec| FileTime { sec, nsec: 5 };
        assert_eq!(trusted(&meta(3), &PRINT, start(1_061)), Some(PRINT));
        assert_eq!(trusted(&meta(3), &PRINT, start(1_060)), None);
        assert_eq!(trusted(&meta(3), &PRINT, start(900)), None);
    }
}
