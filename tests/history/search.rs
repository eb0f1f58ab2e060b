//! Searching for names: which are found, in which order, and when they lived.

mod many;
mod naive;
mod spoiled;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use uuid::Uuid;
use yore::engine::backup::Source;
use yore::engine::error::Error;
use yore::engine::history::{Found, History, Hit, KindFilter, Query};
use yore::engine::meta::Kind;
use yore::engine::monitor::Monitor;
use yore::engine::path::display;

use crate::common::engine::Rig;
use crate::common::tree::write;

/// The hits of a search below the source, those that are gone with a mark behind.
#[track_caller]
fn hits(rig: &Rig, query: &Query) -> Vec<String> {
    let found = rig.history().search(query).unwrap();
    assert_eq!((found.is_complete, found.next), (true, None), "{query:?}");
    found.hits.iter().map(|hit| shown(rig, hit)).collect()
}

fn shown(rig: &Rig, hit: &Hit) -> String {
    let root = rig.path_of("");
    assert!(hit.path.is_within(&root) && hit.path.name() == Some(hit.entry.name.as_slice()));
    let below = hit.path.as_bytes().get(root.as_bytes().len() + 1..).unwrap_or(b".");
    format!("{}{}", display(below), if hit.is_gone { " gone" } else { "" })
}

#[track_caller]
fn assert_hits(rig: &Rig, text: &str, wanted: &[&str]) {
    assert_eq!(hits(rig, &Query::new(text)), wanted, "{text:?}");
}

/// Every page of a search, one after the other.
fn all_pages(history: &History, query: &Query) -> (Vec<Hit>, bool) {
    let (mut query, mut all) = (query.clone(), Vec::new());
    loop {
        let Found { hits, is_complete, next, .. } = history.search(&query).unwrap();
        all.extend(hits);
        match next {
            Some(next) => query.offset = next,
            None => return (all, is_complete),
        }
    }
}

#[test]
fn the_best_hits_come_first() {
    let rig = Rig::new();
    for name in ["sub/letter", "Letter", "other/LETTER", "letters", "letter.txt", "a/b/letter.txt"]
    {
        write(&rig.source.join(name), name);
    }
    for name in
        ["my-letter", "myLetter", "letter of a newsletter", "newsletter", "lette", "old/letter"]
    {
        write(&rig.source.join(name), name);
    }
    rig.back_up();
    fs::remove_dir_all(rig.source.join("old")).unwrap();
    fs::remove_file(rig.source.join("letters")).unwrap();
    rig.back_up();
    write(&rig.source.join("letter-late"), "");
    rig.back_up();
    fs::remove_file(rig.source.join("letter-late")).unwrap();
    rig.back_up();
    let wanted = [
        "sub/letter",
        "old/letter gone",
        "Letter",
        "other/LETTER",
        "letter.txt",
        "a/b/letter.txt",
        "letter of a newsletter",
        "letter-late gone",
        "letters gone",
        "myLetter",
        "my-letter",
        "newsletter",
    ];
    assert_hits(&rig, "letter", &wanted);
    let mut upper = wanted;
    upper[..4].copy_from_slice(&["other/LETTER", "Letter", "sub/letter", "old/letter gone"]);
    assert_hits(&rig, "LETTER", &upper);
    assert_hits(&rig, "etter.t", &["letter.txt", "a/b/letter.txt"]);
}

#[test]
fn one_or_two_letters_are_how_names_begin() {
    let rig = Rig::new();
    for name in ["a", "A", "ab", "Abc", "b a", "ba", "é", "Éa", "😀", "😀a", "\u{301}e"] {
        write(&rig.source.join(name), "");
    }
    rig.back_up();
    assert_hits(&rig, "a", &["a", "A", "ab", "Abc"]);
    assert_hits(&rig, "AB", &["ab", "Abc"]);
    assert_hits(&rig, "b", &["ba", "b a"]);
    assert_hits(&rig, "É", &["é", "Éa"]);
    assert_hits(&rig, "😀", &["😀", "😀a"]);
    assert_hits(&rig, "\u{301}", &["\u{301}e"]);
    assert_hits(&rig, "zz", &[]);
    assert_hits(&rig, "", &[]);
    assert_hits(&rig, "/", &[]);
}

