//! What the main screen is told, and what it says.

use std::cmp::Ordering;

use super::folder::arrangement::{Arrangement, Shape};
use super::folder::words::Remedy;
use super::looking::Look;
use super::{drive, restore_bar, runs, search_field, undo, unread};
use crate::app::error::Result;
use crate::app::target::{Options, Target};
use crate::app::unread::Settled;
use crate::engine::history::DeletedCursor;
use crate::engine::path::RelPath;
use crate::engine::restore::JournalInfo;
use crate::ui::bridge::Tick;
use crate::ui::deleted::Group;
use crate::ui::history_worker::Answer;
use crate::ui::restore;
use crate::ui::widgets::past::Item;
use crate::ui::widgets::timeline::Step;

/// What the screen is made from.
#[derive(Debug)]
pub struct Init {
    /// How the program was started: they lead to the configuration.
    pub options: Options,
    /// The history.
    pub target: Target,
    /// It isn't the person's own: it is looked at and brought back from, and nothing more.
    pub is_visit: bool,
}

/// What the screen is told.
#[derive(Debug)]
pub enum Input {
    /// A key or a menu entry.
    Command(Command),
    /// The history answered.
    Answer(Answer),
    /// See how far the opening of the history is.
    LookAtOpening,
    /// A moment was chosen, by its snapshot's number; Now has none.
    Choose(Option<u64>),
    /// The same for one that may have no tick in the timeline.
    JumpTo(u64),
    /// Something in this folder on the computer is another than before.
    LiveChanged(RelPath),
    /// The screen can be seen again.
    Mapped,
    /// The open folder has so many earlier states, and what is shown is earlier or later than what was.
    States(u64, Ordering),
    /// A snapshot was kept, named, or neither any more.
    Marked,
    /// The chosen moment's files are wanted.
    Enter,
    /// This one file was selected in the open folder, or none, or more.
    Select(Option<RelPath>),
    /// A folder was opened, in the place that is open or in another.
    Open(RelPath),
    /// Show this folder as it was last, not as it is.
    OpenPast(RelPath),
    /// Show this file in its folder, with its history.
    Reveal(RelPath),
    /// A place was opened.
    OpenPlace(RelPath),
    /// Arrange the entries of folders so, as the last window did.
    Arrange(Arrangement),
    /// The person arranged them so.
    Arranged(Arrangement),
    /// The status page's button.
    Remedy(Remedy),
    /// How far the backup is.
    Tick(Tick),
    /// The backup is over; `None` if its thread died.
    BackupDone(Option<Result<runs::Done>>),
    /// Stop the backup.
    Stop,
    /// Show what the last run could not do.
    ShowProblems,
    /// Show what could not be read when the chosen snapshot was made.
    ShowUnread,
    /// This is said to a path that can't be read.
    Settle(RelPath, Settled),
    /// It was written down, or could not be.
    PathSettled(RelPath, Settled, unread::Outcome),
    /// A page of what was deleted in the open folder is wanted.
    WantDeleted {
        /// Where it begins.
        after: Option<DeletedCursor>,
        /// The view's number for this request.
        ticket: u64,
    },
    /// Show what a file looks like, or looked like.
    Look(Look),
    /// Something happened in the search field.
    Field(search_field::Event),
    /// This path was typed.
    Typed(String),
    /// Show something of the past in its folder.
    ShowThere(Item),
    /// The deleted files were opened.
    OpenDeleted,
    /// Bring back what was deleted, asking where to if that is said.
    RestoreDeleted(Vec<Group>, bool),
    /// Bring these back.
    Restore {
        /// Of which snapshot, by its number; the chosen one if none is said.
        at: Option<u64>,
        /// Which paths.
        paths: Vec<RelPath>,
        /// A folder is among them.
        has_folder: bool,
        /// Ask for a folder to restore to.
        elsewhere: bool,
    },
    /// The restore's window is done.
    RestoreOver(restore::Output),
    /// A restore that was interrupted was looked for.
    Interrupted(Option<Box<JournalInfo>>),
    /// What the bar is asked for.
    Bar(restore_bar::Output),
    /// How far the restore is that is taken back or gone on with.
    SettlingTick(Tick),
    /// That is over; `None` if its thread died.
    Settled(Option<undo::Settled>),
    /// Show these lines.
    ShowLines(Vec<String>),
    /// The window became narrow or wide.
    Folded(bool),
    /// There is another room for the folder and the timeline.
    Room {
        /// Pixels from side to side.
        width: f64,
        /// How many both want, as they are now.
        wanted: f64,
    },
    /// Another history is to be looked at, or the person's own again.
    Drive(drive::Output),
    /// In a narrow window: back to the places.
    ShowSidebar,
}

/// What a key or a menu entry asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Back up now.
    BackUp,
    /// To another moment.
    Go(Step),
    /// To a date.
    Jump,
    /// Keep or name the shown snapshot.
    Mark,
    /// The folder above.
    Up,
    /// Back to where the person was.
    Back,
    /// And forth again.
    Forward,
    /// Type a path.
    Location,
    /// Search all of time.
    Search,
    /// Bring the selection back to where it was.
    Restore,
    /// Put a copy of the selection elsewhere.
    RestoreTo,
    /// Show the entries in this shape.
    Show(Shape),
    /// Show what was deleted in the open folder, or not any more.
    ShowDeleted,
    /// The versions of the selected file.
    Versions,
    /// Take the last restore back.
    Undo,
    /// Read everything again.
    Reload,
}

/// What the window must know.
#[derive(Debug)]
pub enum Output {
    /// An operation runs that closing would stop.
    Busy(bool),
    /// A backup is over: what came of it, in words.
    Ended(String),
    /// This folder is open now.
    Place(RelPath),
    /// The person arranges entries so.
    Arranged(Arrangement),
    /// Look at this history.
    Visit(Box<Target>),
    /// Back to the person's own.
    GoHome,
}
