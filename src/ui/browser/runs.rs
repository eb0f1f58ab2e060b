//! The operations that the screen starts: a backup, a restore, and what is said when they are over.

use relm4::adw::prelude::*;
use relm4::gtk;
use relm4::prelude::*;

use super::folder::toasts::Message;
use super::{Browser, Input, Output, Restore, folder, restore};
use crate::app::error::Result;
use crate::app::explain::explain;
use crate::app::text;
use crate::engine::backup::BackupReport;
use crate::engine::seal::Problem;
use crate::i18n::{gettext, ngettext_f};
use crate::ui::bridge::{self, Events};
use crate::ui::history_worker::Request;
use crate::ui::problems::{self, Intro, Problems};
use crate::ui::status_card;
use crate::ui::widgets::plain;

impl Browser {
    pub(super) fn back_up(&mut self, sender: &ComponentSender<Self>) {
        if self.backup.is_some() || self.target.sources.is_empty() {
            return;
        }
        self.events = Events::default();
        self.problems.clear();
        let target = self.target.clone();
        self.backup = Some(bridge::start(
            sender.input_sender(),
            self.events.monitor(),
            move |monitor| target.back_up(monitor),
            Input::Tick,
            Input::BackupDone,
        ));
        self.card.emit(status_card::Input::Started);
        if self.chosen.is_none() {
            self.ask_for_folder(false);
        }
        self.tell_busy(sender);
    }

    /// A backup and a restore may run at once: the window may close when neither does.
    pub(super) fn tell_busy(&self, sender: &ComponentSender<Self>) {
        let busy = self.backup.is_some() || self.is_restoring || self.settling.is_some();
        let _closed = sender.output(Output::Busy(busy));
    }

    /// Shows at once that it stops; the run ends when its thread says so.
    pub(super) fn stop(&mut self) {
        if let Some(backup) = &self.backup {
            backup.stop();
            self.card.emit(status_card::Input::Stopping);
        }
        if let Some(restore) = &self.restore {
            restore.emit(restore::Input::Stop);
        }
        self.stop_settling();
    }

    pub(super) fn backup_done(
        &mut self,
        result: Option<Result<BackupReport>>,
        sender: &ComponentSender<Self>,
    ) {
        self.backup = None;
        let (events, left_out) = self.events.take();
        self.problems = problems::lines(&events, left_out);
        self.failed = !matches!(result, Some(Ok(_)));
        let toast = match result {
            Some(Ok(report)) => done_words(&report),
            Some(Err(error)) if error.is_cancelled() => {
                gettext("Backup stopped. Nothing was lost.")
            }
            Some(Err(error)) => {
                self.problems.insert(0, plain::sentence(&error));
                gettext("Could not back up. What was there before is unchanged.")
            }
            None => gettext("The backup ended unexpectedly. Nothing was lost."),
        };
        let problems = self.problems.len() as u64;
        self.card.emit(status_card::Input::Finished { problems });
        self.say(Message::new(toast));
        self.tell_busy(sender);
        self.read_again();
    }

    pub(super) fn say(&self, message: Message) {
        self.view.emit(folder::Input::Say(message));
    }

    /// Those of the last run; if there was none since the window was opened, those of the newest snapshot.
    pub(super) fn show_problems(&mut self) {
        if self.problems.is_empty() {
            let snapshots = self.snapshots.as_deref().unwrap_or_default();
            self.ask_for_problems(snapshots.first().map(|newest| newest.seq));
        } else {
            let intro = if self.failed { Intro::FailedBackup } else { Intro::Backup };
            self.open_problems(self.problems.clone(), intro);
        }
    }

    pub(super) fn ask_for_problems(&self, at: Option<u64>) {
        if let Some(at) = at {
            self.worker.ask(Request::Problems(at));
        }
    }

    pub(super) fn problems_read(&mut self, problems: Result<Vec<Problem>>) {
        match problems {
            Ok(problems) => self.open_problems(problems::lines_of(&problems), Intro::Backup),
            Err(error) => self.say(Message::new(explain(&error).what)),
        }
    }

    pub(super) fn open_problems(&mut self, lines: Vec<String>, intro: Intro) {
        if let Some(window) = self.problems_window.take() {
            window.widget().destroy();
        }
        let init = problems::Init { lines, intro };
        let window = Problems::builder().launch(init).detach();
        window.widget().set_transient_for(window_of(&self.leaflet).as_ref());
        window.widget().present();
        self.problems_window = Some(window);
    }

    pub(super) fn restore(&mut self, init: restore::Init, sender: &ComponentSender<Self>) {
        // One at a time: its window must not lose its component.
        if let Some(open) = &self.restore {
            open.widget().present();
            return;
        }
        if self.chosen.is_none() || self.settling.is_some() {
            return;
        }
        let window =
            Restore::builder().launch(init).forward(sender.input_sender(), Input::RestoreOver);
        window.widget().set_transient_for(window_of(&self.leaflet).as_ref());
        window.widget().present();
        self.restore = Some(window);
    }

    pub(super) fn restore_over(
        &mut self,
        outcome: restore::Output,
        sender: &ComponentSender<Self>,
    ) {
        match outcome {
            restore::Output::Busy(busy) => {
                self.is_restoring = busy;
                self.tell_busy(sender);
                if !busy {
                    // A backup may have come before it.
                    self.read_again();
                }
            }
            restore::Output::Over(ending) => self.restore_ended(&ending),
            restore::Output::Closed => {
                self.restore = None;
                self.look_for_interrupted();
            }
        }
    }
}

fn window_of(widget: &impl IsA<gtk::Widget>) -> Option<gtk::Window> {
    widget.root().and_downcast()
}

fn done_words(report: &BackupReport) -> String {
    let size = text::size(report.copied_bytes);
    if report.counts.problems > 0 {
        return ngettext_f(
            "Backed up, but {count} file could not be read",
            "Backed up, but {count} files could not be read",
            report.counts.problems,
            &[],
        );
    }
    if report.counts.copied == 0 {
        return gettext("Backed up. No file had changed.");
    }
    ngettext_f(
        "Backed up: {count} new or changed file, {size}",
        "Backed up: {count} new or changed files, {size}",
        report.counts.copied,
        &[("size", &size)],
    )
}
