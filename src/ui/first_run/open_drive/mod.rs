//! A backup drive on a new computer: what lies on it, to be looked at, or gone on with here.

use std::path::PathBuf;

use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk;
use relm4::prelude::*;

use crate::app::adopt::{Adopted, Wish, adopt};
use crate::app::error::{Error, Result};
use crate::app::found::{self, Found};
use crate::app::target::{Options, Target};
use crate::engine::monitor::Monitor;
use crate::i18n::gettext;
use crate::ui::bridge;
use crate::ui::problems::escape;
use crate::ui::widgets::choose_folder::choose_folder;
use crate::ui::widgets::{named, plain};

mod rows;
mod words;

/// The window's model.
#[derive(Debug)]
pub struct OpenDrive {
    options: Options,
    found: Vec<Found>,
    /// The path of a drive, as it is typed.
    typed: String,
    is_busy: bool,
    /// What is wrong, or what there is to know before it goes on.
    notice: String,
    /// It was adopted: this is opened once the person has read the notice.
    adopted: Option<Target>,
    list: gtk::ListBox,
}

/// What the window is told.
#[derive(Debug)]
pub enum Input {
    /// What lies on a drive.
    Found(Result<Vec<Found>>),
    /// Choose a drive or a folder in a dialog.
    Browse,
    /// The path of a drive, as it is typed.
    Typed(String),
    /// Look in the typed one.
    LookInTyped,
    /// Look in this folder.
    LookIn(PathBuf),
    /// Open this repository without a configuration.
    Look(PathBuf),
    /// Go on with this one here, once the person has agreed.
    Ask(Found),
    /// The person has agreed.
    Adopt(PathBuf),
    /// It is over.
    Adopted(Box<Result<(Adopted, Target)>>),
    /// The notice was read.
    Continue,
}

/// Show this history.
#[derive(Debug)]
pub struct Opened(pub Target);

#[relm4::component(pub)]
impl Component for OpenDrive {
    type Init = Options;
    type Input = Input;
    type Output = Opened;
    type CommandOutput = ();

    view! {
        adw::Window {
            set_modal: true,
            set_title: Some(&gettext("Open a Backup Drive")),
            set_default_size: (520, 480),
            set_width_request: 340,
            gtk::Box {
                set_orientation: gtk::Orientation::Vertical,
                adw::HeaderBar { add_css_class: "flat" },
                gtk::ScrolledWindow {
                    set_vexpand: true,
                    set_hscrollbar_policy: gtk::PolicyType::Never,
                    gtk::Box {
                        set_orientation: gtk::Orientation::Vertical,
                        set_spacing: 12,
                        add_css_class: "page",
                        gtk::Label {
                            set_label: &gettext("Backups from another computer can be looked at, or gone on with here."),
                            set_wrap: true,
                            set_xalign: 0.0,
                            add_css_class: "dim-label",
                        },
                        #[local_ref]
                        list -> gtk::ListBox {
                            set_selection_mode: gtk::SelectionMode::None,
                            add_css_class: "boxed-list",
                            #[watch]
                            set_visible: !model.found.is_empty(),
                            #[watch]
                            set_sensitive: !model.is_busy && model.adopted.is_none(),
                        },
                        gtk::Spinner {
                            #[watch]
                            set_spinning: model.is_busy,
                            #[watch]
                            set_visible: model.is_busy,
                        },
                        gtk::Label {
                            set_wrap: true,
                            set_wrap_mode: gtk::pango::WrapMode::WordChar,
                            set_xalign: 0.0,
                            set_selectable: true,
                            #[watch]
                            set_label: &model.notice,
                            #[watch]
                            set_visible: !model.notice.is_empty(),
                        },
                        gtk::Box {
                            set_spacing: 6,
                            #[watch]
                            set_visible: model.adopted.is_none(),
                            #[watch]
                            set_sensitive: !model.is_busy,
                            #[name = "path"]
                            named::entry(&gettext("Backup drive")) -> gtk::Entry {
                                set_hexpand: true,
                                set_width_chars: 8,
                                set_placeholder_text: Some(&gettext("Path of a drive or its folder")),
                                connect_changed[sender] => move |entry| {
                                    let typed = entry.text().to_string();
                                    let _ = sender.input_sender().send(Input::Typed(typed));
                                },
                                connect_activate => Input::LookInTyped,
                            },
                            gtk::Button {
                                set_label: &gettext("Open"),
                                set_tooltip_text: Some(&gettext("Look for backups in the folder whose path was typed")),
                                #[watch]
                                set_sensitive: !model.typed.is_empty(),
                                connect_clicked => Input::LookInTyped,
                            },
                        },
                        gtk::Button {
                            set_label: &gettext("Choose Drive…"),
                            set_halign: gtk::Align::Center,
                            add_css_class: "pill",
                            #[watch]
                            set_visible: model.adopted.is_none(),
                            #[watch]
                            set_sensitive: !model.is_busy,
                            connect_clicked => Input::Browse,
                        },
                        gtk::Button {
                            set_label: &gettext("Continue"),
                            set_halign: gtk::Align::Center,
                            set_css_classes: &["pill", "suggested-action"],
                            #[watch]
                            set_visible: model.adopted.is_some(),
                            connect_clicked => Input::Continue,
                        },
                    },
                },
            },
            add_controller = escape() -> gtk::ShortcutController {},
        }
    }

