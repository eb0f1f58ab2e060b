//! Where Yore keeps its own files on this computer, by the XDG base directories.

use std::path::PathBuf;

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
