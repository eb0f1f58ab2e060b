//! The person's mark on the shown moment: a button by the timeline opens what it is called and whether it is kept for good.

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use crate::app::error::{Error, Result};
use crate::app::target::Target;
use crate::engine::history::SnapshotInfo;
use crate::engine::monitor::Monitor;
use crate::engine::pin::{LABEL_LIMIT_CHARS, Pin, PinChange};
use crate::i18n::{gettext, gettext_f};
use crate::ui::bridge;
use crate::ui::widgets::{dates, named, plain};

/// Letters of a line.
const LINE_CHARS: i32 = 32;

/// The model.
pub struct Mark {
    /// Without it nothing is marked.
    target: Option<Target>,
    /// The shown snapshot.
    snapshot: Option<SnapshotInfo>,
    /// The one that the popover was opened for.
    marked: Option<SnapshotInfo>,
    /// A backup runs, which holds the drive.
    is_backing_up: bool,
    root: gtk::MenuButton,
    popover: gtk::Popover,
    title: gtk::Label,
    keeps: gtk::Switch,
    label: gtk::Entry,
    error: gtk::Label,
    save: gtk::Button,
}

/// What it is told.
#[derive(Debug)]
pub enum Input {
    /// This snapshot is shown.
    Set(Option<SnapshotInfo>),
    /// A backup runs, or not any more.
    BackingUp(bool),
    /// Open it.
    Open,
    /// It was opened.
    Opened,
    /// Write the mark.
    Save,
    /// It was written; `None` if the thread died.
    Saved(Option<Result<Pin>>),
}

/// A snapshot was marked: what is known of the snapshots is old.
#[derive(Debug)]
pub struct Marked;

impl SimpleComponent for Mark {
    type Init = Option<Target>;
    type Input = Input;
    type Output = Marked;
    type Root = gtk::MenuButton;
    type Widgets = ();

    fn init_root() -> Self::Root {
        named::named(&gettext("Keep or Name This Snapshot"))
    }

    fn init(
        target: Option<Target>,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let line = |classes: [&str; 1]| {
            let label = gtk::Label::builder().wrap(true).xalign(0.0).css_classes(classes).build();
            label.set_max_width_chars(LINE_CHARS);
            label
        };
        let model = Self {
            target,
            snapshot: None,
            marked: None,
            is_backing_up: false,
            root,
            popover: named::named(&gettext("Keep or Name This Snapshot")),
            title: line(["heading"]),
            keeps: named::named(&gettext("Keep for Good")),
            label: named::entry(&gettext("Name")),
            error: line(["error"]),
            save: gtk::Button::with_label(&gettext("Save")),
        };
        model.build(sender.input_sender());
        ComponentParts { model, widgets: () }
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>) {
        match message {
            Input::Set(snapshot) => {
                self.snapshot = snapshot;
                self.show_state();
            }
            Input::BackingUp(is_backing_up) => self.is_backing_up = is_backing_up,
            Input::Open if self.target.is_none() => {}
            Input::Open => self.root.popup(),
            Input::Opened => self.opened(),
            Input::Save => self.save(&sender),
            Input::Saved(outcome) => {
                self.set_busy(false);
                match outcome.unwrap_or(Err(Error::BrokenDown)) {
                    Ok(_) => {
                        self.root.popdown();
                        let _closed = sender.output(Marked);
                    }
                    Err(error) => self.refuse(&plain::sentence(&error)),
                }
            }
        }
    }
}

impl Mark {
    /// Puts the parts together.
    fn build(&self, input: &relm4::Sender<Input>) {
        self.label.set_placeholder_text(Some(&gettext("Name, if it has one")));
        self.label.set_max_length(LABEL_LIMIT_CHARS as i32);
        self.keeps.set_valign(gtk::Align::Center);
        self.save.set_css_classes(&["suggested-action"]);
        self.save.set_halign(gtk::Align::End);
        let words = gtk::Label::builder().label(gettext("Keep for good")).xalign(0.0).build();
        words.set_hexpand(true);
        let line = gtk::Box::new(gtk::Orientation::Horizontal, 12);
        line.append(&words);
        line.append(&self.keeps);
        let note = gtk::Label::builder()
            .label(gettext("What is kept for good or has a name is never deleted to make room."))
            .wrap(true)
            .xalign(0.0)
            .max_width_chars(LINE_CHARS)
            .css_classes(["caption", "dim-label"])
            .build();
        let content = gtk::Box::new(gtk::Orientation::Vertical, 12);
        content.set_css_classes(&["mark"]);
        content.append(&self.title);
        content.append(&self.label);
        content.append(&line);
        content.append(&note);
        content.append(&self.error);
        content.append(&self.save);
        self.popover.set_child(Some(&content));
        self.root.set_visible(self.target.is_some());
        self.root.set_icon_name("view-pin-symbolic");
        self.root.set_popover(Some(&self.popover));
        let sender = input.clone();
        self.popover.connect_show(move |_| {
            let _closed = sender.send(Input::Opened);
        });
        let sender = input.clone();
        self.label.connect_activate(move |_| {
            let _closed = sender.send(Input::Save);
        });
        let sender = input.clone();
        self.save.connect_clicked(move |_| {
            let _closed = sender.send(Input::Save);
        });
        self.show_state();
    }

    /// The button tells at a glance whether the shown moment is kept.
    fn show_state(&self) {
        let is_kept =
            self.snapshot.as_ref().is_some_and(|info| info.pinned || info.label.is_some());
        let state = if is_kept { "kept" } else { "flat" };
        self.root.set_css_classes(&["flat", "circular", state]);
        self.root.set_tooltip_text(Some(&match is_kept {
            true => gettext("This snapshot is kept for good (Ctrl+K)"),
            false => gettext("Keep or name this snapshot (Ctrl+K)"),
        }));
        self.root.set_sensitive(self.snapshot.is_some());
    }

    fn opened(&mut self) {
        self.error.set_visible(false);
        self.marked = self.snapshot.clone();
        if let Some(info) = &self.marked {
            let now = jiff::Timestamp::now();
            self.title.set_label(&dates::heading_and_clock(info.started, now));
            self.label.set_text(info.label.as_deref().unwrap_or_default());
            self.keeps.set_active(info.pinned);
        }
        self.label.grab_focus();
    }

    fn save(&self, sender: &ComponentSender<Self>) {
        let marked = self.marked.clone().filter(|_| self.save.is_sensitive());
        let (Some(snapshot), Some(target)) = (marked, self.target.clone()) else { return };
        if self.is_backing_up {
            self.refuse(&gettext("A backup is running. Try again when it is done."));
            return;
        }
        let label = self.label.text().trim().to_owned();
        let change = PinChange { pinned: Some(self.keeps.is_active()), label: Some(label) };
        self.set_busy(true);
        bridge::once(
            sender.input_sender(),
            move || target.mark(&snapshot, &change, &Monitor::new()),
            Input::Saved,
        );
    }

    fn set_busy(&self, is_busy: bool) {
        self.save.set_sensitive(!is_busy);
        self.save.set_label(&if is_busy { gettext("Saving…") } else { gettext("Save") });
    }

    fn refuse(&self, why: &str) {
        self.error.set_label(&gettext_f("Not saved: {reason}", &[("reason", why)]));
        self.error.set_visible(true);
    }
}
