//! What happens at each step of a restore.

use std::path::PathBuf;

use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk;
use relm4::gtk::glib;
use relm4::prelude::*;

use super::{Input, Output, Restore, Step};
use crate::app::error::{Error, Result};
use crate::app::words::explain_reason;
use crate::engine::monitor::Monitor;
use crate::engine::restore::{RestorePlan, RestoreReport, RestoreRequest, Target};
use crate::i18n::{gettext, gettext_f, ngettext_f};
use crate::ui::bridge::{self, Tick};
use crate::ui::widgets::choose_folder::choose_folder;
use crate::ui::widgets::plain;
use crate::ui::widgets::progress::{self, Shown};

/// Problems that are listed by name; more are counted.
const PROBLEMS_SHOWN: usize = 5;

impl Restore {
    pub(super) fn title(&self) -> String {
        match &self.step {
            Step::Where => gettext("Restore To…"),
            _ => {
                let count = self.init.paths.len() as u64;
                ngettext_f("Restore {count} Item", "Restore {count} Items", count, &[])
            }
        }
    }

    pub(super) fn browse(&self, sender: &ComponentSender<Self>, window: &gtk::Window) {
        let input = sender.input_sender().clone();
        choose_folder(&gettext("Choose a Folder to Restore To"), Some(window), move |folder| {
            let _closed = input.send(Input::Chosen(folder));
        });
    }

    pub(super) fn plan_typed(&mut self, sender: &ComponentSender<Self>) {
        let folder = PathBuf::from(&self.typed);
        if folder.is_absolute() {
            self.make_plan(Target::Folder(folder), sender);
        } else {
            self.typed_fault = gettext("Type the whole path, beginning with “/”.");
        }
    }

    pub(super) fn make_plan(&mut self, to: Target, sender: &ComponentSender<Self>) {
        let target = self.init.target.clone();
        let asked = RestoreRequest::of(self.init.at, self.init.paths.clone());
        let request = RestoreRequest { target: to, ..asked };
        self.step = Step::Planning;
        self.running = Some(bridge::start(
            sender.input_sender(),
            Monitor::new(),
            move |monitor| target.plan_restore(&request, monitor),
            Input::Tick,
            Input::Planned,
        ));
    }

    pub(super) fn planned(&mut self, result: Option<Result<RestorePlan>>) {
        self.running = None;
        match result {
            Some(Ok(plan)) => {
                self.plan.show(&plan);
                self.step = Step::Plan(Box::new(plan));
            }
            Some(Err(error)) => self.fail(&error),
            None => self.step = died(),
        }
    }

    pub(super) fn go(&mut self, sender: &ComponentSender<Self>) {
        let Step::Plan(plan) = &self.step else { return };
        let (target, plan) = (self.init.target.clone(), plan.clone());
        self.running = Some(bridge::start(
            sender.input_sender(),
            Monitor::new(),
            move |monitor| target.restore(&plan, monitor),
            Input::Tick,
            Input::Done,
        ));
        self.step = Step::Running(Shown::default());
        let _closed = sender.output(Output::Busy(true));
    }

    pub(super) fn tick(&mut self, tick: &Tick) {
        if let Step::Running(shown) = &mut self.step {
            *shown = progress::shown(tick);
        }
    }

    pub(super) fn done(
        &mut self,
        result: Option<Result<RestoreReport>>,
        sender: &ComponentSender<Self>,
        window: &adw::Window,
    ) {
        self.running = None;
        let _closed = sender.output(Output::Busy(false));
        match result {
            Some(Ok(report)) if report.problems.is_empty() => {
                let _closed = sender.output(Output::Done(report));
                self.close(sender, window);
            }
            Some(Ok(report)) => {
                self.step = partial(&report);
                let _closed = sender.output(Output::Done(report));
            }
            Some(Err(error)) if error.is_cancelled() => {
                let _closed = sender.output(Output::Stopped);
                self.close(sender, window);
            }
            Some(Err(error)) => self.fail(&error),
            None => self.step = died(),
        }
    }

    /// Shows at once that it stops; the restore ends when its thread says so.
    pub(super) fn stop(&mut self) {
        if let (Step::Running(_), Some(running)) = (&self.step, &self.running) {
            running.stop();
            self.step = Step::Stopping;
        }
    }

    /// Closing stops a running restore first; a plan that is being worked out is dropped.
    pub(super) fn close(&mut self, sender: &ComponentSender<Self>, window: &adw::Window) {
        match self.step {
            Step::Running(_) if self.running.is_some() => self.stop(),
            Step::Stopping if self.running.is_some() => {}
            _ => {
                self.running = None;
                window.destroy();
                let _closed = sender.output(Output::Closed);
            }
        }
    }

    fn fail(&mut self, error: &Error) {
        let title = gettext("Could Not Restore");
        let body = glib::markup_escape_text(&plain::sentence(error)).to_string();
        self.step = Step::Over { title, body };
    }
}

fn died() -> Step {
    Step::Over {
        title: gettext("Could Not Restore"),
        body: gettext("The restore ended unexpectedly. What was there is unchanged."),
    }
}

fn partial(report: &RestoreReport) -> Step {
    let count = report.problems.len();
    let mut lines: Vec<String> = (report.problems.iter().take(PROBLEMS_SHOWN))
        .map(|(path, reason)| {
            let (path, reason) = (path.to_string(), explain_reason(reason));
            gettext_f("{path}: {reason}", &[("path", &path), ("reason", &reason)])
        })
        .collect();
    if count > PROBLEMS_SHOWN {
        let more = (count - PROBLEMS_SHOWN) as u64;
        lines.push(ngettext_f("and {count} more", "and {count} more", more, &[]));
    }
    Step::Over {
        title: ngettext_f(
            "{count} Item Could Not Be Restored",
            "{count} Items Could Not Be Restored",
            count as u64,
            &[],
        ),
        body: glib::markup_escape_text(&lines.join("\n")).to_string(),
    }
}
