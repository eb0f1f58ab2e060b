//! The versions of a file: distinct ones only, each with what it looks like and what changed with it.

use jiff::Timestamp;
use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk;
use relm4::gtk::glib;
use relm4::prelude::*;
use relm4::typed_view::list::TypedListView;

use self::difference::Difference;
use self::line::{Line, lines};
use super::history_worker::{self, Answer, HistoryWorker, Request};
use super::preview::pane::{self, Pane, Source};
use super::preview::words;
use super::problems::escape;
use super::widgets::{focus, named, plain};
use crate::app::error::Result;
use crate::app::target::Target;
use crate::engine::path::{RelPath, display};
use crate::i18n::{gettext, ngettext_f};

mod difference;
mod line;

/// The least width for which the list stands beside what it shows, in pixels.
const BESIDE_WIDTH_MIN: f64 = 600.0;

/// Of which file, on which drive.
#[derive(Debug)]
pub struct Init {
    /// The drive.
    pub target: Target,
    /// The file.
    pub path: RelPath,
}

/// The model.
pub struct Versions {
    path: RelPath,
    worker: HistoryWorker,
    list: TypedListView<Line, gtk::SingleSelection>,
    state: State,
    pane: Controller<Pane>,
    difference: Difference,
    /// What is said in place of a difference.
    no_difference: Option<String>,
    /// Number of the newest difference that was asked for.
    ticket: u64,
    shows_changes: bool,
    is_narrow: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Loading,
    Listed,
    /// Why there is nothing to list.
    Failed(String),
}

/// What the window is told.
#[derive(Debug)]
pub enum Input {
    /// The history answered.
    Answer(Answer),
    /// Another version was selected.
    Selected,
    /// Show what changed with the selected one, or what it looks like.
    Changes(bool),
    /// So many pixels from side to side.
    Width(f64),
    /// Bring the selected one back.
    Restore,
    /// Open the selected one with its program.
    Open,
}

/// What is asked of the screen behind.
#[derive(Debug)]
pub enum Output {
    /// Bring back the file at this path as it was in the snapshot of this number.
    Restore(RelPath, u64),
    /// Open it as it was then.
    Open(RelPath, u64),
}

#[relm4::component(pub)]
impl Component for Versions {
    type Init = Init;
    type Input = Input;
    type Output = Output;
    type CommandOutput = ();