    fn init(
        options: Options,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let list = named::list_box(&gettext("Backups"));
        let model = Self {
            options,
            found: Vec::new(),
            typed: String::new(),
            is_busy: true,
            notice: String::new(),
            adopted: None,
            list: list.clone(),
        };
        let found = |found: Option<Vec<Found>>| Input::Found(found.ok_or(Error::BrokenDown));
        bridge::once(sender.input_sender(), found::on_drives, found);
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update_with_view(
        &mut self,
        widgets: &mut Self::Widgets,
        message: Input,
        sender: ComponentSender<Self>,
        root: &Self::Root,
    ) {
        let was_busy = self.is_busy;
        self.update(message, sender.clone(), root);
        self.update_view(widgets, sender);
        if was_busy && !self.is_busy {
            self.take_focus(&widgets.path);
        }
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>, root: &Self::Root) {
        let input = sender.input_sender();
        match message {
            Input::Found(found) => self.found(found, input),
            Input::Browse => {
                let input = input.clone();
                choose_folder(
                    &gettext("Choose a Backup Drive"),
                    Some(root.upcast_ref()),
                    move |folder| {
                        let _closed = input.send(Input::LookIn(folder));
                    },
                );
            }
            Input::Typed(typed) => self.typed = typed,
            Input::LookInTyped => self.look_in(PathBuf::from(&self.typed), input),
            Input::LookIn(folder) => self.look_in(folder, input),
            Input::Look(path) => {
                let options = Options { repository: Some(path), ..self.options.clone() };
                // Without a configuration nothing is read here.
                if let Ok(Some(target)) = Target::load(&options) {
                    let _closed = sender.output(Opened(target));
                }
            }
            Input::Ask(found) => rows::question(root, &found, input).present(),
            Input::Adopt(path) => self.adopt(path, input),
            Input::Adopted(outcome) => self.adoption_over(*outcome),
            Input::Continue => {
                if let Some(target) = self.adopted.take() {
                    let _closed = sender.output(Opened(target));
                }
            }
        }
    }
}

impl OpenDrive {
    fn found(&mut self, found: Result<Vec<Found>>, input: &relm4::Sender<Input>) {
        self.is_busy = false;
        match found {
            Ok(found) => {
                // What is on another drive stays in sight.
                self.found.retain(|known| found.iter().all(|new| new.path != known.path));
                self.found.splice(0..0, found);
                rows::fill(&self.list, &self.found, input);
                self.notice = if self.found.is_empty() { words::nothing() } else { String::new() };
            }
            Err(error) => self.notice = plain::sentence(&error),
        }
    }

    /// The keyboard comes to what was found, or to the field where a drive can be named.
    fn take_focus(&self, path: &gtk::Entry) {
        let is_there =
            self.notice.is_empty() && self.list.child_focus(gtk::DirectionType::TabForward);
        if !is_there {
            path.grab_focus();
        }
    }

    fn adoption_over(&mut self, outcome: Result<(Adopted, Target)>) {
        self.is_busy = false;
        match outcome {
            Ok((adopted, target)) => {
                self.notice = words::adopted(&adopted);
                self.adopted = Some(target);
            }
            Err(error) => self.notice = plain::sentence(&error),
        }
    }

    fn look_in(&mut self, folder: PathBuf, input: &relm4::Sender<Input>) {
        self.is_busy = true;
        self.notice.clear();
        let found = |found: Option<_>| Input::Found(found.unwrap_or(Err(Error::BrokenDown)));
        bridge::once(input, move || found::at(&folder), found);
    }

    fn adopt(&mut self, path: PathBuf, input: &relm4::Sender<Input>) {
        self.is_busy = true;
        self.notice.clear();
        let here = Options { repository: None, ..self.options.clone() };
        let there = Options { repository: Some(path), ..here.clone() };
        bridge::once(
            input,
            move || {
                let adopted = adopt(&there, &Wish::default(), &Monitor::new())?;
                Ok((adopted, Target::require(&here)?))
            },
            |done| Input::Adopted(Box::new(done.unwrap_or(Err(Error::BrokenDown)))),
        );
    }
}
