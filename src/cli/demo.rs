//! `yore demo`: the whole job on a sample, in a temporary folder that is removed again.

use serde_json::json;

use super::Ending;
use super::output::Output;
use crate::app::demo::{Step, demonstrate};
use crate::app::error::Result;
use crate::i18n::{gettext, gettext_f};

pub fn run(output: Output) -> Result<Ending> {
    let mut steps = Vec::new();
    demonstrate(|step| {
        let words = describe(&step);
        output.line(&words);
        steps.push(words);
    })?;
    output.line(gettext("Everything came back as it was. The sample has been removed."));
    output.document(&json!({ "steps": steps, "passed": true }));
    Ok(Ending::Done)
}

fn describe(step: &Step) -> String {
    match step {
        Step::Made { folder, files } => gettext_f(
            "Made a sample of {files} files in {folder}.",
            &[("files", &files.to_string()), ("folder", &folder.display().to_string())],
        ),
        Step::SetUp { repository } => gettext_f(
            "Set up a repository in {repository}.",
            &[("repository", &repository.display().to_string())],
        ),
        Step::BackedUp { snapshot, copied, linked } => gettext_f(
            "Backed up: snapshot {snapshot}, {copied} files copied, {linked} linked.",
            &[
                ("snapshot", snapshot),
                ("copied", &copied.to_string()),
                ("linked", &linked.to_string()),
            ],
        ),
        Step::Changed => {
            gettext("Edited a letter, deleted a photograph, renamed a folder, added a note.")
        }
        Step::Listed { entries } => gettext_f(
            "Looked at the first snapshot: its {entries} entries are all there.",
            &[("entries", &entries.to_string())],
        ),
        Step::RestoredFile => {
            gettext("Brought the old letter back beside the new one; the new one was not touched.")
        }
        Step::RestoredFolder => {
            gettext("Brought the whole first state back to another folder and compared every byte.")
        }
        Step::Rebuilt => {
            gettext("Deleted the index and made it again from the snapshots: the same answers.")
        }
    }
}
