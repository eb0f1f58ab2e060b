//! What is said of an entry while it is on screen: at first, and when a comparison comes.

use super::badge::Badge;
use super::layout::{Follower, Layout};
use super::row::{Row, Was};
use crate::engine::history::Entry;
use crate::ui::history_worker::Mark;

/// What is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The badge, if it has one.
    pub badge: Option<Badge>,
    /// It isn't there any more.
    pub is_gone: bool,
    /// The next backup leaves it out.
    pub is_left_out: bool,
}

impl Said {
    fn of(entry: &Entry, was: Option<&Was>, layout: &Layout) -> Self {
        if let Some(was) = was {
            return Self { badge: Some(Badge::of_gone(was)), is_gone: true, is_left_out: false };
        }
        let mark = layout.mark_of(&entry.name);
        let is_gone = mark == Some(Mark::Deleted);
        let is_left_out = matches!(mark, Some(Mark::LeftOut(_)));
        Self { badge: Badge::of(entry, mark), is_gone, is_left_out }
    }

    /// More about the badge, if there is more.
    pub fn hint(&self) -> Option<&str> {
        let hint = self.badge.as_ref().map(|badge| badge.hint.as_str());
        hint.filter(|hint| !hint.is_empty())
    }
}

impl Row {
    /// Has `show` called with what is said of the entry, now and whenever that is something else.
    pub fn follow(&self, show: impl Fn(Said) + 'static) -> Follower {
        let (entry, was, layout) = (self.entry.clone(), self.was, self.layout.clone());
        let show = move || show(Said::of(&entry, was.as_ref(), &layout));
        show();
        self.layout.follow(show)
    }
}
