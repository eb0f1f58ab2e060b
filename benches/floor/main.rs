//! What this machine can do at all, on twice as many threads as it has cores: no program that does the same can be much faster.
//!
//! `cargo bench --bench floor -- link SNAPSHOT NEW`, `copy SOURCE NEW`, `restore SNAPSHOT NEW` or `remove FOLDER`; prints seconds, until the drive has it.

mod copy;
mod crew;
mod listing;
mod pair;
mod removal;

use std::io::{Write as _, stdout};
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::fs::{Mode, OFlags};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    // Cargo adds a word of its own.
    let words: Vec<PathBuf> =
        std::env::args_os().skip(1).filter(|word| word != "--bench").map(PathBuf::from).collect();
    let words: Vec<&Path> = words.iter().map(PathBuf::as_path).collect();
    let begun = Instant::now();
    match words.as_slice() {
        [what, from, to] if what.as_os_str() == "link" => {
            pair::link_tree(from, to)?;
            sync(to)?;
        }
        [what, from, to] if ["copy", "restore"].map(Path::new).contains(what) => {
            copy::copy_tree(from, to, *what == Path::new("copy"))?;
            sync(to)?;
        }
        [what, folder] if what.as_os_str() == "remove" => {
            removal::remove_tree(folder)?;
            sync(folder.parent().ok_or("a folder in another one is wanted")?)?;
        }
        // Run with all the others, it has nothing to measure.
        [] => return Ok(()),
        _ => {
            return Err(
                "usage: link SNAPSHOT NEW, copy SOURCE NEW, restore SNAPSHOT NEW, or remove FOLDER"
                    .into(),
            );
        }
    }
    writeln!(stdout(), "{:.3}", begun.elapsed().as_secs_f64())?;
    Ok(())
}

/// Waits until the file system of `folder` has everything.
fn sync(folder: &Path) -> rustix::io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::syncfs(rustix::fs::open(folder, flags, Mode::empty())?)
}
