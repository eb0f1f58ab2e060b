//! Trees compared by programs that know nothing of Yore: rsync, stat, getfattr, getfacl, lsattr.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::process::Command;

/// The letters of `lsattr` that belong to an entry and not to how its file system keeps it.
const KEPT_FLAGS: &str = "SDiadAC";

/// How many differences are shown, and how much of each.
const SHOWN: usize = 20;
const SHOWN_LETTERS: usize = 300;

/// As many names as a command line surely takes.
const NAMES_AT_ONCE: usize = 500;

/// What the tools say of a tree: one line a fact, each beginning with the tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey(BTreeSet<String>);

impl Survey {
    /// Asks all tools but rsync about everything in `root` and about itself.
    #[track_caller]
    pub fn of(root: &Path) -> Self {
        let mut facts = BTreeSet::new();
        facts.extend(stat(root));
        let attributes =
            output(root, "getfattr", &["-R", "-P", "-h", "-d", "-m", "-", "-e", "hex", "."]);
        // Access lists are the next tool's.
        facts.extend(records("getfattr", &attributes, "system.posix_acl"));
        let access = output(root, "getfacl", &["-R", "-P", "-n", "-p", "."]);
        facts.extend(records("getfacl", &access, "\0"));
        facts.extend(listed_flags(root));
        Self(facts)
    }

    /// What the other one says and this one doesn't (`-`), and the reverse (`+`).
    pub fn differences(&self, wanted: &Self) -> Vec<String> {
        let missing = wanted.0.difference(&self.0).map(|fact| format!("-{fact}"));
        missing.chain(self.0.difference(&wanted.0).map(|fact| format!("+{fact}"))).collect()
    }
}

/// What rsync would still have to do to make `copy` equal to `original`.
#[track_caller]
pub fn rsync(original: &Path, copy: &Path) -> Vec<String> {
    let inside = |path: &Path| {
        let mut path = path.as_os_str().to_owned();
        path.push("/");
        path
    };
    let mut command = Command::new("rsync");
    command.args([
        "-aHAXnc",
        "--numeric-ids",
        "--modify-window=-1",
        "--delete",
        "--itemize-changes",
    ]);
    let output = command.arg("--").arg(inside(original)).arg(inside(copy)).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    text.lines().chain(said.lines()).map(|line| format!("rsync: {line}")).collect()
}

/// Everything that is different in a tree that should be as `original` was when it was surveyed.
#[track_caller]
pub fn compare(original: &Path, surveyed: &Survey, copy: &Path) -> Vec<String> {
    let mut all = rsync(original, copy);
    all.extend(Survey::of(copy).differences(surveyed));
    all
}

/// Fails, showing the first of them, if there are differences.
#[track_caller]
pub fn assert_none(differences: &[String], what: &str) {
    let short = |line: &String| line.chars().take(SHOWN_LETTERS).collect::<String>();
    let shown = differences.iter().take(SHOWN).map(short).collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{what}: {} differences\n{shown}", differences.len());
}

#[track_caller]
fn output(root: &Path, program: &str, words: &[&str]) -> Vec<u8> {
    let output = Command::new(program).current_dir(root).args(words).output().unwrap();
    assert!(output.status.success(), "{program}: {output:?}");
    output.stdout
}

fn show(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// Kind, mode, owner, time, size, links and device of everything, and which names are one file.
#[track_caller]
fn stat(root: &Path) -> Vec<String> {
    let found = output(root, "find", &[".", "-print0"]);
    let names: Vec<OsString> = found
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .map(|name| OsString::from_vec(name.to_vec()))
        .collect();
    let mut facts = Vec::new();
    let mut groups = BTreeMap::<String, BTreeSet<String>>::new();
    for names in names.chunks(NAMES_AT_ONCE) {
        let mut command = Command::new("stat");
        command.arg("--printf=%F|%a %u %g %.9Y|%s %h %t:%T|%i|%n\\0").arg("--").args(names);
        let output = command.current_dir(root).env("LC_ALL", "C").output().unwrap();
        assert!(output.status.success(), "stat: {output:?}");
        for line in output.stdout.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            let line = show(line);
            let parts: Vec<&str> = line.splitn(5, '|').collect();
            let (kind, path) = (parts[0], parts[4].to_owned());
            // Of a folder, size and links are what its file system likes.
            let own = if kind == "directory" { "" } else { parts[2] };
            facts.push(format!("stat: {path} {kind} {own} {}", parts[1]));
            if kind != "directory" {
                groups.entry(parts[3].to_owned()).or_default().insert(path);
            }
        }
    }
    let groups = groups.into_values().filter(|names| names.len() > 1);
    facts.extend(groups.map(|names| format!("stat: one file: {names:?}")));
    facts
}

/// The paragraphs that a tool wrote, one an entry, without the lines that begin with `but`.
fn records(tool: &str, text: &[u8], but: &str) -> Vec<String> {
    // Every byte as some letter, so that no two names become one.
    let text: String = text.iter().map(|byte| char::from(*byte)).collect();
    let paragraphs = text.split("\n\n").filter(|text| !text.trim().is_empty());
    let plain = |text: &str| {
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with(but)).collect();
        lines.join(", ")
    };
    let all = paragraphs.map(plain).filter(|text| text.contains(", "));
    all.map(|text| format!("{tool}: {text}")).collect()
}

/// The flags of every file and folder that has any.
fn listed_flags(root: &Path) -> Vec<String> {
    // Its exit code tells of pipes and links, which have no flags.
    let output = Command::new("lsattr").current_dir(root).args(["-R", "-a", "."]).output().unwrap();
    let own = Command::new("lsattr").current_dir(root).args(["-d", "."]).output().unwrap();
    let both = [output.stdout, own.stdout].concat();
    let mut facts = Vec::new();
    for line in both.split(|byte| *byte == b'\n').map(show) {
        let Some((flags, path)) = line.split_once(' ') else { continue };
        let is_flags = |text: &str| {
            text.len() >= 16 && text.chars().all(|c| c == '-' || c.is_ascii_alphabetic())
        };
        let kept: String = flags.chars().filter(|flag| KEPT_FLAGS.contains(*flag)).collect();
        if is_flags(flags) && !kept.is_empty() && !path.ends_with("/..") && !path.ends_with("/.") {
            facts.push(format!("lsattr: {kept} {path}"));
        }
    }
    facts
}