    view! {
        adw::Window {
            set_default_size: (880, 560),
            set_width_request: 340,
            set_title: Some(&gettext("Versions")),
            add_controller = escape() -> gtk::ShortcutController {},

            gtk::Box {
                set_orientation: gtk::Orientation::Vertical,
                adw::HeaderBar {
                    add_css_class: "flat",
                    #[wrap(Some)]
                    set_title_widget = &adw::WindowTitle {
                        set_title: &display(model.path.name().unwrap_or_default()),
                        #[watch]
                        set_subtitle: &model.count(),
                    },
                },
                match &model.state {
                    State::Loading => gtk::Spinner {
                        set_spinning: true,
                        set_vexpand: true,
                        set_halign: gtk::Align::Center,
                        set_size_request: (32, 32),
                    },
                    State::Failed(body) => adw::StatusPage {
                        set_vexpand: true,
                        set_icon_name: Some("dialog-warning-symbolic"),
                        set_title: &gettext("The Versions Can’t Be Shown"),
                        #[watch]
                        set_description: Some(&glib::markup_escape_text(body)),
                    },
                    State::Listed => gtk::ScrolledWindow {
                        set_vexpand: true,
                        set_hscrollbar_policy: gtk::PolicyType::External,
                        set_vscrollbar_policy: gtk::PolicyType::Never,
                        #[wrap(Some)]
                        set_hadjustment = &gtk::Adjustment {
                            connect_page_size_notify[sender] => move |room| {
                                let _closed = sender.input_sender().send(Input::Width(room.page_size()));
                            },
                        },
                        gtk::Box {
                            set_spacing: 12,
                            add_css_class: "versions-page",
                            #[watch]
                            set_orientation: if model.is_narrow {
                                gtk::Orientation::Vertical
                            } else {
                                gtk::Orientation::Horizontal
                            },
                            gtk::ScrolledWindow {
                                add_css_class: "card",
                                set_hscrollbar_policy: gtk::PolicyType::Never,
                                #[watch]
                                set_vexpand: !model.is_narrow,
                                #[watch]
                                set_width_request: if model.is_narrow { -1 } else { 300 },
                                #[watch]
                                set_height_request: if model.is_narrow { 150 } else { -1 },
                                #[local_ref]
                                view -> gtk::ListView { add_css_class: "entries" },
                            },
                            gtk::Box {
                                set_orientation: gtk::Orientation::Vertical,
                                set_hexpand: true,
                                set_vexpand: true,
                                set_spacing: 12,
                                gtk::Box {
                                    set_css_classes: &["linked"],
                                    set_homogeneous: true,
                                    set_halign: gtk::Align::Center,
                                    #[name = "preview"]
                                    gtk::ToggleButton {
                                        set_label: &gettext("Preview"),
                                        set_active: true,
                                    },
                                    gtk::ToggleButton {
                                        set_label: &gettext("Changes"),
                                        set_tooltip_text: Some(&gettext("What changed since the version before")),
                                        set_group: Some(&preview),
                                        connect_toggled[sender] => move |button| {
                                            let _closed = sender.input_sender().send(Input::Changes(button.is_active()));
                                        },
                                    },
                                },
                                gtk::Stack {
                                    set_vexpand: true,
                                    add_css_class: "card",
                                    set_overflow: gtk::Overflow::Hidden,
                                    add_named[Some("preview")] = model.pane.widget(),
                                    add_named[Some("changes")] = &gtk::ScrolledWindow {
                                        named::named::<gtk::TextView>(&gettext("Changes")) -> gtk::TextView {
                                            set_buffer: Some(&model.difference.buffer),
                                            set_editable: false,
                                            set_cursor_visible: false,
                                            set_monospace: true,
                                            set_wrap_mode: gtk::WrapMode::WordChar,
                                            add_css_class: "preview-text",
                                        },
                                    },
                                    add_named[Some("words")] = &adw::StatusPage {
                                        set_icon_name: Some("text-x-generic-symbolic"),
                                        add_css_class: "compact",
                                        #[watch]
                                        set_description: model.no_difference.as_deref(),
                                    },
                                    #[watch]
                                    set_visible_child_name: model.page(),
                                },
                                gtk::Box {
                                    set_spacing: 6,
                                    set_halign: gtk::Align::End,
                                    gtk::Button {
                                        set_label: &gettext("Open"),
                                        set_tooltip_text: Some(&gettext("Open a copy of this version")),
                                        connect_clicked => Input::Open,
                                    },
                                    gtk::Button {
                                        set_label: &gettext("Restore"),
                                        set_tooltip_text: Some(&gettext("Put this version back where it was")),
                                        add_css_class: "suggested-action",
                                        connect_clicked => Input::Restore,
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    }

    fn init(
        Init { target, path }: Init,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let worker = HistoryWorker::start(target.clone(), sender.input_sender(), Input::Answer);
        worker.ask(Request::Versions(path.clone()));
        let model = Self {
            path,
            worker,
            list: version_list(&sender),
            state: State::Loading,
            pane: Pane::builder().launch(target).detach(),
            difference: Difference::new(),
            no_difference: None,
            ticket: 0,
            shows_changes: false,
            is_narrow: false,
        };
        let view = model.list.view.clone();
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>, root: &Self::Root) {
        match message {
            Input::Answer(Answer::Versions(found)) => self.fill(found),
            Input::Answer(Answer::Difference { ticket, difference }) if ticket == self.ticket => {
                self.no_difference = match difference {
                    Ok(diff) => self.difference.fill(&diff),
                    Err(error) => Some(plain::sentence(&error)),
                };
            }
            Input::Answer(_) => {}
            Input::Selected => self.show_selected(),
            Input::Changes(changes) => {
                self.shows_changes = changes;
                self.show_selected();
            }
            Input::Width(width) => self.is_narrow = width < BESIDE_WIDTH_MIN,
            Input::Open => self.say(Output::Open, &sender),
            Input::Restore => {
                self.say(Output::Restore, &sender);
                root.close();
            }
        }
    }
}

fn version_list(sender: &ComponentSender<Versions>) -> TypedListView<Line, gtk::SingleSelection> {
    let mut list = TypedListView::<Line, gtk::SingleSelection>::new();
    let view = named::list_view(&gettext("Versions"));
    view.set_factory(list.view.factory().as_ref());
    view.set_model(Some(&list.selection_model));
    let input = sender.input_sender().clone();
    list.selection_model.connect_selected_notify(move |_| {
        let _closed = input.send(Input::Selected);
    });
    list.view = view;
    list
}

impl Versions {
    fn fill(&mut self, found: Result<history_worker::Versions>) {
        match found {
            Ok(found) => {
                let now = Timestamp::now();
                let lines = lines(&self.path, found.versions, &found.snapshots, now);
                self.list.extend_from_iter(lines);
                self.state = State::Listed;
                self.show_selected();
                // The keys go through the versions from the start.
                if let Some(line) = self.selected() {
                    focus::row(&self.list.view, 0, line.key());
                }
            }
            Err(error) => self.state = State::Failed(plain::sentence(&error)),
        }
    }

    fn line(&self, row: u32) -> Option<Line> {
        self.list.get(row).map(|line| line.borrow().clone())
    }

    fn selected(&self) -> Option<Line> {
        self.line(self.list.selection_model.selected())
    }

    fn show_selected(&mut self) {
        let Some(line) = self.selected() else { return };
        let source = match words::without_content(&line.version.entry) {
            Some(words) => Source::Words(words),
            None => Source::Stored { path: line.version.path.clone(), at: line.at },
        };
        if !self.shows_changes {
            self.pane.emit(pane::Input::Show(source));
            return;
        }
        // Newest first: the version before stands below.
        let before = self.line(self.list.selection_model.selected().saturating_add(1));
        self.ticket += 1;
        let Some(before) = before else {
            self.no_difference = Some(gettext("This is the oldest version that is kept."));
            return;
        };
        self.worker.ask(Request::Difference {
            earlier: (before.version.path, before.at),
            later: (line.version.path, line.at),
            ticket: self.ticket,
        });
    }

    fn page(&self) -> &'static str {
        match (self.shows_changes, &self.no_difference) {
            (false, _) => "preview",
            (true, None) => "changes",
            (true, Some(_)) => "words",
        }
    }

    fn count(&self) -> String {
        match self.state {
            State::Listed => {
                let count = u64::from(self.list.len());
                ngettext_f("{count} version", "{count} versions", count, &[])
            }
            State::Loading | State::Failed(_) => String::new(),
        }
    }

    fn say(&self, what: impl FnOnce(RelPath, u64) -> Output, sender: &ComponentSender<Self>) {
        if let Some(line) = self.selected() {
            let _closed = sender.output(what(line.version.path, line.at));
        }
    }
}
