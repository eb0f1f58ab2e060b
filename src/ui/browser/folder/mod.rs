//! The open folder at the chosen moment: its entries, what is selected, and the way to bring that back.

use std::collections::HashMap;

use relm4::binding::Binding;
use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::prelude::*;
use relm4::prelude::*;
use relm4::typed_view::list::TypedListView;
use relm4::{RelmWidgetExt, adw};

use self::arrangement::Arrangement;
use self::arranger::Arranger;
use self::columns::Columns;
use self::differences::{Differences, Strip};
pub use self::drag::Copier;
use self::gone::Deleted;
use self::head::Head;
use self::keyboard::Keyboard;
use self::layout::Layout;
use self::list::entry_list;
use self::menu::Menu;
pub use self::messages::{Input, Output};
use self::row::Row;
use self::selection::{Again, Selected};
use self::toasts::Toasts;
use self::views::Views;
use self::words::{Remedy, Words};
use crate::engine::history::Entry;
use crate::engine::path::RelPath;
use crate::i18n::gettext;
use crate::ui::history_worker::Gone;

pub mod arrangement;
mod arranger;
mod badge;
mod columns;
mod differences;
mod drag;
mod exchange;
mod filling;
mod gone;
mod grid;
mod head;
mod keyboard;
mod layout;
mod line;
mod list;
mod menu;
mod messages;
mod now;
pub mod path_bar;
mod peek;
mod refresh;
mod row;
mod said;
mod selection;
mod sorting;
pub mod toasts;
mod views;
pub mod words;

/// The model.
pub struct Folder {
    list: TypedListView<Row, gtk::MultiSelection>,
    views: Views,
    layout: Layout,
    folder: RelPath,
    title: String,
    caption: String,
    state: State,
    entries: usize,
    waiting: std::vec::IntoIter<Entry>,
    /// All of them as names are sorted, if they are to be sorted by what becomes known later.
    by_name: Vec<Entry>,
    /// The folder whose rows are there.
    filled: Option<RelPath>,
    selected: Selected,
    again: Again,
    unread: u64,
    /// The snapshot that is shown.
    at: Option<u64>,
    /// The newest snapshot, while it is the live files that are shown.
    now: Option<u64>,
    /// What was deleted of them since.
    just_gone: Vec<Gone>,
    differences: Differences,
    deleted: Deleted,
    head: Head,
    columns: Columns,
    arranger: Arranger,
    arrangement: Arrangement,
    strip: Strip,
    keyboard: Keyboard,
    menu: Menu,
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
    /// What makes copies of what is dragged out of it.
    type Init = Copier;
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

