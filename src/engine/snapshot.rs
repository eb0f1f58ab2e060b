//! One snapshot on the drive: staged, sealed, committed by a rename; and read back.

use std::collections::HashMap;

use jiff::Timestamp;
use rustix::io::Errno;

use super::dir::{Dir, write_all};
use super::error::{Error, Result};
use super::lines::read_lines;
use super::meta::{ContentHash, NO_ID};
use super::monitor::Monitor;
use super::overrides::{Override, OverrideLine};
use super::path::{RelPath, display};
use super::probe;
use super::repository::{FORMAT, Features, Repository};
use super::seal::{Problem, Seal};
use super::xattr;

/// The seal's file in a snapshot.
pub const SEAL_NAME: &[u8] = b"seal.json";
const OVERRIDES_NAME: &[u8] = b"overrides.jsonl";
const PROBLEMS_NAME: &[u8] = b"problems.jsonl";

/// The folder in a snapshot that holds the tree.
pub const FILES_NAME: &[u8] = b"files";

/// A seal names users, groups and sources, nothing that grows with the tree.
const SEAL_LIMIT_BYTES: u64 = 16 << 20;

/// Overrides of some millions of entries.
const LINES_LIMIT_BYTES: u64 = 4 << 30;

/// The name of a snapshot that was started at `moment`, before anything is added to make it unique.
pub fn name_of(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H-%M-%SZ").to_string()
}

/// Whether this can be a snapshot's name; anything else on the drive is left alone.
pub fn is_snapshot_name(name: &[u8]) -> bool {
    let shape = b"0000-00-00T00-00-00Z";
    let (stem, suffix) = name.split_at(name.len().min(shape.len()));
    let stem_fits = stem.len() == shape.len()
        && stem.iter().zip(shape).all(|(byte, wanted)| match wanted {
            b'0' => byte.is_ascii_digit(),
            wanted => byte == wanted,
        });
    let suffix_fits = suffix.is_empty()
        || (suffix.len() <= 8
            && suffix.len() > 1
            && suffix[0] == b'-'
            && suffix[1..].iter().all(u8::is_ascii_digit));
    stem_fits && suffix_fits
}

/// Orders the names of snapshots as they were started.
pub fn name_order(name: &str) -> (&str, u32) {
    let (stem, suffix) = name.split_at(name.len().min("0000-00-00T00-00-00Z".len()));
    (stem, suffix.strip_prefix('-').and_then(|number| number.parse().ok()).unwrap_or(0))
}

/// When the snapshot `name` was started, as its name tells; `None` if that is no moment.
pub fn started_of(name: &str) -> Option<Timestamp> {
    let civil = jiff::civil::DateTime::strptime("%Y-%m-%dT%H-%M-%SZ", name_order(name).0).ok()?;
    civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|moment| moment.timestamp())
}

/// Why a seal tells nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSeal {
    /// It is missing or broken.
    #[error("{0}")]
    Broken(String),
    /// A newer version wrote it, and this one would misread what it vouches for.
    #[error("{0}")]
    TooNew(String),
}

/// A snapshot being made.
#[derive(Debug)]
pub struct Stage {
    name: String,
    folder: Dir,
    dir: Dir,
    files: Dir,
}

impl Stage {
    /// Makes an empty stage for a run that began at `started`.
    pub fn create(repository: &Repository, started: Timestamp) -> Result<Self> {
        let folder = repository.folder("stage")?;
        let snapshots = repository.folder("snapshots")?;
        let path = repository.path().join("stage");
        let make = |errno| match errno {
            Errno::NOSPC => probe::full(repository.dir(), repository.path(), 0),
            errno => Error::drive("make a stage in", &path, errno),
        };
        let stem = name_of(started);
        let mut name = stem.clone();
        let mut number = 1;
        // A name that is still being deleted would be taken for that one's.
        let trash = repository.dir().child(b"trash").ok();
        let is_in_trash = |name: &str| {
            trash.as_ref().map_or(Ok(false), |trash| trash.has(name.as_bytes())).map_err(make)
        };
        while snapshots.has(name.as_bytes()).map_err(make)?
            || folder.has(name.as_bytes()).map_err(make)?
            || is_in_trash(&name)?
        {
            number += 1;
            name = format!("{stem}-{number}");
        }
        match Self::furnish(&folder, name.as_bytes()) {
            Ok((dir, files)) => Ok(Self { name, folder, dir, files }),
            Err(errno) => {
                // The next opening removes what can't be removed now.
                let _ = super::remove::remove_tree(&folder, name.as_bytes());
                Err(make(errno))
            }
        }
    }

    fn furnish(folder: &Dir, name: &[u8]) -> rustix::io::Result<(Dir, Dir)> {
        let dir = folder.create(name, 0o700)?;
        dir.drop_default_acl()?;
        let files = dir.create(FILES_NAME, 0o755)?;
        Ok((dir, files))
    }

