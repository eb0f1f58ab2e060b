//! What the first run is told, and what it says.

use std::path::PathBuf;

use crate::app::error::Result;
use crate::app::setup::DriveCheck;
use crate::app::target::Target;
use crate::engine::path::RelPath;

/// What the screen is told.
#[derive(Debug)]
pub enum Input {
    /// What is proposed: folders and drives.
    Proposed(Vec<PathBuf>, Vec<PathBuf>),
    /// The path of a folder, as it is typed.
    FolderTyped(String),
    /// Protect the typed folder.
    AddTyped,
    /// Choose a folder to protect in a dialog.
    BrowseFolder,
    /// Protect this folder.
    AddFolder(PathBuf),
    /// The folder was looked at: protect it, or say why not.
    FolderLooked(PathBuf, bool),
    /// Don't protect this folder.
    RemoveFolder(PathBuf),
    /// The path of a drive's folder, as it is typed.
    DriveTyped(String),
    /// Use the typed drive.
    UseTyped,
    /// Choose a drive's folder in a dialog.
    BrowseDrive,
    /// Offer this drive, and choose it if it can hold backups.
    AddDrive(PathBuf),
    /// Choose this drive.
    ChooseDrive(PathBuf),
    /// A drive was probed.
    Checked {
        /// In which round.
        round: u64,
        /// Which drive.
        drive: PathBuf,
        /// What the probe said.
        result: Result<DriveCheck>,
    },
    /// There is room for two columns, or not any more.
    Wide(bool),
    /// This of the folders is left out.
    LeftOut(Vec<RelPath>),
    /// There are backups already.
    OpenDrive,
    /// They are opened.
    Opened(Target),
    /// Set up.
    Start,
    /// The set-up is over.
    Done(Result<Target>),
}

/// Everything is set up.
#[derive(Debug)]
pub struct SetUp(pub Target);
