//! Forged papers of a snapshot and of the repository: seals, overrides, problems, pins, known damage, the marker.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use uuid::Uuid;

use super::case::Case;
use super::{Forgery, forgery};

/// Names and paths that lead elsewhere, or nowhere.
pub const PATHS: [(&str, &str); 11] = [
    ("dots", "../../../outside/secret"),
    ("dots within", "home/../../../../etc"),
    ("absolute", "/etc/passwd"),
    ("empty", ""),
    ("a lone dot", "."),
    ("an empty part", "home//ann"),
    ("a NUL", "home/a%00b"),
    ("a newline", "home/a%0Ab"),
    ("control characters", "home/%1B%5B2J%1B%5D0;owned%07%9B%7F"),
    ("an encoded slash", "home%2F..%2F..%2Fetc"),
    ("direction marks", "home/%E2%80%AEtxt.exe"),
];

/// Values that no number of a seal should have.
const NUMBERS: [(&str, &str); 6] = [
    ("nothing", "0"),
    ("the largest", "18446744073709551615"),
    ("more than fits", "184467440737095516150"),
    ("negative", "-1"),
    ("broken", "1.5e300"),
    ("a text", "\"1\""),
];

pub fn all() -> Vec<Forgery> {
    let mut all = names();
    all.extend(numbers());
    all.extend(shapes());
    all.extend(doubles());
    all.extend(lines());
    all.extend(markers());
    all
}

fn long() -> String {
    format!("home/{}", "n".repeat(300))
}

fn names() -> Vec<Forgery> {
    let long = long();
    let with_long = PATHS.into_iter().chain([("300 bytes", long.as_str())]);
    let paths: Vec<(String, String)> =
        with_long.map(|(what, path)| (what.to_owned(), path.to_owned())).collect();
    let mut all = Vec::new();
    for (what, path) in paths {
        let of = |kind: &str| format!("{kind} of {what}");
        let text = path.clone();
        all.push(forgery(of("a source"), move |case| {
            case.reseal(&case.newest(), |seal| seal["sources"][0]["path"] = json!(text));
        }));
        let text = path.clone();
        all.push(forgery(of("an override"), move |case| {
            case.add_overrides(&[json!({ "path": text, "mode": 0o4777, "uid": 0 })]);
        }));
        let text = path.clone();
        all.push(forgery(of("a problem"), move |case| {
            let line = json!({ "path": text, "reason": "\u{1b}[2J\u{7}forged\nline" }).to_string();
            case.put_hashed(&case.newest().join("problems.jsonl"), line.as_bytes());
            let hash = blake3::hash(line.as_bytes()).to_hex().to_string();
            case.reseal(&case.newest(), |seal| seal["problems"] = json!(hash));
        }));
        all.push(forgery(of("known damage"), move |case| {
            let line = |snapshot: &str| {
                json!({ "hash": "00".repeat(32), "snapshot": snapshot, "path": path, "inode": 1,
                        "seen": "2026-01-01T00:00:00Z", "state": "rotten" })
            };
            let lines = format!("{}\n{}\n", line(&case.names[0]), line(&path));
            fs::write(case.repository.join("damage.jsonl"), lines).unwrap();
        }));
    }
    all
}

fn numbers() -> Vec<Forgery> {
    let fields = ["/seq", "/counts/files", "/bytes/total", "/owner/uid", "/format"];
    let mut all = Vec::new();
    for field in fields {
        for (what, number) in NUMBERS {
            all.push(forgery(format!("a seal with {field} {what}"), move |case| {
                case.reseal(&case.newest(), |seal| {
                    *seal.pointer_mut(field).unwrap() = json!("the number");
                });
                replace_in(case, "\"the number\"", number);
            }));
        }
    }
    all
}

/// Replaces text in the newest seal, which need be no JSON any more.
fn replace_in(case: &Case, from: &str, to: &str) {
    let path = case.newest().join("seal.json");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    case.put_hashed(&path, text.replace(from, to).as_bytes());
    case.forget_index();
}

fn put_seal(case: &Case, text: &[u8]) {
    case.put_hashed(&case.newest().join("seal.json"), text);
    case.forget_index();
}

type Change = fn(&mut Value);

type Text = fn() -> Vec<u8>;

