//! What happens at each step of a restore.

use std::path::PathBuf;
use std::sync::Arc;

use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk::glib;
use relm4::prelude::*;

use super::asking::{self, Asking, Chosen};
use super::page::{self, Page};
use super::policy;
use super::prepared::Prepared;
use super::running::{self, Running};
use super::{Ending, Init, Input, Output, Restore, Step};
use crate::app::error::{Error, Result};
use crate::app::restoring::back_up_before;
use crate::app::target::Target;
use crate::app::words::explain_reason;
use crate::engine::backup::BackupReport;
use crate::engine::error::Error as EngineError;
use crate::engine::monitor::Monitor;
use crate::engine::restore::{
    OnConflict, RestorePlan, RestoreReport, RestoreRequest, Target as To,
};
use crate::i18n::{gettext, gettext_f, ngettext_f};
use crate::ui::bridge::{self, Tick};
use crate::ui::widgets::{plain, progress};

/// Problems that are listed by name; more are counted.
const PROBLEMS_SHOWN: usize = 5;

impl Restore {
    pub(super) fn new(init: Init, sender: &ComponentSender<Self>) -> Self {
        let input = sender.input_sender();
        let elsewhere = init.elsewhere;
        let page = Page::builder().launch(()).forward(input, Input::Page);
        let can_be_exact = init.has_folder && !elsewhere;
        page.emit(page::Input::Choices(policy::choices(can_be_exact)));
        let mut model = Self {
            init,
            step: Step::Where,
            to: To::Original,
            on_conflict: OnConflict::default(),
            ticket: 0,
            running: None,
            is_shown: false,
            asking: Asking::builder().launch(()).forward(input, |Chosen(folder)| Input::To(folder)),
            page,
            progress: Running::builder().launch(()).forward(input, |running::Stop| Input::Stop),
        };
        if !elsewhere {
            model.step = Step::Planning;
            model.make_plan(sender);
        }
        model
    }

    pub(super) fn title(&self) -> String {
        match &self.step {
            Step::Where => gettext("Restore To…"),
            _ => {
                let count = self.init.paths.len() as u64;
                ngettext_f("Restore {count} Item", "Restore {count} Items", count, &[])
            }
        }
    }

    pub(super) fn take_focus(&self) {
        if matches!(self.step, Step::Where) {
            self.asking.emit(asking::Input::TakeFocus);
        }
    }

    /// The dialog for a folder may be answered after the plan was asked for.
    pub(super) fn restore_to(&mut self, folder: PathBuf, sender: &ComponentSender<Self>) {
        if matches!(self.step, Step::Where) {
            self.to = To::Folder(folder);
            self.step = Step::Planning;
            self.make_plan(sender);
        }
    }

    /// A plan that is being worked out is dropped; one that is shown stays until the new one is there.
    pub(super) fn make_plan(&mut self, sender: &ComponentSender<Self>) {
        self.ticket += 1;
        let ticket = self.ticket;
        let target = self.init.target.clone();
        let request = RestoreRequest {
            target: self.to.clone(),
            on_conflict: self.on_conflict,
            ..RestoreRequest::of(self.init.at, self.init.paths.clone())
        };
        self.running = Some(bridge::start(
            sender.input_sender(),
            Monitor::new(),
            move |monitor| Prepared::make(&target, &request, monitor),
            Input::Tick,
            move |result| Input::Planned(ticket, result),
        ));
    }

    pub(super) fn planned(
        &mut self,
        ticket: u64,
        result: Option<Result<Prepared>>,
        sender: &ComponentSender<Self>,
    ) {
        if ticket != self.ticket {
            return;
        }
        self.running = None;
        match result {
            Some(Ok(prepared)) => {
                let prepared = Arc::new(prepared);
                if !self.is_shown && prepared.needs_no_question() {
                    let _closed = sender.output(Output::Busy(true));
                    return self.restore(prepared, sender);
                }
                self.page.emit(page::Input::Show(Arc::clone(&prepared)));
                self.step = Step::Plan(prepared);
            }
            Some(Err(error)) => self.fail(&error),
            None => self.step = died(),
        }
    }

    /// Begins with the backup, if it is wanted.
    pub(super) fn begin(&mut self, backs_up: bool, sender: &ComponentSender<Self>) {
        let Step::Plan(prepared) = &self.step else { return };
        let prepared = Arc::clone(prepared);
        let _closed = sender.output(Output::Busy(true));
        if !backs_up {
            self.restore(prepared, sender);
            return;
        }
        let target = self.init.target.clone();
        self.running = Some(bridge::start(
            sender.input_sender(),
            Monitor::new(),
            move |monitor| back_up_before(&target, monitor),
            Input::Tick,
            Input::BackedUp,
        ));
        let title = gettext("Backing Up What Is There Now");
        self.progress.emit(running::Input::Begin { title });
        self.step = Step::BackingUp(prepared);
    }

