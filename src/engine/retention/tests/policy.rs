//! The table `[retention]`.

use super::*;

fn rule(tag: Tag, reach: &str) -> Rule {
    Rule { tag, reach: reach.parse().unwrap() }
}

#[test]
fn a_table_means_its_rules_and_is_written_as_it_was() {
    for (text, rules) in [
        ("", vec![]),
        ("daily = 5\n", vec![rule(Tag::Daily, "5")]),
        ("all = \"1 year\"\n", vec![rule(Tag::All, "1 year")]),
        (
            "all = [10, \"24 hours\"]\nhourly = 6\nweekly = \"until room is needed\"\n\
             monthly = \"18 months\"\nboot = 5\n",
            vec![
                rule(Tag::All, "10"),
                rule(Tag::All, "24 hours"),
                rule(Tag::Hourly, "6"),
                rule(Tag::Weekly, "until room is needed"),
                rule(Tag::Monthly, "18 months"),
                rule(Tag::Boot, "5"),
            ],
        ),
    ] {
        assert_eq!(policy(text), Policy { rules });
        assert_eq!(toml::to_string(&policy(text)).unwrap(), text);
    }
    let default = "all = \"24 hours\"\ndaily = \"30 days\"\nweekly = \"until room is needed\"\n";
    assert_eq!(toml::to_string(&Policy::default()).unwrap(), default);
    assert_eq!(policy(default), Policy::default());
}

#[test]
fn one_rule_however_it_is_written_counts_once() {
    for (text, rules) in [
        ("all = [3, 3, \"3\"]\n", vec![rule(Tag::All, "3")]),
        ("daily = [\"30d\", \"30 Days\", \"30days\"]\n", vec![rule(Tag::Daily, "30 days")]),
        (
            "Daily = 3\ndaily = [3, \"1w\"]\n",
            vec![rule(Tag::Daily, "3"), rule(Tag::Daily, "1 week")],
        ),
        ("WEEKLY = \"until-room\"\n", vec![rule(Tag::Weekly, "until room is needed")]),
    ] {
        assert_eq!(policy(text), Policy { rules }, "{text}");
    }
}

#[test]
fn what_is_no_rule_is_refused_where_it_stands() {
    for (line, column, said) in [
        ("speling = 1", 0, "“speling” is none of all, hourly, daily, weekly, monthly, boot"),
        ("daily = 0", 8, "30 days"),
        ("daily = -1", 8, "30 days"),
        ("daily = 5000000000", 8, "30 days"),
        ("daily = 1.5", 8, "30 days"),
        ("daily = true", 8, "30 days"),
        ("daily = \"\"", 8, "30 days"),
        ("daily = \"soon\"", 8, "30 days"),
        ("daily = \"0 days\"", 8, "30 days"),
        ("daily = \"-3 days\"", 8, "30 days"),
        ("daily = \"3 fortnights\"", 8, "30 days"),
        ("daily = [1, \"x\"]", 12, "30 days"),
        ("daily = { count = 1 }", 8, "30 days"),
    ] {
        let error = toml::from_str::<Policy>(&format!("weekly = 4\n{line}\n")).unwrap_err();
        assert_eq!(error.span().map(|span| span.start), Some(11 + column), "{line}: {error}");
        assert!(error.message().contains(said), "{line}: {error}");
    }
}

#[test]
fn reaches_are_read_as_they_are_shown() {
    for text in ["1", "24", "1 hour", "24 hours", "1 day", "3 weeks", "18 months", "10 years"] {
        assert_eq!(text.parse::<Reach>().unwrap().to_string(), text);
    }
    for text in ["until room is needed", "until-room", " Until Room ", "untilroom"] {
        assert_eq!(text.parse(), Ok(Reach::UntilRoom), "{text}");
    }
    for (odd, plain) in [
        (" 7 ", "7"),
        ("1 days", "1 day"),
        ("2 year", "2 years"),
        ("24h", "24 hours"),
        ("30D", "30 days"),
        ("30  Days", "30 days"),
        ("4 w", "4 weeks"),
        ("6m", "6 months"),
        ("1Y", "1 year"),
        ("1year", "1 year"),
    ] {
        assert_eq!(odd.parse::<Reach>().unwrap().to_string(), plain);
    }
    for bad in [
        "0",
        "",
        "days",
        "d",
        "0d",
        "5 dayss",
        "5 ds",
        "5 da",
        "5s",
        "until",
        "4294967296",
        "+3",
        "-3",
        "3d 4d",
        "1 2 days",
        "5é",
        "é",
    ] {
        assert_eq!(bad.parse::<Reach>(), Err(BadReach(bad.to_owned())), "{bad}");
    }
}
