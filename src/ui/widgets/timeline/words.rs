//! A timeline's moments and groups in words.

use jiff::Timestamp;

use super::group::Group;
use super::model::{Model, NOW, Tick};
use crate::i18n::gettext;
use crate::ui::widgets::{dates, progress};

/// Everything about the moment at `index`, in one line.
pub fn moment(model: &Model, index: usize, now: Timestamp) -> String {
    let Some(tick) = model.tick(index) else { return String::new() };
    if tick.seq == NOW {
        return gettext("Now");
    }
    let mut parts = vec![dates::exact(tick.time, now, model.is_crowded(index))];
    if let Some(label) = &tick.label {
        parts.push(label.clone());
    } else if tick.pinned {
        parts.push(gettext("Kept for good"));
    }
    if !tick.note.is_empty() {
        parts.push(tick.note.clone());
    }
    if tick.damaged {
        parts.push(gettext("Damaged, can be browsed"));
    }
    parts.into_iter().reduce(|text, part| progress::join(&text, &part)).unwrap_or_default()
}

/// What a group is called that begins with `first`.
pub fn group(group: Group, first: &Tick) -> String {
    match group {
        Group::Today => gettext("Today"),
        Group::Yesterday => gettext("Yesterday"),
        Group::Day(_) => dates::weekday(first.time),
        Group::LastWeek => gettext("Last week"),
        Group::Month(..) => dates::month(first.time),
        Group::Year(year) => year.to_string(),
    }
}
