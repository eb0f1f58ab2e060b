//! What could not be read: its window, and what the person says there.

use relm4::adw::prelude::*;
use relm4::prelude::*;

use super::folder::toasts::Message;
use super::runs::window_of;
use super::{Browser, Input};
use crate::app::error::{Error, Result};
use crate::app::explain::explain;
use crate::app::unread::{self, Settled, Unread};
use crate::engine::path::RelPath;
use crate::engine::rules::RuleSet;
use crate::ui::bridge;
use crate::ui::history_worker::{HistoryWorker, Request};
use crate::ui::problems::{self, Intro, Line, Problems, Say};
use crate::ui::widgets::plain;

/// What came of what was said; the rules, if they are others now.
pub type Outcome = Result<Option<RuleSet>>;

impl Browser {
    /// Those of the newest snapshot; of a run that failed, what it told.
    pub(super) fn show_problems(&mut self) {
        let newest = self.snapshots.as_deref().and_then(<[_]>::first).map(|newest| newest.seq);
        if self.failed || newest.is_none() {
            let intro = if self.failed { Intro::FailedBackup } else { Intro::Backup };
            self.open_problems(self.notes(), intro);
        } else {
            self.ask_for_problems(newest);
        }
    }

    /// What the last run told beside what it could not read.
    fn notes(&self) -> Vec<Line> {
        self.problems.iter().cloned().map(Line::note).collect()
    }

    pub(super) fn ask_for_problems(&self, at: Option<u64>) {
        if let Some(at) = at {
            self.worker.ask(Request::Problems(at));
        }
    }

    pub(super) fn problems_read(&mut self, problems: Result<Vec<Unread>>) {
        match problems {
            Ok(unread) => {
                // Without a configuration there is nowhere to write a rule to.
                let can_settle = !self.target.sources.is_empty();
                let unread = unread.into_iter().map(|unread| Line::unread(unread, can_settle));
                let lines = unread.chain(self.notes()).collect();
                self.open_problems(lines, Intro::Backup);
            }
            Err(error) => self.say(Message::new(explain(&error).what)),
        }
    }

    pub(super) fn open_problems(&mut self, lines: Vec<Line>, intro: Intro) {
        if let Some(window) = self.problems_window.take() {
            window.widget().destroy();
        }
        let init = problems::Init { lines, intro };
        let settle = |Say(path, settled)| Input::Settle(path, settled);
        let window = Problems::builder().launch(init).forward(&self.sender, settle);
        window.widget().set_transient_for(window_of(&self.leaflet).as_ref());
        window.widget().present();
        self.problems_window = Some(window);
    }

    /// Writes down what the person said to a path.
    pub(super) fn say_to_path(&self, path: RelPath, settled: Settled) {
        let (options, repository) = (self.options.clone(), self.target.repository_id);
        let written = path.clone();
        let write = move || match (settled, repository) {
            (Settled::LeftOut, _) => unread::leave_out(&options, &written).map(Some),
            (Settled::Known, Some(id)) => unread::acknowledge(id, &written).map(|()| None),
            (Settled::Known, None) => Err(Error::NoSources),
        };
        bridge::once(&self.sender, write, move |outcome| {
            Input::PathSettled(path, settled, outcome.unwrap_or(Err(Error::BrokenDown)))
        });
    }

    /// It is written down, and how things are is read again by it.
    pub(super) fn path_settled(&mut self, path: RelPath, settled: Settled, outcome: Outcome) {
        let told = match outcome {
            Ok(rules) => {
                if let Some(rules) = rules {
                    self.target.rules = rules;
                    let target = self.target.clone();
                    self.worker = HistoryWorker::start(target, &self.sender, Input::Answer);
                }
                self.worker.ask(Request::Status);
                problems::Input::Settled(path, settled)
            }
            Err(error) => problems::Input::Fault(plain::sentence(&error)),
        };
        if let Some(window) = &self.problems_window {
            window.emit(told);
        }
    }
}
