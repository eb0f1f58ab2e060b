//! `damage.jsonl`: stored contents that are known to be damaged and could not be mended (FORMAT.md). They are never
//! linked to again, and never restored without a warning.

use std::ops::Range;

use jiff::Timestamp;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::index::is_full;
use super::meta::ContentHash;
use super::path::RelPath;
use super::repository::Repository;
use super::snapshot::Snapshot;

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
    /// The snapshot that it was first found in, or another that has it, once that was deleted.
    pub snapshot: String,
    /// Its path there.
    pub path: RelPath,
    /// Its inode: what is at the path now, else what it was when it was found.
    pub inode: u64,
    /// When that was.
    pub seen: Timestamp,
    /// What is wrong with it.
    pub state: DamageState,
}

/// All that is known to be damaged: one file for each inode, sorted by hash.
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
    ///
    /// On a copy of the repository inodes have other numbers: the path tells which one is meant, as long as it is there.
    pub fn read(repository: &Repository) -> Result<Self> {
        let bytes = match repository.dir().read_file(DAMAGE_NAME, LIMIT_BYTES) {
            Ok(bytes) => bytes,
            Err(Errno::NOENT) => return Ok(Self::default()),
            Err(errno) => {
                let path = repository.path().join("damage.jsonl");
                return Err(Error::drive("read", &path, errno));
            }
        };
        let mut damage = Self::default();
        for file in bytes.split(|&byte| byte == b'\n').filter_map(DamagedFile::parse) {
            let inode = inode_at(repository, &file.snapshot, &file.path).unwrap_or(file.inode);
            damage.add(DamagedFile { inode, ..file });
        }
        Ok(damage)
    }

    /// Replaces what is on the drive, durably; without any damage there is no file.
    pub fn write(&self, repository: &Repository) -> Result<()> {
        let dir = repository.dir();
        let path = || repository.path().join("damage.jsonl");
        let failed = |errno| Error::drive("write", &path(), errno);
        if self.files.is_empty() {
            return match dir.unlink(DAMAGE_NAME) {
                Ok(()) => dir.sync().map_err(failed),
                Err(Errno::NOENT) => Ok(()),
                Err(errno) => Err(failed(errno)),
            };
        }
        let mut text = Vec::new();
        for file in &self.files {
            serde_json::to_writer(&mut text, &file.line()).map_err(|_| failed(Errno::INVAL))?;
            text.push(b'\n');
        }
        dir.replace_file(DAMAGE_NAME, &text, 0o600).map_err(failed)
    }

    /// As [`Damage::write`], of less than was known; without room on the drive too much stays remembered, until the next time.
    pub fn write_if_room(&self, repository: &Repository) -> Result<()> {
        match self.write(repository) {
            Err(error) if is_full(&error) => Ok(()),
            written => written,
        }
    }

    /// Every damaged file.
    pub fn files(&self) -> &[DamagedFile] {
        &self.files
    }

    /// Whether nothing is known to be damaged.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether a stored file of this content is known to be damaged; others of the same content may be good.
    pub fn has_hash(&self, hash: ContentHash) -> bool {
        !self.of_hash(hash).is_empty()
    }

    /// Whether the stored inode that should have this content is known to be damaged.
    ///
    /// By both: numbers of inodes are given anew once a file is gone, and other inodes of the content may be good.
    pub fn is_damaged(&self, hash: ContentHash, inode: u64) -> bool {
        self.of_hash(hash).iter().any(|file| file.inode == inode)
    }

    /// Remembers a damaged file; one that is known already stays as it was found first, but for what is wrong with it.
    pub fn add(&mut self, file: DamagedFile) {
        let of_hash = self.range_of(file.hash);
        let end = of_hash.end;
        let known = self.files.get_mut(of_hash).unwrap_or_default();
        match known.iter_mut().find(|known| known.inode == file.inode) {
            Some(known) => known.state = file.state,
            None => self.files.insert(end, file),
        }
    }

    /// Forgets a stored inode that is damaged no more, or gone.
    pub fn forget(&mut self, hash: ContentHash, inode: u64) {
        self.files.retain(|file| file.hash != hash || file.inode != inode);
    }

    /// Names a damaged inode by another of its paths.
    pub fn rename(&mut self, hash: ContentHash, inode: u64, snapshot: &str, path: &RelPath) {
        let is_it = |file: &&mut DamagedFile| file.hash == hash && file.inode == inode;
        for file in self.files.iter_mut().filter(is_it) {
            snapshot.clone_into(&mut file.snapshot);
            file.path.clone_from(path);
        }
    }

    fn of_hash(&self, hash: ContentHash) -> &[DamagedFile] {
        self.files.get(self.range_of(hash)).unwrap_or_default()
    }

    fn range_of(&self, hash: ContentHash) -> Range<usize> {
        let from = self.files.partition_point(|file| file.hash < hash);
        from..self.files.partition_point(|file| file.hash <= hash)
    }
}

/// The inode that is stored under a path of a snapshot; `None` if nothing is.
fn inode_at(repository: &Repository, snapshot: &str, path: &RelPath) -> Option<u64> {
    let folder = Snapshot::open(repository, snapshot).ok()??.files().ok()?;
    let dir = folder.beneath(&path.parent()?).ok()?;
    dir.stat_child(path.name()?).ok().map(|stat| stat.stx_ino)
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

    fn line(&self) -> Line {
        Line {
            hash: self.hash.to_string(),
            snapshot: self.snapshot.clone(),
            path: self.path.encode(),
            inode: self.inode,
            seen: self.seen,
            state: self.state,
        }
    }
}
