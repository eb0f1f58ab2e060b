//! A folder that is about to be restored, made anew for each fault, and what must hold of it afterwards.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::points::Point;
use crate::common::attribute;
use crate::common::cli::{Answer, Home};
use crate::common::drive::copy_tree;
use crate::common::place::{scratch, set_mode};
use crate::common::trace;
use crate::common::tree::{Fact, Facts, facts, without_inodes, write};

/// What is wrong, in words.
pub type Checked<T = ()> = Result<T, String>;

/// How it is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Exactly as it was.
    Exact,
    /// As [`Way::Exact`], by a person without privileges.
    ExactByPerson,
    /// As [`Way::Exact`], where the file system knows no flags of renames.
    ExactPlainly,
    /// What is there stays.
    KeepBoth,
}

/// A folder as it was and as it is.
pub struct Scene {
    pub home: Home,
    way: Way,
    /// What holds the source, and workspaces.
    folder: PathBuf,
    pristine: PathBuf,
    /// What the snapshot has.
    stored: Facts,
    words: Vec<String>,
    journals: PathBuf,
    /// What it is after an undisturbed restore.
    after: Facts,
    /// The folders whose time an undisturbed restore sets.
    steady: BTreeSet<PathBuf>,
    /// How often something was there without attributes, as it was told.
    lacking: Cell<usize>,
    _scratch: TempDir,
}

impl Scene {
    /// Backs a folder up, changes it in every way, and restores it twice undisturbed, to know what that comes to.
    pub fn new(way: Way) -> Option<Self> {
        let is_person = way == Way::ExactByPerson;
        if !trace::can_inject() || (is_person && !crate::common::place::is_root()) {
            return None;
        }
        let home = if is_person { Home::of_nobody() } else { Home::new() };
        let scratch = scratch();
        let (folder, drive) = (scratch.path().join("people"), scratch.path().join("drive"));
        for path in [&folder, &drive] {
            fs::create_dir(path).unwrap();
            home.own(path);
        }
        let source = folder.join("documents");
        fs::create_dir(&source).unwrap();
        furnish(&source);
        own_all(&home, &source);
        home.set_up(&drive, &[&source]);
        let stored = facts(&source);
        let first = home.back_up();
        change(&source);
        own_all(&home, &source);
        let pristine = scratch.path().join("pristine");
        copy_tree(&folder, &pristine);
        let mut words: Vec<String> =
            ["restore", "--at", &first, source.to_str().unwrap()].map(str::to_owned).to_vec();
        if way != Way::KeepBoth {
            words.extend(["--exact", "--no-before"].map(str::to_owned));
        }
        let journals = home.path().join("state/yore/restores");
        let (after, steady) = (Facts::new(), BTreeSet::new());
        let mut scene = Self {
            home,
            way,
            folder,
            pristine,
            stored,
            words,
            journals,
            after,
            steady,
            lacking: Cell::new(0),
            _scratch: scratch,
        };
        let ends = [scene.undisturbed(), scene.undisturbed()];
        let times = |path: &PathBuf| ends[0][path].mtime == ends[1][path].mtime;
        scene.steady = ends[0].keys().filter(|path| times(path)).cloned().collect();
        // It only holds workspaces, where one can't be made in the source itself.
        scene.steady.remove(Path::new(""));
        scene.after = scene.timed(ends[0].clone());
        Some(scene)
    }

    fn undisturbed(&self) -> Facts {
        self.reset();
        let answer = self.home.run(&self.words);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        plain(&facts(&self.folder))
    }

