//! Finds entries of every snapshot by their names. Looks at a bounded number of names and paths, however many there are.

use std::cmp::Reverse;
use std::collections::hash_map::Entry as Slot;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::candidate::{Candidate, Filter};
use super::folders::Folders;
use super::needle::{Needle, Rank};
use super::{Answers, Chain, Entry, History, Query};
use crate::engine::error::{Error, Result};
use crate::engine::index::{Index, NameId, NamedPath, NodeId, ROOT_NODE};
use crate::engine::path::{RelPath, is_name};

/// How many names are looked at that begin with a text, and how many others that have it.
const NAMES: usize = 2048;

/// The same where most paths that have such a name may be no hits.
const NAMES_TO_FILTER: usize = 32_768;

/// How many paths are found.
const PATHS: usize = 1024;

/// How many of those may have one name, so that a common one doesn't hide all others.
const PATHS_OF_NAME: usize = 512;

/// How many paths are looked at to find so many.
const LOOKS: usize = 32_768;

/// How many of those may have one name.
const LOOKS_OF_NAME: usize = LOOKS / 2;

/// How many paths a folder may have below it to be searched path by path, whatever their names.
const PATHS_BELOW: usize = 20_000;

/// A path that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Where it was.
    pub path: RelPath,
    /// What it was in its newest version that was looked for: of the kind, the size and the time that were asked for.
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
    /// Whether names were looked for only by how they begin: the text is short, or has a folder in it.
    pub beginnings_only: bool,
    /// The offset of the next page; `None` if there are no more hits.
    pub next: Option<usize>,
}

impl Found {
    fn nothing() -> Self {
        Self { hits: Vec::new(), is_complete: true, beginnings_only: false, next: None }
    }
}

impl History {
    /// Finds entries of every snapshot by their names, those that are gone included.
    ///
    /// Best first: names that are the text, that are it but for the case of letters, that begin with it, that have a word which
    /// does, and that have it anywhere. Among equals what is still there goes first, then what was there last, then shorter
    /// paths, then paths by their bytes.
    ///
    /// # Errors
    /// [`Error::NeverSeen`] if no snapshot has the folder that is searched.
    pub fn search(&self, query: &Query) -> Result<Found> {
        self.ask(|answers| answers.search(query))
    }
}

impl Answers<'_> {
    /// As [`History::search`].
    pub fn search(&self, query: &Query) -> Result<Found> {
        let chain = self.chain()?;
        let under = self.searched_folder(&query.under, &chain)?;
        let Some(needle) = Needle::parse(&query.text) else { return Ok(Found::nothing()) };
        let filter = Filter::new(self.0, query, &chain, needle.folders_only());
        let Some(filter) = filter else {
            return Ok(Found { beginnings_only: !needle.is_anywhere(), ..Found::nothing() });
        };
        let mut search = Search {
            index: self.0,
            query,
            needle: &needle,
            chain: &chain,
            under,
            filter,
            folders: Folders::new(self.0, &needle, under),
            paths_left: PATHS,
            looks_left: LOOKS,
            found: Vec::new(),
            is_complete: true,
        };
        search.run()?;
        search.page()
    }

    /// The number of a path that a snapshot has, or that a source of one lies below.
    fn searched_folder(&self, path: &RelPath, chain: &Chain) -> Result<NodeId> {
        if path.is_root() {
            return Ok(ROOT_NODE);
        }
        let never_seen = || Error::NeverSeen(path.clone());
        let node = self.0.node_of(path)?.ok_or_else(never_seen)?;
        let lives = self.0.lives_after(node, 0, i64::MAX as u64)?;
        let mut is_there = lives.iter().any(|(first, last)| chain.clip(*first, *last).is_some());
        for snapshot in chain.all() {
            is_there = is_there
                || self
                    .0
                    .sources_of(snapshot.seq)?
                    .iter()
                    .any(|(_, source)| source.is_within(path));
        }
        if is_there { Ok(node) } else { Err(never_seen()) }
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

/// A name and how well it fits; `None` if it doesn't.
type Ranked = Option<(Rank, Rc<[u8]>)>;

#[derive(Debug)]
struct Search<'a> {
    index: &'a Index,
    query: &'a Query,
    needle: &'a Needle,
    chain: &'a Chain,
    under: NodeId,
    filter: Filter<'a>,
    folders: Folders<'a>,
    paths_left: usize,
    looks_left: usize,
    found: Vec<(RelPath, Candidate)>,
    is_complete: bool,
}

