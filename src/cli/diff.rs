//! The difference between two states of a file, line by line if it is text.

use std::time::Duration;

use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};

use crate::app::error::{Error, Result};
use crate::app::explain::explain;
use crate::app::text;
use crate::engine::history::{Change, Difference, Entry, History};
use crate::engine::meta::Kind;
use crate::engine::path::display;
use crate::i18n::gettext_f;

/// Longer files are not shown.
const LIMIT_BYTES: u64 = 1 << 20;

/// After this long what is found is made do with: lines that have little in common take the square of their number.
const PATIENCE: Duration = Duration::from_secs(3);

/// Lines around a change that are shown with it.
const CONTEXT_LINES: usize = 3;

/// How the contents of a file differ.
#[derive(Debug)]
pub enum Diff {
    /// Lines of a unified difference, each with its sign before it, safe to print.
    Text(Vec<String>),
    /// At least one of both is no text.
    Binary,
    /// At least one of both is too long.
    TooLong,
    /// One of them could not be read from the drive.
    Unreadable(Error),
}

/// Both sides of a file whose content changed; `None` of any other change.
pub fn sides(change: &Change) -> Option<(&Entry, &Entry)> {
    let (before, after) = (change.before.as_ref()?, change.after.as_ref()?);
    let are_files = before.kind == Kind::File && after.kind == Kind::File;
    (change.difference == Difference::Changed && are_files).then_some((before, after))
}

/// Compares the contents that the file of `change` had in the snapshots `earlier` and `later`.
///
/// # Errors
/// A stop alone.
pub fn diff(history: &History, change: &Change, earlier: u64, later: u64) -> Result<Diff> {
    let content = |at| history.content(&change.path, at, LIMIT_BYTES);
    let contents = content(earlier).and_then(|before| Ok((before, content(later)?)));
    let (before, after) = match contents {
        Ok((Some(before), Some(after))) => (before, after),
        Ok(_) => return Ok(Diff::TooLong),
        Err(error) => return Ok(Diff::Unreadable(error.into())),
    };
    Ok(match (as_text(&before), as_text(&after)) {
        (Some(before), Some(after)) => Diff::Text(lines(before, after)),
        _ => Diff::Binary,
    })
}

fn as_text(content: &[u8]) -> Option<&str> {
    std::str::from_utf8(content).ok().filter(|text| !text.contains('\0'))
}

fn lines(before: &str, after: &str) -> Vec<String> {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(before, after);
    let mut lines = Vec::new();
    for hunk in diff.unified_diff().context_radius(CONTEXT_LINES).iter_hunks() {
        lines.push(hunk.header().to_string());
        for change in hunk.iter_changes() {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            let line = change.value();
            lines.push(format!("{sign}{}", shown(line.strip_suffix('\n').unwrap_or(line))));
            if change.missing_newline() {
                // As other programs have it.
                lines.push("\\ No newline at end of file".to_owned());
            }
        }
    }
    lines
}

/// A line without anything that a terminal obeys; tabs stay.
fn shown(line: &str) -> String {
    let parts: Vec<String> = line.split('\t').map(|part| display(part.as_bytes())).collect();
    parts.join("\t")
}

impl Diff {
    /// The lines for people, given both sides.
    pub fn lines(&self, (before, after): (&Entry, &Entry)) -> Vec<String> {
        let (before, after) = (text::size(before.size_bytes), text::size(after.size_bytes));
        let sizes = [("before", before.as_str()), ("after", after.as_str())];
        match self {
            Self::Text(lines) => lines.clone(),
            Self::Binary => vec![gettext_f("binary files differ, {before} → {after}", &sizes)],
            Self::TooLong => {
                vec![gettext_f("contents differ, too long to show, {before} → {after}", &sizes)]
            }
            Self::Unreadable(error) => {
                let what = explain(error).what;
                vec![gettext_f("can’t be compared: {reason}", &[("reason", &what)])]
            }
        }
    }

    /// The same for programs.
    pub fn json(&self) -> Value {
        match self {
            Self::Text(lines) => json!({ "kind": "text", "lines": lines }),
            Self::Binary => json!({ "kind": "binary" }),
            Self::TooLong => json!({ "kind": "too-long" }),
            Self::Unreadable(error) => {
                json!({ "kind": "unreadable", "reason": explain(error).what })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_carry_their_signs_and_nothing_that_a_terminal_obeys() {
        let found = lines("a\nb\tc\nd", "a\n\u{1b}[31mred\r\nd\n");
        let wanted = [
            "@@ -1,3 +1,3 @@",
            " a",
            "-b\tc",
            "-d",
            "\\ No newline at end of file",
            "+\\u{1b}[31mred\\r",
            "+d",
        ];
        assert_eq!(found, wanted);
        assert_eq!(lines("same\n", "same\n"), [""; 0]);
    }

    #[test]
    fn only_text_is_text() {
        assert_eq!(as_text("Größe".as_bytes()), Some("Größe"));
        assert_eq!(as_text(b"a\0b"), None);
        assert_eq!(as_text(b"\xff"), None);
    }
}
