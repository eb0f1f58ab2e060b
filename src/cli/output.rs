//! What goes to standard output and standard error: text for people or one JSON document for programs.

use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::app::config::Source;
use crate::app::explain::Explanation;
use crate::app::text;
use crate::engine::history::{ChangeCounts, Entry, SnapshotInfo, SnapshotState};
use crate::engine::path::{RelPath, display, encode};
use crate::engine::retention::{Amount, Rule};

/// Where a command's words go.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// One JSON document instead of text.
    pub json: bool,
}

impl Output {
    /// A line for people; nothing with `--json`. A closed pipe is no error: nobody wants to read on.
    pub fn line(self, text: impl AsRef<str>) {
        if !self.json {
            let _ = writeln!(std::io::stdout().lock(), "{}", shown(text.as_ref()));
        }
    }

    /// The answer for programs; nothing without `--json`.
    pub fn document(self, value: &Value) {
        if self.json {
            let _ = writeln!(std::io::stdout().lock(), "{}", escaped(&format!("{value:#}")));
        }
    }

    /// Something that a person should know, beside the answer.
    pub fn note(self, text: impl AsRef<str>) {
        if !self.json {
            let _ = writeln!(std::io::stderr().lock(), "{}", shown(text.as_ref()));
        }
    }

    /// Why the command failed.
    pub fn error(self, explanation: &Explanation) {
        if self.json {
            self.document(&json!({
                "error": { "what": explanation.what, "advice": explanation.advice }
            }));
        } else {
            let _ = writeln!(std::io::stderr().lock(), "yore: {}", shown(&explanation.text()));
        }
    }
}

/// What a terminal is given: words may repeat what a drive says, and nothing of that is obeyed. Lines and columns stay.
fn shown(text: &str) -> String {
    let piece = |piece: &str| match piece.strip_suffix(['\n', '\t']) {
        Some(rest) => display(rest.as_bytes()) + &piece[rest.len()..],
        None => display(piece.as_bytes()),
    };
    text.split_inclusive(['\n', '\t']).map(piece).collect()
}

/// JSON in which nothing is left that a terminal obeys; such characters are only in its texts.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_control() && c != '\n' {
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            text.push(c);
        }
    }
    text
}

/// A path for people, without a byte that could do anything to the screen.
pub fn path_words(path: &Path) -> String {
    display(path.as_os_str().as_bytes())
}

/// A path for programs: text, and the exact bytes percent-encoded where it isn't UTF-8.
pub fn path_json(path: &Path) -> Value {
    bytes_json(path.as_os_str().as_bytes())
}

/// As [`path_json`], of a path in a snapshot.
pub fn snapshot_path_json(path: &RelPath) -> Value {
    path_json(&path.to_absolute())
}

/// As [`path_json`], of a name.
pub fn bytes_json(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => json!({ "encoded": encode(bytes) }),
    }
}

/// Sources for programs.
pub fn sources_json(sources: &[Source]) -> Value {
    let source = |source: &Source| json!({ "id": source.id, "path": path_json(&source.path) });
    sources.iter().map(source).collect()
}

/// A snapshot for programs.
pub fn snapshot_json(snapshot: &SnapshotInfo) -> Value {
    json!({
        "seq": snapshot.seq,
        "id": snapshot.id,
        "name": snapshot.name,
        "started": snapshot.started,
        "finished": snapshot.finished,
        "entries": snapshot.entries,
        "files": snapshot.files,
        "total_bytes": snapshot.total_bytes,
        "copied_bytes": snapshot.copied_bytes,
        "problems": snapshot.problems,
        "same_at": snapshot.same_at,
        "state": match snapshot.state {
            SnapshotState::Good => "good",
            SnapshotState::Damaged => "damaged",
            SnapshotState::Missing => "missing",
            SnapshotState::Pruned => "pruned",
        },
        "pinned": snapshot.pinned,
        "label": snapshot.label,
    })
}

/// Room for programs; inodes are `null` where they are not counted.
pub fn amount_json(amount: Amount) -> Value {
    let inodes = Some(amount.inodes).filter(|inodes| *inodes < u64::MAX);
    json!({ "bytes": amount.bytes, "inodes": inodes })
}

/// A rule for programs.
pub fn rule_json(rule: &Rule) -> Value {
    json!({ "tag": rule.tag, "reach": rule.reach })
}

/// Numbers of changes for programs.
pub fn counts_json(counts: &ChangeCounts) -> Value {
    json!({
        "added": counts.added,
        "changed": counts.changed,
        "metadata": counts.touched,
        "removed": counts.removed,
        "bytes_in": counts.bytes_in,
        "bytes_out": counts.bytes_out,
    })
}

/// An entry for programs.
pub fn entry_json(entry: &Entry) -> Value {
    json!({
        "name": bytes_json(&entry.name),
        "kind": entry.kind,
        "mode": format!("{:04o}", entry.mode),
        "uid": entry.uid,
        "gid": entry.gid,
        "size_bytes": entry.size_bytes,
        "mtime": [entry.mtime.sec, i64::from(entry.mtime.nsec)],
        "blake3": entry.hash.map(|hash| hash.to_string()),
        "stale": entry.stale,
        "torn": entry.torn,
        "absent": entry.absent,
    })
}

/// An entry's size, time and name in columns, with what is special about it behind.
pub fn entry_line(entry: &Entry) -> String {
    entry_line_as(entry, &display(&entry.name))
}

/// As [`entry_line`], with `name` in the place of its name.
pub fn entry_line_as(entry: &Entry, name: &str) -> String {
    use crate::engine::meta::Kind;
    use crate::i18n::gettext;
    let size = match entry.kind {
        Kind::File => text::size(entry.size_bytes),
        _ => "-".to_owned(),
    };
    let mark = match entry.kind {
        Kind::Directory => "/",
        Kind::Symlink => "@",
        Kind::Fifo => "|",
        Kind::Socket => "=",
        Kind::File | Kind::Block | Kind::Character => "",
    };
    let mut words = Vec::new();
    if entry.stale {
        words.push(gettext("not readable then, older state"));
    }
    if entry.torn {
        words.push(gettext("changed while it was read"));
    }
    if entry.absent {
        words.push(gettext("never readable, nothing stored"));
    }
    let words = if words.is_empty() { String::new() } else { format!("  [{}]", words.join("; ")) };
    let time = text::file_time(entry.mtime);
    format!("{size:>10}  {time:>18}  {name}{mark}{words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_obeys_nothing_of_what_is_repeated() {
        assert_eq!(shown("a\tb\n\u{1b}[2J\r\u{9b}c\n"), "a\tb\n\\u{1b}[2J\\r\\u{9b}c\n");
        let value = json!({ "name": "\u{7f}\u{9b}31m\u{1b}\n" });
        let text = escaped(&format!("{value:#}"));
        assert!(text.chars().all(|c| !c.is_control() || c == '\n'), "{text:?}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
