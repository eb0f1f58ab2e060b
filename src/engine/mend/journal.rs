//! `journal/mend.jsonl`: which names get a new inode. It is written whole before the first of them does, and believed
//! only as far as what lies in the snapshots agrees with it: it is a file on a drive.

use rustix::io::{Errno, Result};
use serde::{Deserialize, Serialize};

use super::survey::Name;
use crate::engine::dir::{Dir, write_all};
use crate::engine::meta::{ContentHash, FileTime};
use crate::engine::path::RelPath;
use crate::engine::remove::remove_tree;
use crate::engine::repository::Repository;
use crate::engine::snapshot::{FILES_NAME, is_snapshot_name};

/// The file's name in `journal/`.
const JOURNAL_NAME: &[u8] = b"mend.jsonl";

const DRAFT_NAME: &[u8] = b"mend.jsonl.new";

/// The most that is written at once; longer lists are carried out in portions.
pub(super) const PORTION_BYTES: usize = 16 << 20;

/// A portion, and the longest of lines.
const LIMIT_BYTES: u64 = 32 << 20;

/// The longest path that is mended, encoded: of a longer one it is said that it can't be.
pub(super) const PATH_LIMIT_BYTES: usize = 1 << 20;

/// One name that gets a new inode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// What the content should be.
    pub hash: ContentHash,
    /// The inode that is damaged; 0 if an entry is brought back: then the line tells of its folder alone.
    pub inode: u64,
    /// The number that the new one has in the stage.
    pub staged: u32,
    /// The name.
    pub name: Name,
    /// The mtime that the new inode was made with; `None` if the journal doesn't tell.
    pub made: Option<FileTime>,
    /// The mtime of the folder that the name is in.
    pub mtime: FileTime,
    /// The mode of that folder.
    pub mode: u32,
}

/// One line of the file.
#[derive(Serialize, Deserialize)]
struct Line {
    hash: String,
    inode: u64,
    staged: u32,
    /// Below the repository, percent-encoded.
    path: String,
    /// The mtime of the new inode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made: Option<FileTime>,
    mtime: FileTime,
    mode: u32,
}

/// What was found in the journal.
#[derive(Debug)]
pub(super) enum Found {
    /// No mending was interrupted.
    Nothing,
    /// What was going to be done.
    Steps(Vec<Step>),
    /// Something that Yore did not write, or not to its end.
    Bad,
}

/// Writes what is going to be done, durably.
pub(super) fn write(repository: &Repository, steps: &[Step]) -> Result<()> {
    let journal = repository.dir().ensure(b"journal", 0o700)?;
    let mut text = Vec::new();
    for step in steps {
        serde_json::to_writer(&mut text, &step.line()).map_err(|_| Errno::INVAL)?;
        text.push(b'\n');
    }
    remove_tree(&journal, DRAFT_NAME)?;
    let file = journal.create_file(DRAFT_NAME, 0o600)?;
    write_all(&file, &text)?;
    rustix::fs::fsync(&file)?;
    journal.rename_over(DRAFT_NAME, &journal, JOURNAL_NAME)?;
    journal.sync()
}

/// Reads what was going to be done.
pub(super) fn read(repository: &Repository) -> Result<Found> {
    let Some(journal) = folder(repository)? else { return Ok(Found::Nothing) };
    let bytes = match journal.read_file(JOURNAL_NAME, LIMIT_BYTES) {
        Ok(bytes) => bytes,
        Err(Errno::NOENT) => return Ok(Found::Nothing),
        Err(
            Errno::FBIG
            | Errno::LOOP
            | Errno::OPNOTSUPP
            | Errno::IO
            | Errno::UCLEAN
            | Errno::BADMSG,
        ) => return Ok(Found::Bad),
        Err(errno) => return Err(errno),
    };
    let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let steps: Option<Vec<Step>> = lines.map(Step::parse).collect();
    Ok(steps.map_or(Found::Bad, Found::Steps))
}

/// Whether a mending was interrupted, or is on its way.
pub(super) fn is_there(repository: &Repository) -> Result<bool> {
    folder(repository)?.map_or(Ok(false), |journal| journal.has(JOURNAL_NAME))
}

