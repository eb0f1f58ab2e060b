//! Bringing something back: where to, what is going to happen, the running restore. Nothing is written before the
//! person has seen the plan.

use std::path::PathBuf;

use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk;
use relm4::gtk::glib;
use relm4::prelude::*;

use self::plan::PlanList;
use super::bridge::{Running, Tick};
use super::problems::escape;
use super::widgets::named;
use super::widgets::progress::Shown;
use crate::app::error::Result;
use crate::app::target::Target;
use crate::engine::path::RelPath;
use crate::engine::restore::{RestorePlan, RestoreReport};
use crate::i18n::gettext;

mod plan;
mod steps;

/// The window's size while it only asks for a folder.
const ASKING_SIZE: (i32, i32) = (520, 240);
/// Its size with a plan in it.
const PLAN_SIZE: (i32, i32) = (520, 460);

/// What is to be brought back.
#[derive(Debug)]
pub struct Init {
    /// From which drive.
    pub target: Target,
    /// The snapshot's sequence number.
    pub at: u64,
    /// Which paths.
    pub paths: Vec<RelPath>,
    /// Ask for a folder first, instead of where it was.
    pub elsewhere: bool,
}

/// The model.
pub struct Restore {
    init: Init,
    step: Step,
    typed: String,
    typed_fault: String,
    running: Option<Running>,
    plan: PlanList,
}

/// Where the window stands.
#[derive(Debug)]
enum Step {
    /// Asking for a folder.
    Where,
    /// Working the plan out.
    Planning,
    /// Showing it.
    Plan(Box<RestorePlan>),
    /// Doing it.
    Running(Shown),
    /// Waiting for it to stop.
    Stopping,
    /// It could not be done, or not for everything: what happened, and what to do.
    Over {
        /// In a few words.
        title: String,
        /// The rest.
        body: String,
    },
}

/// What the window is told.
#[derive(Debug)]
pub enum Input {
    /// The folder's path, as it is typed.
    Typed(String),
    /// Choose the folder in a dialog.
    Browse,
    /// The folder was chosen in the dialog.
    Chosen(PathBuf),
    /// Work the plan out.
    Plan,
    /// The plan is there; `None` if its thread died.
    Planned(Option<Result<RestorePlan>>),
    /// Carry it out.
    Go,
    /// How far it is.
    Tick(Tick),
    /// It is over; `None` if its thread died.
    Done(Option<Result<RestoreReport>>),
    /// Stop it.
    Stop,
    /// The window is asked to close.
    Close,
}

/// What the screen behind must know.
#[derive(Debug)]
pub enum Output {
    /// A restore runs that closing would stop.
    Busy(bool),
    /// It was done.
    Done(RestoreReport),
    /// It was stopped.
    Stopped,
    /// The window is gone.
    Closed,
}

#[relm4::component(pub)]
impl Component for Restore {
    type Init = Init;
    type Input = Input;
    type Output = Output;
    type CommandOutput = ();

