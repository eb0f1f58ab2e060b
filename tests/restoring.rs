//! Restores carried out, interrupted, gone on with and taken back: nothing that a person has is ever lost.

mod apply;
mod attributes;
mod away;
mod databases;
mod elsewhere;
mod fixed;
mod journals;
mod parents;
mod published;
mod resume;
mod undo;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use uuid::Uuid;
use yore::engine::error::Result;
use yore::engine::monitor::Monitor;
use yore::engine::restore::{
    self, Action, JournalInfo, OnConflict, PlanItem, RestorePlan, RestoreReport, RestoreRequest,
    UndoReport,
};

use crate::common::engine::Rig;
use crate::common::place::set_mode;
use crate::common::tree::{Fact, Facts, facts, write};

/// A source that was backed up and then changed in every way.
struct Scene {
    rig: Rig,
}

impl Scene {
    fn new() -> Self {
        let rig = Rig::new();
        write(&rig.source.join("letter.txt"), "old letter");
        write(&rig.source.join("lost.txt"), "old lost");
        write(&rig.source.join("album/one.jpg"), "one");
        write(&rig.source.join("album/inner/two.jpg"), "two");
        set_mode(&rig.source.join("album/inner"), 0o555);
        write(&rig.source.join("kept/a"), "a");
        set_mode(&rig.source.join("kept"), 0o750);
        rig.back_up();
        set_mode(&rig.source.join("album/inner"), 0o755);
        fs::remove_dir_all(rig.source.join("album")).unwrap();
        fs::remove_file(rig.source.join("lost.txt")).unwrap();
        write(&rig.source.join("letter.txt"), "new letter");
        write(&rig.source.join("newer/file"), "newer");
        set_mode(&rig.source.join("kept"), 0o700);
        Self { rig }
    }

    fn at(&self, below: &str) -> PathBuf {
        self.rig.source.join(below)
    }

    fn text(&self, below: &str) -> String {
        fs::read_to_string(self.at(below)).unwrap()
    }

    fn plan(&self, on_conflict: OnConflict) -> RestorePlan {
        let asked = RestoreRequest::of(1, [self.rig.path_of("")]);
        let request = RestoreRequest { on_conflict, ..asked };
        restore::plan_restore(&self.rig.history(), &request, &Monitor::new()).unwrap()
    }

    /// Replaces what is changed, removes what is newer, and adjusts a folder.
    fn whole_plan(&self) -> RestorePlan {
        let mut plan = self.plan(OnConflict::Replace);
        for (below, action) in [("newer", Action::Remove), ("kept", Action::Adjust)] {
            plan.items.retain(|item| item.path != self.rig.path_of(below));
            plan.items.push(PlanItem {
                path: self.rig.path_of(below),
                at: 1,
                target: self.at(below),
                action,
                entries: 0,
                bytes: 0,
                there: None,
            });
        }
        plan
    }

    fn apply(&self, plan: &RestorePlan) -> RestoreReport {
        self.try_apply(plan).unwrap()
    }

    fn try_apply(&self, plan: &RestorePlan) -> Result<RestoreReport> {
        restore::apply(&self.rig.history(), plan, &self.rig.journals(), &Monitor::new())
    }

    fn undo(&self, id: Uuid) -> UndoReport {
        restore::undo(&self.rig.journals(), id, &Monitor::new()).unwrap()
    }

    /// What is known of a restore.
    fn info(&self, id: Uuid) -> Option<JournalInfo> {
        self.rig.journals().list().unwrap().into_iter().find(|info| info.id == id)
    }

    /// Everything in the source but workspaces; the times of folders move with what is in them.
    fn facts(&self) -> Facts {
        plain(facts(&self.rig.source))
    }

    fn workspaces(&self) -> Vec<PathBuf> {
        workspaces(&self.rig.source)
    }
}

fn plain(facts: Facts) -> Facts {
    let is_own = |path: &Path| path.to_string_lossy().contains(".yore-restore-");
    let timeless = |(path, fact): (PathBuf, Fact)| {
        let mtime = if fact.is_folder() { (0, 0) } else { fact.mtime };
        (path, Fact { mtime, ..fact })
    };
    facts.into_iter().filter(|(path, _)| !is_own(path)).map(timeless).collect()
}

/// The workspaces in a folder.
fn workspaces(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.to_string_lossy().contains(".yore-restore-")).collect()
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}