/// Removes the journal, durably.
pub(super) fn clear(repository: &Repository) -> Result<()> {
    let Some(journal) = folder(repository)? else { return Ok(()) };
    for name in [JOURNAL_NAME, DRAFT_NAME] {
        if journal.has(name)? {
            remove_tree(&journal, name)?;
            journal.sync()?;
        }
    }
    Ok(())
}

fn folder(repository: &Repository) -> Result<Option<Dir>> {
    match repository.dir().child(b"journal") {
        Ok(journal) => Ok(Some(journal)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
        Err(errno) => Err(errno),
    }
}

impl Step {
    /// Whether both are for the same damaged inode.
    pub fn is_alike(&self, other: &Self) -> bool {
        self.hash == other.hash && self.inode == other.inode
    }

    /// Whether an entry is brought back, and no inode given to names.
    pub fn is_of_entry(&self) -> bool {
        self.inode == 0
    }

    /// By new inode, then by folder.
    pub fn order(&self) -> (u32, &str, &[u8]) {
        (self.staged, &self.name.snapshot, self.name.path.as_bytes())
    }

    fn line(&self) -> Line {
        let Name { snapshot, path } = &self.name;
        Line {
            hash: self.hash.to_string(),
            inode: self.inode,
            staged: self.staged,
            path: format!("snapshots/{snapshot}/files/{}", path.encode()),
            made: self.made,
            mtime: self.mtime,
            mode: self.mode,
        }
    }

    /// Reads a line; only the name of an entry of a snapshot's tree is taken.
    fn parse(line: &[u8]) -> Option<Self> {
        let line: Line = serde_json::from_slice(line).ok()?;
        let hash = blake3::Hash::from_hex(&line.hash).ok()?;
        let whole = RelPath::decode(&line.path).ok()?;
        let mut parts = whole.as_bytes().splitn(4, |&byte| byte == b'/');
        let (place, snapshot) = (parts.next()?, parts.next()?);
        let (files, path) = (parts.next()?, parts.next()?);
        let is_place = place == b"snapshots" && files == FILES_NAME && is_snapshot_name(snapshot);
        let is_time = |time: FileTime| time.nsec < 1_000_000_000;
        let fits = line.mode <= 0o7777 && is_time(line.mtime) && line.made.is_none_or(is_time);
        let path = RelPath::parse(path).ok().filter(|path| !path.is_root() && is_place && fits)?;
        let snapshot = String::from_utf8(snapshot.to_vec()).ok()?;
        Some(Self {
            hash: ContentHash(*hash.as_bytes()),
            inode: line.inode,
            staged: line.staged,
            name: Name { snapshot, path },
            made: line.made,
            mtime: line.mtime,
            mode: line.mode,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str) -> Vec<u8> {
        let hash = "ab".repeat(32);
        format!(
            r#"{{"hash":"{hash}","inode":7,"staged":1,"path":"{path}","mtime":[1,2],"mode":493}}"#
        )
        .into_bytes()
    }

    #[test]
    fn only_entries_of_snapshots_are_named() {
        let good = "snapshots/2026-11-21T10-00-00Z/files/home/ann/a%25b";
        let step = Step::parse(&line(good)).unwrap();
        assert_eq!(step.name.path.as_bytes(), b"home/ann/a%b");
        assert_eq!(Step::parse(&serde_json::to_vec(&step.line()).unwrap()), Some(step));
        for bad in [
            "snapshots/2026-11-21T10-00-00Z/files",
            "snapshots/2026-11-21T10-00-00Z/files/",
            "snapshots/2026-11-21T10-00-00Z/files/../seal.json",
            "snapshots/2026-11-21T10-00-00Z/seal.json",
            "snapshots/2026-11-21T10-00-00Z/pin/x",
            "snapshots/../files/x",
            "snapshots/%2e%2e/files/x",
            "snapshots/lost+found/files/x",
            "stage/2026-11-21T10-00-00Z/files/x",
            "/etc/passwd",
            "",
        ] {
            assert_eq!(Step::parse(&line(bad)), None, "{bad}");
        }
    }
}
