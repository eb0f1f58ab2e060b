//! What is said of an entry beside its name: an icon and a word, never a colour alone.

use jiff::Timestamp;

use super::gone;
use super::row::Was;
use crate::app::words;
use crate::engine::history::{Difference, Entry};
use crate::engine::meta::Kind;
use crate::i18n::{gettext, ngettext_f};
use crate::ui::history_worker::Mark;

/// A badge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    /// The icon's name.
    pub icon: &'static str,
    /// The class of its colour.
    pub style: &'static str,
    /// The word.
    pub text: String,
    /// More about it; empty if the word says all.
    pub hint: String,
}

/// All classes of colours.
pub const STYLES: [&str; 4] = ["doubtful", "changed", "deleted", "calm"];

impl Badge {
    /// The badge of `entry`, if it has one. That what is shown isn't all there was matters more than what came since.
    pub fn of(entry: &Entry, mark: Option<Mark>) -> Option<Self> {
        match mark {
            Some(mark @ (Mark::Unreadable | Mark::LeftOut(_))) => Some(Self::of_mark(entry, mark)),
            mark => Self::of_stored(entry).or_else(|| mark.map(|mark| Self::of_mark(entry, mark))),
        }
    }

    /// The badge of what was deleted before the shown moment.
    pub fn of_gone(was: &Was) -> Self {
        Self {
            icon: "user-trash-symbolic",
            style: "deleted",
            text: match was.gone {
                Some(gone) => deleted_words(gone, Timestamp::now()),
                None => gettext("Deleted since"),
            },
            hint: gone::hint(was.last),
        }
    }

    fn of_stored(entry: &Entry) -> Option<Self> {
        let badge = |text, hint| {
            Some(Self { icon: "dialog-warning-symbolic", style: "doubtful", text, hint })
        };
        if entry.absent {
            let hint = gettext("It has never been read, so there is nothing to bring back");
            return badge(gettext("Could not be read"), hint);
        }
        if entry.torn {
            let hint =
                gettext("It changed each time it was read, so its content may not fit together");
            return badge(gettext("Changed while read"), hint);
        }
        if entry.stale {
            let hint =
                gettext("It could not be read in this backup; this is its last state that could");
            return badge(gettext("Earlier state"), hint);
        }
        None
    }

    fn of_mark(entry: &Entry, mark: Mark) -> Self {
        let (icon, style, text, hint) = match mark {
            Mark::Changed { may_be_same } => {
                let hint = if may_be_same {
                    gettext("It has another time now, but perhaps the same content")
                } else {
                    String::new()
                };
                ("document-edit-symbolic", "changed", gettext("Changed since"), hint)
            }
            Mark::Permissions => {
                let hint = gettext("Only its permissions are others now");
                ("system-lock-screen-symbolic", "calm", gettext("Permissions since"), hint)
            }
            Mark::Details => {
                let hint = gettext("Only its owner, times or attributes are others now");
                ("document-properties-symbolic", "calm", gettext("Details since"), hint)
            }
            Mark::Deleted => {
                let hint = if entry.kind == Kind::Directory {
                    gettext("The folder isn’t here any more")
                } else {
                    gettext("The file isn’t here any more")
                };
                ("user-trash-symbolic", "deleted", gettext("Deleted since"), hint)
            }
            Mark::Inside { count, has_more } => {
                let hint = gettext("In this folder and those in it, up to the newest snapshot");
                ("document-open-recent-symbolic", "calm", inside_words(count, has_more), hint)
            }
            Mark::Waiting(difference) => {
                let hint = waiting_hint(entry, difference);
                ("content-loading-symbolic", "changed", gettext("Not yet backed up"), hint)
            }
            Mark::LeftOut(why) => {
                let hint = why.as_ref().map(words::rule).unwrap_or_default();
                ("action-unavailable-symbolic", "calm", gettext("Left out"), hint)
            }
            Mark::Unreadable => {
                let hint = gettext("It is here, but can’t be looked at now");
                ("dialog-warning-symbolic", "doubtful", gettext("Can’t be read now"), hint)
            }
        };
        Self { icon, style, text, hint }
    }
}

