//! `yore prune`: delete the snapshots that the rules let go, and make room.

use std::collections::HashMap;

use clap::ArgMatches;
use serde_json::{Value, json};

use super::Ending;
use super::output::{Output, amount_json, path_json, rule_json, snapshot_json};
use super::watch::watch;
use crate::app::error::Result;
use crate::app::explain::{source_advice, source_missing};
use crate::app::kept;
use crate::app::retention::PruneAsk;
use crate::app::target::{Options, Target};
use crate::app::text;
use crate::engine::prune::{Judged, PrunePlan, PruneReport};
use crate::engine::retention::{Amount, Policy, Reason, Rule};
use crate::i18n::{gettext, gettext_f, ngettext_f};

pub fn run(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    let target = Target::require(options)?;
    let rules = matches.get_many::<Rule>("keep");
    let ask = PruneAsk {
        policy: rules.map(|rules| Policy { rules: rules.copied().collect() }),
        until_free_bytes: matches.get_one("until-free").copied(),
    };
    let policy = ask.policy.clone().unwrap_or_else(|| target.retention().policy);
    let is_default = ask.policy.is_none() && target.retention.is_none();
    say_rules(&policy, is_default, output);
    let (asked, asking) = (ask.clone(), target.clone());
    let plan = watch(output, move |monitor| asking.plan_prune(&asked, monitor))?;
    let report = match matches.get_flag("dry-run") {
        true => None,
        false => Some(watch(output, move |monitor| target.prune(&ask, monitor))?),
    };
    match &report {
        None => show_plan(&plan, output),
        Some(report) => show_deleted(&plan, report, output),
    }
    let missing = report.as_ref().map_or(plan.missing, |report| report.missing);
    match &plan.missing_source {
        Some(path) => {
            output.line(source_missing(path));
            output.line(source_advice());
        }
        None => show_missing(&plan, missing, output),
    }
    output.document(&document(&policy, is_default, &plan, report.as_ref()));
    // While a folder is missing, keeping everything is what is wanted.
    let is_short = plan.missing_source.is_none() && !missing.is_none();
    Ok(if is_short { Ending::Partial } else { Ending::Done })
}

fn say_rules(policy: &Policy, is_default: bool, output: Output) {
    let words = kept::policy(policy);
    if is_default {
        output.line(gettext_f(
            "No rules were agreed to yet, so the usual ones are used: {rules}.",
            &[("rules", &words)],
        ));
    } else {
        output.line(gettext_f("Kept: {rules}.", &[("rules", &words)]));
    }
}

/// Every snapshot with what becomes of it, the oldest first.
fn show_plan(plan: &PrunePlan, output: Output) {
    for one in &plan.judged {
        let why = kept::reason(&one.reason);
        output.line(match one.goes() {
            true => going_line(one, &why),
            false => gettext_f(
                "{snapshot}  {when}  stays: {why}",
                &[
                    ("snapshot", &padded(&one.snapshot.name)),
                    ("when", &aligned(&text::moment(one.snapshot.started))),
                    ("why", &why),
                ],
            ),
        });
    }
    let going = plan.judged.iter().filter(|one| one.goes()).count();
    output.line(ngettext_f(
        "{count} snapshot would be deleted, which frees about {size}.",
        "{count} snapshots would be deleted, which frees at least about {size}.",
        going as u64,
        &[("size", &text::size(plan.frees.bytes))],
    ));
    show_kept(plan.judged.iter().filter(|one| !one.goes()), output);
    show_free(plan.room.free, output);
}

fn going_line(one: &Judged, why: &str) -> String {
    gettext_f(
        "{snapshot}  {when}  goes: {why}; frees about {size}",
        &[
            ("snapshot", &padded(&one.snapshot.name)),
            ("when", &aligned(&text::moment(one.snapshot.started))),
            ("why", why),
            ("size", &text::size(one.frees.bytes)),
        ],
    )
}

fn padded(name: &str) -> String {
    format!("{name:<22}")
}

fn aligned(when: &str) -> String {
    format!("{when:>18}")
}

/// What was deleted, and what came of it.
fn show_deleted(plan: &PrunePlan, report: &PruneReport, output: Output) {
    let planned: HashMap<&str, &Judged> =
        plan.judged.iter().map(|one| (one.snapshot.name.as_str(), one)).collect();
    for (name, reason) in &report.deleted {
        let why = kept::reason(reason);
        output.line(match planned.get(name.as_str()) {
            Some(one) => gettext_f(
                "{snapshot}  {when}  deleted: {why}; about {size}",
                &[
                    ("snapshot", &padded(name)),
                    ("when", &aligned(&text::moment(one.snapshot.started))),
                    ("why", &why),
                    ("size", &text::size(one.frees.bytes)),
                ],
            ),
            None => gettext_f(
                "{snapshot}  deleted: {why}",
                &[("snapshot", &padded(name)), ("why", &why)],
            ),
        });
    }
    let freed = report.free.bytes.saturating_sub(plan.room.free.bytes);
    output.line(match report.deleted.len() as u64 {
        0 => gettext("Nothing had to be deleted."),
        count => ngettext_f(
            "{count} snapshot was deleted, which freed {size}.",
            "{count} snapshots were deleted, which freed {size}.",
            count,
            &[("size", &text::size(freed))],
        ),
    });
    for name in &report.stuck {
        output.note(gettext_f(
            "Something of the snapshot {name} could not be removed: look into the folder “trash” on the drive.",
            &[("name", name)],
        ));
    }
    let is_deleted = |one: &&Judged| report.deleted.iter().any(|(n, _)| *n == one.snapshot.name);
    show_kept(plan.judged.iter().filter(|one| !is_deleted(one)), output);
    show_free(report.free, output);
}

