//! A plan with all that is said about it beside its items.

use std::time::Duration;

use crate::app::error::Result;
use crate::app::restoring::{backup_time, root_command, wants_backup};
use crate::app::target::Target;
use crate::engine::monitor::Monitor;
use crate::engine::restore::{Action, RestorePlan, RestoreRequest};

/// What is restored in a moment.
const SMALL_BYTES: u64 = 16 << 20;

/// A plan that can be shown.
#[derive(Debug)]
pub struct Prepared {
    /// The plan.
    pub plan: RestorePlan,
    /// The command by which root restores the same with all owners, if this plan can't.
    pub command: Option<String>,
    /// The backup that is offered before; `None` if it is none that needs one.
    pub backup: Option<Offered>,
}

/// A backup of what is there now.
#[derive(Debug)]
pub struct Offered {
    /// How long it is likely to take; `None` if that can't be told.
    pub time: Option<Duration>,
}

impl Prepared {
    /// Whether there is nothing to be asked: one small file comes back to where nothing is in its way.
    pub fn needs_no_question(&self) -> bool {
        let plan = &self.plan;
        let is_one_new_file = plan.entries == 1
            && matches!(plan.items.as_slice(), [item] if item.action == Action::Create);
        let has_room = plan.free_bytes.is_some_and(|free| free > plan.bytes);
        let has_words =
            !plan.warnings.is_empty() || self.command.is_some() || self.backup.is_some();
        is_one_new_file && plan.bytes <= SMALL_BYTES && has_room && !has_words
    }

    /// Works a plan out; takes long, and reads the drive.
    pub fn make(target: &Target, request: &RestoreRequest, monitor: &Monitor) -> Result<Self> {
        let plan = target.plan_restore(request, monitor)?;
        let backup = if wants_backup(target, &plan) {
            let time = backup_time(&target.open_history(monitor)?)?;
            Some(Offered { time })
        } else {
            None
        };
        Ok(Self { command: root_command(target, &plan), plan, backup })
    }
}
