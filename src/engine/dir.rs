//! A held directory: everything below it is reached through its descriptor, one name at a time.
//!
//! No call here follows a symbolic link, and none takes a path of more than one component.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Gid, Mode, OFlags, RenameFlags, ResolveFlags, Statx, StatxFlags, Timespec,
    Timestamps, Uid,
};
use rustix::io::{Errno, Result};

use super::listing::{Buffer, Listed, Listing, USUAL_CHILDREN};
use super::meta::{FileTime, KEPT_FLAGS};
use super::path::{EntryName, RelPath};

/// What a [`Dir`] asks of `statx`: everything that metadata, fingerprints and mount checks need.
pub const STATX_MASK: StatxFlags = StatxFlags::BASIC_STATS.union(StatxFlags::MNT_ID);

/// An open file, and what it was when it was opened.
pub type Opened = (OwnedFd, Statx);

/// An open directory.
#[derive(Debug)]
pub struct Dir(OwnedFd);

impl Dir {
    /// Opens a path that a person or the configuration gave; symbolic links in it are followed.
    pub fn open(path: &Path) -> Result<Self> {
        rustix::fs::openat(CWD, path, READ_DIR.difference(OFlags::NOFOLLOW), Mode::empty())
            .map(Self)
    }

    /// Opens the child directory `name`.
    pub fn child(&self, name: &[u8]) -> Result<Self> {
        rustix::fs::openat(&self.0, name, READ_DIR, Mode::empty()).map(Self)
    }

    /// Opens the directory at `path` below this one, never leaving it and never through a link.
    pub fn beneath(&self, path: &RelPath) -> Result<Self> {
        let mut dir = self.duplicate()?;
        for name in path.components() {
            dir = dir.open_beneath(name, READ_DIR).map(Self)?;
        }
        Ok(dir)
    }

    /// Opens the child `name` with `flags`, refusing anything but a plain component of this directory.
    pub fn open_beneath(&self, name: &[u8], flags: OFlags) -> Result<OwnedFd> {
        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        rustix::fs::openat2(&self.0, name, flags | OFlags::CLOEXEC, Mode::empty(), resolve)
    }

    /// Opens for reading the directory that `fd` stands for.
    pub fn opened(fd: impl AsFd) -> Result<Self> {
        rustix::fs::openat(fd, ".", READ_DIR, Mode::empty()).map(Self)
    }

    /// Another descriptor of the same directory.
    pub fn duplicate(&self) -> Result<Self> {
        rustix::io::fcntl_dupfd_cloexec(&self.0, 0).map(Self)
    }

    /// Makes the directory `name` and opens it.
    pub fn create(&self, name: &[u8], mode: u32) -> Result<Self> {
        rustix::fs::mkdirat(&self.0, name, Mode::from_raw_mode(mode))?;
        self.child(name)
    }

    /// Opens the directory `name`, making it if it isn't there.
    pub fn ensure(&self, name: &[u8], mode: u32) -> Result<Self> {
        match self.create(name, mode) {
            Err(Errno::EXIST) => self.child(name),
            made => made,
        }
    }

    /// Makes the regular file `name`, which must not exist, and opens it for writing.
    pub fn create_file(&self, name: &[u8], mode: u32) -> Result<OwnedFd> {
        self.create_with(name, OFlags::WRONLY, mode)
    }

    /// Makes the regular file `name`, which must not exist, and opens it for reading and writing.
    pub fn create_file_rw(&self, name: &[u8], mode: u32) -> Result<OwnedFd> {
        self.create_with(name, OFlags::RDWR, mode)
    }

    fn create_with(&self, name: &[u8], access: OFlags, mode: u32) -> Result<OwnedFd> {
        let flags = access | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        rustix::fs::openat(&self.0, name, flags, Mode::from_raw_mode(mode))
    }

    /// Opens the regular file `name` for reading, and nothing else: a fifo or a device is never opened.
    pub fn open_file(&self, name: &[u8]) -> Result<Opened> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let found = rustix::fs::openat(&self.0, name, flags, Mode::empty())?;
        let stat = stat_fd(&found)?;
        if u32::from(stat.stx_mode) & 0o170_000 != 0o100_000 {
            return Err(if u32::from(stat.stx_mode) & 0o170_000 == 0o120_000 {
                Errno::LOOP
            } else {
                Errno::OPNOTSUPP
            });
        }
        let file = rustix::fs::openat(
            CWD,
            descriptor_path(found.as_fd()).as_str(),
            OFlags::RDONLY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        Ok((file, stat))
    }

    /// The `statx` of the directory itself.
    pub fn stat(&self) -> Result<Statx> {
        stat_fd(&self.0)
    }

