//! The size of files and functions, and that each file has its place.

use super::{
    check_example,
    source::{Finding, Source, words},
};

const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 70;

pub fn file_length(source: &Source) -> Vec<Finding> {
    let length = source.lines.len();
    let what = format!("{length} lines, at most {FILE_LINES}: a second subject wants its own file");
    (length > FILE_LINES).then(|| source.finding(FILE_LINES, what)).into_iter().collect()
}

pub fn function_lengths(source: &Source) -> Vec<Finding> {
    let long = functions(source).into_iter().filter(|(_, lines, _)| *lines > FUNCTION_LINES);
    long.map(|(start, lines, name)| {
        let what = format!(
            "`{name}` has {lines} lines, at most {FUNCTION_LINES}: give a step of it a name of its own"
        );
        source.finding(start, what)
    })
    .collect()
}

pub fn header(source: &Source) -> Vec<Finding> {
    let says = source.lines.first().is_some_and(|line| line.starts_with("//! "));
    let what = "begins without `//!`: say what the file is for, and what it must never do";
    (!says).then(|| source.finding(0, what)).into_iter().collect()
}

/// A file that no other declares as a module is neither compiled nor run.
pub fn modules_declared(sources: &[Source]) -> Vec<Finding> {
    let orphan = |source: &&Source| match parents(&source.path) {
        None => false,
        Some((name, parents)) => !sources
            .iter()
            .filter(|source| parents.contains(&source.path))
            .any(|parent| declares(parent, &name)),
    };
    let what = "no file declares this as a module, so it is never compiled: add `mod …;`";
    sources.iter().filter(orphan).map(|source| source.finding(0, what)).collect()
}

/// The name of the module in the file at `path` and the files that may declare it; nothing for
/// what cargo itself finds.
fn parents(path: &str) -> Option<(String, [String; 2])> {
    let stem = path.strip_suffix(".rs")?;
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    let (folder, name) = stem.rsplit_once('/')?;
    match (folder, name) {
        ("src", "lib") | ("tests", "main") | ("src/bin", _) => None,
        ("src", _) => Some((name.to_owned(), ["src/lib.rs".to_owned(), String::new()])),
        ("tests", _) => Some((name.to_owned(), ["tests/main.rs".to_owned(), String::new()])),
        _ => Some((name.to_owned(), [format!("{folder}.rs"), format!("{folder}/mod.rs")])),
    }
}

fn declares(parent: &Source, name: &str) -> bool {
    let declaration = format!("mod {name};");
    parent.code.iter().any(|line| {
        line.strip_suffix(&declaration)
            .is_some_and(|before| before.is_empty() || before.ends_with(' '))
    })
}

/// The functions with a body: the index of the first line, how many lines, and the name.
fn functions(source: &Source) -> Vec<(usize, usize, String)> {
    let mut found = Vec::new();
    for (start, line) in source.code.iter().enumerate() {
        let mut words = words(line).peekable();
        while let Some((at, word)) = words.next() {
            // A `fn(` is a type, and has no name after it.
            let Some((next, name)) = words.peek().filter(|_| word == "fn") else { continue };
            if line[at + 2..*next].trim().is_empty()
                && let Some(lines) = lines_to_the_end(&source.code[start..], at)
            {
                found.push((start, lines, (*name).to_owned()));
            }
        }
    }
    found
}

/// How many of `code`'s lines a function takes that begins at `from` in the first of them; nothing
/// for a declaration without a body.
fn lines_to_the_end(code: &[String], from: usize) -> Option<usize> {
    let (mut braces, mut brackets) = (0_usize, 0_usize);
    for (index, line) in code.iter().enumerate() {
        let line = if index == 0 { &line[from..] } else { line.as_str() };
        for c in line.chars() {
            match c {
                '(' | '[' => brackets += 1,
                ')' | ']' => brackets = brackets.saturating_sub(1),
                ';' if braces == 0 && brackets == 0 => return None,
                '{' => braces += 1,
                '}' if braces == 1 => return Some(index + 1),
                '}' => braces = braces.saturating_sub(1),
                _ => {}
            }
        }
    }
    None
}

#[test]
fn a_long_file_is_found() {
    check_example(file_length, "src/a.rs", &"\n".repeat(FILE_LINES), &[]);
    check_example(file_length, "src/a.rs", &"\n".repeat(FILE_LINES + 1), &[FILE_LINES + 1]);
}

#[test]
fn a_long_function_is_found() {
    let body = |lines: usize| {
        format!(
            "//!\n\n    pub fn a(\n        b: [u8; 4],\n    ) {{\n{}    }}\n",
            "x();\n".repeat(lines)
        )
    };
    check_example(function_lengths, "src/a.rs", &body(FUNCTION_LINES - 4), &[]);
    check_example(function_lengths, "src/a.rs", &body(FUNCTION_LINES - 3), &[3]);
}

#[test]
fn functions_are_told_from_what_looks_like_them() {
    let text =
        "fn a();\nfn b() -> fn(u8) { // }\n    c('{', \"{\");\n}\ntype D = fn (u8);\nfn e() {}\n";
    let found = functions(&Source::new("src/a.rs", text));
    assert_eq!(found, [(1, 3, "b".to_owned()), (5, 1, "e".to_owned())]);
}

#[test]
fn a_file_that_does_not_say_what_it_is_for_is_found() {
    check_example(header, "src/a.rs", "//! A.\n", &[]);
    check_example(header, "src/a.rs", "// A.\n", &[1]);
    check_example(header, "src/a.rs", "", &[1]);
}

#[test]
fn a_file_that_is_no_module_is_found() {
    let file = |path: &str, text: &str| Source::new(path, text);
    let sources = [
        file("src/lib.rs", "pub mod a;\n// mod b;\nmod cc;\n"),
        file("src/a/mod.rs", "mod d;\n"),
        file("src/a/d.rs", "pub(super) mod e;\n"),
        file("src/a/d/e.rs", ""),
        file("src/a/d/f.rs", ""),
        file("src/b.rs", ""),
        file("src/c.rs", ""),
        file("src/bin/yore.rs", ""),
        file("tests/main.rs", "mod g;\n"),
        file("tests/g.rs", ""),
        file("tests/h.rs", ""),
    ];
    let orphans: Vec<String> = modules_declared(&sources).iter().map(ToString::to_string).collect();
    let expected = ["src/a/d/f.rs:1:", "src/b.rs:1:", "src/c.rs:1:", "tests/h.rs:1:"];
    assert_eq!(orphans.len(), expected.len(), "{orphans:?}");
    assert!(
        orphans.iter().zip(expected).all(|(orphan, start)| orphan.starts_with(start)),
        "{orphans:?}"
    );
}
