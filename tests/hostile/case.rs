//! Good repositories made by the real program, and copies of them to be forged.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common::attribute;
use crate::common::canary;
use crate::common::cli::Home;
use crate::common::drive::{LoopDrive, copy_tree};
use crate::common::node;
use crate::common::place::set_mode;
use crate::common::tree::write;

/// The drive on which it all lies, and the good repositories.
pub struct Ground {
    drive: LoopDrive,
    bases: Vec<Base>,
}

/// A good repository, with everything around it.
#[derive(Debug, Clone)]
pub struct Base {
    /// Who made it.
    pub who: &'static str,
    /// The folder that is copied.
    folder: PathBuf,
    /// The repository, seen from there.
    repository: PathBuf,
    /// The snapshots, oldest first.
    pub names: Vec<String>,
}

/// A copy that is forged; programs find it under the one path that they can write to.
pub struct Case {
    /// Where it lies.
    pub root: PathBuf,
    /// Where programs see it.
    pub here: PathBuf,
    /// The repository, where it lies.
    pub repository: PathBuf,
    pub names: Vec<String>,
    /// The index as it was.
    index: Vec<u8>,
    /// What is to be mounted before anything runs: from where to where, as programs see it.
    pub mounts: RefCell<Vec<(PathBuf, PathBuf)>>,
}

impl Ground {
    /// Makes a person's repository and one of root's. `None`, loudly, where no drive can be mounted.
    pub fn new() -> Option<Self> {
        let drive = LoopDrive::in_memory(400)?;
        let here = drive.path().join("here");
        let mut bases = Vec::new();
        for (who, home) in [("a person's", Home::of_nobody()), ("root's", Home::new())] {
            fs::create_dir(&here).unwrap();
            let (names, repository) = furnish(&here, &home);
            let folder = drive.path().join(format!("base-{}", bases.len()));
            fs::rename(&here, &folder).unwrap();
            bases.push(Base { who, folder, repository, names });
        }
        fs::create_dir(&here).unwrap();
        Some(Self { drive, bases })
    }

    pub fn bases(&self) -> &[Base] {
        &self.bases
    }

    /// Where programs see what is shown to them.
    pub fn here(&self) -> PathBuf {
        self.drive.path().join("here")
    }

    /// A fresh copy of a good repository.
    pub fn case(&self, base: &Base) -> Case {
        let root = self.drive.path().join("case");
        if root.exists() {
            remove(&root);
        }
        copy_tree(&base.folder, &root);
        canary::settle(&root.join("outside"));
        Case {
            index: fs::read(root.join(&base.repository).join("index.sqlite")).unwrap(),
            repository: root.join(&base.repository),
            root,
            here: self.here(),
            names: base.names.clone(),
            mounts: RefCell::default(),
        }
    }
}

/// Removes whatever a forgery left, immutable files and the deepest trees included.
fn remove(root: &Path) {
    let removed = std::process::Command::new("rm").args(["-rf", "--"]).arg(root).output().unwrap();
    assert!(removed.status.success(), "{removed:?}");
}

/// A source with a bit of everything, and three snapshots of it; gives their names and the repository below `here`.
fn furnish(here: &Path, home: &Home) -> (Vec<String>, PathBuf) {
    let (source, drive) = (here.join("source"), here.join("drive"));
    for folder in ["drive", "target", "tmp", "outside"] {
        fs::create_dir(here.join(folder)).unwrap();
    }
    home.own(&drive);
    fill(&source, home);
    let answer = home.set_up(&drive, &[&source]);
    let repository = PathBuf::from(answer["repository"].as_str().unwrap());
    let mut names = vec![home.back_up()];
    write(&source.join("folder/second"), "another\ncontent\n");
    set_mode(&source.join("large"), 0o600);
    fs::remove_file(source.join("gone")).unwrap();
    home.own(&source.join("folder/second"));
    names.push(home.back_up());
    write(&source.join("letter"), "dearest\n");
    names.push(home.back_up());
    write(&here.join("home/config/yore/config.toml"), fs::read(home.config()).unwrap());
    (names, repository.strip_prefix(here).unwrap().to_owned())
}

