//! `damage.jsonl`: stored contents that are known to be damaged and could not be mended (FORMAT.md). They are never
//! linked to again, and never restored without a warning.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::index::is_full;
use super::lines::read_lines;
use super::mend;
use super::meta::{ContentHash, Kind};
use super::path::RelPath;
use super::remove::remove_tree;
use super::repository::Repository;
use super::snapshot::Snapshot;

/// The file's name.
pub const DAMAGE_NAME: &[u8] = b"damage.jsonl";

const DRAFT_NAME: &[u8] = b"damage.jsonl.new";

/// What a list that can't be read is called from then on.
const OLD_NAME: &[u8] = b"damage.jsonl.old";

/// How many lines are read and written: so many fit into memory.
const LIMIT_LINES: usize = 1_000_000;

/// How long the file may be.
const LIMIT_BYTES: u64 = 512 << 20;

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
    /// Its inode.
    pub inode: u64,
    /// When that was.
    pub seen: Timestamp,
    /// What is wrong with it.
    pub state: DamageState,
}

/// All that is known to be damaged: one file for each inode, sorted by hash.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Damage {
    files: BTreeMap<(ContentHash, u64), DamagedFile>,
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
    /// On a copy of the repository inodes have other numbers: what is at a line's path now counts as damaged beside the
    /// inode with its number, unless a mending that was interrupted has just put it there.
    pub fn read(repository: &Repository) -> Result<Self> {
        Self::read_beside(repository, &HashSet::new())
    }

    /// As [`Damage::read`]; of these inodes it is known that they are not damaged.
    pub(super) fn read_beside(repository: &Repository, good: &HashSet<u64>) -> Result<Self> {
        let mut noted = Vec::new();
        load(repository, |file| noted.push(file))
            .map_err(|errno| failed("read", repository, errno))?;
        if noted.is_empty() {
            return Ok(Self::default());
        }
        let new = mend::new_inodes(repository);
        let mut damage = Self::default();
        for file in noted {
            let at = inode_at(repository, &file.snapshot, &file.path);
            if let Some(inode) = at.filter(|at| !good.contains(at) && !new.contains(at)) {
                damage.add(DamagedFile { inode, ..file.clone() });
            }
            damage.add(file);
        }
        Ok(damage)
    }

    /// Moves a list aside that can't be read whole; whether it did that.
    ///
    /// # Errors
    /// It can't be moved, or there is another reason why it can't be read now.
    pub(super) fn set_aside_unusable(repository: &Repository) -> Result<bool> {
        match load(repository, |_| {}) {
            Ok(()) => return Ok(false),
            Err(errno) if !is_unusable(errno) => return Err(failed("read", repository, errno)),
            Err(_) => {}
        }
        let dir = repository.dir();
        let moved = remove_tree(dir, OLD_NAME)
            .and_then(|()| dir.rename_over(DAMAGE_NAME, dir, OLD_NAME))
            .and_then(|()| dir.sync());
        moved.map(|()| true).map_err(|errno| failed("move aside", repository, errno))
    }

    /// Replaces what is on the drive, durably; without any damage there is no file. Gives how many files were left out,
    /// since a longer list would not be read again.
    pub fn write(&self, repository: &Repository) -> Result<u64> {
        let dir = repository.dir();
        let failed = |errno| failed("write", repository, errno);
        if self.files.is_empty() {
            return match dir.unlink(DAMAGE_NAME) {
                Ok(()) => dir.sync().map(|()| 0).map_err(failed),
                Err(Errno::NOENT) => Ok(0),
                Err(errno) => Err(failed(errno)),
            };
        }
        let (text, left_out) = self.text(LIMIT_LINES, LIMIT_BYTES);
        remove_tree(dir, DRAFT_NAME).map_err(failed)?;
        dir.replace_file(DAMAGE_NAME, &text, 0o600).map_err(failed)?;
        Ok(left_out)
    }

    /// The file's text, and how many lines don't fit into it.
    fn text(&self, limit_lines: usize, limit_bytes: u64) -> (Vec<u8>, u64) {
        let (mut text, mut lines) = (Vec::new(), 0);
        for file in self.files.values() {
            let end = text.len();
            let written = serde_json::to_writer(&mut text, &file.line());
            text.push(b'\n');
            if written.is_err() || lines == limit_lines || text.len() as u64 > limit_bytes {
                text.truncate(end);
            } else {
                lines += 1;
            }
        }
        (text, self.files.len().saturating_sub(lines) as u64)
    }

    /// As [`Damage::write`], of less than was known; without room on the drive too much stays remembered, until the next time.
    pub(super) fn write_if_room(&self, repository: &Repository) -> Result<()> {
        match self.write(repository) {
            Err(error) if is_full(&error) => Ok(()),
            written => written.map(drop),
        }
    }

    /// Every damaged file.
    pub fn files(&self) -> impl ExactSizeIterator<Item = &DamagedFile> {
        self.files.values()
    }

    /// Whether nothing is known to be damaged.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether a stored file of this content is known to be damaged; others of the same content may be good.
    pub fn has_hash(&self, hash: ContentHash) -> bool {
        self.files.range((hash, 0)..=(hash, u64::MAX)).next().is_some()
    }

    /// Whether the stored inode that should have this content is known to be damaged.
    ///
    /// By both: numbers of inodes are given anew once a file is gone, and other inodes of the content may be good.
    pub fn is_damaged(&self, hash: ContentHash, inode: u64) -> bool {
        self.files.contains_key(&(hash, inode))
    }

    /// Remembers a damaged file; one that is known already stays as it was found first, but for what is wrong with it.
    pub fn add(&mut self, file: DamagedFile) {
        let state = file.state;
        self.files.entry((file.hash, file.inode)).or_insert(file).state = state;
    }

    /// Forgets a stored inode that is damaged no more, or gone.
    pub fn forget(&mut self, hash: ContentHash, inode: u64) {
        self.files.remove(&(hash, inode));
    }

    /// Names a damaged inode by another of its paths.
    pub fn rename(&mut self, hash: ContentHash, inode: u64, snapshot: &str, path: &RelPath) {
        if let Some(file) = self.files.get_mut(&(hash, inode)) {
            snapshot.clone_into(&mut file.snapshot);
            file.path.clone_from(path);
        }
    }
}

