//! What kind of disk a folder lies on, as far as the system says.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{major, minor};

use super::dir::Dir;
use super::mounts::mounts;

/// Where the kernel tells of devices.
const SYSTEM: &str = "/sys";

/// A file on a volume of an encrypted partition has four layers.
const MOST_LAYERS: u32 = 8;

/// How the paths of disks begin somewhere that only a host machine knows: they are said to turn whatever they are.
const HOSTED: [&[u8]; 3] = [b"virtio", b"vbd-", b"VMBUS"];

/// Whether the disk is known to turn, and has a head that must move to what is read. Of a network's file systems and of a
/// virtual machine's disks nobody knows.
pub fn turns(dir: &Dir) -> bool {
    device_of(dir).is_some_and(|device| device_turns(Path::new(SYSTEM), device, MOST_LAYERS))
}

/// The device that a folder's file system lies on.
fn device_of(dir: &Dir) -> Option<(u32, u32)> {
    let stat = dir.stat().ok()?;
    if stat.stx_dev_major != 0 {
        return Some((stat.stx_dev_major, stat.stx_dev_minor));
    }
    // Of btrfs each subvolume has a number of its own, which is no device's.
    let mount = mounts().into_iter().find(|mount| mount.id == stat.stx_mnt_id)?;
    let number = fs::metadata(mount.source).ok()?.rdev();
    (number != 0).then(|| (major(number), minor(number)))
}

fn device_turns(system: &Path, (major, minor): (u32, u32), layers: u32) -> bool {
    let link = system.join(format!("dev/block/{major}:{minor}"));
    let Ok(device) = link.canonicalize() else { return false };
    // A partition has no queue of its own.
    let Some(disk) = device.ancestors().take(2).find(|path| path.join("queue").is_dir()) else {
        return false;
    };
    let said = fs::read(disk.join("queue/rotational")).unwrap_or_default();
    if said.trim_ascii() != b"1" || layers == 0 {
        return false;
    }
    let below = devices_below(disk);
    if below.is_empty() {
        return !is_hosted(disk);
    }
    below.into_iter().any(|device| device_turns(system, device, layers - 1))
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

    /// A device as `/sys` shows it.
    struct Shown<'a> {
        number: &'a str,
        path: &'a str,
        rotational: &'a str,
        /// The number of what it is made of.
        below: Option<&'a str>,
        has_partition: Option<&'a str>,
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
        if let Some(number) = shown.has_partition {
            fs::create_dir(disk.join("part1")).unwrap();
            symlink(disk.join("part1"), devices.join(number)).unwrap();
        }
    }

    #[test]
    fn a_disk_turns_if_it_says_so_and_is_one() {
        let system = tempfile::tempdir().unwrap();
        let plain = Shown {
            number: "8:0",
            path: "pci0000:00/ata1/block/sda",
            rotational: "1",
            below: None,
            has_partition: Some("8:1"),
        };
        show(system.path(), &plain);
        let flash = Shown {
            number: "259:0",
            path: "pci0000:00/nvme/nvme0n1",
            rotational: "0",
            has_partition: Some("259:1"),
            ..plain
        };
        show(system.path(), &flash);
        let hosted =
            Shown { number: "254:0", path: "virtio1/block/vda", has_partition: None, ..plain };
        show(system.path(), &hosted);
        let layered = Shown { path: "virtual/block/dm-0", has_partition: None, ..plain };
        for (number, below) in [("253:0", "8:1"), ("253:1", "254:0"), ("253:2", "253:0")] {
            let path = format!("virtual/block/dm-{number}");
            show(system.path(), &Shown { number, path: &path, below: Some(below), ..layered });
        }
        let itself = Shown { number: "253:9", path: "virtual/block/dm-9", ..layered };
        show(system.path(), &Shown { below: Some("253:9"), ..itself });

        for (device, turns) in [
            ((8, 0), true),
            ((8, 1), true),
            ((259, 0), false),
            ((259, 1), false),
            ((254, 0), false),
            ((253, 0), true),
            ((253, 1), false),
            ((253, 2), true),
            ((253, 9), false),
            ((99, 0), false),
        ] {
            assert_eq!(device_turns(system.path(), device, MOST_LAYERS), turns, "{device:?}");
        }
    }

    #[test]
    fn what_lies_in_memory_does_not_turn() {
        let shared = Dir::open(Path::new("/dev/shm")).unwrap();
        assert_eq!(device_of(&shared), None);
        assert!(!turns(&shared));
    }
}
