//! `yore prune`: delete the snapshots that the rules let go, and make room.

use std::collections::HashMap;

use clap::ArgMatches;
use serde_json::{Value, json};

use super::Ending;
use super::output::{Output, amount_json, path_json, rule_json, snapshot_json};
use super::watch::watch;
use crate::app::error::{Error, Result};
use crate::app::kept;
use crate::app::refusal::{source_advice, source_missing};
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
        policy: rules.map(|rules| rules.copied().collect()),
        until_free_bytes: matches.get_one("until-free").copied(),
        accept_empty: false,
    };
    let policy = ask.policy.clone().unwrap_or_else(|| target.retention().policy);
    let is_default = !target.is_agreed(&ask);
    let is_dry = matches.get_flag("dry-run");
    say_rules(&policy, is_default, output);
    let (asked, asking) = (ask.clone(), target.clone());
    let plan = watch(output, move |monitor| asking.plan_prune(&asked, monitor))?;
    let has_asked_room = ask.until_free_bytes.is_some();
    let report = match is_dry || is_default {
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
        None => show_missing(&plan, missing, has_asked_room, output),
    }
    if is_default && !is_dry {
        // A repository that was named has no configuration.
        let config = options.repository.is_none().then(|| options.config_path());
        return Err(Error::NoRulesAgreed { config });
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
            "No rules were agreed to yet. By the usual ones is kept: {rules}.",
            &[("rules", &words)],
        ));
    } else {
        output.line(gettext_f("Kept: {rules}.", &[("rules", &words)]));
    }
}

/// What would go, the oldest first, and what would be left.
fn show_plan(plan: &PrunePlan, output: Output) {
    let going: Vec<&Judged> = plan.judged.iter().filter(|one| one.goes()).collect();
    for one in &going {
        output.line(going_line(one, &kept::reason(&one.reason)));
    }
    output.line(match going.len() as u64 {
        0 => gettext("Nothing would be deleted."),
        count => ngettext_f(
            "{count} snapshot would be deleted, which frees about {size}.",
            "{count} snapshots would be deleted, which frees about {size}.",
            count,
            &[("size", &text::size(plan.frees.bytes))],
        ),
    });
    show_kept(plan.judged.iter().filter(|one| !one.goes()), output);
    if going.is_empty() {
        show_free(plan.room.free, output);
        return;
    }
    let then = plan.room.free.plus(plan.frees);
    output.line(gettext_f(
        "{free} free now, about {then} then",
        &[("free", &text::size(plan.room.free.bytes)), ("then", &text::size(then.bytes))],
    ));
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
        0 if plan.missing_source.is_some() => gettext("Nothing was deleted."),
        0 => gettext("Nothing had to be deleted."),
        count => ngettext_f(
            "{count} snapshot was deleted, which freed {size}.",
            "{count} snapshots were deleted, which freed {size}.",
            count,
            &[("size", &text::size(freed))],
        ),
    });
    note_stuck(report, output);
    let is_deleted = |one: &&Judged| report.deleted.iter().any(|(n, _)| *n == one.snapshot.name);
    show_kept(plan.judged.iter().filter(|one| !is_deleted(one)), output);
    show_free(report.free, output);
}

/// Tells of which snapshots something is left that could not be removed.
pub fn note_stuck(report: &PruneReport, output: Output) {
    for name in &report.stuck {
        output.note(gettext_f(
            "Something of the snapshot {name} could not be removed: look into the folder “trash” on the drive.",
            &[("name", name)],
        ));
    }
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
fn show_missing(plan: &PrunePlan, missing: Amount, has_asked_room: bool, output: Output) {
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
        output.line(gettext_f("{size} more are wanted.", &[("size", &text::size(missing.bytes))]));
    }
    if missing.inodes > 0 {
        output.line(ngettext_f(
            "Room for {count} more file is missing: the number of inodes was fixed when the file system was made.",
            "Room for {count} more files is missing: the number of inodes was fixed when the file system was made.",
            missing.inodes,
            &[],
        ));
    }
    let mut help = help(plan, has_asked_room);
    if !help.is_empty() {
        help.push(gettext("A larger drive keeps everything."));
    }
    for line in help {
        output.line(line);
    }
}

/// What would make more room.
fn help(plan: &PrunePlan, has_asked_room: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let count =
        |is: fn(&Reason) -> bool| plan.judged.iter().filter(|one| is(&one.reason)).count() as u64;
    let until_room = count(|reason| matches!(reason, Reason::UntilRoom(_)));
    if until_room > 0 && !has_asked_room {
        lines.push(ngettext_f(
            "{count} more snapshot is kept until room is needed: --until-free SIZE deletes it for room.",
            "{count} more snapshots are kept until room is needed: --until-free SIZE deletes them for room.",
            until_room,
            &[],
        ));
    }
    let by_rules = count(|reason| matches!(reason, Reason::Rules(_)));
    if by_rules > 0 {
        lines.push(ngettext_f(
            "{count} snapshot is kept by rules that could keep less: try --dry-run --keep TAG=REACH.",
            "{count} snapshots are kept by rules that could keep less: try --dry-run --keep TAG=REACH.",
            by_rules,
            &[],
        ));
    }
    let without_rules = count(|reason| matches!(reason, Reason::NoRules));
    if without_rules > 0 {
        lines.push(ngettext_f(
            "{count} snapshot is kept because the table [retention] has no rules: try some with --dry-run --keep TAG=REACH.",
            "{count} snapshots are kept because the table [retention] has no rules: try some with --dry-run --keep TAG=REACH.",
            without_rules,
            &[],
        ));
    }
    let marked =
        count(|reason| matches!(reason, Reason::Pinned | Reason::Labelled | Reason::Damaged));
    if marked > 0 {
        lines.push(ngettext_f(
            "{count} snapshot is pinned, named or damaged: “yore forget” deletes what you don’t want any more, “yore unpin” first if it is pinned.",
            "{count} snapshots are pinned, named or damaged: “yore forget” deletes what you don’t want any more, “yore unpin” first if it is pinned.",
            marked,
            &[],
        ));
    }
    lines
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
