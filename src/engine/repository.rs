//! A repository: made on a drive, opened through its marker, locked for writing.
//!
//! Everything that happens in it goes through the descriptor that is held here, never through its path.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::dir::Dir;
use super::error::{Context as _, Error, Result};
use super::lock::{Lock, LockKind};
use super::path::has_name;
use super::probe::{self, Capabilities};

/// The format that this program writes.
pub const FORMAT: u32 = 1;

/// The folder on a drive that holds everyone's repositories.
pub const YORE_DIR: &str = "Yore";

/// The marker: who and what a repository is.
pub const MARKER_NAME: &[u8] = b"repository.json";

const MARKER_LIMIT_BYTES: u64 = 1 << 20;

/// Features beyond the format's first form that a reader or a writer must know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Features {
    /// Without these nothing can be read rightly.
    pub read: Vec<String>,
    /// Without these nothing may be written.
    pub write: Vec<String>,
}

/// Where owner and group of a stored entry are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Owners {
    /// On the inode: the repository is written by root.
    Inode,
    /// In the seal and in overrides: the repository is written by a person.
    Seal,
}

/// The content of `repository.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// Version of the format.
    pub format: u32,
    /// What a reader or writer must know beyond the format.
    #[serde(default)]
    pub features: Features,
    /// The repository's identity, wherever it lies and whatever it is called.
    pub id: Uuid,
    /// When it was made.
    pub created: jiff::Timestamp,
    /// The computer that it was made on.
    pub host: String,
    /// The person whose it is.
    pub user: String,
    /// A keyed hash of the computer's machine id.
    pub machine: String,
    /// The number of the next snapshot; never goes back.
    pub next_seq: u64,
    /// Where owners are kept.
    pub owners: Owners,
    /// User id of the writer.
    pub euid: u32,
    /// What the drive's file system gave when the repository was made.
    #[serde(default)]
    pub capabilities: Capabilities,
}

/// Who makes or opens a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// This computer's name.
    pub host: String,
    /// The person's login name.
    pub user: String,
    /// This computer's machine id, as the system keeps it.
    pub machine_id: Vec<u8>,
    /// The person's effective user id.
    pub euid: u32,
}

impl Marker {
    /// Whether the repository is that of this person on this computer.
    pub fn is_of(&self, identity: &Identity) -> bool {
        self.machine == identity.machine()
            && self.user == identity.user
            && self.euid == identity.euid
    }
}

impl Identity {
    /// The keyed hash of the machine id, as the marker has it.
    pub fn machine(&self) -> String {
        let key = blake3::derive_key("yore 1 machine", self.machine_id.trim_ascii());
        blake3::Hash::from_bytes(key).to_hex().to_string()
    }

    /// The repository's folder name: a label, with everything that can't be in a name replaced.
    fn label(&self) -> String {
        let clean = |text: &str| -> String {
            text.chars().filter(|c| !c.is_control() && *c != '/').take(60).collect()
        };
        format!("{}@{}", clean(&self.user), clean(&self.host))
    }
}

/// An open repository.
#[derive(Debug)]
pub struct Repository {
    path: PathBuf,
    dir: Dir,
    marker: Marker,
}

impl Repository {
    /// Opens this computer's and person's repository below the drive's folder `drive`, or makes it.
    pub fn create(drive: &Path, identity: &Identity, unsafe_drive: bool) -> Result<Self> {
        let drive_dir = open_drive(drive)?;
        if !unsafe_drive {
            probe::check_kind(&drive_dir, drive)?;
        }
        if let Some(found) = Self::find(&drive_dir, drive, identity)? {
            return Ok(found);
        }
        let home = match drive_dir.child(YORE_DIR.as_bytes()) {
            Ok(home) => home,
            Err(Errno::NOENT) => {
                probe::probe(&drive_dir, drive)?;
                make_home(&drive_dir, drive)?
            }
            Err(errno) => return Err(Error::drive("open", &drive.join(YORE_DIR), errno)),
        };
        let home_path = drive.join(YORE_DIR);
        let capabilities = probe::probe(&home, &home_path)?;
        let (name, dir) = claim_folder(&home, &home_path, &identity.label())?;
        let path = home_path.join(&name);
        let marker = Marker {
            format: FORMAT,
            features: Features::default(),
            id: Uuid::new_v4(),
            created: jiff::Timestamp::now(),
            host: identity.host.clone(),
            user: identity.user.clone(),
            machine: identity.machine(),
            next_seq: 1,
            owners: if identity.euid == 0 { Owners::Inode } else { Owners::Seal },
            euid: identity.euid,
            capabilities,
        };
        let mut repository = Self { path, dir, marker };
        repository.furnish().map_err(|errno| match errno {
            Errno::NOSPC => probe::full(&home, &home_path, 0),
            errno => Error::drive("make a repository in", &home_path, errno),
        })?;
        home.sync().map_err(|errno| Error::drive("sync", &home_path, errno))?;
        Ok(repository)
    }