/// Gives `take` each line that can be understood, as long as there are not too many.
fn load(
    repository: &Repository,
    mut take: impl FnMut(DamagedFile),
) -> std::result::Result<(), Errno> {
    let file = match repository.dir().open_file(DAMAGE_NAME) {
        Ok((file, _)) => file,
        Err(Errno::NOENT) => return Ok(()),
        Err(errno) => return Err(errno),
    };
    let mut lines = 0;
    let each = |line: &[u8]| {
        lines += 1;
        if lines <= LIMIT_LINES
            && let Some(file) = DamagedFile::parse(line)
        {
            take(file);
        }
    };
    read_lines(file, LIMIT_BYTES, each).map(drop)
}

/// Whether a list that can't be read for this reason will not be readable later either.
fn is_unusable(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::FBIG
            | Errno::LOOP
            | Errno::OPNOTSUPP
            | Errno::ACCESS
            | Errno::PERM
            | Errno::IO
            | Errno::UCLEAN
            | Errno::BADMSG
    )
}

fn failed(action: &'static str, repository: &Repository, errno: Errno) -> Error {
    Error::drive(action, &repository.path().join("damage.jsonl"), errno)
}

/// The inode of the file that is stored under a path of a snapshot; `None` if none is.
fn inode_at(repository: &Repository, snapshot: &str, path: &RelPath) -> Option<u64> {
    let folder = Snapshot::open(repository, snapshot).ok()??.files().ok()?;
    let stat = folder.beneath(&path.parent()?).ok()?.stat_child(path.name()?).ok()?;
    let is_file = Kind::from_mode(stat.stx_mode.into()) == Some(Kind::File);
    is_file.then_some(stat.stx_ino)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn file(number: u8) -> DamagedFile {
        DamagedFile {
            hash: ContentHash([number; 32]),
            snapshot: "2026-11-21T10-00-00Z".to_owned(),
            path: RelPath::parse(b"home/ann/file").unwrap(),
            inode: u64::from(number),
            seen: Timestamp::UNIX_EPOCH,
            state: DamageState::Rotten,
        }
    }

    #[test]
    fn no_more_is_written_than_is_read_again() {
        let mut damage = Damage::default();
        for number in [3, 1, 2, 1] {
            damage.add(file(number));
        }
        let (whole, left_out) = damage.text(3, 1 << 20);
        assert_eq!((whole.split_inclusive(|&byte| byte == b'\n').count(), left_out), (3, 0));
        let (fewer, left_out) = damage.text(2, 1 << 20);
        assert!(left_out == 1 && whole.starts_with(&fewer), "{left_out}");
        let (shorter, left_out) = damage.text(3, whole.len() as u64 - 1);
        assert!(left_out == 1 && shorter == fewer, "{left_out}");
    }
}
