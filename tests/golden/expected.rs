//! What must be found in a golden repository, and what its digests must be, counted from that alone.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common::sealed::Sealed;

/// What only a snapshot's papers say of an entry, not the entry that comes back.
const MARKS: [&str; 4] = ["stale", "torn", "absent", "captured"];

/// A repository as it was made.
#[derive(Debug)]
pub struct Expected {
    /// Oldest first.
    pub snapshots: Vec<Listed>,
    /// The name of the one whose deletion was begun.
    pub trash: String,
}

/// A snapshot, and its entries by their encoded paths.
#[derive(Debug)]
pub struct Listed {
    pub name: String,
    pub seq: u64,
    pub kind: String,
    pub pinned: bool,
    pub label: Option<String>,
    entries: BTreeMap<String, Value>,
}

impl Expected {
    #[track_caller]
    pub fn read(path: &Path) -> Self {
        let said: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let listed = |snapshot: &Value| Listed {
            name: text(&snapshot["name"]),
            seq: snapshot["seq"].as_u64().unwrap(),
            kind: text(&snapshot["kind"]),
            pinned: snapshot["pinned"].as_bool().unwrap(),
            label: snapshot["label"].as_str().map(str::to_owned),
            entries: serde_json::from_value(snapshot["entries"].clone()).unwrap(),
        };
        let snapshots: Vec<Listed> =
            said["snapshots"].as_array().unwrap().iter().map(listed).collect();
        assert!(snapshots.iter().all(|snapshot| snapshot.entries.len() > 70));
        Self { snapshots, trash: text(&said["trash"]) }
    }

    /// The content of each version of a file, oldest first.
    pub fn versions(&self, path: &str) -> Vec<Value> {
        let entries = self.snapshots.iter().filter_map(|snapshot| snapshot.entries.get(path));
        let mut hashes: Vec<Value> = entries.map(|entry| entry["blake3"].clone()).collect();
        hashes.dedup();
        hashes
    }
}

impl Listed {
    /// All folders that can be listed.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        let folders = self.entries.iter().filter(|(_, entry)| entry["kind"] == "directory");
        folders.map(|(path, _)| path.as_str())
    }

    /// The entries in a folder by their encoded names, sorted as the format sorts.
    fn children(&self, folder: &str) -> Vec<(Vec<u8>, &str, &Value)> {
        let child = |(path, entry)| -> Option<(Vec<u8>, &str, &Value)> {
            let (path, entry): (&String, &Value) = (path, entry);
            let (parent, name) = path.rsplit_once('/')?;
            (parent == folder).then(|| (decode(name), path.as_str(), entry))
        };
        let mut children: Vec<_> = self.entries.iter().filter_map(child).collect();
        children.sort_by(|a, b| a.0.cmp(&b.0));
        children
    }

    /// A folder's entries as [`told`] has them.
    pub fn listing(&self, folder: &str) -> Vec<Value> {
        let row = |(name, _, entry): &(Vec<u8>, &str, &Value)| {
            // Or of a folder above it, which holds for all below.
            let mark = |mark: &str| entry[mark] == true || entry[mark] == "above";
            // Of a link, what it points to is the content.
            let target = entry["target"].as_str().map(|target| blake3::hash(&decode(target)));
            let hash = target.map(|hash| json!(hash.to_hex().as_str()));
            json!([
                encode(name),
                [&entry["kind"], &entry["mode"], &entry["uid"], &entry["gid"], &entry["mtime"]],
                [&entry["size"], &hash.unwrap_or_else(|| entry["blake3"].clone())],
                [mark("stale"), mark("torn"), mark("absent")],
            ])
        };
        self.children(folder).iter().map(row).collect()
    }

    /// What comes back, below the folder that it is restored to.
    pub fn restored(&self) -> Vec<(String, Value)> {
        let below = |path: &str| path.strip_prefix("/home/ann/").unwrap().to_owned();
        let mut found = Vec::new();
        for (path, entry) in &self.entries {
            if entry["absent"] == true && entry["kind"] != "directory" {
                continue;
            }
            let mut entry = entry.clone();
            let fields = entry.as_object_mut().unwrap();
            fields.retain(|name, _| !MARKS.contains(&name.as_str()));
            if let Some(first) = fields.get_mut("links") {
                *first = below(first.as_str().unwrap()).into();
            }
            found.push((below(path), entry));
        }
        found
    }

    /// Fails unless the overrides mark what was marked when the snapshot was made, and nothing else.
    #[track_caller]
    pub fn is_marked(&self, sealed: &Sealed) {
        for (path, entry) in &self.entries {
            let at = absolute(path);
            for mark in ["torn", "absent", "captured"] {
                assert_eq!(sealed.said(&at, mark), entry[mark], "{}: {mark} {path}", self.name);
            }
            let is_stale = at.ancestors().any(|above| !sealed.said(above, "stale").is_null());
            assert_eq!(is_stale, !entry["stale"].is_null(), "{}: {path}", self.name);
        }
    }

    /// The digest of a folder. Which numbers a group of links has is the one thing taken from the overrides.
    pub fn digest(&self, folder: &str, sealed: &Sealed) -> String {
        blake3::Hash::from_bytes(self.count(folder, sealed)).to_hex().to_string()
    }

    fn count(&self, folder: &str, sealed: &Sealed) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("yore 1 directory");
        for (name, path, entry) in self.children(folder) {
            let number = |value: &Value| value.as_u64().unwrap_or(0) as u32;
            let hash = |value: &Value| match value.as_str() {
                Some(hex) => unhex(hex),
                None => vec![0; 32],
            };
            let device = || [&entry["device"][0], &entry["device"][1]].map(number);
            let device = || device().map(u32::to_le_bytes).concat();
            let (letter, content) = match entry["kind"].as_str().unwrap() {
                "directory" => (b'd', self.count(path, sealed).to_vec()),
                "file" => (b'f', hash(&entry["blake3"])),
                "symlink" => {
                    let target = decode(entry["target"].as_str().unwrap());
                    (b'l', blake3::hash(&target).as_bytes().to_vec())
                }
                "fifo" => (b'p', Vec::new()),
                "socket" => (b's', Vec::new()),
                "block" => (b'b', device()),
                _ => (b'c', device()),
            };
            let mode = u32::from_str_radix(entry["mode"].as_str().unwrap(), 8).unwrap();
            hasher.update(&[letter]).update(&(name.len() as u16).to_le_bytes()).update(&name);
            hasher.update(&mode.to_le_bytes()).update(&number(&entry["uid"]).to_le_bytes());
            hasher.update(&number(&entry["gid"]).to_le_bytes());
            hasher.update(&entry["mtime"][0].as_i64().unwrap().to_le_bytes());
            hasher.update(&number(&entry["mtime"][1]).to_le_bytes());
            hasher.update(&number(&entry["flags"]).to_le_bytes());
            hasher.update(&link_group(&sealed.said(&absolute(path), "link_group")));
            hasher.update(&attributes(&entry["xattrs"])).update(&content);
        }
        *hasher.finalize().as_bytes()
    }
}