    /// The name that the snapshot will have.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The root of the tree.
    pub fn files(&self) -> &Dir {
        &self.files
    }

    /// Writes overrides and problems, and the seal after them.
    pub fn seal(
        &self,
        seal: &mut Seal,
        overrides: &[u8],
        problems: &[Problem],
    ) -> rustix::io::Result<()> {
        seal.overrides = self.write_lines(OVERRIDES_NAME, overrides)?;
        let mut lines = Vec::new();
        for problem in problems {
            serde_json::to_writer(&mut lines, problem).map_err(|_| Errno::INVAL)?;
            lines.push(b'\n');
        }
        seal.problems = self.write_lines(PROBLEMS_NAME, &lines)?;
        let mut text = serde_json::to_vec_pretty(seal).map_err(|_| Errno::INVAL)?;
        text.push(b'\n');
        self.write_hashed(SEAL_NAME, &text).map(drop)
    }

    fn write_lines(&self, name: &[u8], lines: &[u8]) -> rustix::io::Result<Option<String>> {
        if lines.is_empty() {
            return Ok(None);
        }
        self.write_hashed(name, lines).map(|hash| Some(hash.to_string()))
    }

    fn write_hashed(&self, name: &[u8], content: &[u8]) -> rustix::io::Result<ContentHash> {
        let hash = ContentHash::of(content);
        let file = self.dir.create_file(name, 0o600)?;
        write_all(&file, content)?;
        xattr::write_hash(&file, &hash)?;
        Ok(hash)
    }

    /// Publishes the stage: flush, raise the number, rename, flush both folders. The rename is the commit.
    pub fn commit(
        &self,
        repository: &mut Repository,
        seq: u64,
        monitor: &Monitor,
    ) -> Result<String> {
        let path = repository.path().to_owned();
        let failed = |errno| match errno {
            Errno::NOSPC => probe::full(&self.folder, &path, 0),
            errno => Error::drive("finish the snapshot on", &path, errno),
        };
        self.dir.sync_file_system().map_err(failed)?;
        // The flush may have taken long; nothing is committed after a stop.
        monitor.check_cancelled()?;
        repository.raise_next_seq(seq)?;
        let snapshots = repository.folder("snapshots")?;
        self.folder
            .rename_to(self.name.as_bytes(), &snapshots, self.name.as_bytes())
            .map_err(failed)?;
        snapshots.sync().and_then(|()| self.folder.sync()).map_err(failed)?;
        Ok(self.name.clone())
    }
}

/// A committed snapshot, opened.
#[derive(Debug)]
pub struct Snapshot {
    dir: Dir,
}

impl Snapshot {
    /// Opens the snapshot `name`; `None` if it isn't there.
    pub fn open(repository: &Repository, name: &str) -> Result<Option<Self>> {
        if !is_snapshot_name(name.as_bytes()) {
            return Ok(None);
        }
        match repository.folder("snapshots")?.child(name.as_bytes()) {
            Ok(dir) => Ok(Some(Self { dir })),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
            Err(errno) => Err(Error::drive("open", &repository.path().join(name), errno)),
        }
    }

    /// The snapshot whose folder is open already.
    pub fn in_folder(dir: Dir) -> Self {
        Self { dir }
    }

    /// The root of the tree.
    pub fn files(&self) -> rustix::io::Result<Dir> {
        self.dir.child(FILES_NAME)
    }

    /// The snapshot's own folder.
    pub fn dir(&self) -> &Dir {
        &self.dir
    }

    /// Reads and checks the seal; the error says in English what is wrong with it.
    pub fn read_seal(&self) -> Result<Seal, BadSeal> {
        let broken = |reason: &str| BadSeal::Broken(reason.to_owned());
        let bytes = self
            .read_checked(SEAL_NAME, SEAL_LIMIT_BYTES)
            .map_err(BadSeal::Broken)?
            .ok_or_else(|| broken("it has no seal"))?;
        let unreadable = |error| BadSeal::Broken(format!("bad seal: {}", for_people(&error)));
        let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(unreadable)?;
        // Before anything else, so that a newer format's seal is not called broken.
        let format = value.get("format").and_then(serde_json::Value::as_u64).unwrap_or(0);
        if format > u64::from(FORMAT) {
            return Err(BadSeal::TooNew(format!("its format is {format}")));
        }
        let features = value.get("features").cloned().map(serde_json::from_value::<Features>);
        if let Some(feature) = features.and_then(Result::ok).unwrap_or_default().read.first() {
            return Err(BadSeal::TooNew(format!("it needs the unknown feature {feature:?}")));
        }
        let seal: Seal = serde_json::from_value(value).map_err(unreadable)?;
        if seal.format != FORMAT {
            return Err(BadSeal::Broken(format!("its format is {}", seal.format)));
        }
        if seal.seq == 0 || seal.seq > i64::MAX as u64 / 2 {
            return Err(broken("its number is absurd"));
        }
        if seal.owner.uid == NO_ID || seal.owner.gid == NO_ID {
            return Err(broken("its owner is absurd"));
        }
        if seal.sources.iter().any(|source| source.path().is_none()) {
            return Err(broken("a source's path is absurd"));
        }
        Ok(seal)
    }