#[test]
fn what_is_gone_is_found_where_it_was_and_when() {
    let rig = Rig::new();
    write(&rig.source.join("old/deep/ledger.ods"), "1");
    write(&rig.source.join("ledger.txt"), "1");
    rig.back_up();
    write(&rig.source.join("ledger.txt"), "22");
    let changed = rig.back_up();
    fs::rename(rig.source.join("old"), rig.source.join("new")).unwrap();
    let moved = rig.back_up();
    fs::remove_file(rig.source.join("ledger.txt")).unwrap();
    let last = rig.back_up();

    let found = rig.history().search(&Query::new("ledger")).unwrap();
    let rows =
        found.hits.iter().map(|hit| (shown(&rig, hit), hit.first, hit.last, hit.entry.size_bytes));
    let wanted = [
        ("new/deep/ledger.ods", moved.seq, last.seq, 1),
        ("ledger.txt gone", 1, moved.seq, 2),
        ("old/deep/ledger.ods gone", 1, changed.seq, 1),
    ];
    assert_eq!(rows.collect::<Vec<_>>(), wanted.map(|(path, a, b, c)| (path.to_owned(), a, b, c)));
    let gone = |text: &str| hits(&rig, &Query { deleted_only: true, ..Query::new(text) });
    assert_eq!(gone("ledger"), ["ledger.txt gone", "old/deep/ledger.ods gone"]);
    assert_eq!(gone("d"), ["old/deep gone"]);
    assert_eq!(gone("new"), [""; 0]);
    // What came back is not gone, and lived from its first day.
    write(&rig.source.join("ledger.txt"), "333");
    let back = rig.back_up();
    let hit = rig.history().search(&Query::new("ledger.txt")).unwrap().hits.remove(0);
    assert_eq!((hit.first, hit.last, hit.is_gone, hit.entry.size_bytes), (1, back.seq, false, 3));
}

#[test]
fn a_source_that_is_backed_up_no_more_is_gone() {
    let rig = Rig::new();
    let other = rig.path().join("second");
    write(&other.join("heirloom"), "");
    write(&rig.source.join("heir"), "");
    let mut options = rig.options();
    options.sources.push(Source { id: Uuid::new_v4(), path: other });
    rig.try_back_up(&options, &Monitor::new()).unwrap();
    let is_gone = || {
        let found = rig.history().search(&Query::new("heir")).unwrap();
        found.hits.iter().map(|hit| hit.is_gone).collect::<Vec<_>>()
    };
    assert_eq!(is_gone(), [false, false]);
    rig.back_up();
    assert_eq!(is_gone(), [false, true]);
}

#[test]
fn slashes_lead_into_folders() {
    let rig = Rig::new();
    for name in
        ["docs/letter", "mydocs/letters", "docs/sub/letter", "docs/old-letter", "letterbox/a"]
    {
        write(&rig.source.join(name), "");
    }
    rig.back_up();
    assert_hits(&rig, "docs/let", &["docs/letter", "mydocs/letters"]);
    assert_hits(&rig, "/Docs//LET", &["docs/letter"]);
    assert_hits(&rig, "docs/letter", &["docs/letter", "mydocs/letters"]);
    assert_hits(&rig, "docs/sub/l", &["docs/sub/letter"]);
    assert_hits(&rig, "etterb/", &["letterbox"]);
    assert_hits(&rig, "letter/", &["letterbox"]);
    let under = Query { under: rig.path_of("docs"), ..Query::new("letter") };
    assert_eq!(hits(&rig, &under), ["docs/letter", "docs/sub/letter", "docs/old-letter"]);
    let whole = rig.source.join("docs/let");
    assert_hits(&rig, whole.to_str().unwrap(), &["docs/letter"]);
}

