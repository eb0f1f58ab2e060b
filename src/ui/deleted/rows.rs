//! Deletions as rows, under the days on which they were noticed; and what of them is selected.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::app::text;
use crate::engine::history::{Deleted, SnapshotInfo};
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;
use crate::i18n::{gettext, gettext_f, ngettext_f};
use crate::ui::widgets::past::{Content, Item};
use crate::ui::widgets::{dates, progress};

/// Turns pages into rows: it remembers the day of the last one.
#[derive(Debug, Default)]
pub struct Rows {
    day: Option<Date>,
}

impl Rows {
    /// The rows of the next page, with a heading before the first of each day.
    pub fn of(
        &mut self,
        page: &[Deleted],
        snapshots: &[SnapshotInfo],
        now: Timestamp,
    ) -> Vec<Content> {
        let time = |seq| {
            let found = snapshots.iter().find(|snapshot| snapshot.seq == seq);
            found.map(|snapshot| snapshot.started)
        };
        let mut rows = Vec::new();
        for deleted in page {
            let gone = time(deleted.gone);
            let day = gone.map(|gone| gone.to_zoned(TimeZone::system()).date());
            if day.is_some() && day != self.day {
                rows.extend(gone.map(|gone| Content::Heading(dates::heading(gone, now))));
                self.day = day;
            }
            rows.push(Content::Item(row(deleted, time(deleted.last), now)));
        }
        rows
    }
}

fn row(deleted: &Deleted, last: Option<Timestamp>, now: Timestamp) -> Item {
    let last = last.map_or_else(
        || gettext("unknown time"),
        |last| format!("{}, {}", dates::short_day(last, now), dates::clock(last, false)),
    );
    let size = text::size(deleted.bytes);
    Item {
        path: deleted.path.clone(),
        kind: deleted.entry.kind,
        at: deleted.last,
        when: gettext_f("last seen {when}", &[("when", &last)]),
        size: match deleted.entry.kind {
            Kind::Directory => {
                ngettext_f("{count} entry", "{count} entries", deleted.entries_below, &[])
            }
            Kind::File => size,
            _ => String::new(),
        },
        bytes: deleted.bytes,
    }
}

/// What is restored at once: of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The snapshot's number.
    pub at: u64,
    /// Which paths.
    pub paths: Vec<RelPath>,
    /// A folder is among them.
    pub has_folder: bool,
}

/// What is selected, by the last moments that have it, the newest first.
pub fn groups(selected: &[Item]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for item in selected {
        let has_folder = item.kind == Kind::Directory;
        match groups.iter_mut().find(|group| group.at == item.at) {
            Some(group) => {
                group.paths.push(item.path.clone());
                group.has_folder |= has_folder;
            }
            None => {
                groups.push(Group { at: item.at, paths: vec![item.path.clone()], has_folder });
            }
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.at));
    groups
}

/// What is selected, in words.
pub fn selection_words(selected: &[Item], is_narrow: bool) -> String {
    let count = ngettext_f("{count} selected", "{count} selected", selected.len() as u64, &[]);
    match selected {
        [] if is_narrow => String::new(),
        [] => gettext("Select what you want back"),
        _ if is_narrow => count,
        _ => {
            let size = text::size(selected.iter().map(|item| item.bytes).sum());
            progress::join(&count, &size)
        }
    }
}

/// What must be known before several moments are restored from; nothing of one.
pub fn hint(selected: &[Item]) -> Option<String> {
    let moments = groups(selected).len() as u64;
    let words = || {
        ngettext_f(
            "These were last seen at {count} moment",
            "These were last seen at {count} moments: they are restored one moment after the other",
            moments,
            &[],
        )
    };
    (moments > 1).then(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str, kind: Kind, at: u64) -> Item {
        let path = RelPath::parse(name.as_bytes()).unwrap();
        Item { path, kind, at, when: String::new(), size: String::new(), bytes: 1_000 }
    }

    #[test]
    fn what_is_selected_comes_back_moment_by_moment() {
        let selected =
            [item("a", Kind::File, 3), item("b", Kind::Directory, 5), item("c", Kind::File, 3)];
        let found = groups(&selected);
        let paths = |group: &Group| group.paths.iter().map(RelPath::to_string).collect::<Vec<_>>();
        assert_eq!(found.iter().map(|group| group.at).collect::<Vec<_>>(), [5, 3]);
        assert_eq!(found.iter().map(|group| group.has_folder).collect::<Vec<_>>(), [true, false]);
        assert_eq!(found.iter().map(paths).collect::<Vec<_>>(), [vec!["/b"], vec!["/a", "/c"]]);
        assert!(hint(&selected).is_some_and(|hint| hint.contains("2 moments")));
        assert_eq!(hint(&selected[..1]), None);
        assert!(selection_words(&selected, false).contains("3 kB"));
    }
}