fn link_group(said: &Value) -> Vec<u8> {
    match (said[0].as_u64(), said[1].as_u64()) {
        (Some(device), Some(inode)) => {
            [&[1][..], &device.to_le_bytes(), &inode.to_le_bytes()].concat()
        }
        _ => vec![0],
    }
}

fn attributes(said: &Value) -> [u8; 32] {
    let Some(said) = said.as_object() else { return [0; 32] };
    let all = said.iter().map(|(name, value)| (decode(name), unhex(value.as_str().unwrap())));
    let mut hasher = blake3::Hasher::new();
    for (name, value) in all.collect::<BTreeMap<_, _>>() {
        hasher.update(&(name.len() as u16).to_le_bytes()).update(&name);
        hasher.update(&(value.len() as u32).to_le_bytes()).update(&value);
    }
    *hasher.finalize().as_bytes()
}

/// What `yore ls` told: a row an entry, of what [`Listed::listing`] says, too.
pub fn told(answer: &Value) -> Vec<Value> {
    let row = |entry: &Value| {
        let name = match entry["name"].as_str() {
            Some(text) => encode(text.as_bytes()),
            None => entry["name"]["encoded"].as_str().unwrap().to_owned(),
        };
        let has_content = entry["kind"] == "file" && entry["absent"] == false;
        let size = if has_content { &entry["size_bytes"] } else { &Value::Null };
        json!([
            name,
            [&entry["kind"], &entry["mode"], &entry["uid"], &entry["gid"], &entry["mtime"]],
            [size, &entry["blake3"]],
            [&entry["stale"], &entry["torn"], &entry["absent"]],
        ])
    };
    let mut rows: Vec<Value> = answer["entries"].as_array().unwrap().iter().map(row).collect();
    rows.sort_by_key(|row| decode(row[0].as_str().unwrap()));
    rows
}

/// The content of each version that `yore versions` told, oldest first.
pub fn hashes(answer: &Value) -> Vec<Value> {
    let versions = answer["versions"].as_array().unwrap().iter().rev();
    let mut hashes: Vec<Value> = versions.map(|v| v["entry"]["blake3"].clone()).collect();
    hashes.dedup();
    hashes
}

/// A path from how it is written.
pub fn absolute(encoded: &str) -> PathBuf {
    OsString::from_vec(decode(encoded)).into()
}

fn decode(text: &str) -> Vec<u8> {
    percent_encoding::percent_decode_str(text).collect()
}

/// As the format writes paths and names.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    let letter = |byte: &u8| match byte {
        b'%' | b'"' => format!("%{byte:02X}"),
        0x20..0x7F => char::from(*byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    bytes.as_ref().iter().map(letter).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}
