//! Where tests work: folders on a file system that can hold a repository, removed in the end; and
//! what a test says that can't run here.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use super::drive::must;

/// Whether this runs for the project's own checks, where nothing may be skipped.
fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// Says loudly, past the harness, that a test can't run here; a failure where nothing may be skipped.
#[track_caller]
pub fn skip(why: &str) {
    assert!(!is_ci(), "this test must run here, but {why}");
    // Straight to the stream: what is printed by macros is shown for failures alone.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {} ({why})", test_name());
}

fn test_name() -> String {
    std::thread::current().name().unwrap_or("a test").to_owned()
}

/// Whether this user is root; says so if not.
#[track_caller]
pub fn is_root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        skip("it needs root");
    }
    root
}

/// Whether a program is installed; says so if not.
#[track_caller]
pub fn has_program(name: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .any(|folder| folder.join(name).is_file());
    if !found {
        skip(&format!("{name} is not installed"));
    }
    found
}

/// An empty folder that everyone may enter, on a file system that can hold a repository.
pub fn scratch() -> TempDir {
    let folder = tempfile::Builder::new().prefix("yore-").tempdir_in(base()).unwrap();
    set_mode(folder.path(), 0o755);
    folder
}

/// The same, whose folders may be read-only in the end, also for who may not overrule that.
#[derive(Debug)]
pub struct Scratch(TempDir);

impl Scratch {
    pub fn new() -> Self {
        Self(scratch())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !nix::unistd::geteuid().is_root() {
            // A program, since its paths may be longer than any that can be told.
            let _ = Command::new("chmod").args(["-R", "u+rwX", "--"]).arg(self.path()).output();
        }
    }
}

pub fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn base() -> &'static Path {
    static BASE: OnceLock<PathBuf> = OnceLock::new();
    BASE.get_or_init(|| {
        let candidates = [env!("CARGO_TARGET_TMPDIR"), "/var/tmp", "/tmp"].map(PathBuf::from);
        let fits = |path: &&PathBuf| {
            is_open_to_all(path) && yore::app::setup::check_drive(path, &[]).is_ok()
        };
        let found = candidates.iter().find(fits);
        found.expect("no folder for temporary files is on ext4, XFS or btrfs").clone()
    })
}

fn is_open_to_all(path: &Path) -> bool {
    path.ancestors()
        .all(|path| path.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0))
}

/// A copy of this test program in `folder`, for a person who may not come by where it lies. A program of its own makes it: a
/// child that another test starts meanwhile would inherit a descriptor to write it by, and such a file can't be run.
#[track_caller]
pub fn copy_this_program(folder: &Path) -> PathBuf {
    let copy = folder.join("tests");
    must(Command::new("cp").arg("--").arg(std::env::current_exe().unwrap()).arg(&copy));
    set_mode(&copy, 0o755);
    copy
}
