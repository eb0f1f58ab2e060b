//! Files that change while or just after they are read: no state is missed, and no mix of two is called good.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{Pair, comes_back};
use crate::common::attribute::get;
use crate::common::busy::Busy;
use crate::common::cli::Home;
use crate::common::drive::{LoopDrive, must};
use crate::common::node::set_mtime;
use crate::common::place::{is_root, scratch};
use crate::common::protected::{Protected, name_of};
use crate::common::tree::write;

/// So large that it can't be read between two ticks of a file system's clock.
const LARGE_BYTES: usize = 24 << 20;

/// What is stored of each file is what its hash says, whatever the source did meanwhile.
#[track_caller]
fn is_consistent(protected: &Protected, snapshot: &str) {
    for entry in fs::read_dir(protected.stored(snapshot)).unwrap() {
        let path = entry.unwrap().path();
        if path.symlink_metadata().unwrap().is_file() {
            let hash = get(&path, "user.yore.blake3").expect("a stored file has no hash");
            assert_eq!(hash, blake3::hash(&fs::read(&path).unwrap()).as_bytes(), "{path:?}");
        }
    }
}

#[test]
fn a_file_that_is_always_written_is_kept_and_called_torn() {
    let Some(pair) = Pair::sized("ext4", "ext4", 256) else { return };
    let path = pair.path("database");
    write(&path, vec![0; LARGE_BYTES]);
    let file = File::options().write(true).open(&path).unwrap();
    let writer = Busy::with(move |round| {
        let at = round * 4096 * 31 % LARGE_BYTES as u64;
        file.write_all_at(&round.to_le_bytes(), at).unwrap();
    });
    let name = pair.protected.back_up_with(3);
    let sealed = pair.protected.sealed(&name);
    assert_eq!(sealed.said(&path, "torn"), true);
    assert!(sealed.has_problem(&path));
    let stored = pair.protected.stored(&name).join("database");
    assert_eq!(stored.metadata().unwrap().len(), LARGE_BYTES as u64);
    is_consistent(&pair.protected, &name);
    // It was there, so it comes back, with a word that it may be a mix.
    let listed = pair.protected.home.json(["ls", pair.protected.source.to_str().unwrap()]);
    let entries = listed["entries"].as_array().unwrap();
    let entry = entries.iter().find(|entry| entry["name"] == "database").unwrap();
    assert_eq!(entry["torn"], true, "{entry}");

    drop(writer);
    let name = pair.comes_back("after the writer stopped");
    let sealed = pair.protected.sealed(&name);
    assert!(sealed.said(&path, "torn").is_null());
    assert_eq!(sealed.problems, []);
}

#[test]
fn a_file_that_is_cut_and_grows_meanwhile_does_no_harm() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    let path = pair.path("log");
    write(&path, vec![1; LARGE_BYTES / 4]);
    let file = File::options().write(true).open(&path).unwrap();
    let content = vec![2; LARGE_BYTES / 4];
    let writer = Busy::with(move |_| {
        file.set_len(0).unwrap();
        file.write_all_at(&content, 0).unwrap();
    });
    for _ in 0..5 {
        let answer = pair.protected.home.run(["--json", "backup"]);
        assert!(matches!(answer.code, Some(0 | 3)), "{answer:?}");
        let name = name_of(&answer.json());
        is_consistent(&pair.protected, &name);
        let is_torn = pair.protected.sealed(&name).said(&path, "torn") == true;
        assert_eq!(is_torn, answer.code == Some(3), "{answer:?}");
    }
    drop(writer);
    pair.comes_back("after the writer stopped");
}

#[test]
fn files_that_come_and_go_meanwhile_are_no_failure() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    let folder = pair.path("mail");
    (0..200).for_each(|n| write(&folder.join(format!("{n}/message")), "x"));
    let writer = Busy::with(move |round| {
        let place = folder.join(format!("{}", round % 200));
        fs::rename(place.join("message"), place.join("moved")).unwrap();
        fs::remove_dir_all(&place).unwrap();
        write(&place.join("message"), round.to_string());
    });
    let mut names = Vec::new();
    for _ in 0..5 {
        // What was gone when it was to be read was deleted; nothing is wrong with that.
        let answer = pair.protected.home.run(["--json", "backup"]);
        let name = name_of(&answer.json());
        let problems = pair.protected.sealed(&name).problems;
        assert_eq!((answer.code, problems), (Some(0), Vec::new()));
        names.push(name);
    }
    drop(writer);
    names.iter().for_each(|name| is_consistent(&pair.protected, name));
    pair.comes_back("after the writer stopped");
}

