//! A drive of a test's own: a file system in an image file, mounted by a loop device, unmounted on drop.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use yore::engine::mounts::mounts;

use super::place;
use super::wait::poll;

/// The kinds of file system that hold backups.
pub const KINDS: [&str; 3] = ["ext4", "xfs", "btrfs"];

/// How a drive is made.
#[derive(Debug, Clone)]
pub struct Make<'a> {
    pub kind: &'a str,
    pub size_mib: u64,
    pub options: &'a [&'a str],
}

/// A mounted drive.
#[derive(Debug)]
pub struct LoopDrive {
    folder: TempDir,
    path: PathBuf,
    /// A loop device that doesn't go away by itself.
    device: Option<String>,
}

impl LoopDrive {
    /// An ext4 drive; `None`, loudly, where none can be mounted.
    pub fn ext4(size_mib: u64) -> Option<Self> {
        Self::make(&Make { kind: "ext4", size_mib, options: &["-m", "0"] })
    }

    /// A small drive of one of [`KINDS`], all of it free.
    pub fn of_kind(kind: &str) -> Option<Self> {
        Self::sized(kind, if kind == "ext4" { 64 } else { 0 })
    }

    /// A drive of one of [`KINDS`], at least as large as its file system has to be.
    pub fn sized(kind: &str, size_mib: u64) -> Option<Self> {
        let (least, options): (u64, &[&str]) = match kind {
            "ext4" => (1, &["-m", "0", "-b", "4096"]),
            "xfs" => (320, &[]),
            // One copy of everything: the drive is small.
            _ => (160, &["-m", "single"]),
        };
        Self::make(&Make { kind, size_mib: size_mib.max(least), options })
    }

    /// An ext4 drive in memory, for tests that make thousands of snapshots: nothing is ever waited for.
    pub fn in_memory(size_mib: u64) -> Option<Self> {
        Self::make_in_memory(&Make { kind: "ext4", size_mib, options: &["-m", "0"] })
    }

    pub fn make_in_memory(make: &Make<'_>) -> Option<Self> {
        let folder = tempfile::tempdir_in("/dev/shm").unwrap();
        place::set_mode(folder.path(), 0o755);
        Self::make_in(folder, make)
    }

    pub fn make(make: &Make<'_>) -> Option<Self> {
        Self::make_in(place::scratch(), make)
    }

    fn make_in(folder: TempDir, make: &Make<'_>) -> Option<Self> {
        let program = format!("mkfs.{}", make.kind);
        if !place::is_root() || !place::has_program(&program) {
            return None;
        }
        let image = folder.path().join("image");
        File::create(&image).unwrap().set_len(make.size_mib << 20).unwrap();
        let force: &[&str] = match make.kind {
            "exfat" => &[],
            "ext4" => &["-Fq"],
            _ => &["-fq"],
        };
        must(Command::new(program).args(force).args(make.options).arg(&image));
        Self::mount(folder, make.kind)
    }

    fn mount(folder: TempDir, kind: &str) -> Option<Self> {
        let path = folder.path().join("drive");
        std::fs::create_dir(&path).unwrap();
        let mut drive = Self { folder, path, device: None };
        let is_mounted = if kind == "exfat" { drive.attach_fuse() } else { drive.attach("rw") };
        if !is_mounted {
            place::skip("a loop device can't be mounted");
            return None;
        }
        place::set_mode(&drive.path, 0o755);
        Some(drive)
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes of it are used, once all is written out.
    pub fn used_bytes(&self) -> u64 {
        let drive = File::open(&self.path).unwrap();
        rustix::fs::syncfs(&drive).unwrap();
        let space = rustix::fs::fstatvfs(&drive).unwrap();
        (space.f_blocks - space.f_bfree) * space.f_frsize
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    /// Mounts the image; tried again where another test took the loop device first.
    pub fn attach(&self, options: &str) -> bool {
        let options = format!("loop,{options}");
        (0..20).any(|_| run(&["mount", "-o", &options], &[&self.image(), &self.path]))
    }

    /// Mounts the image by exfat-fuse, which wants a block device.
    fn attach_fuse(&mut self) -> bool {
        let mut losetup = Command::new("losetup");
        let Ok(output) = losetup.args(["--find", "--show"]).arg(self.image()).output() else {
            return false;
        };
        let device = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        self.device = Some(device.clone()).filter(|_| output.status.success());
        run(&["mount.exfat-fuse"], &[Path::new(&device), &self.path])
    }

    /// Unmounts, waiting for whoever still uses it.
    pub fn detach(&self) {
        poll("the drive to be idle", || run(&["umount"], &[&self.path]).then_some(()));
    }

    /// Mounts it again, read-only or not.
    pub fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(run(&["mount", "-o", &options], &[&self.path]), "could not remount");
    }

    /// Lets the system say of its disk that it has a head to move, or none; `false`, loudly, where nobody can.
    pub fn say_that_it_turns(&self, turns: bool) -> bool {
        let mount = mounts().into_iter().find(|mount| mount.point == self.path).unwrap();
        let device = mount.source.metadata().unwrap().rdev();
        let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
        let said = if turns { "1" } else { "0" };
        let place = format!("/sys/dev/block/{major}:{minor}/queue/rotational");
        let is_said = std::fs::write(place, said).is_ok();
        if !is_said {
            place::skip("what the system says of a disk can't be changed");
        }
        is_said
    }

    /// Cuts the power: nothing reaches the drive any more, not even the journal; and mounts it again.
    pub fn cut_power(&self) {
        Self::shut_down(&self.path, self.folder.path());
        self.detach();
        assert!(self.attach("rw"), "could not mount after the power cut");
    }

    /// As [`Self::cut_power`], whoever uses the drive that is mounted at `drive` in the `folder`; it stays mounted.
    pub fn shut_down(drive: &Path, folder: &Path) {
        let device = |path: &Path| path.metadata().unwrap().dev();
        let others = [Path::new("/"), folder, Path::new(env!("CARGO_MANIFEST_DIR"))];
        assert!(others.iter().all(|path| device(path) != device(drive)), "not a loop mount");
        let script = "import fcntl, os, struct, sys\n\
                      folder = os.open(sys.argv[1], os.O_RDONLY)\n\
                      assert os.fstat(folder).st_dev == int(sys.argv[2])\n\
                      fcntl.ioctl(folder, 0x8004587d, struct.pack('I', 2))\n";
        let number = device(drive).to_string();
        must(Command::new("python3").args(["-c", script]).arg(drive).arg(number));
    }
}

impl Drop for LoopDrive {
    fn drop(&mut self) {
        if !run(&["umount"], &[&self.path]) {
            run(&["umount", "--lazy"], &[&self.path]);
        }
        if let Some(device) = &self.device {
            run(&["losetup", "--detach"], &[Path::new(device)]);
        }
    }
}

fn run(words: &[&str], paths: &[&Path]) -> bool {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).args(paths);
    command.output().is_ok_and(|output| output.status.success())
}

/// Runs a program that must succeed, and gives what it printed.
#[track_caller]
pub fn must(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// A copy of a tree with everything that `cp` can keep.
#[track_caller]
pub fn copy_tree(from: impl AsRef<OsStr>, to: impl AsRef<OsStr>) {
    must(Command::new("cp").args(["-a", "--"]).arg(from).arg(to));
}