#[test]
fn every_character_stands_for_itself() {
    let rig = Rig::new();
    let names = [
        "a NEAR b",
        "a OR b",
        "a AND b",
        "NOT",
        "text:a",
        "a*b",
        "100%",
        "a_b",
        "^abc",
        "'quoted'",
        "\"quoted\"",
        "\"\"\"",
        "(abc)",
        "a+b+c",
        "{abc}",
        "\\abc\\",
        "-abc",
        "a\nb",
        "\u{2}\u{2}a",
        "\u{1}\u{7f}x",
        "a;--b",
        "👩‍👩‍👧‍👦",
        "e\u{301}te\u{301}",
        "été",
        "nul\u{fffd}l",
        "   ",
        "İSTANBUL",
        "ẞẞẞ",
    ];
    for name in names {
        write(&rig.source.join(name), "");
    }
    for name in [&b"\xff\xfe\xfd"[..], b"latin \xe9t\xe9"] {
        write(&rig.source.join(OsStr::from_bytes(name)), "");
    }
    rig.back_up();
    for name in names {
        assert_hits(&rig, name, &[&display(name.as_bytes())]);
    }
    assert_hits(&rig, "latin \u{fffd}t", &["latin \\xe9t\\xe9"]);
    assert_hits(&rig, "\u{fffd}\u{fffd}", &["\\xff\\xfe\\xfd"]);
    assert_hits(&rig, "\u{2}", &["\\u{2}\\u{2}a"]);
    for nothing in [
        "\u{2}a",
        "a\0b",
        "\0",
        "a%b",
        "_bc",
        "ab*",
        "NEAR(a b)",
        "\"a\" OR \"b\"",
        "text : a",
        "l' OR 1=1",
    ] {
        assert_hits(&rig, nothing, &[]);
    }
}

#[test]
fn texts_of_any_length_are_answered() {
    let rig = Rig::new();
    let (long, wide) = ("x".repeat(255), "😀".repeat(63));
    for name in [&long, &wide] {
        write(&rig.source.join(name), "");
    }
    write(&rig.source.join(OsStr::from_bytes(&[0xff; 255])), "");
    rig.back_up();
    assert_hits(&rig, &long, &[&long]);
    assert_hits(&rig, &"X".repeat(254), &[&long]);
    assert_hits(&rig, &wide, &[&wide]);
    assert_hits(&rig, &"\u{fffd}".repeat(255), &[&display(&[0xff; 255])]);
    let mixed: String = ('\u{4e00}'..).take(255).collect();
    for nothing in
        ["x".repeat(256), "x".repeat(1 << 20), "/x".repeat(1 << 19), "\"".repeat(1 << 20), mixed]
    {
        assert_hits(&rig, &nothing, &[]);
    }
}

