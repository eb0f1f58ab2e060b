//! The first run: which folders to protect, and on which drive. It ends with a set-up repository or says why not.

use std::path::PathBuf;

use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk;
use relm4::prelude::*;

use self::drives::Drive;
use self::estimate::{Estimate, LeftOut};
pub use self::messages::{Input, SetUp};
use self::open_drive::OpenDrive;
use self::steps::{browse, look_at_folder, not_a_folder};
use super::bridge;
use super::widgets::{icon, named, plain};
use crate::app::setup;
use crate::app::target::Options;
use crate::engine::path::RelPath;
use crate::i18n::gettext;

mod drives;
mod estimate;
mod folders;
mod messages;
mod open_drive;
mod steps;

/// The model.
pub struct FirstRun {
    options: Options,
    folders: Vec<PathBuf>,
    drives: Vec<Drive>,
    chosen: Option<PathBuf>,
    /// Number of the newest round of checks; older answers are dropped.
    round: u64,
    typed_folder: String,
    typed_drive: String,
    fault: String,
    is_starting: bool,
    /// There is room for what it comes to beside what is chosen.
    is_wide: bool,
    /// What of the folders is left out.
    left_out: Vec<RelPath>,
    estimate: Controller<Estimate>,
    open_drive: Option<Controller<OpenDrive>>,
    folder_list: gtk::ListBox,
    drive_list: gtk::ListBox,
}

#[relm4::component(pub)]
impl Component for FirstRun {
    type Init = Options;
    type Input = Input;
    type Output = SetUp;
    type CommandOutput = ();

