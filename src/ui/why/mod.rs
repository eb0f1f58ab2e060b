//! Why something isn't there at a moment, and the one thing that helps.

use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk;
use relm4::gtk::glib;
use relm4::prelude::*;

pub use self::model::Absence;
use self::model::Answer as Told;
use super::history_worker::{Answer, HistoryWorker, Request};
use super::problems::escape;
use super::widgets::plain;
use crate::app::target::Target;
use crate::engine::path::{RelPath, display};
use crate::i18n::gettext;

mod model;

/// What is missing, where, and on which drive.
#[derive(Debug)]
pub struct Init {
    /// The drive.
    pub target: Target,
    /// What is missing.
    pub path: RelPath,
    /// In the snapshot of this number.
    pub at: u64,
}

/// The model.
pub struct Why {
    path: RelPath,
    /// Held for its answer.
    _worker: HistoryWorker,
    /// `None` until it is known.
    told: Option<Told>,
}

/// What the window is told.
#[derive(Debug)]
pub enum Input {
    /// The history answered.
    Answer(Answer),
    /// Show it where it is.
    Show,
}

/// Show what was asked about in the snapshot of this number.
#[derive(Debug)]
pub struct Show(pub RelPath, pub u64);

#[relm4::component(pub)]
impl Component for Why {
    type Init = Init;
    type Input = Input;
    type Output = Show;
    type CommandOutput = ();

    view! {
        adw::Window {
            set_modal: true,
            set_default_size: (460, 420),
            set_width_request: 340,
            set_title: Some(&gettext("Why Isn’t It Here?")),
            add_controller = escape() -> gtk::ShortcutController {},
            gtk::Box {
                set_orientation: gtk::Orientation::Vertical,
                adw::HeaderBar { add_css_class: "flat" },
                match &model.told {
                    None => gtk::Spinner {
                        set_spinning: true,
                        set_vexpand: true,
                        set_halign: gtk::Align::Center,
                        set_size_request: (32, 32),
                    },
                    Some(told) => adw::StatusPage {
                        set_vexpand: true,
                        add_css_class: "compact",
                        set_icon_name: Some("edit-find-symbolic"),
                        set_title: &glib::markup_escape_text(&display(model.path.name().unwrap_or_default())),
                        #[watch]
                        set_description: Some(&glib::markup_escape_text(&words(told))),
                        gtk::Button {
                            set_label: &gettext("Show It When It Was There"),
                            set_halign: gtk::Align::Center,
                            set_css_classes: &["pill", "suggested-action"],
                            #[watch]
                            set_visible: told.shown_in.is_some(),
                            connect_clicked => Input::Show,
                        },
                    },
                },
            },
        }
    }

    fn init(
        Init { target, path, at }: Init,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let worker = HistoryWorker::start(target, sender.input_sender(), Input::Answer);
        worker.ask(Request::Why { path: path.clone(), at });
        let model = Self { path, _worker: worker, told: None };
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>, root: &Self::Root) {
        match message {
            Input::Answer(Answer::Why(Ok(found))) => self.told = Some(found.answer()),
            Input::Answer(Answer::Why(Err(error))) => {
                let what = plain::sentence(&error);
                self.told = Some(Told { what, advice: None, shown_in: None });
            }
            Input::Answer(_) => {}
            Input::Show => {
                if let Some(at) = self.told.as_ref().and_then(|told| told.shown_in) {
                    let _closed = sender.output(Show(self.path.clone(), at));
                }
                root.close();
            }
        }
    }
}

fn words(told: &Told) -> String {
    match &told.advice {
        Some(advice) => format!("{}\n\n{advice}", told.what),
        None => told.what.clone(),
    }
}
