//! What was deleted: the last state of every path that is gone, as of a moment, newest first.
//!
//! A folder that is gone with all in it is one row, unless only some deletions are asked for and it isn't one of them. What was moved, is left out by a rule or is in no source any more wasn't deleted. It
//! is found by going down through what changed in each snapshot: what stayed is never looked at.

use super::lost::{Judge, Lost, Moment};
use super::way::Way;
use super::{Answers, Chain, Entry, KindFilter};
use crate::engine::error::{Error, Result};
use crate::engine::index::{NodeId, State};
use crate::engine::meta::Kind;
use crate::engine::path::{RelPath, is_name};
use crate::engine::rules::{Decision, Facts};

/// How many entries are looked at for a page: what it lacks then comes with the next one.
const PAGE_LOOKED_AT: usize = 50_000;

/// The most rows of a page.
const PAGE_ROWS: usize = 1_000;

/// Which deletions are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeletedQuery {
    /// Only what was in this folder, or the folder itself.
    pub under: RelPath,
    /// Number of the snapshot from which one looks back; the newest if it isn't given.
    pub before: Option<u64>,
    /// Only what was in the folder itself, not in those below it.
    pub only_children: bool,
    /// Only what has this in its name, in upper or lower case.
    pub name_contains: Option<String>,
    /// Only what is of this kind.
    pub kind: Option<KindFilter>,
    /// Only what has at least so many bytes, a folder with all in it.
    pub min_bytes: u64,
    /// Only what comes after this, the `next` of a page before.
    pub after: Option<DeletedCursor>,
    /// The most rows that are wanted, of 1 to 1000.
    pub limit: usize,
}

impl DeletedQuery {
    /// Whether not every deletion is asked for.
    fn has_filter(&self) -> bool {
        self.name_contains.is_some() || self.kind.is_some() || self.min_bytes > 0
    }

    /// Whether what was of this kind and size at `path` is asked for.
    fn takes(&self, path: &RelPath, kind: Kind, bytes: u64) -> bool {
        let is_named = self.name_contains.as_ref().is_none_or(|text| {
            let name = String::from_utf8_lossy(path.name().unwrap_or_default()).to_lowercase();
            name.contains(&text.to_lowercase())
        });
        is_named && self.kind.is_none_or(|asked| asked.takes(kind)) && bytes >= self.min_bytes
    }
}

/// A place in the order of deletions: newest first, those of one snapshot by path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedCursor {
    /// The first snapshot without the path.
    pub gone: u64,
    /// The path.
    pub path: RelPath,
}

/// A path that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// The path.
    pub path: RelPath,
    /// What it was at last.
    pub entry: Entry,
    /// Number of the last snapshot that has it.
    pub last: u64,
    /// Number of the first snapshot without it.
    pub gone: u64,
    /// Of a folder, how many entries were in it and below.
    pub entries_below: u64,
    /// The file's size, or that of all files below a folder.
    pub bytes: u64,
}

/// Some deletions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeletedPage {
    /// In order; there may be fewer than were wanted, even none, and more on the next page.
    pub rows: Vec<Deleted>,
    /// Where the next page begins; `None` if this is the last.
    pub next: Option<DeletedCursor>,
}

impl Answers<'_> {
    /// A page of what was deleted.
    pub fn deleted(&self, query: &DeletedQuery) -> Result<DeletedPage> {
        let chain = self.chain()?;
        let before = match query.before {
            Some(seq) => chain.get(seq)?.seq,
            None => chain.newest().ok_or(Error::NoSnapshots)?,
        };
        let node = self.0.node_of(&query.under)?;
        let node = node.ok_or_else(|| Error::NeverSeen(query.under.clone()))?;
        let mut search = Search {
            answers: *self,
            chain: &chain,
            query,
            before,
            judge: Judge::new(*self, &chain),
            looked_at: 0,
            position: None,
            rows: Vec::new(),
        };
        for gone in search.moments(node)? {
            if !search.search(node, gone)? {
                return Ok(DeletedPage { rows: search.rows, next: search.position });
            }
        }
        Ok(DeletedPage { rows: search.rows, next: None })
    }
}

/// What an entry turned out to be.
enum Found {
    /// It is one row, with all below it.
    Row(Box<State>),
    /// Rows may be below it.
    Below,
    Nothing,
}

/// One page in the making.
struct Search<'a> {
    answers: Answers<'a>,
    chain: &'a Chain,
    query: &'a DeletedQuery,
    before: u64,
    judge: Judge<'a>,
    looked_at: usize,
    /// The last place that was done with.
    position: Option<DeletedCursor>,
    rows: Vec<Deleted>,
}

