//! Moving through time and folders: what is chosen, what is asked of the history, what its answers change.

use jiff::Timestamp;
use relm4::adw;
use relm4::prelude::*;

use super::folder::words::Words;
use super::{Browser, Command, Drive, Folder, Input, PathBar, Places, RestoreBar, Room, Timeline};
use super::{drive, folder, places, timeline};
use crate::app::error::Error;
use crate::app::target::Target;
use crate::engine::error::Error as EngineError;
use crate::engine::history::SnapshotInfo;
use crate::engine::path::RelPath;
use crate::ui::bridge::Events;
use crate::ui::history_worker::{Answer, HistoryWorker, Request, Subject};
use crate::ui::status_card::{self, StatusCard};
use crate::ui::widgets::{dates, plain};

impl Browser {
    pub(super) fn new(
        target: Target,
        leaflet: adw::Leaflet,
        sender: &ComponentSender<Self>,
    ) -> Self {
        let input = sender.input_sender();
        let can_back_up = !target.sources.is_empty();
        let places = places_of(&target);
        let place = places.first().cloned().unwrap_or_default();
        let path_bar = PathBar::new();
        Self {
            worker: HistoryWorker::start(target.clone(), input, Input::Answer),
            snapshots: None,
            chosen: None,
            folder: place.clone(),
            place,
            file: None,
            ticket: 0,
            moments_ticket: 0,
            is_shown: false,
            backup: None,
            events: Events::default(),
            problems: Vec::new(),
            failed: false,
            folded: false,
            room: Room::default(),
            card: StatusCard::builder().launch(can_back_up).forward(input, card_output),
            places: (Places::builder().launch(places))
                .forward(input, |places::Chosen(place)| Input::OpenPlace(place)),
            timeline: (Timeline::builder().launch(())).forward(input, timeline_output),
            drive: Drive::builder().launch(target.repository_path.clone()).detach(),
            view: Folder::builder().launch(()).forward(input, view_output),
            path_bar,
            leaflet,
            restore: None,
            is_restoring: false,
            bar: RestoreBar::builder().launch(()).forward(input, Input::Bar),
            interrupted: None,
            last_restore: None,
            settling: None,
            problems_window: None,
            sender: input.clone(),
            target,
        }
    }

    pub(super) fn command(&mut self, command: Command, sender: &ComponentSender<Self>) {
        match command {
            Command::BackUp => self.back_up(sender),
            Command::Go(step) => self.timeline.emit(timeline::Input::Go(step)),
            Command::Up => self.go_up(),
            Command::Restore => self.view.emit(folder::Input::Restore { elsewhere: false }),
            Command::RestoreTo => self.view.emit(folder::Input::Restore { elsewhere: true }),
            Command::Undo => self.undo_last(sender),
            Command::Reload => {
                self.look_for_interrupted();
                self.is_shown = false;
                if self.snapshots.is_none() {
                    self.card.emit(status_card::Input::Status(None));
                }
                self.read_again();
            }
        }
    }

    /// Reads the snapshots, the status and the open folder again.
    pub(super) fn read_again(&self) {
        self.worker.ask(Request::Snapshots);
        self.worker.ask(Request::Status);
    }

    pub(super) fn answered(&mut self, answer: Answer) {
        match answer {
            Answer::Snapshots(Ok(past)) => {
                self.set_sources(past.sources);
                self.set_snapshots(past.snapshots);
            }
            Answer::Snapshots(Err(Error::Engine(EngineError::NoSnapshots))) => {
                self.set_snapshots(Vec::new());
            }
            Answer::Snapshots(Err(error)) => {
                self.snapshots = None;
                self.timeline.emit(timeline::Input::Set(Vec::new(), None));
                self.say_failure(&error);
            }
            Answer::Status(status) => {
                let room = status.as_ref().map(|status| drive::Room {
                    free_bytes: status.free_bytes,
                    total_bytes: status.total_bytes,
                });
                self.drive.emit(room.unwrap_or_default());
                self.card.emit(status_card::Input::Status(status));
            }
            Answer::Problems(problems) => self.problems_read(problems),
            Answer::Timeline { ticket, moments } if ticket == self.moments_ticket => {
                let of_file = self.file.is_some();
                self.timeline.emit(timeline::Input::Moments { moments: moments.ok(), of_file });
            }
            Answer::Timeline { .. } => {}
            Answer::Folder { ticket, .. } if ticket != self.ticket => {}
            Answer::Folder { entries: Ok(entries), .. } => {
                self.is_shown = true;
                self.view.emit(folder::Input::Entries(entries));
            }
            Answer::Folder { entries: Err(error), .. } => match error {
                Error::Engine(EngineError::NotInSnapshot { .. } | EngineError::NeverSeen(_)) => {
                    self.is_shown = true;
                    self.view.emit(folder::Input::Words(Words::not_there()));
                }
                // The snapshots can't be reached either; the card says how things are now.
                error if error.is_drive_away() => {
                    self.say_failure(&error);
                    self.read_again();
                }
                error => self.say_failure(&error),
            },
        }
    }

    fn say_failure(&self, error: &Error) {
        let words = if error.is_drive_away() {
            Words::drive_away()
        } else {
            Words::failure(plain::sentence(error))
        };
        self.view.emit(folder::Input::Words(words));
    }