/// How many are kept, and for which reasons.
fn show_kept<'a>(kept: impl Iterator<Item = &'a Judged>, output: Output) {
    let mut reasons: Vec<(String, u64)> = Vec::new();
    for one in kept {
        // What was going to go for room, and did not have to.
        let why = match &one.reason {
            Reason::Room | Reason::Thinned => gettext("there is room enough"),
            reason => kept::reason(reason),
        };
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, count)) => *count += 1,
            None => reasons.push((why, 1)),
        }
    }
    let count = reasons.iter().map(|(_, count)| count).sum();
    if count > 0 {
        output.line(ngettext_f(
            "{count} snapshot is kept:",
            "{count} snapshots are kept:",
            count,
            &[],
        ));
    }
    for (why, count) in reasons {
        output.line(format!("{count:>5}  {why}"));
    }
}

fn show_free(free: Amount, output: Output) {
    output.line(gettext_f("{size} free now", &[("size", &text::size(free.bytes))]));
}

/// What is still missing, and what would help.
fn show_missing(plan: &PrunePlan, missing: Amount, output: Output) {
    if missing.is_none() {
        if !plan.more.is_none() {
            output.line(gettext_f(
                "About {size} more are kept only until room is needed.",
                &[("size", &text::size(plan.more.bytes))],
            ));
        }
        return;
    }
    if missing.bytes > 0 {
        output.line(gettext_f(
            "{size} are still missing of the room that is wanted.",
            &[("size", &text::size(missing.bytes))],
        ));
    }
    if missing.inodes > 0 {
        output.line(ngettext_f(
            "Room for {count} more file is missing: the number of inodes was fixed when the file system was made.",
            "Room for {count} more files is missing: the number of inodes was fixed when the file system was made.",
            missing.inodes,
            &[],
        ));
    }
    show_help(plan, output);
}

/// What would make more room.
fn show_help(plan: &PrunePlan, output: Output) {
    let count =
        |is: fn(&Reason) -> bool| plan.judged.iter().filter(|one| is(&one.reason)).count() as u64;
    let until_room = count(|reason| matches!(reason, Reason::UntilRoom(_)));
    if until_room > 0 {
        output.line(ngettext_f(
            "{count} snapshot more is kept until room is needed: --until-free SIZE deletes it for room.",
            "{count} snapshots more are kept until room is needed: --until-free SIZE deletes them for room.",
            until_room,
            &[],
        ));
    }
    let by_rules = count(|reason| matches!(reason, Reason::Rules(_)));
    if by_rules > 0 {
        output.line(ngettext_f(
            "{count} snapshot is kept by rules that could keep less: try --dry-run --keep TAG=REACH.",
            "{count} snapshots are kept by rules that could keep less: try --dry-run --keep TAG=REACH.",
            by_rules,
            &[],
        ));
    }
    let marked =
        count(|reason| matches!(reason, Reason::Pinned | Reason::Labelled | Reason::Damaged));
    if marked > 0 {
        output.line(ngettext_f(
            "{count} snapshot is pinned, named or damaged: “yore forget” deletes what you don’t want any more, “yore unpin” first if it is pinned.",
            "{count} snapshots are pinned, named or damaged: “yore forget” deletes what you don’t want any more, “yore unpin” first if it is pinned.",
            marked,
            &[],
        ));
    }
    output.line(gettext("A larger drive keeps everything."));
}

fn document(
    policy: &Policy,
    is_default: bool,
    plan: &PrunePlan,
    report: Option<&PruneReport>,
) -> Value {
    let judged = |one: &Judged| {
        json!({
            "snapshot": snapshot_json(&one.snapshot),
            "kept": !one.goes(),
            "reason": kept::code(&one.reason),
            "rules": kept::rules(&one.reason).iter().map(rule_json).collect::<Vec<_>>(),
            "frees": amount_json(one.frees),
        })
    };
    let free = report.map_or(plan.room.free, |report| report.free);
    json!({
        "dry_run": report.is_none(),
        "retention": policy,
        "default": is_default,
        "missing_source": plan.missing_source.as_deref().map(path_json),
        "snapshots": plan.judged.iter().map(judged).collect::<Vec<_>>(),
        "frees": amount_json(plan.frees),
        "more": amount_json(plan.more),
        "wanted": amount_json(plan.room.wanted),
        "deleted": report.map(deleted_json),
        "stuck": report.map(|report| &report.stuck),
        "freed_bytes": report.map(|_| free.bytes.saturating_sub(plan.room.free.bytes)),
        "free": amount_json(free),
        "missing": amount_json(report.map_or(plan.missing, |report| report.missing)),
    })
}

/// What was deleted, for programs.
pub fn deleted_json(report: &PruneReport) -> Value {
    let deleted = report.deleted.iter();
    deleted.map(|(name, reason)| json!({ "name": name, "reason": kept::code(reason) })).collect()
}
