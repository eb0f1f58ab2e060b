//! Deleted Files: what is gone, newest first, under the days on which it was noticed, and the ways to bring it back or to
//! see it where it was. It asks on a thread of its own, so that no folder waits for it.

use jiff::Timestamp;
use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

pub use self::messages::{Input, Output};
pub use self::rows::Group;
use self::rows::Rows;
use super::history_worker::{Answer, HistoryWorker, Request};
use super::widgets::named;
use super::widgets::past::said::{Page, Said};
use super::widgets::past::{Event, Item, PastList};
use crate::app::error::{Error, Result};
use crate::app::target::Target;
use crate::engine::error::Error as EngineError;
use crate::engine::history::{DeletedCursor, DeletedPage, DeletedQuery, SnapshotInfo};
use crate::engine::path::RelPath;
use crate::i18n::gettext;

mod messages;
mod rows;

/// How many deletions come at once.
const PAGE_ROWS: usize = 100;
/// How long no key must be pressed before a name is looked for, in milliseconds.
const TYPING_PAUSE: u32 = 100;

/// The model.
pub struct DeletedFiles {
    target: Target,
    /// Started when the screen is seen first, and again when there are other snapshots.
    worker: Option<HistoryWorker>,
    snapshots: Vec<SnapshotInfo>,
    is_seen: bool,
    query: DeletedQuery,
    here_only: bool,
    /// The keyboard comes to the list as soon as it is there.
    focus_comes: bool,
    /// The open place.
    place: RelPath,
    /// Number of the newest question; older answers are dropped.
    ticket: u64,
    is_waiting: bool,
    /// The first page is awaited: what is listed still is the former answer.
    is_stale: bool,
    /// Where the next page begins.
    next: Option<DeletedCursor>,
    is_empty: bool,
    rows: Rows,
    selected: Vec<Item>,
    said: Option<Said>,
    is_narrow: bool,
    list: PastList,
    page: Page,
}

#[relm4::component(pub)]
impl Component for DeletedFiles {
    type Init = Target;
    type Input = Input;
    type Output = Output;
    type CommandOutput = ();

    view! {
        gtk::Box {
            set_orientation: gtk::Orientation::Vertical,
            add_css_class: "folder",
            gtk::Box {
                set_spacing: 12,
                add_css_class: "past-filters",
                named::named::<gtk::SearchEntry>(&gettext("Filter by name")) -> gtk::SearchEntry {
                    set_hexpand: true,
                    set_width_chars: 6,
                    set_max_width_chars: 12,
                    set_placeholder_text: Some(&gettext("Filter by name")),
                    set_search_delay: TYPING_PAUSE,
                    connect_stop_search[sender] => move |entry| {
                        leave_name(entry, sender.input_sender());
                    },
                    connect_search_changed[sender] => move |entry| {
                        let _closed = sender.input_sender().send(Input::Name(entry.text().into()));
                    },
                },
                named::named::<gtk::CheckButton>(&gettext("Only this place")) -> gtk::CheckButton {
                    #[wrap(Some)]
                    set_child = &gtk::Label {
                        set_label: &gettext("Only this place"),
                        set_ellipsize: gtk::pango::EllipsizeMode::End,
                    },
                    #[watch]
                    set_tooltip_text: Some(&model.place.to_string()),
                    connect_toggled[sender] => move |button| {
                        let _closed = sender.input_sender().send(Input::HereOnly(button.is_active()));
                    },
                },
            },
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
                        set_label: &gettext("Deleted Files"),
                    },
                    gtk::Spinner {
                        set_spinning: true,
                        #[watch]
                        set_visible: model.is_waiting,
                    },
                },
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
                set_visible: rows::hint(&model.selected).is_some(),
                #[watch]
                set_label: &rows::hint(&model.selected).unwrap_or_default(),
            },
            gtk::Box {
                set_spacing: 8,
                add_css_class: "restore-bar",
                #[watch]
                set_visible: model.said.is_none(),
                gtk::Label {
                    set_xalign: 0.0,
                    set_hexpand: true,
                    set_ellipsize: gtk::pango::EllipsizeMode::End,
                    add_css_class: "dim-label",
                    #[watch]
                    set_label: &rows::selection_words(&model.selected, model.is_narrow),
                },
                gtk::Button {
                    set_label: &gettext("Show in Folder"),
                    set_tooltip_text: Some(&gettext("Show it in its folder, at the last moment that has it")),
                    #[watch]
                    set_sensitive: model.selected.len() == 1,
                    connect_clicked => Input::Show,
                },
                gtk::Button {
                    set_label: &gettext("Restore"),
                    set_tooltip_text: Some(&gettext("Put it back where it was (Ctrl+R), or into another folder (Ctrl+Shift+R)")),
                    add_css_class: "suggested-action",
                    #[watch]
                    set_sensitive: !model.selected.is_empty(),
                    connect_clicked => Input::Restore { elsewhere: false },
                },
            },
        }
    }

    fn init(
        target: Target,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let input = sender.input_sender().clone();
        let list = PastList::new(&gettext("Deleted Files"), move |event| {
            let _closed = input.send(Input::List(event));
        });
        let input = sender.input_sender().clone();
        let page = Page::new(move |_| {
            let _closed = input.send(Input::Retry);
        });
        let model = Self {
            target,
            worker: None,
            snapshots: Vec::new(),
            is_seen: false,
            query: DeletedQuery { limit: PAGE_ROWS, ..DeletedQuery::default() },
            here_only: false,
            focus_comes: false,
            place: RelPath::root(),
            ticket: 0,
            is_waiting: false,
            is_stale: false,
            next: None,
            is_empty: true,
            rows: Rows::default(),
            selected: Vec::new(),
            said: None,
            is_narrow: false,
            list,
            page,
        };
        let (list, page) = (&model.list.root, &model.page.root);
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
                self.ask_anew(&sender);
            }
            Input::Seen if self.is_seen => self.list.take_focus(),
            Input::Seen => {
                self.is_seen = true;
                self.focus_comes = true;
                self.ask_anew(&sender);
            }
            Input::Place(place) => {
                self.place = place;
                self.look_under(&sender);
            }
            Input::HereOnly(here_only) => {
                self.here_only = here_only;
                self.look_under(&sender);
            }
            Input::Leave => {
                let _closed = sender.output(Output::Leave);
            }
            Input::Name(name) => {
                let name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
                if self.query.name_contains != name {
                    self.query.name_contains = name;
                    self.ask_anew(&sender);
                }
            }
            Input::Answer(Answer::Deleted { ticket, page }) if ticket == self.ticket => {
                self.found(page, &sender);
            }
            Input::Answer(_) => {}
            Input::List(event) => self.list_says(&event, &sender),
            Input::Show => {
                if let [item] = self.selected.as_slice() {
                    let _closed = sender.output(Output::Open(item.clone()));
                }
            }
            Input::Restore { elsewhere } => {
                let groups = rows::groups(&self.selected);
                if !groups.is_empty() && !self.is_stale {
                    let _closed = sender.output(Output::Restore { groups, elsewhere });
                }
            }
            Input::Retry => self.ask_anew(&sender),
            Input::Narrow(is_narrow) => {
                self.is_narrow = is_narrow;
                root.set_class_active("narrow", is_narrow);
            }
        }
    }
}

