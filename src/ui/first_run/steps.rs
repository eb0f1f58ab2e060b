//! What the first run does with what the person says.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use super::drives::{self, Drive, State};
use super::open_drive::{OpenDrive, Opened};
use super::{FirstRun, Input, estimate, folders};
use crate::app::error::{Error, Result};
use crate::app::kept;
use crate::app::rules::RuleWishes;
use crate::app::setup::{self, DriveCheck};
use crate::engine::retention::Policy;
use crate::engine::rules::Exclusion;
use crate::i18n::{gettext, gettext_f};
use crate::ui::bridge;
use crate::ui::widgets::choose_folder::choose_folder;
use crate::ui::widgets::{name_of, plain};

type Sender = relm4::Sender<Input>;

/// By which rules snapshots are deleted: setting up is agreeing to them.
pub(super) fn what_is_kept() -> String {
    gettext_f(
        "Kept: {rules}. Older snapshots are deleted.",
        &[("rules", &kept::policy(&Policy::default()))],
    )
}

/// From so many pixels on there are two columns.
const WIDE: f64 = 860.0;

/// Tells whether there is room for two columns, whenever that may have changed.
pub(super) fn watch_width(scroller: &gtk::ScrolledWindow, input: &Sender) {
    let (input, was) = (input.clone(), Cell::new(false));
    scroller.hadjustment().connect_page_size_notify(move |room| {
        let is_wide = room.page_size() >= WIDE;
        if was.replace(is_wide) != is_wide {
            let _closed = input.send(Input::Wide(is_wide));
        }
    });
}

impl FirstRun {
    pub(super) fn orientation(&self) -> gtk::Orientation {
        if self.is_wide { gtk::Orientation::Horizontal } else { gtk::Orientation::Vertical }
    }

    pub(super) fn policy(&self) -> gtk::PolicyType {
        if self.is_wide { gtk::PolicyType::External } else { gtk::PolicyType::Never }
    }

    pub(super) fn can_start(&self) -> bool {
        !self.is_starting && !self.folders.is_empty() && self.is_good(self.chosen.as_deref())
    }

    fn is_good(&self, drive: Option<&Path>) -> bool {
        self.drives.iter().any(|known| {
            Some(known.path.as_path()) == drive && matches!(known.state, State::Good(_))
        })
    }

    /// Bytes that are free on the chosen drive, if it is a good one.
    pub(super) fn free_bytes(&self) -> Option<u64> {
        let chosen = self.drives.iter().find(|known| Some(&known.path) == self.chosen.as_ref())?;
        match &chosen.state {
            State::Good(check) => Some(check.free_bytes),
            State::Checking | State::Bad(_) => None,
        }
    }

    pub(super) fn start_label(&self) -> String {
        if self.is_starting { gettext("Setting Up…") } else { gettext("Start") }
    }

    pub(super) fn propose(&mut self, folders: Vec<PathBuf>, drives: Vec<PathBuf>, input: &Sender) {
        // The person may have been quicker than the drives.
        let typed = std::mem::replace(&mut self.folders, folders);
        let added: Vec<_> = typed.into_iter().filter(|path| !self.folders.contains(path)).collect();
        self.folders.extend(added);
        for path in drives {
            if !self.drives.iter().any(|known| known.path == path) {
                self.drives.push(Drive { path, state: State::Checking });
            }
        }
        self.folders_changed(input);
    }

    pub(super) fn add_folder(&mut self, folder: PathBuf, input: &Sender) {
        if !self.folders.contains(&folder) {
            self.folders.push(folder);
            self.folders_changed(input);
        }
    }

    /// Whether a drive can be used depends on the folders: it must not lie in one of them.
    pub(super) fn folders_changed(&mut self, input: &Sender) {
        folders::fill(&self.folder_list, &self.folders, input);
        self.estimate.emit(estimate::Input::Look(self.folders.clone()));
        self.round += 1;
        for drive in &self.drives {
            self.check(&drive.path, input);
        }
        self.show_drives(input);
    }

    fn check(&self, drive: &Path, input: &Sender) {
        let (round, drive, folders) = (self.round, drive.to_owned(), self.folders.clone());
        let probed = drive.clone();
        bridge::once(
            input,
            move || setup::check_drive(&probed, &folders),
            move |result| Input::Checked {
                round,
                drive,
                result: result.unwrap_or(Err(Error::BrokenDown)),
            },
        );
    }

