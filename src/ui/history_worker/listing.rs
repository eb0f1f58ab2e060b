//! The live files of a folder, and what of them the newest snapshot doesn't have.

use std::collections::HashMap;

use super::comparison::Mark;
use super::gone::Gone;
use super::live::{Now, Seen, Wanted};
use super::order::Order;
use crate::app::beside::{self, Present};
use crate::app::error::{Error, Result};
use crate::app::target::Target;
use crate::app::why::rule_over;
use crate::engine::error::Error as EngineError;
use crate::engine::history::{Compared, Difference, Entry, History};
use crate::engine::live::Live;
use crate::engine::meta::{FileTime, Kind};
use crate::engine::rules::Why;

/// The most entries of a folder of which is found out by which rule they are left out.
const RULES_MAX: usize = 100;

/// What a folder is now.
#[derive(Debug)]
pub enum Listed {
    /// It can be told.
    Here(Box<Listing>),
    /// It lies in none of the sources.
    NoSource,
    /// It can't be read.
    OutOfReach,
    /// Reading it takes too long.
    TooLate,
}

/// What is in a folder now.
#[derive(Debug, Default)]
pub struct Listing {
    /// The entries, in the order that was asked for.
    pub entries: Vec<Entry>,
    /// What is to be said of them, by name.
    pub marks: HashMap<Vec<u8>, Mark>,
    /// How many of them the newest snapshot has not, or otherwise.
    pub waiting: u64,
    /// What the newest snapshot has, and isn't there any more.
    pub deleted: Vec<Gone>,
}

/// Reads a folder as it is now. On a network mount this may take for ever.
///
/// # Errors
/// Rules that can't be understood.
pub fn read(target: &Target, wanted: &Wanted) -> Result<Seen> {
    let present = beside::read_now(target, &wanted.folder)?;
    let rules = match &present {
        Present::Here(live) if wanted.lists.is_some() => rules(target, wanted, live)?,
        _ => HashMap::new(),
    };
    Ok(Seen { present, rules })
}

fn rules(target: &Target, wanted: &Wanted, live: &Live) -> Result<HashMap<Vec<u8>, Why>> {
    let mut rules = HashMap::new();
    let left_out = live.entries().iter().filter(|entry| entry.left_out);
    for entry in left_out.take(RULES_MAX) {
        if let Some(why) = rule_over(target, &wanted.folder.join(&entry.name))? {
            rules.insert(entry.name.clone(), why);
        }
    }
    Ok(rules)
}

/// Lists what was found in a folder, beside the newest snapshot, `at`.
///
/// # Errors
/// A history that can't be read.
pub fn list(history: &History, wanted: &Wanted, order: Order, now: &Now) -> Result<Listed> {
    let seen = match now {
        Now::Read(seen) => seen,
        Now::NotRead => return Ok(Listed::TooLate),
    };
    let live = match &seen.present {
        Present::Here(live) => live,
        Present::NoSource => return Ok(Listed::NoSource),
        Present::OutOfReach(_) => return Ok(Listed::OutOfReach),
    };
    let compared = match beside::compare(history, &wanted.folder, wanted.at, Some(live)) {
        Ok((compared, _)) => compared,
        // There is nothing of it on either side.
        Err(Error::Engine(EngineError::NotInSnapshot { .. } | EngineError::NeverSeen(_))) => {
            Vec::new()
        }
        Err(error) => return Err(error),
    };
    let newest = history.snapshot(wanted.at)?.started;
    let mut listing = Listing::default();
    for one in compared {
        if one.difference == Some(Difference::Removed) {
            let entry = one.entry.filter(|entry| !entry.absent);
            let gone = |entry| Gone { entry, from: wanted.at, last: newest, gone: None };
            listing.deleted.extend(entry.map(gone));
        } else {
            listing.add(one, &seen.rules);
        }
    }
    order.sort(&mut listing.entries);
    order.sort_by_state(&mut listing.entries, &listing.marks);
    Ok(Listed::Here(Box::new(listing)))
}

impl Listing {
    fn add(&mut self, one: Compared, rules: &HashMap<Vec<u8>, Why>) {
        let mark = match one.difference {
            _ if one.unreadable => Some(Mark::Unreadable),
            _ if one.left_out => Some(Mark::LeftOut(rules.get(&one.name).cloned())),
            difference => difference.map(Mark::Waiting),
        };
        let entry = match (one.other, one.unreadable) {
            (Some(entry), _) => entry,
            (None, true) => unreadable(&one.name),
            (None, false) => return,
        };
        self.waiting += u64::from(matches!(mark, Some(Mark::Waiting(_))));
        self.marks.extend(mark.map(|mark| (one.name, mark)));
        self.entries.push(entry);
    }
}

/// An entry of which nothing is known but its name.
fn unreadable(name: &[u8]) -> Entry {
    Entry {
        name: name.to_vec(),
        kind: Kind::File,
        mode: 0,
        uid: 0,
        gid: 0,
        size_bytes: 0,
        mtime: FileTime::default(),
        hash: None,
        stale: false,
        torn: false,
        absent: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(name: &str, difference: Option<Difference>) -> Compared {
        let entry = Entry { absent: false, ..unreadable(name.as_bytes()) };
        Compared {
            name: name.as_bytes().to_vec(),
            entry: None,
            other: Some(entry),
            difference,
            differs_below: false,
            left_out: false,
            unreadable: false,
        }
    }

    #[test]
    fn what_is_left_out_does_not_wait_for_a_backup() {
        let mut listing = Listing::default();
        let rules = HashMap::from([(b"b".to_vec(), Why::LargerThan(5))]);
        listing.add(compared("a", Some(Difference::Added)), &rules);
        listing.add(Compared { left_out: true, ..compared("b", None) }, &rules);
        listing.add(Compared { other: None, unreadable: true, ..compared("c", None) }, &rules);
        listing.add(compared("d", None), &rules);
        assert_eq!((listing.entries.len(), listing.waiting), (4, 1));
        let mark = |name: &str| listing.marks.get(name.as_bytes()).cloned();
        assert_eq!(mark("a"), Some(Mark::Waiting(Difference::Added)));
        assert_eq!(mark("b"), Some(Mark::LeftOut(Some(Why::LargerThan(5)))));
        assert_eq!((mark("c"), mark("d")), (Some(Mark::Unreadable), None));
    }
}
