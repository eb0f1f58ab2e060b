//! Finds entries of every snapshot by their names. Looks at a bounded number of names and paths, however many there are.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;
use std::rc::Rc;

use super::needle::{Needle, Rank};
use super::{Answers, Chain, Entry, History, Query};
use crate::engine::error::Result;
use crate::engine::index::{Index, Link, NameId, NamedPath, NodeId, ROOT_NODE};
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;

/// How many names are looked at that begin with a text, and how many others that have it.
const NAMES: usize = 2048;

/// How many paths are looked at.
const PATHS: usize = 1024;

/// How many of those may have one name, so that a common one doesn't hide all others.
const PATHS_OF_NAME: usize = 512;

/// How long all paths together may be that are looked at: a forged index has folders of any depth.
const PATH_BYTES: usize = 4 << 20;

/// A path that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Where it was.
    pub path: RelPath,
    /// What it was in the newest version that was looked for.
    pub entry: Entry,
    /// Number of the first snapshot that has the path, of those that are left.
    pub first: u64,
    /// Number of the last one; the newest if it is still there.
    pub last: u64,
    /// It is not in the newest snapshot.
    pub is_gone: bool,
}

/// One page of hits, best first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The hits.
    pub hits: Vec<Hit>,
    /// Whether everything was looked at that could be a hit up to here; if not, more letters are needed to find the rest.
    pub is_complete: bool,
    /// The offset of the next page; `None` if there are no more hits.
    pub next: Option<usize>,
}

impl Found {
    fn nothing() -> Self {
        Self { hits: Vec::new(), is_complete: true, next: None }
    }
}

impl History {
    /// Finds entries of every snapshot by their names, those that are gone included.
    ///
    /// Best first: names that are the text, that are it but for the case of letters, that begin with it, that have a word which
    /// does, and that have it anywhere. Among equals what is still there goes first, then what was there last, then shorter
    /// paths, then paths by their bytes.
    pub fn search(&self, query: &Query) -> Result<Found> {
        self.ask(|answers| answers.search(query))
    }
}

impl Answers<'_> {
    /// As [`History::search`].
    pub fn search(&self, query: &Query) -> Result<Found> {
        let Some(needle) = Needle::parse(&query.text) else { return Ok(Found::nothing()) };
        let chain = self.chain()?;
        let since = chain.from(query.since.unwrap_or(0));
        let until = chain.up_to(query.until.unwrap_or(i64::MAX as u64));
        let (Some(newest), Some(since), Some(until)) = (chain.newest(), since, until) else {
            return Ok(Found::nothing());
        };
        if since > until {
            return Ok(Found::nothing());
        }
        let mut search = Search {
            index: self.0,
            query,
            needle,
            chain,
            newest,
            range: since..=until,
            folders: Folders { index: self.0, known: HashMap::new(), bytes_left: PATH_BYTES },
            paths_left: PATHS,
            found: Vec::new(),
            is_complete: true,
        };
        search.run()?;
        search.page()
    }
}

/// Where names are taken from: the best first, so that no bound loses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Exact,
    Beginning,
    Anywhere,
}

impl Stage {
    fn gives(self, rank: Rank) -> bool {
        self == match rank {
            Rank::Exact => Self::Exact,
            Rank::Folded | Rank::Beginning => Self::Beginning,
            Rank::Word | Rank::Inside => Self::Anywhere,
        }
    }
}

/// A path whose name and times fit.
#[derive(Debug)]
struct Candidate {
    node: NodeId,
    parent: NodeId,
    name: Rc<[u8]>,
    /// The last snapshot that has it.
    last: u64,
    /// The newest snapshot in which it was as the query wants it.
    at: u64,
}

#[derive(Debug)]
struct Search<'a> {
    index: &'a Index,
    query: &'a Query,
    needle: Needle,
    chain: Chain,
    newest: u64,
    range: RangeInclusive<u64>,
    folders: Folders<'a>,
    paths_left: usize,
    found: Vec<(RelPath, Candidate)>,
    is_complete: bool,
}

