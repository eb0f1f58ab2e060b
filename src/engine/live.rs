//! A folder as it is on this computer now, to be compared with snapshots: names and metadata, no content. Reads only.

use std::path::Path;

use rustix::io::Errno;

use super::backup::keep;
use super::dir::Dir;
use super::error::{Context as _, Error, Result};
use super::index::State;
use super::meta::{ContentHash, Kind, Metadata};
use super::path::{EntryName, RelPath, has_name};
use super::repository::is_repository;
use super::rules::{Decision, FolderMarks, Rules, Why};

/// A source, and what of it is backed up.
#[derive(Debug, Clone, Copy)]
pub struct LiveSource<'a> {
    /// Its absolute path.
    pub path: &'a Path,
    /// What of it is left out.
    pub rules: &'a Rules,
    /// Whether backups go into folders on other file systems, too.
    pub cross_mounts: bool,
}

/// What is in a folder now.
#[derive(Debug, Clone, Default)]
pub struct Live {
    entries: Vec<LiveEntry>,
    unreadable: Vec<Vec<u8>>,
}

/// One entry of it.
#[derive(Debug, Clone)]
pub struct LiveEntry {
    /// Its name.
    pub name: Vec<u8>,
    /// What a `stat` tells.
    pub meta: Metadata,
    /// Hash of a symbolic link's target.
    pub target: Option<ContentHash>,
    /// The next backup leaves it out.
    pub left_out: bool,
}

impl Live {
    /// Lists `folder`, which lies in `source`, entering it through no link; nothing if there is no such folder.
    ///
    /// # Errors
    /// A folder that can't be read, or a source that is out of reach: one with nothing in it is taken for that.
    pub fn read(source: &LiveSource<'_>, folder: &RelPath) -> Result<Self> {
        let failed = |errno| Error::io("read", &folder.to_absolute(), errno);
        let root = RelPath::from_absolute(source.path)?;
        let dir = Dir::open(source.path).context("read", source.path)?;
        let mount = dir.stat().context("read", source.path)?.stx_mnt_id;
        let names = dir.names().context("read", source.path)?;
        if names.is_empty() || !folder.is_within(&root) {
            return Err(Error::io("read", source.path, Errno::NOENT));
        }
        let mut place = Place { source, mount, dir, names, path: root, out: false, left_out: None };
        for name in folder.components().skip(place.path.components().count()) {
            if !place.enter(name).map_err(failed)? {
                return Ok(Self::default());
            }
        }
        place.list().map_err(failed)
    }

    /// The entries, sorted by name bytes.
    pub fn entries(&self) -> &[LiveEntry] {
        &self.entries
    }

    /// Names of what is there, too, but can't be looked at, as a mount that doesn't answer any more.
    pub fn unreadable(&self) -> &[Vec<u8>] {
        &self.unreadable
    }
}

impl LiveEntry {
    /// Its state, as far as it is known without reading content. What isn't looked at is taken to be as in `version`.
    pub(super) fn state(&self, version: Option<&State>) -> State {
        State {
            meta: self.meta,
            hash: self.target,
            xattrs: version.and_then(|version| version.xattrs),
            fingerprint: None,
            stored_mtime: None,
            override_text: version.and_then(|version| version.override_text.clone()),
        }
    }
}

/// A live folder on the way from the source down.
struct Place<'a> {
    source: &'a LiveSource<'a>,
    /// What the source is mounted as.
    mount: u64,
    dir: Dir,
    names: Vec<EntryName>,
    path: RelPath,
    /// All in it is left out.
    out: bool,
    /// The rule that leaves it out, if it is only on the way to what an include names.
    left_out: Option<Why>,
}

impl Place<'_> {
    /// Goes into the folder `name`; `false` if there is none.
    fn enter(&mut self, name: &[u8]) -> rustix::io::Result<bool> {
        let mut marks = FolderMarks::read(&self.dir, &self.names);
        marks.left_out = self.left_out.take();
        self.out |= self.is_not_walked()?;
        self.path.push(name);
        match self.source.rules.decide(&self.path, Kind::Directory, 0, &marks) {
            Decision::In => {}
            Decision::OnTheWay(why) => self.left_out = Some(why),
            Decision::Out(_) => self.out = true,
        }
        self.dir = match self.dir.child(name) {
            Ok(dir) => dir,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(false),
            Err(errno) => return Err(errno),
        };
        self.names = self.dir.names()?;
        Ok(true)
    }

    /// Whether backups keep the folder without what is in it: it is on another file system, or holds backups.
    fn is_not_walked(&self) -> rustix::io::Result<bool> {
        let is_elsewhere = self.is_elsewhere(self.dir.stat()?.stx_mnt_id);
        Ok(is_elsewhere || is_repository(&self.dir, &self.names))
    }

    fn is_elsewhere(&self, mount: u64) -> bool {
        mount != self.mount && !self.source.cross_mounts
    }

    fn list(mut self) -> rustix::io::Result<Live> {
        self.out |= self.is_not_walked()?;
        let mut kept = self.names.clone();
        keep(self.source.rules, &self.dir, &self.path, self.left_out.take(), &mut kept);
        let mut live = Live::default();
        for name in &self.names {
            match self.entry(name, &kept) {
                Ok(entry) => live.entries.extend(entry),
                // It went meanwhile.
                Err(Errno::NOENT) => {}
                Err(_) => live.unreadable.push(name.to_vec()),
            }
        }
        Ok(live)
    }

    /// What is called `name`, given the sorted names of all that is not left out.
    fn entry(&self, name: &[u8], kept: &[EntryName]) -> rustix::io::Result<Option<LiveEntry>> {
        let stat = self.dir.stat_child(name)?;
        let Some(meta) = Metadata::from_statx(&stat) else { return Ok(None) };
        let is_covered = meta.kind != Kind::Directory && self.is_elsewhere(stat.stx_mnt_id);
        let target = match meta.kind {
            Kind::Symlink => Some(ContentHash::of(&self.dir.read_link(name)?)),
            _ => None,
        };
        let left_out = self.out || is_covered || !has_name(kept, name);
        Ok(Some(LiveEntry { name: name.to_vec(), meta, target, left_out }))
    }
}
