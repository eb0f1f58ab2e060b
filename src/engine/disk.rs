//! What kind of disk a folder lies on, as far as the system says.

use super::dir::Dir;

/// Whether the system says that the disk has no head that must move to what is read: flash, or memory.
pub fn is_flash(dir: &Dir) -> bool {
    let Ok(stat) = dir.stat() else { return false };
    let device = format!("/sys/dev/block/{}:{}", stat.stx_dev_major, stat.stx_dev_minor);
    // A partition has no queue of its own.
    let said = ["queue/rotational", "../queue/rotational"]
        .iter()
        .find_map(|leaf| std::fs::read(format!("{device}/{leaf}")).ok());
    said.is_some_and(|said| said.trim_ascii() == b"0")
}