fn shapes() -> Vec<Forgery> {
    let changes: [(&str, Change); 15] = [
        ("no sources", |seal| seal["sources"] = json!([])),
        ("sources that are no list", |seal| seal["sources"] = json!({ "0": 1 })),
        ("the root as its source", |seal| seal["sources"][0]["path"] = json!("")),
        ("a million sources", |seal| {
            let source =
                |n: usize| json!({ "id": Uuid::new_v4(), "path": format!("home/{}", n % 9) });
            seal["sources"] = (0..20_000).map(source).collect();
        }),
        ("a source of the system", |seal| seal["sources"][0]["path"] = json!("etc")),
        ("control characters everywhere", |seal| {
            for field in ["host", "user", "version"] {
                seal[field] = json!("\u{1b}]0;owned\u{7}\u{9b}31m\r\n\u{202e}");
            }
            seal["rules"] = json!(["preset \u{1b}[31m", "exclude \u{7}\n\u{1b}[2J", "\u{9b}"]);
            seal["ids"] = json!({ "users": { "0": "\u{1b}[2J" }, "groups": { "0": "\u{7}" } });
            seal["finished"]["local"] = json!("\u{1b}[2Jyesterday");
        }),
        ("owners whose names are root's", |seal| {
            seal["owner"] = json!({ "uid": 65534, "gid": 65534 });
            seal["ids"] = json!({ "users": { "65534": "root" }, "groups": { "65534": "shadow" } });
        }),
        ("owners that nobody has", |seal| {
            seal["owner"] = json!({ "uid": u32::MAX, "gid": u32::MAX });
        }),
        ("times at the end of time", |seal| {
            seal["started"]["utc"] = json!("9999-12-30T22:00:00Z");
            seal["finished"]["utc"] = json!("-009999-01-02T01:59:59Z");
        }),
        ("times that are none", |seal| seal["started"]["utc"] = json!("2026-02-31T99:00:00Z")),
        ("an unknown kind", |seal| seal["kind"] = json!("\u{1b}[31mforged")),
        ("an unknown feature to read", |seal| {
            seal["features"] = json!({ "read": ["\u{1b}[2Jnew\n"], "write": [] });
        }),
        ("an unknown feature to write", |seal| {
            seal["features"] = json!({ "read": [], "write": ["\u{1b}[2Jnew\n"] });
        }),
        ("a tree that has no digests", |seal| seal["tree"] = json!({})),
        ("rules without an end", |seal| {
            let rule = |n: usize| json!(format!("exclude {}{n}", "{a,b}".repeat(40)));
            seal["rules"] = (0..2_000).map(rule).collect();
        }),
    ];
    let changed = changes.into_iter().map(|(what, change)| {
        forgery(format!("a seal with {what}"), move |case| case.reseal(&case.newest(), change))
    });
    let mut all: Vec<Forgery> = changed.collect();
    let texts: [(&str, Text); 5] = [
        ("lists in lists, 100,000 deep", || b"[".repeat(100_000)),
        ("objects in objects, 100,000 deep", || b"{\"a\":".repeat(100_000)),
        ("twelve megabytes of zeros", || vec![0; 12 << 20]),
        ("one number of a million digits", || {
            [b"{\"seq\":".to_vec(), b"9".repeat(1 << 20)].concat()
        }),
        ("broken letters", || b"{\"seq\": \"\xff\xfe\x80\"}".to_vec()),
    ];
    all.extend(texts.into_iter().map(|(what, text)| {
        forgery(format!("a seal of {what}"), move |case| put_seal(case, &text()))
    }));
    all.push(forgery("a seal that says everything twice", |case| {
        let text = fs::read_to_string(case.newest().join("seal.json")).unwrap();
        let again = text.trim_end().trim_end_matches('}').to_owned();
        let rest = text.trim_start().trim_start_matches('{');
        put_seal(case, format!("{again},{rest}").as_bytes());
    }));
    all
}

/// Snapshots that claim to be others.
fn doubles() -> Vec<Forgery> {
    let claims: [(&str, &[&str]); 5] = [
        ("number", &["seq"]),
        ("identity", &["id"]),
        ("number and identity", &["seq", "id"]),
        ("parent", &["parent"]),
        ("everything", &["seq", "id", "parent", "started", "finished", "tree"]),
    ];
    let claimed = claims.into_iter().map(|(what, fields)| {
        forgery(format!("a snapshot that claims another's {what}"), move |case| {
            let other = fs::read(case.snapshot(0).join("seal.json")).unwrap();
            let other: Value = serde_json::from_slice(&other).unwrap();
            case.reseal(&case.newest(), |seal| {
                fields.iter().for_each(|field| seal[*field] = other[*field].clone());
            });
        })
    });
    claimed.collect()
}

