//! A pass over the repository that can be stopped, or killed, and gone on with later: what is done is kept in a file
//! on this computer.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::finding::{Fault, Faults, Suspect};
use super::inodes::Inodes;
use super::{Tally, VerifyOptions};
use crate::engine::dir::Dir;
use crate::engine::meta::ContentHash;
use crate::engine::path::RelPath;

/// A pass that was begun before that is begun anew: what it found was mended, or grew, since.
const OLDEST: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Ten thousand million inodes, and then some.
const LIMIT_BYTES: u64 = 4 << 30;

/// Changed with every change of what is saved: another one is as good as nothing.
const VERSION: u32 = 2;

/// What is done of a pass.
#[derive(Debug)]
pub struct Pass {
    file: PathBuf,
    repository: Uuid,
    options: VerifyOptions,
    begun: Timestamp,
    seed: [u8; 32],
    is_resumed: bool,
    /// Snapshots that are done, by name and identity, and how many entries each has.
    pub(super) done: BTreeMap<String, u64>,
    /// Inodes that were read before the pass was stopped the last time.
    pub(super) carried: Inodes,
    /// Inodes that were read since.
    pub(super) read: Inodes,
    pub(super) faults: Faults,
    pub(super) suspects: Vec<Suspect>,
    pub(super) tally: Tally,
    /// Snapshots that the index knows and that are not on the drive any more; asked each time anew.
    pub(super) vanished: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    version: u32,
    repository: [u8; 16],
    options: VerifyOptions,
    begun: Timestamp,
    seed: [u8; 32],
    done: BTreeMap<String, u64>,
    inodes: Vec<(u64, Vec<u8>)>,
    faults: Vec<(String, Fault, Vec<String>)>,
    more_faults: u64,
    suspects: Vec<SavedSuspect>,
    tally: Tally,
}

#[derive(Serialize, Deserialize)]
struct SavedSuspect {
    snapshot: String,
    path: String,
    inode: u64,
    found: Result<[u8; 32], String>,
    carried: Option<[u8; 32]>,
}

impl Pass {
    /// Goes on with the pass that `file` tells of, if that is one of this repository with the same options and not too
    /// old; else a new one begins at `now`.
    pub fn take_up(file: &Path, repository: Uuid, options: &VerifyOptions, now: Timestamp) -> Self {
        let fits = |saved: &Saved| {
            let age = now.duration_since(saved.begun);
            saved.version == VERSION
                && saved.repository == *repository.as_bytes()
                && saved.options == *options
                && (SignedDuration::ZERO..OLDEST).contains(&age)
        };
        let saved = read(file).filter(fits).and_then(|saved| Self::of(file, saved));
        let begun = || Self { file: file.to_owned(), ..Self::unkept(repository, options, now) };
        saved.unwrap_or_else(begun)
    }

    /// A pass that begins at `now` and is kept nowhere.
    pub(super) fn unkept(repository: Uuid, options: &VerifyOptions, now: Timestamp) -> Self {
        Self {
            file: PathBuf::new(),
            repository,
            options: options.clone(),
            begun: now,
            seed: *blake3::hash(Uuid::new_v4().as_bytes()).as_bytes(),
            is_resumed: false,
            done: BTreeMap::new(),
            carried: Inodes::default(),
            read: Inodes::default(),
            faults: Faults::default(),
            suspects: Vec::new(),
            tally: Tally::default(),
            vanished: Vec::new(),
        }
    }

    fn of(file: &Path, saved: Saved) -> Option<Self> {
        let mut faults = Faults::default();
        faults.more = saved.more_faults;
        for (path, fault, snapshots) in saved.faults {
            let path = RelPath::decode(&path).ok()?;
            for snapshot in snapshots {
                faults.add(&snapshot, path.clone(), fault.clone());
            }
        }
        let suspect = |saved: SavedSuspect| {
            Some(Suspect {
                snapshot: saved.snapshot,
                path: RelPath::decode(&saved.path).ok()?,
                inode: saved.inode,
                found: saved.found.map(ContentHash),
                carried: saved.carried.map(ContentHash),
            })
        };
        let mut pass = Self {
            file: file.to_owned(),
            repository: Uuid::from_bytes(saved.repository),
            options: saved.options,
            begun: saved.begun,
            seed: saved.seed,
            is_resumed: true,
            done: saved.done,
            carried: Inodes::from_pages(&saved.inodes)?,
            read: Inodes::default(),
            faults,
            suspects: saved.suspects.into_iter().map(suspect).collect::<Option<_>>()?,
            tally: saved.tally,
            vanished: Vec::new(),
        };
        pass.forget_unreadable();
        Some(pass)
    }

