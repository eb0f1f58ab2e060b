//! The words for single values of the engine: a path's problem, a target's, what a drive lacks.

use super::text;
use crate::engine::error::{Ability, TargetProblem};
use crate::engine::path::display;
use crate::engine::problem::Reason;
use crate::engine::rules::{BadRule, Why};
use crate::i18n::{gettext, gettext_f};

/// The words for what is wrong with one path.
pub fn explain_reason(reason: &Reason) -> String {
    match reason {
        Reason::NoPermission => gettext("you have no permission to read it"),
        Reason::BecameSomethingElse => gettext("it became something else while it was read"),
        Reason::Unreadable(errno) => {
            gettext_f("it could not be read: {reason}", &[("reason", &errno.to_string())])
        }
        Reason::Torn => {
            gettext("it changed each time that it was read, so its copy may be inconsistent")
        }
        Reason::TornDatabase => gettext(
            "it is a database in use that did not hold still, so its copy may be inconsistent",
        ),
        Reason::Emptied => gettext(
            "it is empty, but was not in the last snapshot; if you emptied it on purpose, run “yore backup --accept-empty”",
        ),
        Reason::TooLargeForDrive => gettext("the drive can’t store a file of this size"),
        Reason::LinkTooLong => gettext("the drive can’t store a link with so long a target"),
        Reason::Exchanged => gettext(
            "it is another folder now, with nothing of what was in it: not mounted, perhaps? Its last state is kept",
        ),
        Reason::NothingToCarry => {
            gettext("it could not be read, and no earlier copy is on the drive")
        }
        Reason::StoredMissing => gettext("its stored copy is missing on the drive"),
        Reason::StoredUnreadable(errno) => gettext_f(
            "its stored copy could not be read: {reason}",
            &[("reason", &errno.to_string())],
        ),
        Reason::StoredDamaged => {
            gettext("its stored copy is damaged: it is not what was backed up")
        }
        Reason::RestoredDamaged => {
            gettext("its stored copy is damaged: what came back is not what was backed up")
        }
        Reason::NeverStored => gettext("it could not be read when the snapshot was made"),
        Reason::Device => gettext("devices are restored only by root who asks for it"),
        Reason::NotTakenHere => {
            gettext("the file system here can’t hold it: its name, its kind or its size")
        }
        Reason::NotMoved(errno) => gettext_f(
            "it could not be put in its place: {reason}",
            &[("reason", &errno.to_string())],
        ),
        Reason::ChangedMeanwhile => gettext(
            "it, or a log that belongs to it, was changed while its restore was interrupted, and stays as it is",
        ),
        Reason::DatabaseNotWhole => gettext(
            "not all of the database that it belongs to could be brought back, so nothing of it was",
        ),
        Reason::MetadataNotRestored => {
            gettext("some of its attributes, flags or times were not taken here")
        }
    }
}

/// The words for why a folder can't take what is restored.
pub fn target_problem(problem: TargetProblem) -> String {
    match problem {
        TargetProblem::Link => gettext("a part of the path is a symbolic link now"),
        TargetProblem::NotFolder => gettext("a part of the path is not a folder"),
        TargetProblem::NoPermission => gettext("you have no permission to write there"),
        TargetProblem::ReadOnly => gettext("it is on a read-only file system"),
        TargetProblem::Full => gettext("there is no room left on its file system"),
        TargetProblem::Repository => gettext("it is in a folder that holds backups"),
        TargetProblem::Own => gettext("it is in a folder in which Yore keeps its own files"),
    }
}

/// The words for what a file system lacks.
pub fn ability(ability: &Ability) -> String {
    match ability {
        Ability::HardLinks => gettext("hard links"),
        Ability::UserXattrs => gettext("extended attributes"),
        Ability::Symlinks => gettext("symbolic links"),
        Ability::Modes => gettext("Unix permissions"),
        Ability::CaseSensitiveNames => gettext("names that tell upper from lower case"),
        Ability::RawNames => gettext("names of any characters"),
        Ability::SubsecondTimes => gettext("times finer than a second"),
        Ability::Sync => gettext("reliable flushing"),
    }
}

/// The words for a rule that leaves an entry out.
pub fn rule(why: &Why) -> String {
    match why {
        Why::Preset(preset) => {
            gettext_f("the preset “{name}” leaves it out", &[("name", preset.name())])
        }
        Why::Pattern(text) => gettext_f(
            "the pattern “{pattern}” leaves it out",
            &[("pattern", &display(text.as_bytes()))],
        ),
        Why::Path(path) => gettext_f("the path {path} is excluded", &[("path", &path.to_string())]),
        Why::LargerThan(bytes) => {
            gettext_f("files larger than {size} are left out", &[("size", &text::size(*bytes))])
        }
        Why::CacheTag(folder) => gettext_f(
            "{folder} is marked as a cache by a CACHEDIR.TAG",
            &[("folder", &folder.to_string())],
        ),
        Why::NoBackup(folder) => {
            gettext_f("{folder} holds a file .nobackup", &[("folder", &folder.to_string())])
        }
        Why::RestoreFolder => gettext("a restore worked in it"),
        Why::OwnFolder => gettext("Yore notes there what it can find out again"),
    }
}

/// The words for a rule that can't be understood.
pub fn bad_rule(bad: &BadRule) -> String {
    let shown = |text: &str| display(text.as_bytes());
    match bad {
        BadRule::Empty => gettext("A pattern is empty."),
        BadRule::Grammar { pattern, reason } => gettext_f(
            "“{pattern}” is not a pattern: {reason}.",
            &[("pattern", &shown(pattern)), ("reason", reason)],
        ),
        BadRule::Home(text) => gettext_f(
            "“{pattern}” begins with ~, which only a shell understands; write the whole path.",
            &[("pattern", &shown(text))],
        ),
        BadRule::NoPath(text) => gettext_f(
            "“{pattern}” can’t match any path: leave out “.”, “..” and doubled slashes.",
            &[("pattern", &shown(text))],
        ),
        BadRule::SlashInBraces(text) => gettext_f(
            "“{pattern}” has a slash directly after a brace or comma, where it can’t match; write it before the braces, as in /{example}.",
            &[("pattern", &shown(text)), ("example", "{a,b}")],
        ),
        BadRule::NotAbsolute(text) => {
            gettext_f("“{path}” is not an absolute path.", &[("path", &shown(text))])
        }
    }
}
