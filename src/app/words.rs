//! The words for single values of the engine: a path's problem, a target's, what a drive lacks.

use crate::engine::error::{Ability, TargetProblem};
use crate::engine::problem::Reason;
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
        Reason::NeverStored => gettext("it could not be read when the snapshot was made"),
        Reason::Device => gettext("devices are not restored"),
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
