//! Moving through time and folders: what is chosen, what is asked of the history, what its answers change.

use jiff::Timestamp;
use relm4::adw;
use relm4::prelude::*;

use super::folder::words::Words;
use super::looking::{Look, Looking};
use super::opening::Opening;
use super::watching::Watching;
use super::{
    Browser, Command, Drive, Folder, Header, Init, Input, Middle, PathBar, Places, RestoreBar,
    Room, Timeline, Trail,
};
use super::{drive, folder, places, timeline, usual};
use crate::app::error::Error;
use crate::app::target::Target;
use crate::engine::error::Error as EngineError;
use crate::engine::history::{DeletedCursor, SnapshotInfo};
use crate::engine::path::RelPath;
use crate::ui::bridge::Events;
use crate::ui::history_worker::{Answer, HistoryWorker, Order, Past, Request, Wanted};
use crate::ui::status_card::{self, StatusCard};
use crate::ui::widgets::{dates, plain};

impl Browser {
    pub(super) fn new(
        Init { options, target, is_visit }: Init,
        leaflet: adw::Leaflet,
        sender: &ComponentSender<Self>,
    ) -> Self {
        let input = sender.input_sender();
        let can_back_up = !target.sources.is_empty();
        let places = places_of(&target);
        let place = places.first().cloned().unwrap_or_default();
        let (typed, asked) = (input.clone(), input.clone());
        let path_bar = PathBar::new(
            move |path| drop(typed.send(Input::Typed(path))),
            move |path| drop(asked.send(Input::Look(Look::Why(path)))),
        );
        let middle = Middle::new(&target, input);
        let looking = Looking::start();
        // Others' snapshots aren't marked.
        let own = (!is_visit).then(|| target.clone());
        Self {
            worker: HistoryWorker::start(target.clone(), input, Input::Answer),
            opening: Some(Opening::watch(input)),
            snapshots: None,
            chosen: None,
            wants_past: false,
            folder: place.clone(),
            place,
            file: None,
            ticket: 0,
            moments_ticket: 0,
            is_shown: false,
            order: Order::default(),
            watching: Watching::default(),
            backup: None,
            events: Events::default(),
            problems: Vec::new(),
            failed: false,
            folded: false,
            room: Room::default(),
            card: StatusCard::builder().launch(can_back_up).forward(input, card_output),
            places: (Places::builder().launch(places)).forward(input, places_output),
            timeline: (Timeline::builder().launch(own)).forward(input, timeline_output),
            drive: (Drive::builder().launch(drive::Init { target: target.clone(), is_visit }))
                .forward(input, Input::Drive),
            view: Folder::builder().launch(looking.copier(&target)).forward(input, view_output),
            header: Header::new(&path_bar, &middle, input),
            middle,
            path_bar,
            trail: Trail::default(),
            path_ticket: 0,
            leaflet,
            restore: None,
            is_restoring: false,
            bar: RestoreBar::builder().launch(()).forward(input, Input::Bar),
            interrupted: None,
            last_restore: None,
            settling: None,
            problems_window: None,
            looking,
            sender: input.clone(),
            options,
            target,
        }
    }

