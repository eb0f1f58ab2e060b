//! The state of one path, as a row of the index holds it.

use rusqlite::Row;
use rusqlite::types::{Type, ValueRef};
use serde::{Deserialize, Serialize};

use crate::engine::copy::ReadFile;
use crate::engine::digest::Content;
use crate::engine::meta::{ContentHash, FileTime, Fingerprint, Kind, Metadata, NO_ID};
use crate::engine::overrides::Override;
use crate::engine::seal::Owner;
use crate::engine::xattr::Xattrs;

/// The columns of [`State`], in the order in which [`State::read`] takes them, for the table alias `v`.
pub const COLUMNS: &str = "v.kind, v.mode, v.uid, v.gid, v.size, v.mtime, v.mtime_ns, v.device, v.hash, \
     v.xattrs, v.inode, v.ctime, v.ctime_ns, v.stored_mtime, v.stored_mtime_ns, v.override";

/// What is known of one entry in one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Metadata of the source's entry, overrides applied.
    pub meta: Metadata,
    /// Hash of a file's content or of a symbolic link's target; `None` if it isn't known.
    pub hash: Option<ContentHash>,
    /// Digest of the extended attributes.
    pub xattrs: Option<[u8; 32]>,
    /// How the source's entry is known to be unchanged; `None` means that it must be read again.
    pub fingerprint: Option<Fingerprint>,
    /// The stored inode's mtime, if it isn't the entry's.
    pub stored_mtime: Option<FileTime>,
    /// The override, as JSON, if there is one.
    pub override_text: Option<String>,
}

impl State {
    /// The state of a file that was read; how it is stored and recognised is still to be said.
    pub fn of(read: &ReadFile) -> Self {
        Self {
            meta: read.meta,
            hash: Some(read.hash),
            xattrs: read.xattrs.digest(),
            fingerprint: None,
            stored_mtime: None,
            override_text: None,
        }
    }

    /// What a stored inode and the override of its path tell together; `owner` is whose all entries are of which no
    /// override says otherwise, unless the inodes tell.
    pub(crate) fn of_stored(
        stored: Metadata,
        owner: Option<Owner>,
        change: Option<&Override>,
        attributes: &Xattrs,
        hash: Option<ContentHash>,
    ) -> Self {
        let mut meta = stored;
        if let Some(owner) = owner {
            meta.uid = owner.uid;
            meta.gid = owner.gid;
        }
        let mut xattrs = attributes.digest();
        if let Some(change) = change {
            change.apply_to(&mut meta);
            if let Some(said) = change.xattrs() {
                xattrs = said.digest();
            }
        }
        Self {
            stored_mtime: (stored.mtime != meta.mtime && !meta.kind.is_special())
                .then_some(stored.mtime),
            meta,
            hash,
            xattrs,
            fingerprint: None,
            override_text: change.and_then(Override::to_text),
        }
    }

    /// Whether both tell the same of the entry and of the inode that it is stored in; fingerprints don't count.
    pub fn is_same_version(&self, other: &Self) -> bool {
        self.meta == other.meta
            && self.hash == other.hash
            && self.xattrs == other.xattrs
            && self.override_text == other.override_text
            && self.stored_mtime == other.stored_mtime
    }

    /// The mtime that the stored inode has.
    pub fn stored_mtime(&self) -> FileTime {
        self.stored_mtime.unwrap_or(self.meta.mtime)
    }

    /// The override; an empty one if there is none.
    pub fn change(&self) -> Override {
        self.override_text.as_deref().map(Override::from_text).unwrap_or_default()
    }

    /// The size of a file in bytes; 0 of anything else.
    pub fn file_bytes(&self) -> u64 {
        if self.meta.kind == Kind::File { self.meta.size_bytes } else { 0 }
    }

    /// What a digest says of the entry's content; a directory's own digest is not known here.
    pub fn content(&self) -> Content {
        match self.meta.kind {
            Kind::File => Content::File(self.hash),
            Kind::Symlink => Content::Symlink(self.hash.unwrap_or(ContentHash([0; 32]))),
            Kind::Directory => Content::Directory([0; 32]),
            Kind::Fifo | Kind::Socket | Kind::Block | Kind::Character => Content::Special,
        }
    }

