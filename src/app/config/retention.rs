//! The table `[retention]`: what is kept. It is read value by value, so that what is wrong is told where it stands.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

use crate::engine::retention::{Policy, Reach, Rule, Tag};

/// What a reach may be.
const REACH: &str =
    "a number from 1 on, an age such as \"30 days\", \"until room is needed\", or a list of these";

/// Reads the table.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Policy>, D::Error> {
    let table = BTreeMap::<Tag, Reaches>::deserialize(deserializer)?;
    let rules = table
        .into_iter()
        .flat_map(|(tag, reaches)| reaches.0.into_iter().map(move |reach| Rule { tag, reach }));
    Ok(Some(Policy { rules: rules.collect() }))
}

/// What is said of one tag.
struct Reaches(Vec<Reach>);

/// One reach in a list of them.
struct Listed(Reach);

struct ReachesVisitor;

struct ListedVisitor;

impl<'de> Deserialize<'de> for Reaches {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReachesVisitor)
    }
}

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListedVisitor)
    }
}

impl<'de> Visitor<'de> for ReachesVisitor {
    type Value = Reaches;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REACH)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Reaches, E> {
        Ok(Reaches(vec![newest(number)?]))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Reaches, E> {
        Ok(Reaches(vec![text.parse().map_err(E::custom)?]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Reaches, A::Error> {
        let mut reaches = Vec::new();
        while let Some(Listed(reach)) = list.next_element()? {
            reaches.push(reach);
        }
        Ok(Reaches(reaches))
    }
}

impl Visitor<'_> for ListedVisitor {
    type Value = Listed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REACH)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Listed, E> {
        newest(number).map(Listed)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Listed, E> {
        text.parse().map(Listed).map_err(E::custom)
    }
}

fn newest<E: Error>(number: i64) -> Result<Reach, E> {
    let number = u32::try_from(number).ok().and_then(NonZeroU32::new);
    number
        .map(Reach::Newest)
        .ok_or_else(|| E::custom("it is no number of snapshots: from 1 on, and not too large"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::app::config::Config;
    use crate::app::error::Error;

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
            ("all = 0\n", (6, 7), "from 1 on"),
            ("all = -3\n", (6, 7), "from 1 on"),
            ("all = \"0 days\"\n", (6, 7), "0 days"),
            ("all = true\n", (6, 7), "30 days"),
            ("all = 1.5\n", (6, 7), "30 days"),
            ("all = { for = 3 }\n", (6, 7), "30 days"),
            ("all = [10, \"1 year\", 0]\n", (6, 22), "from 1 on"),
            ("all = [\n  10,\n  \"soon\",\n]\n", (8, 3), "soon"),
            ("all = [[1]]\n", (6, 8), "30 days"),
            ("all = 4294967296\n", (6, 7), "too large"),
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
}
