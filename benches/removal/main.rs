//! How long whole trees take to be removed, as pruning does it; `benches/prune` compares that with `rm -rf`.
//!
//! `cargo bench --bench removal -- FOLDER…`; prints seconds.

use std::io::{Write as _, stdout};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use yore::engine::dir::Dir;
use yore::engine::monitor::Monitor;
use yore::engine::path::EntryName;
use yore::engine::remove::{Removal, remove_trees};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    // Cargo adds a word of its own.
    let folders = std::env::args_os().skip(1).filter(|word| word != "--bench").map(PathBuf::from);
    let mut roots = Vec::new();
    for path in folders {
        let holder = path.parent().ok_or("a folder in another one is wanted")?;
        let name = path.file_name().ok_or("a folder with a name is wanted")?;
        roots.push((Arc::new(Dir::open(holder)?), EntryName::from_slice(name.as_bytes())));
    }
    let begun = Instant::now();
    let removals = remove_trees(roots, &Monitor::new());
    let seconds = begun.elapsed().as_secs_f64();
    if let Some(left) = removals.iter().find(|removal| **removal != Removal::Gone) {
        return Err(format!("{left:?}").into());
    }
    writeln!(stdout(), "{seconds:.3}")?;
    Ok(())
}
