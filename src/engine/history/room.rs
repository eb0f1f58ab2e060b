//! What takes the room: what is in a folder, now and in its whole history.

use std::collections::BTreeMap;

use super::{Answers, Chain, Difference, History};
use crate::engine::error::Result;
use crate::engine::index::{FolderSums, NodeId, State};
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;

/// What a child of a folder takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderUsage {
    /// The child's name.
    pub name: Vec<u8>,
    /// What it is, or was at last.
    pub kind: Kind,
    /// Whether it is there at the moment.
    pub presence: Presence,
    /// Entries below it.
    pub entries: u64,
    /// Size of the file, or of all files below the folder, in bytes.
    pub bytes: u64,
    /// Sizes of every state that those files, and deleted ones below it, had in any snapshot, in bytes. Equal contents count each time.
    pub kept_bytes: u64,
}

/// Whether a child is in a folder at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    There,
    /// It was before.
    Gone,
    /// It came later.
    Later,
}

impl History {
    /// What each entry of `folder` takes in the snapshot `at`, what is most in the whole history first. Those that are not there then,
    /// but in another snapshot, are told, too; of what is no folder then, its own line alone.
    ///
    /// # Errors
    /// [`Error::NotInSnapshot`](crate::engine::error::Error::NotInSnapshot) if `folder` isn't there then.
    pub fn folder_usage(&self, folder: &RelPath, at: u64) -> Result<Vec<FolderUsage>> {
        self.ask_at_length(|answers| answers.folder_usage(folder, at))
    }
}

/// What is known of one child.
#[derive(Debug, Default)]
struct Life {
    node: Option<NodeId>,
    /// The first snapshot that has it.
    first: Option<u64>,
    /// The last snapshot of the newest version, and that version.
    newest: Option<(u64, State)>,
    /// What it is at the moment, and its bytes if it is a file.
    now: Option<(Kind, u64)>,
    was_folder: bool,
    kept_bytes: u64,
}

impl Life {
    /// Adds a version from the snapshot `first` to `last`, which comes after those that were added before.
    fn add(&mut self, chain: &Chain, at: u64, (first, last): (u64, u64), state: State) {
        self.first.get_or_insert(first);
        let before = self.newest.as_ref().filter(|(end, _)| chain.after(*end) == Some(first));
        let before = before.map(|(_, state)| state);
        if let Some(Difference::Added | Difference::Changed) =
            Difference::between(before, Some(&state))
        {
            self.kept_bytes = self.kept_bytes.saturating_add(state.file_bytes());
        }
        self.was_folder |= state.meta.kind == Kind::Directory;
        if (first..=last).contains(&at) {
            self.now = Some((state.meta.kind, state.file_bytes()));
        }
        self.newest = Some((last, state));
    }

    /// Adds that a source was below it in the snapshot `seq`.
    fn add_source(&mut self, at: u64, seq: u64) {
        self.first = Some(self.first.map_or(seq, |first| first.min(seq)));
        self.was_folder = true;
        if seq == at && self.now.is_none() {
            self.now = Some((Kind::Directory, 0));
        }
    }

    fn usage(self, name: Vec<u8>, at: u64, below: &FolderSums) -> FolderUsage {
        let newest = self.newest.map(|(_, state)| state.meta.kind);
        let presence = match self.now {
            Some(_) => Presence::There,
            None if self.first > Some(at) => Presence::Later,
            None => Presence::Gone,
        };
        let (kind, bytes) = self.now.unwrap_or((newest.unwrap_or(Kind::Directory), 0));
        FolderUsage {
            name,
            kind,
            presence,
            entries: below.entries(),
            bytes: below.bytes().saturating_add(bytes),
            kept_bytes: below.kept_bytes().saturating_add(self.kept_bytes),
        }
    }
}

impl Answers<'_> {
    fn folder_usage(&self, folder: &RelPath, at: u64) -> Result<Vec<FolderUsage>> {
        let chain = self.chain()?;
        chain.get(at)?;
        let oldest = chain.all().first().map_or(at, |row| row.seq);
        let entry = self.entry(folder, at)?.ok_or_else(|| self.not_in(folder, at))?;
        let Some(node) = self.0.node_of(folder)? else { return Ok(Vec::new()) };
        if entry.kind != Kind::Directory {
            let life = self.life_of(&chain, node, at)?;
            let sum = if life.was_folder {
                self.0.sum_folder(node, at, oldest)?
            } else {
                FolderSums::default()
            };
            return Ok(vec![life.usage(entry.name, at, &sum)]);
        }
        let lives = self.lives_in(&chain, folder, node, at)?;
        let folders = lives.values().filter(|life| life.was_folder);
        let mut sums: BTreeMap<NodeId, FolderSums> =
            folders.filter_map(|life| Some((life.node?, FolderSums::default()))).collect();
        self.0.sum_folders(node, at, oldest, &mut sums)?;
        let usage = lives.into_iter().map(|(name, life)| {
            let sum = life.node.and_then(|node| sums.get(&node)).copied().unwrap_or_default();
            life.usage(name, at, &sum)
        });
        let mut usage: Vec<FolderUsage> = usage.collect();
        usage.sort_by(|one, other| {
            let size = |usage: &FolderUsage| (usage.kept_bytes, usage.bytes);
            size(other).cmp(&size(one)).then_with(|| one.name.cmp(&other.name))
        });
        Ok(usage)
    }

    fn life_of(&self, chain: &Chain, node: NodeId, at: u64) -> Result<Life> {
        let mut life = Life { node: Some(node), ..Life::default() };
        for (first, last, state) in self.0.versions_of(node)?.into_iter().rev() {
            if let Some(bounds) = chain.clip(first, last) {
                life.add(chain, at, bounds, state);
            }
        }
        Ok(life)
    }

    /// All that any snapshot has in the folder `folder`, whose number is `node`, by name.
    fn lives_in(
        &self,
        chain: &Chain,
        folder: &RelPath,
        node: NodeId,
        at: u64,
    ) -> Result<BTreeMap<Vec<u8>, Life>> {
        let mut lives: BTreeMap<Vec<u8>, Life> = BTreeMap::new();
        self.0.each_version_in(node, |child, name, (first, last), state| {
            if let Some(bounds) = chain.clip(first, last) {
                let life = lives.entry(name.to_vec()).or_default();
                life.node = Some(child);
                life.add(chain, at, bounds, state);
            }
        })?;
        // Folders above the sources have no versions.
        let depth = folder.components().count();
        self.0.each_source(|seq, source| {
            if let Some(name) = source.components().nth(depth).filter(|_| source.is_within(folder))
            {
                lives.entry(name.to_vec()).or_default().add_source(at, seq);
            }
        })?;
        for (name, life) in lives.iter_mut().filter(|(_, life)| life.node.is_none()) {
            life.node = self.0.child_node(node, name)?;
        }
        Ok(lives)
    }
}
