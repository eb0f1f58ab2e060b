//! What a forged drive must not do: hundreds of forged repositories are opened by the real program as root, where
//! canaries tell of every step beyond the repository and the folder that is restored to.
//!
//! `YORE_HOSTILE=all` asks everything of every one of them, `YORE_HOSTILE=TEXT` of those with that text in their names;
//! else each of a sample is asked a little. `YORE_SEED=n` takes another sample.

mod case;
mod commands;
mod forged;
mod indexes;
mod papers;
mod places;
mod trees;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use case::{Base, Case, Ground};
use commands::{Asked, READERS, RESTORES, WRITERS, Writes};

use crate::common::canary::{self, Canaries};
use crate::common::chance::Chance;
use crate::common::race::clear;
use crate::common::sandbox::{Ran, Sandbox};

/// How many are tried where not all are.
const SAMPLE: usize = 100;

/// A way to forge a repository.
pub struct Forgery {
    name: String,
    make: Box<dyn Fn(&Case) + Send + Sync>,
    /// Whether canaries get names in the repository, which it may read and remove.
    shares: bool,
}

impl fmt::Debug for Forgery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

fn forgery(name: impl Into<String>, make: impl Fn(&Case) + Send + Sync + 'static) -> Forgery {
    Forgery { name: name.into(), make: Box::new(make), shares: false }
}

fn sharing(name: impl Into<String>, make: impl Fn(&Case) + Send + Sync + 'static) -> Forgery {
    Forgery { shares: true, ..forgery(name, make) }
}

fn forgeries() -> Vec<Forgery> {
    let mut all = papers::all();
    all.extend(places::all());
    all.extend(trees::all());
    all.extend(indexes::all());
    all
}

/// One forged repository under examination.
struct Trial<'a> {
    sandbox: &'a Sandbox,
    case: &'a Case,
    forgery: &'a Forgery,
    canaries: Canaries,
    source: Canaries,
}

impl<'a> Trial<'a> {
    fn begin(ground: &Ground, sandbox: &'a Sandbox, case: &'a Case, forgery: &'a Forgery) -> Self {
        (forgery.make)(case);
        sandbox.show(&case.root);
        for (from, to) in case.mounts.borrow().iter() {
            sandbox.mount(from, to);
        }
        assert_eq!(case.here, ground.here());
        let look = |below: &str| canary::look(&case.root.join(below));
        Self { sandbox, case, forgery, canaries: look("outside"), source: look("source") }
    }

    /// Runs one command, and says what it did that it must not.
    fn ask(&mut self, asked: Asked, is_json: bool) -> Vec<String> {
        let home = self.case.here.join("home");
        let folders = ["config", "state", "cache"].map(|name| home.join(name));
        let tmp = self.case.here.join("tmp");
        let environment: [(&str, &OsStr); 8] = [
            ("LC_ALL", "C.UTF-8".as_ref()),
            ("TZ", "UTC".as_ref()),
            ("HOME", home.as_os_str()),
            ("XDG_CONFIG_HOME", folders[0].as_os_str()),
            ("XDG_STATE_HOME", folders[1].as_os_str()),
            ("XDG_CACHE_HOME", folders[2].as_os_str()),
            ("TMPDIR", tmp.as_os_str()),
            ("RUST_BACKTRACE", "1".as_ref()),
        ];
        let arguments = asked.arguments(self.case, is_json);
        let ran = self.sandbox.run(env!("CARGO_BIN_EXE_yore"), &arguments, &environment);
        let mut wrong = answer(&ran, is_json);
        wrong.extend(self.outside(asked.writes));
        if asked.writes != Writes::Nothing {
            wrong.extend(self.restored(asked.writes));
        }
        if asked.writes == Writes::Anything {
            // What came back with its privileges is not what later ones bring.
            clear(&self.case.root.join("target"));
        }
        if asked.writes == Writes::Source {
            self.source = canary::look(&self.case.root.join("source"));
        }
        let told = |what| format!("{:?}: {} (json {is_json}): {what}", self.forgery, asked.words);
        wrong.into_iter().map(told).collect()
    }

    /// What is not as it was, beyond the repository and where the command may write.
    fn outside(&self, writes: Writes) -> Vec<String> {
        let look = |below: &str| canary::look(&self.case.root.join(below));
        let mut wrong = canary::ruffled(&self.canaries, &look("outside"), self.forgery.shares);
        if writes != Writes::Source {
            wrong.extend(canary::ruffled(&self.source, &look("source"), false));
        }
        let names = |below: &str| -> BTreeSet<String> {
            let found = fs::read_dir(self.case.root.join(below)).unwrap();
            found.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
        };
        let wanted = [
            ("", "drive home outside source target tmp"),
            ("tmp", ""),
            ("drive", "Yore"),
            ("home", "cache config state"),
        ];
        for (folder, allowed) in wanted {
            let found = names(folder);
            let is_strange = |name: &&String| !allowed.split(' ').any(|allowed| allowed == *name);
            // What a run restores to its original place may be beside the source.
            wrong.extend(
                found.iter().filter(is_strange).map(|name| format!("made {folder}/{name}")),
            );
        }
        wrong
    }

