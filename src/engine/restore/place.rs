//! The place beside a target where a restore stages what it makes, and keeps what it replaced.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustix::io::Errno;

use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::path::NAME_MAX_BYTES;
use crate::engine::remove::remove_tree;

/// What such a folder's name begins with; backups leave these folders out.
pub const PREFIX: &str = ".yore-restore-";

/// Where the stage of one file system lies.
#[derive(Debug)]
pub struct Workspace {
    parent: Dir,
    name: String,
    path: PathBuf,
    /// The folder itself, for this user alone.
    pub dir: Dir,
    replaced: bool,
    /// Something that was replaced lies where it can't be told from what was staged.
    mixed: bool,
}

impl Workspace {
    /// Makes a workspace in the target folder `parent`.
    pub fn create(parent: &Dir, parent_path: &Path) -> Result<Self> {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let name = format!("{PREFIX}{}", id.get(..12).unwrap_or_default());
        let failed = |errno| super::target::refused(parent_path, errno);
        let parent = parent.duplicate().map_err(failed)?;
        let dir = parent.create(name.as_bytes(), 0o700).map_err(failed)?;
        dir.drop_default_acl().map_err(failed)?;
        Ok(Self { path: parent_path.join(&name), parent, name, dir, replaced: false, mixed: false })
    }

    /// Makes room for what is going to be replaced; to be called before anything is.
    pub fn expect_replaced(&mut self) -> rustix::io::Result<()> {
        self.dir.ensure(b"replaced", 0o700)?;
        self.replaced = true;
        Ok(())
    }

    /// Keeps what lies under `staged` as the replaced former `name`. If that fails it stays where it is.
    pub fn keep(&mut self, staged: &[u8], name: &[u8]) -> rustix::io::Result<()> {
        let kept = self.keep_under_its_name(staged, name);
        self.mixed |= kept.is_err();
        kept
    }

    fn keep_under_its_name(&self, staged: &[u8], name: &[u8]) -> rustix::io::Result<()> {
        let folder = self.dir.child(b"replaced")?;
        for number in 1_u32.. {
            let kept = if number == 1 { name.to_vec() } else { numbered(name, number) };
            match self.dir.rename_to(staged, &folder, &kept) {
                Err(Errno::EXIST) => {}
                outcome => return outcome,
            }
        }
        Ok(())
    }

    /// Removes what was staged; returns the folder that keeps what was replaced, if there is any.
    pub fn close(self) -> rustix::io::Result<Option<PathBuf>> {
        if !self.replaced {
            remove_tree(&self.parent, self.name.as_bytes())?;
            return Ok(None);
        }
        if self.mixed {
            return Ok(Some(self.path));
        }
        for name in self.dir.names()? {
            if name != b"replaced" {
                remove_tree(&self.dir, &name)?;
            }
        }
        Ok(Some(self.path.join("replaced")))
    }
}

/// `name` with the snapshot's local date before its ending, and a number where that is taken in `dir`.
pub fn dated_name(name: &[u8], moment: Timestamp, dir: &Dir) -> rustix::io::Result<Vec<u8>> {
    free_name(name, moment, |candidate| dir.has(candidate))
}

/// As [`dated_name`], where `is_taken` knows which names are.
pub fn free_name(
    name: &[u8],
    moment: Timestamp,
    mut is_taken: impl FnMut(&[u8]) -> rustix::io::Result<bool>,
) -> rustix::io::Result<Vec<u8>> {
    let date = moment.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H-%M").to_string();
    for number in 1_u32.. {
        let mark = match number {
            1 => format!(" ({date})"),
            number => format!(" ({date}) {number}"),
        };
        let candidate = insert(name, &mark);
        if !is_taken(&candidate)? {
            return Ok(candidate);
        }
    }
    Err(Errno::EXIST)
}

/// `name` with a number before its ending.
pub fn numbered(name: &[u8], number: u32) -> Vec<u8> {
    insert(name, &format!(" {number}"))
}

/// Puts `mark` before the ending of `name`, cutting the middle where the whole would be too long.
fn insert(name: &[u8], mark: &str) -> Vec<u8> {
    let dot = name.iter().rposition(|&b| b == b'.').filter(|&at| at > 0 && name.len() - at <= 32);
    let (stem, ending) = name.split_at(dot.unwrap_or(name.len()));
    let mut room = NAME_MAX_BYTES.saturating_sub(mark.len() + ending.len()).min(stem.len());
    // Not in the middle of a character, if the name is UTF-8.
    while room > 0 && room < stem.len() && stem[room] & 0xc0 == 0x80 {
        room -= 1;
    }
    [&stem[..room], mark.as_bytes(), ending].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_goes_before_the_ending_and_the_name_stays_short_enough() {
        let text = |name: &str| String::from_utf8(insert(name.as_bytes(), " (x)")).unwrap();
        assert_eq!(text("letter.odt"), "letter (x).odt");
        assert_eq!(text("archive.tar.gz"), "archive.tar (x).gz");
        assert_eq!(text(".bashrc"), ".bashrc (x)");
        assert_eq!(text("Makefile"), "Makefile (x)");
        let long = format!("{}.odt", "ä".repeat(125));
        let cut = insert(long.as_bytes(), " (x)");
        assert!(cut.len() <= NAME_MAX_BYTES);
        assert!(String::from_utf8(cut).unwrap().ends_with(" (x).odt"));
    }
}