impl Search<'_> {
    /// Gathers hits, best first, until there is one more than the page needs.
    fn run(&mut self) -> Result<()> {
        let mut names_seen = 0;
        for stage in [Stage::Exact, Stage::Beginning, Stage::Anywhere] {
            let names = self.names(stage, NAMES + names_seen)?;
            names_seen += names.len();
            let mut ranks: BTreeMap<Rank, Vec<(NameId, Vec<u8>)>> = BTreeMap::new();
            for (id, name) in names {
                if let Some(rank) = self.needle.rank(&name).filter(|rank| stage.gives(*rank)) {
                    ranks.entry(rank).or_default().push((id, name));
                }
            }
            for mut names in ranks.into_values() {
                names.sort_unstable_by(|(_, one), (_, other)| {
                    (one.len(), one).cmp(&(other.len(), other))
                });
                self.look_at(names)?;
                if self.is_full() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.found.len() > self.query.offset.saturating_add(self.query.limit)
    }

    /// Up to `limit` names that may fit.
    fn names(&mut self, stage: Stage, limit: usize) -> Result<Vec<(NameId, Vec<u8>)>> {
        let text = self.needle.name();
        let mut names = match stage {
            Stage::Exact => return self.known([text.to_owned()]),
            Stage::Beginning => self.index.names_beginning(text, limit + 1)?,
            Stage::Anywhere if !self.needle.is_anywhere() => return Ok(Vec::new()),
            Stage::Anywhere => self.index.names_containing(text, limit + 1)?,
        };
        self.is_complete &= names.len() <= limit;
        names.truncate(limit);
        if stage == Stage::Beginning {
            names.append(&mut self.known(self.needle.usual_cases())?);
            names.sort_unstable();
            names.dedup();
        }
        Ok(names)
    }

    fn known(&self, names: impl IntoIterator<Item = String>) -> Result<Vec<(NameId, Vec<u8>)>> {
        let mut known = Vec::new();
        for name in names {
            let id = self.index.name_id(name.as_bytes())?;
            known.extend(id.map(|id| (id, name.into_bytes())));
        }
        Ok(known)
    }

    /// Adds the paths that have one of `names`, which are of one rank, in their order.
    fn look_at(&mut self, names: Vec<(NameId, Vec<u8>)>) -> Result<()> {
        let mut candidates = Vec::new();
        for (id, name) in names {
            let limit = PATHS_OF_NAME.min(self.paths_left);
            let mut paths = self.index.paths_named(id, *self.range.end(), limit + 1)?;
            self.is_complete &= paths.len() <= limit;
            paths.truncate(limit);
            self.paths_left -= paths.len();
            let name: Rc<[u8]> = name.into();
            candidates.extend(paths.iter().filter_map(|path| self.candidate(&name, path)));
            if self.paths_left == 0 && !self.is_complete {
                break;
            }
        }
        // Newest first is also what is still there first.
        candidates.sort_unstable_by_key(|candidate| Reverse(candidate.last));
        let mut candidates = candidates.into_iter().peekable();
        // Paths are put together only as far as the page needs them.
        while let Some(last) = candidates.peek().map(|candidate| candidate.last)
            && !self.is_full()
        {
            let mut paths = Vec::new();
            while let Some(candidate) = candidates.next_if(|candidate| candidate.last == last) {
                paths.extend(self.path_of(&candidate)?.map(|path| (path, candidate)));
            }
            paths.sort_unstable_by(|(one, _), (other, _)| {
                let (one, other) = (one.as_bytes(), other.as_bytes());
                (one.len(), one).cmp(&(other.len(), other))
            });
            self.found.append(&mut paths);
        }
        Ok(())
    }

    /// What is known of a path without its folders; `None` if it is not what the query wants.
    fn candidate(&self, name: &Rc<[u8]>, path: &NamedPath) -> Option<Candidate> {
        let life = path.life.as_ref()?;
        let version = life.version.as_ref()?;
        let last = self.chain.up_to(life.last.max(0) as u64)?;
        let (first, end) = self.chain.clip(version.first, version.last)?;
        let at = end.min(*self.range.end());
        let query = self.query;
        let fits = first <= *self.range.end()
            && end >= *self.range.start()
            && !(query.deleted_only && last == self.newest)
            && !(self.needle.folders_only() && version.kind != Kind::Directory)
            && query.kind.is_none_or(|kind| kind.takes(version.kind))
            && query.size_bytes.as_ref().is_none_or(|range| {
                version.kind == Kind::File && range.contains(&version.size_bytes)
            });
        let (node, parent) = (path.node, path.parent);
        fits.then(|| Candidate { node, parent, name: Rc::clone(name), last, at })
    }

    /// The path of `candidate`; `None` if it doesn't fit, or if too much was looked at already.
    fn path_of(&mut self, candidate: &Candidate) -> Result<Option<RelPath>> {
        let Some(mut path) = self.folders.path_of(candidate.parent)? else {
            self.is_complete = false;
            return Ok(None);
        };
        if !self.needle.fits_folder(path.as_bytes()) {
            return Ok(None);
        }
        path.push(&candidate.name);
        Ok(path.is_within(&self.query.under).then_some(path))
    }

    fn page(self) -> Result<Found> {
        let end = self.query.offset.saturating_add(self.query.limit);
        let next = (self.found.len() > end && self.query.limit > 0).then_some(end);
        let mut hits = Vec::new();
        let found = self.found.into_iter().skip(self.query.offset).take(self.query.limit);
        for (path, candidate) in found {
            let Candidate { node, name, last, at, .. } = candidate;
            let first =
                self.index.first_of(node)?.and_then(|first| self.chain.from(first.max(0) as u64));
            let state = self.index.version_at(node, at)?;
            if let (Some(first), Some((_, _, state))) = (first, state) {
                let (entry, is_gone) = (Entry::new(&name, &state), last != self.newest);
                hits.push(Hit { path, entry, first, last, is_gone });
            }
        }
        Ok(Found { hits, is_complete: self.is_complete, next })
    }
}

/// Folders, each looked up once however many paths are in it.
#[derive(Debug)]
struct Folders<'a> {
    index: &'a Index,
    known: HashMap<NodeId, Link>,
    bytes_left: usize,
}

