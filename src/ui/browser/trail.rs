//! Where the person was: folders at moments, to go back to and forth again.

use crate::engine::path::RelPath;

/// The most that is remembered.
const SPOTS_MAX: usize = 100;

/// A folder at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The place that it was seen in.
    pub place: RelPath,
    /// The folder.
    pub folder: RelPath,
    /// The snapshot's number; none of the live files.
    pub at: Option<u64>,
}

/// The way so far.
#[derive(Debug, Default)]
pub struct Trail {
    behind: Vec<Spot>,
    here: Option<Spot>,
    ahead: Vec<Spot>,
    /// The next spot is a step of its own, even in the same folder.
    is_parted: bool,
}

impl Trail {
    /// The person is there now. Another moment of the same folder takes the place of the one before, so that going through
    /// time isn't a way of many steps back.
    pub fn visit(&mut self, spot: Spot) {
        let is_same = |here: &Spot| here.folder == spot.folder && here.place == spot.place;
        let is_parted = std::mem::take(&mut self.is_parted) && self.here.as_ref() != Some(&spot);
        if is_parted || !self.here.as_ref().is_some_and(is_same) {
            self.behind.extend(self.here.take());
            self.ahead.clear();
        }
        if self.behind.len() > SPOTS_MAX {
            self.behind.remove(0);
        }
        self.here = Some(spot);
    }

    /// What comes next is far from here: a step of its own, even if it is the same folder at another moment.
    pub fn part(&mut self) {
        self.is_parted = true;
    }

    /// Goes back; `None` at the beginning.
    pub fn back(&mut self) -> Option<Spot> {
        let spot = self.behind.pop()?;
        self.ahead.extend(self.here.replace(spot.clone()));
        Some(spot)
    }

    /// Goes forth again; `None` at the end.
    pub fn forward(&mut self) -> Option<Spot> {
        let spot = self.ahead.pop()?;
        self.behind.extend(self.here.replace(spot.clone()));
        Some(spot)
    }

    /// There is a way back.
    pub fn can_go_back(&self) -> bool {
        !self.behind.is_empty()
    }

    /// There is a way forth.
    pub fn can_go_forward(&self) -> bool {
        !self.ahead.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_goes_back_to_folders_at_their_moments_and_forth_again() {
        let spot = |folder: &str, at| Spot {
            place: RelPath::root(),
            folder: RelPath::parse(folder.as_bytes()).unwrap(),
            at: Some(at),
        };
        let mut trail = Trail::default();
        assert!(!trail.can_go_back() && trail.back().is_none());
        for (folder, at) in [("a", 9), ("a/b", 9), ("a/b", 7), ("a/b", 4), ("a/b/c", 4)] {
            trail.visit(spot(folder, at));
        }
        // The moments in between are no steps of their own.
        assert_eq!(trail.back(), Some(spot("a/b", 4)));
        assert_eq!(trail.back(), Some(spot("a", 9)));
        assert!(!trail.can_go_back() && trail.can_go_forward());
        assert_eq!(trail.forward(), Some(spot("a/b", 4)));
        // Where one goes on from there is what is ahead no more.
        trail.visit(spot("x", 4));
        assert!(!trail.can_go_forward() && trail.forward().is_none());
        assert_eq!(trail.back(), Some(spot("a/b", 4)));
        trail.part();
        trail.visit(spot("a/b", 2));
        assert_eq!(trail.back(), Some(spot("a/b", 4)));
    }
}
