//! What the open folder is told, and what it asks for.

use super::toasts::Message;
use super::words::{Remedy, Words};
use crate::engine::history::Entry;
use crate::engine::path::RelPath;

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
    },
    /// The keyboard comes to the list.
    TakeFocus,
    /// Here it is.
    Entries(Vec<Entry>),
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
    /// Show what could not be read at this moment.
    ShowUnread,
    /// Bring these back.
    Restore {
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
