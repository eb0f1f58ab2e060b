//! The field to search all of time: in the header, or in a bar of its own below a narrow one, where a button opens it.

use relm4::gtk;
use relm4::gtk::prelude::*;

use crate::i18n::gettext;
use crate::ui::widgets::named;

/// How long no key must be pressed before it is searched, in milliseconds.
const TYPING_PAUSE: u32 = 100;

/// What happened in it.
#[derive(Debug)]
pub enum Event {
    /// This text is looked for; none if it is empty.
    Text(String),
    /// The best hit is wanted.
    First,
    /// The hits are wanted.
    List,
    /// The search is over.
    Stop,
}

/// The field.
#[derive(Debug)]
pub struct SearchField {
    /// The place in the header.
    pub header: gtk::Box,
    /// The bar below the header.
    pub bar: gtk::Box,
    entry: gtk::SearchEntry,
    button: gtk::Button,
}

impl SearchField {
    /// An empty field; `tell` is told what happens in it.
    pub fn new(tell: impl Fn(Event) + Clone + 'static) -> Self {
        let words = gettext("Search all of time");
        let entry: gtk::SearchEntry = named::named(&words);
        entry.set_placeholder_text(Some(&words));
        entry.set_search_delay(TYPING_PAUSE);
        // It asks for little: the header must never decide whether the window folds.
        entry.set_width_chars(4);
        entry.set_max_width_chars(22);
        let told = tell.clone();
        entry.connect_search_changed(move |entry| told(Event::Text(entry.text().into())));
        let told = tell.clone();
        // Return may come before the pause is over.
        entry.connect_activate(move |entry| {
            told(Event::Text(entry.text().into()));
            told(Event::First);
        });
        let told = tell.clone();
        entry.connect_stop_search(move |_| told(Event::Stop));
        entry.add_controller(down_key(move || tell(Event::List)));
        let button = named::icon_button("edit-find-symbolic", &words);
        button.set_visible(false);
        let header = gtk::Box::new(gtk::Orientation::Horizontal, 0);
        header.append(&entry);
        header.append(&button);
        let bar = gtk::Box::builder().visible(false).css_classes(["search-bar"]).build();
        let field = Self { header, bar, entry, button };
        let (entry, bar) = (field.entry.clone(), field.bar.clone());
        field.button.connect_clicked(move |_| {
            bar.set_visible(true);
            entry.grab_focus();
        });
        field
    }

    /// Puts the field where a narrow or wide window has room for it.
    pub fn set_narrow(&self, is_narrow: bool) {
        let (from, to) =
            if is_narrow { (&self.header, &self.bar) } else { (&self.bar, &self.header) };
        if self.entry.parent().as_ref() == Some(from.upcast_ref()) {
            from.remove(&self.entry);
            to.prepend(&self.entry);
        }
        self.entry.set_hexpand(is_narrow);
        self.button.set_visible(is_narrow);
        self.bar.set_visible(is_narrow && !self.entry.text().is_empty());
    }

    /// What is typed where nothing takes it is looked for: `widget` and all in it.
    pub fn capture(&self, widget: &impl IsA<gtk::Widget>) {
        self.entry.set_key_capture_widget(Some(widget));
        let (bar, button) = (self.bar.clone(), self.button.clone());
        self.entry.connect_search_started(move |entry| {
            bar.set_visible(button.is_visible());
            entry.grab_focus();
            entry.set_position(-1);
        });
    }

    /// The keyboard comes to the field.
    pub fn take_focus(&self) {
        self.bar.set_visible(self.button.is_visible());
        self.entry.grab_focus();
    }

    /// Empties the field; in a narrow window it goes.
    pub fn close(&self) {
        self.entry.set_text("");
        self.bar.set_visible(false);
    }
}

fn down_key(go: impl Fn() + 'static) -> gtk::ShortcutController {
    let trigger = gtk::KeyvalTrigger::new(gtk::gdk::Key::Down, gtk::gdk::ModifierType::empty());
    let action = gtk::CallbackAction::new(move |_, _| {
        go();
        gtk::glib::Propagation::Stop
    });
    let shortcuts = gtk::ShortcutController::new();
    shortcuts.add_shortcut(gtk::Shortcut::new(Some(trigger), Some(action)));
    shortcuts.set_propagation_phase(gtk::PropagationPhase::Capture);
    shortcuts
}