#[test]
fn filters_are_about_all_states_in_the_time() {
    let rig = Rig::new();
    write(&rig.source.join("thing"), "12345");
    write(&rig.source.join("thing.folder/x"), "");
    symlink("thing", rig.source.join("thing.link")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, rig.source.join("thing.pipe"), rustix::fs::Mode::RUSR)
        .unwrap();
    rig.back_up();
    write(&rig.source.join("thing"), "123456789");
    rig.back_up();
    fs::remove_file(rig.source.join("thing")).unwrap();
    rig.back_up();
    fs::create_dir(rig.source.join("thing")).unwrap();
    rig.back_up();
    let find = |change: fn(&mut Query)| {
        let mut query = Query::new("thing");
        change(&mut query);
        hits(&rig, &query)
    };
    assert_eq!(find(|query| query.kind = Some(KindFilter::Link)), ["thing.link"]);
    assert_eq!(find(|query| query.kind = Some(KindFilter::Other)), ["thing.pipe"]);
    assert_eq!(find(|query| query.kind = Some(KindFilter::Folder)), ["thing", "thing.folder"]);
    assert_eq!(find(|query| query.kind = Some(KindFilter::File)), ["thing"]);
    assert_eq!(find(|query| query.size_bytes = Some(0..=u64::MAX)), ["thing"]);
    assert_eq!(find(|query| query.size_bytes = Some(6..=8)), [""; 0]);
    let sized = |until: u64, size: u64| {
        let size_bytes = Some(size..=size);
        hits(&rig, &Query { until: Some(until), size_bytes, ..Query::new("thing") })
    };
    assert_eq!((sized(1, 5), sized(2, 9)), (vec!["thing".to_owned()], vec!["thing".to_owned()]));
    assert_eq!((sized(2, 5).len(), sized(4, 5).len(), sized(4, 9).len()), (1, 1, 1));
    assert_eq!((sized(1, 9).len(), sized(4, 7).len()), (0, 0));
    // What is shown is the newest state that fits, not the folder that is there now.
    let file = Query { kind: Some(KindFilter::File), ..Query::new("thing") };
    let hit = rig.history().search(&file).unwrap().hits.remove(0);
    assert_eq!((hit.entry.kind, hit.entry.size_bytes, hit.is_gone), (Kind::File, 9, false));
    let late = Query { since: Some(4), ..file };
    assert_eq!(hits(&rig, &late), [""; 0]);
    let between = |since: u64, until: u64| {
        let query = Query { since: Some(since), until: Some(until), ..Query::new("thing") };
        let found = rig.history().search(&query).unwrap();
        let hit = found.hits.into_iter().find(|hit| hit.entry.name == b"thing");
        hit.map(|hit| (hit.entry.size_bytes, hit.first, hit.last))
    };
    assert_eq!(between(1, 1), Some((5, 1, 4)));
    assert_eq!(between(0, 3), Some((9, 1, 4)));
    assert_eq!(between(3, 3), None);
    assert_eq!(between(5, 9), None);
    assert_eq!(between(4, 3), None);
    assert!(between(4, u64::MAX).is_some());
}

#[test]
fn pages_have_every_hit_once() {
    let rig = Rig::new();
    for number in 0..30 {
        write(&rig.source.join(format!("{}/item-{number}", number % 7)), "");
    }
    rig.back_up();
    for number in (0..30).step_by(4) {
        fs::remove_file(rig.source.join(format!("{}/item-{number}", number % 7))).unwrap();
    }
    rig.back_up();
    let history = rig.history();
    let whole = history.search(&Query::new("item")).unwrap();
    assert_eq!((whole.hits.len(), whole.next), (30, None));
    for limit in [1, 2, 7, 29, 30] {
        let (all, is_complete) = all_pages(&history, &Query { limit, ..Query::new("item") });
        assert!(is_complete && all == whole.hits, "{limit}: {all:?}");
    }
    for (offset, limit) in [(30, 5), (usize::MAX, usize::MAX), (0, 0)] {
        let found = history.search(&Query { offset, limit, ..Query::new("item") }).unwrap();
        assert_eq!((found.hits.len(), found.next), (0, None), "{offset} {limit}");
    }
}

#[test]
fn a_name_that_is_everywhere_hides_no_other() {
    let rig = Rig::new();
    for number in 0..600 {
        write(&rig.source.join(format!("{number}/index")), "");
    }
    write(&rig.source.join("index.html"), "");
    rig.back_up();
    let (all, is_complete) = all_pages(&rig.history(), &Query::new("index"));
    assert!(!is_complete && all.len() > 500, "{}", all.len());
    assert_eq!(all.last().map(|hit| shown(&rig, hit)).as_deref(), Some("index.html"));
    let mut paths: Vec<_> = all.iter().map(|hit| &hit.path).collect();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths.len(), all.len());
}

#[test]
fn a_folder_that_no_snapshot_has_is_not_searched() {
    let rig = Rig::new();
    write(&rig.source.join("old/letter"), "");
    write(&rig.source.join("new"), "");
    rig.back_up();
    fs::remove_dir_all(rig.source.join("old")).unwrap();
    rig.back_up();
    let search = |under| rig.history().search(&Query { under, ..Query::new("letter") });
    for under in [rig.path_of("never"), rig.path_of("old/letter/never")] {
        assert!(matches!(search(under.clone()), Err(Error::NeverSeen(path)) if path == under));
    }
    let above = rig.path_of("").parent().unwrap();
    for under in [above, rig.path_of("old"), rig.path_of("old/letter")] {
        assert_eq!(search(under).unwrap().hits.len(), 1);
    }
}
