//! What the way to a date says.

use jiff::civil::Date;

use super::days::Day;
use crate::i18n::{gettext, gettext_f, ngettext_f};
use crate::ui::widgets::dates;

/// "Monday, 16 November, 4 snapshots"
pub fn day(date: Date, day: Option<Day>, today: Date) -> String {
    let name = dates::day(date, today);
    match day {
        Some(Day { snapshots, .. }) => ngettext_f(
            "{day}, {count} snapshot",
            "{day}, {count} snapshots",
            snapshots,
            &[("day", &name)],
        ),
        None => gettext_f("{day}, no snapshot", &[("day", &name)]),
    }
}

/// What may be typed.
pub fn hint() -> String {
    gettext("As “monday”, “yesterday 14:00” or “2026-11-03”")
}

/// What was typed means nothing.
pub fn nothing() -> String {
    gettext("No day or time is called so")
}

/// What was typed means this moment.
pub fn there(moment: &str) -> String {
    gettext_f("Go to {moment}", &[("moment", moment)])
}

/// A day has no snapshot.
pub fn nearest(date: Date, today: Date, moment: &str) -> String {
    let day = dates::day(date, today);
    gettext_f("No snapshot on {day}. Nearest: {moment}", &[("day", &day), ("moment", moment)])
}

/// No snapshot is as old as that.
pub fn too_early(moment: &str) -> String {
    gettext_f("No snapshot is that old. Oldest: {moment}", &[("moment", moment)])
}