    view! {
        gtk::Box {
            set_orientation: gtk::Orientation::Vertical,
            adw::HeaderBar {
                add_css_class: "flat",
                pack_end: &super::actions::menu_button(),
            },
            #[name = "scroller"]
            gtk::ScrolledWindow {
                set_vexpand: true,
                // Two columns must not keep the window from becoming narrow: there they become one.
                #[watch]
                set_hscrollbar_policy: model.policy(),
                adw::Clamp {
                    #[watch]
                    set_maximum_size: if model.is_wide { 960 } else { 560 },
                    gtk::Box {
                        set_orientation: gtk::Orientation::Vertical,
                        set_spacing: 12,
                        add_css_class: "first-run",

                        icon::decoration() -> gtk::Image {
                            set_icon_name: Some(super::APP_ID),
                            #[watch]
                            set_pixel_size: if model.is_wide { 64 } else { 96 },
                        },
                        gtk::Label {
                            set_label: &gettext("Welcome to Yore"),
                            add_css_class: "title-1",
                            set_wrap: true,
                            set_justify: gtk::Justification::Center,
                        },
                        gtk::Label {
                            set_label: &gettext("Dated copies of your folders on another drive, so that nothing is ever lost."),
                            set_wrap: true,
                            set_justify: gtk::Justification::Center,
                            add_css_class: "dim-label",
                        },
                        gtk::Button {
                            set_label: &gettext("I Have Backups Already…"),
                            set_tooltip_text: Some(&gettext("Open a backup drive from another computer")),
                            set_halign: gtk::Align::Center,
                            set_margin_bottom: 12,
                            add_css_class: "flat",
                            connect_clicked => Input::OpenDrive,
                        },

                        // What is chosen, and what it comes to: side by side where there is room, so that nothing is
                        // below the edge of the window.
                        gtk::Box {
                            #[watch]
                            set_orientation: model.orientation(),
                            set_spacing: 24,
                            #[watch]
                            set_homogeneous: model.is_wide,
                            gtk::Box {
                                set_orientation: gtk::Orientation::Vertical,
                                set_spacing: 12,
                                set_valign: gtk::Align::Start,

                                // The dialog’s button stands in the heading’s line: the field needs its own at 360 px.
                                gtk::Box {
                                    gtk::Label {
                                        set_label: &gettext("Folders to Protect"),
                                        set_xalign: 0.0,
                                        set_hexpand: true,
                                        add_css_class: "heading",
                                    },
                                    gtk::Button {
                                        set_label: &gettext("Choose Folder…"),
                                        add_css_class: "flat",
                                        connect_clicked => Input::BrowseFolder,
                                    },
                                },
                                #[local_ref]
                                folder_list -> gtk::ListBox {
                                    set_selection_mode: gtk::SelectionMode::None,
                                    add_css_class: "boxed-list",
                                },
                                gtk::Box {
                                    set_spacing: 6,
                                    #[name = "folder_entry"]
                                    named::entry(&gettext("Folder to protect")) -> gtk::Entry {
                                        set_hexpand: true,
                                        set_width_chars: 8,
                                        set_placeholder_text: Some(&gettext("Path of another folder")),
                                        connect_changed[sender] => move |entry| {
                                            let typed = entry.text().to_string();
                                            let _ = sender.input_sender().send(Input::FolderTyped(typed));
                                        },
                                        connect_activate => Input::AddTyped,
                                    },
                                    gtk::Button {
                                        set_label: &gettext("Add"),
                                        set_tooltip_text: Some(&gettext("Protect the folder whose path was typed")),
                                        #[watch]
                                        set_sensitive: !model.typed_folder.is_empty(),
                                        connect_clicked => Input::AddTyped,
                                    },
                                },

                                gtk::Box {
                                    set_margin_top: 12,
                                    gtk::Label {
                                        set_label: &gettext("Where to Keep the Copies"),
                                        set_xalign: 0.0,
                                        set_hexpand: true,
                                        add_css_class: "heading",
                                    },
                                    gtk::Button {
                                        set_label: &gettext("Choose Drive…"),
                                        add_css_class: "flat",
                                        connect_clicked => Input::BrowseDrive,
                                    },
                                },
                                gtk::Label {
                                    set_label: &gettext("No other drive was found. Attach one, or choose a folder on one."),
                                    set_xalign: 0.0,
                                    set_wrap: true,
                                    add_css_class: "dim-label",
                                    #[watch]
                                    set_visible: model.drives.is_empty(),
                                },
                                #[local_ref]
                                drive_list -> gtk::ListBox {
                                    set_selection_mode: gtk::SelectionMode::None,
                                    add_css_class: "boxed-list",
                                },
                                gtk::Box {
                                    set_spacing: 6,
                                    #[name = "drive_entry"]
                                    named::entry(&gettext("Drive folder")) -> gtk::Entry {
                                        set_hexpand: true,
                                        set_width_chars: 8,
                                        set_placeholder_text: Some(&gettext("Path of a folder on another drive")),
                                        connect_changed[sender] => move |entry| {
                                            let typed = entry.text().to_string();
                                            let _ = sender.input_sender().send(Input::DriveTyped(typed));
                                        },
                                        connect_activate => Input::UseTyped,
                                    },
                                    gtk::Button {
                                        set_label: &gettext("Use"),
                                        set_tooltip_text: Some(&gettext("Keep the copies in the folder whose path was typed")),
                                        #[watch]
                                        set_sensitive: !model.typed_drive.is_empty(),
                                        connect_clicked => Input::UseTyped,
                                    },
                                },
                            },
                            model.estimate.widget(),
                        },
                    },
                },
            },
            adw::Clamp {
                set_maximum_size: 560,
                gtk::Box {
                    set_orientation: gtk::Orientation::Vertical,
                    #[watch]
                    set_spacing: if model.is_wide { 12 } else { 6 },
                    // What is chosen needs the height of a small window more.
                    #[watch]
                    set_css_classes: if model.is_wide { &["first-run-foot"] } else { &["first-run-foot", "low"] },
                    gtk::Label {
                        set_wrap: true,
                        set_wrap_mode: gtk::pango::WrapMode::WordChar,
                        set_justify: gtk::Justification::Center,
                        add_css_class: "error",
                        #[watch]
                        set_label: &model.fault,
                        #[watch]
                        set_visible: !model.fault.is_empty(),
                    },
                    gtk::Label {
                        set_wrap: true,
                        set_justify: gtk::Justification::Center,
                        set_css_classes: &["caption", "dim-label"],
                        set_label: &steps::what_is_kept(),
                    },
                    gtk::Button {
                        set_halign: gtk::Align::Center,
                        #[watch]
                        set_css_classes: if model.is_wide { &["pill", "suggested-action"] } else { &["suggested-action"] },
                        #[watch]
                        set_label: &model.start_label(),
                        #[watch]
                        set_sensitive: model.can_start(),
                        connect_clicked => Input::Start,
                    },
                },
            },
        }
    }

