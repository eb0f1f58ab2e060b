//! The operations that the screen starts: a backup, a restore, and what is said when they are over.

use relm4::adw::prelude::*;
use relm4::gtk;
use relm4::prelude::*;

use super::folder::toasts::Message;
use super::{Browser, Input, Output, Restore, folder, restore, timeline};
use crate::app::error::Result;
use crate::app::target::Target;
use crate::app::text;
use crate::app::unread::Said;
use crate::engine::backup::BackupReport;
use crate::engine::monitor::Event;
use crate::i18n::{gettext, ngettext_f};
use crate::ui::bridge::{self, Events};
use crate::ui::problems;
use crate::ui::status_card;
use crate::ui::widgets::plain;

/// A backup that was made.
#[derive(Debug)]
pub struct Done {
    report: BackupReport,
    /// How many paths could not be read, and nobody knew that they can't.
    unread: u64,
}

impl Done {
    fn of(report: BackupReport, target: &Target, events: &Events) -> Self {
        let said = Said::read(target.repository_id, &target.rules);
        let settled = events.count(
            |event| matches!(event, Event::Problem { path, .. } if said.of(&path.encode()).is_some()),
        );
        let unread = report.counts.problems.saturating_sub(settled);
        Self { report, unread }
    }
}

impl Browser {
    pub(super) fn back_up(&mut self, sender: &ComponentSender<Self>) {
        if self.backup.is_some() || self.target.sources.is_empty() {
            return;
        }
        self.events = Events::default();
        self.problems.clear();
        let (target, events) = (self.target.clone(), self.events.clone());
        self.backup = Some(bridge::start(
            sender.input_sender(),
            self.events.monitor(),
            move |monitor| target.back_up(monitor).map(|report| Done::of(report, &target, &events)),
            Input::Tick,
            Input::BackupDone,
        ));
        self.card.emit(status_card::Input::Started);
        if self.newest().is_none() {
            self.ask_for_folder(false);
        }
        self.tell_busy(sender);
    }

    /// A backup and a restore may run at once: the window may close when neither does.
    pub(super) fn tell_busy(&self, sender: &ComponentSender<Self>) {
        let busy = self.backup.is_some() || self.is_restoring || self.settling.is_some();
        self.timeline.emit(timeline::Input::BackingUp(self.backup.is_some()));
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
        result: Option<Result<Done>>,
        sender: &ComponentSender<Self>,
    ) {
        self.backup = None;
        let (events, left_out) = self.events.take();
        self.failed = !matches!(result, Some(Ok(_)));
        self.problems = problems::notes(&events, left_out, !self.failed);
        let toast = match result {
            Some(Ok(done)) => done_words(&done),
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
        let _closed = sender.output(Output::Ended(toast.clone()));
        self.say(Message::new(toast));
        self.tell_busy(sender);
        self.read_again();
    }

    pub(super) fn say(&mut self, message: Message) {
        if let Some(message) = self.middle.say(message) {
            self.view.emit(folder::Input::Say(message));
        }
    }

    pub(super) fn restore(&mut self, init: restore::Init, sender: &ComponentSender<Self>) {
        // One at a time: its window must not lose its component.
        if let Some(open) = &self.restore {
            open.widget().present();
            return;
        }
        if self.newest().is_none() || self.settling.is_some() {
            return;
        }
        let window =
            Restore::builder().launch(init).forward(sender.input_sender(), Input::RestoreOver);
        window.widget().set_transient_for(window_of(&self.leaflet).as_ref());
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
            restore::Output::Over(ending) => {
                self.note_restored();
                self.restore_ended(&ending);
            }
            restore::Output::Closed => {
                self.restore = None;
                self.look_for_interrupted();
                self.restore_next(sender);
            }
        }
    }
}

pub(super) fn window_of(widget: &impl IsA<gtk::Widget>) -> Option<gtk::Window> {
    widget.root().and_downcast()
}

fn done_words(Done { report, unread }: &Done) -> String {
    let size = text::size(report.copied_bytes);
    if *unread > 0 {
        return ngettext_f(
            "Backed up, but {count} file could not be read",
            "Backed up, but {count} files could not be read",
            *unread,
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
