//! `yore adopt`: go on with a repository on a new computer, or as another user.

use std::ffi::OsString;

use clap::ArgMatches;
use serde_json::json;

use super::Ending;
use super::output::{Output, path_json, sources_json};
use super::watch::watch;
use crate::app::adopt::{Adopted, Wish, adopt};
use crate::app::error::Result;
use crate::app::target::Options;
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
    show(&adopted, output);
    output.document(&json!({
        "config": adopted.user.is_none().then(|| path_json(&options.config_path())),
        "repository": path_json(&adopted.path),
        "id": adopted.id,
        "user": adopted.user,
        "sources": sources_json(&adopted.sources),
        "left_out": adopted.left_out.iter().map(|path| path_json(path)).collect::<Vec<_>>(),
    }));
    Ok(Ending::Done)
}

fn show(adopted: &Adopted, output: Output) {
    let repository = adopted.path.display().to_string();
    if let Some(user) = &adopted.user {
        output.line(gettext_f(
            "{path} belongs to {user} now, who can go on with “yore adopt --repository {path}”.",
            &[("path", &repository), ("user", user)],
        ));
        return;
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
    output.line(match adopted.sources.is_empty() {
        true => gettext("Run “yore setup” to choose what is backed up."),
        false => gettext("Run “yore backup” to go on."),
    });
}