    /// What came back that must not.
    fn restored(&self, writes: Writes) -> Vec<String> {
        let mut wrong = Vec::new();
        for place in ["target", "source"].map(|name| self.case.root.join(name)) {
            if !self.forgery.shares {
                let leaks = canary::leaks(&place);
                wrong.extend(leaks.iter().map(|path| format!("{path:?} has the secret")));
            }
            if writes != Writes::Anything {
                wrong.extend(privileged(&place));
            }
        }
        wrong
    }
}

/// What is wrong with how a program ended, or with what it said.
fn answer(ran: &Ran, is_json: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let both = [ran.out.as_slice(), b"\n", ran.err.as_slice()].concat();
    let text = String::from_utf8_lossy(&both);
    let start: String = text.chars().take(3000).collect();
    if !matches!(ran.code, Some(0..=3)) {
        wrong.push(format!("ended with {:?}: {start}", ran.code));
    }
    if text.contains("panicked") {
        wrong.push(format!("panicked: {start}"));
    }
    if text.contains("Read-only file system") {
        wrong.push(format!("tried to write elsewhere: {start}"));
    }
    let is_obeyed = |c: char| c.is_control() && c != '\n';
    if let Some(at) = text.find(is_obeyed) {
        let around: String = text[at..].chars().take(80).collect();
        wrong.push(format!("a terminal would obey {around:?}"));
    }
    if std::str::from_utf8(&both).is_err() {
        wrong.push(format!("broken letters: {start}"));
    }
    if is_json
        && ran.code == Some(0)
        && serde_json::from_slice::<serde_json::Value>(&ran.out).is_err()
    {
        wrong.push(format!("no JSON: {start}"));
    }
    wrong
}

/// Programs with more rights than who runs them, and devices.
fn privileged(at: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![at.to_owned()];
    while let Some(path) = waiting.pop() {
        let Ok(meta) = path.symlink_metadata() else { continue };
        let kind = meta.file_type();
        if kind.is_dir() {
            let Ok(children) = fs::read_dir(&path) else { continue };
            waiting.extend(children.flatten().map(|child| child.path()));
        } else if kind.is_block_device() || kind.is_char_device() {
            found.push(format!("{path:?} is a device"));
        } else if kind.is_file() && meta.mode() & 0o6000 != 0 {
            found.push(format!("{path:?} has mode {:o}", meta.mode()));
        } else if kind.is_file()
            && crate::common::attribute::get(&path, "security.capability").is_some()
        {
            found.push(format!("{path:?} has capabilities"));
        }
    }
    found
}

/// What each of a sample is asked: one of each sort, and the index in between.
fn a_few(chance: &mut Chance) -> Vec<Asked> {
    let reader = if chance.is(20) { chance.of(&RESTORES) } else { chance.of(&READERS) };
    vec![reader, chance.of(&RESTORES), chance.of(&WRITERS)]
}

/// Everything, in an order in which what is taken away is asked for before.
fn everything() -> Vec<Asked> {
    READERS.into_iter().chain(RESTORES).chain(WRITERS).chain(READERS).collect()
}

/// Forges one repository and asks it; each command by itself, where what one does would hide another.
fn examine(
    ground: &Ground,
    sandbox: &Sandbox,
    base: &Base,
    forgery: &Forgery,
    asked: &[Asked],
    chance: &mut Chance,
) -> (Vec<String>, Duration) {
    let mut slowest = Duration::ZERO;
    let case = ground.case(base);
    let mut trial = Trial::begin(ground, sandbox, &case, forgery);
    let mut wrong = Vec::new();
    for asked in asked {
        let begun = Instant::now();
        let found = trial.ask(*asked, chance.is(25));
        slowest = slowest.max(begun.elapsed());
        wrong.extend(found.into_iter().map(|what| format!("{}: {what}", base.who)));
        if !wrong.is_empty() {
            break;
        }
    }
    (wrong, slowest)
}

#[test]
fn forged_repositories_do_nothing_outside() {
    let Some(ground) = Ground::new() else { return };
    let Some(sandbox) = Sandbox::new(&ground.here()) else { return };
    let wish = std::env::var("YORE_HOSTILE").unwrap_or_default();
    let seed = std::env::var("YORE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut chance = Chance::new(seed);
    let mut all = forgeries();
    let names: BTreeSet<&str> = all.iter().map(|forgery| forgery.name.as_str()).collect();
    assert_eq!(names.len(), all.len(), "two forgeries have the same name");
    assert!(all.len() >= 100, "{} forgeries", all.len());
    match wish.as_str() {
        "all" => {}
        "" => {
            while all.len() > SAMPLE {
                all.swap_remove(chance.below(all.len()));
            }
        }
        text => all.retain(|forgery| forgery.name.contains(text)),
    }
    let (mut wrong, mut slowest) = (Vec::new(), (Duration::ZERO, String::new()));
    for (number, forgery) in all.iter().enumerate() {
        for (which, base) in ground.bases().iter().enumerate() {
            if wish.is_empty() && which != number % 2 {
                continue;
            }
            let asked = if wish.is_empty() { a_few(&mut chance) } else { everything() };
            let (found, took) = examine(&ground, &sandbox, base, forgery, &asked, &mut chance);
            if took > slowest.0 {
                slowest = (took, forgery.name.clone());
            }
            wrong.extend(found);
        }
    }
    eprintln!("{} forged repositories; the slowest answer took {slowest:?}", all.len());
    assert!(wrong.is_empty(), "YORE_SEED={seed}: {} wrong\n{}", wrong.len(), wrong.join("\n"));
}
