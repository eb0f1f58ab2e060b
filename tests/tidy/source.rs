//! A file of the project as the rules see it: its lines, and the same lines without comments and
//! without what literals hold.

use std::{fmt, fs, path::Path};

/// Where the project's files are. What is not named here (build output, version control, folders
/// of one's own) is nobody's business.
const FOLDERS: &[&str] =
    &["src", "tests", "po", "data", "flatpak", "benches", "fuzz", "build-aux", ".ci"];

/// Files that are written by programs, and the rules' own, which have to name what they forbid.
const NOT_READ: &[&str] =
    &["Cargo.lock", "LICENSE", "tests/tidy", "tests/golden", "flatpak/cargo-sources.json"];

/// One thing that is wrong, and where.
pub struct Finding {
    file: String,
    /// Counted from one.
    pub line: usize,
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// A file and its lines.
pub struct Source {
    /// From the project's folder on, with slashes.
    pub path: String,
    pub lines: Vec<String>,
    /// For Rust, the lines without comments, every literal being `""`; as many as `lines`.
    pub code: Vec<String>,
    /// Whether a line is part of the unit tests.
    pub tests: Vec<bool>,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut code: Vec<String> = code_only(text).lines().map(str::to_owned).collect();
        code.resize(lines.len(), String::new());
        let all_tests = path.ends_with("/tests.rs") || path.contains("/tests/");
        let mut inside = false;
        let tests = code
            .iter()
            .map(|line| {
                inside |= line == "mod tests {";
                let now = inside || all_tests;
                inside &= line != "}";
                now
            })
            .collect();
        Self { path: path.to_owned(), lines, code, tests }
    }

    /// `what` is wrong in the line at `index`, which counts from zero.
    pub fn finding(&self, index: usize, what: impl Into<String>) -> Finding {
        Finding { file: self.path.clone(), line: index + 1, what: what.into() }
    }

    /// The findings of `wrong`, which is asked for every line of code outside the unit tests.
    pub fn check_code(&self, wrong: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
        let lines = self.code.iter().enumerate().filter(|(index, _)| !self.tests[*index]);
        lines.filter_map(|(index, line)| Some(self.finding(index, wrong(line)?))).collect()
    }
}

/// The file at `path`.
pub fn read(path: &str) -> Source {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("could not read {}: {error}", file.display()));
    Source::new(path, &text)
}

/// Every Rust file below `folder`, but for recorded data.
pub fn rust(folder: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    list(folder, &mut paths);
    paths.retain(|path| path.ends_with(".rs") && !path.starts_with("tests/golden"));
    paths.iter().map(|path| read(path)).collect()
}

/// Every file of text that a person wrote.
pub fn all() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<String> =
        entries(root).into_iter().filter(|name| root.join(name).is_file()).collect();
    FOLDERS.iter().filter(|name| root.join(name).is_dir()).for_each(|name| list(name, &mut paths));
    paths.retain(|path| !NOT_READ.iter().any(|not_read| path.starts_with(not_read)));
    // A file that isn't text (an icon, a picture) has no words.
    let text = |path: &String| Some(Source::new(path, &fs::read_to_string(root.join(path)).ok()?));
    paths.iter().filter_map(text).collect()
}

fn list(folder: &str, paths: &mut Vec<String>) {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    for name in entries(&full) {
        let path = format!("{folder}/{name}");
        if full.join(&name).is_dir() {
            if name != "target" {
                list(&path, paths);
            }
        } else {
            paths.push(path);
        }
    }
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("could not list {}: {error}", folder.display()));
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The identifiers and numbers of `line`, each with where it begins.
pub fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let parts = line.split(|c: char| !is_word(c)).filter(|word| !word.is_empty());
    parts.map(|word| (word.as_ptr() as usize - line.as_ptr() as usize, word))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Rust's `text` with comments left out and literals emptied, on the same lines.
fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        match end_of_prose(&chars, at) {
            Some(end) => {
                code.push_str(if chars[at] == '/' { " " } else { "\"\"" });
                code.extend(chars[at..end].iter().filter(|c| **c == '\n'));
                at = end;
            }
            None => {
                code.push(chars[at]);
                at += 1;
            }
        }
    }
    code.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Where the comment or the literal ends that begins at `at`, if one does.
fn end_of_prose(chars: &[char], at: usize) -> Option<usize> {
    let next = |offset: usize| chars.get(at + offset).copied();
    let end = |found: Option<usize>| Some(found.unwrap_or(chars.len()));
    match chars[at] {
        '/' if next(1) == Some('/') => end((at..chars.len()).find(|i| chars[*i] == '\n')),
        '/' if next(1) == Some('*') => end(end_of_block_comment(chars, at)),
        '"' => {
            let mut i = at + 1;
            while i < chars.len() && chars[i] != '"' {
                i += if chars[i] == '\\' { 2 } else { 1 };
            }
            Some((i + 1).min(chars.len()))
        }
        '\'' if next(1) == Some('\\') => {
            end((at + 3..chars.len()).find(|i| chars[*i] == '\'').map(|i| i + 1))
        }
        '\'' if next(2) == Some('\'') => Some(at + 3),
        'r' if begins_raw(chars, at) => {
            let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
            let body = at + 2 + hashes;
            let closes = |i: &usize| {
                chars[*i] == '"'
                    && chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
            };
            end((body..chars.len()).find(closes).map(|i| i + 1 + hashes))
        }
        _ => None,
    }
}

/// Whether the `r` at `at` begins a raw string, and not a name or a raw identifier.
fn begins_raw(chars: &[char], at: usize) -> bool {
    let before: String = chars[..at].iter().rev().take_while(|c| is_word(**c)).collect();
    let quote = chars[at + 1..].iter().find(|c| **c != '#');
    matches!(before.as_str(), "" | "b" | "c") && quote == Some(&'"')
}

fn end_of_block_comment(chars: &[char], at: usize) -> Option<usize> {
    let mut depth = 0;
    let mut i = at;
    while i + 1 < chars.len() {
        match (chars[i], chars[i + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') if depth == 1 => return Some(i + 2),
            ('*', '/') => depth -= 1,
            _ => i -= 1,
        }
        i += 2;
    }
    None
}

#[test]
fn prose_is_told_from_code() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(code_only(text), expected, "for {text}");
    }
    check("a // b \"c\"\nd", "a\nd\n");
    check("a /* b /* c */\n'd */ e", "a\n e\n");
    check("a(\"b // \\\" {\\\\\") c", "a(\"\") c\n");
    check("a(\"b\n  c\") d", "a(\"\"\n) d\n");
    check("r#\"a\"b\"#.r(br\"\\\") r#type for\"\"", "\"\".r(b\"\") r#type for\"\"\n");
    check(
        "'\"' '\\'' '\\\\' 'é' '\\u{7d}' f::<'a, 'b>('{')",
        "\"\" \"\" \"\" \"\" \"\" f::<'a, 'b>(\"\")\n",
    );
}

#[test]
fn unit_tests_are_told_from_the_rest() {
    let source = Source::new("src/a.rs", "a\nmod tests {\n    b\n}\nc\n");
    assert_eq!(source.tests, [false, true, true, true, false]);
    assert_eq!(Source::new("src/a/tests.rs", "a\n").tests, [true]);
}
