//! Why one entry could not be backed up or restored while the rest went on.
//!
//! The English words go into `problems.jsonl`; a face has its own, translated.

use std::fmt;

use rustix::io::Errno;
use serde::{Deserialize, Serialize};

/// What was wrong with one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// This user may not read it.
    NoPermission,
    /// It was replaced by something of another kind between listing and reading.
    BecameSomethingElse,
    /// Reading it failed.
    Unreadable(#[serde(with = "errno")] Errno),
    /// It changed each time that it was read.
    Torn,
    /// It is larger than the drive's file system takes.
    TooLargeForDrive,
    /// A symbolic link whose target is longer than the drive's file system takes.
    LinkTooLong,
    /// It is a database in use, and neither held still by itself nor could be made to for a moment.
    TornDatabase,
    /// A source that had entries is empty now.
    Emptied,
    /// A source is another folder now, in which nothing is that was in it.
    Exchanged,
    /// It could not be read, and its last version is not on the drive either.
    NothingToCarry,
    /// Its stored copy is not on the drive.
    StoredMissing,
    /// Its stored copy could not be read.
    StoredUnreadable(#[serde(with = "errno")] Errno),
    /// Its stored copy is not what was backed up.
    StoredDamaged,
    /// Its stored copy is not what was backed up, and was brought back nevertheless, as it was asked for.
    RestoredDamaged,
    /// It was never readable, so nothing is stored.
    NeverStored,
    /// A device, which is not restored.
    Device,
    /// The file system that it was to be restored to can't hold such a thing.
    NotTakenHere,
    /// It could not be moved to its place, or what is there could not be set aside.
    NotMoved(#[serde(with = "errno")] Errno),
    /// Somebody changed it, or what belongs to it, while its restore was interrupted: it stays as it is.
    ChangedMeanwhile,
    /// Another part of its database could not be brought back, without which it would be spoilt: it stays as it is.
    DatabaseNotWhole,
    /// The file system that it was restored to, or this user's rights, would not take all of its metadata.
    MetadataNotRestored,
}

impl Reason {
    /// The reason why a source's entry could not be read.
    pub fn of_source(errno: Errno) -> Self {
        match errno {
            Errno::ACCESS | Errno::PERM => Self::NoPermission,
            Errno::LOOP | Errno::OPNOTSUPP | Errno::NOTDIR => Self::BecameSomethingElse,
            errno => Self::Unreadable(errno),
        }
    }

    /// The reason why a stored entry could not be read.
    pub fn of_stored(errno: Errno) -> Self {
        if errno == Errno::NOENT { Self::StoredMissing } else { Self::StoredUnreadable(errno) }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPermission => "no permission to read it",
            Self::BecameSomethingElse => "it became something else while it was read",
            Self::Unreadable(errno) => return write!(f, "it could not be read: {errno}"),
            Self::Torn => "it changed each time that it was read; the copy may be inconsistent",
            Self::TornDatabase => {
                "it is a database in use that did not hold still; the copy may be inconsistent"
            }
            Self::Emptied => "the source is empty, but had entries in the last snapshot",
            Self::TooLargeForDrive => "it is larger than the drive can store a file",
            Self::LinkTooLong => "its target is longer than the drive can store",
            Self::Exchanged => "it is another folder now, with nothing of what was in it",
            Self::NothingToCarry => "it could not be read, and no earlier copy is on the drive",
            Self::StoredMissing => "its stored copy is missing on the drive",
            Self::StoredUnreadable(errno) => {
                return write!(f, "its stored copy could not be read: {errno}");
            }
            Self::StoredDamaged => "its stored copy is damaged: it is not what was backed up",
            Self::RestoredDamaged => {
                "its stored copy is damaged: what came back is not what was backed up"
            }
            Self::NeverStored => "it could not be read when the snapshot was made",
            Self::Device => "devices are not restored",
            Self::NotTakenHere => {
                "the file system here can't hold it: its name, its kind or its size"
            }
            Self::NotMoved(errno) => {
                return write!(f, "it could not be put in its place: {errno}");
            }
            Self::ChangedMeanwhile => {
                "it was changed while its restore was interrupted, and stays as it is"
            }
            Self::DatabaseNotWhole => {
                "not all of its database could be brought back, so nothing of it was"
            }
            Self::MetadataNotRestored => {
                "some of its attributes, flags or times were not taken here"
            }
        })
    }
}

/// An error number as a journal keeps it.
mod errno {
    use rustix::io::Errno;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub fn serialize<S: Serializer>(errno: &Errno, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i32(errno.raw_os_error())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Errno, D::Error> {
        let number = i32::deserialize(deserializer)?;
        let is_error = (1..4096).contains(&number);
        is_error
            .then(|| Errno::from_raw_os_error(number))
            .ok_or_else(|| D::Error::custom("not the number of an error"))
    }
}