    pub(super) fn command(&mut self, command: Command, sender: &ComponentSender<Self>) {
        match command {
            Command::BackUp => self.back_up(sender),
            Command::Go(_) | Command::Up | Command::Mark | Command::Show(_)
                if !self.middle.is_folder() => {}
            Command::Go(step) => self.timeline.emit(timeline::Input::Go(step)),
            Command::Jump => self.ask_for_date(),
            Command::Mark => self.timeline.emit(timeline::Input::Mark),
            Command::Up => self.go_up(),
            Command::Back => self.go_back(),
            Command::Forward => self.go_forward(),
            Command::Location => self.edit_path(),
            Command::Search => self.middle.field.take_focus(),
            Command::Restore if self.middle.restore(false) => {}
            Command::RestoreTo if self.middle.restore(true) => {}
            Command::Restore => self.view.emit(folder::Input::Restore { elsewhere: false }),
            Command::RestoreTo => self.view.emit(folder::Input::Restore { elsewhere: true }),
            Command::Show(shape) => self.view.emit(folder::Input::Shape(shape)),
            Command::ShowDeleted => self.view.emit(folder::Input::ToggleDeleted),
            Command::Versions => self.show_versions(sender),
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
    }

    fn past_read(&mut self, past: Result<Past, Error>) {
        match past {
            Ok(past) => {
                self.ask_for_usual(&past.sources);
                self.set_sources(past.sources);
                self.set_snapshots(past.snapshots);
            }
            Err(Error::Engine(EngineError::NoSnapshots)) => self.set_snapshots(Vec::new()),
            Err(error) => {
                self.snapshots = None;
                self.timeline.emit(timeline::Input::Set(Vec::new(), None));
                self.say_failure(&error);
            }
        }
        // After the open folder, which is what the person waits for; live files come from a thread of their own.
        self.worker.ask(Request::Status);
    }

    pub(super) fn answered(&mut self, answer: Answer) {
        self.note_opened(&answer);
        match answer {
            Answer::Snapshots(past) => self.past_read(past),
            Answer::Status(status) => {
                let room = status.as_ref().map(|status| drive::Room {
                    free_bytes: status.free_bytes,
                    total_bytes: status.total_bytes,
                });
                self.drive.emit(drive::Input::Room(room.unwrap_or_default()));
                self.card.emit(status_card::Input::Status(status));
            }
            Answer::Present(folders) => {
                self.places.emit(places::Input::Usual(folders.unwrap_or_default()));
            }
            Answer::Look { ticket, path, entry } if ticket == self.path_ticket => {
                self.path_found(path, entry);
            }
            Answer::Search { .. } | Answer::Deleted { .. } | Answer::Look { .. } => {}
            Answer::Problems(problems) => self.problems_read(problems),
            Answer::Timeline { ticket, moments } if ticket == self.moments_ticket => {
                let of_file = self.file.is_some();
                self.timeline.emit(timeline::Input::Moments { moments: moments.ok(), of_file });
            }
            Answer::Timeline { .. }
            | Answer::Stored { .. }
            | Answer::Versions(_)
            | Answer::Why(_)
            | Answer::Difference { .. } => {}
            Answer::Folder { ticket, .. } if ticket != self.ticket => {}
            Answer::Folder { entries: Ok(entries), .. } => {
                self.is_shown = true;
                self.view.emit(folder::Input::Entries(entries));
                self.ask_for_comparison();
            }
            Answer::Compared { ticket, comparison } if ticket == self.ticket => {
                self.view.emit(folder::Input::Compared(comparison));
            }
            Answer::Listed { ticket, listed } if ticket == self.ticket => self.live_listed(listed),
            Answer::Compared { .. } | Answer::Listed { .. } => {}
            Answer::Gone { ticket, page } => self.view.emit(folder::Input::Deleted(ticket, page)),
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

    pub(super) fn say_failure(&self, error: &Error) {
        let words = if error.is_drive_away() {
            Words::drive_away()
        } else {
            Words::failure(plain::sentence(error))
        };
        self.view.emit(folder::Input::Words(words));
    }

    /// Asks which of the person's usual folders are in the newest snapshot.
    fn ask_for_usual(&self, sources: &[RelPath]) {
        let usual = match self.target.sources.is_empty() {
            true => usual::within(sources),
            false => usual::within(&places_of(&self.target)),
        };
        self.worker.ask(Request::Present(usual));
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
        let (before, is_first) = (self.chosen, self.newest().is_none());
        self.chosen = self.moment_among(&snapshots);
        self.middle.set_snapshots(&snapshots);
        self.snapshots = Some(snapshots);
        self.tell_timeline();
        self.show_caption();
        // A snapshot never changes: what is shown of it stays, with its selection.
        if !self.is_shown || self.chosen != before || self.chosen.is_none() {
            self.ask_for_folder(is_first);
        } else {
            self.ask_for_comparison();
        }
        self.ask_for_moments();
    }

    pub(super) fn open(&mut self, folder: RelPath) {
        self.leave_others();
        if !folder.is_within(&self.place) {
            let mut places = places_of(&self.target).into_iter();
            let around = places.find(|place| !place.is_root() && folder.is_within(place));
            self.place = around.unwrap_or_else(|| folder.clone());
        }
        self.folder = folder;
        self.file = None;
        self.ask_for_folder(true);
        self.ask_for_moments();
    }

    /// Opens the file's folder with the file selected.
    pub(super) fn reveal(&mut self, file: RelPath) {
        self.view.emit(folder::Input::Expect(file.clone()));
        self.open_past(file.parent().unwrap_or_default());
        self.select(Some(file));
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

    /// Asks for the open folder at the chosen moment; the keyboard follows if the person went there.
    pub(super) fn ask_for_folder(&mut self, takes_focus: bool) {
        self.ticket += 1;
        self.is_shown = false;
        self.watch_folder();
        self.places.emit(self.middle.mark(&self.folder));
        self.middle.set_folder(&self.place, &self.folder);
        let sender = self.sender.clone();
        self.path_bar.show(&self.place, &self.folder, move |step| {
            let _closed = sender.send(Input::Open(step));
        });
        let chosen = self.chosen_snapshot();
        let Some(snapshot) = chosen else {
            if self.newest().is_some() {
                self.ask_for_now(takes_focus);
            } else if self.snapshots.is_some() {
                self.view.emit(folder::Input::Words(self.no_snapshots()));
            }
            return;
        };
        let (at, unread) = (snapshot.seq, snapshot.problems);
        let title = dates::heading_and_clock(snapshot.started, Timestamp::now());
        self.remember(Some(at));
        self.view.emit(folder::Input::Loading {
            folder: self.folder.clone(),
            title,
            unread,
            takes_focus,
            at: Some(at),
            now: None,
        });
        self.show_caption();
        self.worker.ask(Request::Folder {
            folder: self.folder.clone(),
            at,
            order: self.order,
            ticket: self.ticket,
        });
    }

    /// Asks how what is shown differs from what is there now; the list doesn't wait for it.
    pub(super) fn ask_for_comparison(&self) {
        if let Some(at) = self.chosen.filter(|_| self.is_shown) {
            let (folder, ticket) = (self.folder.clone(), self.ticket);
            self.worker.compare(Wanted { folder, at, lists: None, ticket });
        }
    }

    /// Asks for what was in the open folder before the chosen moment.
    pub(super) fn ask_for_deleted(&self, after: Option<DeletedCursor>, ticket: u64) {
        let at = self.chosen.or(self.newest().map(|newest| newest.seq));
        if let Some(at) = at.filter(|_| self.is_shown) {
            self.worker.ask(Request::Gone { folder: self.folder.clone(), at, after, ticket });
        }
    }

    pub(super) fn chosen_snapshot(&self) -> Option<&SnapshotInfo> {
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
        status_card::Output::LookAgain => Input::Command(Command::Reload),
        status_card::Output::Stop => Input::Stop,
        status_card::Output::ShowProblems => Input::ShowProblems,
    }
}

fn places_output(chosen: places::Chosen) -> Input {
    match chosen {
        places::Chosen::Folder(folder) => Input::OpenPlace(folder),
        places::Chosen::Deleted => Input::OpenDeleted,
    }
}

fn timeline_output(output: timeline::Output) -> Input {
    match output {
        timeline::Output::Chosen(at) => Input::Choose(at),
        timeline::Output::Jumped(seq) => Input::JumpTo(seq),
        timeline::Output::States(earlier, moved) => Input::States(earlier, moved),
        timeline::Output::Marked => Input::Marked,
        timeline::Output::Entered => Input::Enter,
    }
}

/// What the folder's view asks for.
pub(super) fn view_output(output: folder::Output) -> Input {
    match output {
        folder::Output::Open(folder) => Input::Open(folder),
        folder::Output::ShowUnread => Input::ShowUnread,
        folder::Output::Selected(file) => Input::Select(file),
        folder::Output::Arranged(arrangement) => Input::Arranged(arrangement),
        folder::Output::WantDeleted { after, ticket } => Input::WantDeleted { after, ticket },
        folder::Output::Restore { at, paths, has_folder, elsewhere } => {
            Input::Restore { at, paths, has_folder, elsewhere }
        }
        folder::Output::Peek { path, entry, at, by_bar } => {
            Input::Look(Look::Peek { path, entry, at, by_bar })
        }
        folder::Output::Why(path) => Input::Look(Look::Why(path)),
        folder::Output::OpenFile(path) => Input::Look(Look::OpenChosen(path)),
        folder::Output::CopyOut(paths) => Input::Look(Look::CopyOut(paths)),
        folder::Output::Undo => Input::Command(Command::Undo),
        folder::Output::Details(lines) => Input::ShowLines(lines),
        folder::Output::Remedy(remedy) => Input::Remedy(remedy),
    }
}
