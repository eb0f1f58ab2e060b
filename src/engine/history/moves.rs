//! Which files were moved, where their content proves it.
//!
//! In a snapshot a file is moved from one path to another if the first had its content in the snapshot before and is not there any
//! more, and the second was not there and has that content now. Of several paths each is paired with one at most: those of equal
//! names first, in the order of their paths, then the others. An empty file proves nothing.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::{Answers, Chain};
use crate::engine::error::Result;
use crate::engine::index::{Index, NodeId, State};
use crate::engine::meta::{ContentHash, Kind};
use crate::engine::path::RelPath;

/// Answers about moves, each content of a snapshot looked up once.
pub struct Moves<'a> {
    index: &'a Index,
    chain: &'a Chain,
    found: HashMap<(u64, u64, ContentHash), Rc<Pairs>>,
}

/// From where to where a content was moved.
#[derive(Debug, Default)]
struct Pairs {
    to: HashMap<RelPath, RelPath>,
    from: HashMap<RelPath, RelPath>,
}

impl<'a> Moves<'a> {
    /// Moves among the snapshots of `chain`.
    pub fn new(answers: Answers<'a>, chain: &'a Chain) -> Self {
        Self { index: answers.0, chain, found: HashMap::new() }
    }

    /// Where the file that was at `path` before the snapshot `gone`, as `last`, was moved to in that snapshot.
    pub fn to(&mut self, path: &RelPath, last: &State, gone: u64) -> Result<Option<RelPath>> {
        Ok(self.pairs(last, gone)?.and_then(|pairs| pairs.to.get(path).cloned()))
    }

    /// From where the file that came to `path` in the snapshot `came`, as `first`, was moved in that snapshot.
    pub fn from(&mut self, path: &RelPath, first: &State, came: u64) -> Result<Option<RelPath>> {
        Ok(self.pairs(first, came)?.and_then(|pairs| pairs.from.get(path).cloned()))
    }

    fn pairs(&mut self, state: &State, at: u64) -> Result<Option<Rc<Pairs>>> {
        let size_bytes = state.meta.size_bytes;
        let (Some(hash), Some(before)) = (state.hash, self.chain.before(at)) else {
            return Ok(None);
        };
        if state.meta.kind != Kind::File || size_bytes == 0 {
            return Ok(None);
        }
        if let Some(pairs) = self.found.get(&(at, size_bytes, hash)) {
            return Ok(Some(Rc::clone(pairs)));
        }
        let moved = self.index.moved(size_bytes, hash, before, at)?;
        let pairs = if moved.gone.is_empty() || moved.new.is_empty() {
            Pairs::default()
        } else {
            pair(self.paths(&moved.gone)?, self.paths(&moved.new)?)
        };
        let pairs = Rc::new(pairs);
        self.found.insert((at, size_bytes, hash), Rc::clone(&pairs));
        Ok(Some(pairs))
    }

    fn paths(&self, nodes: &[NodeId]) -> Result<Vec<RelPath>> {
        let paths = nodes.iter().map(|node| self.index.path_of(*node));
        Ok(paths.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }
}

/// Pairs the paths that a content left with those that it came to.
fn pair(gone: Vec<RelPath>, new: Vec<RelPath>) -> Pairs {
    let mut pairs = Pairs::default();
    let (mut gone, mut new) = (by_name(gone), by_name(new));
    for (name, left) in &mut gone {
        if let Some(came) = new.get_mut(name) {
            pairs.take(left, came);
        }
    }
    let rest = |paths: BTreeMap<Vec<u8>, Vec<RelPath>>| {
        let mut rest: Vec<RelPath> = paths.into_values().flatten().collect();
        rest.sort_unstable();
        rest
    };
    pairs.take(&mut rest(gone), &mut rest(new));
    pairs
}

/// Paths by their last component, each list sorted.
fn by_name(mut paths: Vec<RelPath>) -> BTreeMap<Vec<u8>, Vec<RelPath>> {
    paths.sort_unstable();
    let mut by_name = BTreeMap::<_, Vec<_>>::new();
    for path in paths {
        by_name.entry(path.name().unwrap_or_default().to_vec()).or_default().push(path);
    }
    by_name
}

impl Pairs {
    /// Takes pairs from the beginnings of both lists, as many as there are.
    fn take(&mut self, gone: &mut Vec<RelPath>, new: &mut Vec<RelPath>) {
        let count = gone.len().min(new.len());
        for (from, to) in gone.drain(..count).zip(new.drain(..count)) {
            self.from.insert(to.clone(), from.clone());
            self.to.insert(from, to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(gone: &[&str], new: &[&str], wanted: &[(&str, &str)]) {
        let path = |text: &&str| RelPath::parse(text.as_bytes()).unwrap();
        let mut shuffled = new.iter().map(path).collect::<Vec<_>>();
        for _ in 0..new.len().max(1) {
            let pairs = pair(gone.iter().map(path).collect(), shuffled.clone());
            let mut found: Vec<_> =
                pairs.to.iter().map(|(from, to)| (from.encode(), to.encode())).collect();
            found.sort();
            let wanted: Vec<_> =
                wanted.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
            assert_eq!(found, wanted);
            assert!(pairs.from.iter().all(|(to, from)| pairs.to.get(from) == Some(to)));
            assert_eq!(pairs.from.len(), pairs.to.len());
            if !shuffled.is_empty() {
                shuffled.rotate_left(1);
            }
        }
    }

    #[test]
    fn equal_names_are_paired_first_and_then_the_rest_in_order() {
        check(&["a"], &["b"], &[("a", "b")]);
        check(&["a", "b"], &["c"], &[("a", "c")]);
        check(&["a"], &["b", "c"], &[("a", "b")]);
        check(&["x/n", "a"], &["y/n", "b"], &[("a", "b"), ("x/n", "y/n")]);
        check(&["a/n", "b/n"], &["c/n", "z"], &[("a/n", "c/n"), ("b/n", "z")]);
        check(&["a/n"], &[], &[]);
    }
}
