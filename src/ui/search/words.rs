//! What a search says of its hits, and of what it doesn't show.

use jiff::Timestamp;

use super::asked::Asked;
use crate::app::text;
use crate::engine::history::{Found, Hit, SnapshotInfo};
use crate::engine::meta::Kind;
use crate::i18n::{gettext, gettext_f};
use crate::ui::widgets::dates;
use crate::ui::widgets::past::said::{Help, Said};
use crate::ui::widgets::past::{Content, Item};

/// A hit as a row.
pub fn row(hit: &Hit, snapshots: &[SnapshotInfo], now: Timestamp) -> Content {
    let time = |seq| {
        let found = snapshots.iter().find(|snapshot| snapshot.seq == seq);
        found.map(|snapshot| snapshot.started)
    };
    let (entry, is_file) = (&hit.entry, hit.entry.kind == Kind::File);
    Content::Item(Item {
        path: hit.path.clone(),
        kind: entry.kind,
        at: hit.last,
        when: lived(time(hit.first), time(hit.last), hit.is_gone, now),
        size: if is_file { text::size(entry.size_bytes) } else { String::new() },
        bytes: entry.size_bytes,
    })
}

/// From when to when something was there.
fn lived(
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    is_gone: bool,
    now: Timestamp,
) -> String {
    let day = |time: Option<Timestamp>| {
        time.map_or_else(|| gettext("unknown time"), |time| dates::short_day(time, now))
    };
    let (first, last) = (day(first), day(last));
    if !is_gone {
        // Translators: when something was there, as "since 3 Oct, still there"
        gettext_f("since {first}, still there", &[("first", &first)])
    } else if first == last {
        // Translators: when something was there, as "3 Oct, gone"
        gettext_f("{first}, gone", &[("first", &first)])
    } else {
        // Translators: when something was there, as "3 Oct – 18 Nov, gone"
        gettext_f("{first} – {last}, gone", &[("first", &first), ("last", &last)])
    }
}

/// What stands in the place of no hits.
pub fn nothing(asked: &Asked, found: &Found) -> Said {
    let text = asked.text.trim();
    let title = match (found.is_complete, asked.is_filtered()) {
        (true, false) => gettext_f("Nothing Was Ever Called “{text}”", &[("text", text)]),
        (true, true) => gettext("Nothing Fits"),
        (false, _) => gettext("Nothing Found so Far"),
    };
    let mut lines = Vec::new();
    if !found.is_complete {
        lines.push(gettext("Too much fits to look at all of it. Type more letters."));
    }
    if found.beginnings_only {
        lines.push(gettext(
            "One or two letters, or a text with a “/”, are looked for only where names begin.",
        ));
    }
    if text.contains(['*', '?']) {
        lines.push(gettext("“*” and “?” are letters like any other here."));
    }
    if asked.is_filtered() {
        lines.push(gettext("There may be more without the filters."));
    } else if lines.is_empty() {
        lines.push(gettext("A part of the name is enough."));
    }
    // What was found nowhere may be somewhere and left out, or not backed up yet.
    let is_known = found.is_complete && !asked.is_filtered();
    let help = asked.typed_path().filter(|_| is_known).map(|_| Help::Why);
    Said { icon: "edit-find-symbolic", title, body: lines.join("\n"), help }
}

/// What is to be said below the hits.
pub fn below(found: &Found) -> Option<String> {
    if !found.is_complete {
        return Some(gettext("There is more than is shown. Type more letters to see the rest."));
    }
    found.beginnings_only.then(|| gettext("Only names that begin with this"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_when_something_was_there() {
        let day = |day| Some(format!("2026-{day}T12:00:00Z").parse::<Timestamp>().unwrap());
        let now = day("11-21").unwrap();
        assert_eq!(lived(day("10-03"), day("11-18"), true, now), "3 Oct – 18 Nov, gone");
        assert_eq!(lived(day("10-03"), day("10-03"), true, now), "3 Oct, gone");
        assert_eq!(lived(day("10-03"), day("11-21"), false, now), "since 3 Oct, still there");
    }

    #[test]
    fn nothing_is_said_to_have_never_been_only_if_all_was_looked_at() {
        let said = |asked: &Asked, is_complete, beginnings_only| {
            nothing(asked, &Found { hits: Vec::new(), is_complete, beginnings_only, next: None })
        };
        let mut asked = Asked { text: "lett*".to_owned(), ..Asked::default() };
        assert!(said(&asked, true, false).title.contains("Ever Called “lett*”"));
        assert!(said(&asked, true, false).body.contains("letters like any other"));
        assert_eq!(said(&asked, true, false).help, Some(Help::Why));
        assert_eq!(said(&asked, false, false).help, None);
        assert!(!said(&asked, false, false).title.contains("Ever"));
        assert!(said(&asked, true, true).body.contains("begin"));
        asked.gone_only = true;
        assert_eq!(said(&asked, true, false).help, None);
        assert!(!said(&asked, true, false).title.contains("Ever"));
        assert!(said(&asked, true, false).body.contains("filters"));
    }
}
