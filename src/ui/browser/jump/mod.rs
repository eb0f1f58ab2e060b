//! The way to a date: a button by the timeline that opens a field for what a person calls a day or a time, and a month
//! to choose a day of.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use self::days::{Days, Meaning};
use self::month::Month;
use crate::engine::history::SnapshotInfo;
use crate::i18n::gettext;
use crate::ui::widgets::{dates, named};

mod days;
mod month;
mod words;

/// Letters of the answer in one line.
const LINE_CHARS: i32 = 30;

/// The model.
pub struct Jump {
    /// Oldest first.
    snapshots: Vec<SnapshotInfo>,
    changes: BTreeMap<u64, u64>,
    /// The shown snapshot's number.
    chosen: Option<u64>,
    /// Made when it is opened.
    days: Days,
    /// The first day of the month that is seen.
    first: Date,
    meaning: Meaning,
    zone: TimeZone,
    root: gtk::MenuButton,
    entry: gtk::Entry,
    /// What the text means, where there is something to go to; else words alone.
    answer: gtk::Button,
    hint: gtk::Label,
    month: Month,
}

/// What it is told.
#[derive(Debug)]
pub enum Input {
    /// The snapshots that can be gone to, newest first, and the shown one.
    Set(Vec<SnapshotInfo>, Option<u64>),
    /// How many entries changed at each of them.
    Changes(BTreeMap<u64, u64>),
    /// Another moment is shown.
    Chosen(u64),
    /// Open it.
    Open,
    /// It was opened.
    Opened,
    /// Another text was typed.
    Typed,
    /// Return was pressed in the field.
    Entered,
    /// The answer was pressed.
    Answer,
    /// So many months further.
    Turn(i32),
    /// A day was chosen.
    Pick(Date),
}

/// Go to the snapshot of this number.
#[derive(Debug)]
pub struct Wanted(pub u64);

impl SimpleComponent for Jump {
    type Init = ();
    type Input = Input;
    type Output = Wanted;
    type Root = gtk::MenuButton;
    type Widgets = ();

    fn init_root() -> Self::Root {
        named::named(&gettext("Jump to a Date"))
    }

    fn init(_: (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let input = sender.input_sender();
        let model = Self {
            snapshots: Vec::new(),
            changes: BTreeMap::new(),
            chosen: None,
            days: Days::default(),
            first: Date::ZERO,
            meaning: Meaning::Nothing,
            zone: TimeZone::system(),
            entry: named::entry(&gettext("Day or Time")),
            answer: gtk::Button::with_label(&words::hint()),
            hint: gtk::Label::new(None),
            month: Month::new(input),
            root,
        };
        model.build(input);
        ComponentParts { model, widgets: () }
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>) {
        match message {
            Input::Set(mut snapshots, chosen) => {
                snapshots.reverse();
                self.snapshots = snapshots;
                self.chosen = chosen;
            }
            Input::Changes(changes) => self.changes = changes,
            Input::Chosen(seq) => self.chosen = Some(seq),
            Input::Open => self.root.popup(),
            Input::Opened => self.opened(),
            Input::Typed => self.typed(),
            Input::Entered => match self.meaning {
                Meaning::There(seq) => self.go(seq, &sender),
                // What isn't what was asked for is gone to if that is wanted all the same.
                Meaning::Nearest(..) | Meaning::TooEarly(_) => {
                    self.answer.grab_focus();
                }
                Meaning::Nothing => {}
            },
            Input::Answer => {
                if let Some(seq) = self.found() {
                    self.go(seq, &sender);
                }
            }
            Input::Turn(by) => {
                if let Some(first) = self.days.month(self.first, by) {
                    self.first = first;
                    self.show_month();
                }
            }
            Input::Pick(date) => {
                if let Meaning::There(seq) = days::of_day(date, &self.snapshots, &self.zone) {
                    self.go(seq, &sender);
                }
            }
        }
    }
}

impl Jump {
    /// Puts the parts together.
    fn build(&self, input: &relm4::Sender<Input>) {
        let name = gettext("Jump to a Date");
        self.root.set_icon_name("x-office-calendar-symbolic");
        self.root.set_tooltip_text(Some(&gettext("Jump to a date (Ctrl+J)")));
        self.root.set_css_classes(&["flat", "circular"]);
        self.entry.set_placeholder_text(Some(&gettext("Day or time")));
        if let Some(words) = self.answer.child().and_downcast::<gtk::Label>() {
            wrap(&words);
        }
        self.answer.set_css_classes(&["flat", "answer"]);
        wrap(&self.hint);
        self.hint.set_css_classes(&["dim-label", "answer-hint"]);
        let content = gtk::Box::new(gtk::Orientation::Vertical, 6);
        content.set_css_classes(&["jump"]);
        content.append(&self.entry);
        content.append(&self.hint);
        content.append(&self.answer);
        content.append(&self.month.root);
        let popover: gtk::Popover = named::named(&name);
        popover.set_child(Some(&content));
        popover.add_controller(turning_keys(input));
        self.root.set_popover(Some(&popover));

        let sender = input.clone();
        popover.connect_show(move |_| {
            let _closed = sender.send(Input::Opened);
        });
        let sender = input.clone();
        self.entry.connect_changed(move |_| {
            let _closed = sender.send(Input::Typed);
        });
        let sender = input.clone();
        self.entry.connect_activate(move |_| {
            let _closed = sender.send(Input::Entered);
        });
        let sender = input.clone();
        self.answer.connect_clicked(move |_| {
            let _closed = sender.send(Input::Answer);
        });
    }