    /// Lets what could not be read be read again: a drive may do the next time what it refused once.
    fn forget_unreadable(&mut self) {
        let mut again: HashSet<String> = self.faults.unreadable().cloned().collect();
        let (carried, tally) = (&mut self.carried, &mut self.tally);
        self.suspects.retain(|suspect| {
            let was_read = suspect.found.is_ok();
            if !was_read {
                again.insert(suspect.snapshot.clone());
                carried.remove(suspect.inode);
                tally.files = tally.files.saturating_sub(1);
            }
            was_read
        });
        self.faults.retain(|snapshot| !again.contains(snapshot));
        self.done.retain(|key, entries| {
            let is_kept = !again.contains(name_of(key));
            if !is_kept {
                tally.snapshots = tally.snapshots.saturating_sub(1);
                tally.entries = tally.entries.saturating_sub(*entries);
            }
            is_kept
        });
    }

    /// When it began.
    pub fn begun(&self) -> Timestamp {
        self.begun
    }

    /// Whether it was begun earlier, and is gone on with.
    pub fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    /// The repository that it goes through.
    pub fn repository(&self) -> Uuid {
        self.repository
    }

    /// What it was asked for.
    pub fn options(&self) -> &VerifyOptions {
        &self.options
    }

    /// Names of the snapshots that are done, or that were looked for in vain.
    pub(super) fn looked_at(&self) -> BTreeSet<String> {
        let done = self.done.keys().map(|key| name_of(key).to_owned());
        done.chain(self.vanished.iter().cloned()).collect()
    }

    /// Whether the file with this inode number is among those that are read. Each pass chooses others.
    pub(super) fn is_chosen(&self, inode: u64) -> bool {
        let percent = u64::from(self.options.sample_percent);
        percent >= 100 || {
            let hash = blake3::keyed_hash(&self.seed, &inode.to_le_bytes());
            let mut number = [0; 8];
            number.copy_from_slice(&hash.as_bytes()[..8]);
            u64::from_le_bytes(number) % 100 < percent
        }
    }

    /// Forgets what was held for suspect in snapshots that are not among `names` any more: where the same file is in
    /// others, it is read again.
    pub(super) fn forget_gone(&mut self, names: &[String]) {
        let carried = &mut self.carried;
        self.suspects.retain(|suspect| {
            let is_there = names.contains(&suspect.snapshot);
            if !is_there {
                carried.remove(suspect.inode);
            }
            is_there
        });
        self.faults.retain(|snapshot| names.contains(snapshot));
    }

    /// Keeps what is done. Where that can't be written, the pass can't be gone on with, and that is all.
    pub(super) fn save(&self) {
        let hash = |hash: &ContentHash| hash.0;
        let suspect = |suspect: &Suspect| SavedSuspect {
            snapshot: suspect.snapshot.clone(),
            path: suspect.path.encode(),
            inode: suspect.inode,
            found: suspect.found.as_ref().map(hash).map_err(Clone::clone),
            carried: suspect.carried.as_ref().map(hash),
        };
        let faults = self.faults.list().into_iter();
        let saved = Saved {
            version: VERSION,
            repository: *self.repository.as_bytes(),
            options: self.options.clone(),
            begun: self.begun,
            seed: self.seed,
            done: self.done.clone(),
            inodes: self.read.joined_pages(&self.carried),
            faults: faults.map(|one| (one.path.encode(), one.fault, one.snapshots)).collect(),
            more_faults: self.faults.more,
            suspects: self.suspects.iter().map(suspect).collect(),
            tally: self.tally,
        };
        let Ok(bytes) = postcard::to_stdvec(&saved) else { return };
        let mut sealed = blake3::hash(&bytes).as_bytes().to_vec();
        sealed.extend_from_slice(&bytes);
        if let Some((folder, name)) = open_folder(&self.file) {
            let _ = folder.replace_file(&name, &sealed, 0o600);
        }
    }

    /// Forgets the file: all is done, and what was found is remembered elsewhere.
    pub fn end(&self) {
        if let Some((folder, name)) = open_folder(&self.file) {
            let _ = folder.unlink(&name);
        }
    }
}

/// The name in what a snapshot is called among those that are done.
fn name_of(key: &str) -> &str {
    key.split(' ').next().unwrap_or_default()
}

fn open_folder(file: &Path) -> Option<(Dir, Vec<u8>)> {
    let folder = Dir::open(file.parent()?).ok()?;
    Some((folder, file.file_name()?.as_bytes().to_vec()))
}

