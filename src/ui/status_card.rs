//! The status card: whether the person is safe, in one glance; the running backup, and the way to start or stop one.

use std::time::Duration;

use jiff::Timestamp;
use relm4::gtk::prelude::*;
use relm4::prelude::*;
use relm4::{gtk, gtk::glib};

use super::bridge::Tick;
use super::widgets::icon;
use super::widgets::name_of;
use super::widgets::named;
use super::widgets::progress::{self, Shown};
use crate::app::status::{Health, Status};
use crate::app::text;
use crate::i18n::{gettext, gettext_f, ngettext_f};

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
                set_visible: !matches!(model.run, Run::Idle),
                #[watch]
                set_fraction: model.fraction(),
            },
            gtk::Box {
                set_orientation: gtk::Orientation::Vertical,
                set_spacing: 2,
                add_css_class: "caption",
                add_css_class: "numeric",
                #[watch]
                set_visible: matches!(model.run, Run::Running(_)),

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
                set_label: &gettext("Back Up Now"),
                set_tooltip_text: Some(&gettext("Make a snapshot of the protected folders (Ctrl+B)")),
                #[watch]
                set_visible: matches!(model.run, Run::Idle) && model.can_back_up,
                connect_clicked[sender] => move |_| { let _ = sender.output(Output::BackUp); },
            },
            gtk::Button {
                #[watch]
                set_label: &model.stop_label(),
                #[watch]
                set_visible: !matches!(model.run, Run::Idle),
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

    fn update(&mut self, message: Input, _sender: ComponentSender<Self>) {
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
            Input::Reword => {}
        }
    }
}

/// An icon and the colour of its disc: never the colour alone.
struct Look {
    icon: &'static str,
    class: &'static str,
}

impl StatusCard {
    fn shown(&self) -> Option<&Shown> {
        match &self.run {
            Run::Running(shown) => Some(shown),
            Run::Idle | Run::Stopping => None,
        }
    }

    fn fraction(&self) -> f64 {
        self.shown().and_then(|shown| shown.fraction).unwrap_or_default()
    }

    fn look(&self) -> Look {
        let (icon, class) = match (&self.run, self.status.as_ref().map(|status| &status.health)) {
            (Run::Running(_) | Run::Stopping, _) => ("emblem-synchronizing-symbolic", "busy"),
            (Run::Idle, None) => ("content-loading-symbolic", "calm"),
            (Run::Idle, Some(Health::Never)) => ("document-open-recent-symbolic", "calm"),
            (Run::Idle, Some(Health::Protected)) => ("emblem-ok-symbolic", "good"),
            (
                Run::Idle,
                Some(Health::Partial(_) | Health::SourceMissing(_) | Health::Damaged(_)),
            ) => ("dialog-warning-symbolic", "doubtful"),
            (Run::Idle, Some(Health::DriveAway)) => ("drive-harddisk-symbolic", "calm"),
            (Run::Idle, Some(Health::Failed(_))) => ("dialog-error-symbolic", "bad"),
        };
        Look { icon, class }
    }

    fn title(&self) -> String {
        match &self.run {
            Run::Running(shown) if !shown.phase.is_empty() => return shown.phase.clone(),
            Run::Running(_) => return gettext("Backing up…"),
            Run::Stopping => return gettext("Stopping…"),
            Run::Idle => {}
        }
        match self.status.as_ref().map(|status| &status.health) {
            None => gettext("Looking at the drive…"),
            Some(Health::Never) => gettext("Not backed up yet"),
            Some(Health::Protected | Health::Partial(_)) => gettext("Protected"),
            Some(Health::SourceMissing(_)) => gettext("A folder is missing"),
            Some(Health::Damaged(_)) => gettext("Stored files are damaged"),
            Some(Health::DriveAway) => gettext("Drive not attached"),
            Some(Health::Failed(_)) => gettext("Last backup failed"),
        }
    }

    fn subtitle(&self) -> String {
        let Some(status) = &self.status else { return String::new() };
        if !matches!(self.run, Run::Idle) {
            return String::new();
        }
        let mut lines = Vec::new();
        match &status.health {
            Health::Partial(count) => lines.push(ngettext_f(
                "{count} file could not be read",
                "{count} files could not be read",
                *count,
                &[],
            )),
            Health::SourceMissing(path) => lines
                .push(gettext_f("{path} is missing or was emptied", &[("path", &name_of(path))])),
            Health::Damaged(count) => lines.push(ngettext_f(
                "{count} thing is not as it was backed up: “yore verify” says which",
                "{count} things are not as they were backed up: “yore verify” says which",
                *count,
                &[],
            )),
            Health::Failed(why) => lines.push(why.clone()),
            Health::DriveAway => {
                lines.extend(status.unreachable.as_ref().map(|why| why.what.clone()))
            }
            Health::Never | Health::Protected => {}
        }
        if let Some(newest) = &status.newest {
            lines.push(text::ago(newest.current_at(), Timestamp::now()));
        }
        lines.join("\n")
    }

    /// Of the last run, or found in the newest snapshot.
    fn has_problems(&self) -> bool {
        let health = self.status.as_ref().map(|status| &status.health);
        let is_partial = matches!(health, Some(Health::Partial(_)));
        matches!(self.run, Run::Idle) && (self.problems > 0 || is_partial)
    }

    fn stop_label(&self) -> String {
        match self.run {
            Run::Stopping => gettext("Stopping…"),
            Run::Idle | Run::Running(_) => gettext("Stop"),
        }
    }
}
