//! What the open folder is told, and what it asks for.

use super::arrangement::{Arrangement, Shape};
use super::menu::Act;
use super::toasts::Message;
use super::words::{Remedy, Words};
use crate::app::error::Result;
use crate::engine::history::{DeletedCursor, Entry};
use crate::engine::path::RelPath;
use crate::ui::history_worker::{Column, Comparison, GonePage, Listing, Order};

/// What the view is told.
#[derive(Debug)]
pub enum Input {
    /// Another folder or moment is being looked up.
    Loading {
        /// Which folder.
        folder: RelPath,
        /// The moment, in words.
        title: String,
        /// How many files could not be read at that moment.
        unread: u64,
        /// The keyboard follows, wherever it is now.
        takes_focus: bool,
        /// The snapshot's number; none of the live files.
        at: Option<u64>,
        /// The live files are, and this is the newest snapshot.
        now: Option<u64>,
    },
    /// What the moment is called; empty if it has no name.
    Caption(String),
    /// The folder that comes next is this file's, which is selected there.
    Expect(RelPath),
    /// This name is to be selected, once it is listed.
    Seek(Vec<u8>),
    /// The keyboard comes to the list.
    TakeFocus,
    /// Here it is.
    Entries(Vec<Entry>),
    /// Here are the live files.
    Now(Box<Listing>),
    /// How that differs from what is there now.
    Compared(Result<Comparison>),
    /// Bring back what was deleted since.
    BringBack,
    /// Show what was deleted before, or not any more.
    ToggleDeleted,
    /// A page of it, by the number of its request.
    Deleted(u64, Result<GonePage>),
    /// Arrange the entries so, as the last window did.
    Arrange(Arrangement),
    /// A heading was clicked.
    SortBy(Column),
    /// This order was chosen.
    Order(Order),
    /// This shape was chosen.
    Shape(Shape),
    /// There is something to say instead.
    Words(Words),
    /// The window became narrow or wide.
    Narrow(bool),
    /// Time for more rows.
    MoreRows,
    /// Another selection.
    SelectionChanged,
    /// A row was opened by Return or a double click.
    Opened(u32),
    /// Bring the selection back.
    Restore {
        /// Ask for a folder to restore to.
        elsewhere: bool,
    },
    /// Look at the selected entry: the space bar was pressed.
    Peek,
    /// Open the menu at this place in the list, or where the keyboard is.
    Menu(Option<(f64, f64)>),
    /// This was chosen in it.
    Act(Act),
    /// Look at the entry so many rows further.
    PeekFurther(i32),
    /// Put copies of the selected files on the clipboard.
    CopyOut,
    /// Show what could not be read at this moment.
    ShowUnread,
    /// The status page's button.
    Remedy,
    /// Say something over the list.
    Say(Message),
    /// The last restore can't be taken back any more.
    DropUndo,
}

/// What the person asked for.
#[derive(Debug)]
pub enum Output {
    /// Open this folder.
    Open(RelPath),
    /// This one file was selected; or none, more than one, or a folder.
    Selected(Option<RelPath>),
    /// Open this file.
    OpenFile(RelPath),
    /// Put copies of these files on the clipboard.
    CopyOut(Vec<RelPath>),
    /// Look at this one.
    Peek {
        /// Where it is.
        path: RelPath,
        /// What it is.
        entry: Box<Entry>,
        /// In the snapshot of this number, if that isn't the shown moment.
        at: Option<u64>,
        /// By the space bar, which may be down still.
        by_bar: bool,
    },
    /// Tell why this isn't there at the shown moment.
    Why(RelPath),
    /// Show what could not be read at this moment.
    ShowUnread,
    /// The entries are arranged so now; those of another order are wanted.
    Arranged(Arrangement),
    /// A page of what was deleted before is wanted.
    WantDeleted {
        /// Where it begins.
        after: Option<DeletedCursor>,
        /// The number of this request.
        ticket: u64,
    },
    /// Bring these back.
    Restore {
        /// From this snapshot; without it, from the shown one.
        at: Option<u64>,
        /// Which paths.
        paths: Vec<RelPath>,
        /// A folder is among them.
        has_folder: bool,
        /// Ask for a folder to restore to.
        elsewhere: bool,
    },
    /// The status page's button.
    Remedy(Remedy),
    /// Take the last restore back.
    Undo,
    /// Show these lines.
    Details(Vec<String>),
}
