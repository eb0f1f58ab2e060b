//! That translators get every message.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use super::source::{Finding, Source, read, words};

/// What marks a message.
const MARKS: &[&str] = &["gettext", "gettext_f", "ngettext_f"];

/// What marks the messages themselves, and so has none.
const MARKING: &str = "src/i18n.rs";

/// Each of `sources` is in the list of files with messages if, and only if, it has some.
pub fn listed(sources: &[Source], list: &Source) -> Vec<Finding> {
    let named: BTreeSet<&str> = list.lines.iter().map(String::as_str).collect();
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.path != MARKING) {
        let message = first_message(source);
        match (message, named.contains(source.path.as_str())) {
            (Some(line), false) => {
                findings.push(
                    source.finding(
                        line,
                        "a message in a file that po/POTFILES.in lacks: run make pot",
                    ),
                );
            }
            (None, true) => {
                findings.push(
                    source.finding(0, "no message, but po/POTFILES.in has the file: run make pot"),
                );
            }
            _ => {}
        }
    }
    let is_source = |path: &str| sources.iter().any(|source| source.path == path);
    for (index, path) in list.lines.iter().enumerate() {
        if path.starts_with("src/") && (path == MARKING || !is_source(path)) {
            findings.push(
                list.finding(index, format!("{path} has no messages to collect: run make pot")),
            );
        }
    }
    findings
}

/// The index of the first line with a message, in code or in a description of widgets.
fn first_message(source: &Source) -> Option<usize> {
    let calls = |line: &str| {
        let mut before = "";
        words(line).any(|(at, word)| {
            let calls =
                MARKS.contains(&word) && line[at + word.len()..].starts_with('(') && before != "fn";
            before = word;
            calls
        })
    };
    let describes = |line: &str| {
        ["translatable=\"", "translatable=\\\""].iter().any(|mark| line.contains(mark))
    };
    (0..source.lines.len())
        .find(|i| !source.tests[*i] && (calls(&source.code[*i]) || describes(&source.lines[*i])))
}

/// Makes the list and the template anew, beside those that are here, and compares.
#[track_caller]
pub fn check_template() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = tempfile::tempdir().expect("a temporary folder");
    let run =
        Command::new(root.join("po/update")).arg(made.path()).output().expect("po/update runs");
    assert!(run.status.success(), "po/update failed:\n{}", String::from_utf8_lossy(&run.stderr));
    for name in ["POTFILES.in", "yore.pot"] {
        let made = fs::read_to_string(made.path().join(name)).expect("what po/update made");
        let here = read(&format!("po/{name}"));
        let differs = here.lines.iter().map(String::as_str).ne(made.lines());
        let first =
            here.lines.iter().map(String::as_str).zip(made.lines()).position(|(a, b)| a != b);
        let line = first.unwrap_or_else(|| here.lines.len().min(made.lines().count())) + 1;
        assert!(!differs, "po/{name}:{line}: not what the sources say any more: run make pot");
    }
}

#[test]
fn a_file_that_is_not_listed_is_found() {
    let sources = [
        Source::new("src/a.rs", "use gettext;\nx(&gettext(\"b\"));\n"),
        Source::new("src/b.rs", "// gettext(\"b\")\nmod tests {\n    gettext(\"c\")\n}\n"),
        Source::new("src/c.rs", "const A: &str = r#\"\n<property translatable=\"yes\">\"#;\n"),
        Source::new("src/d.rs", "ngettext_f(\n"),
        Source::new("src/i18n.rs", "pub fn gettext(\ngettext(\"x\")\n"),
    ];
    let list = "# A comment.\ndata/x.desktop.in\nsrc/b.rs\nsrc/d.rs\nsrc/gone.rs\n";
    let findings = listed(&sources, &Source::new("po/POTFILES.in", list));
    let found: Vec<String> = findings.iter().map(|finding| finding.to_string()).collect();
    let starts = ["src/a.rs:2:", "src/b.rs:1:", "src/c.rs:2:", "po/POTFILES.in:5:"];
    assert_eq!(found.len(), starts.len(), "{found:?}");
    assert!(found.iter().zip(starts).all(|(found, start)| found.starts_with(start)), "{found:?}");
}
