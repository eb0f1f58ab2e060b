//! The status card: whether the person is safe, in one glance; the running backup, and the way to start or stop one.

use std::time::Duration;

use jiff::Timestamp;
use relm4::gtk::prelude::*;
use relm4::prelude::*;
use relm4::{gtk, gtk::glib};

use self::said::{Look, Remedy};
use super::bridge::Tick;
use super::widgets::icon;
use super::widgets::named;
use super::widgets::progress::{self, Shown};
use crate::app::status::Status;
use crate::i18n::gettext;

mod said;

/// How often "3 minutes ago" is worded again.
const REWORD_INTERVAL: Duration = Duration::from_secs(20);

/// What fits the sidebar's width.
const LINE_CHARS: i32 = 26;
/// The same in larger letters, beside the icon.
const TITLE_CHARS: i32 = 16;

/// The card's model.
#[derive(Debug)]
pub struct StatusCard {
    status: Option<Status>,
    run: Run,
    problems: u64,
    can_back_up: bool,
}

/// Where a backup stands.
#[derive(Debug, Default)]
enum Run {
    #[default]
    Idle,
    Running(Shown),
    Stopping,
    /// The index is being made again, and nothing can be done before.
    Reading(Shown),
}

/// What the card is told.
#[derive(Debug)]
pub enum Input {
    /// The status was read; nothing while it is being read again and can't be relied on.
    Status(Option<Box<Status>>),
    /// A backup began.
    Started,
    /// How far it is.
    Tick(Tick),
    /// A stop was asked for; shown at once.
    Stopping,
    /// The run is over, with this many things to tell of.
    Finished {
        /// How many problems can be shown.
        problems: u64,
    },
    /// The index is being made again: how far that is; nothing once it is over.
    Reading(Option<Tick>),
    /// The button was pressed.
    Help,
    /// Time went by.
    Reword,
}

/// What the person asked for.
#[derive(Debug)]
pub enum Output {
    /// Back up now.
    BackUp,
    /// Stop the running backup.
    Stop,
    /// See whether the drive is attached.
    LookAgain,
    /// Show what the last run could not do.
    ShowProblems,
}

#[relm4::component(pub)]
impl SimpleComponent for StatusCard {
    /// Whether there are sources to back up: a repository opened on another computer has none.
    type Init = bool;
    type Input = Input;
    type Output = Output;

    view! {
        gtk::Box {
            set_orientation: gtk::Orientation::Vertical,
            set_spacing: 12,
            add_css_class: "status-card",

            gtk::Box {
                set_spacing: 12,

                #[name = "disc"]
                icon::decoration() -> gtk::Image {
                    set_pixel_size: 18,
                    set_valign: gtk::Align::Start,
                    #[watch]
                    set_icon_name: Some(model.look().icon),
                    #[watch]
                    set_css_classes: &["health", model.look().class],
                },

                gtk::Box {
                    set_orientation: gtk::Orientation::Vertical,
                    set_hexpand: true,
                    set_valign: gtk::Align::Center,

                    gtk::Label {
                        add_css_class: "heading",
                        set_xalign: 0.0,
                        set_wrap: true,
                        set_max_width_chars: TITLE_CHARS,
                        #[watch]
                        set_label: &model.title(),
                    },
                    gtk::Label {
                        add_css_class: "caption",
                        add_css_class: "dim-label",
                        set_xalign: 0.0,
                        set_wrap: true,
                        set_max_width_chars: LINE_CHARS,
                        set_wrap_mode: gtk::pango::WrapMode::WordChar,
                        #[watch]
                        set_label: &model.subtitle(),
                        #[watch]
                        set_visible: !model.subtitle().is_empty(),
                    },
                },
            },

            named::progress_bar(&gettext("Backup progress")) -> gtk::ProgressBar {
                #[watch]
                set_visible: !model.is_idle(),
                #[watch]
                set_fraction: model.fraction(),
            },
            gtk::Box {
                set_orientation: gtk::Orientation::Vertical,
                set_spacing: 2,
                add_css_class: "caption",
                add_css_class: "numeric",
                #[watch]
                set_visible: model.shown().is_some(),

                gtk::Label {
                    set_xalign: 0.0,
                    // Longer text must not widen the sidebar.
                    set_max_width_chars: LINE_CHARS,
                    set_ellipsize: gtk::pango::EllipsizeMode::End,
                    #[watch]
                    set_label: model.shown().map_or("", |shown| &shown.items),
                },
                gtk::Label {
                    set_xalign: 0.0,
                    set_max_width_chars: LINE_CHARS,
                    set_ellipsize: gtk::pango::EllipsizeMode::End,
                    #[watch]
                    set_label: model.shown().map_or("", |shown| &shown.bytes),
                },
                gtk::Label {
                    set_xalign: 0.0,
                    set_max_width_chars: LINE_CHARS,
                    set_ellipsize: gtk::pango::EllipsizeMode::End,
                    #[watch]
                    set_label: model.shown().map_or("", |shown| &shown.left),
                },
                gtk::Label {
                    set_xalign: 0.0,
                    add_css_class: "dim-label",
                    set_max_width_chars: LINE_CHARS,
                    set_ellipsize: gtk::pango::EllipsizeMode::Middle,
                    #[watch]
                    set_label: model.shown().map_or("", |shown| &shown.current),
                },
            },

            gtk::Button {
                #[watch]
                set_label: &model.remedy().label(),
                #[watch]
                set_tooltip_text: Some(&model.remedy().tooltip()),
                #[watch]
                set_visible: model.can_help(),
                connect_clicked => Input::Help,
            },
            gtk::Button {
                #[watch]
                set_label: &model.stop_label(),
                #[watch]
                set_visible: model.is_backing_up(),
                #[watch]
                set_sensitive: matches!(model.run, Run::Running(_)),
                connect_clicked[sender] => move |_| { let _ = sender.output(Output::Stop); },
            },
            gtk::Button {
                #[watch]
                set_label: &gettext("Show Problems"),
                add_css_class: "flat",
                #[watch]
                set_visible: model.has_problems(),
                connect_clicked[sender] => move |_| { let _ = sender.output(Output::ShowProblems); },
            },
        }
    }