    view! {
        adw::Window {
            set_modal: true,
            set_default_width: size.0,
            set_default_height: size.1,
            set_width_request: 340,
            #[watch]
            set_title: Some(&model.title()),
            add_controller = escape() -> gtk::ShortcutController {},
            connect_close_request[sender] => move |_| {
                let _ = sender.input_sender().send(Input::Close);
                glib::Propagation::Stop
            },

            gtk::Box {
                set_orientation: gtk::Orientation::Vertical,
                adw::HeaderBar {
                    add_css_class: "flat",
                    set_show_end_title_buttons: true,
                },

                #[transition = "Crossfade"]
                match &model.step {
                    Step::Where => gtk::Box {
                        set_orientation: gtk::Orientation::Vertical,
                        set_spacing: 12,
                        set_vexpand: true,
                        add_css_class: "page",
                        gtk::Label {
                            set_xalign: 0.0,
                            set_wrap: true,
                            set_label: &gettext("Copies are put into this folder under their own names. What is there already stays."),
                        },
                        gtk::Box {
                            set_spacing: 6,
                            #[name = "where_entry"]
                            named::entry(&gettext("Folder to restore to")) -> gtk::Entry {
                                set_hexpand: true,
                                set_placeholder_text: Some(&gettext("Path of a folder")),
                                connect_changed[sender] => move |entry| {
                                    let typed = entry.text().to_string();
                                    let _ = sender.input_sender().send(Input::Typed(typed));
                                },
                                connect_activate => Input::Plan,
                            },
                            gtk::Button {
                                set_label: &gettext("Browse…"),
                                connect_clicked => Input::Browse,
                            },
                        },
                        gtk::Label {
                            set_xalign: 0.0,
                            set_wrap: true,
                            set_css_classes: &["error", "caption"],
                            #[watch]
                            set_label: &model.typed_fault,
                            #[watch]
                            set_visible: !model.typed_fault.is_empty(),
                        },
                        gtk::Button {
                            set_label: &gettext("Continue"),
                            set_halign: gtk::Align::End,
                            set_valign: gtk::Align::End,
                            set_vexpand: true,
                            add_css_class: "suggested-action",
                            #[watch]
                            set_sensitive: !model.typed.is_empty(),
                            connect_clicked => Input::Plan,
                        },
                    },
                    Step::Planning => adw::StatusPage {
                        set_vexpand: true,
                        add_css_class: "compact",
                        set_title: &gettext("Looking at What Will Change…"),
                        gtk::Spinner {
                            set_spinning: true,
                            set_size_request: (32, 32),
                        },
                    },
                    Step::Plan(plan) => gtk::Box {
                        set_orientation: gtk::Orientation::Vertical,
                        set_vexpand: true,
                        gtk::Label {
                            set_xalign: 0.0,
                            set_wrap: true,
                            add_css_class: "page-text",
                            #[watch]
                            set_label: &plan::summary(plan),
                        },
                        gtk::ScrolledWindow {
                            set_vexpand: true,
                            // No taller than its rows.
                            set_valign: gtk::Align::Start,
                            set_propagate_natural_height: true,
                            set_hscrollbar_policy: gtk::PolicyType::Never,
                            set_css_classes: &["card", "page-list"],
                            #[local_ref]
                            plan_view -> gtk::ListView { add_css_class: "entries" },
                        },
                        gtk::Label {
                            set_xalign: 0.0,
                            set_wrap: true,
                            set_css_classes: &["error", "page-text"],
                            #[watch]
                            set_label: &plan::room_warning(plan),
                            #[watch]
                            set_visible: !plan::room_warning(plan).is_empty(),
                        },
                        gtk::Box {
                            set_spacing: 8,
                            set_halign: gtk::Align::End,
                            add_css_class: "page-buttons",
                            #[name = "cancel"]
                            gtk::Button {
                                set_label: &gettext("Cancel"),
                                connect_clicked => Input::Close,
                            },
                            #[name = "go"]
                            gtk::Button {
                                set_label: &gettext("Restore"),
                                add_css_class: "suggested-action",
                                #[watch]
                                set_sensitive: plan.entries > 0,
                                connect_clicked => Input::Go,
                            },
                        },
                    },
                    Step::Running(shown) => gtk::Box {
                        set_orientation: gtk::Orientation::Vertical,
                        set_spacing: 8,
                        set_vexpand: true,
                        set_valign: gtk::Align::Center,
                        add_css_class: "page",
                        gtk::Label {
                            add_css_class: "title-4",
                            #[watch]
                            set_label: &shown.phase,
                        },
                        named::progress_bar(&gettext("Restore progress")) -> gtk::ProgressBar {
                            #[watch]
                            set_fraction: shown.fraction.unwrap_or_default(),
                        },
                        gtk::Label {
                            add_css_class: "numeric",
                            set_ellipsize: gtk::pango::EllipsizeMode::End,
                            #[watch]
                            set_label: &shown.items,
                        },
                        gtk::Label {
                            add_css_class: "numeric",
                            set_ellipsize: gtk::pango::EllipsizeMode::End,
                            #[watch]
                            set_label: &shown.bytes,
                        },
                        gtk::Label {
                            add_css_class: "numeric",
                            set_ellipsize: gtk::pango::EllipsizeMode::End,
                            #[watch]
                            set_label: &shown.left,
                        },
                        gtk::Label {
                            set_css_classes: &["dim-label", "caption"],
                            set_ellipsize: gtk::pango::EllipsizeMode::Middle,
                            #[watch]
                            set_label: &shown.current,
                        },
                        #[name = "stop"]
                        gtk::Button {
                            set_label: &gettext("Stop"),
                            set_halign: gtk::Align::Center,
                            set_margin_top: 12,
                            connect_clicked => Input::Stop,
                        },
                    },
                    Step::Stopping => adw::StatusPage {
                        set_vexpand: true,
                        add_css_class: "compact",
                        set_title: &gettext("Stopping…"),
                        gtk::Spinner {
                            set_spinning: true,
                            set_size_request: (32, 32),
                        },
                    },
                    Step::Over { title, body } => adw::StatusPage {
                        set_vexpand: true,
                        add_css_class: "compact",
                        set_icon_name: Some("dialog-warning-symbolic"),
                        #[watch]
                        set_title: title,
                        #[watch]
                        set_description: Some(body),
                        #[name = "close"]
                        gtk::Button {
                            set_label: &gettext("Close"),
                            set_halign: gtk::Align::Center,
                            add_css_class: "pill",
                            connect_clicked => Input::Close,
                        },
                    },
                },
            },
        }
    }

