//! One version in the list: from when to when it was there, and what tells it from the others.

use jiff::Timestamp;
use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::typed_view::list::RelmListItem;

use crate::app::text;
use crate::engine::history::{SnapshotInfo, Version};
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;
use crate::i18n::{gettext, gettext_f};
use crate::ui::widgets::{dates, progress};

/// A version as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The version.
    pub version: Version,
    /// The snapshot that it is shown and brought back from: the newest good one that has it, else the last.
    pub at: u64,
    /// When that was made.
    pub moment: Timestamp,
    /// From when to when it was there.
    pub period: String,
    /// Its size, its moment's label, where it was.
    pub facts: String,
}

/// The lines of `versions`, in their order, of the file that is or was at `path`; `snapshots` are all, oldest first.
pub fn lines(
    path: &RelPath,
    versions: Vec<Version>,
    snapshots: &[SnapshotInfo],
    now: Timestamp,
) -> Vec<Line> {
    let line = |version: Version| {
        let last = || snapshots.iter().rev().find(|snapshot| snapshot.seq <= version.last);
        let shown = version.newest_good(snapshots).or_else(last)?;
        let (at, moment) = (shown.seq, shown.started);
        let period = period(&version, snapshots, now);
        let facts = facts(path, &version, snapshots);
        Some(Line { version, at, moment, period, facts })
    };
    versions.into_iter().filter_map(line).collect()
}

fn period(version: &Version, snapshots: &[SnapshotInfo], now: Timestamp) -> String {
    let first = snapshots.iter().find(|snapshot| snapshot.seq >= version.first);
    let last = snapshots.iter().rev().find(|snapshot| snapshot.seq <= version.last);
    let (Some(first), Some(last)) = (first, last) else { return gettext("unknown time") };
    let told = |snapshot: &SnapshotInfo| dates::heading_and_clock(snapshot.started, now);
    let (from, until) = (told(first), told(last));
    if snapshots.last().is_some_and(|newest| newest.seq == last.seq) {
        gettext_f("Since {first}", &[("first", &from)])
    } else if first.seq == last.seq {
        from
    } else {
        // Translators: from a moment until another, as "Monday, 09:00 – Yesterday, 14:05"
        gettext_f("{first} – {last}", &[("first", &from), ("last", &until)])
    }
}

fn facts(path: &RelPath, version: &Version, snapshots: &[SnapshotInfo]) -> String {
    let mut facts = match version.entry.kind {
        _ if version.entry.absent => gettext("never read"),
        Kind::File => text::size(version.entry.size_bytes),
        Kind::Directory => gettext("folder"),
        _ => gettext("link or special file"),
    };
    let lasted = |snapshot: &&SnapshotInfo| (version.first..=version.last).contains(&snapshot.seq);
    let mut labels = snapshots.iter().rev().filter(lasted).filter_map(|one| one.label.as_deref());
    if let Some(label) = labels.next() {
        facts = progress::join(&facts, label);
    }
    if version.path != *path {
        let place = gettext_f("was {path}", &[("path", &version.path.to_string())]);
        facts = progress::join(&facts, &place);
    }
    facts
}

/// The widgets of a row.
pub struct LineWidgets {
    period: gtk::Label,
    facts: gtk::Label,
}

impl Line {
    /// By which the keyboard finds its row.
    pub fn key(&self) -> String {
        self.at.to_string()
    }
}

impl RelmListItem for Line {
    type Root = gtk::Box;
    type Widgets = LineWidgets;

    fn setup(_item: &gtk::ListItem) -> (gtk::Box, LineWidgets) {
        relm4::view! {
            root = gtk::Box {
                set_orientation: gtk::Orientation::Vertical,
                set_valign: gtk::Align::Center,
                add_css_class: "entry-line",
                #[name = "period"]
                gtk::Label {
                    set_xalign: 0.0,
                    set_ellipsize: gtk::pango::EllipsizeMode::End,
                },
                #[name = "facts"]
                gtk::Label {
                    set_xalign: 0.0,
                    set_ellipsize: gtk::pango::EllipsizeMode::Middle,
                    set_css_classes: &["caption", "dim-label", "numeric"],
                },
            }
        }
        (root, LineWidgets { period, facts })
    }

    fn bind(&mut self, widgets: &mut LineWidgets, root: &mut gtk::Box) {
        root.set_widget_name(&self.key());
        widgets.period.set_label(&self.period);
        widgets.period.set_tooltip_text(Some(&self.period));
        widgets.facts.set_label(&self.facts);
        widgets.facts.set_tooltip_text(Some(&self.facts));
        widgets.period.set_mnemonic_widget(root.parent().as_ref());
    }
}