#[test]
fn a_rewrite_of_the_same_size_whose_time_was_put_back_is_seen() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    let path = pair.path("file");
    write(&path, "state 0");
    let meta = path.metadata().unwrap();
    for round in 1..6 {
        pair.protected.back_up();
        write(&path, format!("state {round}"));
        set_mtime(&path, meta.mtime(), meta.mtime_nsec() as u32).unwrap();
    }
    let last = pair.protected.back_up();
    let stored = fs::read_to_string(pair.protected.stored(&last).join("file")).unwrap();
    assert_eq!(stored, "state 5");
    for (round, name) in pair.protected.home.snapshots().iter().enumerate() {
        let stored = fs::read_to_string(pair.protected.stored(name).join("file")).unwrap();
        assert_eq!(stored, format!("state {round}"));
    }
}

#[test]
fn a_rewrite_within_one_tick_of_the_clock_is_seen() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    // Some of them have the times of the first write still.
    let paths: Vec<_> = (0..50).map(|n| pair.path(format!("file-{n}"))).collect();
    paths.iter().for_each(|path| write(path, "before"));
    let again = paths.clone();
    let first = pair.protected.back_up();
    again.iter().for_each(|path| write(path, "after!"));
    let second = pair.protected.back_up();
    for (name, content) in [(first, "before"), (second, "after!")] {
        for path in &paths {
            let stored = pair.protected.stored(&name).join(path.file_name().unwrap());
            assert_eq!(fs::read_to_string(stored).unwrap(), content);
        }
    }
}

/// A program with a file mapped into its memory; each line it is given is stored there.
struct Mapped(Child);

impl Mapped {
    const SCRIPT: &str = "import mmap, sys\n\
                          file = open(sys.argv[1], 'r+b')\n\
                          memory = mmap.mmap(file.fileno(), 0)\n\
                          for line in sys.stdin:\n    \
                              memory[0:1] = line[0].encode()\n    \
                              print('done', flush=True)\n";

    fn open(path: &Path) -> Self {
        let mut command = Command::new("python3");
        command.args(["-c", Self::SCRIPT]).arg(path);
        Self(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap())
    }

    fn store(&mut self, letter: char) {
        writeln!(self.0.stdin.as_mut().unwrap(), "{letter}").unwrap();
        let mut answer = String::new();
        BufReader::new(self.0.stdout.as_mut().unwrap()).read_line(&mut answer).unwrap();
        assert_eq!(answer, "done\n");
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_store_through_a_dirty_memory_map_is_seen() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    let path = pair.path("mapped");
    write(&path, "0 is the letter");
    let mut mapped = Mapped::open(&path);
    let mut unmoved = 0;
    let times = || {
        let meta = path.metadata().unwrap();
        (meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec())
    };
    let mut before = times();
    for letter in ['a', 'b', 'c', 'd'] {
        mapped.store(letter);
        unmoved += usize::from(times() == before);
        before = times();
        let name = pair.protected.back_up();
        let stored = fs::read_to_string(pair.protected.stored(&name).join("mapped")).unwrap();
        assert_eq!(stored, format!("{letter} is the letter"));
    }
    assert!(unmoved > 0, "each store moved the times, which shows nothing");
}

/// A source that lies in memory.
struct InMemory(tempfile::TempDir);

impl InMemory {
    fn new() -> Option<Self> {
        if !is_root() {
            return None;
        }
        let folder = scratch();
        must(Command::new("mount").args(["-t", "tmpfs", "none"]).arg(folder.path()));
        Some(Self(folder))
    }
}

impl Drop for InMemory {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).output();
    }
}

#[test]
fn a_source_in_memory_is_kept_and_it_is_said_what_cannot_be_promised() {
    let Some(memory) = InMemory::new() else { return };
    let Some(drive) = LoopDrive::of_kind("ext4") else { return };
    let source = memory.0.path().join("source");
    let protected = Protected::at(Home::new(), drive.path(), &source);
    for content in ["before", "after!"] {
        write(&source.join("file"), content);
        // Its memory maps tell nothing of their stores, ever.
        protected.home.run(["backup"]).says(0, &[source.to_str().unwrap()]);
        let name = protected.home.snapshots().pop().unwrap();
        comes_back(&protected, &name, content);
    }
}
