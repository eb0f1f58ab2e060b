//! A bar over the folder: a restore that was interrupted, and one that is gone on with or taken back.

use std::time::Duration;

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use crate::app::text;
use crate::engine::restore::JournalInfo;
use crate::i18n::{gettext, gettext_f};
use crate::ui::bridge::Tick;
use crate::ui::widgets::progress::{self, Shown};
use crate::ui::widgets::{icon, name_of, named};

/// What is over before this is not worth a bar that comes and goes.
const WORTH_SHOWING: Duration = Duration::from_millis(500);

/// The model.
#[derive(Debug)]
pub struct RestoreBar {
    state: State,
    narrow: bool,
}

#[derive(Debug)]
enum State {
    /// Nothing to tell.
    Idle,
    /// A restore was interrupted.
    Interrupted {
        info: JournalInfo,
        /// It took from the repository that is open.
        can_continue: bool,
    },
    /// Something runs; `None` until it has run for a while.
    Working(Work, Option<Shown>),
    /// Waiting for it to stop.
    Stopping,
}

/// What runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// An interrupted restore is gone on with.
    Continuing,
    /// A restore is taken back.
    TakingBack,
}

/// What the bar is told.
#[derive(Debug)]
pub enum Input {
    /// Nothing is interrupted, and nothing runs.
    Clear,
    /// This restore was interrupted.
    Interrupted {
        /// Which.
        info: JournalInfo,
        /// It took from the repository that is open.
        can_continue: bool,
    },
    /// This begins.
    Begin(Work),
    /// How far it is.
    Tick(Tick),
    /// It was asked to stop.
    Stopping,
    /// The window became narrow or wide.
    Narrow(bool),
}

/// What the person asked for.
#[derive(Debug)]
pub enum Output {
    /// Go on with the interrupted restore.
    Continue,
    /// Take it back.
    TakeBack,
    /// Stop what runs.
    Stop,
}

#[relm4::component(pub)]
impl SimpleComponent for RestoreBar {
    type Init = ();
    type Input = Input;
    type Output = Output;

    view! {
        gtk::Box {
            set_spacing: 10,
            set_css_classes: &["card", "restore-notice"],
            #[watch]
            set_orientation: if model.narrow { gtk::Orientation::Vertical } else { gtk::Orientation::Horizontal },
            #[watch]
            set_class_active: ("narrow", model.narrow),
            #[watch]
            set_visible: model.is_shown(),
            gtk::Box {
                set_spacing: 10,
                set_hexpand: true,
                icon::decoration() -> gtk::Image {
                    set_icon_name: Some("dialog-warning-symbolic"),
                    add_css_class: "warning",
                    #[watch]
                    set_visible: matches!(model.state, State::Interrupted { .. }),
                },
                gtk::Box {
                    set_orientation: gtk::Orientation::Vertical,
                    set_valign: gtk::Align::Center,
                    set_spacing: 4,
                    gtk::Label {
                        set_xalign: 0.0,
                        set_hexpand: true,
                        set_wrap: true,
                        set_wrap_mode: gtk::pango::WrapMode::WordChar,
                        #[watch]
                        set_label: &model.words(),
                    },
                    named::progress_bar(&gettext("Restore progress")) -> gtk::ProgressBar {
                        #[watch]
                        set_visible: model.shown().is_some(),
                        #[watch]
                        set_fraction: model.shown().and_then(|shown| shown.fraction).unwrap_or_default(),
                    },
                },
            },
            gtk::Box {
                set_spacing: 8,
                set_halign: gtk::Align::End,
                set_valign: gtk::Align::Center,
                gtk::Button {
                    set_label: &gettext("Take Back"),
                    set_tooltip_text: Some(&gettext("Put everything back as it was before the restore")),
                    #[watch]
                    set_visible: matches!(model.state, State::Interrupted { .. }),
                    connect_clicked[sender] => move |_| {
                        let _closed = sender.output(Output::TakeBack);
                    },
                },
                gtk::Button {
                    set_label: &gettext("Continue"),
                    set_tooltip_text: Some(&gettext("Go on with the restore")),
                    add_css_class: "suggested-action",
                    #[watch]
                    set_visible: matches!(model.state, State::Interrupted { can_continue: true, .. }),
                    connect_clicked[sender] => move |_| {
                        let _closed = sender.output(Output::Continue);
                    },
                },
                gtk::Button {
                    set_label: &gettext("Stop"),
                    #[watch]
                    set_visible: matches!(model.state, State::Working(..)),
                    connect_clicked[sender] => move |_| {
                        let _closed = sender.output(Output::Stop);
                    },
                },
            },
        }
    }

    fn init(_: (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let model = Self { state: State::Idle, narrow: false };
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: Input, _sender: ComponentSender<Self>) {
        match message {
            Input::Clear => self.state = State::Idle,
            Input::Interrupted { info, can_continue } => {
                self.state = State::Interrupted { info, can_continue };
            }
            // What was interrupted is told of until something is to be told instead.
            Input::Begin(work) => {
                let shown = self.is_shown().then(Shown::default);
                self.state = State::Working(work, shown);
            }
            Input::Tick(tick) => {
                if let State::Working(_, shown) = &mut self.state
                    && (shown.is_some() || tick.elapsed >= WORTH_SHOWING)
                {
                    *shown = Some(progress::shown(&tick));
                }
            }
            Input::Stopping => self.state = State::Stopping,
            Input::Narrow(narrow) => self.narrow = narrow,
        }
    }
}

impl RestoreBar {
    fn is_shown(&self) -> bool {
        !matches!(self.state, State::Idle | State::Working(_, None))
    }

    fn shown(&self) -> Option<&Shown> {
        match &self.state {
            State::Working(_, shown) => shown.as_ref(),
            State::Idle | State::Interrupted { .. } | State::Stopping => None,
        }
    }

    fn words(&self) -> String {
        match &self.state {
            State::Idle => String::new(),
            State::Interrupted { info, .. } => gettext_f(
                "The restore of {when} to {path} was interrupted.",
                &[("when", &text::moment(info.started)), ("path", &name_of(&info.first))],
            ),
            State::Working(Work::Continuing, shown) => {
                with_items(&gettext("Going on with the restore…"), shown.as_ref())
            }
            State::Working(Work::TakingBack, shown) => {
                with_items(&gettext("Taking the restore back…"), shown.as_ref())
            }
            State::Stopping => gettext("Stopping…"),
        }
    }
}

fn with_items(words: &str, shown: Option<&Shown>) -> String {
    match shown.filter(|shown| !shown.items.is_empty()) {
        Some(shown) => progress::join(words, &shown.items),
        None => words.to_owned(),
    }
}
