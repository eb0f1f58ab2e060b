//! The place that the command line names: a folder, or a file in its folder.

use std::path::{Path, PathBuf};

use crate::engine::path::RelPath;

/// What is to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder.
    Folder(RelPath),
    /// A file, shown in its folder with its history. What isn't there any more is taken for one.
    File(RelPath),
}

/// Finds out what lies at `path`; `None` for what can't be in a history. Asks the disk, so not for the main thread.
pub fn locate(path: &Path) -> Option<Place> {
    // The name itself may be a link, which is what is stored; the way to it may not.
    let real = match (path.parent(), path.file_name()) {
        (Some(above), Some(name)) => {
            above.canonicalize().map_or_else(|_| path.to_owned(), |above| above.join(name))
        }
        _ => PathBuf::from("/"),
    };
    let place = RelPath::from_absolute(&real).ok()?;
    let is_folder = std::fs::symlink_metadata(&real).is_ok_and(|meta| meta.is_dir());
    Some(if is_folder || place.is_root() { Place::Folder(place) } else { Place::File(place) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_entered_and_all_else_is_selected() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap();
        std::fs::create_dir(real.join("docs")).unwrap();
        std::fs::write(real.join("docs/a"), "a").unwrap();
        std::os::unix::fs::symlink("docs", real.join("link")).unwrap();
        let at = |name: &str| RelPath::from_absolute(&real.join(name)).unwrap();
        for (given, wanted) in [
            ("docs", Place::Folder(at("docs"))),
            ("docs/a", Place::File(at("docs/a"))),
            ("link/a", Place::File(at("docs/a"))),
            ("link", Place::File(at("link"))),
            ("docs/gone", Place::File(at("docs/gone"))),
        ] {
            assert_eq!(locate(&real.join(given)), Some(wanted), "{given}");
        }
        assert_eq!(locate(Path::new("/")), Some(Place::Folder(RelPath::root())));
        assert_eq!(locate(Path::new("not/whole")), None);
    }
}
