//! The history is being opened. That is quick, but for an index that was lost: it is made again, and how far that is is
//! shown.

use std::time::{Duration, Instant};

use relm4::gtk::glib;
use relm4::prelude::*;

use super::folder::words::Words;
use super::{Browser, Input, folder};
use crate::engine::monitor::Phase;
use crate::engine::path::RelPath;
use crate::ui::bridge::Tick;
use crate::ui::history_worker::Answer;
use crate::ui::status_card;

/// How often it is looked how far it is.
const LOOK_INTERVAL: Duration = Duration::from_millis(300);

/// The look at it, which ends when this is dropped.
pub struct Opening {
    timer: Option<glib::SourceId>,
    began: Instant,
    /// The person was told.
    is_told: bool,
}

impl Opening {
    /// Looks from now on.
    pub fn watch(input: &relm4::Sender<Input>) -> Self {
        let input = input.clone();
        let timer = glib::timeout_add_local(LOOK_INTERVAL, move || {
            let _closed = input.send(Input::LookAtOpening);
            glib::ControlFlow::Continue
        });
        Self { timer: Some(timer), began: Instant::now(), is_told: false }
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.take() {
            timer.remove();
        }
    }
}

impl Browser {
    /// Shows how far the index is, if it is being made again.
    pub(super) fn look_at_opening(&mut self) {
        let progress = self.worker.progress();
        let Some(opening) = &mut self.opening else { return };
        if progress.phase != Phase::Rebuilding {
            return;
        }
        let (current, elapsed) = (RelPath::root(), opening.began.elapsed());
        let tick = Tick { progress, current, elapsed, bytes_per_second: None };
        self.card.emit(status_card::Input::Reading(Some(tick)));
        if !std::mem::replace(&mut opening.is_told, true) {
            self.view.emit(folder::Input::Words(Words::index_made_again()));
        }
    }

    /// An answer means that the history is open, or can't be.
    pub(super) fn note_opened(&mut self, answer: &Answer) {
        if matches!(answer, Answer::Snapshots(_)) && self.opening.take().is_some() {
            self.card.emit(status_card::Input::Reading(None));
        }
    }
}