    /// Makes the folders, and the marker last: a folder without one is no repository.
    fn furnish(&mut self) -> rustix::io::Result<()> {
        for name in ["snapshots", "stage", "trash", "journal"] {
            self.dir.ensure(name.as_bytes(), 0o700)?;
        }
        self.dir.replace_file(b"README.txt", README.as_bytes(), 0o600)?;
        self.change_marker(|_| {}, None)
    }

    fn find(drive_dir: &Dir, drive: &Path, identity: &Identity) -> Result<Option<Self>> {
        let Ok(home) = drive_dir.child(YORE_DIR.as_bytes()) else { return Ok(None) };
        let home_path = drive.join(YORE_DIR);
        for name in home.names().context("list", &home_path)? {
            let Ok(dir) = home.child(&name) else { continue };
            let path = home_path.join(std::ffi::OsStr::from_bytes(&name));
            let Ok(marker) = read_marker(&dir, &path) else { continue };
            // Anyone may put a folder here, with a marker that says what they like.
            let is_own = dir.stat().is_ok_and(|stat| stat.stx_uid == identity.euid);
            if is_own && marker.is_of(identity) {
                return Ok(Some(Self { path, dir, marker }));
            }
        }
        Ok(None)
    }

    /// Opens the repository in the folder `path`; with `expected`, only the one with this identity.
    pub fn open(path: &Path, expected: Option<Uuid>) -> Result<Self> {
        let opened = open_drive(path).and_then(|dir| Ok((read_marker(&dir, path)?, dir)));
        let (marker, dir) = opened.map_err(|error| whose(path, error))?;
        if let Some(expected) = expected.filter(|expected| *expected != marker.id) {
            return Err(Error::OtherRepository {
                path: path.to_owned(),
                expected,
                found: marker.id,
            });
        }
        if let Some(feature) = marker.features.read.first() {
            return Err(Error::UnknownFeature { path: path.to_owned(), feature: feature.clone() });
        }
        Ok(Self { path: path.to_owned(), dir, marker })
    }

    /// Reads the marker again, which another program may have replaced.
    pub fn refresh(&mut self) -> Result<()> {
        self.marker = read_marker(&self.dir, &self.path)?;
        Ok(())
    }

    /// Refuses what needs a newer program to be written to.
    pub fn check_features(&self) -> Result<()> {
        match self.marker.features.write.first() {
            None => Ok(()),
            Some(feature) => {
                Err(Error::UnknownFeature { path: self.path.clone(), feature: feature.clone() })
            }
        }
    }

    /// Takes the writer's lock, after checking that this user may write and that the drive is there and writable.
    pub fn lock_for_writing(&mut self, euid: u32) -> Result<Lock> {
        self.check_writer(euid)?;
        let lock = Lock::take(&self.dir, &self.path, LockKind::Writer)?;
        // Whoever had the lock until now may have replaced the marker.
        self.refresh()?;
        self.check_writer(euid)?;
        Ok(lock)
    }

    fn check_writer(&self, euid: u32) -> Result<()> {
        self.check_features()?;
        let path = &self.path;
        let stat = self.dir.stat().map_err(|errno| Error::drive("examine", path, errno))?;
        // Whoever owns the folder can exchange all that is in it, whatever its marker says.
        match [self.marker.euid, stat.stx_uid].into_iter().find(|owner| *owner != euid) {
            Some(owner) => Err(Error::OtherOwner { path: path.clone(), owner, user: euid }),
            None => Ok(()),
        }
    }

    /// Takes a reader's lock, which keeps prune and mend waiting; `None` on a drive that can't be locked.
    ///
    /// # Errors
    /// [`Error::Locked`]: a deleter, who has the lock only while snapshots are renamed, was waited for in vain.
    pub fn lock_for_reading(&self) -> Result<Option<Lock>> {
        Lock::for_reading(&self.dir, &self.path)
    }

    /// The repository's folder, for messages only.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The held descriptor of the repository's folder.
    pub fn dir(&self) -> &Dir {
        &self.dir
    }

    /// What `repository.json` says.
    pub fn marker(&self) -> &Marker {
        &self.marker
    }

    /// Opens one of the repository's own folders; what somebody mounted over it is none, and is never tidied up.
    pub fn folder(&self, name: &str) -> Result<Dir> {
        let open = || {
            let folder = self.dir.child(name.as_bytes())?;
            let is_own = folder.stat()?.stx_mnt_id == self.dir.stat()?.stx_mnt_id;
            if is_own { Ok(folder) } else { Err(Errno::XDEV) }
        };
        open().map_err(|errno| Error::drive("open", &self.path.join(name), errno))
    }

    /// Makes sure that the number after `seq` is used next, durably.
    pub fn raise_next_seq(&mut self, seq: u64) -> Result<()> {
        let raise = |marker: &mut Marker| {
            marker.next_seq = marker.next_seq.max(seq.saturating_add(1));
        };
        self.change_marker(raise, None)
            .map_err(|errno| Error::drive("write", &self.path.join("repository.json"), errno))
    }