    fn opened(&mut self) {
        self.days = Days::new(&self.snapshots, &self.changes, &self.zone);
        self.first = self.shown().unwrap_or_else(|| self.today()).first_of_month();
        self.entry.set_text("");
        self.typed();
        self.show_month();
        self.entry.grab_focus();
    }

    fn typed(&mut self) {
        let text = self.entry.text();
        let today = self.today();
        self.meaning = days::meaning(&text, &self.snapshots, &self.zone, today);
        let found = self.found().and_then(|seq| self.snapshot(seq)).map(|info| info.started);
        let moment = found.map(|time| dates::exact(time, Timestamp::now(), false));
        let words = match (&self.meaning, &moment) {
            (Meaning::There(_), Some(moment)) => words::there(moment),
            (Meaning::Nearest(date, _), Some(moment)) => words::nearest(*date, today, moment),
            (Meaning::TooEarly(_), Some(moment)) => words::too_early(moment),
            _ if text.trim().is_empty() => words::hint(),
            _ => words::nothing(),
        };
        self.answer.set_visible(moment.is_some());
        self.hint.set_visible(moment.is_none());
        self.answer.set_label(&words);
        self.hint.set_label(&words);
        if let Some(time) = found {
            self.first = self.date(time).first_of_month();
            self.show_month();
        }
    }

    fn show_month(&self) {
        self.month.show(self.first, &self.days, self.shown(), self.today());
    }

    /// The snapshot that can be gone to from what was typed.
    fn found(&self) -> Option<u64> {
        match self.meaning {
            Meaning::There(seq) | Meaning::Nearest(_, seq) | Meaning::TooEarly(seq) => Some(seq),
            Meaning::Nothing => None,
        }
    }

    fn go(&self, seq: u64, sender: &ComponentSender<Self>) {
        self.root.popdown();
        let _closed = sender.output(Wanted(seq));
    }

    fn snapshot(&self, seq: u64) -> Option<&SnapshotInfo> {
        self.snapshots.iter().find(|info| info.seq == seq)
    }

    /// The day of the shown moment.
    fn shown(&self) -> Option<Date> {
        Some(self.date(self.snapshot(self.chosen?)?.started))
    }

    fn today(&self) -> Date {
        self.date(Timestamp::now())
    }

    fn date(&self, time: Timestamp) -> Date {
        time.to_zoned(self.zone.clone()).date()
    }
}

fn wrap(words: &gtk::Label) {
    words.set_wrap(true);
    words.set_halign(gtk::Align::Start);
    words.set_xalign(0.0);
    words.set_max_width_chars(LINE_CHARS);
}

/// Page Up and Page Down turn the month, wherever the keyboard is.
fn turning_keys(input: &relm4::Sender<Input>) -> gtk::ShortcutController {
    let shortcuts = gtk::ShortcutController::new();
    shortcuts.set_propagation_phase(gtk::PropagationPhase::Capture);
    for (key, by) in [(gtk::gdk::Key::Page_Up, -1), (gtk::gdk::Key::Page_Down, 1)] {
        let trigger = gtk::KeyvalTrigger::new(key, gtk::gdk::ModifierType::empty());
        let input = input.clone();
        let turn = gtk::CallbackAction::new(move |_, _| {
            let _closed = input.send(Input::Turn(by));
            gtk::glib::Propagation::Stop
        });
        shortcuts.add_shortcut(gtk::Shortcut::new(Some(trigger), Some(turn)));
    }
    shortcuts
}
