//! What the sources and the rules of a snapshot take in, as far as these histories go.

use std::collections::BTreeMap;
use std::path::Path;

use yore::engine::path::RelPath;
use yore::engine::rules::{Exclusion, RuleSet};

use super::edit::SOURCES;
use super::model::Moment;
use crate::common::tree::facts;

/// The folders that a set of sources names.
pub fn sources_of(set: usize) -> &'static [&'static str] {
    [&SOURCES[..], &SOURCES[..1], &SOURCES[1..], &[""]][set]
}

pub fn rules_of(number: usize, root: &Path) -> RuleSet {
    let exclude = match number {
        0 => vec![],
        1 => vec![Exclusion::Pattern("*.tmp".to_owned())],
        2 => vec![Exclusion::Path(RelPath::from_absolute(&root.join("one/a")).unwrap())],
        _ => vec![Exclusion::Pattern("b/".to_owned())],
    };
    RuleSet { exclude, ..RuleSet::default() }
}

/// Whether the rules leave out the entry at `path` below the root, a folder or not; what is below it goes with it.
fn is_left_out(number: usize, path: &Path, is_folder: bool) -> bool {
    let is_named = |wanted: &dyn Fn(&str) -> bool| {
        path.file_name().is_some_and(|name| wanted(&name.to_string_lossy()))
    };
    match number {
        0 => false,
        1 => is_named(&|name| name.ends_with(".tmp")),
        2 => path == Path::new("one/a"),
        _ => is_folder && is_named(&|name| name == "b"),
    }
}

/// The sources as they are now, without what the rules leave out.
pub fn look(root: &Path, sources: usize, rules: usize) -> Moment {
    let mut entries = BTreeMap::new();
    let folders: Vec<_> = sources_of(sources).iter().map(|name| root.join(name)).collect();
    for source in &folders {
        let all = facts(source);
        for (below, fact) in &all {
            let path = source.join(below);
            let is_out = |path: &Path| {
                let is_folder = path.symlink_metadata().unwrap().is_dir();
                is_left_out(rules, path.strip_prefix(root).unwrap(), is_folder)
            };
            let within = path.ancestors().take_while(|above| *above != source);
            if !within.into_iter().any(is_out) {
                entries.insert(RelPath::from_absolute(&path).unwrap(), fact.clone());
            }
        }
    }
    let sources = folders.iter().map(|path| RelPath::from_absolute(path).unwrap()).collect();
    Moment { entries, sources, root: root.to_owned(), rules }
}

/// What a snapshot says of a path that isn't in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// It would be in it if it were there.
    In,
    /// A rule or the sources leave it out.
    Out,
    /// It lies above a source.
    Above,
}

impl Scope {
    pub fn of(moment: &Moment, path: &RelPath, is_folder: bool) -> Self {
        let Some(source) = moment.sources.iter().find(|source| path.is_within(source)) else {
            let is_above = moment.sources.iter().any(|source| source.is_within(path));
            return if is_above { Self::Above } else { Self::Out };
        };
        let mut walked = Some(path.clone()).filter(|path| path != source);
        while let Some(entry) = walked {
            let absolute = entry.to_absolute();
            let below = absolute.strip_prefix(&moment.root).unwrap();
            if is_left_out(moment.rules, below, is_folder || entry != *path) {
                return Self::Out;
            }
            walked = entry.parent().filter(|parent| parent != source);
        }
        Self::In
    }
}
