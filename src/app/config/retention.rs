//! What the table `[retention]` may say, and where it is told what it may not.

use std::path::Path;

use super::Config;
use crate::app::error::Error;
use crate::engine::retention::{Policy, Rule, Tag};

const HEAD: &str = "format = 1\n[repository]\nid = \"00000000-0000-0000-0000-000000000001\"\n\
                    path = \"/d\"\n";

fn load(path: &Path, table: &str) -> Result<Config, Error> {
    std::fs::write(path, format!("{HEAD}{table}")).unwrap();
    Ok(Config::load(path)?.unwrap())
}

#[test]
fn what_is_kept_is_loaded_as_it_was_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let usual = "[retention]\nall = \"24 hours\"\ndaily = \"30 days\"\n\
                 weekly = \"until room is needed\"\n";
    let several = "[retention]\nall = [10, \"1 year\"]\nhourly = \" 1 week \"\nboot = 5\n\
                   monthly = []\n";
    for (table, rules) in [
        ("", None),
        ("[retention]\n", Some(vec![])),
        (usual, Some(Policy::default().rules)),
        (
            several,
            Some(
                [
                    (Tag::All, "10"),
                    (Tag::All, "1 years"),
                    (Tag::Hourly, "1 week"),
                    (Tag::Boot, "5"),
                ]
                .map(|(tag, reach)| Rule { tag, reach: reach.parse().unwrap() })
                .to_vec(),
            ),
        ),
    ] {
        let config = load(&path, table).unwrap();
        assert_eq!(config.retention, rules.map(|rules| Policy { rules }), "{table}");
        config.save(&path).unwrap();
        assert_eq!(Config::load(&path).unwrap(), Some(config), "{table}");
    }
}

#[test]
fn a_bad_rule_is_told_with_line_and_column_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    for (table, at, said) in [
        ("all = \"24 hours\"\ndayly = 3\n", (7, 1), "daily"),
        ("all = \"a while\"\n", (6, 7), "a while"),
        ("all = 0\n", (6, 7), "from 1 to"),
        ("all = -3\n", (6, 7), "from 1 to"),
        ("all = \"0 days\"\n", (6, 7), "0 days"),
        ("all = true\n", (6, 7), "30 days"),
        ("all = 1.5\n", (6, 7), "30 days"),
        ("all = { for = 3 }\n", (6, 7), "30 days"),
        ("all = [10, \"1 year\", 0]\n", (6, 22), "from 1 to"),
        ("all = [\n  10,\n  \"soon\",\n]\n", (8, 3), "soon"),
        ("all = [[1]]\n", (6, 8), "30 days"),
        ("all = 4294967296\n", (6, 7), "from 1 to"),
        ("all = 99999999999999999999999\n", (6, 7), ""),
        ("all = 1\nall = 2\n", (7, 1), "duplicate"),
    ] {
        match load(&path, &format!("[retention]\n{table}")) {
            Err(Error::BadConfig { line, column, message, .. }) => {
                assert_eq!((line, column), at, "{table}: {message}");
                assert!(message.contains(said), "{table}: {message}");
            }
            other => panic!("{table}: {other:?}"),
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.ends_with(table), "{text}");
    }
    match load(&path, "retention = 3\n") {
        Err(Error::BadConfig { line: 5, .. }) => {}
        other => panic!("{other:?}"),
    }
}
