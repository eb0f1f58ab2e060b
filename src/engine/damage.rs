//! `damage.jsonl`: stored contents that are known to be damaged and could not be mended (FORMAT.md). They are never
//! linked to again, and never restored without a warning.

use jiff::Timestamp;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::meta::ContentHash;
use super::path::RelPath;
use super::repository::Repository;

/// The file's name.
pub const DAMAGE_NAME: &[u8] = b"damage.jsonl";

/// Some hundred thousand lines.
const LIMIT_BYTES: u64 = 64 << 20;

/// What is wrong with a stored file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DamageState {
    /// Its content is not the one that was backed up.
    Rotten,
    /// The drive can't read it.
    Unreadable,
}

/// One stored inode that is damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedFile {
    /// What its content should be.
    pub hash: ContentHash,
    /// The snapshot that it was first found in.
    pub snapshot: String,
    /// Its path there.
    pub path: RelPath,
    /// Its inode when it was found.
    pub inode: u64,
    /// When that was.
    pub seen: Timestamp,
    /// What is wrong with it.
    pub state: DamageState,
}

/// All that is known to be damaged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Damage {
    files: Vec<DamagedFile>,
}

/// One line of the file.
#[derive(Serialize, Deserialize)]
struct Line {
    hash: String,
    snapshot: String,
    path: String,
    inode: u64,
    seen: Timestamp,
    state: DamageState,
}

impl Damage {
    /// Reads what is known; lines that can't be understood are left out.
    pub fn read(repository: &Repository) -> Result<Self> {
        let bytes = match repository.dir().read_file(DAMAGE_NAME, LIMIT_BYTES) {
            Ok(bytes) => bytes,
            Err(Errno::NOENT) => return Ok(Self::default()),
            Err(errno) => {
                let path = repository.path().join("damage.jsonl");
                return Err(Error::drive("read", &path, errno));
            }
        };
        let lines = bytes.split(|&byte| byte == b'\n');
        Ok(Self { files: lines.filter_map(|line| DamagedFile::parse(line)).collect() })
    }

    /// Every damaged file.
    pub fn files(&self) -> &[DamagedFile] {
        &self.files
    }

    /// Whether a stored file of this content is known to be damaged; others of the same content may be good.
    pub fn has_hash(&self, hash: ContentHash) -> bool {
        self.files.iter().any(|file| file.hash == hash)
    }
}

impl DamagedFile {
    fn parse(line: &[u8]) -> Option<Self> {
        let line: Line = serde_json::from_slice(line).ok()?;
        let hash = blake3::Hash::from_hex(&line.hash).ok()?;
        let path = RelPath::decode(&line.path).ok()?;
        let is_name = super::snapshot::is_snapshot_name(line.snapshot.as_bytes());
        is_name.then(|| Self {
            hash: ContentHash(*hash.as_bytes()),
            snapshot: line.snapshot,
            path,
            inode: line.inode,
            seen: line.seen,
            state: line.state,
        })
    }
}
