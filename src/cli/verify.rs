//! `yore verify`: read what is stored again and mend what is damaged, or try whether files come back.

use clap::ArgMatches;
use serde_json::{Value, json};

use super::Ending;
use super::output::{Output, path_json, snapshot_path_json};
use super::watch::watch;
use crate::app::error::Result;
use crate::app::faults;
use crate::app::target::{Options, Target};
use crate::app::text;
use crate::app::verify::{BroughtBack, Verified, VerifyAsk};
use crate::engine::damage::DamageState;
use crate::engine::mend::{GoodCopy, Hit, Mending, Rot, can_bring_back};
use crate::engine::verify::{Aspect, DrillReport, Fault, TreeFault, VerifyOptions};
use crate::i18n::{gettext, gettext_f, ngettext_f};

/// What is wrong beyond so much is only counted.
const SHOWN: usize = 100;

pub fn run(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    let target = Target::require(options)?;
    if matches.get_flag("drill") {
        let report = watch(output, move |monitor| target.drill(monitor))?;
        show_drill(&report, output);
        output.document(&drill_json(&report));
        return Ok(if report.is_good() { Ending::Done } else { Ending::Partial });
    }
    let names = matches.get_many::<String>("at").into_iter().flatten().cloned().collect();
    let options = VerifyOptions {
        names,
        since_days: matches.get_one("since").copied(),
        sample_percent: matches.get_one("sample").copied().unwrap_or(100),
    };
    let ask = VerifyAsk { options, no_mend: matches.get_flag("no-mend") };
    let asked = ask.clone();
    let verified = watch(output, move |monitor| {
        target.verify(&asked, monitor, |begun| {
            output.note(gettext_f(
                "Going on with what was begun {when}.",
                &[("when", &text::moment(begun))],
            ));
        })
    });
    let verified = verified.inspect_err(|error| {
        if error.is_cancelled() {
            note_stopped(output);
        }
    })?;
    show(&verified, output);
    if let Some(error) = verified.ended_by {
        if error.is_cancelled() {
            note_stopped(output);
        }
        return Err(error);
    }
    show_result(&verified, &ask, output);
    output.document(&document(&verified, &ask));
    Ok(if verified.is_good() { Ending::Done } else { Ending::Partial })
}

fn note_stopped(output: Output) {
    output.note(gettext("“yore verify” with the same options goes on where it was stopped."));
}

fn show(verified: &Verified, output: Output) {
    for mending in verified.mendings.iter().take(SHOWN) {
        show_mending(mending, verified, output);
    }
    show_more(verified.mendings.len().saturating_sub(SHOWN) as u64, output);
    let good_since = verified.good_since();
    for rot in good_since.iter().take(SHOWN) {
        show_rot(rot, output);
        output
            .line(format!("    {}", gettext("when it was looked at again, it was good, or gone")));
    }
    show_more(good_since.len().saturating_sub(SHOWN) as u64, output);
    for entry in verified.brought_back.iter().take(SHOWN) {
        show_brought_back(entry, output);
    }
    show_more(verified.brought_back.len().saturating_sub(SHOWN) as u64, output);
    for fault in verified.report.faults.iter().take(SHOWN) {
        show_fault(fault, verified, output);
    }
    let more = verified.report.faults.len().saturating_sub(SHOWN) as u64;
    show_more(more.saturating_add(verified.report.more_faults), output);
    let tally = verified.report.tally;
    output.line(ngettext_f(
        "{count} snapshot was checked; {files} files, {size}, were read.",
        "{count} snapshots were checked; {files} files, {size}, were read.",
        tally.snapshots,
        &[("files", &tally.files.to_string()), ("size", &text::size(tally.bytes))],
    ));
}

