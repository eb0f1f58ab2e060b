//! The difference between two states of a file, as the command line shows it.

use serde_json::{Value, json};

use crate::app::diff::Diff;
use crate::app::explain::explain;
use crate::app::text;
use crate::engine::history::{Change, Difference, Entry};
use crate::engine::meta::Kind;
use crate::i18n::gettext_f;

/// Both sides of a file whose content changed; `None` of any other change.
pub fn sides(change: &Change) -> Option<(&Entry, &Entry)> {
    let (before, after) = (change.before.as_ref()?, change.after.as_ref()?);
    let are_files = before.kind == Kind::File && after.kind == Kind::File;
    (change.difference == Difference::Changed && are_files).then_some((before, after))
}

/// The lines for people, given both sides.
pub fn lines(diff: &Diff, (before, after): (&Entry, &Entry)) -> Vec<String> {
    let (before, after) = (text::size(before.size_bytes), text::size(after.size_bytes));
    let sizes = [("before", before.as_str()), ("after", after.as_str())];
    match diff {
        Diff::Text(lines) => lines.clone(),
        Diff::Binary => vec![gettext_f("binary files differ, {before} → {after}", &sizes)],
        Diff::TooLong => {
            vec![gettext_f("contents differ, too long to show, {before} → {after}", &sizes)]
        }
        Diff::Unreadable(error) => {
            let what = explain(error).what;
            vec![gettext_f("can’t be compared: {reason}", &[("reason", &what)])]
        }
    }
}

/// The same for programs.
pub fn json(diff: &Diff) -> Value {
    match diff {
        Diff::Text(lines) => json!({ "kind": "text", "lines": lines }),
        Diff::Binary => json!({ "kind": "binary" }),
        Diff::TooLong => json!({ "kind": "too-long" }),
        Diff::Unreadable(error) => {
            json!({ "kind": "unreadable", "reason": explain(error).what })
        }
    }
}
