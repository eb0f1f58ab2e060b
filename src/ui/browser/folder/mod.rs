//! The open folder at the chosen moment: its entries, what is selected, and the way to bring that back.

use std::cell::Cell;
use std::rc::Rc;

use relm4::binding::Binding;
use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::prelude::*;
use relm4::prelude::*;
use relm4::typed_view::list::TypedListView;
use relm4::{RelmWidgetExt, adw};

use self::keyboard::Keyboard;
pub use self::messages::{Input, Output};
use self::row::{Layout, Row};
use self::selection::{Again, Selected};
use self::toasts::Toasts;
use self::words::{Remedy, Words};
use crate::engine::history::Entry;
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;
use crate::i18n::{gettext, ngettext_f};
use crate::ui::widgets::named;

mod keyboard;
mod messages;
pub mod path_bar;
mod row;
mod selection;
pub mod toasts;
pub mod words;

/// Rows that are added at once; the rest waits for the next idle moment, so that no folder stalls the window.
const CHUNK_ROWS: usize = 2_000;

/// The model.
pub struct Folder {
    list: TypedListView<Row, gtk::MultiSelection>,
    layout: Layout,
    folder: RelPath,
    title: String,
    state: State,
    entries: usize,
    waiting: std::vec::IntoIter<Entry>,
    selected: Selected,
    again: Again,
    unread: u64,
    keyboard: Keyboard,
    root: gtk::Box,
    toasts: Toasts,
}

/// What the middle shows.
#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Waiting for the history; the old list stays, so that nothing flickers.
    Loading,
    /// Entries, or none.
    Listed,
    /// Words in place of a list.
    Words(Words),
}

#[relm4::component(pub)]
impl Component for Folder {
    type Init = ();
    type Input = Input;
    type Output = Output;
    type CommandOutput = ();

    view! {
        gtk::Box {
            set_orientation: gtk::Orientation::Vertical,
            set_hexpand: true,
            add_css_class: "folder",

            #[local_ref]
            overlay -> adw::ToastOverlay {
                gtk::Box {
                    set_orientation: gtk::Orientation::Vertical,
                    set_vexpand: true,
                    set_overflow: gtk::Overflow::Hidden,
                    set_css_classes: &["card", "moment"],

                    gtk::Box {
                        set_spacing: 12,
                        add_css_class: "moment-head",
                        #[watch]
                        set_visible: !model.title.is_empty(),
                        gtk::Label {
                            set_xalign: 0.0,
                            set_hexpand: true,
                            set_ellipsize: gtk::pango::EllipsizeMode::End,
                            add_css_class: "heading",
                            #[watch]
                            set_label: &model.title,
                        },
                        gtk::Spinner {
                            set_spinning: true,
                            #[watch]
                            set_visible: model.state == State::Loading,
                        },
                        gtk::Button {
                            set_css_classes: &["flat", "caption", "unread"],
                            set_tooltip_text: Some(&gettext("Show what could not be read at that moment")),
                            #[watch]
                            set_label: &model.unread_words(),
                            #[watch]
                            set_visible: model.unread > 0,
                            connect_clicked => Input::ShowUnread,
                        },
                        gtk::Label {
                            set_css_classes: &["caption", "dim-label", "numeric"],
                            #[watch]
                            set_label: &model.count(),
                        },
                    },

                    #[transition = "Crossfade"]
                    match &model.state {
                        State::Words(words) => adw::StatusPage {
                            set_vexpand: true,
                            add_css_class: "compact",
                            #[watch]
                            set_icon_name: Some(words.icon),
                            #[watch]
                            set_title: &words.title,
                            #[watch]
                            set_description: Some(&glib::markup_escape_text(&words.body)),
                            // Named from the start: assistive tools see it before it is shown.
                            #[name = "remedy"]
                            gtk::Button::with_label(&gettext("Try Again")) -> gtk::Button {
                                set_halign: gtk::Align::Center,
                                add_css_class: "pill",
                                add_css_class: "suggested-action",
                                #[watch]
                                set_visible: words.remedy.is_some(),
                                #[watch]
                                set_label: &words.remedy.map(Remedy::label).unwrap_or_default(),
                                connect_clicked => Input::Remedy,
                            },
                        },
                        State::Loading | State::Listed => gtk::ScrolledWindow {
                            set_vexpand: true,
                            // The columns must not keep the window from becoming narrow, where there are none.
                            set_hscrollbar_policy: gtk::PolicyType::External,
                            #[local_ref]
                            view -> gtk::ListView {
                                add_css_class: "entries",
                                set_enable_rubberband: true,
                                #[watch]
                                set_class_active: ("stale", model.state == State::Loading),
                            },
                        },
                    },
                },
            },

            #[name = "bar"]
            gtk::Box {
                set_spacing: 8,
                add_css_class: "restore-bar",
                #[watch]
                set_visible: model.is_list(),

                gtk::Label {
                    set_xalign: 0.0,
                    set_hexpand: true,
                    set_ellipsize: gtk::pango::EllipsizeMode::End,
                    add_css_class: "dim-label",
                    #[watch]
                    set_label: &model.selection_words(),
                },
                gtk::Button {
                    set_label: &gettext("Restore To…"),
                    set_tooltip_text: Some(&gettext("Put a copy into another folder (Ctrl+Shift+R)")),
                    #[watch]
                    set_sensitive: model.selected.rows > 0,
                    connect_clicked => Input::Restore { elsewhere: true },
                },
                gtk::Button {
                    set_label: &gettext("Restore"),
                    set_tooltip_text: Some(&gettext("Put it back where it was (Ctrl+R)")),
                    add_css_class: "suggested-action",
                    #[watch]
                    set_sensitive: model.selected.rows > 0,
                    connect_clicked => Input::Restore { elsewhere: false },
                },
            },
        }
    }