fn show_result(verified: &Verified, ask: &VerifyAsk, output: Output) {
    if verified.report.unverified > 0 {
        output.line(ngettext_f(
            "{count} file could not be checked: nothing tells what its content should be.",
            "{count} files could not be checked: nothing tells what their content should be.",
            verified.report.unverified,
            &[],
        ));
    }
    let is_touched = !verified.mendings.is_empty() || !verified.brought_back.is_empty();
    if verified.report.is_good() && !is_touched {
        output.line(match verified.report.unverified {
            0 => gettext("All of it is as it was backed up."),
            _ => gettext("All else is as it was backed up."),
        });
        return;
    }
    if verified.mended() > 0 {
        output.line(ngettext_f(
            "{count} damaged file was mended.",
            "{count} damaged files were mended.",
            verified.mended(),
            &[],
        ));
    }
    if verified.mended_of_known() > 0 {
        output.line(ngettext_f(
            "{count} file that was known to be damaged was mended.",
            "{count} files that were known to be damaged were mended.",
            verified.mended_of_known(),
            &[],
        ));
    }
    if !verified.brought_back.is_empty() {
        output.line(ngettext_f(
            "{count} entry that was lost or altered was put back.",
            "{count} entries that were lost or altered were put back.",
            verified.brought_back.len() as u64,
            &[],
        ));
    }
    if let Some(reason) = &verified.not_mended {
        output.line(gettext_f("Nothing could be mended: {reason}", &[("reason", reason)]));
        output.note(gettext(
            "What was found is kept: “yore verify” with the same options goes on with mending.",
        ));
    }
    show_left(verified, ask, output);
    if !verified.report.faults.is_empty() {
        if ask.no_mend && verified.report.faults.iter().any(|it| can_bring_back(&it.fault)) {
            output.line(gettext(
                "“yore verify” without --no-mend puts back what was lost or altered, as far as what is needed is somewhere.",
            ));
        }
        output.line(gettext(
            "What is still lost, added or altered in a snapshot stays as it is: other snapshots are not concerned, and the next backup starts from what is there. What was added can be removed by hand; a snapshot that can’t be put right can be deleted with “yore forget”. If nobody changed it by hand, have the drive checked.",
        ));
    }
    if verified.is_good() {
        output.line(gettext("All of it is as it was backed up again."));
    }
}

/// What is damaged still, and what can be done about it.
fn show_left(verified: &Verified, ask: &VerifyAsk, output: Output) {
    if verified.damaged() > 0 {
        output.line(ngettext_f(
            "{count} damaged file is left.",
            "{count} damaged files are left.",
            verified.damaged(),
            &[],
        ));
        if ask.no_mend {
            output.line(gettext(
                "“yore verify” without --no-mend mends what a good copy is left of.",
            ));
        } else if verified.is_tried {
            output.line(gettext(
                "Nothing new is linked to what is damaged, and a restore warns; “yore versions PATH” shows older and newer versions. A drive that damages files should be replaced.",
            ));
        }
    }
}

fn show_more(more: u64, output: Output) {
    if more > 0 {
        output.line(ngettext_f("  and {count} more", "  and {count} more", more, &[]));
    }
}

fn show_rot(rot: &Rot, output: Output) {
    output.line(gettext_f(
        "{path}, first seen in {snapshot}: {what}",
        &[
            ("path", &rot.path.to_string()),
            ("snapshot", &rot.snapshot),
            ("what", &faults::damage(rot.state)),
        ],
    ));
}

fn show_mending(mending: &Mending, verified: &Verified, output: Output) {
    show_rot(&mending.rot, output);
    if !verified.is_found(mending) {
        output.line(format!("    {}", gettext("it was known to be damaged before")));
    }
    for hit in &mending.hits {
        output.line(ngettext_f(
            "    {path} in {count} snapshot: {names}",
            "    {path} in {count} snapshots: {names}",
            hit.snapshots.len() as u64,
            &[("path", &hit.path.to_string()), ("names", &some(&hit.snapshots))],
        ));
    }
    let failure = mending.failure.map(faults::failure);
    if let Some(outcome) = mending.mended_from.as_ref().map(faults::good_copy).or(failure) {
        output.line(format!("    {outcome}"));
    }
}

fn show_brought_back(entry: &BroughtBack, output: Output) {
    output.line(ngettext_f(
        "{path}, in {count} snapshot ({names}): it was lost or altered, and was put back",
        "{path}, in {count} snapshots ({names}): it was lost or altered, and was put back",
        entry.snapshots.len() as u64,
        &[("path", &entry.path.to_string()), ("names", &some(&entry.snapshots))],
    ));
    if let Some(from) = &entry.from {
        output.line(format!("    {}", faults::good_copy(from)));
    }
}

fn show_fault(fault: &TreeFault, verified: &Verified, output: Output) {
    output.line(ngettext_f(
        "{path}, in {count} snapshot ({names}): {what}",
        "{path}, in {count} snapshots ({names}): {what}",
        fault.snapshots.len() as u64,
        &[
            ("path", &fault.path.to_string()),
            ("names", &some(&fault.snapshots)),
            ("what", &faults::fault(&fault.fault)),
        ],
    ));
    if let Some(failure) = verified.failure_of(fault) {
        output.line(format!("    {}", faults::failure(failure)));
    }
}

/// The first and the last of many names.
fn some(names: &[String]) -> String {
    match names {
        [first, _, .., last] => format!("{first} … {last}"),
        few => few.join(", "),
    }
}

