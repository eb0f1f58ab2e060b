//! `yore setup`: choose a drive and the folders to back up.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgMatches;
use serde_json::json;

use super::Ending;
use super::output::{Output, path_json, sources_json};
use crate::app::adopt::adoptable;
use crate::app::error::Result;
use crate::app::kept;
use crate::app::rules::{RuleWishes, exclusion};
use crate::app::setup::set_up_with;
use crate::app::target::{Options, Target};
use crate::app::text::quoted;
use crate::engine::path::display;
use crate::engine::retention::Policy;
use crate::engine::rules::{Preset, RuleSet};
use crate::i18n::{gettext, gettext_f};

pub fn run(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    let drive: PathBuf = matches.get_one("drive").cloned().unwrap_or_default();
    let sources: Vec<PathBuf> =
        matches.get_many("source").map(|paths| paths.cloned().collect()).unwrap_or_default();
    // Asked before there is a new one beside them.
    let adoptable = adoptable(&drive);
    let rules = rule_wishes(matches)?;
    let unsafe_drive = matches.get_flag("unsafe-drive");
    let target = set_up_with(options, &drive, &sources, &rules, unsafe_drive)?;
    let repository = target.repository_path.display().to_string();
    output.line(gettext_f("Backups go to {path}.", &[("path", &repository)]));
    for source in &target.sources {
        let path = source.path.display().to_string();
        output.line(gettext_f("{path} will be backed up.", &[("path", &path)]));
    }
    let rules = show_rules(&target.rules, output);
    show_retention(&target, output);
    if target.retention.as_ref().is_some_and(|policy| !policy.rules.is_empty()) {
        output.line(gettext("Each backup deletes what these rules no longer keep."));
    }
    output.line(gettext("Run “yore backup” to make the first snapshot."));
    for path in &adoptable {
        output.note(gettext_f(
            "{path} on this drive is yours too, from another computer or name. To go on with it instead, run: yore adopt --repository {path}",
            &[("path", &quoted(path))],
        ));
    }
    output.document(&json!({
        "config": path_json(&options.config_path()),
        "repository": path_json(&target.repository_path),
        "id": target.repository_id,
        "sources": sources_json(&target.sources),
        "adoptable": adoptable.iter().map(|path| path_json(path)).collect::<Vec<_>>(),
        "rules": rules,
        "retention": target.retention,
    }));
    Ok(Ending::Done)
}

/// Says what is kept, by the rules that the configuration has.
pub fn show_retention(target: &Target, output: Output) {
    output.line(match &target.retention {
        Some(policy) => gettext_f("Kept: {rules}.", &[("rules", &kept::policy(policy))]),
        None => gettext(
            "Kept: everything, since no rules were agreed to. A table [retention] in the configuration says what is kept; “yore prune --dry-run” shows what the usual rules would do.",
        ),
    });
}

/// Says what is left out of backups, and gives it as lines for programs.
pub fn show_rules(rules: &RuleSet, output: Output) -> Vec<String> {
    let rules = rules.lines();
    if !rules.is_empty() {
        output.line(gettext_f(
            "Rules for what is left out: {rules}. “yore why PATH” tells what becomes of a path.",
            &[(
                "rules",
                &display(
                    rules
                        .iter()
                        .map(|rule| with_slash(rule))
                        .collect::<Vec<_>>()
                        .join(", ")
                        .as_bytes(),
                ),
            )],
        ));
    }
    rules
}

/// A rule as people write it: the paths of rules are written without the slash at their beginning.
fn with_slash(rule: &str) -> String {
    let path = ["include ", "exclude-path "]
        .into_iter()
        .find_map(|word| Some((word, rule.strip_prefix(word)?)));
    path.map_or_else(|| rule.to_owned(), |(word, path)| format!("{word}/{path}"))
}

fn rule_wishes(matches: &ArgMatches) -> Result<RuleWishes> {
    let presets = matches.get_many::<String>("preset");
    // Whatever is no preset's name stands for none.
    let presets = presets.map(|names| names.filter_map(|name| Preset::named(name)).collect());
    let exclude = matches.get_many::<OsString>("exclude");
    let exclude = exclude.map(|all| all.map(|given| exclusion(given)).collect()).transpose()?;
    let include = matches.get_many::<PathBuf>("include").map(|paths| paths.cloned().collect());
    Ok(RuleWishes { presets, exclude, include, retention: Some(Policy::default()) })
}