    /// Without a configuration the newest snapshot tells what the places are.
    fn set_sources(&mut self, sources: Vec<RelPath>) {
        if !self.target.sources.is_empty() || sources.is_empty() {
            return;
        }
        if self.place.is_root() && self.folder.is_root() {
            self.place = sources.first().cloned().unwrap_or_default();
            self.folder = self.place.clone();
        }
        self.places.emit(places::Input::Set(sources));
    }

    fn set_snapshots(&mut self, snapshots: Vec<SnapshotInfo>) {
        // Whoever looks at the newest wants to go on looking at the newest.
        let newest_before = self.snapshots.as_ref().and_then(|known| known.first());
        let follows = self.chosen.is_none() || self.chosen == newest_before.map(|known| known.seq);
        let before = self.chosen;
        let is_known = |seq: &u64| snapshots.iter().any(|snapshot| snapshot.seq == *seq);
        self.chosen = (self.chosen.filter(|seq| !follows && is_known(seq)))
            .or_else(|| snapshots.first().map(|newest| newest.seq));
        self.timeline.emit(timeline::Input::Set(snapshots.clone(), self.chosen));
        self.snapshots = Some(snapshots);
        // A snapshot never changes: what is shown of it stays, with its selection.
        if !self.is_shown || self.chosen != before || self.chosen.is_none() {
            self.ask_for_folder(before.is_none());
        }
        self.ask_for_moments();
    }

    pub(super) fn choose(&mut self, seq: u64) {
        if self.chosen != Some(seq) {
            self.chosen = Some(seq);
            self.ask_for_folder(false);
        }
    }

    pub(super) fn open(&mut self, folder: RelPath) {
        if !folder.is_within(&self.place) {
            self.place = folder.clone();
        }
        self.folder = folder;
        self.file = None;
        self.ask_for_folder(true);
        self.ask_for_moments();
    }

    /// The timeline becomes that of the selected file, or the folder's again.
    pub(super) fn select(&mut self, file: Option<RelPath>) {
        if self.file != file {
            self.file = file;
            self.ask_for_moments();
        }
    }

    fn go_up(&mut self) {
        if let Some(above) = self.folder.parent().filter(|above| above.is_within(&self.place)) {
            self.open(above);
        }
    }

    /// Asks when the selected file, or the open folder, was another.
    fn ask_for_moments(&mut self) {
        if self.chosen.is_none() {
            return;
        }
        self.moments_ticket += 1;
        let of = match &self.file {
            Some(file) => Subject::File(file.clone()),
            None => Subject::Folder(self.folder.clone()),
        };
        self.worker.ask(Request::Timeline { of, ticket: self.moments_ticket });
    }

    /// Asks for the open folder at the chosen moment; the keyboard follows if the person went there.
    pub(super) fn ask_for_folder(&mut self, takes_focus: bool) {
        self.ticket += 1;
        self.is_shown = false;
        self.places.emit(places::Input::Mark(self.place.clone()));
        let sender = self.sender.clone();
        self.path_bar.show(&self.place, &self.folder, move |step| {
            let _closed = sender.send(Input::Open(step));
        });
        let chosen = self.chosen_snapshot();
        let Some(snapshot) = chosen else {
            if self.snapshots.is_some() {
                let words = if self.backup.is_some() {
                    Words::first_backup()
                } else {
                    Words::no_snapshots(!self.target.sources.is_empty())
                };
                self.view.emit(folder::Input::Words(words));
            }
            return;
        };
        let title = dates::heading_and_clock(snapshot.started, Timestamp::now());
        self.view.emit(folder::Input::Loading {
            folder: self.folder.clone(),
            title,
            unread: snapshot.problems,
            takes_focus,
        });
        self.worker.ask(Request::Folder {
            folder: self.folder.clone(),
            at: snapshot.seq,
            ticket: self.ticket,
        });
    }

    fn chosen_snapshot(&self) -> Option<&SnapshotInfo> {
        let snapshots = self.snapshots.as_ref()?;
        snapshots.iter().find(|snapshot| Some(snapshot.seq) == self.chosen)
    }
}

/// The sources; a repository without any is entered at its root.
fn places_of(target: &Target) -> Vec<RelPath> {
    if target.sources.is_empty() {
        return vec![RelPath::root()];
    }
    let sources = target.sources.iter();
    sources.filter_map(|source| RelPath::from_absolute(&source.path).ok()).collect()
}

fn card_output(output: status_card::Output) -> Input {
    match output {
        status_card::Output::BackUp => Input::Command(Command::BackUp),
        status_card::Output::Stop => Input::Stop,
        status_card::Output::ShowProblems => Input::ShowProblems,
    }
}

fn timeline_output(output: timeline::Output) -> Input {
    match output {
        timeline::Output::Chosen(seq) => Input::Choose(seq),
        timeline::Output::Entered => Input::Enter,
    }
}

fn view_output(output: folder::Output) -> Input {
    match output {
        folder::Output::Open(folder) => Input::Open(folder),
        folder::Output::ShowUnread => Input::ShowUnread,
        folder::Output::Selected(file) => Input::Select(file),
        folder::Output::Restore { paths, has_folder, elsewhere } => {
            Input::Restore { paths, has_folder, elsewhere }
        }
        folder::Output::Undo => Input::Command(Command::Undo),
        folder::Output::Details(lines) => Input::ShowLines(lines),
        folder::Output::Remedy(remedy) => Input::Remedy(remedy),
    }
}
