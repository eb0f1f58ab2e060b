//! Bringing something back: where to, what is going to happen, the running restore. Nothing is written before the
//! person has seen the plan, but for one small file that has nothing in its way.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk;
use relm4::gtk::glib;
use relm4::prelude::*;
use uuid::Uuid;

use self::asking::Asking;
use self::page::Page;
use self::prepared::Prepared;
use self::running::Running;
use super::bridge::{self, Tick};
use super::problems::escape;
use crate::app::error::Result;
use crate::app::target::Target;
use crate::engine::backup::BackupReport;
use crate::engine::path::RelPath;
use crate::engine::restore::{OnConflict, RestoreReport, Target as To};
use crate::i18n::gettext;

mod asking;
mod page;
mod plan;
mod policy;
mod prepared;
mod running;
mod steps;
mod summary;
mod warnings;

/// The window's size while it only asks for a folder.
const ASKING_SIZE: (i32, i32) = (520, 240);
/// Its size with a plan in it.
const PLAN_SIZE: (i32, i32) = (540, 620);

/// What is done sooner is told by its toast alone.
const UNSEEN: Duration = Duration::from_millis(300);

/// What is to be brought back.
#[derive(Debug)]
pub struct Init {
    /// From which drive.
    pub target: Target,
    /// The snapshot's sequence number.
    pub at: u64,
    /// Which paths.
    pub paths: Vec<RelPath>,
    /// A folder is among them.
    pub has_folder: bool,
    /// Ask for a folder first, instead of where it was.
    pub elsewhere: bool,
}

/// The model.
pub struct Restore {
    init: Init,
    step: Step,
    to: To,
    on_conflict: OnConflict,
    /// Number of the newest plan that was asked for; older ones are dropped.
    ticket: u64,
    running: Option<bridge::Running>,
    /// The window is on screen, or will not come any more.
    is_shown: bool,
    asking: Controller<Asking>,
    page: Controller<Page>,
    progress: Controller<Running>,
}

/// Where the window stands.
#[derive(Debug)]
enum Step {
    /// Asking for a folder.
    Where,
    /// Working the first plan out.
    Planning,
    /// Showing a plan.
    Plan(Arc<Prepared>),
    /// Making the backup that comes before.
    BackingUp(Arc<Prepared>),
    /// Doing it.
    Restoring,
    /// Waiting for it to stop.
    Stopping,
    /// The backup that comes before could not be made.
    NoBackup {
        /// What is restored if the person goes on without.
        prepared: Arc<Prepared>,
        /// Why.
        body: String,
    },
    /// It could not be done, or not for everything: what happened, and what to do.
    Over {
        /// In a few words.
        title: String,
        /// The rest.
        body: String,
        /// What was done all the same.
        report: Option<RestoreReport>,
    },
}

/// What the window is told.
#[derive(Debug)]
pub enum Input {
    /// Restore to this folder.
    To(PathBuf),
    /// The plan of this number is there; `None` if its thread died.
    Planned(u64, Option<Result<Prepared>>),
    /// What the person wants of the plan.
    Page(page::Output),
    /// The backup that comes before is over; `None` if its thread died.
    BackedUp(Option<Result<BackupReport>>),
    /// Restore without that backup.
    GoOn,
    /// How far it is.
    Tick(Tick),
    /// It is over; `None` if its thread died.
    Done(Option<Result<Ending>>),
    /// Stop it.
    Stop,
    /// It takes so long that the person must see it.
    TakesLong,
    /// The window is asked to close.
    Close,
}

/// How a restore ended.
#[derive(Debug)]
pub enum Ending {
    /// It did what it could.
    Done(RestoreReport),
    /// The person stopped it; with the restore's number if something was put in place already.
    Stopped(Option<Uuid>),
}

/// What the screen behind must know.
#[derive(Debug)]
pub enum Output {
    /// A restore runs that closing would stop.
    Busy(bool),
    /// It is over, and was seen to be.
    Over(Ending),
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
                        #[local_ref]
                        asking -> gtk::Box {},
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
                    Step::Plan(_) => gtk::Box {
                        #[local_ref]
                        page -> gtk::Box { set_hexpand: true },
                    },
                    Step::BackingUp(_) | Step::Restoring => gtk::Box {
                        #[local_ref]
                        progress -> gtk::Box { set_hexpand: true },
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
                    Step::NoBackup { body, .. } => adw::StatusPage {
                        set_vexpand: true,
                        add_css_class: "compact",
                        set_icon_name: Some("dialog-warning-symbolic"),
                        set_title: &gettext("No Backup Was Made"),
                        #[watch]
                        set_description: Some(body),
                        gtk::Box {
                            set_orientation: gtk::Orientation::Vertical,
                            set_spacing: 12,
                            set_halign: gtk::Align::Center,
                            #[name = "leave"]
                            gtk::Button {
                                set_label: &gettext("Restore Nothing"),
                                add_css_class: "pill",
                                connect_clicked => Input::Close,
                            },
                            gtk::Button {
                                set_label: &gettext("Restore Without It"),
                                add_css_class: "pill",
                                connect_clicked => Input::GoOn,
                            },
                        },
                    },
                    Step::Over { title, body, .. } => adw::StatusPage {
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
        let size = if init.elsewhere { ASKING_SIZE } else { PLAN_SIZE };
        let model = Self::new(init, &sender);
        let asking = model.asking.widget().clone();
        let page = model.page.widget().clone();
        let progress = model.progress.widget().clone();
        let widgets = view_output!();
        model.take_focus();
        let input = sender.input_sender().clone();
        glib::timeout_add_local_once(UNSEEN, move || {
            let _closed = input.send(Input::TakesLong);
        });
        if model.init.elsewhere {
            sender.input(Input::TakesLong);
        }
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
        let takes_long = matches!(message, Input::TakesLong);
        self.update(message, sender.clone(), root);
        self.update_view(widgets, sender);
        let is_quiet = matches!(self.step, Step::Planning | Step::Restoring);
        if !self.is_shown && (takes_long || !is_quiet) {
            self.is_shown = true;
            root.present();
        }
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
        // Return does what the step is for; the other steps see to it themselves.
        let _has_focus = match &self.step {
            Step::NoBackup { .. } => widgets.leave.grab_focus(),
            Step::Over { .. } => widgets.close.grab_focus(),
            _ => false,
        };
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>, root: &Self::Root) {
        match message {
            Input::To(folder) => self.restore_to(folder, &sender),
            Input::Planned(ticket, result) => self.planned(ticket, result, &sender),
            Input::Page(page::Output::Policy(policy)) => {
                self.on_conflict = policy;
                self.make_plan(&sender);
            }
            Input::Page(page::Output::Go { backs_up }) => self.begin(backs_up, &sender),
            Input::Page(page::Output::Cancel) | Input::Close => self.close(&sender, root),
            Input::BackedUp(result) => self.backed_up(result, &sender, root),
            Input::GoOn => self.go_on(&sender),
            Input::Tick(tick) => self.tick(&tick),
            Input::Done(result) => self.done(result, &sender, root),
            Input::Stop => self.stop(),
            Input::TakesLong => {}
        }
    }
}
