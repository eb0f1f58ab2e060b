//! Decides, without touching anything, what becomes of a source's entry: pure functions with table tests.

use super::index::State;
use super::meta::{ContentHash, FileTime, Fingerprint, Kind, Metadata};
use super::overrides::Override;

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

/// How a file is stored whose content turned out to be that of its last version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Its metadata is the same too: link what is stored.
    Link,
    /// Its metadata changed and it is small: store it again.
    Copy,
    /// Its metadata changed and it is large: link what is stored and say the rest in an override.
    LinkWithOverride,
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
    let recognised = previous.fingerprint.is_some_and(|known| {
        !stable_inodes || (known.inode == fingerprint.inode && known.ctime == fingerprint.ctime)
    });
    let marked = change.stale.is_some() || change.torn;
    if recognised && !marked && previous.meta == *meta { Step::Link } else { Step::Examine }
}

/// What is decided once the content is known to be that of `previous`.
pub fn settle(previous: &State, meta: &Metadata, xattrs: Option<[u8; 32]>) -> Settled {
    let marked = {
        let Override { stale, torn, .. } = previous.change();
        stale.is_some() || torn
    };
    if previous.meta == *meta && previous.xattrs == xattrs && !marked {
        Settled::Link
    } else if meta.size_bytes <= SMALL_FILE_BYTES {
        Settled::Copy
    } else {
        Settled::LinkWithOverride
    }
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
pub fn is_as_stored(previous: &State, stored: &Metadata) -> bool {
    stored.kind == previous.meta.kind
        && stored.size_bytes == previous.meta.size_bytes
        && stored.mtime == previous.stored_mtime()
}

/// Whether a symbolic link or a special file is what it was.
pub fn is_same_entry(previous: &State, meta: &Metadata, hash: Option<ContentHash>) -> bool {
    previous.meta == *meta && previous.hash == hash && previous.change().stale.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn changed_metadata_is_copied_when_small_and_overridden_when_large() {
        let large = SMALL_FILE_BYTES + 1;
        for (size, mode, wanted) in [
            (3, 0o644, Settled::Link),
            (3, 0o600, Settled::Copy),
            (large, 0o644, Settled::Link),
            (large, 0o600, Settled::LinkWithOverride),
        ] {
            let meta = Metadata { mode, ..meta(size) };
            assert_eq!(settle(&state(size), &meta, None), wanted, "{size} {mode:o}");
        }
        assert_eq!(settle(&state(3), &meta(3), Some([2; 32])), Settled::Copy);
    }

    #[test]
    fn a_recent_change_is_not_trusted() {
        let start = |sec| FileTime { sec, nsec: 5 };
        assert_eq!(trusted(&meta(3), &PRINT, start(1_061)), Some(PRINT));
        assert_eq!(trusted(&meta(3), &PRINT, start(1_060)), None);
        assert_eq!(trusted(&meta(3), &PRINT, start(900)), None);
    }
}
