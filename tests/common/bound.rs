//! Something mounted for as long as a test needs it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::place::{is_root, skip};

/// Something mounted, until it is dropped.
pub struct Bound(PathBuf);

impl Bound {
    /// What is at `from` a second time at `to`. `None`, loudly, where nothing can be mounted.
    pub fn to(from: &Path, to: &Path) -> Option<Self> {
        if !is_root() {
            return None;
        }
        Self::by(Command::new("mount").arg("--bind").arg(from).arg(to), to)
    }

    /// A file system whose program is gone, so that nothing of it can be looked at.
    pub fn dead(to: &Path) -> Option<Self> {
        if !is_root() {
            return None;
        }
        let mount = "exec 3<>/dev/fuse && exec mount -i -t fuse \
             -o fd=3,rootmode=40000,user_id=0,group_id=0 dead \"$0\"";
        Self::by(Command::new("sh").args(["-c", mount]).arg(to), to)
    }

    fn by(mount: &mut Command, to: &Path) -> Option<Self> {
        let done = mount.output();
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
