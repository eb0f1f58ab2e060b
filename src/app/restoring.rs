//! What a face says before and after a restore: warnings, the command for root, and the backup that can come first.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::Result;
use super::target::{BackUp, Target};
use super::text;
use crate::engine::backup::BackupReport;
use crate::engine::history::{History, SnapshotState};
use crate::engine::monitor::Monitor;
use crate::engine::path::display;
use crate::engine::restore::{Action, OnConflict, RestorePlan, Target as To, Warning};
use crate::i18n::{gettext, gettext_f, ngettext_f};

/// How many of the last runs tell how long the next one takes.
const TELLING_RUNS: usize = 5;

/// Owners beyond these are only counted.
const SHOWN_OWNERS: usize = 4;

/// A warning of a plan in words.
pub fn warning(warning: &Warning) -> String {
    match warning {
        Warning::NoRoom { path, needed_bytes, free_bytes } => gettext_f(
            "This needs {size} in {path}, where {free} are free: there may not be enough room.",
            &[
                ("size", &text::size(*needed_bytes)),
                ("path", &display(path.as_os_str().as_bytes())),
                ("free", &text::size(*free_bytes)),
            ],
        ),
        Warning::BecomesOwn { count, owners } => ngettext_f(
            "{count} item will belong to you instead of {owners}: only root can give it back.",
            "{count} items will belong to you instead of {owners}: only root can give them back.",
            *count,
            &[("owners", &names(owners))],
        ),
        Warning::UnknownOwners { count, owners } => ngettext_f(
            "{count} item belongs to {owners}, whom this computer doesn’t know; it keeps the number of its owner. “--map-user OLD:NEW” or “--map-group OLD:NEW” gives it to somebody.",
            "{count} items belong to {owners}, whom this computer doesn’t know; they keep the numbers of their owners. “--map-user OLD:NEW” or “--map-group OLD:NEW” gives them to somebody.",
            *count,
            &[("owners", &names(owners))],
        ),
        Warning::PrivilegesLeftOff { count } => ngettext_f(
            "{count} program comes back without what gives it power over the computer; root can bring that back with “--privileged”.",
            "{count} programs come back without what gives them power over the computer; root can bring that back with “--privileged”.",
            *count,
            &[],
        ),
        Warning::DevicesLeftOut { count } => ngettext_f(
            "{count} device is left out; root can bring it back with “--privileged”.",
            "{count} devices are left out; root can bring them back with “--privileged”.",
            *count,
            &[],
        ),
        Warning::Damaged { count, first } => ngettext_f(
            "The stored copy of {count} file is damaged: {path}. Without another copy it comes back only with “--damaged”, as what is left of it.",
            "The stored copies of {count} files are damaged, such as {path}. Without other copies they come back only with “--damaged”, as what is left of them.",
            *count,
            &[("path", &first.to_string())],
        ),
        Warning::DamagedSnapshot { name } => gettext_f(
            "The snapshot {name} is damaged: what comes back may be incomplete, and owners, permissions or times may be wrong. Nothing is removed for not being in it.",
            &[("name", name)],
        ),
    }
}

fn names(owners: &[String]) -> String {
    let shown = owners.iter().take(SHOWN_OWNERS).map(|owner| display(owner.as_bytes()));
    let mut words: Vec<String> = shown.collect();
    let more = owners.len().saturating_sub(SHOWN_OWNERS) as u64;
    if more > 0 {
        words.push(ngettext_f("{count} other", "{count} others", more, &[]));
    }
    words.join(", ")
}

/// The command by which root restores the same with all owners; `None` if this plan loses nothing.
pub fn root_command(target: &Target, plan: &RestorePlan) -> Option<String> {
    let loses = |warning: &Warning| {
        matches!(
            warning,
            Warning::BecomesOwn { .. }
                | Warning::PrivilegesLeftOff { .. }
                | Warning::DevicesLeftOut { .. }
        )
    };
    if rustix::process::geteuid().is_root() || !plan.warnings.iter().any(loses) {
        return None;
    }
    let is_privileged = |warning: &Warning| !matches!(warning, Warning::BecomesOwn { .. });
    let asks_privileges = plan.warnings.iter().filter(|warning| loses(warning)).any(is_privileged);
    let request = &plan.request;
    // Each snapshot needs a command of its own.
    let commands = plan.snapshots.iter().map(|(at, name)| {
        let mut words = vec![
            "sudo yore --repository".to_owned(),
            text::quoted(&target.repository_path),
            "restore --at".to_owned(),
            text::quoted(Path::new(name)),
        ];
        match request.on_conflict {
            OnConflict::KeepBoth => {}
            OnConflict::Replace => words.push("--on-conflict replace".to_owned()),
            OnConflict::Skip => words.push("--on-conflict skip".to_owned()),
            OnConflict::Exact => words.push("--exact".to_owned()),
        }
        if asks_privileges {
            words.push("--privileged".to_owned());
        }
        if let To::Folder(folder) = &request.target {
            words.push("--to".to_owned());
            words.push(text::quoted(&absolute(folder)));
        }
        let wanted = request.wanted.iter().filter(|wanted| wanted.at == *at);
        words.push("--".to_owned());
        words.extend(wanted.map(|wanted| text::quoted(&wanted.path.to_absolute())));
        words.join(" ")
    });
    Some(commands.collect::<Vec<_>>().join(" && "))
}

fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

/// Whether a backup of what is there now should come first: folders are made exactly as they were, in what is backed
/// up. Any other restore can be undone without.
pub fn wants_backup(target: &Target, plan: &RestorePlan) -> bool {
    let changes = |item: &&crate::engine::restore::PlanItem| {
        matches!(item.action, Action::Replace | Action::Remove | Action::Adjust)
    };
    let mut changed = plan.items.iter().filter(changes);
    plan.request.on_conflict == OnConflict::Exact
        && changed
            .any(|item| target.sources.iter().any(|source| item.target.starts_with(&source.path)))
}

/// How long a backup is likely to take: as long as the middle one of the last few did; `None` if there was none.
pub fn backup_time(history: &History) -> Result<Option<Duration>> {
    let snapshots = history.snapshots()?;
    let good = snapshots.iter().rev().filter(|one| one.state == SnapshotState::Good);
    let mut times: Vec<Duration> = good
        .take(TELLING_RUNS)
        .filter_map(|one| one.finished.duration_since(one.started).try_into().ok())
        .collect();
    times.sort_unstable();
    Ok(times.get(times.len() / 2).copied())
}

/// Makes a snapshot of what is there now, before it is replaced.
pub fn back_up_before(target: &Target, monitor: &Monitor) -> Result<BackupReport> {
    target.back_up_with(BackUp { before: true, ..BackUp::default() }, monitor)
}

/// What is offered before a folder is made exactly as it was.
pub fn offer(time: Option<Duration>) -> String {
    match time {
        Some(time) => gettext_f(
            "A backup of what is there now can be made first, which takes about {time}.",
            &[("time", &text::duration(time))],
        ),
        None => gettext("A backup of what is there now can be made first."),
    }
}