    /// Replaces the marker by a changed one, atomically; as root, the new file can be given to an owner.
    pub fn change_marker(
        &mut self,
        change: impl FnOnce(&mut Marker),
        owner: Option<(u32, u32)>,
    ) -> rustix::io::Result<()> {
        let mut marker = self.marker.clone();
        change(&mut marker);
        let mut text = serde_json::to_vec_pretty(&marker).map_err(|_| Errno::INVAL)?;
        text.push(b'\n');
        self.dir.replace_file_as(MARKER_NAME, &text, 0o600, owner)?;
        self.marker = marker;
        Ok(())
    }
}

/// Says whose a repository is that this user may not enter.
fn whose(path: &Path, error: Error) -> Error {
    let refused = matches!(&error, Error::Io { source, .. }
        if source.kind() == std::io::ErrorKind::PermissionDenied);
    let user = rustix::process::geteuid().as_raw();
    let owner = |path: &Path| rustix::fs::stat(path).ok().map(|stat| stat.st_uid);
    match owner(path).filter(|_| refused) {
        Some(owner) if owner != user => Error::OtherOwner { path: path.to_owned(), owner, user },
        // The folder is this user's and the marker is not: the folder is what changes its owner last.
        Some(_) if owner(&path.join("repository.json")).is_some_and(|owner| owner != user) => {
            Error::AdoptionUnfinished(path.to_owned())
        }
        _ => error,
    }
}

/// Whether a folder with these names in it is a repository, anyone's.
pub fn is_repository<N: AsRef<[u8]>>(dir: &Dir, names: &[N]) -> bool {
    let has = |name: &[u8]| has_name(names, name);
    has(MARKER_NAME)
        && has(b"snapshots")
        && has(b"stage")
        && dir.read_file(MARKER_NAME, MARKER_LIMIT_BYTES).is_ok_and(|bytes| {
            let value = serde_json::from_slice::<serde_json::Value>(&bytes).unwrap_or_default();
            let id = value.get("id").and_then(serde_json::Value::as_str);
            value.get("format").is_some() && id.is_some_and(|id| Uuid::parse_str(id).is_ok())
        })
}

/// Opens a folder on a drive, telling apart what may be wrong with it.
pub fn open_drive(path: &Path) -> Result<Dir> {
    Dir::open(path).map_err(|errno| match errno {
        Errno::NOENT => Error::DriveMissing(path.to_owned()),
        Errno::NOTDIR => Error::DriveNotFolder(path.to_owned()),
        errno => Error::drive("open", path, errno),
    })
}

fn make_home(drive_dir: &Dir, drive: &Path) -> Result<Dir> {
    let home = drive_dir
        .ensure(YORE_DIR.as_bytes(), 0o777)
        .map_err(|errno| Error::drive("write to", drive, errno))?;
    // Like /tmp: everyone may add a repository, and nobody may remove another's.
    match home.set_mode(0o1777) {
        Ok(()) | Err(Errno::PERM) => Ok(home),
        Err(errno) => Err(Error::drive("write to", drive, errno)),
    }
}

/// Makes a folder called `label`, or `label-2`, `label-3` … where that is taken.
fn claim_folder(home: &Dir, home_path: &Path, label: &str) -> Result<(String, Dir)> {
    for number in 1..=1000_u32 {
        let name = if number == 1 { label.to_owned() } else { format!("{label}-{number}") };
        match home.create(name.as_bytes(), 0o700) {
            Ok(dir) => return Ok((name, dir)),
            // A folder that a failed set-up left empty is as good as a new one.
            Err(Errno::EXIST) => match home.child(name.as_bytes()) {
                Ok(dir) if dir.names().is_ok_and(|names| names.is_empty()) => {
                    return Ok((name, dir));
                }
                _ => {}
            },
            Err(errno) => return Err(Error::drive("make a repository in", home_path, errno)),
        }
    }
    Err(Error::io("make a repository in", home_path, Errno::EXIST))
}

fn read_marker(dir: &Dir, path: &Path) -> Result<Marker> {
    let bytes = dir.read_file(MARKER_NAME, MARKER_LIMIT_BYTES).map_err(|errno| match errno {
        Errno::NOENT => Error::NotRepository(path.to_owned()),
        errno => Error::drive("read", &path.join("repository.json"), errno),
    })?;
    let damaged = |reason: String| Error::Damaged { path: path.join("repository.json"), reason };
    let value: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    // Before anything else, so that a newer format's marker is not called damaged.
    let format = value.get("format").and_then(serde_json::Value::as_u64).unwrap_or(0);
    if format > u64::from(FORMAT) {
        return Err(Error::NewerFormat {
            path: path.to_owned(),
            format: u32::try_from(format).unwrap_or(u32::MAX),
            known: FORMAT,
        });
    }
    if format != u64::from(FORMAT) {
        return Err(damaged("it has no valid format number".to_owned()));
    }
    serde_json::from_value(value).map_err(|error| damaged(error.to_string()))
}

/// What a person finds who opens the folder by hand.
const README: &str = include_str!("readme.txt");