    pub(super) fn backed_up(
        &mut self,
        result: Option<Result<BackupReport>>,
        sender: &ComponentSender<Self>,
        window: &adw::Window,
    ) {
        self.running = None;
        let Step::BackingUp(prepared) = &self.step else {
            // It was stopped, and may have been done just before.
            self.over(Ending::Stopped(None), sender, window);
            return;
        };
        let prepared = Arc::clone(prepared);
        let why = match result {
            Some(Ok(_)) => return self.restore(prepared, sender),
            Some(Err(error)) if error.is_cancelled() => {
                return self.over(Ending::Stopped(None), sender, window);
            }
            Some(Err(error)) => plain::sentence(&error),
            None => gettext("The backup ended unexpectedly. Nothing was lost."),
        };
        let _closed = sender.output(Output::Busy(false));
        let advice =
            gettext("Nothing was restored yet. Without a backup, too, the restore can be undone.");
        let body = glib::markup_escape_text(&format!("{why}\n{advice}")).to_string();
        self.step = Step::NoBackup { prepared, body };
    }

    pub(super) fn go_on(&mut self, sender: &ComponentSender<Self>) {
        if let Step::NoBackup { prepared, .. } = &self.step {
            let prepared = Arc::clone(prepared);
            let _closed = sender.output(Output::Busy(true));
            self.restore(prepared, sender);
        }
    }

    fn restore(&mut self, prepared: Arc<Prepared>, sender: &ComponentSender<Self>) {
        let target = self.init.target.clone();
        self.running = Some(bridge::start(
            sender.input_sender(),
            Monitor::new(),
            move |monitor| carry_out(&target, &prepared.plan, monitor),
            Input::Tick,
            Input::Done,
        ));
        self.progress.emit(running::Input::Begin { title: String::new() });
        self.step = Step::Restoring;
    }

    pub(super) fn tick(&self, tick: &Tick) {
        if matches!(self.step, Step::BackingUp(_) | Step::Restoring) {
            self.progress.emit(running::Input::Show(progress::shown(tick)));
        }
    }

    pub(super) fn done(
        &mut self,
        result: Option<Result<Ending>>,
        sender: &ComponentSender<Self>,
        window: &adw::Window,
    ) {
        self.running = None;
        match result {
            Some(Ok(Ending::Done(report))) if !report.problems.is_empty() => {
                self.step = partial(report);
            }
            Some(Ok(ending)) => return self.over(ending, sender, window),
            Some(Err(error)) => self.fail(&error),
            None => self.step = died(),
        }
        let _closed = sender.output(Output::Busy(false));
    }

    /// Nothing is left to be said here.
    fn over(&mut self, ending: Ending, sender: &ComponentSender<Self>, window: &adw::Window) {
        let _closed = sender.output(Output::Busy(false));
        let _closed = sender.output(Output::Over(ending));
        self.close(sender, window);
    }

    /// Shows at once that it stops; the restore ends when its thread says so.
    pub(super) fn stop(&mut self) {
        if let (Step::BackingUp(_) | Step::Restoring, Some(running)) = (&self.step, &self.running) {
            running.stop();
            self.step = Step::Stopping;
        }
    }

    /// Closing stops a running restore first; a plan that is being worked out is dropped.
    pub(super) fn close(&mut self, sender: &ComponentSender<Self>, window: &adw::Window) {
        match &mut self.step {
            Step::BackingUp(_) | Step::Restoring if self.running.is_some() => self.stop(),
            Step::Stopping if self.running.is_some() => {}
            step => {
                if let Step::Over { report, .. } = step
                    && let Some(report) = report.take()
                {
                    let _closed = sender.output(Output::Over(Ending::Done(report)));
                }
                self.running = None;
                self.is_shown = true;
                window.destroy();
                let _closed = sender.output(Output::Closed);
            }
        }
    }

    fn fail(&mut self, error: &Error) {
        let title = gettext("Could Not Restore");
        let body = glib::markup_escape_text(&plain::sentence(error)).to_string();
        self.step = Step::Over { title, body, report: None };
    }
}

fn carry_out(target: &Target, plan: &RestorePlan, monitor: &Monitor) -> Result<Ending> {
    match target.restore(plan, monitor) {
        Ok(report) => Ok(Ending::Done(report)),
        Err(Error::Engine(EngineError::RestoreStopped(id))) => Ok(Ending::Stopped(Some(id))),
        Err(error) if error.is_cancelled() => Ok(Ending::Stopped(None)),
        Err(error) => Err(error),
    }
}

fn died() -> Step {
    Step::Over {
        title: gettext("Could Not Restore"),
        body: gettext("The restore ended unexpectedly. Nothing was lost."),
        report: None,
    }
}

fn partial(report: RestoreReport) -> Step {
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
        report: Some(report),
    }
}
