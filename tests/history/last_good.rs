//! When a file went bad.

use std::cell::Cell;
use std::fs;

use yore::engine::error::Error;
use yore::engine::history::LastGood;
use yore::engine::meta::ContentHash;

use crate::common::engine::Rig;
use crate::common::place::set_mode;
use crate::common::tree::write;

/// A file with so many contents: more than are looked at one by one.
fn many() -> Rig {
    let rig = Rig::new();
    for content in 0..MANY {
        write(&rig.source.join("new"), content.to_string());
        rig.back_up();
    }
    rig
}

const MANY: u64 = 40;

/// A file with the contents 0 to 15, under another path from 8 on; each has two snapshots, of different modes.
fn sixteen() -> Rig {
    let rig = Rig::new();
    write(&rig.source.join("stays"), "stays");
    for content in 0..16 {
        let name = if content < 8 { "old" } else { "new" };
        if content == 8 {
            fs::rename(rig.source.join("old"), rig.source.join("new")).unwrap();
            rig.back_up();
        }
        let path = rig.source.join(name);
        write(&path, content.to_string());
        for mode in [0o644, 0o600] {
            set_mode(&path, mode);
            rig.back_up();
        }
    }
    rig
}

/// Asks when the contents from `first_bad` on went bad.
fn bisect(rig: &Rig, first_bad: u64) -> (LastGood, usize) {
    let asked = Cell::new(0);
    let size_and_hash = |content: u64| ContentHash::of(content.to_string().as_bytes());
    let bad: Vec<_> = (first_bad..MANY).map(size_and_hash).collect();
    let found = rig.history().last_good(&rig.path_of("new"), &|version| {
        asked.set(asked.get() + 1);
        Ok(!bad.contains(&version.entry.hash.unwrap()))
    });
    (found.unwrap(), asked.get())
}

#[test]
fn the_last_good_content_is_found_by_few_questions() {
    let rig = many();
    for first_bad in 0..=MANY {
        let (found, asked) = bisect(&rig, first_bad);
        let hash =
            |content: Option<u64>| content.map(|c| ContentHash::of(c.to_string().as_bytes()));
        let good = found.good.as_ref().map(|version| version.entry.hash.unwrap());
        let bad = found.bad.as_ref().map(|version| version.entry.hash.unwrap());
        assert_eq!(good, hash(first_bad.checked_sub(1)), "{first_bad}");
        assert_eq!(bad, hash(Some(first_bad).filter(|bad| *bad < MANY)), "{first_bad}");
        assert_eq!((found.contents, found.looked_at), (40, asked), "{first_bad}");
        assert!(found.is_assumed);
        assert!(asked <= 8, "{first_bad}: {asked}");
    }
}

#[test]
fn a_file_that_got_well_and_ill_again_is_told_exactly() {
    let rig = sixteen();
    let good: Vec<_> = [2, 3, 9, 10].map(|c: u64| ContentHash::of(c.to_string().as_bytes())).into();
    let is_good =
        |version: &yore::engine::history::Version| Ok(good.contains(&version.entry.hash.unwrap()));
    let found = rig.history().last_good(&rig.path_of("new"), &is_good).unwrap();
    let hash = |content: u64| Some(ContentHash::of(content.to_string().as_bytes()));
    assert_eq!(found.good.unwrap().entry.hash, hash(10));
    assert_eq!(found.bad.unwrap().entry.hash, hash(11));
    assert_eq!((found.looked_at, found.contents, found.is_assumed), (6, 16, false));
}

#[test]
fn the_content_before_and_after_a_hash_is_found() {
    let rig = sixteen();
    let by_hash = |content: &str| {
        let hash = ContentHash::of(content.as_bytes());
        let found = rig.history().last_good_by_hash(&rig.path_of("old"), hash).unwrap();
        let told = |version: Option<yore::engine::history::Version>| {
            version.map(|version| (version.path, version.first, version.last))
        };
        (told(found.good), told(found.bad))
    };
    let (old, new) = (|| rig.path_of("old"), || rig.path_of("new"));
    assert_eq!(by_hash("3"), (Some((old(), 8, 8)), Some((old(), 10, 10))));
    // Of what was moved the newest place counts.
    assert_eq!(by_hash("7"), (Some((new(), 17, 17)), Some((new(), 19, 19))));
    assert_eq!(by_hash("15"), (Some((new(), 33, 33)), None));
    let unknown = rig.history().last_good_by_hash(&rig.path_of("old"), ContentHash::of(b"16"));
    assert!(matches!(unknown, Err(Error::NoSuchContent(_))), "{unknown:?}");
}

#[test]
fn what_fails_while_it_is_asked_is_an_error() {
    let rig = Rig::new();
    write(&rig.source.join("a"), "a");
    rig.back_up();
    let failed = rig.history().last_good(&rig.path_of("a"), &|_| Err(Error::Cancelled));
    assert!(matches!(failed, Err(Error::Cancelled)), "{failed:?}");
    let never = rig.history().last_good(&rig.path_of("b"), &|_| Ok(true));
    assert!(matches!(never, Err(Error::NeverSeen(_))), "{never:?}");
    // A folder has no content.
    let folder = rig.history().last_good(&rig.path_of(""), &|_| Ok(true));
    assert!(matches!(folder, Err(Error::NotFile(_))), "{folder:?}");
}
