//! The words for what a verification or a fire drill found.

use crate::engine::damage::DamageState;
use crate::engine::mend::GoodCopy;
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
        Fault::Unverified => {
            gettext("nothing tells what its content should be, so it could not be checked")
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
        Fault::Unverified => "unverified",
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