    fn init(_: (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let again = Again::default();
        let list = entry_list(&sender, again.is_silent());
        let toasts = Toasts::new(sender.output_sender().clone());
        let overlay = toasts.root.clone();
        let view = list.view.clone();
        let model = Self {
            list,
            layout: Layout::default(),
            folder: RelPath::root(),
            title: String::new(),
            state: State::Loading,
            entries: 0,
            waiting: Vec::new().into_iter(),
            selected: Selected::default(),
            again,
            unread: 0,
            keyboard: Keyboard::default(),
            root: root.clone(),
            toasts,
        };
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
        let is_words = matches!(message, Input::Words(_));
        self.update(message, sender.clone(), root);
        self.update_view(widgets, sender);
        if is_words && self.take_for_page() {
            widgets.remedy.grab_focus();
        }
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>, root: &Self::Root) {
        match message {
            Input::Loading { folder, title, unread, takes_focus } => {
                self.leave_rows(&folder, takes_focus);
                self.leave_selection(&folder);
                self.folder = folder;
                self.title = title;
                self.unread = unread;
                self.state = State::Loading;
                self.waiting = Vec::new().into_iter();
            }
            Input::TakeFocus => self.take_focus(),
            Input::ShowUnread => {
                let _closed = sender.output(Output::ShowUnread);
            }
            Input::Entries(entries) => self.fill(entries, &sender),
            Input::Words(words) => {
                self.fill(Vec::new(), &sender);
                self.title.clear();
                self.state = State::Words(words);
            }
            Input::Narrow(narrow) => {
                self.layout.narrow.set(narrow);
                root.set_class_active("narrow", narrow);
            }
            Input::MoreRows => self.add_chunk(&sender),
            Input::SelectionChanged => self.selection_changed(&sender),
            Input::Opened(row) => {
                if let Some(folder) = self.folder_at(row) {
                    let _closed = sender.output(Output::Open(folder));
                }
            }
            Input::Restore { elsewhere } => {
                let paths = self.selected_paths();
                if !paths.is_empty() {
                    let _closed = sender.output(Output::Restore {
                        paths,
                        has_folder: self.selected.has_folder,
                        elsewhere,
                    });
                }
            }
            Input::Remedy => {
                if let State::Words(Words { remedy: Some(remedy), .. }) = &self.state {
                    let _closed = sender.output(Output::Remedy(*remedy));
                }
            }
            Input::Say(message) => self.toasts.say(message),
            Input::DropUndo => self.toasts.drop_undo(),
        }
    }
}

fn entry_list(
    sender: &ComponentSender<Folder>,
    is_silent: Rc<Cell<bool>>,
) -> TypedListView<Row, gtk::MultiSelection> {
    let mut list = TypedListView::<Row, gtk::MultiSelection>::new();
    let view = named::list_view(&gettext("Files"));
    view.set_factory(list.view.factory().as_ref());
    view.set_model(Some(&list.selection_model));
    let input = sender.input_sender().clone();
    view.connect_activate(move |_, row| {
        let _closed = input.send(Input::Opened(row));
    });
    let input = sender.input_sender().clone();
    list.selection_model.connect_selection_changed(move |_, _, _| {
        if !is_silent.get() {
            let _closed = input.send(Input::SelectionChanged);
        }
    });
    list.view = view;
    list
}

impl Folder {
    fn fill(&mut self, entries: Vec<Entry>, sender: &ComponentSender<Self>) {
        self.list.clear();
        self.selected = Selected::default();
        self.plan_selection(&entries);
        self.entries = entries.len();
        self.layout.badges.set(entries.iter().any(row::has_badge));
        self.state =
            if entries.is_empty() { State::Words(Words::empty_folder()) } else { State::Listed };
        self.plan_focus(&entries);
        self.waiting = entries.into_iter();
        self.add_chunk(sender);
    }

    fn add_chunk(&mut self, sender: &ComponentSender<Self>) {
        let layout = &self.layout;
        let rows = self.waiting.by_ref().take(CHUNK_ROWS).map(|entry| Row::new(entry, layout));
        self.list.extend_from_iter(rows);
        self.select_if_there();
        self.focus_if_there();
        if self.waiting.len() > 0 {
            let input = sender.input_sender().clone();
            glib::idle_add_local_once(move || {
                let _closed = input.send(Input::MoreRows);
            });
        }
    }

    fn count(&self) -> String {
        match self.state {
            State::Listed => ngettext_f("{count} item", "{count} items", self.entries as u64, &[]),
            State::Loading | State::Words(_) => String::new(),
        }
    }

    fn is_list(&self) -> bool {
        matches!(self.state, State::Loading | State::Listed)
    }

    fn unread_words(&self) -> String {
        ngettext_f("{count} not read", "{count} not read", self.unread, &[])
    }

    /// While another folder is looked up, the rows still are the former one's.
    fn folder_at(&self, row: u32) -> Option<RelPath> {
        if self.state != State::Listed {
            return None;
        }
        let item = self.list.get(row)?;
        let item = item.borrow();
        let opens = item.entry.kind == Kind::Directory && !item.entry.absent;
        opens.then(|| self.folder.join(&item.entry.name))
    }
}
