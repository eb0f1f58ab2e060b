//! The steps by which what is staged comes to its place: written down before the first of them, in their order.
//!
//! No step is ever marked as done: which of two inodes is at the place and which in the workspace tells that.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::encoded;
use crate::engine::meta::FileTime;
use crate::engine::overrides::Override;
use crate::engine::path::RelPath;
use crate::engine::problem::Reason;

/// A folder that takes and gives nothing as it is, and is made writable for as long as something in it is moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lift {
    /// The folder.
    #[serde(with = "encoded::absolute")]
    pub path: PathBuf,
    /// Its inode.
    pub inode: u64,
    /// The mode that it gets back.
    pub mode: u32,
    /// The inode flags that it gets back.
    #[serde(default, skip_serializing_if = "is_none")]
    pub flags: u32,
}

/// A folder that has to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Where.
    #[serde(with = "encoded::absolute")]
    pub path: PathBuf,
    /// Its mode; without one it gets that of any new folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// Its user and group, if root gives them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<(u32, u32)>,
}

/// One side of a [`Swap`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thing {
    /// Its inode.
    pub inode: u64,
    /// The mode of a folder that can't be moved with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// The inode flags with which it can't be moved, of those that root can take off.
    #[serde(default, skip_serializing_if = "is_none")]
    pub flags: u32,
    /// Entries in it that are restored, itself included.
    #[serde(default)]
    pub entries: u64,
    /// Bytes of content in it.
    #[serde(default)]
    pub bytes: u64,
    /// When the content of a file was changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtime: Option<FileTime>,
}

/// What is staged and what is at a place change places; either may be nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swap {
    /// The path in the snapshot.
    #[serde(with = "encoded::relative")]
    pub path: RelPath,
    /// The folder of the place.
    #[serde(with = "encoded::absolute")]
    pub folder: PathBuf,
    /// The name there.
    #[serde(with = "encoded::name")]
    pub name: Vec<u8>,
    /// Which of the workspaces.
    pub workspace: usize,
    /// Under which number in it.
    pub slot: u64,
    /// What is restored.
    pub fresh: Option<Thing>,
    /// What is set aside.
    pub former: Option<Thing>,
    /// Whether what is at the place is set aside; else the restored one gets another name.
    pub replaces: bool,
    /// The moment that such a name tells.
    pub moment: Timestamp,
}

/// A folder that is there gets other metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjust {
    /// The path in the snapshot.
    #[serde(with = "encoded::relative")]
    pub path: RelPath,
    /// The folder.
    #[serde(with = "encoded::absolute")]
    pub place: PathBuf,
    /// Its inode.
    pub inode: u64,
    /// What it gets.
    pub fresh: Override,
    /// What it had.
    pub former: Override,
    /// The inode flags with which it takes nothing else, of those that root can take off; it keeps them.
    #[serde(default, skip_serializing_if = "is_none")]
    pub flags: u32,
}

/// Inode flags, which are set last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flag {
    /// The path in the snapshot.
    #[serde(with = "encoded::relative")]
    pub path: RelPath,
    /// The slot of the item that it lies in.
    pub slot: u64,
    /// The path below that item; the empty one is the item itself.
    #[serde(with = "encoded::relative")]
    pub below: RelPath,
    /// Its inode.
    pub inode: u64,
    /// The flags.
    pub flags: u32,
}

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Line {
    /// See [`Lift`].
    Lift(Lift),
    /// A [`Made`] of which nothing but the path is known.
    Made(#[serde(with = "encoded::absolute")] PathBuf),
    /// See [`Made`].
    Folder(Made),
    /// See [`Swap`].
    Swap(Box<Swap>),
    /// See [`Adjust`].
    Adjust(Box<Adjust>),
    /// See [`Flag`].
    Flag(Flag),
    /// What could not be staged, or not in full.
    Problem(#[serde(with = "encoded::relative")] RelPath, Reason),
    /// The item in this slot gets another name, since something else came to its place.
    Name(u64, #[serde(with = "encoded::name")] Vec<u8>),
    /// How many entries and bytes of content are staged; the last line that is written before the first step.
    End(u64, u64),
}

/// All steps, by kind, each in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Steps {
    /// Folders that are made writable.
    pub lifts: Vec<Lift>,
    /// Folders that are made, from the top down.
    pub made: Vec<Made>,
    /// Items.
    pub swaps: Vec<Swap>,
    /// Folders that get other metadata, from the deepest up.
    pub adjusts: Vec<Adjust>,
    /// Flags, from the deepest up.
    pub flags: Vec<Flag>,
    /// What could not be staged.
    pub problems: Vec<(RelPath, Reason)>,
    /// Entries that were staged.
    pub entries: u64,
    /// Bytes of content that were staged.
    pub bytes: u64,
}

/// Whether there are no flags.
fn is_none(flags: &u32) -> bool {
    *flags == 0
}

impl Steps {
    /// The lines of the file.
    pub fn to_lines(&self) -> serde_json::Result<Vec<u8>> {
        let mut lines = Vec::new();
        let all = (self.lifts.iter().cloned().map(Line::Lift))
            .chain(self.made.iter().cloned().map(Line::Folder))
            .chain(self.swaps.iter().cloned().map(|swap| Line::Swap(Box::new(swap))))
            .chain(self.adjusts.iter().cloned().map(|adjust| Line::Adjust(Box::new(adjust))))
            .chain(self.flags.iter().cloned().map(Line::Flag))
            .chain(self.problems.iter().map(|(path, reason)| Line::Problem(path.clone(), *reason)))
            .chain([Line::End(self.entries, self.bytes)]);
        for line in all {
            serde_json::to_writer(&mut lines, &line)?;
            lines.push(b'\n');
        }
        Ok(lines)
    }

    /// Reads the lines; `None` if they can't be those of a whole file. A last line that was cut off is nothing: what
    /// it told of was not done.
    pub fn from_lines(text: &[u8]) -> Option<Self> {
        let (mut steps, mut is_whole) = (Self::default(), false);
        let whole = text.split_inclusive(|&byte| byte == b'\n');
        for line in whole.filter(|line| line.ends_with(b"\n")) {
            match serde_json::from_slice(line).ok()? {
                Line::Lift(lift) => steps.lifts.push(lift),
                Line::Made(path) => steps.made.push(Made { path, mode: None, owner: None }),
                Line::Folder(made) => steps.made.push(made),
                Line::Swap(swap) => steps.swaps.push(*swap),
                Line::Adjust(adjust) => steps.adjusts.push(*adjust),
                Line::Flag(flag) => steps.flags.push(flag),
                Line::Problem(path, reason) => steps.problems.push((path, reason)),
                Line::Name(slot, name) => steps.swap_in(slot)?.name = name,
                Line::End(entries, bytes) => {
                    (steps.entries, steps.bytes) = (entries, bytes);
                    is_whole = true;
                }
            }
        }
        is_whole.then_some(steps)
    }

    /// The item in this slot.
    pub fn swap_in(&mut self, slot: u64) -> Option<&mut Swap> {
        self.swaps.iter_mut().find(|swap| swap.slot == slot)
    }
}

impl Swap {
    /// Where it is, or is going to be.
    pub fn place(&self) -> PathBuf {
        use std::os::unix::ffi::OsStrExt as _;
        self.folder.join(std::ffi::OsStr::from_bytes(&self.name))
    }
}
