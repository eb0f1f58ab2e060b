//! What the window remembers from one start to the next: how large it was, how it showed folders, and which was open. Whatever can't be
//! read or written is as good as nothing.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{config, places};
use crate::engine::path::RelPath;

/// The smallest and the largest side that is believed, in pixels.
const SIDE: std::ops::RangeInclusive<i32> = 360..=8_192;

/// Longer files were not written by this program.
const LIMIT_BYTES: u64 = 64 << 10;

/// What is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct WindowMemory {
    /// Pixels from side to side while it isn't maximized.
    pub width: i32,
    /// Pixels from top to bottom while it isn't maximized.
    pub height: i32,
    /// It fills the screen.
    pub is_maximized: bool,
    /// The person was told that work goes on when the window is closed.
    pub knows_closing: bool,
    /// In which shape folders are shown, and in which order, in the window's own words. It checks them: they may be any.
    pub shape: String,
    /// The order.
    pub order: String,
    /// The open folder.
    place: Option<Place>,
}

/// A folder in the history of one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// Where the repository is, encoded.
    repository: String,
    /// Which folder, encoded.
    folder: String,
}

impl Default for WindowMemory {
    fn default() -> Self {
        Self {
            width: 1_100,
            height: 720,
            is_maximized: false,
            knows_closing: false,
            shape: String::new(),
            order: String::new(),
            place: None,
        }
    }
}

impl WindowMemory {
    /// Reads what the last window wrote.
    pub fn read() -> Self {
        Self::read_from(&file())
    }

    fn read_from(path: &Path) -> Self {
        let is_short = std::fs::metadata(path).is_ok_and(|meta| meta.len() <= LIMIT_BYTES);
        let text = is_short.then(|| std::fs::read(path).ok()).flatten();
        let memory = text.and_then(|text| serde_json::from_slice::<Self>(&text).ok());
        memory.unwrap_or_default().bounded()
    }

    /// Writes it for the next window.
    pub fn write(&self) {
        self.write_to(&file());
    }

    fn write_to(&self, path: &Path) {
        if let Ok(text) = serde_json::to_vec(self) {
            // A state folder that can't be written to costs nothing but the memory.
            let _ = config::write_private(path, &text);
        }
    }

    /// Remembers that `folder` was open in the history of the repository at this path.
    pub fn set_place(&mut self, repository: &Path, folder: &RelPath) {
        let repository = encoded(repository);
        self.place = Some(Place { repository, folder: folder.encode() });
    }

    /// The folder that was open in the history of the repository at this path; `None` if another was looked at last.
    pub fn place(&self, repository: &Path) -> Option<RelPath> {
        let place = self.place.as_ref()?;
        (place.repository == encoded(repository))
            .then(|| RelPath::decode(&place.folder).ok())
            .flatten()
    }

    fn bounded(mut self) -> Self {
        self.width = self.width.clamp(*SIDE.start(), *SIDE.end());
        self.height = self.height.clamp(*SIDE.start(), *SIDE.end());
        self
    }
}

fn file() -> PathBuf {
    places::state_dir().join("window.json")
}

fn encoded(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    crate::engine::path::encode(path.as_os_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state/window.json");
        assert_eq!(WindowMemory::read_from(&file), WindowMemory::default());

        let (one, other) = (Path::new("/media/ann/Disk/Yore/ann"), Path::new("/mnt/other"));
        let open = RelPath::from_absolute(Path::new("/home/ann/Documents")).unwrap();
        let (shape, order) = ("grid".to_owned(), "newest".to_owned());
        let given = WindowMemory { width: 5, height: 900, shape, order, ..WindowMemory::default() };
        let mut memory = given;
        memory.set_place(one, &open);
        memory.write_to(&file);
        let read = WindowMemory::read_from(&file);
        assert_eq!((read.width, read.height), (360, 900));
        assert_eq!((read.shape.as_str(), read.order.as_str()), ("grid", "newest"));
        assert_eq!((read.place(one), read.place(other)), (Some(open), None));
    }

    #[test]
    fn what_makes_no_sense_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("window.json");
        for text in ["", "7", "{\"width\":\"wide\"}", "{\"width\":99999999999}", "{\"shape\":7}"] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(WindowMemory::read_from(&file), WindowMemory::default(), "{text}");
        }
        std::fs::write(&file, vec![b' '; LIMIT_BYTES as usize + 1]).unwrap();
        assert_eq!(WindowMemory::read_from(&file), WindowMemory::default());
    }
}
