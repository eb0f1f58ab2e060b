//! A snapshot's own papers, as they lie on the drive: seal, overrides, problems.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What a snapshot says of itself. Paths are absolute, as in the source.
#[derive(Debug)]
pub struct Sealed {
    pub seal: Value,
    pub overrides: BTreeMap<PathBuf, Value>,
    pub problems: Vec<(PathBuf, String)>,
}

impl Sealed {
    #[track_caller]
    pub fn read(snapshot: &Path) -> Self {
        let seal = fs::read_to_string(snapshot.join("seal.json")).unwrap();
        let problem = |line: Value| (path(&line), line["reason"].as_str().unwrap().to_owned());
        Self {
            seal: serde_json::from_str(&seal).unwrap(),
            overrides: lines(&snapshot.join("overrides.jsonl"))
                .into_iter()
                .map(|line| (path(&line), line))
                .collect(),
            problems: lines(&snapshot.join("problems.jsonl")).into_iter().map(problem).collect(),
        }
    }

    /// One of the numbers under `counts`.
    pub fn count(&self, name: &str) -> u64 {
        self.seal["counts"][name].as_u64().unwrap()
    }

    /// How many bytes of content were written.
    pub fn copied_bytes(&self) -> u64 {
        self.seal["bytes"]["copied"].as_u64().unwrap()
    }

    /// A field of an entry's override; null if there is none.
    pub fn said(&self, path: &Path, field: &str) -> Value {
        self.overrides.get(path).map_or(Value::Null, |line| line[field].clone())
    }

    /// Whether something is said to be wrong with a path.
    pub fn has_problem(&self, path: &Path) -> bool {
        self.problems.iter().any(|(found, _)| found == path)
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn path(line: &Value) -> PathBuf {
    let encoded = line["path"].as_str().unwrap();
    let bytes: Vec<u8> = percent_encoding::percent_decode_str(encoded).collect();
    Path::new("/").join(std::ffi::OsString::from_vec(bytes))
}
