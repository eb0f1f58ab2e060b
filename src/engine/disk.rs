//! What kind of disk a folder lies on, as far as the system says.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{major, minor};

use super::dir::Dir;
use super::mounts::{Mount, mounts};

/// Where the kernel tells of devices.
const SYSTEM: &str = "/sys";

/// A file on a volume of an encrypted partition has four layers.
const MOST_LAYERS: u32 = 8;

/// How a part of the path begins of disks that only a host machine knows, by virtio, Xen and Hyper-V: they say that they
/// turn whatever they are.
const HOSTED: [&[u8]; 4] = [b"virtio", b"vbd-", b"VMBUS", b"MSFT1000"];

/// Whether the disk says that it turns, and has a head that must move to what is read. Many an adapter to USB says so of
/// whatever it holds; of a network's file systems nobody says anything.
pub fn turns(dir: &Dir) -> bool {
    let system = Path::new(SYSTEM);
    let disk = device_of(dir).and_then(|device| disk_of(system, device));
    disk.is_some_and(|disk| disk_turns(system, &disk, MOST_LAYERS))
}

/// The device that a folder's file system lies on.
fn device_of(dir: &Dir) -> Option<(u32, u32)> {
    let stat = dir.stat().ok()?;
    if stat.stx_dev_major != 0 {
        return Some((stat.stx_dev_major, stat.stx_dev_minor));
    }
    // Each subvolume has a number of its own, which is no device's. What others call their source is any text.
    let is_its = |mount: &Mount| mount.id == stat.stx_mnt_id && mount.kind == b"btrfs";
    let meta = fs::metadata(mounts().into_iter().find(is_its)?.source).ok()?;
    meta.file_type().is_block_device().then(|| (major(meta.rdev()), minor(meta.rdev())))
}

/// What the kernel shows of the disk that a device is or is a part of.
fn disk_of(system: &Path, (major, minor): (u32, u32)) -> Option<PathBuf> {
    let device = system.join(format!("dev/block/{major}:{minor}")).canonicalize().ok()?;
    // A partition has no queue of its own.
    device.ancestors().take(2).find(|path| path.join("queue").is_dir()).map(Path::to_owned)
}

fn disk_turns(system: &Path, disk: &Path, layers: u32) -> bool {
    if !says_that_it_turns(disk) || layers == 0 {
        return false;
    }
    let below = devices_below(disk).into_iter().filter_map(|device| disk_of(system, device));
    let mut below = below.filter(|below| says_that_it_turns(below)).peekable();
    // What is made of others says as they do, or what someone who knows better told the kernel.
    match below.peek() {
        Some(_) => below.any(|below| disk_turns(system, &below, layers - 1)),
        None => !is_hosted(disk),
    }
}

fn says_that_it_turns(disk: &Path) -> bool {
    fs::read(disk.join("queue/rotational")).is_ok_and(|said| said.trim_ascii() == b"1")
}

