//! The difference between two states of a file, line by line if it is text.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use super::error::Error;
use crate::engine::history::History;
use crate::engine::path::{RelPath, display};

/// Longer files are not compared, in bytes.
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

/// Compares the contents of two stored files, each given by its path and its snapshot's number.
pub fn diff(history: &History, earlier: (&RelPath, u64), later: (&RelPath, u64)) -> Diff {
    let content = |(path, at): (&RelPath, u64)| history.content(path, at, LIMIT_BYTES);
    let contents = content(earlier).and_then(|before| Ok((before, content(later)?)));
    let (before, after) = match contents {
        Ok((Some(before), Some(after))) => (before, after),
        Ok(_) => return Diff::TooLong,
        Err(error) => return Diff::Unreadable(error.into()),
    };
    match (as_text(&before), as_text(&after)) {
        (Some(before), Some(after)) => Diff::Text(lines(before, after)),
        _ => Diff::Binary,
    }
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
