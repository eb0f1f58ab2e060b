//! What could not be read, and what the person said to it: "I know", or a rule that leaves it out. Such paths worry
//! nobody any more, and are listed still.

use std::collections::BTreeSet;
use std::path::PathBuf;

use uuid::Uuid;

use super::config::{self, Config};
use super::error::{Error, Result};
use super::places;
use super::rules::compile;
use super::target::{Options, Target};
use crate::engine::error::Error as EngineError;
use crate::engine::path::RelPath;
use crate::engine::rules::{Exclusion, RuleSet};
use crate::engine::seal::Problem;

/// A path that could not be read when a snapshot was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The path, and why.
    pub problem: Problem,
    /// What was said to it, if anything.
    pub settled: Option<Settled>,
}

/// What a person said to a path that can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is known.
    Known,
    /// The next backup leaves it out.
    LeftOut,
}

/// What was said so far: a look at the rules, and at what is remembered.
#[derive(Debug)]
pub struct Said<'a> {
    known: BTreeSet<String>,
    rules: &'a RuleSet,
}

impl<'a> Said<'a> {
    /// Reads what is remembered for `repository`; anything unreadable is as good as nothing.
    pub fn read(repository: Option<Uuid>, rules: &'a RuleSet) -> Self {
        Self { known: repository.map(known).unwrap_or_default(), rules }
    }

    /// What was said to a path, which is percent-encoded.
    pub fn of(&self, path: &str) -> Option<Settled> {
        if self.leaves_out(path) {
            return Some(Settled::LeftOut);
        }
        self.known.contains(path).then_some(Settled::Known)
    }

    /// A rule names the path itself or a folder above it.
    fn leaves_out(&self, path: &str) -> bool {
        let Ok(path) = RelPath::decode(path) else { return false };
        self.rules
            .exclude
            .iter()
            .any(|exclusion| matches!(exclusion, Exclusion::Path(outer) if path.is_within(outer)))
    }
}

/// Puts to each problem what was said to it.
pub fn unread(target: &Target, problems: Vec<Problem>) -> Vec<Unread> {
    let said = Said::read(target.repository_id, &target.rules);
    let unread = |problem: Problem| Unread { settled: said.of(&problem.path), problem };
    problems.into_iter().map(unread).collect()
}

/// Remembers that the person knows of a path. It counts for this path alone, and changes no backup.
///
/// # Errors
/// A state folder that can't be written to.
pub fn acknowledge(repository: Uuid, path: &RelPath) -> Result<()> {
    let mut paths = known(repository);
    if !paths.insert(path.encode()) {
        return Ok(());
    }
    let file = file(repository);
    let written = serde_json::to_vec(&paths)
        .map_err(std::io::Error::other)
        .and_then(|text| config::write_private(&file, &text));
    written.map_err(|source| EngineError::Io { action: "write", path: file, source }.into())
}

/// Writes a rule into the configuration that leaves `path` out, and gives the rules as they are now.
///
/// # Errors
/// A configuration that is not there, can't be used, or can't be written.
pub fn leave_out(options: &Options, path: &RelPath) -> Result<RuleSet> {
    let file = options.config_path();
    let mut config = Config::load(&file)?.ok_or_else(|| Error::NotSetUp(file.clone()))?;
    let exclusion = Exclusion::Path(path.clone());
    if !config.rules.exclude.contains(&exclusion) {
        config.rules.exclude.push(exclusion);
        compile(&config.rules)?;
        config.save(&file)?;
    }
    Ok(config.rules)
}

fn file(repository: Uuid) -> PathBuf {
    places::state_dir().join(format!("known-{repository}.json"))
}

fn known(repository: Uuid) -> BTreeSet<String> {
    let text = std::fs::read(file(repository)).ok();
    text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_settled_by_its_own_word_or_a_rule_above_it() {
        let rules = RuleSet {
            exclude: vec![
                Exclusion::Path(RelPath::parse(b"home/ann/locked").unwrap()),
                Exclusion::Pattern("*.tmp".to_owned()),
            ],
            ..RuleSet::default()
        };
        let known = BTreeSet::from(["home/ann/known".to_owned()]);
        let said = Said { known, rules: &rules };
        for (path, wanted) in [
            ("home/ann/locked", Some(Settled::LeftOut)),
            ("home/ann/locked/below", Some(Settled::LeftOut)),
            ("home/ann/locked too", None),
            ("home/ann/known", Some(Settled::Known)),
            ("home/ann/known/below", None),
            ("home/ann", None),
            ("", None),
        ] {
            assert_eq!(said.of(path), wanted, "{path}");
        }
    }
}
