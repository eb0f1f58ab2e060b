//! The open folder at the chosen moment: its entries, what is selected, and the way to bring that back.

use std::path::PathBuf;

use relm4::binding::Binding;
use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::gtk::{gdk, glib};
use relm4::prelude::*;
use relm4::typed_view::list::TypedListView;
use relm4::{RelmWidgetExt, adw};

use self::row::{Layout, Row};
use self::toasts::Toasts;
use self::words::{Remedy, Words};
use crate::app::text;
use crate::engine::history::Entry;
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;
use crate::i18n::{gettext, ngettext_f};
use crate::ui::widgets::{named, progress};

pub mod path_bar;
mod row;
mod toasts;
pub mod words;

/// Rows that are added at once; more of them wait for the next idle moment, so that no folder stalls the window.
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

#[derive(Debug, Default)]
struct Selected {
    rows: u64,
    bytes: u64,
    has_folder: bool,
}

/// What the view is told.
#[derive(Debug)]
pub enum Input {
    /// Another folder or moment is being looked up.
    Loading {
        /// Which folder.
        folder: RelPath,
        /// The moment, in words.
        title: String,
    },
    /// Here it is.
    Entries(Vec<Entry>),
    /// There is something to say instead.
    Words(Words),
    /// The window became narrow or wide.
    Narrow(bool),
    /// Time for more rows.
    MoreRows,
    /// Another selection.
    SelectionChanged,
    /// A row was opened by Return or a double click.
    Opened(u32),
    /// Bring the selection back.
    Restore {
        /// Ask for a folder to restore to.
        elsewhere: bool,
    },
    /// The status page's button.
    Remedy,
    /// Say something over the list; with a folder, a button shows it in the file manager.
    Say(String, Option<PathBuf>),
}

/// What the person asked for.
#[derive(Debug)]
pub enum Output {
    /// Open this folder.
    Open(RelPath),
    /// Go to the folder above.
    Up,
    /// Bring these back.
    Restore {
        /// Which paths.
        paths: Vec<RelPath>,
        /// Ask for a folder to restore to.
        elsewhere: bool,
    },
    /// The status page's button.
    Remedy(Remedy),
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
                                set_sensitive: model.state == State::Listed,
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
                set_visible: matches!(model.state, State::Loading | State::Listed),

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
        let (list, toasts) = (entry_list(&sender), Toasts::new());
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
            toasts,
        };
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>, root: &Self::Root) {
        match message {
            Input::Loading { folder, title } => {
                self.folder = folder;
                self.title = title;
                self.state = State::Loading;
                self.waiting = Vec::new().into_iter();
                self.list.selection_model.unselect_all();
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
            Input::SelectionChanged => self.selected = self.sum_up(),
            Input::Opened(row) => {
                if let Some(folder) = self.folder_at(row) {
                    let _closed = sender.output(Output::Open(folder));
                }
            }
            Input::Restore { elsewhere } => {
                let paths = self.selected_paths();
                if !paths.is_empty() {
                    let _closed = sender.output(Output::Restore { paths, elsewhere });
                }
            }
            Input::Remedy => {
                if let State::Words(Words { remedy: Some(remedy), .. }) = &self.state {
                    let _closed = sender.output(Output::Remedy(*remedy));
                }
            }
            Input::Say(text, folder) => self.toasts.say(&text, folder),
        }
    }
}

fn entry_list(sender: &ComponentSender<Folder>) -> TypedListView<Row, gtk::MultiSelection> {
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
        let _closed = input.send(Input::SelectionChanged);
    });
    // Only here, not in the whole window: in a text field BackSpace must delete.
    let output = sender.output_sender().clone();
    let go_up = gtk::CallbackAction::new(move |_, _| {
        let _closed = output.send(Output::Up);
        glib::Propagation::Stop
    });
    let key = gtk::KeyvalTrigger::new(gdk::Key::BackSpace, gdk::ModifierType::empty());
    let shortcuts = gtk::ShortcutController::new();
    shortcuts.add_shortcut(gtk::Shortcut::new(Some(key), Some(go_up)));
    view.add_controller(shortcuts);
    list.view = view;
    list
}

impl Folder {
    fn fill(&mut self, entries: Vec<Entry>, sender: &ComponentSender<Self>) {
        self.list.clear();
        self.selected = Selected::default();
        self.entries = entries.len();
        self.layout.badges.set(entries.iter().any(row::has_badge));
        self.state =
            if entries.is_empty() { State::Words(Words::empty_folder()) } else { State::Listed };
        self.waiting = entries.into_iter();
        self.add_chunk(sender);
    }

    fn add_chunk(&mut self, sender: &ComponentSender<Self>) {
        let layout = &self.layout;
        let rows = self.waiting.by_ref().take(CHUNK_ROWS).map(|entry| Row::new(entry, layout));
        self.list.extend_from_iter(rows);
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

    fn folder_at(&self, row: u32) -> Option<RelPath> {
        let item = self.list.get(row)?;
        let item = item.borrow();
        let opens = item.entry.kind == Kind::Directory && !item.entry.absent;
        opens.then(|| self.folder.join(&item.entry.name))
    }

    fn for_each_selected(&self, mut visit: impl FnMut(&Entry)) {
        let selection = self.list.selection_model.selection();
        if let Some((rows, first)) = gtk::BitsetIter::init_first(&selection) {
            for row in std::iter::once(first).chain(rows) {
                if let Some(item) = self.list.get(row) {
                    visit(&item.borrow().entry);
                }
            }
        }
    }

    fn sum_up(&self) -> Selected {
        let mut sum = Selected::default();
        self.for_each_selected(|entry| {
            sum.rows += 1;
            sum.bytes += if entry.kind == Kind::File { entry.size_bytes } else { 0 };
            sum.has_folder |= entry.kind == Kind::Directory;
        });
        sum
    }

    fn selected_paths(&self) -> Vec<RelPath> {
        let mut paths = Vec::new();
        self.for_each_selected(|entry| paths.push(self.folder.join(&entry.name)));
        paths
    }

    fn selection_words(&self) -> String {
        let Selected { rows, bytes, has_folder } = self.selected;
        let narrow = self.layout.narrow.get();
        if rows == 0 {
            if narrow {
                return String::new();
            }
            return gettext("Select what you want back");
        }
        let count = ngettext_f("{count} selected", "{count} selected", rows, &[]);
        // A folder's size is known when the restore is planned.
        if has_folder || narrow { count } else { progress::join(&count, &text::size(bytes)) }
    }
}
