//! A file as it looks, stored or live, in a window that comes and goes with the space bar; held, the bar shows the file as it is now.

use jiff::Timestamp;
use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk;
use relm4::gtk::{gdk, glib};
use relm4::prelude::*;

use self::hold::{Effect, Hold};
use self::pane::{Pane, Shown, Source};
use super::problems::escape;
use super::widgets::{dates, progress};
use crate::app::target::Target;
use crate::app::text;
use crate::engine::history::Entry;
use crate::engine::meta::Kind;
use crate::engine::path::{RelPath, display};
use crate::i18n::gettext;

pub mod decode;
mod hold;
pub mod pane;
pub mod words;

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Where it was.
    pub path: RelPath,
    /// What it was.
    pub entry: Entry,
    /// The snapshot that it is of; none of what is on this computer now.
    pub at: Option<Moment>,
}

/// A snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Its number.
    pub seq: u64,
    /// When it was made; `None` if nobody knows any more.
    pub time: Option<Timestamp>,
}

/// The model.
pub struct Preview {
    subject: Option<Subject>,
    hold: Hold,
    shows_now: bool,
    then: Controller<Pane>,
    now: Controller<Pane>,
}

/// What the window is told.
#[derive(Debug)]
pub enum Input {
    /// Show this.
    Show {
        /// What.
        subject: Box<Subject>,
        /// The space bar was pressed for it, and may be down still.
        by_bar: bool,
    },
    /// The stored state is on screen: the present one can be got ready.
    ThenShown,
    /// The space bar went down, or is down still.
    Press,
    /// It went up, or the keyboard went elsewhere.
    Release,
    /// Show now, or then.
    Now(bool),
    /// The window was closed.
    Closed,
}

/// The entry so many places further in the folder is wanted.
#[derive(Debug)]
pub struct Step(pub i32);

#[relm4::component(pub)]
impl Component for Preview {
    type Init = Target;
    type Input = Input;
    type Output = Step;
    type CommandOutput = ();

    view! {
        adw::Window {
            set_default_size: (720, 560),
            set_width_request: 340,
            set_hide_on_close: true,
            #[watch]
            set_title: Some(&model.name()),
            connect_hide => Input::Closed,
            add_controller = escape() -> gtk::ShortcutController {},
            add_controller = keys(&sender) -> gtk::EventControllerKey {},
            connect_is_active_notify[sender] => move |window| {
                if !window.is_active() {
                    let _closed = sender.input_sender().send(Input::Release);
                }
            },

            gtk::Box {
                set_orientation: gtk::Orientation::Vertical,
                adw::HeaderBar {
                    add_css_class: "flat",
                    #[wrap(Some)]
                    set_title_widget = &adw::WindowTitle {
                        #[watch]
                        set_title: &model.name(),
                        #[watch]
                        set_subtitle: &model.moment(),
                    },
                    pack_start = &gtk::ToggleButton {
                        set_label: &gettext("Now"),
                        set_tooltip_text: Some(&gettext("Show it as it is now (hold Space)")),
                        #[watch]
                        set_visible: model.has_other_state(),
                        #[watch]
                        #[block_signal(toggled)]
                        set_active: model.shows_now,
                        connect_toggled[sender] => move |button| {
                            let _closed = sender.input_sender().send(Input::Now(button.is_active()));
                        } @toggled,
                    },
                },
                gtk::Stack {
                    set_vexpand: true,
                    set_css_classes: &["card", "preview"],
                    set_overflow: gtk::Overflow::Hidden,
                    add_child: model.then.widget(),
                    add_child: model.now.widget(),
                    #[watch]
                    set_visible_child: if model.shows_now { model.now.widget() } else { model.then.widget() },
                },
                gtk::Label {
                    set_ellipsize: gtk::pango::EllipsizeMode::End,
                    set_css_classes: &["caption", "dim-label", "preview-facts"],
                    #[watch]
                    set_label: &model.facts(),
                },
            },
        }
    }

    fn init(
        target: Target,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let then = Pane::builder().launch(target.clone());
        let model = Self {
            subject: None,
            hold: Hold::default(),
            shows_now: false,
            then: then.forward(sender.input_sender(), |Shown| Input::ThenShown),
            now: Pane::builder().launch(target).detach(),
        };
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: Input, _sender: ComponentSender<Self>, root: &Self::Root) {
        match message {
            Input::Show { subject, by_bar } => self.show(*subject, by_bar, root),
            Input::ThenShown => self.prepare_now(),
            Input::Press => {
                let effect = self.hold.press();
                self.follow(effect, root);
            }
            Input::Release => {
                let effect = self.hold.release();
                self.follow(effect, root);
            }
            Input::Now(now) => self.shows_now = now && self.has_other_state(),
            Input::Closed => {
                self.subject = None;
                self.then.emit(pane::Input::Clear);
                self.now.emit(pane::Input::Clear);
            }
        }
    }
}

