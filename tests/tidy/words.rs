//! Words that have no place in the project.

use super::{
    check_example,
    source::{Finding, Source, words},
};

/// Work that was put off.
const LEFT_FOR_LATER: &[&str] = &["TODO", "FIXME", "XXX"];

/// Macros that stand for work that was put off, or for a look inside while it was done.
const UNFINISHED_MACROS: &[&str] = &["todo!", "unimplemented!", "dbg!"];

/// Places, papers and people that someone with only this project before them can't know of.
const WORKPLACE: &[&str] = &[
    "/work/",
    "../shared",
    "design.md",
    "field-notes",
    "style.md",
    "faults.md",
    "this session",
    "earlier session",
    "previous session",
    "next session",
    "subagent",
    "sub-agent",
    "colleague",
    "language model",
    "the ceo",
];

pub fn left_for_later(source: &Source) -> Vec<Finding> {
    let lines = source.lines.iter().zip(&source.code).enumerate();
    lines
        .filter_map(|(index, (line, code))| {
            let word = words(line)
                .map(|(_, word)| word)
                .find(|word| LEFT_FOR_LATER.contains(word))
                .or_else(|| UNFINISHED_MACROS.iter().copied().find(|name| code.contains(name)))?;
            Some(source.finding(index, format!("`{word}`: do it now, or leave it out")))
        })
        .collect()
}

pub fn ignored_test(source: &Source) -> Vec<Finding> {
    let lines = source.code.iter().enumerate().filter(|(_, line)| {
        line.trim_start().starts_with("#[") && words(line).any(|(_, word)| word == "ignore")
    });
    let what = "a test that is ignored tests nothing: let it say what it lacks, and fail under CI";
    lines.map(|(index, _)| source.finding(index, what)).collect()
}

/// Only the polling helper in tests/common may wait, with an end to it.
pub fn sleeping_test(source: &Source) -> Vec<Finding> {
    if source.path.starts_with("tests/common/") || source.path == "tests/common.rs" {
        return Vec::new();
    }
    let is_test = |index: usize| source.path.starts_with("tests/") || source.tests[index];
    let sleeps = |line: &str| words(line).any(|(_, word)| matches!(word, "sleep" | "sleep_ms"));
    let lines =
        source.code.iter().enumerate().filter(|(index, line)| is_test(*index) && sleeps(line));
    let what =
        "a test that sleeps is slow or fails by chance: poll with the helper in tests/common";
    lines.map(|(index, _)| source.finding(index, what)).collect()
}

pub fn workplace(source: &Source) -> Vec<Finding> {
    // In a style sheet a number sign begins a colour.
    let numbers = !source.path.ends_with(".css");
    let lines = source.lines.iter().enumerate();
    lines
        .filter_map(|(index, line)| {
            let lower = line.to_lowercase();
            let word =
                WORKPLACE.iter().find(|word| lower.contains(**word)).map(|word| (*word).to_owned());
            let word = word.or_else(|| issue_number(&lower).filter(|_| numbers))?;
            Some(
                source.finding(
                    index,
                    format!("`{word}`: say it so that the project alone explains it"),
                ),
            )
        })
        .collect()
}

/// "issue 7", "issue #7", or "#7" standing alone.
fn issue_number(line: &str) -> Option<String> {
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).count();
    let said = line.match_indices("issue ").find_map(|(at, _)| {
        let rest = line[at..].trim_start_matches("issue ");
        let number = rest.trim_start_matches('#');
        (digits(number) > 0)
            .then(|| format!("issue {}", &rest[..rest.len() - number.len() + digits(number)]))
    });
    said.or_else(|| {
        line.match_indices('#').find_map(|(at, _)| {
            let alone = line[..at].chars().next_back().is_none_or(|c| c == ' ' || c == '(');
            let length = digits(&line[at + 1..]);
            let after = line[at + 1 + length..].chars().next();
            let ends = after.is_none_or(|c| !c.is_alphanumeric() && c != '_');
            (alone && ends && (1..6).contains(&length)).then(|| line[at..=at + length].to_owned())
        })
    })
}

#[test]
fn what_is_left_for_later_is_found() {
    let text = "// TODO: x\nlet a = \"FIXME\";\ntodo!()\ndbg!(a);\n// dbg! is a macro\nTODOS\n";
    check_example(left_for_later, "src/a.rs", text, &[1, 2, 3, 4]);
}

#[test]
fn an_ignored_test_is_found() {
    let text = "#[test]\n#[ignore]\n    #[ignore = \"slow\"]\n#[cfg_attr(x, ignore)]\n// #[ignore]\nignore();\n";
    check_example(ignored_test, "tests/a.rs", text, &[2, 3, 4]);
}

#[test]
fn a_sleeping_test_is_found() {
    let text = "thread::sleep(x);\nmod tests {\n    sleep(y);\n}\n// sleep\n";
    check_example(sleeping_test, "tests/a.rs", text, &[1, 3]);
    check_example(sleeping_test, "src/a.rs", text, &[3]);
    check_example(sleeping_test, "tests/common/wait.rs", text, &[]);
}

#[test]
fn words_of_a_workplace_are_found() {
    let text = "// /work/x\nsee issue #12\nIssue 3 says\nfixed (#4)\n\
                on the session bus\n# 1 heading\ncolour #123456\nr#\"a\"# an issue of\n#a1 x#1\n";
    check_example(workplace, "src/a.rs", text, &[1, 2, 3, 4]);
    check_example(workplace, "data/style.css", "color: #333;\n/* a colleague */\n", &[2]);
}