    fn init(
        can_back_up: bool,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let model = Self { status: None, run: Run::Idle, problems: 0, can_back_up };
        let widgets = view_output!();
        let ticks = sender.input_sender().clone();
        glib::timeout_add_local(REWORD_INTERVAL, move || match ticks.send(Input::Reword) {
            Ok(()) => glib::ControlFlow::Continue,
            Err(_) => glib::ControlFlow::Break,
        });
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>) {
        match message {
            Input::Status(status) => self.status = status.map(|status| *status),
            Input::Started => self.run = Run::Running(Shown::default()),
            Input::Tick(tick) => {
                if let Run::Running(shown) = &mut self.run {
                    *shown = progress::shown(&tick);
                }
            }
            Input::Stopping => self.run = Run::Stopping,
            Input::Finished { problems } => {
                self.run = Run::Idle;
                self.problems = problems;
                // What was known is out of date; the new one is being read.
                self.status = None;
            }
            Input::Reading(Some(tick)) if !self.is_backing_up() => {
                self.run = Run::Reading(progress::shown(&tick));
            }
            Input::Reading(None) if matches!(self.run, Run::Reading(_)) => self.run = Run::Idle,
            Input::Reading(_) => {}
            Input::Help => {
                let _closed = sender.output(match self.remedy() {
                    Remedy::BackUp | Remedy::GoOn => Output::BackUp,
                    Remedy::LookAgain => Output::LookAgain,
                });
            }
            // A drive that was attached is noticed by itself.
            Input::Reword if self.is_idle() && self.remedy() == Remedy::LookAgain => {
                let _closed = sender.output(Output::LookAgain);
            }
            Input::Reword => {}
        }
    }
}

impl StatusCard {
    fn shown(&self) -> Option<&Shown> {
        match &self.run {
            Run::Running(shown) | Run::Reading(shown) => Some(shown),
            Run::Idle | Run::Stopping => None,
        }
    }

    fn fraction(&self) -> f64 {
        self.shown().and_then(|shown| shown.fraction).unwrap_or_default()
    }

    fn is_idle(&self) -> bool {
        matches!(self.run, Run::Idle)
    }

    /// A backup runs: it can be stopped.
    fn is_backing_up(&self) -> bool {
        matches!(self.run, Run::Running(_) | Run::Stopping)
    }

    fn look(&self) -> Look {
        match (&self.run, &self.status) {
            (Run::Running(_) | Run::Stopping | Run::Reading(_), _) => {
                Look { icon: "emblem-synchronizing-symbolic", class: "busy" }
            }
            (Run::Idle, None) => Look { icon: "content-loading-symbolic", class: "calm" },
            (Run::Idle, Some(status)) => said::look(&status.health),
        }
    }

    fn title(&self) -> String {
        match (&self.run, &self.status) {
            (Run::Running(shown), _) if !shown.phase.is_empty() => shown.phase.clone(),
            (Run::Running(_), _) => gettext("Backing up…"),
            (Run::Reading(_), _) => gettext("Making the index again…"),
            (Run::Stopping, _) => gettext("Stopping…"),
            (Run::Idle, None) => gettext("Looking at the drive…"),
            (Run::Idle, Some(status)) => said::title(status),
        }
    }

    fn subtitle(&self) -> String {
        match &self.status {
            Some(status) if self.is_idle() => said::lines(status, Timestamp::now()).join("\n"),
            _ => String::new(),
        }
    }

    /// What helps now.
    fn remedy(&self) -> Remedy {
        self.status.as_ref().map_or(Remedy::BackUp, Remedy::of)
    }

    /// Looking again helps whoever sees a drive, even one from another computer.
    fn can_help(&self) -> bool {
        self.is_idle() && (self.can_back_up || self.remedy() == Remedy::LookAgain)
    }

    /// Of the last run, or found in the newest snapshot, whatever the person said to them.
    fn has_problems(&self) -> bool {
        let listed = self.status.as_ref().is_some_and(|status| !status.problems.is_empty());
        self.is_idle() && (self.problems > 0 || listed)
    }

    fn stop_label(&self) -> String {
        match self.run {
            Run::Stopping => gettext("Stopping…"),
            Run::Idle | Run::Running(_) | Run::Reading(_) => gettext("Stop"),
        }
    }
}
