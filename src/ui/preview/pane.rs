//! What one state of a file looks like: a picture, the beginning of a text, or words why there is nothing to see.

use std::os::fd::OwnedFd;

use relm4::adw;
use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::gtk::{gdk, glib};
use relm4::prelude::*;

use super::decode::{Decoded, EDGE_MAX, Keeper, Text, decode};
use super::words::{self, Words};
use crate::app::error::Error;
use crate::app::target::Target;
use crate::engine::dir::Dir;
use crate::engine::path::RelPath;
use crate::i18n::gettext;
use crate::ui::bridge;
use crate::ui::history_worker::{Answer, HistoryWorker, Request};
use crate::ui::widgets::{named, plain};

/// The model.
pub struct Pane {
    worker: HistoryWorker,
    /// Number of the newest thing that was asked for; answers to older ones are dropped.
    ticket: u64,
    /// The decoder that is waited for.
    keeper: Option<Keeper>,
    state: State,
    text: gtk::TextBuffer,
}

/// What is to be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file in a snapshot, by the snapshot's number.
    Stored {
        /// Where it was.
        path: RelPath,
        /// The snapshot's number.
        at: u64,
    },
    /// The file that is on this computer now.
    Live(RelPath),
    /// Nothing can be seen of it.
    Words(Words),
}

enum State {
    Loading,
    Picture(gdk::MemoryTexture),
    /// A text, and what is to be said of it.
    Text(String),
    Words(Words),
}

/// What the pane is told.
#[derive(Debug)]
pub enum Input {
    /// Show this.
    Show(Source),
    /// Forget what is shown; nothing is decoded any more.
    Clear,
    /// The history answered.
    Answer(Answer),
    /// A file was decoded, or there is none; `None` if the thread died.
    Decoded(u64, Option<Result<Decoded, Words>>),
}

/// What was asked for last is on screen.
#[derive(Debug)]
pub struct Shown;

#[relm4::component(pub)]
impl SimpleComponent for Pane {
    type Init = Target;
    type Input = Input;
    type Output = Shown;

    view! {
        gtk::Box {
            set_hexpand: true,
            set_vexpand: true,
            match &model.state {
                State::Loading => gtk::Spinner {
                    set_spinning: true,
                    set_hexpand: true,
                    set_halign: gtk::Align::Center,
                    set_size_request: (32, 32),
                },
                State::Picture(texture) => named::named::<gtk::Picture>(&gettext("Picture")) -> gtk::Picture {
                    set_hexpand: true,
                    set_vexpand: true,
                    set_content_fit: gtk::ContentFit::ScaleDown,
                    add_css_class: "preview-picture",
                    #[watch]
                    set_paintable: Some(texture),
                },
                State::Text(note) => gtk::Box {
                    set_orientation: gtk::Orientation::Vertical,
                    gtk::Label {
                        set_xalign: 0.0,
                        set_wrap: true,
                        set_css_classes: &["caption", "dim-label", "preview-note"],
                        #[watch]
                        set_label: note,
                        #[watch]
                        set_visible: !note.is_empty(),
                    },
                    gtk::ScrolledWindow {
                        set_hexpand: true,
                        set_vexpand: true,
                        named::named::<gtk::TextView>(&gettext("Text")) -> gtk::TextView {
                            set_buffer: Some(&model.text),
                            set_editable: false,
                            set_cursor_visible: false,
                            set_monospace: true,
                            set_wrap_mode: gtk::WrapMode::WordChar,
                            add_css_class: "preview-text",
                        },
                    },
                },
                State::Words(words) => adw::StatusPage {
                    set_hexpand: true,
                    set_vexpand: true,
                    add_css_class: "compact",
                    #[watch]
                    set_icon_name: Some(words.icon),
                    #[watch]
                    set_title: &words.title,
                    #[watch]
                    set_description: Some(&glib::markup_escape_text(&words.body)),
                },
            },
        }
    }

    fn init(
        target: Target,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let worker = HistoryWorker::start(target, sender.input_sender(), Input::Answer);
        let text = gtk::TextBuffer::new(None);
        let model = Self { worker, ticket: 0, keeper: None, state: State::Loading, text };
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>) {
        match message {
            Input::Show(source) => self.ask(source, &sender),
            Input::Clear => {
                self.forget();
                self.state = State::Loading;
            }
            Input::Answer(Answer::Stored { ticket, stored }) if ticket == self.ticket => {
                match stored {
                    Ok(stored) => {
                        self.decode(move || Ok(OwnedFd::from(stored)), &sender);
                    }
                    Err(error) => {
                        self.show(State::Words(words::failure(plain::sentence(&error))), &sender);
                    }
                }
            }
            Input::Answer(_) => {}
            Input::Decoded(ticket, _) if ticket != self.ticket => {}
            Input::Decoded(_, decoded) => {
                let state = match decoded {
                    Some(Ok(decoded)) => self.state_of(decoded),
                    Some(Err(words)) => State::Words(words),
                    None => State::Words(words::failure(plain::sentence(&Error::BrokenDown))),
                };
                self.show(state, &sender);
            }
        }
    }
}

impl Pane {
    fn forget(&mut self) {
        self.ticket += 1;
        self.keeper = None;
    }

    fn ask(&mut self, source: Source, sender: &ComponentSender<Self>) {
        self.forget();
        // What is shown stays until the next is there: no flicker from entry to entry.
        match source {
            Source::Stored { path, at } => {
                self.worker.ask(Request::Stored { path, at, ticket: self.ticket });
            }
            Source::Live(path) => self.decode(move || open_live(&path), sender),
            Source::Words(words) => self.show(State::Words(words), sender),
        }
    }

    /// Opens and decodes on a thread of its own.
    fn decode(
        &mut self,
        open: impl FnOnce() -> Result<OwnedFd, Words> + Send + 'static,
        sender: &ComponentSender<Self>,
    ) {
        let keeper = Keeper::default();
        let (gone, ticket) = (keeper.gone(), self.ticket);
        self.keeper = Some(keeper);
        bridge::once(
            sender.input_sender(),
            move || open().and_then(|file| decode(file, EDGE_MAX, &gone).or(Err(words::broken()))),
            move |decoded| Input::Decoded(ticket, decoded),
        );
    }

    fn show(&mut self, state: State, sender: &ComponentSender<Self>) {
        self.state = state;
        let _closed = sender.output(Shown);
    }

    fn state_of(&self, decoded: Decoded) -> State {
        match decoded {
            Decoded::Picture(picture) => {
                picture.texture().map_or_else(|| State::Words(words::broken()), State::Picture)
            }
            Decoded::Text(text) => {
                self.text.set_text(&text.text);
                State::Text(note(&text))
            }
            Decoded::Nothing(why) => State::Words(words::not_shown(why)),
        }
    }
}

/// What is to be said of a text beside it.
fn note(text: &Text) -> String {
    match (text.is_lossy, text.is_cut) {
        (true, true) => gettext("The beginning of the file. Some characters could not be read."),
        (true, false) => gettext("Some characters could not be read."),
        (false, true) => gettext("The beginning of the file."),
        (false, false) => String::new(),
    }
}

fn open_live(path: &RelPath) -> Result<OwnedFd, Words> {
    let open = || {
        let folder = Dir::open(&path.parent().unwrap_or_default().to_absolute())?;
        folder.open_file(path.name().unwrap_or_default()).map(|(file, _)| file)
    };
    open().map_err(words::not_now)
}