/// When something was deleted. There is room for about sixteen letters.
fn deleted_words(gone: Timestamp, now: Timestamp) -> String {
    let minutes = now.duration_since(gone).as_mins().max(0) as u64;
    let (hours, days) = (minutes / 60, minutes / (24 * 60));
    if minutes == 0 {
        // Translators: in a narrow column
        gettext("Deleted just now")
    } else if hours == 0 {
        // Translators: minutes, in a narrow column
        ngettext_f("Deleted {count} min ago", "Deleted {count} min ago", minutes, &[])
    } else if days == 0 {
        // Translators: hours, in a narrow column
        ngettext_f("Deleted {count} h ago", "Deleted {count} h ago", hours, &[])
    } else {
        // Translators: days, in a narrow column
        ngettext_f("Deleted {count} d ago", "Deleted {count} d ago", days, &[])
    }
}

fn waiting_hint(entry: &Entry, difference: Difference) -> String {
    match difference {
        Difference::Added => gettext("It is new since the newest snapshot"),
        Difference::Metadata if entry.kind == Kind::Directory => {
            gettext("Something was put into it or taken out since the newest snapshot")
        }
        Difference::Metadata => {
            gettext("Its permissions, owner or times were changed since the newest snapshot")
        }
        Difference::Changed | Difference::Removed => {
            gettext("It was changed since the newest snapshot")
        }
    }
}

fn inside_words(count: Option<u64>, has_more: bool) -> String {
    match count.filter(|count| *count > 0) {
        None => gettext("Changed inside"),
        Some(count) if has_more => {
            ngettext_f("Over {count} change", "Over {count} changes", count, &[])
        }
        Some(count) => ngettext_f("{count} change", "{count} changes", count, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rules::Why;

    #[test]
    fn a_state_that_is_not_whole_is_told_before_what_came_since() {
        let text = |entry: &Entry, mark| Badge::of(entry, mark).map(|badge| badge.text);
        let whole = Entry::plain("a");
        assert_eq!(text(&whole, None), None);
        assert_eq!(text(&whole, Some(Mark::Deleted)).as_deref(), Some("Deleted since"));
        let stale = Entry { stale: true, ..Entry::plain("a") };
        assert_eq!(text(&stale, Some(Mark::Deleted)).as_deref(), Some("Earlier state"));
        let inside = |count, has_more| text(&whole, Some(Mark::Inside { count, has_more }));
        assert_eq!(inside(Some(12), false).as_deref(), Some("12 changes"));
        assert_eq!(inside(Some(99), true).as_deref(), Some("Over 99 changes"));
        assert_eq!(inside(None, true).as_deref(), Some("Changed inside"));
    }

    #[test]
    fn when_something_was_deleted_is_told_in_few_letters() {
        let now = Timestamp::from_second(100_000_000).unwrap();
        for (seconds, wanted) in [
            (-5, "Deleted just now"),
            (59, "Deleted just now"),
            (60, "Deleted 1 min ago"),
            (14 * 3600 + 1, "Deleted 14 h ago"),
            (86_400 * 300, "Deleted 300 d ago"),
        ] {
            let gone = now - jiff::SignedDuration::from_secs(seconds);
            assert_eq!(deleted_words(gone, now), wanted);
        }
    }

    #[test]
    fn what_is_left_out_says_by_which_rule() {
        let mark = Mark::LeftOut(Some(Why::Pattern("*.iso".into())));
        let badge = Badge::of(&Entry::plain("a"), Some(mark)).unwrap();
        assert!(badge.hint.contains("*.iso"), "{}", badge.hint);
        // Of what never was stored, nothing is said but that.
        let absent = Entry { absent: true, ..Entry::plain("a") };
        let badge = Badge::of(&absent, Some(Mark::Unreadable)).unwrap();
        assert_eq!(badge.text, "Can’t be read now");
    }

    #[test]
    fn every_badge_has_an_icon_a_word_and_a_known_colour() {
        for mark in [
            Mark::Changed { may_be_same: true },
            Mark::Permissions,
            Mark::Details,
            Mark::Deleted,
            Mark::Unreadable,
            Mark::Waiting(Difference::Added),
            Mark::LeftOut(None),
        ] {
            let badge = Badge::of(&Entry::plain("a"), Some(mark.clone())).unwrap();
            assert!(badge.icon.ends_with("-symbolic") && !badge.text.is_empty(), "{mark:?}");
            assert!(STYLES.contains(&badge.style), "{mark:?}");
        }
    }
}