                    #[local_ref]
                    head -> gtk::Box {},
                    #[local_ref]
                    strip -> gtk::Revealer {},
                    #[local_ref]
                    columns -> gtk::Box {},

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
                        State::Loading | State::Listed => gtk::Box {
                            #[local_ref]
                            views -> gtk::Stack {},
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
                    set_label: &gettext("Versions"),
                    set_tooltip_text: Some(&gettext("All versions of this file (Ctrl+Shift+V)")),
                    set_action_name: Some("win.versions"),
                    #[watch]
                    set_visible: model.has_versions(),
                },
                gtk::Button {
                    set_label: &gettext("Restore To…"),
                    set_tooltip_text: Some(&gettext("Put a copy into another folder (Ctrl+Shift+R)")),
                    #[watch]
                    set_sensitive: model.can_restore(),
                    #[watch]
                    set_visible: model.now.is_none() || model.can_restore(),
                    connect_clicked => Input::Restore { elsewhere: true },
                },
                gtk::Button {
                    set_label: &gettext("Restore"),
                    set_tooltip_text: Some(&gettext("Put it back where it was (Ctrl+R)")),
                    add_css_class: "suggested-action",
                    #[watch]
                    set_sensitive: model.can_restore(),
                    #[watch]
                    set_visible: model.now.is_none() || model.can_restore(),
                    connect_clicked => Input::Restore { elsewhere: false },
                },
            },
        }
    }

    fn init(
        copier: Copier,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let again = Again::default();
        let list = entry_list(&sender, again.is_silent());
        let toasts = Toasts::new(sender.output_sender().clone());
        let overlay = toasts.root.clone();
        let layout = Layout::default();
        let views = Views::of(&list, &layout, copier, sender.input_sender());
        let head = Head::new(sender.input_sender());
        let model = Self {
            menu: Menu::new(&root, &views.root, sender.input_sender()),
            list,
            views,
            layout,
            folder: RelPath::root(),
            title: String::new(),
            caption: String::new(),
            state: State::Loading,
            entries: 0,
            waiting: Vec::new().into_iter(),
            by_name: Vec::new(),
            filled: None,
            selected: Selected::default(),
            again,
            unread: 0,
            at: None,
            now: None,
            just_gone: Vec::new(),
            differences: Differences::default(),
            deleted: Deleted::default(),
            arranger: Arranger::new(&head.tools, sender.input_sender()),
            arrangement: Arrangement::default(),
            head,
            columns: Columns::new(sender.input_sender()),
            strip: Strip::new(sender.input_sender()),
            keyboard: Keyboard::default(),
            root: root.clone(),
            toasts,
        };
        let (head, strip) = (model.head.root.clone(), model.strip.root.clone());
        let (columns, views) = (model.columns.root.clone(), model.views.root.clone());
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
        self.show_head();
        self.show_strip();
        self.show_columns();
        self.show_arrangement();
        if is_words && self.take_for_page() {
            widgets.remedy.grab_focus();
        }
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>, root: &Self::Root) {
        match message {
            Input::Loading { folder, title, unread, takes_focus, at, now } => {
                self.leave_rows(&folder, takes_focus);
                self.leave_selection(&folder);
                self.folder = folder;
                self.title = title;
                self.unread = unread;
                self.now = now;
                self.at = at;
                self.layout.set_shown(None);
                self.state = State::Loading;
                self.waiting = Vec::new().into_iter();
            }
            Input::Caption(caption) => self.caption = caption,
            Input::Seek(name) => self.seek(name),
            Input::TakeFocus => self.take_focus(),
            Input::Expect(file) => self.expect(&file),
            Input::ShowUnread => {
                let _closed = sender.output(Output::ShowUnread);
            }
            Input::Entries(entries) => {
                self.keep_order(&entries);
                self.fill(entries, HashMap::new(), &sender);
                self.ask_for_deleted(&sender);
            }
            Input::Now(listing) => self.show_now(*listing, &sender),
            Input::Compared(comparison) => self.compared(comparison, &sender),
            Input::BringBack => self.bring_back(&sender),
            Input::Arrange(arrangement) => self.arrange(arrangement),
            Input::SortBy(column) => self.set_order(self.arrangement.order.after(column), &sender),
            Input::Order(order) => self.set_order(order, &sender),
            Input::Shape(shape) => self.set_shape(shape, &sender),
            Input::ToggleDeleted => self.toggle_deleted(&sender),
            Input::Deleted(ticket, page) => self.deleted_read(ticket, page, &sender),
            Input::Words(words) => {
                self.fill(Vec::new(), HashMap::new(), &sender);
                self.title.clear();
                self.state = State::Words(words);
            }
            Input::Narrow(narrow) => {
                self.layout.narrow.set(narrow);
                root.set_class_active("narrow", narrow);
            }
            Input::MoreRows => self.add_chunk(&sender),
            Input::SelectionChanged => self.selection_changed(&sender),
            Input::Opened(row) => self.open_row(row, &sender),
            Input::Restore { elsewhere } => self.ask_to_restore(elsewhere, &sender),
            Input::Remedy => self.remedy(&sender),
            Input::Say(message) => self.toasts.say(message),
            Input::Peek => self.peek(true, &sender),
            Input::Menu(at) => self.open_menu(at),
            Input::Act(act) => self.act(act, &sender),
            Input::CopyOut => {
                let _closed = sender.output(Output::CopyOut(self.selected_files()));
            }
            Input::PeekFurther(by) => self.peek_further(by, &sender),
            Input::DropUndo => self.toasts.drop_undo(),
        }
    }
}

impl Folder {
    fn remedy(&self, sender: &ComponentSender<Self>) {
        if let State::Words(Words { remedy: Some(remedy), .. }) = &self.state {
            let _closed = sender.output(Output::Remedy(*remedy));
        }
    }

    fn is_list(&self) -> bool {
        matches!(self.state, State::Loading | State::Listed)
    }
}