impl Folders<'_> {
    /// The path of the folder `node`; `None` if all paths together became too long, or if there is no such folder.
    fn path_of(&mut self, node: NodeId) -> Result<Option<RelPath>> {
        let (mut nodes, mut at) = (Vec::new(), node);
        while at != ROOT_NODE {
            let Some((parent, length)) = self.link(at)? else { return Ok(None) };
            let Some(left) = self.bytes_left.checked_sub(length + 1) else { return Ok(None) };
            self.bytes_left = left;
            nodes.push(at);
            at = parent;
        }
        let names: Vec<&[u8]> = nodes
            .iter()
            .rev()
            .filter_map(|node| self.known.get(node).map(|(_, name)| name.as_slice()))
            .collect();
        Ok(RelPath::parse(&names.join(&b'/')).ok())
    }

    /// The folder above `node`, and the length of the name of `node`.
    fn link(&mut self, node: NodeId) -> Result<Option<(NodeId, usize)>> {
        if let Some((parent, name)) = self.known.get(&node) {
            return Ok(Some((*parent, name.len())));
        }
        // A forged row must not make a circle of folders.
        let Some((parent, name)) = self.index.link_of(node)?.filter(|(above, _)| *above < node)
        else {
            return Ok(None);
        };
        let length = name.len();
        self.known.insert(node, (parent, name));
        Ok(Some((parent, length)))
    }
}
