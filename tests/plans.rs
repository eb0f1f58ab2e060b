//! No question reads a whole table of the index: the plan of every statement that is written anywhere in the program.
//!
//! The statements are taken from the source, so that a new one can't be forgotten, and one that is seldom run can't either.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use uuid::Uuid;
use yore::engine::index::Index;

use crate::common::place::scratch;

/// Tables with a row for each snapshot or table at most.
const SMALL: [&str; 5] = ["head", "snapshot", "rules", "unusable", "sqlite_schema"];

/// Statements that mean a whole table, or the first row that there is.
const WHOLE: [&str; 4] = [
    "SELECT 1 FROM version LIMIT 1",
    "DELETE FROM version",
    "DELETE FROM change",
    // Once a mending, and only for what is damaged where no version has it any more.
    "SELECT hash, size FROM version WHERE kind = 102 AND hash IS NOT NULL",
];

/// Asks the databases of other programs, not the index.
const FOREIGN: &str = "src/engine/sqlite";

/// The texts of all Rust files of the program, without their unit tests.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut found, mut waiting) = (Vec::new(), vec![root.join("src")]);
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path != root.join(FOREIGN) {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let program = text.split("#[cfg(test)]\nmod tests").next().unwrap().to_owned();
                found.push((path, program));
            }
        }
    }
    found
}

/// What the string literals of a file mean.
fn literals(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '/' if rest.peek() == Some(&'/') => while rest.next_if(|c| *c != '\n').is_some() {},
            // A quote as a character begins no literal.
            '\'' if rest.next_if_eq(&'"').is_some() => {}
            '"' => found.push(literal(&mut rest)),
            _ => {}
        }
    }
    found
}

/// A literal from after its first quote to its last one.
fn literal(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut meant = String::new();
    while let Some(c) = rest.next_if(|c| *c != '"') {
        if c != '\\' {
            meant.push(c);
        } else if rest.next_if_eq(&'\n').is_some() {
            while rest.next_if(|c| c.is_whitespace()).is_some() {}
        } else {
            meant.extend(rest.next());
        }
    }
    rest.next();
    meant
}

/// Puts the values of constants into a statement that is made of them.
fn filled(statement: &str, sources: &[(PathBuf, String)]) -> String {
    let mut filled = statement.to_owned();
    while let Some((before, (name, after))) =
        filled.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        let value = sources.iter().find_map(|(_, text)| {
            let (_, rest) = text.split_once(&format!("const {name}: "))?;
            let value = rest.split_once(" = ")?.1;
            let number = || value.split(';').next().unwrap().trim().to_owned();
            Some(if value.starts_with('"') { literals(value).remove(0) } else { number() })
        });
        let value = value.unwrap_or_else(|| {
            panic!("{statement}: `{name}` is no constant; write whole statements, whose plans can be seen")
        });
        filled = format!("{before}{value}{after}");
    }
    filled
}

/// All statements of the program with the files they are in.
fn statements() -> Vec<(PathBuf, String)> {
    let sources = sources();
    let mut found = Vec::new();
    for (path, text) in &sources {
        for literal in literals(text) {
            let is_statement = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "REPLACE ", "WITH "]
                .iter()
                .any(|verb| literal.starts_with(verb));
            if is_statement {
                let filled = filled(&literal, &sources);
                let each = filled.split(';').map(str::trim).filter(|text| !text.is_empty());
                found.extend(each.map(|text| (path.clone(), text.to_owned())));
            }
        }
    }
    found
}

/// The steps of a statement's plan that read a whole table that may be large.
fn scans(connection: &Connection, statement: &str) -> Vec<String> {
    let mut explained = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))
        .unwrap_or_else(|error| panic!("{statement}: {error}"));
    let mut rows = explained.raw_query();
    let mut steps: Vec<String> = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get("detail").unwrap());
    }
    // The rows of a part of the statement, which has steps of its own.
    let is_part = |name: &str| {
        let made = [format!("CO-ROUTINE {name}"), format!("MATERIALIZE {name}")];
        steps.iter().any(|step| made.contains(step))
    };
    let is_scan = |step: &&String| {
        let Some(scanned) = step.strip_prefix("SCAN ") else { return step.contains("AUTOMATIC") };
        let name = scanned.split(' ').next().unwrap();
        let is_match = scanned.contains("VIRTUAL TABLE") && scanned.contains(":M");
        let is_constant = scanned.starts_with("CONSTANT ROW");
        !is_match && !is_constant && !is_part(name) && !SMALL.contains(&table(statement, name))
    };
    steps.iter().filter(is_scan).cloned().collect()
}

/// The table that a statement calls `name`.
fn table<'a>(statement: &'a str, name: &'a str) -> &'a str {
    let words: Vec<&str> = statement.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let called =
        words.windows(3).find(|words| matches!(words[0], "FROM" | "JOIN") && words[2] == name);
    called.map_or(name, |words| words[1])
}

fn index() -> (tempfile::TempDir, Connection) {
    let folder = scratch();
    let path = folder.path().join("index.sqlite");
    drop(Index::create(&path, Uuid::new_v4()).unwrap());
    let connection = Connection::open(path).unwrap();
    (folder, connection)
}

#[test]
fn no_statement_reads_a_whole_table() {
    let (_folder, connection) = index();
    let statements = statements();
    let mut bad = Vec::new();
    for (path, statement) in &statements {
        if !WHOLE.contains(&statement.as_str()) {
            let scans = scans(&connection, statement);
            if !scans.is_empty() {
                bad.push(format!("{}: {statement}\n    {}", path.display(), scans.join("\n    ")));
            }
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    for known in WHOLE {
        let is_used = statements.iter().any(|(_, statement)| statement == known);
        assert!(is_used, "{known} is written nowhere any more");
    }
}

#[test]
fn a_statement_that_reads_a_whole_table_is_noticed() {
    let (_folder, connection) = index();
    for (statement, is_bad) in [
        ("SELECT id FROM node WHERE id = 1", false),
        ("SELECT id FROM node n WHERE n.parent + 0 = 1", true),
        ("SELECT s.seq FROM snapshot s WHERE s.state = 1", false),
        ("SELECT node FROM version WHERE last = 1", true),
        ("SELECT a.node FROM version a JOIN version b ON b.last = a.last WHERE a.node = 1", true),
        ("SELECT rowid FROM name_text WHERE name_text MATCH 'abc'", false),
        ("SELECT rowid FROM name_text WHERE rowid > 1 OR text LIKE 'a'", true),
        ("UPDATE version SET last = 1 WHERE first = 1", true),
    ] {
        assert_eq!(!scans(&connection, statement).is_empty(), is_bad, "{statement}");
    }
}
