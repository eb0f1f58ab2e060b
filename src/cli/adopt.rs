//! `yore adopt`: go on with a repository on a new computer, or as another user.

use std::ffi::OsString;

use clap::ArgMatches;
use serde_json::json;

use super::Ending;
use super::output::{Output, path_json, sources_json};
use super::setup::show_rules;
use super::watch::watch;
use crate::app::adopt::{Adopted, Wish, adopt};
use crate::app::error::Result;
use crate::app::target::Options;
use crate::engine::path::display;
use crate::i18n::{gettext, gettext_f};

pub fn run(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    let wish = Wish {
        drive: matches.get_one("drive").cloned(),
        which: matches.get_one("which").cloned(),
        user: matches.get_one("for").cloned(),
        moved: matches
            .get_many::<OsString>("source")
            .map(|pairs| pairs.cloned().collect())
            .unwrap_or_default(),
        unsafe_drive: matches.get_flag("unsafe-drive"),
    };
    let asked = options.clone();
    let adopted = watch(output, move |monitor| adopt(&asked, &wish, monitor))?;
    let rules = show(&adopted, output);
    output.document(&json!({
        "config": adopted.user.is_none().then(|| path_json(&options.config_path())),
        "repository": path_json(&adopted.path),
        "id": adopted.id,
        "user": adopted.user,
        "sources": sources_json(&adopted.sources),
        "left_out": adopted.left_out.iter().map(|path| path_json(path)).collect::<Vec<_>>(),
        "rules": rules,
        "unknown_rules": adopted.unknown_rules,
    }));
    Ok(if adopted.left_out.is_empty() { Ending::Done } else { Ending::Partial })
}

/// Says what was adopted, and gives the rules as lines for programs.
fn show(adopted: &Adopted, output: Output) -> Vec<String> {
    let repository = adopted.path.display().to_string();
    if let Some(user) = &adopted.user {
        output.line(gettext_f(
            "{path} belongs to {user} now, who can go on with “yore adopt --repository {path}”.",
            &[("path", &repository), ("user", user)],
        ));
        return Vec::new();
    }
    output.line(gettext_f("Backups go to {path}.", &[("path", &repository)]));
    for source in &adopted.sources {
        let path = source.path.display().to_string();
        output.line(gettext_f("{path} will be backed up.", &[("path", &path)]));
    }
    for path in &adopted.left_out {
        let path = path.display().to_string();
        output.note(gettext_f(
            "{path} was backed up, but is no folder on this computer; it was left out. If it has another path here, say “--source {path}=NEW”.",
            &[("path", &path)],
        ));
    }
    let rules = show_rules(&adopted.rules, output);
    for rule in &adopted.unknown_rules {
        output.note(gettext_f(
            "The rule “{rule}” of the last backup is unknown to this version and does not hold.",
            &[("rule", &display(rule.as_bytes()))],
        ));
    }
    output.line(match adopted.sources.is_empty() {
        true => gettext("Run “yore setup” to choose what is backed up."),
        false => gettext("Run “yore backup” to go on."),
    });
    rules
}