fn sparse(path: &Path, size: u64) {
    let _ = fs::remove_file(path);
    fs::File::create(path).unwrap().set_len(size).unwrap();
}

/// Files of lines, and what they may hold.
fn lines() -> Vec<Forgery> {
    let mut all = Vec::new();
    for name in ["seal.json", "overrides.jsonl", "problems.jsonl", "pin.json"] {
        for (what, size) in
            [("a tebibyte", 1 << 40), ("just below four gibibytes", (4 << 30) - 4096)]
        {
            all.push(forgery(format!("{name} of {what} of nothing"), move |case| {
                sparse(&case.newest().join(name), size);
                case.forget_index();
            }));
        }
    }
    for (name, size) in [
        ("repository.json", 1 << 40),
        ("damage.jsonl", 1 << 40),
        ("damage.jsonl", 64 << 20),
        ("LOCK", 1 << 40),
    ] {
        all.push(forgery(format!("{name} of {size} bytes of nothing"), move |case| {
            sparse(&case.repository.join(name), size);
        }));
    }
    all.push(forgery("a million lines of known damage", |case| {
        let lines = "{}\nnull\n[]\n\n\"x\"\n".repeat(300_000);
        fs::write(case.repository.join("damage.jsonl"), lines).unwrap();
    }));
    all.push(forgery("overrides 100,000 deep", |case| {
        case.put_overrides(&[b"{\"path\":\"a\",\"x\":".to_vec(), b"[".repeat(100_000)].concat());
    }));
    all.push(forgery("overrides of everything absurd", |case| {
        let line = json!({ "path": case.path_of("letter"), "mode": u32::MAX, "uid": u32::MAX,
            "gid": u32::MAX, "mtime": [i64::MAX, u32::MAX], "flags": u32::MAX,
            "link_group": [u64::MAX, u64::MAX],
            "stale": { "id": Uuid::nil(), "started": "9999-12-30T22:00:00Z" }, "torn": true });
        case.add_overrides(&[line]);
    }));
    for (what, pin) in pins() {
        all.push(forgery(format!("a pin of {what}"), move |case| {
            fs::write(case.newest().join("pin.json"), &pin).unwrap();
            case.forget_index();
        }));
    }
    all
}

fn pins() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (
            "control characters",
            json!({ "label": "\u{1b}[2J\u{7}\u{9b}\n\u{202e}x", "pinned": false })
                .to_string()
                .into_bytes(),
        ),
        ("dots", json!({ "label": "../../etc", "pinned": true }).to_string().into_bytes()),
        (
            "a megabyte",
            json!({ "label": "x".repeat(1 << 20), "pinned": true }).to_string().into_bytes(),
        ),
        ("depth", b"[".repeat(100_000)),
    ]
}

/// Markers that say other than what is.
fn markers() -> Vec<Forgery> {
    let changes: [(&str, Change); 12] = [
        ("root as its writer", |marker| marker["euid"] = json!(0)),
        ("another as its writer", |marker| marker["euid"] = json!(4_294_967_295_u32)),
        ("the other kind of owners", |marker| {
            let kept = marker["owners"] == "seal";
            marker["owners"] = json!(if kept { "inode" } else { "seal" });
        }),
        ("root as its writer, and the other kind of owners", |marker| {
            marker["euid"] = json!(0);
            marker["owners"] = json!("inode");
        }),
        ("no next number", |marker| marker["next_seq"] = json!(0)),
        ("the last of all numbers", |marker| marker["next_seq"] = json!(u64::MAX)),
        ("a next number that is taken", |marker| marker["next_seq"] = json!(1)),
        ("no identity", |marker| marker["id"] = json!(Uuid::nil())),
        ("a path as its identity", |marker| marker["id"] = json!("../../../outside/secret")),
        ("a user and host of control characters", |marker| {
            marker["user"] = json!("\u{1b}[2J../../x\u{7}\u{9b}");
            marker["host"] = json!("\n\u{202e}/etc");
        }),
        ("capabilities that nobody has", |marker| {
            marker["capabilities"] = json!({ "acl": 7, "reflink": "yes", "\u{1b}": [] });
        }),
        ("unknown features", |marker| {
            marker["features"] = json!({ "read": ["\u{1b}[2J"], "write": ["\u{7}"] });
        }),
    ];
    let marked = changes.into_iter();
    marked
        .map(|(what, change)| {
            forgery(format!("a marker with {what}"), move |case| case.remark(change))
        })
        .collect()
}