    /// The `statx` of the child `name`, not following a link.
    pub fn stat_child(&self, name: &[u8]) -> Result<Statx> {
        rustix::fs::statx(&self.0, name, AtFlags::SYMLINK_NOFOLLOW | NO_AUTOMOUNT, STATX_MASK)
    }

    /// Whether something is called `name` here.
    pub fn has(&self, name: &[u8]) -> Result<bool> {
        match self.stat_child(name) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(errno),
        }
    }

    /// The names of all children, sorted by bytes.
    pub fn names(&self) -> Result<Vec<EntryName>> {
        Ok(self.entries()?.into_iter().map(|listed| listed.name).collect())
    }

    /// All children, sorted by the bytes of their names.
    pub fn entries(&self) -> Result<Vec<Listed>> {
        let reader = rustix::fs::openat(&self.0, ".", READ_DIR, Mode::empty())?;
        sorted(Listing::with(reader, &mut Buffer::default()))
    }

    /// As [`Dir::entries`], read by the held descriptor itself, which saves opening another one. It was opened only just
    /// now, since btrfs lists what was there then, and it isn't listed twice. The buffer is that of the listing before.
    pub fn entries_once(&self, buffer: &mut Buffer) -> Result<Vec<Listed>> {
        sorted(Listing::with(&self.0, buffer))
    }

    /// A path to the child `name` for calls that take no descriptor, through the one that is held.
    pub fn child_path(&self, name: &[u8]) -> Vec<u8> {
        let mut path = descriptor_path(self.as_fd()).into_bytes();
        path.push(b'/');
        path.extend_from_slice(name);
        path
    }

    /// Where the symbolic link `name` points to.
    pub fn read_link(&self, name: &[u8]) -> Result<Vec<u8>> {
        Ok(rustix::fs::readlinkat(&self.0, name, Vec::new())?.into_bytes())
    }

    /// Makes the symbolic link `name` to `target`.
    pub fn create_link(&self, name: &[u8], target: &[u8]) -> Result<()> {
        rustix::fs::symlinkat(OsStr::from_bytes(target), &self.0, name)
    }

    /// Gives the file `name` of `from` a second name here.
    pub fn link_from(&self, from: &Self, from_name: &[u8], name: &[u8]) -> Result<()> {
        rustix::fs::linkat(&from.0, from_name, &self.0, name, AtFlags::empty())
    }

    /// Moves the child `name` to `to`, where nothing of that name may be.
    pub fn rename_to(&self, name: &[u8], to: &Self, to_name: &[u8]) -> Result<()> {
        rustix::fs::renameat_with(&self.0, name, &to.0, to_name, RenameFlags::NOREPLACE)
    }

    /// Moves the child `name` to `to`, in place of what is called `to_name` there.
    pub fn rename_over(&self, name: &[u8], to: &Self, to_name: &[u8]) -> Result<()> {
        rustix::fs::renameat(&self.0, name, &to.0, to_name)
    }

    /// Lets the child `name` and the child `to_name` of `to` change places.
    pub fn exchange(&self, name: &[u8], to: &Self, to_name: &[u8]) -> Result<()> {
        rustix::fs::renameat_with(&self.0, name, &to.0, to_name, RenameFlags::EXCHANGE)
    }

    /// Removes the file, link or special file `name`.
    pub fn unlink(&self, name: &[u8]) -> Result<()> {
        rustix::fs::unlinkat(&self.0, name, AtFlags::empty())
    }

    /// Removes the empty directory `name`.
    pub fn remove(&self, name: &[u8]) -> Result<()> {
        rustix::fs::unlinkat(&self.0, name, AtFlags::REMOVEDIR)
    }

    /// Sets the mode of the directory itself.
    pub fn set_mode(&self, mode: u32) -> Result<()> {
        rustix::fs::fchmod(&self.0, Mode::from_raw_mode(mode))
    }

    /// Removes what it would hand down to everything made in it: what people set as default on a folder must not leak
    /// into every entry.
    pub fn drop_default_acl(&self) -> Result<()> {
        match rustix::fs::fremovexattr(&self.0, "system.posix_acl_default") {
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    /// Makes what was renamed or made here survive a power cut.
    pub fn sync(&self) -> Result<()> {
        rustix::fs::fsync(&self.0)
    }

    /// Flushes the whole file system that this directory is on.
    pub fn sync_file_system(&self) -> Result<()> {
        rustix::fs::syncfs(&self.0)
    }

    /// Replaces the file `name` atomically and durably by one that holds `bytes`.
    pub fn replace_file(&self, name: &[u8], bytes: &[u8], mode: u32) -> Result<()> {
        self.replace_file_as(name, bytes, mode, None)
    }

    /// As [`Dir::replace_file`], for a user and group, which only root can.
    pub fn replace_file_as(
        &self,
        name: &[u8],
        bytes: &[u8],
        mode: u32,
        owner: Option<(u32, u32)>,
    ) -> Result<()> {
        let mut temporary = name.to_vec();
        temporary.extend_from_slice(b".new");
        match self.unlink(&temporary) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno),
        }
        let file = self.create_file(&temporary, mode)?;
        write_all(&file, bytes)?;
        if let Some(owner) = owner {
            set_owner(&file, owner)?;
        }
        rustix::fs::fsync(&file)?;
        rustix::fs::renameat(&self.0, &temporary, &self.0, name)?;
        self.sync()
    }

    /// Reads the regular file `name` whole; one longer than `limit_bytes` is refused with `FBIG`.
    pub fn read_file(&self, name: &[u8], limit_bytes: u64) -> Result<Vec<u8>> {
        let (file, stat) = self.open_file(name)?;
        read_all(&file, &stat, limit_bytes)
    }
}

