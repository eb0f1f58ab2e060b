//! What an entry carries beside mode, owner and time: attributes, access lists, capabilities, inode flags.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Command;

use rustix::fs::{IFlags, OFlags, XattrFlags};

use super::drive::must;

/// May bind to low ports: `cap_net_bind_service+ep`, as the kernel keeps it.
pub const CAPABILITY: [u8; 20] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Sets an extended attribute of any entry, a link's own included.
pub fn try_set(path: &Path, name: impl rustix::path::Arg, value: &[u8]) -> rustix::io::Result<()> {
    rustix::fs::lsetxattr(path, name, value, XattrFlags::empty())
}

/// Sets an extended attribute that must be possible.
#[track_caller]
pub fn set(path: &Path, name: impl rustix::path::Arg, value: &[u8]) {
    try_set(path, name, value).unwrap_or_else(|error| panic!("{path:?}: {error}"));
}

/// The value of an attribute, if there is one.
pub fn get(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = vec![0_u8; 65_536];
    let length = rustix::fs::lgetxattr(path, name, &mut value[..]).ok()?;
    value.truncate(length);
    Some(value)
}

/// Adds entries to an access list, as `setfacl` reads them.
#[track_caller]
pub fn allow(path: &Path, entries: &str) {
    must(Command::new("setfacl").args(["-m", entries, "--"]).arg(path));
}

/// The inode flags of a file or folder; none for what has no flags.
pub fn flags(path: &Path) -> IFlags {
    open(path).and_then(|file| Ok(rustix::fs::ioctl_getflags(&file)?)).unwrap_or(IFlags::empty())
}

/// Adds and takes away inode flags of a file or folder.
pub fn change_flags(path: &Path, add: IFlags, take: IFlags) -> std::io::Result<()> {
    let file = open(path)?;
    let flags = rustix::fs::ioctl_getflags(&file)?;
    Ok(rustix::fs::ioctl_setflags(&file, (flags - take) | add)?)
}

fn open(path: &Path) -> std::io::Result<std::fs::File> {
    let kind = path.symlink_metadata()?.file_type();
    if !kind.is_file() && !kind.is_dir() {
        return Err(std::io::ErrorKind::Unsupported.into());
    }
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path)
}
