//! The words for what is kept and why: rules, and what becomes of a snapshot.

use crate::engine::retention::{Age, AgeUnit, Policy, Reach, Reason, Rule, Tag};
use crate::i18n::{gettext, gettext_f, ngettext_f};

/// All rules in one text, such as "everything of the last 24 hours, weekly ones until room is needed".
pub fn policy(policy: &Policy) -> String {
    if policy.rules.is_empty() {
        return gettext("everything");
    }
    policy.rules.iter().map(kept).collect::<Vec<_>>().join(", ")
}

/// What a rule keeps.
fn kept(rule: &Rule) -> String {
    let which = match rule.tag {
        Tag::All => gettext("everything"),
        Tag::Hourly => gettext("hourly ones"),
        Tag::Daily => gettext("daily ones"),
        Tag::Weekly => gettext("weekly ones"),
        Tag::Monthly => gettext("monthly ones"),
        Tag::Boot => gettext("the first ones after a start of the computer"),
    };
    let words: &[(&str, &str)] = &[("which", &which)];
    match rule.reach {
        Reach::For(age) => of_the_last(&which, age),
        Reach::UntilRoom => gettext_f("{which} until room is needed", words),
        Reach::Newest(number) if rule.tag == Tag::All => {
            ngettext_f("the newest one", "the newest {count}", number.get().into(), &[])
        }
        Reach::Newest(number) => ngettext_f(
            "{which} (the newest one)",
            "{which} (the newest {count})",
            number.get().into(),
            words,
        ),
    }
}

fn of_the_last(which: &str, age: Age) -> String {
    let (number, words) = (age.number.get().into(), &[("which", which)][..]);
    match age.unit {
        AgeUnit::Hour => ngettext_f(
            "{which} of the last hour",
            "{which} of the last {count} hours",
            number,
            words,
        ),
        AgeUnit::Day => {
            ngettext_f("{which} of the last day", "{which} of the last {count} days", number, words)
        }
        AgeUnit::Week => ngettext_f(
            "{which} of the last week",
            "{which} of the last {count} weeks",
            number,
            words,
        ),
        AgeUnit::Month => ngettext_f(
            "{which} of the last month",
            "{which} of the last {count} months",
            number,
            words,
        ),
        AgeUnit::Year => ngettext_f(
            "{which} of the last year",
            "{which} of the last {count} years",
            number,
            words,
        ),
    }
}

/// A rule as the reason for which a snapshot is kept, such as "daily, for 30 days".
pub fn rule(rule: &Rule) -> String {
    let tag = match rule.tag {
        Tag::All => gettext("all"),
        Tag::Hourly => gettext("hourly"),
        Tag::Daily => gettext("daily"),
        Tag::Weekly => gettext("weekly"),
        Tag::Monthly => gettext("monthly"),
        Tag::Boot => gettext("first after a start of the computer"),
    };
    let words: &[(&str, &str)] = &[("tag", &tag)];
    match rule.reach {
        Reach::For(time) => gettext_f("{tag}, for {age}", &[("tag", &tag), ("age", &age(time))]),
        Reach::UntilRoom => gettext_f("{tag}, until room is needed", words),
        Reach::Newest(number) => ngettext_f(
            "{tag}, the newest one",
            "{tag}, the newest {count}",
            number.get().into(),
            words,
        ),
    }
}

fn age(age: Age) -> String {
    let number = age.number.get().into();
    match age.unit {
        AgeUnit::Hour => ngettext_f("{count} hour", "{count} hours", number, &[]),
        AgeUnit::Day => ngettext_f("{count} day", "{count} days", number, &[]),
        AgeUnit::Week => ngettext_f("{count} week", "{count} weeks", number, &[]),
        AgeUnit::Month => ngettext_f("{count} month", "{count} months", number, &[]),
        AgeUnit::Year => ngettext_f("{count} year", "{count} years", number, &[]),
    }
}

/// Why a snapshot is kept, or why it goes.
pub fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Pinned => gettext("pinned"),
        Reason::Labelled => gettext("it has a name"),
        Reason::Damaged => gettext("damaged, so that only you can tell what it is worth"),
        Reason::Future => gettext("from the future: a clock was wrong"),
        Reason::NewestGood => gettext("the newest good one"),
        Reason::AfterToCome => gettext("made before a change, and the one after it may still come"),
        Reason::Rules(rules) | Reason::UntilRoom(rules) => {
            rules.iter().map(rule).collect::<Vec<_>>().join("; ")
        }
        Reason::Pair { .. } => gettext("its other half, before or after a change, is kept"),
        Reason::NoRules => gettext("there are no rules"),
        Reason::SourceMissing => gettext("no rule keeps it, but a folder is missing"),
        Reason::Thinned => gettext("no rule keeps it any longer"),
        Reason::Room => gettext("room is needed"),
        Reason::Forgotten => gettext("you wanted it"),
    }
}

/// The name of a reason, for programs.
pub fn code(reason: &Reason) -> &'static str {
    match reason {
        Reason::Pinned => "pinned",
        Reason::Labelled => "labelled",
        Reason::Damaged => "damaged",
        Reason::Future => "future",
        Reason::NewestGood => "newest-good",
        Reason::AfterToCome => "after-to-come",
        Reason::Rules(_) => "rules",
        Reason::UntilRoom(_) => "until-room",
        Reason::Pair { .. } => "pair",
        Reason::NoRules => "no-rules",
        Reason::SourceMissing => "source-missing",
        Reason::Thinned => "thinned",
        Reason::Room => "room",
        Reason::Forgotten => "forgotten",
    }
}

/// The rules that a reason names.
pub fn rules(reason: &Reason) -> &[Rule] {
    match reason {
        Reason::Rules(rules) | Reason::UntilRoom(rules) => rules,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(tag: Tag, reach: &str) -> Rule {
        Rule { tag, reach: reach.parse().unwrap() }
    }

    #[test]
    fn rules_are_told_in_plain_words() {
        assert_eq!(
            policy(&Policy::default()),
            "everything of the last 24 hours, daily ones of the last 30 days, \
             weekly ones until room is needed"
        );
        assert_eq!(policy(&Policy { rules: Vec::new() }), "everything");
        let rules = vec![made(Tag::All, "10"), made(Tag::Boot, "1"), made(Tag::Monthly, "1 year")];
        assert_eq!(
            policy(&Policy { rules }),
            "the newest 10, the first ones after a start of the computer (the newest one), \
             monthly ones of the last year"
        );
    }

    #[test]
    fn a_reason_names_its_rules() {
        let rules = vec![made(Tag::Daily, "30 days"), made(Tag::Hourly, "3")];
        assert_eq!(reason(&Reason::Rules(rules)), "daily, for 30 days; hourly, the newest 3");
        let rules = vec![made(Tag::Weekly, "until room is needed")];
        assert_eq!(reason(&Reason::UntilRoom(rules)), "weekly, until room is needed");
    }
}
