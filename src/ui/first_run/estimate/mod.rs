//! What the first backup will be: how much, whether the drive has room for it, and the largest and busiest things in it,
//! each of which can be left out. Counted on a thread of its own while the person goes on choosing.

use std::path::PathBuf;

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use crate::app::error::Result;
use crate::app::estimate::estimate;
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::engine::survey::{Sum, Survey};
use crate::i18n::gettext;
use crate::ui::bridge::{self, Running, Tick};
use crate::ui::widgets::{named, plain};

mod rows;
mod words;

/// The model.
#[derive(Debug, Default)]
pub struct Estimate {
    /// Number of the newest look; what an older one says is dropped.
    round: u64,
    running: Option<Running>,
    state: State,
    /// What the person leaves out, of the things that were found.
    left_out: Vec<RelPath>,
    /// Bytes that are free on the chosen drive.
    free_bytes: Option<u64>,
    list: gtk::ListBox,
}

/// How far the look is.
#[derive(Debug, Default)]
enum State {
    /// There are no folders.
    #[default]
    Nothing,
    /// So much was seen.
    Looking(Sum),
    /// Here it is.
    Found(Survey),
    /// It could not be found out: why.
    Fault(String),
}

/// What it is told.
#[derive(Debug)]
pub enum Input {
    /// These are the folders now.
    Look(Vec<PathBuf>),
    /// So much is free on the drive that is chosen now.
    Room(Option<u64>),
    /// How far a look is.
    Tick(u64, Tick),
    /// A look is over.
    Looked(u64, Result<Survey>),
    /// Leave this out.
    LeaveOut(RelPath),
    /// Don't leave it out.
    PutBack(RelPath),
}

/// What is left out now.
#[derive(Debug)]
pub struct LeftOut(pub Vec<RelPath>);

#[relm4::component(pub)]
impl Component for Estimate {
    type Init = ();
    type Input = Input;
    type Output = LeftOut;
    type CommandOutput = ();

    view! {
        gtk::Box {
            set_orientation: gtk::Orientation::Vertical,
            set_spacing: 12,
            set_valign: gtk::Align::Start,
            #[watch]
            set_visible: !matches!(model.state, State::Nothing),

            gtk::Label {
                set_label: &gettext("What Will Be Backed Up"),
                set_xalign: 0.0,
                // As high as the headings with buttons beside it.
                set_height_request: 34,
                add_css_class: "heading",
            },
            gtk::Box {
                set_orientation: gtk::Orientation::Vertical,
                set_spacing: 6,
                set_css_classes: &["card", "estimate"],
                gtk::Box {
                    set_spacing: 12,
                    gtk::Label {
                        set_xalign: 0.0,
                        set_hexpand: true,
                        set_wrap: true,
                        set_css_classes: &["title-4", "numeric"],
                        #[watch]
                        set_label: &words::amount(model.sum(), model.is_looking()),
                    },
                    gtk::Spinner {
                        #[watch]
                        set_spinning: model.is_looking(),
                        #[watch]
                        set_visible: model.is_looking(),
                    },
                },
                gtk::Label {
                    set_xalign: 0.0,
                    set_wrap: true,
                    set_wrap_mode: gtk::pango::WrapMode::WordChar,
                    #[watch]
                    set_css_classes: if model.is_lacking() { &["error"] } else { &["dim-label"] },
                    #[watch]
                    set_label: &model.verdict(),
                    #[watch]
                    set_visible: !model.verdict().is_empty(),
                },
            },
            gtk::Label {
                set_label: &gettext("The largest and busiest things in it. What can be had again need not be kept:"),
                set_xalign: 0.0,
                set_wrap: true,
                add_css_class: "dim-label",
                #[watch]
                set_visible: model.has_things(),
            },
            #[local_ref]
            list -> gtk::ListBox {
                set_selection_mode: gtk::SelectionMode::None,
                add_css_class: "boxed-list",
                #[watch]
                set_visible: model.has_things(),
            },
        }
    }

    fn init((): (), root: Self::Root, _sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let list = named::list_box(&gettext("Largest and busiest things"));
        let model = Self { list: list.clone(), ..Self::default() };
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>, _root: &Self::Root) {
        match message {
            Input::Look(folders) => self.look(folders, sender.input_sender()),
            Input::Room(free_bytes) => self.free_bytes = free_bytes,
            Input::Tick(round, tick) => {
                if round == self.round && self.is_looking() {
                    let (entries, bytes) = (tick.progress.done_entries, tick.progress.done_bytes);
                    self.state = State::Looking(Sum { entries, bytes, lately_bytes: 0 });
                }
            }
            Input::Looked(round, result) => {
                if round == self.round {
                    self.looked(result);
                    self.changed(&sender);
                }
            }
            Input::LeaveOut(path) => {
                if !self.left_out.contains(&path) {
                    self.left_out.push(path);
                }
                self.changed(&sender);
            }
            Input::PutBack(path) => {
                self.left_out.retain(|known| *known != path);
                self.changed(&sender);
            }
        }
    }
}

impl Estimate {
    /// Begins anew; the look that runs stops when its handle goes.
    fn look(&mut self, folders: Vec<PathBuf>, input: &relm4::Sender<Input>) {
        self.round += 1;
        self.running = None;
        if folders.is_empty() {
            self.state = State::Nothing;
            return;
        }
        self.state = State::Looking(Sum::default());
        let round = self.round;
        self.running = Some(bridge::start(
            input,
            Monitor::new(),
            move |monitor| estimate(&folders, monitor),
            move |tick| Input::Tick(round, tick),
            move |looked| {
                Input::Looked(round, looked.unwrap_or(Err(crate::app::error::Error::BrokenDown)))
            },
        ));
    }

    fn looked(&mut self, result: Result<Survey>) {
        self.running = None;
        self.state = match result {
            Ok(survey) => State::Found(survey),
            Err(error) => State::Fault(plain::sentence(&error)),
        };
        // What isn't shown any more can't be put back: it is not left out behind the person's back.
        let things = self.things().to_vec();
        self.left_out.retain(|path| things.iter().any(|thing| thing.path == *path));
    }

    fn changed(&self, sender: &ComponentSender<Self>) {
        rows::fill(&self.list, self.things(), &self.left_out, sender.input_sender());
        let _closed = sender.output(LeftOut(self.left_out.clone()));
    }

    fn things(&self) -> &[crate::engine::survey::Thing] {
        match &self.state {
            State::Found(survey) => &survey.things,
            State::Nothing | State::Looking(_) | State::Fault(_) => &[],
        }
    }

    fn has_things(&self) -> bool {
        !self.things().is_empty()
    }

    fn is_looking(&self) -> bool {
        matches!(self.state, State::Looking(_))
    }

    /// Everything that was found so far but what is left out.
    fn sum(&self) -> Sum {
        match &self.state {
            State::Nothing | State::Fault(_) => Sum::default(),
            State::Looking(sum) => *sum,
            State::Found(survey) => {
                let out = survey.things.iter().filter(|it| self.left_out.contains(&it.path));
                out.fold(survey.all, |sum, thing| sum.without(thing.sum))
            }
        }
    }

    fn is_lacking(&self) -> bool {
        matches!(self.state, State::Found(_)) && words::is_lacking(self.sum(), self.free_bytes)
    }

    fn verdict(&self) -> String {
        match &self.state {
            State::Fault(why) => why.clone(),
            State::Found(survey) => words::verdict(self.sum(), self.free_bytes, survey.unreadable),
            State::Nothing | State::Looking(_) => String::new(),
        }
    }
}
