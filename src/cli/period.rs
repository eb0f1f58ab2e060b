//! From when to when something was there, for people and programs.

use crate::app::text;
use crate::engine::history::SnapshotInfo;
use crate::i18n::{gettext, gettext_f};

/// The snapshots that something was in, from a first to a last one.
#[derive(Debug, Clone, Copy)]
pub struct Period<'a> {
    first: Option<&'a SnapshotInfo>,
    last: Option<&'a SnapshotInfo>,
    /// Whether it is in the newest one.
    pub is_current: bool,
}

impl<'a> Period<'a> {
    /// From the number `first` to the number `last`, of all `snapshots` in their order. One that is gone is stood for by the
    /// nearest that is there.
    pub fn new(snapshots: &'a [SnapshotInfo], first: u64, last: u64) -> Self {
        Self {
            first: snapshots.iter().find(|snapshot| snapshot.seq >= first),
            last: snapshots.iter().rev().find(|snapshot| snapshot.seq <= last),
            is_current: snapshots.last().is_none_or(|newest| last >= newest.seq),
        }
    }

    /// The name of the first snapshot.
    pub fn first(&self) -> Option<&'a str> {
        self.first.map(|snapshot| snapshot.name.as_str())
    }

    /// The name of the last snapshot.
    pub fn last(&self) -> Option<&'a str> {
        self.last.map(|snapshot| snapshot.name.as_str())
    }

    /// In words, such as "since 21 Nov 2026, 10:00".
    pub fn text(&self) -> String {
        let moment = |snapshot: Option<&SnapshotInfo>| {
            snapshot.map_or_else(|| gettext("unknown time"), |s| text::moment(s.started))
        };
        let (first, last) = (moment(self.first), moment(self.last));
        if self.is_current {
            gettext_f("since {first}", &[("first", &first)])
        } else if self.first() == self.last() {
            first
        } else {
            gettext_f("{first} to {last}", &[("first", &first), ("last", &last)])
        }
    }
}
