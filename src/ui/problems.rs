//! What a backup or an undone restore could not do, line by line, in plain words.

use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk;
use relm4::gtk::glib;
use relm4::prelude::*;
use relm4::typed_view::list::{RelmListItem, TypedListView};

use super::widgets::{icon, named};
use crate::app::events;
use crate::engine::monitor::Event;
use crate::engine::path::RelPath;
use crate::engine::seal::Problem;
use crate::i18n::{gettext, gettext_f, ngettext_f};

/// The window's model: it only shows what it was given.
#[derive(Debug)]
pub struct Problems;

/// What there is to show.
#[derive(Debug)]
pub struct Init {
    /// One problem a line.
    pub lines: Vec<String>,
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
    type Input = ();
    type Output = ();

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
        _sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let mut list = TypedListView::<Line, gtk::NoSelection>::new();
        let view = named::list_view(&gettext("Problems"));
        view.set_factory(list.view.factory().as_ref());
        view.set_model(Some(&list.selection_model));
        list.extend_from_iter(lines.into_iter().map(Line));
        let intro = intro.words();
        let widgets = view_output!();
        ComponentParts { model: Self, widgets }
    }
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

#[derive(Debug)]
struct Line(String);

impl RelmListItem for Line {
    type Root = gtk::Box;
    type Widgets = gtk::Label;

    fn setup(_item: &gtk::ListItem) -> (gtk::Box, gtk::Label) {
        relm4::view! {
            root = gtk::Box {
                set_spacing: 12,
                add_css_class: "entry-line",
                icon::decoration() -> gtk::Image {
                    set_icon_name: Some("dialog-warning-symbolic"),
                    add_css_class: "warning",
                },
                #[name = "text"]
                gtk::Label {
                    set_xalign: 0.0,
                    set_hexpand: true,
                    set_wrap: true,
                    set_wrap_mode: gtk::pango::WrapMode::WordChar,
                },
            }
        }
        (root, text)
    }

    fn bind(&mut self, text: &mut gtk::Label, root: &mut gtk::Box) {
        text.set_label(&self.0);
        text.set_mnemonic_widget(root.parent().as_ref());
    }
}

/// A run's events in words; `left_out` more are only counted.
pub fn lines(events: &[Event], left_out: u64) -> Vec<String> {
    let mut lines: Vec<String> = events.iter().filter_map(line).collect();
    if left_out > 0 {
        lines.push(ngettext_f("and {count} more", "and {count} more", left_out, &[]));
    }
    lines
}

/// What a snapshot's own list says could not be read.
pub fn lines_of(problems: &[Problem]) -> Vec<String> {
    let line = |problem: &Problem| {
        let path = RelPath::decode(&problem.path)
            .map_or_else(|_| problem.path.clone(), |path| path.to_string());
        gettext_f("{path}: {reason}", &[("path", &path), ("reason", &problem.reason)])
    };
    problems.iter().map(line).collect()
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