    /// How often the restore makes each call.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.reset();
        trace::counts(&self.home, &self.words())
    }

    /// How often undoing a restore makes each call.
    pub fn counts_of_undo(&self) -> BTreeMap<String, usize> {
        self.reset();
        assert_eq!(self.home.run(&self.words).code, Some(0));
        trace::counts(&self.home, &["undo"])
    }

    pub fn words(&self) -> Vec<&str> {
        self.words.iter().map(String::as_str).collect()
    }

    /// Makes all of it anew, and gives what is there then.
    pub fn reset(&self) -> Facts {
        fs::remove_dir_all(&self.folder).unwrap();
        let _ = fs::remove_dir_all(&self.journals);
        copy_tree(&self.pristine, &self.folder);
        facts(&self.folder)
    }

    /// Runs `yore` with a fault.
    pub fn run_under(&self, point: &Point, words: &[&str]) -> Answer {
        if self.way == Way::ExactPlainly && point.call != "renameat2" {
            let call = format!("trace={},renameat2", point.call);
            let inject = format!("inject={}", point.injection());
            let wrapper = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &call, "-e", &inject];
            let plainly = ["-e", "inject=renameat2:error=EINVAL"];
            return self.home.run_under(&[&wrapper[..], &plainly].concat(), words);
        }
        trace::run_under(&self.home, &point.injection(), None, words)
    }

    /// The one restore that is known of, if one is: its number and how far it has come.
    pub fn journal(&self) -> Checked<Option<(String, String)>> {
        let answer = self.home.run(["--json", "undo", "--list"]);
        if answer.code != Some(0) {
            return Err(format!("the journals can't be listed: {answer:?}"));
        }
        let list = answer.json();
        let known = list["restores"].as_array().unwrap();
        let text = |name: &str| known[0][name].as_str().unwrap().to_owned();
        match known.len() {
            0 => Ok(None),
            1 => Ok(Some((text("id"), text("state")))),
            many => Err(format!("{many} journals")),
        }
    }

    /// Fails if a file of a restore that isn't known of is in the folder of the journals.
    pub fn no_orphans(&self) -> Checked {
        let known = self.journal()?.map(|(id, _)| id);
        let left = || {
            let Ok(entries) = fs::read_dir(&self.journals) else { return Vec::new() };
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let is_known = |name: &String| known.as_ref().is_some_and(|id| name.starts_with(id));
            names.filter(|name| !is_known(name)).collect::<Vec<_>>()
        };
        if !left().is_empty() {
            // A backup tidies up.
            self.must(&["backup"])?;
        }
        if left().is_empty() { Ok(()) } else { Err(format!("left: {:?}", left())) }
    }

    /// Runs `yore`, which must do all of it.
    pub fn must(&self, words: &[&str]) -> Checked {
        let answer = self.home.run(words);
        if answer.code == Some(0) { Ok(()) } else { Err(format!("{words:?}: {answer:?}")) }
    }

    /// Every file is wholly old or wholly new, but for attributes that `told` calls refused, and all of the person's is
    /// somewhere.
    pub fn is_whole(&self, before: &Facts, told: &str) -> Checked {
        let now = facts(&self.folder);
        let is = |facts: &Facts, path: &Path, fact: &Fact| {
            facts.get(path).is_some_and(|one| without_inode(one) == without_inode(fact))
        };
        for (path, fact) in plain(&now).iter().filter(|(_, fact)| !fact.is_folder()) {
            let is_new = || is(&self.after, path, fact) || self.is_spare(path, fact);
            if !is(before, path, fact) && !is_new() && !self.lacks_what_is_told(path, fact, told) {
                return Err(format!("{path:?} is neither old nor new: {fact:?}"));
            }
        }
        let there: BTreeMap<u64, &Fact> =
            now.values().filter(|fact| !fact.is_folder()).map(|fact| (fact.inode, fact)).collect();
        for (path, fact) in before.iter().filter(|(_, fact)| !fact.is_folder()) {
            if there.get(&fact.inode) != Some(&fact) {
                return Err(format!("{path:?} is lost: {:?}", there.get(&fact.inode)));
            }
        }
        Ok(())
    }

    /// Whether this is the new file but for attributes that were refused, which `told` says of its path.
    fn lacks_what_is_told(&self, path: &Path, fact: &Fact, told: &str) -> bool {
        let line = format!("{}: some of its attributes", self.folder.join(path).display());
        let Some(whole) = self.after.get(path) else { return false };
        let is_less = fact.attributes.iter().all(|one| whole.attributes.contains(one));
        let filled = Fact { attributes: whole.attributes.clone(), ..fact.clone() };
        let is_told = is_less
            && without_inode(&filled) == without_inode(whole)
            && told.lines().any(|it| it.starts_with(&line));
        self.lacking.set(self.lacking.get() + usize::from(is_told));
        is_told
    }

    /// How often something was there without attributes, as it was told.
    pub fn lacking(&self) -> usize {
        self.lacking.get()
    }

    /// Whether this is a stored file beside what is there: where it could not be seen that both are the same, both are kept.
    fn is_spare(&self, path: &Path, fact: &Fact) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let stored = without_inode(fact);
        self.way == Way::KeepBoth
            && name.contains(" (20")
            && self.stored.values().any(|one| without_inode(one) == stored)
    }

    /// It is as it was before, each inode at its place.
    pub fn is_before(&self, before: &Facts) -> Checked {
        same(&timeless(plain(&facts(&self.folder))), &timeless(plain(before)), "before")
    }

    /// It is as an undisturbed restore leaves it.
    pub fn is_after(&self) -> Checked {
        let mut found = plain(&facts(&self.folder));
        let mut wanted = self.after.clone();
        let spare = |path: &PathBuf, fact: &Fact| {
            !wanted.contains_key(path) && !fact.is_folder() && self.is_spare(path, fact)
        };
        let count = found.len();
        found.retain(|path, fact| !spare(path, fact));
        if found.len() < count {
            (found, wanted) = (timeless(found), timeless(wanted));
        }
        same(&without_inodes(self.timed(found)), &without_inodes(wanted), "after")
    }

    fn timed(&self, facts: Facts) -> Facts {
        let timed = |(path, fact): (PathBuf, Fact)| {
            let is_timed = !fact.is_folder() || self.steady.contains(&path);
            let fact = if is_timed { fact } else { Fact { mtime: (0, 0), ..fact } };
            (path, fact)
        };
        facts.into_iter().map(timed).collect()
    }

    /// Workspaces keep nothing but what undoing needs.
    pub fn no_workspace(&self) -> Checked {
        let own: Vec<PathBuf> =
            facts(&self.folder).into_keys().filter(|path| is_own(path)).collect();
        if own.is_empty() { Ok(()) } else { Err(format!("left: {own:?}")) }
    }
}

