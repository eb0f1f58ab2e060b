//! Names that a shell would run, and names that look like lines of their own.

use std::fs;
use std::path::Path;

use crate::common::cli::Answer;
use crate::common::node;
use crate::common::small::Small;
use crate::common::tree::{named, without_inodes, write};

/// What a shell would make of a name; it would make this file.
const MADE: &str = "yore-ran-a-shell";

fn commands() -> [String; 9] {
    [
        format!("$(touch {MADE})"),
        format!("`touch {MADE}`"),
        format!("'; touch {MADE}; '"),
        format!("\"; touch {MADE}; \""),
        format!("| touch {MADE}"),
        format!("x\ntouch {MADE}\n"),
        format!("& touch {MADE} &"),
        "--help".to_owned(),
        "-rf".to_owned(),
    ]
}

#[track_caller]
fn assert_no_shell(small: &Small, what: &str) {
    let places = [Path::new("/"), small.path(), &small.source, small.home.path(), Path::new(".")];
    for place in places {
        assert!(!place.join(MADE).exists(), "{what} ran a shell in {place:?}");
    }
}

/// Back In Time, CVE-2017-16667: names of files in the words of a command for a shell.
#[test]
fn no_name_is_ever_given_to_a_shell() {
    let small = Small::new();
    for name in commands() {
        write(&small.source.join(&name).join("inner").join(&name), &name);
    }
    let first = small.home.back_up();
    for name in commands() {
        write(&small.source.join(&name).join("inner").join(&name), "other");
    }
    small.home.back_up();
    let target = small.path().join("target $(touch yore-ran-a-shell)");
    let to = target.to_str().unwrap().to_owned();
    let mut asked: Vec<Vec<String>> = [
        &["status"][..],
        &["snapshots"],
        &["find", "touch"],
        &["deleted"],
        &["usage"],
        &["usage", "S"],
        &["compare", "F", "latest", "--content"],
        &["ls", "--at", "latest", "S"],
        &["restore", "--to", "T", "S"],
        &["restore", "--to", "T", "--on-conflict", "replace", "--at", "F", "S"],
        &["pin", "latest", "--label", "$(touch yore-ran-a-shell)"],
        &["prune", "--dry-run"],
    ]
    .iter()
    .map(|words| {
        let word = |word: &&str| match *word {
            "S" => small.arg(""),
            "T" => to.clone(),
            "F" => first.clone(),
            word => word.to_owned(),
        };
        words.iter().map(word).collect()
    })
    .collect();
    for name in commands() {
        let path = small.arg(&format!("{name}/inner/{name}"));
        asked.push(vec!["versions".into(), path.clone(), "--check".into(), "true".into()]);
        asked.push(vec![
            "versions".into(),
            path.clone(),
            "--check".into(),
            format!("true; touch {MADE}"),
        ]);
        asked.push(vec!["why".into(), path.clone()]);
        asked.push(vec!["find".into(), format!("/{name}")]);
        asked.push(vec!["restore".into(), "--to".into(), to.clone(), path]);
    }
    for words in asked {
        let answer = small.home.run(&words);
        assert!(matches!(answer.code, Some(0..=3)), "{words:?}: {answer:?}");
        assert!(!answer.err.contains("panicked"), "{words:?}: {answer:?}");
        assert_no_shell(&small, &format!("{words:?}"));
    }
}

/// A name that looks like further lines of whatever it stands in.
const LINES: &[u8] = b"a\n{\"path\":\"forged\",\"mode\":4095}\nforged: all is well\r\x1b[2Jb";

#[track_caller]
fn assert_lines_are_own(answer: &Answer, what: &str) {
    for line in answer.out.lines().chain(answer.err.lines()) {
        assert!(!line.starts_with("forged") && !line.starts_with("{\"path\""), "{what}: {line:?}");
        assert!(!line.contains(['\x1b', '\r']), "{what}: {line:?}");
    }
}

/// rsync: names with a newline in lists of names.
#[test]
fn a_name_of_several_lines_is_one_name_in_every_list() {
    let small = Small::new();
    let odd = named(&small.source, LINES);
    write(&named(&odd, LINES), "x");
    fs::hard_link(named(&odd, LINES), odd.join("same")).unwrap();
    node::fifo(&odd.join("pipe\nforged"));
    write(&odd.join("gone\nforged"), "x");
    std::os::unix::fs::symlink("to\nforged", odd.join("link\nforged")).unwrap();
    // So that there is an override and a problem of each, where this user can cause one.
    let first = small.home.back_up();
    fs::remove_file(odd.join("gone\nforged")).unwrap();
    write(&odd.join("new\nforged"), "y");
    small.home.back_up();
    let snapshot = small.repository.join("snapshots").join(&first);
    let sealed = crate::common::sealed::Sealed::read(&snapshot);
    assert!(sealed.overrides.keys().all(|path| path.starts_with(&small.source)), "{sealed:?}");
    assert!(sealed.overrides.keys().any(|path| path.ends_with("pipe\nforged")), "{sealed:?}");
    let target = small.path().join("target");
    let (to, source) = (target.to_str().unwrap(), small.arg(""));
    let path = odd.join("pipe\nforged");
    let words: Vec<Vec<&std::ffi::OsStr>> = [
        &["status"][..],
        &["ls", "--at", "latest", &source],
        &["find", "forged"],
        &["find", "a"],
        &["deleted"],
        &["usage", &source],
        &["compare", &first, "latest"],
        &["compare", &first, "latest", "--content"],
        &["ls", "--changes", "--at", &first, &source],
        &["restore", "--dry-run", "--to", to, &source],
        &["restore", "--to", to, &source],
        &["restore", "--at", &first, "--to", to, "--on-conflict", "keep-both", &source],
    ]
    .iter()
    .map(|words| words.iter().map(|word| (*word).as_ref()).collect())
    .chain([
        vec!["versions".as_ref(), path.as_os_str()],
        vec!["why".as_ref(), path.as_os_str()],
        vec!["ls".as_ref(), "--at".as_ref(), "latest".as_ref(), odd.as_os_str()],
        vec!["ls".as_ref(), "--at".as_ref(), "latest".as_ref(), path.as_os_str()],
    ])
    .collect();
    for words in words {
        let answer = small.home.run(&words);
        assert!(matches!(answer.code, Some(0..=3)), "{words:?}: {answer:?}");
        assert_lines_are_own(&answer, &format!("{words:?}"));
    }
    let facts = |path: &Path| without_inodes(crate::common::tree::facts(path));
    let exact = small.path().join("exact");
    small.home.json(["restore", "--to", exact.to_str().unwrap(), &source]);
    let plain = |path: &Path| facts(path).into_keys().collect::<Vec<_>>();
    assert_eq!(plain(&exact.join("documents")), plain(&small.source));
}
