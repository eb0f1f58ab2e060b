//! Search through all of time: what was ever called so, when it was there, and the way to it. It asks on a thread of its
//! own, so that no folder waits for a search.

use jiff::Timestamp;
use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use self::asked::Asked;
use self::filters::{Chosen, Filters};
use super::history_worker::{Answer, HistoryWorker, Request};
use super::widgets::past::said::{Help, Page, Said};
use super::widgets::past::{Event, Item, PastList};
use crate::app::error::Result;
use crate::app::target::Target;
use crate::engine::history::{Found, SnapshotInfo};
use crate::engine::path::RelPath;
use crate::i18n::{gettext, gettext_f, ngettext_f};

mod asked;
mod filters;
mod words;

/// The model.
pub struct Search {
    target: Target,
    /// Started by the first question, and again when there are other snapshots.
    worker: Option<HistoryWorker>,
    snapshots: Vec<SnapshotInfo>,
    asked: Asked,
    /// Number of the newest question; older answers are dropped.
    ticket: u64,
    /// Where the page begins that is being looked up.
    awaited: Option<usize>,
    /// Where the next page begins.
    next: Option<usize>,
    hits: u64,
    /// What is said below the list.
    below: Option<String>,
    /// Words in place of a list.
    said: Option<Said>,
    /// The first hit is to be opened as soon as it is there.
    opens_first: bool,
    list: PastList,
    page: Page,
    filters: Filters,
}

/// What the search is told.
#[derive(Debug)]
pub enum Input {
    /// There are these snapshots.
    Snapshots(Vec<SnapshotInfo>),
    /// This text was typed.
    Text(String),
    /// This folder is open.
    Folder(RelPath),
    /// A filter.
    Filter(Chosen),
    /// The history answered.
    Answer(Answer),
    /// Something happened in the list.
    List(Event),
    /// The best hit is wanted.
    OpenFirst,
    /// The keyboard comes to the list.
    TakeFocus,
    /// The page's button.
    Help(Help),
    /// The window became narrow or wide.
    Narrow(bool),
}

/// What the person asked for.
#[derive(Debug)]
pub enum Output {
    /// Show a hit where it was.
    Opened(Item),
    /// Tell why this isn't there.
    Why(RelPath),
}

#[relm4::component(pub)]
impl Component for Search {
    type Init = Target;
    type Input = Input;
    type Output = Output;
    type CommandOutput = ();

    view! {
        gtk::Box {
            set_orientation: gtk::Orientation::Vertical,
            add_css_class: "folder",
            #[local_ref]
            filters -> gtk::FlowBox {},
            gtk::Box {
                set_orientation: gtk::Orientation::Vertical,
                set_vexpand: true,
                set_overflow: gtk::Overflow::Hidden,
                set_css_classes: &["card", "moment"],
                gtk::Box {
                    set_spacing: 12,
                    add_css_class: "moment-head",
                    gtk::Label {
                        set_xalign: 0.0,
                        set_hexpand: true,
                        set_ellipsize: gtk::pango::EllipsizeMode::End,
                        add_css_class: "heading",
                        #[watch]
                        set_label: &model.title(),
                    },
                    gtk::Spinner {
                        set_spinning: true,
                        #[watch]
                        set_visible: model.awaited.is_some(),
                    },
                    gtk::Label {
                        set_css_classes: &["caption", "dim-label", "numeric"],
                        #[watch]
                        set_label: &model.count(),
                    },
                },
                #[name = "stack"]
                gtk::Stack {
                    add_child: list,
                    add_child: page,
                    #[watch]
                    set_visible_child: model.shown(),
                },
            },
            gtk::Label {
                set_xalign: 0.0,
                set_wrap: true,
                set_css_classes: &["caption", "dim-label", "past-foot"],
                #[watch]
                set_visible: model.below.is_some(),
                #[watch]
                set_label: model.below.as_deref().unwrap_or_default(),
            },
        }
    }

