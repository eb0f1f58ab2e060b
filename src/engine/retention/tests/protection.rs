//! What is kept whatever the policy says.

use super::*;

/// A policy that keeps next to nothing, a year later.
fn strict() -> Scene {
    Scene::new("all = 1", "2027-01-01T00:00:00Z")
}

#[test]
fn what_a_person_marked_is_kept() {
    strict().check(
        "2026-01-01T00:00:00Z                   | thinned
         2026-01-02T00:00:00Z pinned            | pinned
         2026-01-03T00:00:00Z labelled          | labelled
         2026-01-04T00:00:00Z labelled damaged  | labelled
         2026-01-05T00:00:00Z manual            | thinned
         2026-01-06T00:00:00Z import            | thinned
         2026-01-07T00:00:00Z                   | newestgood",
    );
}

#[test]
fn the_newest_good_one_is_kept_by_number_and_not_by_time() {
    Scene::new("all = \"1 hour\"", "2027-01-01T00:00:00Z").check(
        "2026-01-09T00:00:00Z          | thinned
         2026-01-01T00:00:00Z          | newestgood
         2026-01-03T00:00:00Z damaged  | damaged
         2026-01-04T00:00:00Z missing  | -
         2026-01-05T00:00:00Z pruned   | -",
    );
    // One from the future is no reason to drop the newest that can be believed.
    Scene::new("all = \"1 hour\"", "2026-06-01T00:00:00Z").check(
        "2026-01-01T00:00:00Z | thinned
         2026-01-02T00:00:00Z | newestgood
         2026-07-01T00:00:00Z | future",
    );
}

#[test]
fn a_damaged_or_missing_one_takes_no_place_of_a_good_one() {
    Scene::new("daily = 2", "2026-01-03T12:00:00Z").check(
        "2026-01-01T00:00:00Z          | thinned
         2026-01-02T00:00:00Z damaged  | damaged
         2026-01-02T01:00:00Z          | daily
         2026-01-03T00:00:00Z missing  | -
         2026-01-03T01:00:00Z          | daily
         2026-01-03T02:00:00Z          | newestgood
         2026-01-04T02:00:00Z damaged  | damaged",
    );
}

#[test]
fn one_from_the_future_displaces_none() {
    let table = "2026-01-01T00:00:00Z | thinned
                 2026-01-02T00:00:00Z | daily
                 2030-01-01T00:00:00Z | future
                 2026-01-03T00:00:00Z | daily
                 2026-01-03T01:00:00Z | newestgood
                 2026-01-03T11:59:59Z | future
                 2026-01-05T00:00:00Z | future";
    let mut scene = Scene::new("daily = 2\nall = \"1 hour\"", "2026-01-03T11:59:58Z");
    scene.check(table);
    // With a clock that was reset, all are.
    scene.now = "1970-01-01T00:00:05Z".parse().unwrap();
    let candidates: Vec<Candidate> =
        (1..9).map(|seq| good(seq, format!("2026-01-0{seq}T00:00:00Z").parse().unwrap())).collect();
    let decision = scene.decide(&candidates);
    assert!(decision.verdicts.iter().all(|verdict| verdict.reason == Reason::Future));
}

#[test]
fn before_and_after_stay_together() {
    let daily = |now: &str| Scene::new("daily = \"3 days\"", now);
    daily("2026-01-10T12:00:00Z").check(
        "2026-01-01T10:00:00Z before           | thinned
         2026-01-01T11:00:00Z after            | thinned
         2026-01-02T10:00:00Z before           | with 5
         2026-01-02T10:30:00Z                  | thinned
         2026-01-02T11:00:00Z after pinned     | pinned
         2026-01-08T23:00:00Z before           | daily
         2026-01-08T23:10:00Z after            | with 6
         2026-01-09T10:00:00Z                  | daily
         2026-01-09T11:00:00Z before           | with 10
         2026-01-09T12:00:00Z after labelled   | labelled
         2026-01-10T11:00:00Z                  | daily
         2026-01-10T11:30:00Z before           | with 13
         2026-01-10T11:40:00Z after            | newestgood",
    );
}

#[test]
fn only_what_belongs_together_is_a_pair() {
    strict().check(
        "2026-01-01T00:00:00Z before           | thinned
         2026-01-02T00:00:00Z before           | with 3
         2026-01-03T00:00:00Z after pinned     | pinned
         2026-01-04T00:00:00Z after            | thinned
         2026-01-05T00:00:00Z before           | thinned
         2026-01-06T00:00:00Z before missing   | -
         2026-01-07T00:00:00Z after pinned     | pinned
         2026-01-08T00:00:00Z before           | with 9
         2026-01-08T01:00:00Z after damaged    | damaged
         2026-01-09T00:00:00Z before           | with 11
         2028-01-09T00:00:00Z after            | future
         2026-01-10T00:00:00Z before pinned    | pinned
         2026-01-10T01:00:00Z after missing    | -
         2026-01-11T00:00:00Z after            | thinned
         2026-01-12T00:00:00Z                  | newestgood",
    );
}

#[test]
fn a_before_waits_for_its_after() {
    strict().check(
        "2026-01-01T00:00:00Z before  | thinned
         2026-01-02T00:00:00Z before  | aftertocome
         2026-01-03T00:00:00Z         | thinned
         2026-01-04T00:00:00Z         | newestgood",
    );
    strict().check(
        "2026-01-01T00:00:00Z before         | thinned
         2026-01-02T00:00:00Z after missing  | -
         2026-01-03T00:00:00Z                | newestgood",
    );
}

#[test]
fn nothing_is_dropped_while_a_source_is_missing() {
    let mut scene =
        Scene::new("daily = 1\nweekly = \"until room is needed\"", "2026-01-10T12:00:00Z");
    scene.source_missing = true;
    scene.room = Room::for_backup(bytes(50), bytes(10), bytes(1000));
    let decision = scene.check(
        "2026-01-01T00:00:00Z bytes=30  | weekly?
         2026-01-02T00:00:00Z bytes=30  | sourcemissing
         2026-01-10T00:00:00Z           | daily
         2026-01-10T01:00:00Z           | newestgood",
    );
    assert!(decision.for_room.concat().is_empty());
    assert_eq!((decision.frees.bytes, decision.missing.bytes, decision.more.bytes), (0, 40, 0));
}

#[test]
fn without_rules_all_is_kept() {
    for rules in ["", "daily = []"] {
        let mut scene = Scene::new(rules, "2036-01-10T12:00:00Z");
        scene.room = Room::for_backup(bytes(500), bytes(0), bytes(1000));
        let table = "2026-01-01T00:00:00Z bytes=30 | norules
                     2026-01-01T00:10:00Z          | norules
                     2026-01-02T00:00:00Z          | newestgood";
        assert_eq!(scene.check(table).missing.bytes, 500);
    }
    assert!(strict().decide(&[]).verdicts.is_empty());
}
