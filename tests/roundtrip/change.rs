//! Random changes: of content, metadata, place and kind.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;

use rustix::fs::{CWD, RenameFlags};

use super::grow::Garden;

impl Garden {
    /// Changes that many things; what can't be done as things are is left undone.
    pub fn change(&mut self, changes: usize) {
        self.thaw();
        for _ in 0..changes {
            let _ = self.change_one();
        }
        self.grow(5);
    }

    fn change_one(&mut self) -> io::Result<()> {
        let all = self.all(|_| true);
        if all.is_empty() {
            return Ok(());
        }
        let path = self.chance.of(&all);
        match self.chance.below(14) {
            0..3 => self.edit(&path)?,
            3..5 => fs::rename(&path, self.new_path())?,
            5 => {
                let other = self.chance.of(&all);
                rustix::fs::renameat_with(CWD, &path, CWD, &other, RenameFlags::EXCHANGE)?;
            }
            6 => self.time(&path),
            7 => self.mode(&path),
            8 => self.own(&path),
            9 => self.attribute(&path),
            10 => self.relink(&path)?,
            11 => remove(&path)?,
            12 => self.replace(&path)?,
            _ => {
                let meta = path.symlink_metadata()?;
                if meta.is_file() || meta.is_dir() {
                    self.access_list(&path, meta.is_dir());
                }
            }
        }
        Ok(())
    }

    /// Another content: whole, a piece, more, less; also of the same size with the same time.
    fn edit(&mut self, path: &Path) -> io::Result<()> {
        let meta = path.symlink_metadata()?;
        if !meta.is_file() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let file = File::options().write(true).open(path)?;
        match self.chance.below(5) {
            0 => {
                file.set_len(0)?;
                file.write_all_at(&self.content(), 0)?;
            }
            1 => {
                file.write_all_at(&self.chance.bytes(100), self.chance.number() % (meta.len() + 1))?
            }
            2 => file.write_all_at(b"and more", meta.len())?,
            3 => file.set_len(meta.len() / 2)?,
            _ => {
                if meta.len() > 0 {
                    file.write_all_at(&self.chance.bytes(1), meta.len() / 2)?;
                }
                let nanoseconds = meta.mtime_nsec() as u32;
                crate::common::node::set_mtime(path, meta.mtime(), nanoseconds)?;
            }
        }
        Ok(())
    }

    /// Another name for the same file, or a file of its own in place of a shared one.
    fn relink(&mut self, path: &Path) -> io::Result<()> {
        let meta = path.symlink_metadata()?;
        if meta.is_dir() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        if meta.nlink() == 1 || self.chance.is(50) {
            return fs::hard_link(path, self.new_path());
        }
        if Self::is_special(path) || meta.is_symlink() {
            return fs::remove_file(path);
        }
        let content = fs::read(path)?;
        fs::remove_file(path)?;
        fs::write(path, content)?;
        self.dress(path);
        Ok(())
    }

    /// Something of perhaps another kind in the same place.
    fn replace(&mut self, path: &Path) -> io::Result<()> {
        remove(path)?;
        self.make(path)?;
        self.dress(path);
        Ok(())
    }
}

fn remove(path: &Path) -> io::Result<()> {
    if path.symlink_metadata()?.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}