fn show_drill(report: &DrillReport, output: Output) {
    for failure in report.failures.iter().take(SHOWN) {
        output.line(gettext_f(
            "{path} of the snapshot {snapshot}: {what}",
            &[
                ("path", &failure.path.to_string()),
                ("snapshot", &failure.snapshot),
                ("what", &faults::drill_problem(failure.problem)),
            ],
        ));
    }
    show_more(report.failures.len().saturating_sub(SHOWN) as u64, output);
    if report.is_empty() {
        output.line(gettext(
            "There was nothing to try: no good snapshot has a file that is small enough.",
        ));
        return;
    }
    let counts: &[(&str, &str)] = &[("back", &report.came_back.to_string())];
    output.line(match report.folder.as_ref().map(|(_, came_back)| *came_back) {
        Some(true) => ngettext_f(
            "{back} of {count} file and a folder came back.",
            "{back} of {count} files and a folder came back.",
            report.files,
            counts,
        ),
        Some(false) => ngettext_f(
            "{back} of {count} file came back, and not all of a folder.",
            "{back} of {count} files came back, and not all of a folder.",
            report.files,
            counts,
        ),
        None => ngettext_f(
            "{back} of {count} file came back.",
            "{back} of {count} files came back.",
            report.files,
            counts,
        ),
    });
    if !report.is_good() {
        output.line(gettext("Run “yore verify”: it finds what is damaged and mends what it can."));
    }
}

fn rot_json(rot: &Rot) -> Value {
    json!({
        "path": snapshot_path_json(&rot.path),
        "snapshot": rot.snapshot,
        "blake3": rot.hash.to_string(),
        "state": match rot.state {
            DamageState::Rotten => "rotten",
            DamageState::Unreadable => "unreadable",
        },
    })
}

fn mending_json(mending: &Mending) -> Value {
    let hit =
        |hit: &Hit| json!({ "path": snapshot_path_json(&hit.path), "snapshots": hit.snapshots });
    json!({
        "damaged": rot_json(&mending.rot),
        "hits": mending.hits.iter().map(hit).collect::<Vec<_>>(),
        "mended_from": mending.mended_from.as_ref().map(copy_json),
        "failure": mending.failure.map(faults::failure_code),
    })
}

fn copy_json(copy: &GoodCopy) -> Value {
    match copy {
        GoodCopy::Stored { snapshot, path } => {
            json!({ "snapshot": snapshot, "path": snapshot_path_json(path) })
        }
        GoodCopy::Source(path) => json!({ "source": path_json(path) }),
    }
}

fn brought_back_json(entry: &BroughtBack) -> Value {
    json!({
        "path": snapshot_path_json(&entry.path),
        "snapshots": entry.snapshots,
        "from": entry.from.as_ref().map(copy_json),
    })
}

fn fault_json(fault: &TreeFault, verified: &Verified) -> Value {
    let (aspects, reason): (&[Aspect], Option<&str>) = match &fault.fault {
        Fault::Altered(aspects) => (aspects, None),
        Fault::Papers(reason) | Fault::Unreadable(reason) => (&[], Some(reason)),
        _ => (&[], None),
    };
    json!({
        "path": snapshot_path_json(&fault.path),
        "snapshots": fault.snapshots,
        "fault": faults::code(&fault.fault),
        "altered": aspects,
        "reason": reason,
        "failure": verified.failure_of(fault).map(faults::failure_code),
    })
}

fn document(verified: &Verified, ask: &VerifyAsk) -> Value {
    let report = &verified.report;
    json!({
        "begun": report.begun,
        "resumed": report.is_resumed,
        "sample_percent": ask.options.sample_percent,
        "snapshots": report.tally.snapshots,
        "entries": report.tally.entries,
        "files": report.tally.files,
        "bytes": report.tally.bytes,
        "damaged": report.rots.iter().map(rot_json).collect::<Vec<_>>(),
        "mendings": verified.mendings.iter().map(mending_json).collect::<Vec<_>>(),
        "brought_back": verified.brought_back.iter().map(brought_back_json).collect::<Vec<_>>(),
        "is_tried": verified.is_tried,
        "good_since": verified.good_since().into_iter().map(rot_json).collect::<Vec<_>>(),
        "left": verified.damaged(),
        "not_mended": verified.not_mended,
        "faults": report.faults.iter().map(|it| fault_json(it, verified)).collect::<Vec<_>>(),
        "more_faults": report.more_faults,
        "unverified": report.unverified,
    })
}

fn drill_json(report: &DrillReport) -> Value {
    let failures = report.failures.iter().map(|failure| {
        json!({
            "path": snapshot_path_json(&failure.path),
            "snapshot": failure.snapshot,
            "problem": faults::drill_code(failure.problem),
        })
    });
    json!({
        "files": report.files,
        "came_back": report.came_back,
        "folder": report.folder.as_ref().map(|(path, came_back)| {
            json!({ "path": snapshot_path_json(path), "came_back": came_back })
        }),
        "failures": failures.collect::<Vec<_>>(),
    })
}