/// Reads what [`Pass::save`] wrote; a broken file is as good as none.
fn read(file: &Path) -> Option<Saved> {
    let (folder, name) = open_folder(file)?;
    let sealed = folder.read_file(&name, LIMIT_BYTES).ok()?;
    let (hash, bytes) = sealed.split_first_chunk::<32>()?;
    (blake3::hash(bytes) == *hash).then(|| postcard::from_bytes(bytes).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(day: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day)
    }

    fn begin(file: &Path, options: &VerifyOptions, day: i64) -> Pass {
        Pass::take_up(file, Uuid::from_u128(1), options, moment(day))
    }

    #[test]
    fn only_a_fitting_pass_is_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pass");
        let all = VerifyOptions::default();
        let mut pass = begin(&file, &all, 100);
        let path = RelPath::parse(b"a/b").unwrap();
        pass.done.insert("one".to_owned(), 3);
        pass.read.insert(7);
        pass.faults.add("one", path.clone(), Fault::Altered(vec![super::super::Aspect::Mode]));
        pass.suspects.push(Suspect {
            snapshot: "one".to_owned(),
            path,
            inode: 7,
            found: Ok(ContentHash::of(b"x")),
            carried: None,
        });
        pass.save();

        let again = begin(&file, &all, 106);
        assert!(again.is_resumed() && again.carried.contains(7) && again.done.contains_key("one"));
        assert_eq!((again.begun, again.seed), (pass.begun, pass.seed));
        assert_eq!(again.faults.list(), pass.faults.list());
        assert_eq!(again.suspects, pass.suspects);

        let sample = VerifyOptions { sample_percent: 50, ..all.clone() };
        assert!(!begin(&file, &sample, 106).is_resumed());
        assert!(!begin(&file, &all, 108).is_resumed() && !begin(&file, &all, 99).is_resumed());
        let other = Pass::take_up(&file, Uuid::from_u128(2), &all, moment(101));
        assert!(!other.is_resumed());
        let good = std::fs::read(&file).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&file, bad).unwrap();
            assert!(!begin(&file, &all, 106).is_resumed(), "{at}");
        }
    }

    #[test]
    fn what_was_suspect_in_a_snapshot_that_is_gone_is_read_again() {
        let mut pass = begin(Path::new("/nowhere/pass"), &VerifyOptions::default(), 1);
        for (inode, snapshot) in [(1, "gone"), (2, "there")] {
            pass.carried.insert(inode);
            let (path, found) = (RelPath::root(), Ok(ContentHash::of(b"x")));
            let snapshot = snapshot.to_owned();
            pass.faults.add(&snapshot, RelPath::root(), Fault::Lost);
            pass.suspects.push(Suspect { snapshot, path, inode, found, carried: None });
        }
        pass.forget_gone(&["there".to_owned()]);
        assert!(!pass.carried.contains(1) && pass.carried.contains(2));
        assert_eq!(pass.suspects.len(), 1);
        assert_eq!(pass.faults.list()[0].snapshots, ["there"]);
    }

    #[test]
    fn what_could_not_be_read_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pass");
        let options = VerifyOptions::default();
        let mut pass = begin(&file, &options, 1);
        let found = [("bad", Err("EIO".to_owned())), ("rotten", Ok(ContentHash::of(b"x")))];
        for (inode, (snapshot, found)) in (1..).zip(found) {
            let (path, snapshot) = (RelPath::root(), snapshot.to_owned());
            pass.read.insert(inode);
            pass.done.insert(format!("{snapshot} {}", Uuid::nil()), 10);
            pass.suspects.push(Suspect { snapshot, path, inode, found, carried: None });
        }
        pass.tally = Tally { snapshots: 2, entries: 20, files: 2, bytes: 9 };
        pass.save();
        let again = begin(&file, &options, 1);
        assert!(!again.carried.contains(1) && again.carried.contains(2));
        assert_eq!(again.suspects.len(), 1);
        assert!(again.done.keys().all(|key| key.starts_with("rotten ")), "{:?}", again.done);
        assert_eq!(again.tally, Tally { snapshots: 1, entries: 10, files: 1, bytes: 9 });
    }

    #[test]
    fn a_sample_is_about_as_large_as_was_asked_for_and_another_each_time() {
        let options = VerifyOptions { sample_percent: 20, ..VerifyOptions::default() };
        let chosen = |pass: &Pass| -> Vec<u64> {
            (0..10_000).filter(|inode| pass.is_chosen(*inode)).collect()
        };
        let file = Path::new("/nowhere/pass");
        let (one, two) = (chosen(&begin(file, &options, 1)), chosen(&begin(file, &options, 1)));
        assert!((1800..2200).contains(&one.len()), "{}", one.len());
        assert_ne!(one, two);
    }
}
