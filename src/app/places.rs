//! Where Yore keeps its own files on this computer, by the XDG base directories.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::engine::repository::YORE_DIR;

fn base(variable: &str, below_home: &str) -> PathBuf {
    match std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute()) {
        Some(path) => path,
        None => home().join(below_home),
    }
}

/// The person's home folder.
pub fn home() -> PathBuf {
    std::env::home_dir().unwrap_or_else(|| PathBuf::from("/"))
}

/// The configuration, if the command line names no other.
pub fn config_file() -> PathBuf {
    base("XDG_CONFIG_HOME", ".config").join("yore/config.toml")
}

/// What is remembered between runs.
pub fn state_dir() -> PathBuf {
    base("XDG_STATE_HOME", ".local/state").join("yore")
}

/// What this computer knows of the repository `id` while its drive is away.
pub fn history_dir(id: Uuid) -> PathBuf {
    state_dir().join("history").join(id.to_string())
}

/// What can be made again.
pub fn cache_dir() -> PathBuf {
    base("XDG_CACHE_HOME", ".cache").join("yore")
}

/// What lasts as long as the person is logged in, and is in memory; `None` if there is no such place.
pub fn runtime_dir() -> Option<PathBuf> {
    let path = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from)?;
    path.is_absolute().then(|| path.join("yore"))
}

/// The person's folder for downloads, as the desktop's `user-dirs.dirs` has it; `None` if there is none of its own.
pub fn downloads() -> Option<PathBuf> {
    let file = base("XDG_CONFIG_HOME", ".config").join("user-dirs.dirs");
    let home = home();
    match std::fs::read_to_string(file) {
        Ok(text) => user_dir(&text, "XDG_DOWNLOAD_DIR", &home).filter(|path| *path != home),
        Err(_) => Some(home.join("Downloads")),
    }
}

/// What people call the drive of the repository at this path: the name of the folder around our own.
pub fn drive_of(repository: &Path) -> &Path {
    let own = repository.ancestors().find(|above| above.file_name() == Some(YORE_DIR.as_ref()));
    let drive = own.and_then(Path::parent).unwrap_or(repository);
    drive.file_name().map_or(drive, Path::new)
}

/// The folder that a line such as `XDG_DOWNLOAD_DIR="$HOME/Downloads"` names; the last one counts.
fn user_dir(text: &str, key: &str, home: &Path) -> Option<PathBuf> {
    let value =
        text.lines().rev().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='))?;
    let value = value.strip_prefix('"')?.strip_suffix('"')?;
    match value.strip_prefix("$HOME") {
        Some(below) => Some(home.join(below.trim_matches('/'))),
        None => Some(PathBuf::from(value)).filter(|path| path.is_absolute()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drive_has_the_name_of_the_folder_that_it_is_mounted_at() {
        for (repository, wanted) in [
            ("/media/ann/My Disk/Yore/ann@laptop", "My Disk"),
            ("/Yore/ann@laptop", "/"),
            ("/media/ann/copied", "copied"),
        ] {
            assert_eq!(drive_of(Path::new(repository)), Path::new(wanted), "{repository}");
        }
    }

    #[test]
    fn the_folder_for_downloads_is_read_as_the_desktop_writes_it() {
        let read = |text: &str| user_dir(text, "XDG_DOWNLOAD_DIR", Path::new("/home/ann"));
        for (text, wanted) in [
            (
                "# x\nXDG_DOWNLOAD_DIR=\"$HOME/Téléchargements\"\n",
                Some("/home/ann/Téléchargements"),
            ),
            ("XDG_DOWNLOAD_DIR=\"/data/in\"\n", Some("/data/in")),
            ("XDG_DOWNLOAD_DIR=\"$HOME/\"\n", Some("/home/ann/")),
            ("XDG_DOWNLOAD_DIR=\"in\"\n", None),
            ("XDG_MUSIC_DIR=\"$HOME/Music\"\n", None),
        ] {
            assert_eq!(read(text), wanted.map(PathBuf::from), "{text}");
        }
    }
}
