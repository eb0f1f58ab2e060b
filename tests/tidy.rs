//! The rules of the house, as tests. Each rule is a function from what a file holds to what is
//! wrong with it, and each is tried on a small example besides, for a rule that can't fail is none.

mod layers;
mod manifest;
mod messages;
mod shape;
mod source;
mod words;

use source::{Finding, Source};

/// Fails with every finding, one a line.
#[track_caller]
fn report(findings: &[Finding]) {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

/// Holds every file of `sources` to `rule`.
#[track_caller]
fn check(sources: &[Source], rule: fn(&Source) -> Vec<Finding>) {
    assert!(!sources.is_empty(), "no file to look at: has the tree moved?");
    let findings: Vec<Finding> = sources.iter().flat_map(rule).collect();
    report(&findings);
}

/// Holds an example to `rule`: the lines that it should find something in are `expected`.
#[track_caller]
fn check_example(rule: fn(&Source) -> Vec<Finding>, path: &str, text: &str, expected: &[usize]) {
    let lines: Vec<usize> =
        rule(&Source::new(path, text)).iter().map(|finding| finding.line).collect();
    assert_eq!(lines, expected, "in {path}:\n{text}");
}

#[test]
fn the_engine_is_silent_and_alone() {
    check(&source::rust("src/engine"), layers::engine_alone);
}

#[test]
fn the_toolkit_stays_in_the_window() {
    check(&source::rust("src"), layers::toolkit_in_window);
}

#[test]
fn every_file_of_messages_is_listed() {
    report(&messages::listed(&source::rust("src"), &source::read("po/POTFILES.in")));
}

#[test]
fn the_template_is_what_make_pot_makes() {
    messages::check_template();
}

#[test]
fn every_module_is_declared() {
    report(&shape::modules_declared(&source::rust("src")));
    report(&shape::modules_declared(&source::rust("tests")));
}

#[test]
fn files_are_short() {
    check(&source::rust("src"), shape::file_length);
    check(&source::rust("tests"), shape::file_length);
}

#[test]
fn functions_are_short() {
    check(&source::rust("src"), shape::function_lengths);
    check(&source::rust("tests"), shape::function_lengths);
}

#[test]
fn every_file_says_what_it_is_for() {
    check(&source::rust("src"), shape::header);
}

#[test]
fn nothing_is_left_for_later() {
    check(&source::all(), words::left_for_later);
}

#[test]
fn no_test_is_ignored() {
    check(&source::rust("src"), words::ignored_test);
    check(&source::rust("tests"), words::ignored_test);
}

#[test]
fn no_test_sleeps() {
    check(&source::rust("src"), words::sleeping_test);
    check(&source::rust("tests"), words::sleeping_test);
}

#[test]
fn the_project_speaks_of_itself_alone() {
    check(&source::all(), words::workplace);
}

#[test]
fn every_dependency_says_what_it_is_for() {
    report(&manifest::commented(&source::read("Cargo.toml")));
}