impl Search<'_> {
    /// Gathers hits, best first, until there is one more than the page needs.
    fn run(&mut self) -> Result<()> {
        if let Some(paths) = self.paths_below()? {
            return self.look_through(paths);
        }
        let most = if self.is_filtered() { NAMES_TO_FILTER } else { NAMES };
        let mut names_seen = 0;
        for stage in [Stage::Exact, Stage::Beginning, Stage::Anywhere] {
            let names = self.names(stage, most + names_seen)?;
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
        // A forged row must not name its way out of a folder.
        for name in names.into_iter().filter(|name| is_name(name.as_bytes())) {
            let id = self.index.name_id(name.as_bytes())?;
            known.extend(id.map(|id| (id, name.into_bytes())));
        }
        Ok(known)
    }

    /// Whether a path may be no hit though its name fits.
    fn is_filtered(&self) -> bool {
        self.needle.folders_only() || self.needle.is_about_folders() || self.query.is_filtered()
    }

    /// All paths at and below the folder that is searched, with the numbers of their names; `None` if they are too many.
    fn paths_below(&self) -> Result<Option<Vec<(NodeId, NameId)>>> {
        let name = self.query.under.name().map(|name| self.index.name_id(name)).transpose()?;
        let Some(name) = name.flatten() else { return Ok(None) };
        let mut paths = vec![(self.under, name)];
        let mut next = 0;
        while let Some((node, _)) = paths.get(next) {
            let limit = PATHS_BELOW.saturating_sub(paths.len());
            let children = self.index.paths_in(*node, limit + 1)?;
            if children.len() > limit {
                return Ok(None);
            }
            paths.extend(children);
            next += 1;
        }
        Ok(Some(paths))
    }

    /// Adds those of `paths` that fit.
    fn look_through(&mut self, paths: Vec<(NodeId, NameId)>) -> Result<()> {
        let mut names: HashMap<NameId, Ranked> = HashMap::new();
        let mut ranks: BTreeMap<Rank, Vec<Candidate>> = BTreeMap::new();
        for (node, id) in paths {
            let ranked = match names.entry(id) {
                Slot::Occupied(known) => known.into_mut(),
                Slot::Vacant(new) => {
                    let name = self.index.name_of(id)?.unwrap_or_default();
                    new.insert(self.needle.rank(&name).map(|rank| (rank, name.into())))
                }
            };
            if let Some((rank, name)) = ranked
                && let Some(path) = self.index.named_path(node, self.filter.until())?
            {
                let candidate = self.candidate(name, &path)?;
                ranks.entry(*rank).or_default().extend(candidate);
            }
        }
        for candidates in ranks.into_values() {
            self.add(candidates)?;
        }
        Ok(())
    }

    /// Adds the paths that have one of `names`, which are of one rank.
    fn look_at(&mut self, names: Vec<(NameId, Vec<u8>)>) -> Result<()> {
        let mut candidates = Vec::new();
        for (id, name) in names {
            candidates.append(&mut self.candidates(id, &name.into())?);
            if !self.is_complete && (self.paths_left == 0 || self.looks_left == 0) {
                break;
            }
        }
        self.add(candidates)
    }

    /// The paths that have the name `name` with the number `id`.
    fn candidates(&mut self, id: NameId, name: &Rc<[u8]>) -> Result<Vec<Candidate>> {
        let (mut candidates, mut before) = (Vec::new(), NodeId::MAX);
        let limit = PATHS_OF_NAME.min(self.paths_left);
        let mut looks = LOOKS_OF_NAME.min(self.looks_left);
        loop {
            let until = self.filter.until();
            let paths = self.index.paths_named(id, before, until, PATHS_OF_NAME + 1)?;
            for path in &paths {
                if looks == 0 {
                    self.is_complete = false;
                    return Ok(candidates);
                }
                (looks, self.looks_left) = (looks - 1, self.looks_left - 1);
                before = path.node;
                if let Some(candidate) = self.candidate(name, path)? {
                    if candidates.len() == limit {
                        self.is_complete = false;
                        return Ok(candidates);
                    }
                    self.paths_left -= 1;
                    candidates.push(candidate);
                }
            }
            if paths.len() <= PATHS_OF_NAME {
                return Ok(candidates);
            }
        }
    }

    /// What is known of a path; `None` if it is no hit.
    fn candidate(&mut self, name: &Rc<[u8]>, path: &NamedPath) -> Result<Option<Candidate>> {
        let candidate = self.filter.candidate(name, path)?;
        let is_there = candidate.is_some() && self.folders.take(path.parent, path.node)?;
        Ok(candidate.filter(|_| is_there))
    }

    /// Adds `candidates`, which are of one rank, in their order, as far as the page needs them.
    fn add(&mut self, mut candidates: Vec<Candidate>) -> Result<()> {
        // Newest first is also what is still there first.
        candidates.sort_unstable_by_key(|candidate| Reverse(candidate.last));
        let mut candidates = candidates.into_iter().peekable();
        while let Some(last) = candidates.peek().map(|candidate| candidate.last)
            && !self.is_full()
        {
            let mut paths = Vec::new();
            while let Some(candidate) = candidates.next_if(|candidate| candidate.last == last) {
                let folder = self.folders.path_of(candidate.parent)?;
                paths.extend(folder.map(|folder| (folder.join(&candidate.name), candidate)));
            }
            paths.sort_unstable_by(|(one, _), (other, _)| {
                let (one, other) = (one.as_bytes(), other.as_bytes());
                (one.len(), one).cmp(&(other.len(), other))
            });
            self.found.append(&mut paths);
        }
        Ok(())
    }

    fn page(self) -> Result<Found> {
        let end = self.query.offset.saturating_add(self.query.limit);
        let next = (self.found.len() > end && self.query.limit > 0).then_some(end);
        let newest = self.filter.newest();
        let is_complete =
            self.is_complete && self.filter.is_complete() && self.folders.is_complete();
        let mut hits = Vec::new();
        let found = self.found.into_iter().skip(self.query.offset).take(self.query.limit);
        for (path, candidate) in found {
            let Candidate { node, name, last, at, .. } = candidate;
            let first =
                self.index.first_of(node)?.and_then(|first| self.chain.from(first.max(0) as u64));
            let state = self.index.version_at(node, at)?;
            if let (Some(first), Some((_, _, state))) = (first, state) {
                let (entry, is_gone) = (Entry::new(&name, &state), last != newest);
                hits.push(Hit { path, entry, first, last, is_gone });
            }
        }
        Ok(Found { hits, is_complete, beginnings_only: !self.needle.is_anywhere(), next })
    }
}
