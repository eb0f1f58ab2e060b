//! Ten years of hourly runs, thinned as they come, against the list that they should leave.

use super::*;
use jiff::civil::Weekday;
use jiff::{SignedDuration, Zoned};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Thins every so many runs for ten years, in the zone of Berlin, with nothing but hourly runs in between.
fn live_for_ten_years(policy: &Policy, thin_every: u64) -> (Vec<Candidate>, Zoned) {
    let zone = zone(BERLIN);
    let first: Timestamp = "2016-01-01T00:07:00Z".parse().unwrap();
    let mut kept: Vec<Candidate> = Vec::new();
    let mut now = first;
    for seq in 1..=87_600 {
        now = first + HOUR * i32::try_from(seq - 1).unwrap();
        kept.push(good(seq, now));
        if seq % thin_every == 0 || seq == 87_600 {
            let room = Room::default();
            let decision =
                decide(&kept, policy, &Situation { now, zone: &zone, source_missing: false, room });
            let mut verdicts = decision.verdicts.iter();
            kept.retain(|_| verdicts.next().unwrap().is_kept());
        }
    }
    (kept, now.to_zoned(zone))
}

/// The runs of those ten years that `is_kept` chooses by their local times.
fn expected(is_kept: impl Fn(&Zoned) -> bool) -> Vec<u64> {
    let first: Zoned = Timestamp::to_zoned("2016-01-01T00:07:00Z".parse().unwrap(), zone(BERLIN));
    let moment = |seq: u64| &first + HOUR * i32::try_from(seq - 1).unwrap();
    (1..=87_600).filter(|seq| is_kept(&moment(*seq))).collect()
}

/// Runs are at seven past each hour, so the first of a day is at 00:07; the very first was at 01:07.
fn begins_a_day(run: &Zoned) -> bool {
    run.hour() == 0 || is_the_very_first(run)
}

fn is_the_very_first(run: &Zoned) -> bool {
    run.timestamp() == "2016-01-01T00:07:00Z".parse().unwrap()
}

#[test]
fn ten_years_leave_a_week_a_day_and_an_hour_each() {
    let (kept, now) = live_for_ten_years(&Policy::default(), 25);
    let day_ago = now.timestamp() - HOUR * 24;
    let month_ago = now.checked_sub(jiff::Span::new().days(30)).unwrap();
    let wanted = expected(|run| {
        let begins_a_week = begins_a_day(run) && run.weekday() == Weekday::Monday;
        begins_a_week
            || is_the_very_first(run)
            || (begins_a_day(run) && run.date() >= month_ago.date())
            || run.timestamp() >= day_ago
    });
    assert_eq!(kept.iter().map(|one| one.seq).collect::<Vec<_>>(), wanted);
}

#[test]
fn ten_years_leave_what_is_counted() {
    let policy = policy("all = 6\nhourly = 10\ndaily = 5\nweekly = 3\nmonthly = 24\n");
    let (kept, now) = live_for_ten_years(&policy, 31);
    let last_hours = now.timestamp() - HOUR * 9;
    let last_days = now.checked_sub(jiff::Span::new().days(4)).unwrap().start_of_day().unwrap();
    let last_weeks = now.checked_sub(jiff::Span::new().weeks(3)).unwrap();
    let last_months =
        now.date().first_of_month().checked_sub(jiff::Span::new().months(23)).unwrap();
    let wanted = expected(|run| {
        run.timestamp() >= last_hours
            || (begins_a_day(run)
                && (*run >= last_days
                    || (run.weekday() == Weekday::Monday && *run > last_weeks)
                    || (run.day() == 1 && run.date() >= last_months)))
    });
    assert_eq!(kept.iter().map(|one| one.seq).collect::<Vec<_>>(), wanted);
}