    fn init(init: Init, root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let plan = PlanList::new();
        let plan_view = plan.view();
        let elsewhere = init.elsewhere;
        let size = if elsewhere { ASKING_SIZE } else { PLAN_SIZE };
        let mut model = Self {
            init,
            step: Step::Where,
            typed: String::new(),
            typed_fault: String::new(),
            running: None,
            plan,
        };
        if !elsewhere {
            model.make_plan(crate::engine::restore::Target::Original, &sender);
        }
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
        let before = std::mem::discriminant(&self.step);
        self.update(message, sender.clone(), root);
        self.update_view(widgets, sender);
        if std::mem::discriminant(&self.step) == before {
            return;
        }
        if matches!(self.step, Step::Plan(_)) {
            let (width, height) = PLAN_SIZE;
            root.set_default_size(
                root.default_width().max(width),
                root.default_height().max(height),
            );
        }
        // Return does what the step is for.
        let _has_focus = match &self.step {
            Step::Where => widgets.where_entry.grab_focus(),
            Step::Plan(plan) if plan.entries > 0 => widgets.go.grab_focus(),
            Step::Plan(_) => widgets.cancel.grab_focus(),
            Step::Running(_) => widgets.stop.grab_focus(),
            Step::Over { .. } => widgets.close.grab_focus(),
            Step::Planning | Step::Stopping => false,
        };
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>, root: &Self::Root) {
        match message {
            Input::Typed(typed) => {
                self.typed = typed;
                self.typed_fault.clear();
            }
            Input::Browse => self.browse(&sender, root.upcast_ref()),
            Input::Chosen(folder) => {
                // The dialog may be answered after the plan was asked for.
                if !matches!(self.step, Step::Where) {
                    return;
                }
                self.make_plan(crate::engine::restore::Target::Folder(folder), &sender);
            }
            Input::Plan if matches!(self.step, Step::Where) => self.plan_typed(&sender),
            Input::Plan => {}
            Input::Planned(result) => self.planned(result),
            Input::Go => self.go(&sender),
            Input::Tick(tick) => self.tick(&tick),
            Input::Done(result) => self.done(result, &sender, root),
            Input::Stop => self.stop(),
            Input::Close => self.close(&sender, root),
        }
    }
}