    fn init(
        target: Target,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let input = sender.input_sender().clone();
        let list = PastList::new(&gettext("Hits"), move |event| {
            let _closed = input.send(Input::List(event));
        });
        let input = sender.input_sender().clone();
        let page = Page::new(move |help| {
            let _closed = input.send(Input::Help(help));
        });
        let input = sender.input_sender().clone();
        let filters = Filters::new(move |chosen| {
            let _closed = input.send(Input::Filter(chosen));
        });
        let model = Self {
            target,
            worker: None,
            snapshots: Vec::new(),
            asked: Asked::default(),
            ticket: 0,
            awaited: None,
            next: None,
            hits: 0,
            below: None,
            said: None,
            opens_first: false,
            list,
            page,
            filters,
        };
        let (list, page) = (&model.list.root, &model.page.root);
        let filters = &model.filters.root;
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
        self.update(message, sender.clone(), root);
        if let Some(said) = &self.said {
            self.page.say(said);
        }
        self.update_view(widgets, sender);
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>, root: &Self::Root) {
        match message {
            Input::Snapshots(snapshots) => {
                self.snapshots = snapshots;
                // One that is open doesn't see them.
                self.worker = None;
                self.ask(0, &sender);
            }
            Input::Text(text) if text == self.asked.text => {}
            Input::Text(text) => {
                if text.trim().is_empty() {
                    self.filters.clear();
                    self.asked.drop_filters();
                }
                self.asked.text = text;
                self.ask(0, &sender);
            }
            Input::Folder(folder) => {
                self.filters.set_folder(&folder.to_string());
                self.asked.folder = folder;
            }
            Input::Filter(chosen) => {
                match chosen {
                    Chosen::Kind(kind) => self.asked.kind = kind,
                    Chosen::GoneOnly(gone_only) => self.asked.gone_only = gone_only,
                    Chosen::HereOnly(here_only) => self.asked.here_only = here_only,
                }
                self.ask(0, &sender);
            }
            Input::Answer(Answer::Search { ticket, found }) if ticket == self.ticket => {
                self.found(found, &sender);
            }
            Input::Answer(_) | Input::List(Event::Selected) => {}
            Input::List(Event::Opened(row)) => {
                if let Some(item) = self.list.item(row).filter(|_| self.awaited != Some(0)) {
                    let _closed = sender.output(Output::Opened(item));
                }
            }
            Input::List(Event::NearEnd) => {
                if let Some(next) = self.next.filter(|_| self.awaited.is_none()) {
                    self.ask(next, &sender);
                }
            }
            Input::OpenFirst => self.open_first(&sender),
            Input::TakeFocus => self.list.take_focus(),
            Input::Help(Help::Retry) => self.ask(0, &sender),
            Input::Help(Help::Why) => {
                if let Some(path) = self.asked.typed_path() {
                    let _closed = sender.output(Output::Why(path));
                }
            }
            Input::Narrow(is_narrow) => {
                root.set_class_active("narrow", is_narrow);
            }
        }
    }
}

impl Search {
    fn ask(&mut self, offset: usize, sender: &ComponentSender<Self>) {
        self.ticket += 1;
        self.opens_first = false;
        let Some(query) = self.asked.query(offset) else {
            self.awaited = None;
            return;
        };
        self.awaited = Some(offset);
        let target = &self.target;
        let worker = self.worker.get_or_insert_with(|| {
            HistoryWorker::start(target.clone(), sender.input_sender(), Input::Answer)
        });
        worker.ask(Request::Search { query, ticket: self.ticket });
    }

    fn found(&mut self, found: Result<Found>, sender: &ComponentSender<Self>) {
        let is_first = self.awaited.take() == Some(0);
        if is_first {
            self.list.clear();
            self.hits = 0;
        }
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                (self.next, self.below, self.said) = (None, None, Some(Said::failure(&error)));
                return;
            }
        };
        let now = Timestamp::now();
        let rows = found.hits.iter().map(|hit| words::row(hit, &self.snapshots, now));
        self.list.add(rows);
        self.hits += found.hits.len() as u64;
        self.next = found.next;
        self.said = (self.hits == 0).then(|| words::nothing(&self.asked, &found));
        self.below = words::below(&found).filter(|_| self.hits > 0);
        if std::mem::take(&mut self.opens_first) {
            self.open_first(sender);
        }
        let input = sender.input_sender().clone();
        self.list.look_for_end(move |event| {
            let _closed = input.send(Input::List(event));
        });
    }

    fn open_first(&mut self, sender: &ComponentSender<Self>) {
        if self.awaited == Some(0) {
            self.opens_first = true;
        } else if let Some((_, item)) = self.list.first().filter(|_| self.said.is_none()) {
            let _closed = sender.output(Output::Opened(item));
        }
    }

    fn shown(&self) -> &gtk::Widget {
        if self.said.is_some() { self.page.root.upcast_ref() } else { self.list.root.upcast_ref() }
    }

    fn title(&self) -> String {
        gettext_f("“{text}” in all of time", &[("text", self.asked.text.trim())])
    }

    fn count(&self) -> String {
        match (self.hits, self.next) {
            (0, _) => String::new(),
            (hits, None) => ngettext_f("{count} hit", "{count} hits", hits, &[]),
            (hits, Some(_)) => ngettext_f("the first {count}", "the first {count}", hits, &[]),
        }
    }
}