/// Escape empties the filter, and leaves the empty one.
fn leave_name(entry: &gtk::SearchEntry, input: &relm4::Sender<Input>) {
    if entry.text().is_empty() {
        let _closed = input.send(Input::Leave);
    } else {
        entry.set_text("");
    }
}

impl DeletedFiles {
    fn list_says(&mut self, event: &Event, sender: &ComponentSender<Self>) {
        match event {
            Event::Opened(row) => {
                if let Some(item) = self.list.item(*row).filter(|_| !self.is_stale) {
                    let _closed = sender.output(Output::Open(item));
                }
            }
            Event::Selected => self.selected = self.list.selected(),
            Event::NearEnd => {
                if self.next.is_some() && !self.is_waiting {
                    self.ask(sender);
                }
            }
        }
    }

    fn look_under(&mut self, sender: &ComponentSender<Self>) {
        let under = if self.here_only { self.place.clone() } else { RelPath::root() };
        if self.query.under != under {
            self.query.under = under;
            self.ask_anew(sender);
        }
    }

    fn ask_anew(&mut self, sender: &ComponentSender<Self>) {
        if self.is_seen {
            self.next = None;
            self.is_stale = true;
            self.ask(sender);
        }
    }

    fn ask(&mut self, sender: &ComponentSender<Self>) {
        self.ticket += 1;
        self.is_waiting = true;
        let query = DeletedQuery { after: self.next.clone(), ..self.query.clone() };
        let target = &self.target;
        let worker = self.worker.get_or_insert_with(|| {
            HistoryWorker::start(target.clone(), sender.input_sender(), Input::Answer)
        });
        worker.ask(Request::Deleted { query, ticket: self.ticket });
    }

    fn found(&mut self, page: Result<DeletedPage>, sender: &ComponentSender<Self>) {
        self.is_waiting = false;
        if std::mem::take(&mut self.is_stale) {
            self.list.clear();
            self.selected.clear();
            self.rows = Rows::default();
            self.is_empty = true;
        }
        let page = match page {
            Ok(page) => page,
            Err(Error::Engine(EngineError::NoSnapshots | EngineError::NeverSeen(_))) => {
                DeletedPage::default()
            }
            Err(error) => {
                (self.next, self.said) = (None, Some(Said::failure(&error)));
                return;
            }
        };
        let rows = self.rows.of(&page.rows, &self.snapshots, Timestamp::now());
        self.is_empty &= rows.is_empty();
        self.list.add(rows);
        self.next = page.next;
        if self.next.is_some() && page.rows.is_empty() {
            self.ask(sender);
            return;
        }
        self.said = self.is_empty.then(|| self.nothing());
        if std::mem::take(&mut self.focus_comes) {
            self.list.take_focus();
        }
        let input = sender.input_sender().clone();
        self.list.look_for_end(move |event| {
            let _closed = input.send(Input::List(event));
        });
    }

    fn nothing(&self) -> Said {
        let is_filtered = self.query.name_contains.is_some() || !self.query.under.is_root();
        let (title, body) = if is_filtered {
            let body = gettext("There may be more without the filter, or in other places.");
            (gettext("Nothing Fits"), body)
        } else {
            let body =
                gettext("What is missing after a backup, but was there before, is listed here.");
            (gettext("Nothing Was Deleted"), body)
        };
        Said { icon: "user-trash-symbolic", title, body, help: None }
    }

    fn shown(&self) -> &gtk::Widget {
        if self.said.is_some() { self.page.root.upcast_ref() } else { self.list.root.upcast_ref() }
    }
}
