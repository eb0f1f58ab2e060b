//! Rules by tag, age and number, on the person's own calendar.

use super::*;

#[test]
fn time_machines_rules_are_the_default() {
    let mut scene = Scene::new("", "2026-03-31T12:00:00Z");
    scene.policy = Policy::default();
    scene.check(
        "2026-01-31T23:00:00Z        | weekly?
         2026-02-01T10:00:00Z        | thinned
         2026-02-02T10:00:00Z        | weekly?
         2026-02-23T10:00:00Z        | weekly?
         2026-02-28T10:00:00Z        | thinned
         2026-02-28T23:59:59Z        | thinned
         2026-03-01T00:00:00Z        | daily
         2026-03-01T12:00:00Z        | thinned
         2026-03-02T10:00:00Z        | daily
         2026-03-02T12:00:00Z        | thinned
         2026-03-30T10:00:00Z        | daily
         2026-03-30T11:59:00Z manual | thinned
         2026-03-30T12:00:00Z        | all
         2026-03-31T11:00:00Z        | all+daily
         2026-03-31T11:05:00Z manual | all
         2026-03-31T11:55:00Z manual | newestgood",
    );
}

#[test]
fn tags_are_counted_and_one_can_bear_several() {
    let rules = "hourly = 2\ndaily = 2\nweekly = 2\nmonthly = 3\nboot = 2";
    Scene::new(rules, "2026-03-05T12:00:00Z").check(
        "2025-12-31T10:00:00Z        | thinned
         2026-01-31T10:00:00Z boot=1 | monthly
         2026-02-20T10:00:00Z boot=1 | monthly
         2026-02-21T10:00:00Z boot=2 | boot
         2026-02-25T10:00:00Z boot=2 | weekly
         2026-03-03T10:00:00Z boot=3 | weekly+monthly+boot
         2026-03-04T10:00:00Z boot=3 | daily
         2026-03-04T11:00:00Z        | thinned
         2026-03-05T10:00:00Z        | hourly+daily
         2026-03-05T10:30:00Z        | thinned
         2026-03-05T11:00:00Z        | hourly
         2026-03-05T11:30:00Z        | newestgood",
    );
}

#[test]
fn periods_without_snapshots_are_not_counted() {
    Scene::new("daily = 2", "2026-12-01T00:00:00Z").check(
        "2025-01-01T10:00:00Z | thinned
         2025-06-01T10:00:00Z | daily
         2026-01-01T10:00:00Z | daily
         2026-01-01T11:00:00Z | newestgood",
    );
}

#[test]
fn ages_and_numbers_keep_what_they_say_and_together_more() {
    let table = |wanted: [&str; 5]| {
        let times = ["2024-02-28", "2025-02-28", "2025-03-01", "2026-02-27", "2026-02-28"];
        let lines = times.iter().zip(wanted);
        lines.map(|(day, reason)| format!("{day}T12:00:00Z | {reason}\n")).collect::<String>()
    };
    for (rules, wanted) in [
        ("all = \"1 year\"", ["thinned", "all", "all", "all", "newestgood"]),
        ("all = \"24 months\"", ["all", "all", "all", "all", "newestgood"]),
        ("all = \"1 day\"", ["thinned", "thinned", "thinned", "all", "newestgood"]),
        ("all = \"52 weeks\"", ["thinned", "thinned", "all", "all", "newestgood"]),
        ("all = \"23 hours\"", ["thinned", "thinned", "thinned", "thinned", "newestgood"]),
        ("all = \"4294967295 years\"", ["all", "all", "all", "all", "newestgood"]),
        ("all = 2", ["thinned", "thinned", "thinned", "all", "newestgood"]),
        ("all = 4294967295", ["all", "all", "all", "all", "newestgood"]),
        ("all = [3, \"1 year\"]", ["thinned", "all", "all+all", "all+all", "newestgood"]),
        ("all = 2\nmonthly = 9", ["monthly", "monthly", "monthly", "all+monthly", "newestgood"]),
    ] {
        Scene::new(rules, "2026-02-28T12:00:00Z").check(&table(wanted));
    }
}

#[test]
fn a_first_one_is_kept_as_long_as_a_part_of_its_period_is() {
    for (rules, wanted) in [
        ("daily = \"11 hours\"", ["thinned", "thinned", "daily", "thinned"]),
        ("daily = \"12 hours\"", ["thinned", "daily", "daily", "thinned"]),
        ("weekly = \"3 hours\"", ["weekly", "thinned", "thinned", "thinned"]),
        ("hourly = \"1 hour\"", ["thinned", "thinned", "thinned", "hourly"]),
        ("monthly = \"1 hour\"", ["monthly", "thinned", "thinned", "thinned"]),
    ] {
        let times =
            ["2026-03-23T10:00", "2026-03-27T01:00", "2026-03-28T01:00", "2026-03-28T10:59"];
        let lines = times.iter().zip(wanted);
        let table = lines.map(|(time, reason)| format!("{time}:00Z | {reason}\n"));
        let table = table.collect::<String>() + "2026-03-28T11:30:00Z | newestgood";
        Scene::new(rules, "2026-03-28T11:59:59Z").check(&table);
    }
}