    fn init(
        options: Options,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let folder_list = named::list_box(&gettext("Folders to protect"));
        let drive_list = named::list_box(&gettext("Drives"));
        let model = Self {
            options,
            folders: Vec::new(),
            drives: Vec::new(),
            chosen: None,
            round: 0,
            typed_folder: String::new(),
            typed_drive: String::new(),
            fault: String::new(),
            is_starting: false,
            is_wide: false,
            left_out: Vec::new(),
            estimate: Estimate::builder()
                .launch(())
                .forward(sender.input_sender(), |LeftOut(paths)| Input::LeftOut(paths)),
            open_drive: None,
            folder_list: folder_list.clone(),
            drive_list: drive_list.clone(),
        };
        bridge::once(
            sender.input_sender(),
            || (setup::default_sources(), setup::candidate_drives()),
            |proposed| {
                let (folders, drives) = proposed.unwrap_or_default();
                Input::Proposed(folders, drives)
            },
        );
        let widgets = view_output!();
        steps::watch_width(&widgets.scroller, sender.input_sender());
        ComponentParts { model, widgets }
    }

    fn update_with_view(
        &mut self,
        widgets: &mut Self::Widgets,
        message: Input,
        sender: ComponentSender<Self>,
        root: &Self::Root,
    ) {
        match &message {
            Input::AddFolder(_) | Input::FolderLooked(_, true) => widgets.folder_entry.set_text(""),
            Input::AddDrive(_) => widgets.drive_entry.set_text(""),
            // The keyboard must not go with the last row.
            Input::RemoveFolder(_) if self.folders.len() == 1 => {
                widgets.folder_entry.grab_focus();
            }
            _ => {}
        }
        self.update(message, sender.clone(), root);
        self.estimate.emit(estimate::Input::Room(self.free_bytes()));
        self.update_view(widgets, sender);
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>, root: &Self::Root) {
        if !matches!(
            message,
            Input::Checked { .. } | Input::Proposed(..) | Input::LeftOut(_) | Input::Wide(_)
        ) {
            self.fault.clear();
        }
        let input = sender.input_sender();
        match message {
            Input::Proposed(folders, drives) => self.propose(folders, drives, input),
            Input::FolderTyped(typed) => self.typed_folder = typed,
            Input::DriveTyped(typed) => self.typed_drive = typed,
            Input::AddTyped => look_at_folder(PathBuf::from(&self.typed_folder), input),
            Input::UseTyped => self.use_typed(input),
            Input::BrowseFolder => {
                browse(&gettext("Choose a Folder to Protect"), root, input, Input::AddFolder);
            }
            Input::BrowseDrive => {
                browse(&gettext("Choose a Folder on Another Drive"), root, input, Input::AddDrive);
            }
            Input::AddFolder(folder) | Input::FolderLooked(folder, true) => {
                self.add_folder(folder, input);
            }
            Input::FolderLooked(folder, false) => self.fault = not_a_folder(&folder),
            Input::RemoveFolder(folder) => {
                self.folders.retain(|known| *known != folder);
                self.folders_changed(input);
            }
            Input::AddDrive(drive) => self.add_drive(drive, input),
            Input::ChooseDrive(drive) => self.chosen = Some(drive),
            Input::Checked { round, drive, result } => self.checked(round, &drive, result, input),
            Input::Wide(is_wide) => self.is_wide = is_wide,
            Input::LeftOut(paths) => self.left_out = paths,
            Input::OpenDrive => self.open_drive(root, input),
            Input::Start => self.start(input),
            Input::Opened(target) | Input::Done(Ok(target)) => {
                if let Some(window) = self.open_drive.take() {
                    window.widget().destroy();
                }
                let _closed = sender.output(SetUp(target));
            }
            Input::Done(Err(error)) => {
                self.is_starting = false;
                self.fault = plain::sentence(&error);
            }
        }
    }
}
