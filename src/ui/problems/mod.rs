//! What a backup or an undone restore could not do, line by line, in plain words; and what a person says to it.

use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk;
use relm4::gtk::{gio, glib};
use relm4::prelude::*;
use relm4::typed_view::list::TypedListView;

pub use self::line::Line;
use super::widgets::named;
use crate::app::events;
use crate::app::unread::Settled;
use crate::engine::monitor::Event;
use crate::engine::path::RelPath;
use crate::i18n::{gettext, ngettext_f};

mod line;

/// The actions of a row, which get its path.
const GROUP: &str = "problem";
const KNOW: &str = "know";
const LEAVE_OUT: &str = "leave-out";

/// The window's model: it shows what it was given, and what was said to it since.
#[derive(Debug)]
pub struct Problems {
    list: TypedListView<Line, gtk::NoSelection>,
    fault: String,
}

/// What the window is told.
#[derive(Debug)]
pub enum Input {
    /// This was said to a path, and is written down.
    Settled(RelPath, Settled),
    /// It could not be written down: why.
    Fault(String),
}

/// What is said to a path.
#[derive(Debug)]
pub struct Say(pub RelPath, pub Settled);

/// What there is to show.
#[derive(Debug)]
pub struct Init {
    /// One problem a line.
    pub lines: Vec<Line>,
    /// What they are about.
    pub intro: Intro,
}

/// What the problems are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intro {
    /// A backup that was made.
    Backup,
    /// A backup that was not made.
    FailedBackup,
    /// A restore that was taken back, or gone on with.
    Undo,
}

impl Intro {
    fn words(self) -> String {
        match self {
            Self::Backup => gettext(
                "Everything else was backed up. What could not be read keeps its last state.",
            ),
            Self::FailedBackup => {
                gettext("Nothing new was backed up. What was backed up before is unchanged.")
            }
            Self::Undo => gettext("Nothing was lost: what could not be put back is still kept."),
        }
    }
}

#[relm4::component(pub)]
impl SimpleComponent for Problems {
    type Init = Init;
    type Input = Input;
    type Output = Say;

    view! {
        adw::Window {
            set_modal: true,
            set_title: Some(&gettext("Problems")),
            set_default_size: (520, 420),
            set_width_request: 340,
            gtk::Box {
                set_orientation: gtk::Orientation::Vertical,
                adw::HeaderBar { add_css_class: "flat" },
                gtk::Label {
                    set_label: &intro,
                    set_wrap: true,
                    set_xalign: 0.0,
                    set_css_classes: &["dim-label", "page-text"],
                },
                gtk::Label {
                    set_wrap: true,
                    set_xalign: 0.0,
                    set_css_classes: &["error", "page-text"],
                    #[watch]
                    set_label: &model.fault,
                    #[watch]
                    set_visible: !model.fault.is_empty(),
                },
                gtk::ScrolledWindow {
                    set_vexpand: true,
                    set_valign: gtk::Align::Start,
                    set_propagate_natural_height: true,
                    set_hscrollbar_policy: gtk::PolicyType::Never,
                    set_css_classes: &["card", "page-list"],
                    #[local_ref]
                    view -> gtk::ListView { add_css_class: "entries" },
                },
            },
            add_controller = escape() -> gtk::ShortcutController {},
        }
    }

    fn init(
        Init { lines, intro }: Init,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let mut list = TypedListView::<Line, gtk::NoSelection>::new();
        let view = named::list_view(&gettext("Problems"));
        view.set_factory(list.view.factory().as_ref());
        view.set_model(Some(&list.selection_model));
        list.extend_from_iter(lines);
        let intro = intro.words();
        root.insert_action_group(GROUP, Some(&actions(sender.output_sender())));
        let model = Self { list, fault: String::new() };
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: Input, _sender: ComponentSender<Self>) {
        match message {
            Input::Settled(path, settled) => {
                self.fault.clear();
                self.settle(&path, settled);
            }
            Input::Fault(fault) => self.fault = fault,
        }
    }
}

impl Problems {
    /// Shows what was said; a rule speaks for what is below its path, too.
    fn settle(&mut self, path: &RelPath, settled: Settled) {
        for position in 0..self.list.len() {
            let Some(item) = self.list.get(position) else { continue };
            let is_meant = |own: &RelPath| match settled {
                Settled::Known => own == path,
                Settled::LeftOut => own.is_within(path),
            };
            let mut line = item.borrow().clone();
            let own = line.path.as_deref().and_then(|own| RelPath::decode(own).ok());
            if own.as_ref().is_some_and(is_meant) {
                line.settled = Some(settled);
                self.list.remove(position);
                self.list.insert(position, line);
            }
        }
        // The pressed button is gone, and the keyboard must not go with it.
        self.list.view.grab_focus();
    }
}

/// How a button names its action.
fn full_name(action: &str) -> String {
    format!("{GROUP}.{action}")
}

fn actions(output: &relm4::Sender<Say>) -> gio::SimpleActionGroup {
    let group = gio::SimpleActionGroup::new();
    for (name, settled) in [(KNOW, Settled::Known), (LEAVE_OUT, Settled::LeftOut)] {
        let action = gio::SimpleAction::new(name, Some(glib::VariantTy::STRING));
        let output = output.clone();
        action.connect_activate(move |_, path| {
            let path = path.and_then(glib::Variant::str).map(RelPath::decode);
            if let Some(Ok(path)) = path {
                let _closed = output.send(Say(path, settled));
            }
        });
        group.add_action(&action);
    }
    group
}

/// Escape closes the window it is added to.
pub fn escape() -> gtk::ShortcutController {
    let key = gtk::KeyvalTrigger::new(gtk::gdk::Key::Escape, gtk::gdk::ModifierType::empty());
    let close = gtk::CallbackAction::new(|widget, _| {
        if let Some(window) = widget.root().and_downcast::<gtk::Window>() {
            window.close();
        }
        glib::Propagation::Stop
    });
    let shortcuts = gtk::ShortcutController::new();
    shortcuts.add_shortcut(gtk::Shortcut::new(Some(key), Some(close)));
    shortcuts
}

/// A run's events in words; `left_out` more are only counted. Of a run that made a snapshot, its own list tells what could
/// not be read.
pub fn notes(events: &[Event], left_out: u64, has_snapshot: bool) -> Vec<String> {
    let is_told = |event: &&Event| !(has_snapshot && matches!(event, Event::Problem { .. }));
    let mut lines: Vec<String> = events.iter().filter(is_told).filter_map(line).collect();
    if left_out > 0 {
        lines.push(ngettext_f("and {count} more", "and {count} more", left_out, &[]));
    }
    lines
}

/// What was put right by itself needs no attention.
fn line(event: &Event) -> Option<String> {
    let mended = matches!(
        event,
        Event::IndexRebuilt { .. }
            | Event::SnapshotRecovered { .. }
            | Event::Resumed { .. }
            | Event::DeletionFinished { .. }
            | Event::AdoptionFinished
            | Event::MendingFinished
            | Event::StageRemoved { .. }
    );
    (!mended).then(|| events::describe(event))
}
