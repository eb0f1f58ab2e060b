//! Something mounted a second time.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::place::{is_root, skip};

/// Something mounted a second time, until it is dropped.
pub struct Bound(PathBuf);

impl Bound {
    /// `None`, loudly, where nothing can be mounted.
    pub fn to(from: &Path, to: &Path) -> Option<Self> {
        if !is_root() {
            return None;
        }
        let done = Command::new("mount").arg("--bind").arg(from).arg(to).output();
        if !done.is_ok_and(|output| output.status.success()) {
            skip("nothing can be mounted");
            return None;
        }
        Some(Self(to.to_owned()))
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}
