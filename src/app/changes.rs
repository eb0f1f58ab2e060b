//! The words for what is different between two moments.

use super::text;
use crate::engine::history::{ChangeCounts, Difference};
use crate::i18n::{gettext, gettext_f};

/// The sign that stands before a path; the word for it is to be told, too.
pub fn sign(difference: Difference) -> char {
    match difference {
        Difference::Added => '+',
        Difference::Changed => '~',
        Difference::Metadata => 'm',
        Difference::Removed => '-',
    }
}

/// What the signs mean.
pub fn legend() -> String {
    gettext(
        "+ added   ~ changed   m only permissions, owner, times or attributes changed   - removed",
    )
}

/// The name of a difference, for programs.
pub fn code(difference: Difference) -> &'static str {
    match difference {
        Difference::Added => "added",
        Difference::Changed => "changed",
        Difference::Metadata => "metadata",
        Difference::Removed => "removed",
    }
}

/// What happened to an entry in a snapshot.
pub fn word(difference: Difference) -> String {
    match difference {
        Difference::Added => gettext("added"),
        Difference::Changed => gettext("changed"),
        Difference::Metadata => gettext("only permissions, owner, times or attributes changed"),
        Difference::Removed => gettext("removed"),
    }
}

/// What became of an entry since the moment at which it is shown.
pub fn since(difference: Difference) -> String {
    match difference {
        Difference::Added => gettext("new since"),
        Difference::Changed => gettext("changed since"),
        Difference::Metadata => gettext("permissions, owner or times changed since"),
        Difference::Removed => gettext("deleted since"),
    }
}

/// Numbers such as "3 added, 1 changed; 1.2 MB came, 300 kB went".
pub fn counts(counts: &ChangeCounts) -> String {
    let count = |number: u64| number.to_string();
    let mut words = Vec::new();
    if counts.added > 0 {
        words.push(gettext_f("{count} added", &[("count", &count(counts.added))]));
    }
    if counts.changed > 0 {
        words.push(gettext_f("{count} changed", &[("count", &count(counts.changed))]));
    }
    if counts.touched > 0 {
        let count = count(counts.touched);
        words.push(gettext_f("{count} changed in metadata only", &[("count", &count)]));
    }
    if counts.removed > 0 {
        words.push(gettext_f("{count} removed", &[("count", &count(counts.removed))]));
    }
    if words.is_empty() {
        return gettext("nothing changed");
    }
    let (came, went) = (text::size(counts.bytes_in), text::size(counts.bytes_out));
    let changes = words.join(", ");
    gettext_f(
        "{changes}; {came} came, {went} went",
        &[("changes", &changes), ("came", &came), ("went", &went)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_happened_is_told() {
        let some = ChangeCounts { added: 3, removed: 1, bytes_in: 1_200_000, ..Default::default() };
        assert_eq!(counts(&some), "3 added, 1 removed; 1.2 MB came, 0 B went");
        assert_eq!(counts(&ChangeCounts::default()), "nothing changed");
    }
}