/// All that a listing tells of, by the bytes of the names.
fn sorted(mut listing: Listing<'_, impl AsFd>) -> Result<Vec<Listed>> {
    let mut entries = Vec::with_capacity(USUAL_CHILDREN);
    while listing.add_some(&mut entries)? {}
    entries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(entries)
}

impl AsFd for Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

const READ_DIR: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK);

const NO_AUTOMOUNT: AtFlags = AtFlags::NO_AUTOMOUNT;

/// The `statx` of what a descriptor stands for.
pub fn stat_fd(fd: impl AsFd) -> Result<Statx> {
    rustix::fs::statx(fd, "", AtFlags::EMPTY_PATH, STATX_MASK)
}

/// The path that opens what `fd` stands for once more.
pub fn descriptor_path(fd: BorrowedFd<'_>) -> String {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

/// The inode flags of what `fd` stands for, of those that are kept; none on a file system without flags.
pub fn inode_flags(fd: impl AsFd) -> u32 {
    rustix::fs::ioctl_getflags(fd).map_or(0, |flags| flags.bits() & KEPT_FLAGS)
}

/// Adds inode flags to what `fd` stands for; `false` if they were refused.
pub fn add_inode_flags(fd: impl AsFd, flags: u32) -> bool {
    let Ok(known) = rustix::fs::ioctl_getflags(&fd) else { return false };
    let wanted = known | rustix::fs::IFlags::from_bits_retain(flags & KEPT_FLAGS);
    wanted == known || rustix::fs::ioctl_setflags(&fd, wanted).is_ok()
}

/// Reads up to a buffer's length; 0 at the end of the file.
pub fn read_some(file: impl AsFd, buffer: &mut [u8]) -> Result<usize> {
    rustix::io::retry_on_intr(|| rustix::io::read(&file, &mut *buffer))
}

/// Reads an open file of this `stat` whole; one longer than `limit_bytes` is refused with `FBIG`.
pub fn read_all(file: impl AsFd, stat: &Statx, limit_bytes: u64) -> Result<Vec<u8>> {
    if stat.stx_size > limit_bytes {
        return Err(Errno::FBIG);
    }
    let mut content = Vec::with_capacity(usize::try_from(stat.stx_size).unwrap_or(0));
    let mut chunk = [0; 8192];
    loop {
        let read = read_some(&file, &mut chunk)?;
        if read == 0 {
            return Ok(content);
        }
        content.extend_from_slice(&chunk[..read]);
        if content.len() as u64 > limit_bytes {
            return Err(Errno::FBIG);
        }
    }
}

/// Writes all of `bytes`.
pub fn write_all(file: impl AsFd, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        match rustix::io::retry_on_intr(|| rustix::io::write(&file, bytes))? {
            0 => return Err(Errno::IO),
            written => bytes = &bytes[written..],
        }
    }
    Ok(())
}

/// Sets the modification time of what `fd` stands for and leaves its access time alone.
pub fn set_mtime(fd: impl AsFd, mtime: FileTime) -> Result<()> {
    rustix::fs::futimens(fd, &timestamps(mtime))
}

/// Sets the modification time of the child `name`, a link included.
pub fn set_child_mtime(dir: &Dir, name: &[u8], mtime: FileTime) -> Result<()> {
    rustix::fs::utimensat(dir, name, &timestamps(mtime), AtFlags::SYMLINK_NOFOLLOW)
}

/// Gives what `fd` stands for, which may be open as a mere path, to a user and a group.
pub fn set_owner(fd: impl AsFd, (uid, gid): (u32, u32)) -> Result<()> {
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    rustix::fs::chownat(fd, "", Some(uid), Some(gid), AtFlags::EMPTY_PATH)
}

fn timestamps(mtime: FileTime) -> Timestamps {
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT },
        last_modification: Timespec { tv_sec: mtime.sec, tv_nsec: mtime.nsec.into() },
    }
}
