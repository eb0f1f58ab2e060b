//! The whole plan in a few lines.

use crate::app::text;
use crate::engine::restore::{Action, KEPT_DAYS, RestorePlan};
use crate::i18n::{gettext, ngettext_f};

/// Between facts on one line.
const SEPARATOR: &str = " · ";

/// Whether the plan changes anything.
pub fn does_something(plan: &RestorePlan) -> bool {
    plan.items
        .iter()
        .any(|item| !matches!(item.action, Action::Skip | Action::Impossible | Action::LeaveOut))
}

/// What is written, what becomes of the rest, and what is set aside.
pub fn summary(plan: &RestorePlan) -> String {
    let counts = counts(plan);
    let lines = [written(plan), counts.join(SEPARATOR), set_aside(plan)];
    lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn written(plan: &RestorePlan) -> String {
    if plan.entries > 0 {
        let size = text::size(plan.bytes);
        return ngettext_f(
            "{count} item will be written, {size}.",
            "{count} items will be written, {size}.",
            plan.entries,
            &[("size", &size)],
        );
    }
    if does_something(plan) {
        gettext("Nothing has to be written.")
    } else if plan.items.is_empty() {
        gettext("Nothing has to be restored: it is all there already.")
    } else {
        gettext("Nothing will be restored.")
    }
}

fn counts(plan: &RestorePlan) -> Vec<String> {
    // Of one item its row says it all.
    if plan.items.len() == 1 && plan.same == 0 {
        return Vec::new();
    }
    let kinds = [
        Action::KeepBoth,
        Action::Replace,
        Action::Remove,
        Action::Adjust,
        Action::Skip,
        Action::Impossible,
        Action::LeaveOut,
    ];
    let mut counts: Vec<String> = kinds
        .into_iter()
        .map(|action| (action, plan.count(action)))
        .filter(|(_, count)| *count > 0)
        .map(|(action, count)| counted(action, count))
        .collect();
    if plan.same > 0 {
        counts.push(ngettext_f(
            "{count} is there already, the same",
            "{count} are there already, the same",
            plan.same,
            &[],
        ));
    }
    counts
}

fn counted(action: Action, count: u64) -> String {
    match action {
        Action::Create => ngettext_f("{count} new", "{count} new", count, &[]),
        Action::KeepBoth => {
            ngettext_f("{count} beside what is there", "{count} beside what is there", count, &[])
        }
        Action::Replace => ngettext_f("{count} replaced", "{count} replaced", count, &[]),
        Action::Remove => ngettext_f("{count} taken away", "{count} taken away", count, &[]),
        Action::Adjust => {
            ngettext_f("{count} folder adjusted", "{count} folders adjusted", count, &[])
        }
        Action::Skip => ngettext_f("{count} left as it is", "{count} left as they are", count, &[]),
        Action::Impossible => {
            ngettext_f("{count} can’t be restored", "{count} can’t be restored", count, &[])
        }
        Action::LeaveOut => {
            ngettext_f("{count} device left out", "{count} devices left out", count, &[])
        }
    }
}

fn set_aside(plan: &RestorePlan) -> String {
    let (entries, bytes) = plan.set_aside();
    if entries == 0 {
        return String::new();
    }
    ngettext_f(
        "What is there now, {count} item, {size}, is set aside and can be brought back for {days} days.",
        "What is there now, {count} items, {size}, is set aside and can be brought back for {days} days.",
        entries,
        &[("size", &text::size(bytes)), ("days", &KEPT_DAYS.to_string())],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::meta::FileTime;
    use crate::engine::path::RelPath;
    use crate::engine::restore::{PlanItem, RestoreRequest, There};

    fn item(action: Action) -> PlanItem {
        let mtime = FileTime { sec: 0, nsec: 0 };
        PlanItem {
            path: RelPath::root(),
            at: 1,
            target: "/a".into(),
            action,
            entries: 2,
            bytes: 1_000,
            there: Some(There { entries: 3, bytes: 2_000, mtime }),
        }
    }

    fn plan(actions: &[Action]) -> RestorePlan {
        let items: Vec<PlanItem> = actions.iter().map(|action| item(*action)).collect();
        let written = || items.iter().filter(|item| item.is_written());
        RestorePlan {
            request: RestoreRequest::of(1, [RelPath::root()]),
            snapshots: Default::default(),
            entries: written().map(|item| item.entries).sum(),
            bytes: written().map(|item| item.bytes).sum(),
            items,
            same: 0,
            free_bytes: None,
            warnings: Vec::new(),
        }
    }

    #[test]
    fn each_action_is_counted_and_what_is_set_aside_is_said() {
        let all = [Action::Create, Action::Replace, Action::Remove, Action::Adjust, Action::Skip];
        assert_eq!(
            summary(&plan(&all)),
            "4 items will be written, 2 kB.\n\
             1 replaced · 1 taken away · 1 folder adjusted · 1 left as it is\n\
             What is there now, 6 items, 4 kB, is set aside and can be brought back for 30 days."
        );
    }

    #[test]
    fn a_removal_alone_is_something_to_do() {
        assert!(does_something(&plan(&[Action::Remove])));
        assert!(summary(&plan(&[Action::Remove])).starts_with("Nothing has to be written.\nWhat"));
        assert!(!does_something(&plan(&[Action::Skip, Action::Impossible])));
        assert_eq!(summary(&plan(&[])), "Nothing has to be restored: it is all there already.");
    }
}