fn furnish(source: &Path) {
    write(&source.join("letter.txt"), "old letter");
    write(&source.join("lost.txt"), "old lost");
    write(&source.join("same.txt"), "same");
    // Its mode comes last, and it takes no attributes after that.
    write(&source.join("closed.txt"), "old closed");
    attribute::set(&source.join("closed.txt"), "user.note", b"kept");
    set_mode(&source.join("closed.txt"), 0o444);
    write(&source.join("mode.txt"), "mode");
    write(&source.join("album/inner/two.jpg"), "two".repeat(9_000));
    set_mode(&source.join("album/inner"), 0o555);
    write(&source.join("adjusted/a"), "a");
    set_mode(&source.join("adjusted"), 0o750);
    write(&source.join("fixed/inside"), "old inside");
    set_mode(&source.join("fixed"), 0o555);
    write(&source.join("linked/one"), "old links");
    fs::hard_link(source.join("linked/one"), source.join("linked/two")).unwrap();
    write(&source.join("notes.db"), "old base");
    write(&source.join("notes.db-wal"), "old log");
    symlink("letter.txt", source.join("link")).unwrap();
}

fn change(source: &Path) {
    write(&source.join("letter.txt"), "a new letter");
    for name in ["lost.txt", "closed.txt"] {
        fs::remove_file(source.join(name)).unwrap();
    }
    set_mode(&source.join("mode.txt"), 0o600);
    set_mode(&source.join("album/inner"), 0o755);
    fs::remove_dir_all(source.join("album")).unwrap();
    set_mode(&source.join("adjusted"), 0o700);
    set_mode(&source.join("fixed"), 0o755);
    write(&source.join("fixed/inside"), "a new inside");
    set_mode(&source.join("fixed"), 0o555);
    write(&source.join("linked/one"), "new links");
    write(&source.join("notes.db"), "a new base");
    write(&source.join("notes.db-wal"), "a new log");
    write(&source.join("notes.db-shm"), "shared");
    write(&source.join("newer.txt"), "newer");
    write(&source.join("newer/file"), "newer file");
    set_mode(&source.join("newer"), 0o555);
    fs::remove_file(source.join("link")).unwrap();
    write(&source.join("link/inside"), "a folder in the way of a link");
}

fn own_all(home: &Home, source: &Path) {
    home.own(source);
    for path in facts(source).into_keys() {
        home.own(&source.join(path));
    }
}

fn is_own(path: &Path) -> bool {
    path.to_string_lossy().contains(".yore-restore-")
}

fn without_inode(fact: &Fact) -> Fact {
    Fact { inode: 0, ..fact.clone() }
}

fn plain(facts: &Facts) -> Facts {
    facts
        .iter()
        .filter(|(path, _)| !is_own(path))
        .map(|(path, fact)| (path.clone(), fact.clone()))
        .collect()
}

fn timeless(facts: Facts) -> Facts {
    let timeless = |(path, fact): (PathBuf, Fact)| {
        let mtime = if fact.is_folder() { (0, 0) } else { fact.mtime };
        (path, Fact { mtime, ..fact })
    };
    facts.into_iter().map(timeless).collect()
}

fn same(found: &Facts, wanted: &Facts, what: &str) -> Checked {
    let paths: BTreeSet<&PathBuf> = found.keys().chain(wanted.keys()).collect();
    let differ: Vec<String> = paths
        .into_iter()
        .filter(|path| found.get(*path) != wanted.get(*path))
        .map(|path| format!("{path:?}: {:?} is not {:?}", found.get(path), wanted.get(path)))
        .collect();
    if differ.is_empty() { Ok(()) } else { Err(format!("not as {what}: {}", differ.join("\n  "))) }
}