/// The devices that this one is made of, or that its file lies on.
fn devices_below(disk: &Path) -> Vec<(u32, u32)> {
    let file = fs::read_to_string(disk.join("loop/backing_file"));
    if let Some(meta) = file.ok().and_then(|path| fs::metadata(path.trim_end_matches('\n')).ok()) {
        return vec![(major(meta.dev()), minor(meta.dev()))];
    }
    let number = |entry: fs::DirEntry| {
        let said = fs::read_to_string(entry.path().join("dev")).ok()?;
        let (major, minor) = said.trim_end().split_once(':')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    let slaves = fs::read_dir(disk.join("slaves")).into_iter().flatten().flatten();
    slaves.filter_map(number).collect()
}

fn is_hosted(disk: &Path) -> bool {
    let begins = |part: &[u8]| HOSTED.iter().any(|name| part.starts_with(name));
    disk.iter().any(|part| begins(part.as_encoded_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A device as `/sys` shows it. The kernel gives no numbers beyond 4000, so that none of these is the one that a real file is on.
    struct Shown<'a> {
        number: &'a str,
        path: &'a str,
        rotational: &'a str,
        /// The number of what it is made of.
        below: Option<&'a str>,
        has_partition: Option<&'a str>,
        /// What a loop device is made of.
        file: Option<&'a Path>,
    }

    fn show(system: &Path, shown: &Shown<'_>) {
        let disk = system.join("devices").join(shown.path);
        fs::create_dir_all(disk.join("queue")).unwrap();
        fs::write(disk.join("queue/rotational"), format!("{}\n", shown.rotational)).unwrap();
        let devices = system.join("dev/block");
        fs::create_dir_all(&devices).unwrap();
        symlink(&disk, devices.join(shown.number)).unwrap();
        if let Some(number) = shown.below {
            fs::create_dir_all(disk.join("slaves/below")).unwrap();
            fs::write(disk.join("slaves/below/dev"), format!("{number}\n")).unwrap();
        }
        if let Some(file) = shown.file {
            fs::create_dir(disk.join("loop")).unwrap();
            fs::write(disk.join("loop/backing_file"), format!("{}\n", file.display())).unwrap();
        }
        if let Some(number) = shown.has_partition {
            fs::create_dir(disk.join("part1")).unwrap();
            symlink(disk.join("part1"), devices.join(number)).unwrap();
        }
    }

    #[test]
    fn a_disk_turns_if_it_says_so_and_is_one() {
        let system = tempfile::tempdir().unwrap();
        let plain = Shown {
            number: "4008:0",
            path: "pci0000:00/ata1/block/sda",
            rotational: "1",
            below: None,
            has_partition: Some("4008:1"),
            file: None,
        };
        show(system.path(), &plain);
        let flash = Shown {
            number: "4059:0",
            path: "pci0000:00/nvme/nvme0n1",
            rotational: "0",
            has_partition: Some("4059:1"),
            ..plain
        };
        show(system.path(), &flash);
        let hosted =
            Shown { number: "4054:0", path: "virtio1/block/vda", has_partition: None, ..plain };
        show(system.path(), &hosted);
        let layered = Shown { path: "virtual/block/dm-0", has_partition: None, ..plain };
        let layers = [
            ("4053:0", "4008:1"),
            ("4053:1", "4054:0"),
            ("4053:2", "4053:0"),
            ("4053:3", "4059:1"),
            ("4053:9", "4053:9"),
        ];
        for (number, below) in layers {
            let path = format!("virtual/block/dm-{number}");
            show(system.path(), &Shown { number, path: &path, below: Some(below), ..layered });
        }

        let file = tempfile::NamedTempFile::new().unwrap();
        let holder = file.as_file().metadata().unwrap().dev();
        let holder = format!("{}:{}", major(holder), minor(holder));
        let path = "virtio9/block/holder";
        show(system.path(), &Shown { number: &holder, path, has_partition: None, ..plain });
        for (number, file) in [("4007:0", file.path()), ("4007:1", Path::new("/gone (deleted)"))] {
            let path = format!("virtual/block/loop-{number}");
            show(system.path(), &Shown { number, path: &path, file: Some(file), ..layered });
        }

        for (device, turns) in [
            ((4007, 0), false),
            ((4007, 1), true),
            ((4008, 0), true),
            ((4008, 1), true),
            ((4059, 0), false),
            ((4059, 1), false),
            ((4054, 0), false),
            ((4053, 0), true),
            ((4053, 1), false),
            ((4053, 2), true),
            ((4053, 3), true),
            ((4053, 9), false),
            ((4099, 0), false),
        ] {
            let disk = disk_of(system.path(), device);
            let found = disk.is_some_and(|disk| disk_turns(system.path(), &disk, MOST_LAYERS));
            assert_eq!(found, turns, "{device:?}");
        }
    }

    #[test]
    fn what_lies_in_memory_does_not_turn() {
        let shared = Dir::open(Path::new("/dev/shm")).unwrap();
        assert_eq!(device_of(&shared), None);
        assert!(!turns(&shared));
    }
}
