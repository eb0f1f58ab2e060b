//! The words for what a verification or a fire drill found.

use crate::engine::damage::DamageState;
use crate::engine::mend::{GoodCopy, MendFailure};
use crate::engine::verify::{Aspect, DrillProblem, Fault};
use crate::i18n::{gettext, gettext_f};

use super::explain::shown;

/// The words for what is wrong with an entry.
pub fn fault(fault: &Fault) -> String {
    match fault {
        Fault::Papers(reason) => {
            gettext_f("the snapshot is damaged: {reason}", &[("reason", reason)])
        }
        Fault::Lost => gettext("it is lost"),
        Fault::Added => gettext("it was not in the snapshot: someone put it there"),
        Fault::Altered(aspects) => {
            let aspects: Vec<String> = aspects.iter().map(aspect).collect();
            gettext_f("it was altered: {what}", &[("what", &aspects.join(", "))])
        }
        Fault::Below => gettext("something in it is not as it was"),
        Fault::Unreadable(reason) => {
            gettext_f("it could not be read: {reason}", &[("reason", reason)])
        }
        Fault::Mounted => gettext("something is mounted over it"),
        Fault::TooDeep => gettext("folders are nested too deep in it"),
        Fault::Vanished => {
            gettext("the whole snapshot is not on the drive any more, and Yore did not delete it")
        }
    }
}

fn aspect(aspect: &Aspect) -> String {
    match aspect {
        Aspect::Kind => gettext("it is something else now"),
        Aspect::Mode => gettext("permissions"),
        Aspect::Owner => gettext("owner"),
        Aspect::Time => gettext("time"),
        Aspect::Attributes => gettext("attributes"),
        Aspect::Hash => gettext("the hash that it carries"),
        Aspect::Target => gettext("where it points to"),
        Aspect::Override => gettext("flags or links"),
    }
}

/// A fault for programs.
pub fn code(fault: &Fault) -> &'static str {
    match fault {
        Fault::Papers(_) => "papers",
        Fault::Lost => "lost",
        Fault::Added => "added",
        Fault::Altered(_) => "altered",
        Fault::Below => "below",
        Fault::Unreadable(_) => "unreadable",
        Fault::Mounted => "mounted",
        Fault::TooDeep => "too-deep",
        Fault::Vanished => "vanished",
    }
}

/// The words for what is wrong with a stored file's content.
pub fn damage(state: DamageState) -> String {
    match state {
        DamageState::Rotten => gettext("its content is not what was backed up"),
        DamageState::Unreadable => gettext("the drive can’t read it"),
    }
}

/// The words for where a good copy was found.
pub fn good_copy(copy: &GoodCopy) -> String {
    match copy {
        GoodCopy::Stored { snapshot, path } => gettext_f(
            "mended from {path} in the snapshot {snapshot}",
            &[("path", &path.to_string()), ("snapshot", snapshot)],
        ),
        GoodCopy::Source(path) => {
            gettext_f("mended from {path} on this computer", &[("path", &shown(path))])
        }
    }
}

/// The words for why a damaged file could not be mended.
pub fn failure(failure: MendFailure) -> String {
    match failure {
        MendFailure::NoGoodCopy => gettext("it could not be mended: there is no good copy"),
        MendFailure::NoRoom => {
            gettext("it could not be mended yet: there is no room on the drive for a good copy")
        }
        MendFailure::UnknownFeature => {
            gettext("it can be mended only by the newer Yore that made a snapshot which has it")
        }
        MendFailure::NotTaken => {
            gettext("a good copy is there, but it could not be put in every place")
        }
        MendFailure::Unreachable(errno) => gettext_f(
            "it could not be mended: the drive said “{reason}”",
            &[("reason", &errno.to_string())],
        ),
        MendFailure::Waiting => {
            gettext("it could not be mended yet: someone was reading from the drive all the time")
        }
        MendFailure::IndexDiffers => gettext(
            "it is left as it is: the index is not what was sealed (use “yore rebuild” first)",
        ),
        MendFailure::NoSeal => gettext(
            "it is left as it is: its snapshot has no good seal that says what it should be",
        ),
        MendFailure::NoDigest => {
            gettext("it is left as it is: no seal says what a source’s own folder should carry")
        }
        MendFailure::Changed => gettext("it is left as it is: something else is in its place"),
    }
}

/// Why a damaged file could not be mended, for programs.
pub fn failure_code(failure: MendFailure) -> &'static str {
    match failure {
        MendFailure::NoGoodCopy => "no-good-copy",
        MendFailure::NoRoom => "no-room",
        MendFailure::UnknownFeature => "unknown-feature",
        MendFailure::NotTaken => "not-taken",
        MendFailure::Unreachable(_) => "unreachable",
        MendFailure::Waiting => "waiting",
        MendFailure::IndexDiffers => "index-differs",
        MendFailure::NoSeal => "no-seal",
        MendFailure::NoDigest => "no-digest",
        MendFailure::Changed => "changed",
    }
}

/// Why something did not come back, for programs.
pub fn drill_code(problem: DrillProblem) -> &'static str {
    match problem {
        DrillProblem::Missing => "missing",
        DrillProblem::Kind => "kind",
        DrillProblem::Content => "content",
        DrillProblem::Mode => "mode",
        DrillProblem::Time => "time",
    }
}

/// The words for why something did not come back in a fire drill.
pub fn drill_problem(problem: DrillProblem) -> String {
    match problem {
        DrillProblem::Missing => gettext("it was not restored"),
        DrillProblem::Kind => gettext("it came back as something else"),
        DrillProblem::Content => gettext("it came back with another content"),
        DrillProblem::Mode => gettext("it came back with other permissions"),
        DrillProblem::Time => gettext("it came back with another time"),
    }
}
