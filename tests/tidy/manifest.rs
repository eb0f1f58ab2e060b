//! What Cargo.toml promises.

use super::{
    report,
    source::{Finding, Source},
};

/// Each dependency stands on one line with a comment that says what for.
pub fn commented(manifest: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut inside = false;
    for (index, line) in manifest.lines.iter().enumerate() {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            inside = section.ends_with("dependencies");
            if section.contains("dependencies.") {
                findings.push(
                    manifest.finding(index, "write a dependency on one line, with a comment"),
                );
            }
        } else if inside && names_dependency(line) && !has_comment(line) {
            findings.push(manifest.finding(index, "say in a comment what this dependency is for"));
        }
    }
    findings
}

fn names_dependency(line: &str) -> bool {
    line.starts_with(|c: char| c.is_alphanumeric()) && line.contains('=')
}

fn has_comment(line: &str) -> bool {
    // Outside of quotation marks, so after an even number of them.
    let comment = line.split('"').step_by(2).find_map(|part| part.split_once('#'));
    comment.is_some_and(|(_, text)| !text.trim().is_empty())
}

#[test]
fn a_dependency_without_a_comment_is_found() {
    let text = "[package]\nname = \"a\"\n[dependencies]\nb = \"1\" # for b\nc = \"1\"\nd = \"#\"\ne = \"1\" #\n\
                # f = \"1\"\n[dev-dependencies]\ng = { version = \"1\" }\n[dependencies.h]\n[lints.rust]\ni = \"x\"\n";
    let lines: Vec<usize> =
        commented(&Source::new("Cargo.toml", text)).iter().map(|finding| finding.line).collect();
    assert_eq!(lines, [5, 6, 7, 10, 11]);
    report(&commented(&Source::new("Cargo.toml", "[dependencies]\na = \"1\" # a\n")));
}
