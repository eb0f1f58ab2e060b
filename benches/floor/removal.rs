//! The removal of a tree.

use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, FileType, unlinkat};
use rustix::io::Result;

use super::crew::work_off;
use super::listing::{list, open_folder};

/// A folder that is open because something in it may be left.
struct Folder {
    fd: OwnedFd,
    place: Option<Place>,
}

/// A folder in another one.
struct Place(Arc<Folder>, CString);

impl Drop for Folder {
    /// Nobody needs it any more, so it is empty. If it isn't, its parents aren't either, and the top's removal says so.
    fn drop(&mut self) {
        if let Some(Place(parent, name)) = &self.place {
            let _ = unlinkat(&parent.fd, name, AtFlags::REMOVEDIR);
        }
    }
}

/// Unlinks everything in `top`, and itself.
pub fn remove_tree(top: &Path) -> Result<()> {
    let mut first = Vec::new();
    empty(Folder { fd: open_folder(CWD, top)?, place: None }, &mut first)?;
    work_off(first, |Place(parent, name), more| {
        let fd = open_folder(&parent.fd, &name)?;
        empty(Folder { fd, place: Some(Place(parent, name)) }, more)
    })?;
    unlinkat(CWD, top, AtFlags::REMOVEDIR)
}

fn empty(folder: Folder, more: &mut Vec<Place>) -> Result<()> {
    let folder = Arc::new(folder);
    list(&folder.fd, |name, kind| {
        if kind == FileType::Directory {
            more.push(Place(folder.clone(), name.to_owned()));
            return Ok(());
        }
        unlinkat(&folder.fd, name, AtFlags::empty())
    })
}