fn fill(source: &Path, home: &Home) {
    write(&source.join("letter"), "dear\n");
    write(&source.join("folder/first"), "one\ncontent\n");
    write(&source.join("folder/second"), "two\n");
    write(&source.join("folder/inner/deep"), "deep");
    write(&source.join("large"), "large ".repeat(20_000));
    write(&source.join("gone"), "soon");
    fs::hard_link(source.join("letter"), source.join("same")).unwrap();
    symlink("letter", source.join("link")).unwrap();
    node::fifo(&source.join("pipe"));
    attribute::set(&source.join("letter"), "user.note", b"kept");
    for path in crate::common::tree::facts_without_content(source).keys() {
        home.own(&source.join(path));
    }
}

impl Case {
    /// One of the snapshots, counted from the first.
    pub fn snapshot(&self, number: usize) -> PathBuf {
        self.repository.join("snapshots").join(&self.names[number])
    }

    /// The newest one.
    pub fn newest(&self) -> PathBuf {
        self.snapshot(self.names.len() - 1)
    }

    /// The newest one's tree of the source.
    pub fn tree(&self) -> PathBuf {
        let below = self.source();
        self.newest().join("files").join(below.strip_prefix("/").unwrap())
    }

    /// The source, as programs see it.
    pub fn source(&self) -> PathBuf {
        self.here.join("source")
    }

    /// A canary, as programs see it.
    pub fn outside(&self, below: &str) -> PathBuf {
        self.here.join("outside").join(below)
    }

    /// The repository, as programs see it.
    pub fn seen_repository(&self) -> PathBuf {
        self.here.join(self.repository.strip_prefix(&self.root).unwrap())
    }

    /// Takes away the indexes, so that the trees and papers are read.
    pub fn forget_index(&self) {
        let _ = fs::remove_file(self.repository.join("index.sqlite"));
    }

    /// Puts the index back as it was before anything was forged.
    pub fn restore_index(&self) {
        fs::write(self.repository.join("index.sqlite"), &self.index).unwrap();
    }

    /// Changes what a snapshot says of itself, as someone would who can also say that it is right.
    pub fn reseal(&self, snapshot: &Path, change: impl FnOnce(&mut Value)) {
        let path = snapshot.join("seal.json");
        let mut seal: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut seal);
        self.put_hashed(&path, seal.to_string().as_bytes());
        self.forget_index();
    }

    /// Puts a file with the hash that belongs to it; `path` may be anything now.
    pub fn put_hashed(&self, path: &Path, content: &[u8]) {
        fs::write(path, content).unwrap();
        attribute::set(path, "user.yore.blake3", blake3::hash(content).as_bytes());
    }

    /// Gives the newest snapshot these lines of overrides beside its own, and a seal that says so.
    pub fn add_overrides(&self, lines: &[Value]) {
        let mut text = fs::read(self.newest().join("overrides.jsonl")).unwrap_or_default();
        for line in lines {
            text.extend(line.to_string().into_bytes());
            text.push(b'\n');
        }
        self.put_overrides(&text);
    }

    /// As [`Case::add_overrides`], of any bytes.
    pub fn put_overrides(&self, text: &[u8]) {
        self.put_hashed(&self.newest().join("overrides.jsonl"), text);
        let hash = blake3::hash(text).to_hex().to_string();
        self.reseal(&self.newest(), |seal| seal["overrides"] = json!(hash));
    }

    /// Changes the marker.
    pub fn remark(&self, change: impl FnOnce(&mut Value)) {
        let path = self.repository.join("repository.json");
        let mut marker: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut marker);
        fs::write(&path, marker.to_string()).unwrap();
    }

    /// The path of an entry of the source, as overrides name it.
    pub fn path_of(&self, below: &str) -> String {
        let path = self.source().join(below);
        path.to_str().unwrap().trim_start_matches('/').to_owned()
    }

    /// Runs SQL on the index as somebody who is not Yore.
    pub fn sql(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.repository.join("index.sqlite")).unwrap();
        let _ = connection.pragma_update(None, "synchronous", "OFF");
        // What one version of the index has another may lack.
        let _ = connection.execute_batch(sql);
    }
}
