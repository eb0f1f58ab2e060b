//! What a snapshot took in, as far as the index tells: its sources and rules, and the marks in its folders.

use std::cell::RefCell;
use std::collections::HashMap;

use super::Answers;
use crate::engine::error::{Error, Result};
use crate::engine::index::Index;
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;
use crate::engine::rules::{
    CACHE_TAG, Explanation, Facts, FolderMarks, NO_BACKUP, Preset, RuleSet, Rules,
};

/// A file shorter than this can't hold the signature of a `CACHEDIR.TAG`.
const CACHE_TAG_BYTES: u64 = 43;

/// The scopes of snapshots, one at a time; each set of rules is made ready once.
pub struct Scopes<'a> {
    index: &'a Index,
    rules: HashMap<Vec<String>, Rules>,
    current: Option<Scope<'a>>,
}

impl<'a> Scopes<'a> {
    /// Scopes of the snapshots that these answers are about.
    pub fn new(answers: Answers<'a>) -> Self {
        Self { index: answers.0, rules: HashMap::new(), current: None }
    }

    /// What the snapshot `at` took in.
    pub fn at(&mut self, at: u64) -> Result<&Scope<'a>> {
        let scope = match self.current.take() {
            Some(scope) if scope.at == at => scope,
            _ => self.open(at)?,
        };
        Ok(self.current.insert(scope))
    }

    fn open(&mut self, at: u64) -> Result<Scope<'a>> {
        let index = self.index;
        let lines = index.rules_of(at)?;
        let rules = match self.rules.get(&lines) {
            Some(rules) => rules.clone(),
            None => {
                // Lines that this version can't understand leave nothing out that it could tell.
                let (set, _) = RuleSet::from_lines(lines.iter().map(String::as_str));
                let rules = Rules::compile(set, None).unwrap_or_default();
                self.rules.insert(lines, rules.clone());
                rules
            }
        };
        let sources = index.sources_of(at)?.into_iter().map(|(_, path)| path).collect();
        Ok(Scope { at, index, sources, rules, marks: RefCell::default() })
    }
}

/// What one snapshot took in.
pub struct Scope<'a> {
    at: u64,
    index: &'a Index,
    sources: Vec<RelPath>,
    rules: Rules,
    /// Of folders that were asked about.
    marks: RefCell<HashMap<RelPath, FolderMarks>>,
}

impl Scope<'_> {
    /// Whether a source lies below `path`.
    pub fn leads_to_source(&self, path: &RelPath) -> bool {
        self.sources.iter().any(|source| source.is_within(path))
    }

    /// The source that has most folders in common with `path`; `None` if there is no source.
    pub fn nearest_source(&self, path: &RelPath) -> Option<&RelPath> {
        let common = |source: &RelPath| {
            source
                .components()
                .zip(path.components())
                .take_while(|(one, other)| one == other)
                .count()
        };
        let mut sources: Vec<&RelPath> = self.sources.iter().collect();
        sources.sort_unstable();
        sources.into_iter().rev().max_by_key(|source| common(source))
    }

    /// The source that `path` lies in.
    pub fn source_over(&self, path: &RelPath) -> Option<&RelPath> {
        let over = self.sources.iter().filter(|source| path.is_within(source));
        over.max_by_key(|source| source.as_bytes().len())
    }

    /// What became of `path`, which is or would be what `facts` say; `None` if no source holds it.
    pub fn explain(&self, path: &RelPath, facts: Option<Facts>) -> Result<Option<Explanation>> {
        let Some(source) = self.source_over(path) else { return Ok(None) };
        let mut failed: Option<Error> = None;
        let folder = Facts { kind: Kind::Directory, size_bytes: 0 };
        let explanation = self.rules.explain(source, path, |entry| {
            let marks = self.marks(&entry.parent().unwrap_or_default()).unwrap_or_else(|error| {
                failed = Some(error);
                FolderMarks::default()
            });
            (if entry == path { facts } else { Some(folder) }, marks)
        });
        failed.map_or(Ok(Some(explanation)), Err)
    }

    /// What the snapshot shows of the marks in a folder.
    fn marks(&self, folder: &RelPath) -> Result<FolderMarks> {
        if self.rules.is_empty() {
            return Ok(FolderMarks::default());
        }
        if let Some(marks) = self.marks.borrow().get(folder) {
            return Ok(marks.clone());
        }
        let marks = self.read_marks(folder)?;
        self.marks.borrow_mut().insert(folder.clone(), marks.clone());
        Ok(marks)
    }

    fn read_marks(&self, folder: &RelPath) -> Result<FolderMarks> {
        let Some(node) = self.index.node_of(folder)? else { return Ok(FolderMarks::default()) };
        if self.index.version_at(node, self.at)?.is_none() {
            return Ok(FolderMarks::default());
        }
        let state = |name: &[u8]| -> Result<_> {
            let Some(child) = self.index.child_node(node, name)? else { return Ok(None) };
            Ok(self.index.version_at(child, self.at)?.map(|(_, _, state)| state))
        };
        let set = self.rules.set();
        let has_build_output = set.presets.contains(&Preset::BuildOutput);
        let is_mark = |name: &[u8]| -> Result<bool> {
            if !(if name == CACHE_TAG { set.cachedir_tag } else { set.nobackup }) {
                return Ok(false);
            }
            let Some(state) = state(name)?.filter(|state| state.meta.kind == Kind::File) else {
                return Ok(false);
            };
            // Whether a tag has the signature isn't known, but that nothing was kept beside it.
            Ok(name == NO_BACKUP
                || state.meta.size_bytes >= CACHE_TAG_BYTES
                    && (self.rules.leads_to_include(folder)
                        || !self.index.has_beside(node, self.at, [CACHE_TAG, NO_BACKUP])?))
        };
        let has = |name: &[u8]| Ok(has_build_output && state(name)?.is_some());
        FolderMarks::of_kept(is_mark, has)
    }
}
