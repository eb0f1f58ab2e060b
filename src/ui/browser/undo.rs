//! Taking a restore back, and going on with one that was interrupted.

use std::path::PathBuf;

use relm4::prelude::*;
use uuid::Uuid;

use super::folder::toasts::{Message, Offer};
use super::restore_bar::{self, Work};
use super::{Browser, Input};
use crate::app::error::{Error, Result};
use crate::app::explain::explain;
use crate::app::undo;
use crate::engine::monitor::Monitor;
use crate::engine::restore::{JournalInfo, RestoreReport, UndoProblem, UndoReport};
use crate::i18n::{gettext, gettext_f, ngettext_f};
use crate::ui::bridge;
use crate::ui::restore::Ending;
use crate::ui::widgets::name_of;

/// What came of an undone or continued restore.
#[derive(Debug)]
pub enum Settled {
    /// It was taken back.
    TakenBack(Result<UndoReport>),
    /// It was gone on with.
    Continued(Result<RestoreReport>),
}

impl Browser {
    /// Looks for a restore that was interrupted.
    pub(super) fn look_for_interrupted(&self) {
        bridge::once(&self.sender, undo::interrupted, |found| {
            Input::Interrupted(found.and_then(Result::ok).map(Box::new))
        });
    }

    pub(super) fn interrupted_found(&mut self, found: Option<JournalInfo>) {
        if self.settling.is_some() {
            return;
        }
        self.bar.emit(match &found {
            Some(info) => restore_bar::Input::Interrupted {
                info: info.clone(),
                can_continue: !info.is_undoing
                    && self.target.repository_id.is_none_or(|id| id == info.repository),
            },
            None => restore_bar::Input::Clear,
        });
        self.interrupted = found.map(|info| info.id);
    }

    pub(super) fn bar_asks(&mut self, asked: &restore_bar::Output, sender: &ComponentSender<Self>) {
        match (asked, self.interrupted) {
            (restore_bar::Output::Stop, _) => self.stop_settling(),
            (restore_bar::Output::TakeBack, Some(id)) => self.take_back(id, sender),
            (restore_bar::Output::Continue, Some(id)) => {
                let target = self.target.clone();
                let work =
                    move |monitor: &Monitor| Settled::Continued(target.resume_restore(id, monitor));
                self.settle(Work::Continuing, work, sender);
            }
            (_, None) => {}
        }
    }

    /// Only the last restore of this window: undoing what is undone would do it again.
    pub(super) fn undo_last(&mut self, sender: &ComponentSender<Self>) {
        if let Some(id) = self.last_restore.filter(|_| self.settling.is_none()) {
            self.take_back(id, sender);
        }
    }

    fn take_back(&mut self, id: Uuid, sender: &ComponentSender<Self>) {
        let work = move |monitor: &Monitor| Settled::TakenBack(undo::undo(id, monitor));
        self.settle(Work::TakingBack, work, sender);
    }

    fn settle(
        &mut self,
        work: Work,
        run: impl FnOnce(&Monitor) -> Settled + Send + 'static,
        sender: &ComponentSender<Self>,
    ) {
        if self.settling.is_some() || self.is_restoring {
            return;
        }
        self.last_restore = None;
        self.view.emit(super::folder::Input::DropUndo);
        self.middle.drop_undo();
        self.bar.emit(restore_bar::Input::Begin(work));
        let input = sender.input_sender();
        let running =
            bridge::start(input, Monitor::new(), run, Input::SettlingTick, Input::Settled);
        self.settling = Some(running);
        self.tell_busy(sender);
    }

    pub(super) fn stop_settling(&self) {
        if let Some(running) = &self.settling {
            running.stop();
            self.bar.emit(restore_bar::Input::Stopping);
        }
    }

    pub(super) fn settled(&mut self, outcome: Option<Settled>, sender: &ComponentSender<Self>) {
        self.settling = None;
        self.interrupted = None;
        self.bar.emit(restore_bar::Input::Clear);
        match outcome {
            Some(Settled::TakenBack(Ok(report))) => self.say(taken_back(&report)),
            Some(Settled::Continued(Ok(report))) => self.restored(&report),
            Some(Settled::TakenBack(Err(error)) | Settled::Continued(Err(error))) => {
                self.say(failed(&error));
            }
            None => self.say(failed(&Error::BrokenDown)),
        }
        self.tell_busy(sender);
        self.look_for_interrupted();
        self.look_again();
    }

    /// A restore is over, and the person is told.
    pub(super) fn restore_ended(&mut self, ending: &Ending) {
        match ending {
            Ending::Done(report) => self.restored(report),
            Ending::Stopped(None) => {
                self.say(Message::new(gettext("Restore stopped. What was there is unchanged.")));
            }
            Ending::Stopped(Some(id)) => {
                let text = gettext("Restore stopped. Some of it is in place already.");
                self.offer_undo(text, *id);
            }
        }
    }

    fn restored(&mut self, report: &RestoreReport) {
        let text = restored_words(report);
        if report.id.is_nil() {
            let folder = report.restored.first().and_then(|path| path.parent());
            let offer = folder.map(|folder| Offer::Show(folder.to_owned()));
            self.say(Message { text, offer });
        } else {
            self.offer_undo(text, report.id);
        }
    }

    fn offer_undo(&mut self, text: String, id: Uuid) {
        self.last_restore = Some(id);
        self.say(Message { text, offer: Some(Offer::Undo) });
    }
}

fn restored_words(report: &RestoreReport) -> String {
    if !report.problems.is_empty() {
        return ngettext_f(
            "Restored, except for {count} item",
            "Restored, except for {count} items",
            report.problems.len() as u64,
            &[],
        );
    }
    match report.restored.as_slice() {
        [only] if report.removed == 0 => {
            gettext_f("Restored as {path}", &[("path", &name_of(only))])
        }
        [] if report.removed > 0 => {
            ngettext_f("{count} item removed", "{count} items removed", report.removed, &[])
        }
        // A restore that has a number did something: it adjusted folders.
        [] if !report.id.is_nil() => gettext("Restored"),
        [] => gettext("Nothing had to be restored"),
        _ if report.removed > 0 => ngettext_f(
            "{count} item restored, {removed} removed",
            "{count} items restored, {removed} removed",
            report.entries,
            &[("removed", &report.removed.to_string())],
        ),
        _ => ngettext_f("{count} item restored", "{count} items restored", report.entries, &[]),
    }
}

fn taken_back(report: &UndoReport) -> Message {
    let count = report.problems.len() as u64;
    if count == 0 {
        return Message::new(gettext("Taken back"));
    }
    let is_change =
        |(_, problem): &(PathBuf, UndoProblem)| matches!(problem, UndoProblem::ChangedSince { .. });
    let text = if report.problems.iter().all(is_change) {
        ngettext_f(
            "Taken back, but {count} item was changed since and stays",
            "Taken back, but {count} items were changed since and stay",
            count,
            &[],
        )
    } else {
        ngettext_f(
            "Taken back, but {count} item could not be",
            "Taken back, but {count} items could not be",
            count,
            &[],
        )
    };
    let words = |(path, problem): &(PathBuf, UndoProblem)| undo::problem_words(path, problem);
    let lines = report.problems.iter().map(words).collect();
    Message { text, offer: Some(Offer::Details(lines)) }
}

fn failed(error: &Error) -> Message {
    if error.is_cancelled() {
        return Message::new(gettext("Stopped. It can be gone on with or taken back."));
    }
    let words = explain(error);
    let lines = [Some(words.what.clone()), words.advice].into_iter().flatten().collect();
    Message { text: words.what, offer: Some(Offer::Details(lines)) }
}