impl Search<'_> {
    /// The snapshots without something that the one before has at or below the path `node`, newest first.
    fn moments(&self, node: NodeId) -> Result<Vec<u64>> {
        let counted = self.answers.0.counts_below(node)?.into_iter();
        let mut moments: Vec<u64> =
            counted.filter(|(_, counts)| counts.removed > 0).map(|(seq, _)| seq).collect();
        let lives = self.answers.0.lives_after(node, 0, self.before)?.into_iter();
        let lasts = lives.filter_map(|(first, last)| self.chain.clip(first, last));
        moments.extend(lasts.map(|(_, last)| last).max().and_then(|last| self.chain.after(last)));
        let cursor = self.query.after.as_ref().map_or(u64::MAX, |cursor| cursor.gone);
        moments.retain(|seq| *seq <= self.before && *seq <= cursor);
        moments.sort_unstable();
        moments.dedup();
        moments.reverse();
        Ok(moments)
    }

    /// Searches what the snapshot `gone` lacks at and below the path `node`; `false` if the page is full before the end.
    fn search(&mut self, node: NodeId, gone: u64) -> Result<bool> {
        // What the oldest one lacks nobody knows.
        let Some(last) = self.chain.before(gone) else { return Ok(true) };
        let moment = Moment { last, gone };
        let mut way = Way::from(self.query.under.clone());
        let mut next = Some(node);
        while let Some(node) = next {
            if self.is_past(&way.path, gone) {
                way.leave();
            } else {
                let is_long = self.looked_at >= PAGE_LOOKED_AT && self.position.is_some();
                if is_long || self.rows.len() >= self.query.limit.clamp(1, PAGE_ROWS) {
                    return Ok(false);
                }
                let goes_on = !self.query.only_children || way.path == self.query.under;
                match self.look(&way.path, node, moment)? {
                    Found::Below if goes_on => way.enter(self.changed(node, gone)?),
                    found => {
                        if let Found::Row(state) = found {
                            self.take(&way.path, node, &state, moment)?;
                        }
                        self.position = Some(DeletedCursor { gone, path: way.path.clone() });
                        way.leave();
                    }
                }
            }
            next = way.next();
        }
        Ok(true)
    }

    /// Whether a page before was done with `path`.
    fn is_past(&self, path: &RelPath, gone: u64) -> bool {
        let cursor = self.query.after.as_ref().filter(|cursor| cursor.gone == gone);
        cursor.is_some_and(|cursor| {
            *path == cursor.path || (*path < cursor.path && !cursor.path.is_within(path))
        })
    }

    fn look(&mut self, path: &RelPath, node: NodeId, moment: Moment) -> Result<Found> {
        self.looked_at += 1;
        let cursor = self.query.after.as_ref().filter(|cursor| cursor.gone == moment.gone);
        if cursor.is_some_and(|cursor| cursor.path.is_within(path)) {
            return Ok(Found::Below);
        }
        let was = self.state(node, moment.last)?;
        if let Some(was) = was
            && self.state(node, moment.gone)?.is_none()
            && !self.is_back(node, moment.gone)?
        {
            return self.judge(path, node, was, moment);
        }
        let counts = self.answers.0.counts_of(node, moment.gone)?;
        let is_below = counts.is_some_and(|counts| counts.removed > 0);
        Ok(if is_below { Found::Below } else { Found::Nothing })
    }

    fn state(&self, node: NodeId, at: u64) -> Result<Option<State>> {
        Ok(self.answers.0.version_at(node, at)?.map(|(_, _, state)| state))
    }

    /// Whether the path is there once more after the snapshot `gone`, in which it isn't.
    fn is_back(&self, node: NodeId, gone: u64) -> Result<bool> {
        let lives = self.answers.0.lives_after(node, gone, self.before)?;
        Ok(lives.into_iter().any(|(first, last)| self.chain.clip(first, last).is_some()))
    }

    /// Tells whether what is gone was deleted.
    fn judge(&mut self, path: &RelPath, node: NodeId, was: State, moment: Moment) -> Result<Found> {
        let scope = self.judge.scopes.at(moment.gone)?;
        let Some(explanation) = scope.explain(path, Some(Facts::from(&was.meta)))? else {
            let is_above = scope.leads_to_source(path);
            return Ok(if is_above { Found::Below } else { Found::Nothing });
        };
        match explanation.decision {
            Decision::Out(_) => return Ok(Found::Nothing),
            Decision::OnTheWay(_) => return Ok(Found::Below),
            Decision::In => {}
        }
        if was.meta.kind != Kind::Directory {
            let is_moved = self.judge.moves.to(path, &was, moment.gone)?.is_some();
            return Ok(if is_moved { Found::Nothing } else { Found::Row(Box::new(was)) });
        }
        if self.query.has_filter() {
            let (_, bytes) = self.size(node, &was, moment.last)?;
            if bytes < self.query.min_bytes {
                return Ok(Found::Nothing);
            }
            // It stands for what is in it only if it is asked for itself.
            if !self.query.takes(path, was.meta.kind, bytes) {
                return Ok(Found::Below);
            }
        }
        let (lost, looked_at) = self.judge.lost_below(path, node, moment)?;
        self.looked_at += looked_at;
        Ok(match lost {
            Lost::All => Found::Row(Box::new(was)),
            Lost::Some => Found::Below,
            Lost::Nothing(_) => Found::Nothing,
        })
    }

    /// The children of a folder that changed in the snapshot `gone`, the first by name last.
    fn changed(&self, folder: NodeId, gone: u64) -> Result<Vec<(Vec<u8>, NodeId)>> {
        let changed = self.answers.0.changed_children(folder, gone)?;
        let mut children = self.answers.0.names_in(folder, &changed)?;
        // A forged row must not name its way out of a folder.
        children.retain(|(name, _)| is_name(name));
        children.sort_unstable_by(|one, other| other.cmp(one));
        Ok(children)
    }

    /// How many entries are below what was there, and how many bytes it has with them.
    fn size(&self, node: NodeId, was: &State, last: u64) -> Result<(u64, u64)> {
        match was.meta.kind {
            Kind::Directory => self.answers.0.size_of(node, last),
            _ => Ok((0, was.file_bytes())),
        }
    }

    /// Adds a row if it is asked for.
    fn take(&mut self, path: &RelPath, node: NodeId, state: &State, moment: Moment) -> Result<()> {
        let (entries_below, bytes) = self.size(node, state, moment.last)?;
        if self.query.takes(path, state.meta.kind, bytes)
            && let Some(entry) = self.answers.entry(path, moment.last)?
        {
            let (path, Moment { last, gone }) = (path.clone(), moment);
            self.rows.push(Deleted { path, entry, last, gone, entries_below, bytes });
        }
        Ok(())
    }
}
