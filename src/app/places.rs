//! Where Yore keeps its own files on this computer, by the XDG base directories.

use std::path::{Path, PathBuf};

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

/// What can be made again.
pub fn cache_dir() -> PathBuf {
    base("XDG_CACHE_HOME", ".cache").join("yore")
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
