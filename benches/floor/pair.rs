//! A folder and what becomes of it elsewhere; the hard-linked copy of a tree.

use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, FileType, Mode, linkat, mkdirat};
use rustix::io::Result;

use super::crew::work_off;
use super::listing::{list, open_folder};

/// A folder and its copy.
pub struct Pair {
    pub from: OwnedFd,
    pub to: OwnedFd,
}

impl Pair {
    /// The tops of the trees; `to` is made.
    pub fn top(from: &Path, to: &Path) -> Result<Self> {
        let from = open_folder(CWD, from)?;
        mkdirat(CWD, to, Mode::RWXU)?;
        Ok(Self { from, to: open_folder(CWD, to)? })
    }

    /// A folder in this one; its copy is made.
    pub fn child(&self, name: &CString) -> Result<Self> {
        let from = open_folder(&self.from, name)?;
        mkdirat(&self.to, name, Mode::RWXU)?;
        Ok(Self { from, to: open_folder(&self.to, name)? })
    }
}

/// Folders wait unopened: many siblings must not be many descriptors.
struct Folder(Arc<Pair>, CString);

/// Lists `from` and links each of its files into the new folder `to`.
pub fn link_tree(from: &Path, to: &Path) -> Result<()> {
    let mut first = Vec::new();
    link_folder(Pair::top(from, to)?, &mut first)?;
    work_off(first, |Folder(parent, name), more| link_folder(parent.child(&name)?, more))
}

fn link_folder(pair: Pair, more: &mut Vec<Folder>) -> Result<()> {
    let pair = Arc::new(pair);
    list(&pair.from, |name, kind| {
        if kind == FileType::Directory {
            more.push(Folder(pair.clone(), name.to_owned()));
            return Ok(());
        }
        linkat(&pair.from, name, &pair.to, name, AtFlags::empty())
    })
}