    /// The hash of the overrides if the file vouches for itself, by the attribute that it carries.
    pub fn proven_overrides(&self) -> Option<String> {
        let (file, _) = self.dir.open_file(OVERRIDES_NAME).ok()?;
        let own = xattr::read_hash(&file).ok()??;
        let hash = read_lines(&file, LINES_LIMIT_BYTES, |_| {}).ok()?;
        (hash == own).then(|| own.to_string())
    }

    /// Reads the overrides that `seal` vouches for.
    pub fn read_overrides(&self, seal: &Seal) -> Result<HashMap<RelPath, Override>, String> {
        let Some(wanted) = &seal.overrides else { return Ok(HashMap::new()) };
        let (mut overrides, mut bad) = (HashMap::new(), None);
        let hash = self.read_lines(OVERRIDES_NAME, |line| match read_override(line) {
            Ok((path, change)) => drop(overrides.insert(path, change)),
            Err(reason) => bad = Some(reason),
        })?;
        if hash.ok_or("its overrides are missing")?.to_string() != *wanted {
            return Err("its overrides are not those of the seal".to_owned());
        }
        bad.map_or(Ok(overrides), Err)
    }

    /// Reads the problems; lines that can't be understood are left out.
    pub fn read_problems(&self) -> Result<Vec<Problem>, String> {
        let mut problems = Vec::new();
        self.read_lines(PROBLEMS_NAME, |line| problems.extend(serde_json::from_slice(line)))?;
        Ok(problems)
    }

    /// Gives `take` each line of a file that is as it was written, or `None` if there is none; what it took before an
    /// error means nothing.
    fn read_lines(
        &self,
        name: &[u8],
        take: impl FnMut(&[u8]),
    ) -> Result<Option<ContentHash>, String> {
        let shown = String::from_utf8_lossy(name);
        let unreadable = |errno| format!("{shown} can't be read: {errno}");
        let file = match self.dir.open_file(name) {
            Ok((file, _)) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(unreadable(errno)),
        };
        let hash = read_lines(&file, LINES_LIMIT_BYTES, take).map_err(unreadable)?;
        match xattr::read_hash(&file).map_err(unreadable)? {
            Some(own) if own != hash => Err(format!("{shown} is not as it was written")),
            _ => Ok(Some(hash)),
        }
    }

    fn read_checked(&self, name: &[u8], limit_bytes: u64) -> Result<Option<Vec<u8>>, String> {
        let shown = String::from_utf8_lossy(name);
        match self.dir.read_file(name, limit_bytes) {
            Ok(bytes) => {
                let (file, _) = self.dir.open_file(name).map_err(|errno| errno.to_string())?;
                match xattr::read_hash(&file).map_err(|errno| errno.to_string())? {
                    Some(hash) if hash != ContentHash::of(&bytes) => {
                        Err(format!("{shown} is not as it was written"))
                    }
                    _ => Ok(Some(bytes)),
                }
            }
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(format!("{shown} can't be read: {errno}")),
        }
    }
}

/// What is wrong with a text, in words that may repeat a part of it.
fn for_people(error: &serde_json::Error) -> String {
    display(error.to_string().as_bytes())
}

fn read_override(line: &[u8]) -> Result<(RelPath, Override), String> {
    let line: OverrideLine = serde_json::from_slice(line)
        .map_err(|error| format!("bad override: {}", for_people(&error)))?;
    let path = RelPath::decode(&line.path).map_err(|error| error.to_string())?;
    Ok((path, line.change))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_yore_gives_are_snapshots() {
        for (name, fits) in [
            ("2026-11-21T10-00-00Z", true),
            ("2026-11-21T10-00-00Z-2", true),
            ("2026-11-21T10-00-00Z-", false),
            ("2026-11-21T10-00-00Z/..", false),
            ("2026-11-21T10:00:00Z", false),
            ("lost+found", false),
            ("", false),
        ] {
            assert_eq!(is_snapshot_name(name.as_bytes()), fits, "{name}");
        }
        assert!(is_snapshot_name(name_of(Timestamp::UNIX_EPOCH).as_bytes()));
    }

    #[test]
    fn names_tell_moments_and_their_order() {
        let started = started_of("2026-11-21T10-00-07Z-2").unwrap();
        assert_eq!(name_of(started), "2026-11-21T10-00-07Z");
        assert_eq!(started_of("2026-02-31T10-00-00Z"), None);
        let mut names =
            ["2026-11-21T10-00-00Z-10", "2026-11-21T10-00-00Z-9", "2026-11-21T10-00-00Z"];
        names.sort_by_key(|name| name_order(name));
        assert_eq!(names.map(|name| name_order(name).1), [0, 9, 10]);
    }
}
