//! What kind of disk a folder lies on, as far as the system says.

use super::dir::Dir;

/// Whether the disk turns, and has a head that must move to what is read; `None` where nobody says, as on btrfs.
pub fn is_rotational(dir: &Dir) -> Option<bool> {
    let stat = dir.stat().ok()?;
    let device = format!("/sys/dev/block/{}:{}", stat.stx_dev_major, stat.stx_dev_minor);
    // A partition has no queue of its own.
    let said = ["queue/rotational", "../queue/rotational"]
        .iter()
        .find_map(|leaf| std::fs::read(format!("{device}/{leaf}")).ok())?;
    Some(said.trim_ascii() != b"0")
}