    /// Reads the columns from `start` on, refusing values that can't be.
    pub(super) fn read(row: &Row<'_>, start: usize) -> rusqlite::Result<Self> {
        let absurd = |column: usize| {
            rusqlite::Error::FromSqlConversionFailure(
                start + column,
                Type::Integer,
                "a value that no entry can have".into(),
            )
        };
        let kind = u8::try_from(row.get::<_, i64>(start)?).ok().and_then(Kind::from_code);
        let digest = |column: usize| -> rusqlite::Result<Option<[u8; 32]>> {
            match row.get_ref(start + column)? {
                ValueRef::Null => Ok(None),
                ValueRef::Blob(bytes) => bytes.try_into().map(Some).map_err(|_| absurd(column)),
                _ => Err(absurd(column)),
            }
        };
        let device: Option<i64> = row.get(start + 7)?;
        let device = device.unwrap_or(0) as u64;
        let inode: Option<i64> = row.get(start + 10)?;
        let time = |second: usize| -> rusqlite::Result<Option<FileTime>> {
            let sec: Option<i64> = row.get(start + second)?;
            let nsec: Option<u32> = row.get(start + second + 1)?;
            Ok(sec.zip(nsec).map(FileTime::from))
        };
        let id = |column: usize| match row.get(start + column)? {
            NO_ID => Err(absurd(column)),
            id => Ok(id),
        };
        Ok(Self {
            meta: Metadata {
                kind: kind.ok_or_else(|| absurd(0))?,
                mode: row.get::<_, u32>(start + 1)? & 0o7777,
                uid: id(2)?,
                gid: id(3)?,
                size_bytes: row.get(start + 4)?,
                mtime: time(5)?
                    .filter(|time| time.nsec < 1_000_000_000)
                    .ok_or_else(|| absurd(6))?,
                device: ((device >> 32) as u32, device as u32),
            },
            hash: digest(8)?.map(ContentHash),
            xattrs: digest(9)?,
            fingerprint: inode
                .zip(time(11)?)
                .map(|(inode, ctime)| Fingerprint { inode: inode as u64, ctime }),
            stored_mtime: time(13)?,
            override_text: row.get(start + 15)?,
        })
    }
}

/// A [`State`] in the spool: the same, flat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SpooledState {
    kind: u8,
    mode: u32,
    uid: u32,
    gid: u32,
    size_bytes: u64,
    mtime: FileTime,
    device: (u32, u32),
    hash: Option<[u8; 32]>,
    xattrs: Option<[u8; 32]>,
    fingerprint: Option<Fingerprint>,
    stored_mtime: Option<FileTime>,
    override_text: Option<String>,
}

impl From<State> for SpooledState {
    fn from(state: State) -> Self {
        Self {
            kind: state.meta.kind.code(),
            mode: state.meta.mode,
            uid: state.meta.uid,
            gid: state.meta.gid,
            size_bytes: state.meta.size_bytes,
            mtime: state.meta.mtime,
            device: state.meta.device,
            hash: state.hash.map(|hash| hash.0),
            xattrs: state.xattrs,
            fingerprint: state.fingerprint,
            stored_mtime: state.stored_mtime,
            override_text: state.override_text,
        }
    }
}

impl SpooledState {
    /// The size of a file in bytes; 0 of anything else.
    pub(super) fn file_bytes(&self) -> u64 {
        if self.kind == Kind::File.code() { self.size_bytes } else { 0 }
    }

    /// Binds the columns of [`COLUMNS`] from the parameter `start` on.
    pub(super) fn bind(
        &self,
        statement: &mut rusqlite::Statement<'_>,
        start: usize,
    ) -> rusqlite::Result<()> {
        let device = (u64::from(self.device.0) << 32) | u64::from(self.device.1);
        statement.raw_bind_parameter(start, self.kind)?;
        statement.raw_bind_parameter(start + 1, self.mode)?;
        statement.raw_bind_parameter(start + 2, self.uid)?;
        statement.raw_bind_parameter(start + 3, self.gid)?;
        statement.raw_bind_parameter(start + 4, self.size_bytes as i64)?;
        statement.raw_bind_parameter(start + 5, self.mtime.sec)?;
        statement.raw_bind_parameter(start + 6, self.mtime.nsec)?;
        statement.raw_bind_parameter(start + 7, (device != 0).then_some(device as i64))?;
        statement.raw_bind_parameter(start + 8, self.hash.as_ref().map(<[u8; 32]>::as_slice))?;
        statement.raw_bind_parameter(start + 9, self.xattrs.as_ref().map(<[u8; 32]>::as_slice))?;
        statement.raw_bind_parameter(start + 10, self.fingerprint.map(|f| f.inode as i64))?;
        statement.raw_bind_parameter(start + 11, self.fingerprint.map(|f| f.ctime.sec))?;
        statement.raw_bind_parameter(start + 12, self.fingerprint.map(|f| f.ctime.nsec))?;
        statement.raw_bind_parameter(start + 13, self.stored_mtime.map(|time| time.sec))?;
        statement.raw_bind_parameter(start + 14, self.stored_mtime.map(|time| time.nsec))?;
        statement.raw_bind_parameter(start + 15, self.override_text.as_deref())
    }
}
