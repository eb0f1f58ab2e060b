//! Small pieces that more than one screen uses.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub mod choose_folder;
pub mod dates;
pub mod deck;
pub mod drop_down;
pub mod focus;
pub mod icon;
pub mod named;
pub mod past;
pub mod places;
pub mod plain;
pub mod progress;
pub mod timeline;

/// A path of this computer as it is shown: names are bytes and may not be text.
pub fn name_of(path: &Path) -> String {
    crate::engine::path::display(path.as_os_str().as_bytes())
}
