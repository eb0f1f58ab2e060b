//! What goes for room, in which order, and when nothing does.

use super::*;

const RULES: &str = "all = \"1 day\"\nweekly = \"until room is needed\"";

const NOW: &str = "2026-03-31T12:00:00Z";

fn scene(room: Room) -> Scene {
    Scene { room, ..Scene::new(RULES, NOW) }
}

#[test]
fn the_old_that_frees_much_goes_first_until_it_is_enough() {
    let table = |wanted: [&str; 4]| {
        let lines = [
            "2026-01-05T12:00:00Z bytes=10",
            "2026-01-12T12:00:00Z bytes=0",
            "2026-03-02T12:00:00Z bytes=40",
            "2026-03-16T12:00:00Z bytes=60",
        ];
        let lines = lines.iter().zip(wanted).map(|(line, reason)| format!("{line} | {reason}\n"));
        lines.collect::<String>()
            + "2026-03-30T12:00:00Z bytes=500 | all
               2026-03-31T12:00:00Z bytes=500 | newestgood"
    };
    let kept = "weekly?";
    for (wanted_bytes, wanted, order, rest) in [
        (0, [kept; 4], &[][..], (0, 0, 110)),
        (20, [kept; 4], &[], (0, 0, 110)),
        (21, [kept, kept, "room", kept], &[3], (40, 0, 70)),
        (60, [kept, kept, "room", kept], &[3], (40, 0, 70)),
        (61, [kept, kept, "room", "room"], &[3, 4], (100, 0, 10)),
        (121, ["room", kept, "room", "room"], &[3, 4, 1], (110, 0, 0)),
        (131, ["room"; 4], &[3, 4, 1, 2], (110, 1, 0)),
        (u64::MAX, ["room"; 4], &[3, 4, 1, 2], (110, u64::MAX - 130, 0)),
    ] {
        let decision = scene(Room::asked_for(bytes(wanted_bytes), bytes(20))).check(&table(wanted));
        assert_eq!(decision.for_room.concat(), order, "{wanted_bytes}");
        let found = (decision.frees.bytes, decision.missing.bytes, decision.more.bytes);
        assert_eq!(found, rest, "{wanted_bytes}");
    }
}

#[test]
fn a_backup_takes_nothing_while_a_tenth_is_free() {
    for (free_bytes, dropped) in [
        (95, &[1, 2][..]),
        // With the first of them more than a tenth is free: the other is not taken, though more is wanted.
        (96, &[1]),
        (100, &[1]),
        (101, &[]),
        (1000, &[]),
    ] {
        let candidates = [
            candidate(1, "2026-01-05T12:00:00Z bytes=5"),
            candidate(2, "2026-01-12T12:00:00Z bytes=5"),
            candidate(3, NOW),
        ];
        let decision = scene(Room::for_backup(bytes(2000), bytes(free_bytes), bytes(1000)))
            .decide(&candidates);
        assert_eq!(decision.for_room.concat(), dropped, "{free_bytes}");
        assert_eq!(decision.more.bytes, 10 - 5 * dropped.len() as u64);
        assert!(decision.missing.bytes > 0);
    }
}

#[test]
fn what_is_thinned_anyway_counts_first() {
    let decision = scene(Room::for_backup(bytes(50), bytes(20), bytes(1000))).check(
        "2026-01-05T12:00:00Z bytes=90 | weekly?
         2026-01-06T12:00:00Z bytes=30 | thinned
         2026-03-31T12:00:00Z          | newestgood",
    );
    assert_eq!((decision.frees.bytes, decision.missing.bytes, decision.more.bytes), (30, 0, 90));
}

#[test]
fn pairs_go_for_room_together_or_not_at_all() {
    let decision = scene(Room::asked_for(bytes(1000), bytes(0))).check(
        "2026-01-05T10:00:00Z before bytes=1         | room
         2026-01-05T11:00:00Z                        | thinned
         2026-01-05T12:00:00Z after bytes=2          | room
         2026-01-11T23:00:00Z before bytes=7         | room
         2026-01-12T01:00:00Z after bytes=7          | room
         2026-01-19T10:00:00Z before bytes=9         | with 7
         2026-01-19T12:00:00Z after bytes=9 pinned   | pinned
         2026-01-26T10:00:00Z before bytes=9         | with 9
         2026-01-26T12:00:00Z after bytes=9 damaged  | damaged
         2026-03-31T12:00:00Z                        | newestgood",
    );
    assert_eq!(decision.for_room.concat(), [4, 5, 1, 3]);
    assert_eq!((decision.frees.bytes, decision.more.bytes), (17, 0));
    let none = scene(Room::default()).check(
        "2026-01-05T10:00:00Z before bytes=1  | weekly?
         2026-01-05T12:00:00Z after bytes=2   | with 1
         2026-03-31T12:00:00Z                 | newestgood",
    );
    assert_eq!(none.more.bytes, 3);
    let long = scene(Room::asked_for(bytes(1000), bytes(0))).check(
        "2026-01-05T10:00:00Z before bytes=5  | room
         2026-02-02T12:00:00Z bytes=10        | room
         2026-03-02T12:00:00Z after bytes=5   | room
         2026-03-31T12:00:00Z                 | newestgood",
    );
    assert_eq!(long.for_room.concat(), [2, 1, 3], "a pair is as old as its newer half");
    let alone = scene(Room::asked_for(bytes(1000), bytes(0))).check(
        "2026-01-05T10:00:00Z before bytes=1 missing pinned  | -
         2026-01-05T12:00:00Z after bytes=2                  | room
         2026-01-12T10:00:00Z before bytes=4                 | room
         2026-01-12T12:00:00Z after bytes=8 missing          | -
         2026-03-31T12:00:00Z                                | newestgood",
    );
    assert_eq!((alone.for_room.concat(), alone.frees.bytes), (vec![3, 2], 6));
}

#[test]
fn what_another_rule_keeps_does_not_go() {
    let mut scene = scene(Room::asked_for(bytes(u64::MAX), bytes(0)));
    scene.policy = policy("monthly = 9\nweekly = \"until room is needed\"");
    scene.check(
        "2026-01-05T12:00:00Z bytes=9          | monthly
         2026-01-12T12:00:00Z bytes=9          | room
         2026-01-19T12:00:00Z bytes=9 pinned   | pinned
         2026-03-30T12:00:00Z                  | monthly
         2026-03-31T12:00:00Z                  | newestgood",
    );
}

#[test]
fn sizes_beyond_reason_are_borne() {
    let huge = format!("bytes={}", u64::MAX);
    let decision =
        scene(Room::for_backup(bytes(u64::MAX), bytes(0), bytes(u64::MAX))).check(&format!(
            "-009999-01-02T02:00:00Z {huge} | room
         2026-01-12T12:00:00Z {huge}    | weekly?
         2026-03-02T12:00:00Z {huge}    | weekly?
         2026-03-31T12:00:00Z {huge}    | newestgood"
        ));
    assert_eq!((decision.frees.bytes, decision.more.bytes), (u64::MAX, u64::MAX));
    assert_eq!(decision.missing.bytes, 0);
}