#[test]
fn days_and_weeks_are_the_persons_own() {
    let table = |wanted: [&str; 5]| {
        let times = ["06T10:30", "07T10:30", "08T14:30", "08T23:30", "09T10:30"];
        let lines = times.iter().zip(wanted);
        lines.map(|(time, reason)| format!("2026-03-{time}:00Z | {reason}\n")).collect::<String>()
    };
    // The eighth of March 2026 is a Sunday.
    for (posix, wanted) in [
        ("UTC0", ["daily+weekly", "daily", "daily", "thinned", "newestgood"]),
        (BERLIN, ["daily+weekly", "daily", "daily", "daily+weekly", "newestgood"]),
        ("JST-9", ["daily+weekly", "daily", "daily", "daily+weekly", "newestgood"]),
        ("<+14>-14", ["daily+weekly", "daily", "daily+weekly", "thinned", "newestgood"]),
        ("<-11>11", ["daily+weekly", "daily", "daily", "thinned", "newestgood"]),
    ] {
        let mut scene = Scene::new("daily = 9\nweekly = 9", "2026-03-09T10:30:00Z");
        scene.zone = zone(posix);
        scene.check(&table(wanted));
    }
}

#[test]
fn days_of_23_and_25_hours_are_days() {
    // 2026-03-29 lasts from 23:00 to 22:00, 2026-10-25 from 22:00 to 23:00.
    let mut scene = Scene::new("daily = 9", "2026-10-26T12:00:00Z");
    scene.zone = zone(BERLIN);
    scene.check(
        "2026-03-28T22:59:59Z | daily
         2026-03-28T23:00:00Z | daily
         2026-03-29T21:59:59Z | thinned
         2026-03-29T22:00:00Z | daily
         2026-10-24T21:59:59Z | daily
         2026-10-24T22:00:00Z | daily
         2026-10-25T22:59:59Z | thinned
         2026-10-25T23:00:00Z | daily
         2026-10-25T23:00:01Z | newestgood",
    );
    // A day ago is the same local time of yesterday, 25 hours ago; 24 hours are 24 hours.
    for (rules, wanted) in [("all = \"1 day\"", "all"), ("all = \"24 hours\"", "thinned")] {
        let mut scene = Scene::new(rules, "2026-10-25T11:00:00Z");
        scene.zone = zone(BERLIN);
        scene.check(&format!(
            "2026-10-24T09:59:59Z | thinned
             2026-10-24T10:00:00Z | {wanted}
             2026-10-25T11:00:00Z | newestgood"
        ));
    }
}

#[test]
fn an_hour_that_a_clock_change_repeats_is_two() {
    let mut scene = Scene::new("hourly = 9", "2026-10-25T12:00:00Z");
    scene.zone = zone(BERLIN);
    scene.check(
        "2026-10-25T00:10:00Z | hourly
         2026-10-25T00:50:00Z | thinned
         2026-10-25T01:10:00Z | hourly
         2026-10-25T02:10:00Z | hourly
         2026-10-25T02:20:00Z | newestgood",
    );
    // The second of them is the newer one.
    scene.policy = policy("hourly = 2");
    scene.check(
        "2026-10-25T00:10:00Z | thinned
         2026-10-25T01:10:00Z | hourly
         2026-10-25T02:10:00Z | hourly
         2026-10-25T02:20:00Z | newestgood",
    );
    scene.policy = policy("hourly = 9");
    // On Lord Howe Island it is half an hour that is repeated.
    scene.zone = zone("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0");
    scene.now = "2026-04-05T00:00:00Z".parse().unwrap();
    scene.check(
        "2026-04-04T14:10:00Z | hourly
         2026-04-04T14:50:00Z | thinned
         2026-04-04T15:10:00Z | hourly
         2026-04-04T15:40:00Z | hourly
         2026-04-04T15:50:00Z | newestgood",
    );
}

#[test]
fn the_first_by_number_bears_the_tag_when_clocks_step_back() {
    Scene::new("daily = 2", "2026-01-04T00:00:00Z").check(
        "2026-01-02T10:00:00Z | daily
         2026-01-03T10:00:00Z | daily
         2026-01-02T09:00:00Z | thinned
         2026-01-01T09:00:00Z | thinned
         2026-01-03T09:00:00Z | thinned
         2026-01-02T11:00:00Z | newestgood",
    );
}