    pub(super) fn checked(
        &mut self,
        round: u64,
        drive: &Path,
        result: Result<DriveCheck>,
        input: &Sender,
    ) {
        if round != self.round {
            return;
        }
        let state = match result {
            Ok(check) => State::Good(check),
            Err(error) => State::Bad(plain::sentence(&error)),
        };
        if let Some(known) = self.drives.iter_mut().find(|known| known.path == drive) {
            known.state = state;
        }
        self.settle_choice();
        self.show_drives(input);
    }

    /// A drive that turned out bad isn't chosen; a single good one is, unless the person said otherwise.
    fn settle_choice(&mut self) {
        let is_bad = |drive: &Drive| matches!(drive.state, State::Bad(_));
        let chosen = self.chosen.as_deref();
        if self.drives.iter().any(|drive| Some(drive.path.as_path()) == chosen && is_bad(drive)) {
            self.chosen = None;
        }
        let mut good = self.drives.iter().filter(|drive| matches!(drive.state, State::Good(_)));
        if let (None, Some(only), None) = (&self.chosen, good.next(), good.next()) {
            self.chosen = Some(only.path.clone());
        }
    }

    fn show_drives(&self, input: &Sender) {
        drives::fill(&self.drive_list, &self.drives, self.chosen.as_deref(), input);
    }

    pub(super) fn use_typed(&mut self, input: &Sender) {
        let drive = PathBuf::from(&self.typed_drive);
        if drive.is_absolute() {
            let _closed = input.send(Input::AddDrive(drive));
        } else {
            self.fault = gettext("Type the whole path, beginning with “/”.");
        }
    }

    pub(super) fn add_drive(&mut self, path: PathBuf, input: &Sender) {
        self.chosen = Some(path.clone());
        match self.drives.iter_mut().find(|known| known.path == path) {
            Some(known) => known.state = State::Checking,
            None => self.drives.push(Drive { path: path.clone(), state: State::Checking }),
        }
        self.check(&path, input);
        self.show_drives(input);
    }

    /// Shows what lies on drives from other computers.
    pub(super) fn open_drive(&mut self, root: &gtk::Box, input: &Sender) {
        if let Some(window) = self.open_drive.take() {
            window.widget().destroy();
        }
        let window = OpenDrive::builder()
            .launch(self.options.clone())
            .forward(input, |Opened(target)| Input::Opened(target));
        let parent = root.root().and_downcast::<gtk::Window>();
        window.widget().set_transient_for(parent.as_ref());
        window.widget().present();
        self.open_drive = Some(window);
    }

    pub(super) fn start(&mut self, input: &Sender) {
        let Some(drive) = self.chosen.clone().filter(|_| self.can_start()) else { return };
        self.is_starting = true;
        let (options, folders) = (self.options.clone(), self.folders.clone());
        // The person was shown what is kept, and chose what isn't.
        let wishes = RuleWishes {
            retention: Some(Policy::default()),
            exclude: Some(self.left_out.iter().cloned().map(Exclusion::Path).collect()),
            ..RuleWishes::default()
        };
        bridge::once(
            input,
            move || setup::set_up_with(&options, &drive, &folders, &wishes, false),
            |done| Input::Done(done.unwrap_or(Err(Error::BrokenDown))),
        );
    }
}

/// Looks whether a typed path is a folder; not here, since its disk may be slow.
pub(super) fn look_at_folder(folder: PathBuf, input: &Sender) {
    let looked_at = folder.clone();
    bridge::once(
        input,
        move || looked_at.is_absolute() && looked_at.is_dir(),
        move |is_folder| Input::FolderLooked(folder, is_folder.unwrap_or_default()),
    );
}

pub(super) fn not_a_folder(folder: &Path) -> String {
    let path = name_of(folder);
    gettext_f(
        "There is no folder “{path}”. Type the whole path, beginning with “/”.",
        &[("path", &path)],
    )
}

pub(super) fn browse(
    title: &str,
    widget: &gtk::Box,
    input: &Sender,
    message: impl Fn(PathBuf) -> Input + 'static,
) {
    let input = input.clone();
    let window = widget.root().and_downcast::<gtk::Window>();
    choose_folder(title, window.as_ref(), move |folder| {
        let _closed = input.send(message(folder));
    });
}
