//! Folders in which names change places with links that lead outside, as fast as they can, while something is restored.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags};

use super::busy::Busy;
use super::canary::{self, Canaries};
use super::chance::Chance;
use super::tree::write;

/// What the name of a link ends with that a name changes places with.
const DECOY: &str = ".decoy";

/// What the folders begin with that a restore makes for itself.
const WORKSPACE: &[u8] = b".yore-restore-";

/// A folder that is held, so that whoever swaps never goes outside by his own links, and the names in it to swap.
#[derive(Debug)]
struct Held {
    dir: OwnedFd,
    names: Vec<String>,
    /// Whether folders of a restore may appear in it.
    has_workspaces: bool,
}

/// What is swapped.
#[derive(Debug)]
pub struct World {
    held: Vec<Held>,
    chance: Chance,
    outside: PathBuf,
}

/// A world with somebody at work in it.
#[derive(Debug)]
pub struct Race {
    world: Arc<Mutex<World>>,
    busy: Busy,
    outside: PathBuf,
    canaries: Canaries,
}

fn hold(path: &Path) -> OwnedFd {
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(CWD, path, flags, Mode::empty()).unwrap()
}

impl World {
    fn swap(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let at = self.chance.below(self.held.len());
        let held = &self.held[at];
        if held.has_workspaces && self.chance.is(40) {
            return self.swap_workspace(at);
        }
        if held.names.is_empty() {
            return;
        }
        let name = &held.names[self.chance.below(held.names.len())];
        exchange(&held.dir, name, format!("{name}{DECOY}"));
    }

    /// Swaps a folder that a restore just made, or what is in it, with a link.
    fn swap_workspace(&mut self, at: usize) {
        let dir = &self.held[at].dir;
        for name in names(dir).into_iter().filter(|name| name.starts_with(WORKSPACE)) {
            let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let Ok(inner) = rustix::fs::openat(dir, name.as_slice(), flags, Mode::empty()) else {
                continue;
            };
            let decoy = [name.as_slice(), DECOY.as_bytes()].concat();
            let (place, name) = if self.chance.is(50) {
                (dir, name)
            } else {
                let staged = names(&inner);
                let Some(name) = staged.get(self.chance.below(staged.len().max(1))) else {
                    continue;
                };
                (&inner, name.clone())
            };
            let decoy = if std::ptr::eq(place, dir) {
                decoy
            } else {
                [name.as_slice(), DECOY.as_bytes()].concat()
            };
            let _ = rustix::fs::symlinkat(&self.outside, place, decoy.as_slice());
            exchange(place, name.as_slice(), decoy.as_slice());
            // And back, mostly, so that the restore goes on.
            if self.chance.is(80) {
                exchange(place, name.as_slice(), decoy.as_slice());
                let _ = rustix::fs::unlinkat(place, decoy.as_slice(), AtFlags::empty());
            }
        }
    }
}

fn exchange(dir: &OwnedFd, one: impl rustix::path::Arg, other: impl rustix::path::Arg) {
    // What is gone, or not there yet, can't be swapped.
    let _ = rustix::fs::renameat_with(dir, one, dir, other, RenameFlags::EXCHANGE);
}

fn names(dir: &OwnedFd) -> Vec<Vec<u8>> {
    let Ok(listed) = rustix::fs::Dir::read_from(dir) else { return Vec::new() };
    let name = |entry: rustix::fs::DirEntry| entry.file_name().to_bytes().to_vec();
    listed.flatten().map(name).filter(|name| name != b"." && name != b"..").collect()
}

impl Race {
    /// Begins, with nothing to swap yet; `outside` is filled with canaries.
    pub fn new(outside: &Path, seed: u64) -> Self {
        Self::with(outside, seed, |_| {})
    }

    /// As [`Race::new`], with canaries that are changed before they are looked at.
    pub fn with(outside: &Path, seed: u64, change: impl FnOnce(&Path)) -> Self {
        fs::create_dir(outside).unwrap();
        canary::settle(outside);
        // What is there has the names that a restore looks for.
        for name in [
            "one/two/source/letter",
            "two/source/letter",
            "source/letter",
            "source/folder/first",
            "first",
            "letter",
        ] {
            write(&outside.join("folder").join(name), canary::SECRET);
        }
        change(outside);
        let world =
            World { held: Vec::new(), chance: Chance::new(seed), outside: outside.join("folder") };
        let world = Arc::new(Mutex::new(world));
        let at_work = Arc::clone(&world);
        let mut pauses = Chance::new(seed);
        let busy = Busy::with(move |_| {
            at_work.lock().unwrap().swap();
            // Not so fast that nothing ever gets anywhere.
            (0..1 << pauses.below(16)).for_each(|_| std::hint::spin_loop());
        });
        Self { world, busy, outside: outside.to_owned(), canaries: canary::look(outside) }
    }

    /// Lets nothing be swapped until [`Race::release`].
    pub fn hold(&self) {
        self.world.lock().unwrap().held.clear();
    }

    /// Lets each of these be swapped with a link of its own that leads to a canary.
    pub fn release(&self, places: &[PathBuf]) {
        let mut held = Vec::new();
        for place in places {
            let (folder, name) = (place.parent().unwrap(), place.file_name().unwrap());
            let name = name.to_str().unwrap().to_owned();
            let target = self.target(&name, place.is_dir());
            let decoy = folder.join(format!("{name}{DECOY}"));
            if !decoy.is_symlink() {
                symlink(target, decoy).unwrap();
            }
            held.push(Held { dir: hold(folder), names: vec![name], has_workspaces: true });
        }
        self.world.lock().unwrap().held = held;
    }

    /// The canary with the same things below it as what it changes places with.
    fn target(&self, name: &str, is_folder: bool) -> PathBuf {
        let folder = self.outside.join("folder");
        match (name, is_folder) {
            ("one" | "two" | "source", _) => folder.join(match name {
                "one" => "one",
                "two" => "two",
                _ => "source",
            }),
            (_, true) => folder.join("source/folder"),
            (_, false) => self.outside.join("secret"),
        }
    }

    /// How often something may have been swapped.
    pub fn rounds(&self) -> u64 {
        self.busy.rounds()
    }

    /// Fails if a canary is not as it was, or if what it says is found in `place`.
    #[track_caller]
    pub fn check(&self, place: &Path, what: &str) {
        let ruffled = canary::ruffled(&self.canaries, &canary::look(&self.outside), false);
        assert!(ruffled.is_empty(), "{what}: {}", ruffled.join("\n"));
        let leaks = canary::leaks(place);
        assert!(leaks.is_empty(), "{what}: {leaks:?}");
    }
}

/// Removes all that is in `folder`.
pub fn clear(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            fs::remove_dir_all(entry.path()).unwrap();
        } else {
            fs::remove_file(entry.path()).unwrap();
        }
    }
}