impl Preview {
    fn show(&mut self, subject: Subject, by_bar: bool, window: &adw::Window) {
        if self.subject.as_ref() == Some(&subject) {
            window.present();
            return;
        }
        if self.subject.is_none() {
            self.hold.opened(by_bar);
        }
        self.shows_now = false;
        self.now.emit(pane::Input::Clear);
        let (path, is_live) = (subject.path.clone(), subject.at.is_none());
        let is_file = subject.entry.kind == Kind::File;
        let words = match (is_live && is_file, subject.entry.absent) {
            (true, true) => Some(words::unreadable_now()),
            // Whether a live file can be read is seen when it is.
            (true, false) => None,
            (false, _) => words::without_content(&subject.entry),
        };
        let source = match (words, subject.at) {
            (Some(words), _) => Source::Words(words),
            (None, Some(Moment { seq, .. })) => Source::Stored { path, at: seq },
            (None, None) => Source::Live(path),
        };
        self.then.emit(pane::Input::Show(source));
        self.subject = Some(subject);
        window.present();
    }

    /// So that nothing has to be waited for when the bar is held.
    fn prepare_now(&self) {
        if let Some(subject) = self.subject.as_ref().filter(|_| self.has_other_state()) {
            self.now.emit(pane::Input::Show(Source::Live(subject.path.clone())));
        }
    }

    fn follow(&mut self, effect: Effect, window: &adw::Window) {
        match effect {
            Effect::None => {}
            Effect::Now => self.shows_now = self.has_other_state(),
            Effect::Then => self.shows_now = false,
            Effect::Close => window.close(),
        }
    }

    /// Whether there may be something else to see than what is shown: the file as it is now.
    fn has_other_state(&self) -> bool {
        let has = |subject: &Subject| subject.at.is_some() && subject.entry.kind == Kind::File;
        self.subject.as_ref().is_some_and(has)
    }

    fn name(&self) -> String {
        let name = self.subject.as_ref().map(|subject| display(&subject.entry.name));
        name.unwrap_or_else(|| gettext("Preview"))
    }

    fn moment(&self) -> String {
        match &self.subject {
            Some(Subject { at: Some(Moment { time, .. }), .. }) if !self.shows_now => {
                let words = |time| dates::heading_and_clock(time, Timestamp::now());
                time.map(words).unwrap_or_default()
            }
            Some(_) => gettext("Now"),
            None => String::new(),
        }
    }

    /// The file's size, and when it was changed; of what could not be looked at nothing is known.
    fn facts(&self) -> String {
        let subject = self.subject.as_ref().filter(|_| !self.shows_now);
        let Some(entry) = subject.map(|subject| &subject.entry).filter(|entry| !entry.absent)
        else {
            return String::new();
        };
        let changed = text::file_time(entry.mtime);
        if entry.kind == Kind::File {
            progress::join(&text::size(entry.size_bytes), &changed)
        } else {
            changed
        }
    }
}

/// The space bar, and the arrows to the entries beside this one.
fn keys(sender: &ComponentSender<Preview>) -> gtk::EventControllerKey {
    let keys = gtk::EventControllerKey::new();
    // Before a control that has the keyboard takes them.
    keys.set_propagation_phase(gtk::PropagationPhase::Capture);
    let (input, output) = (sender.input_sender().clone(), sender.output_sender().clone());
    keys.connect_key_pressed(move |_, key, _, held| {
        if held.intersects(gdk::ModifierType::CONTROL_MASK | gdk::ModifierType::ALT_MASK) {
            return glib::Propagation::Proceed;
        }
        let _closed = match key {
            gdk::Key::space => input.send(Input::Press).is_ok(),
            gdk::Key::Left | gdk::Key::Up => output.send(Step(-1)).is_ok(),
            gdk::Key::Right | gdk::Key::Down => output.send(Step(1)).is_ok(),
            _ => return glib::Propagation::Proceed,
        };
        glib::Propagation::Stop
    });
    let input = sender.input_sender().clone();
    keys.connect_key_released(move |_, key, _, _| {
        if key == gdk::Key::space {
            let _closed = input.send(Input::Release);
        }
    });
    keys
}
