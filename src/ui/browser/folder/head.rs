//! The line over the list: which moment is shown, how much there is, and how it differs from what is there now.

use relm4::gtk;
use relm4::gtk::prelude::*;

use super::{Folder, Input, State};
use crate::i18n::{gettext, ngettext_f};
use crate::ui::history_worker::Against;
use crate::ui::widgets::{named, progress};

/// The line.
#[derive(Debug)]
pub struct Head {
    /// The widget.
    pub root: gtk::Box,
    title: gtk::Label,
    note: gtk::Label,
    spinner: gtk::Spinner,
    unread: gtk::Button,
    count: gtk::Label,
    deleted: gtk::ToggleButton,
    /// What more can be done with the list stands at the end.
    pub tools: gtk::Box,
}

impl Head {
    /// A line that says nothing yet.
    pub fn new(sender: &relm4::Sender<Input>) -> Self {
        let label = |classes: [&str; 2]| {
            gtk::Label::builder()
                .xalign(0.0)
                .ellipsize(gtk::pango::EllipsizeMode::End)
                .css_classes(classes)
                .build()
        };
        let (title, note) = (label(["heading", "numeric"]), label(["caption", "dim-label"]));
        let count = gtk::Label::builder().css_classes(["caption", "dim-label", "numeric"]).build();
        let unread = gtk::Button::builder()
            .css_classes(["flat", "caption", "unread"])
            .tooltip_text(gettext("Show what could not be read at that moment"))
            .build();
        let shown = sender.clone();
        unread.connect_clicked(move |_| {
            let _closed = shown.send(Input::ShowUnread);
        });
        let deleted: gtk::ToggleButton = named::named(&gettext("Show Deleted"));
        deleted.set_icon_name("user-trash-symbolic");
        deleted.set_tooltip_text(Some(&gettext("Show what was deleted here earlier (Ctrl+D)")));
        deleted.set_css_classes(&["flat", "head-tool"]);
        let toggled = sender.clone();
        deleted.connect_clicked(move |_| {
            let _closed = toggled.send(Input::ToggleDeleted);
        });
        let spinner = gtk::Spinner::builder().spinning(true).build();
        let words = gtk::Box::builder()
            .orientation(gtk::Orientation::Vertical)
            .valign(gtk::Align::Center)
            .hexpand(true)
            .build();
        words.append(&title);
        words.append(&note);
        let root = gtk::Box::builder().spacing(12).css_classes(["moment-head"]).build();
        root.append(&words);
        root.append(&spinner);
        root.append(&unread);
        root.append(&count);
        let tools = gtk::Box::builder()
            .spacing(2)
            .valign(gtk::Align::Center)
            .css_classes(["head-tools"])
            .build();
        tools.append(&deleted);
        root.append(&tools);
        Self { root, title, note, spinner, unread, count, deleted, tools }
    }
}

impl Folder {
    /// Brings the line up to date.
    pub(super) fn show_head(&self) {
        let Head { root, title, note, spinner, unread, count, deleted, .. } = &self.head;
        root.set_visible(!self.title.is_empty());
        title.set_label(&self.title);
        let (words, counted, is_narrow) = (self.words(), self.count(), self.layout.is_narrow());
        count.set_visible(!is_narrow);
        count.set_label(&counted);
        // There, the first line is the moment's alone.
        let words = match (words.is_empty(), counted.is_empty()) {
            (false, false) if is_narrow => progress::join(&words, &counted),
            (true, false) if is_narrow => counted,
            _ => words,
        };
        note.set_label(&words);
        note.set_tooltip_text(Some(&words).filter(|words| !words.is_empty()).map(String::as_str));
        note.set_visible(!words.is_empty());
        spinner.set_visible(self.state == State::Loading);
        unread.set_label(&ngettext_f("{count} not read", "{count} not read", self.unread, &[]));
        unread.set_visible(self.unread > 0);
        deleted.set_active(self.deleted.is_shown);
    }

    /// How many entries there are, and how much differs.
    fn count(&self) -> String {
        if self.state != State::Listed {
            return String::new();
        }
        let items = ngettext_f("{count} item", "{count} items", self.entries as u64, &[]);
        if let Some(waiting) = self.now_count() {
            return if self.layout.is_narrow() {
                waiting
            } else {
                progress::join(&items, &waiting)
            };
        }
        match self.differences.changes {
            0 => items,
            changes => {
                let changes =
                    ngettext_f("{count} change since", "{count} changes since", changes, &[]);
                if self.layout.is_narrow() { changes } else { progress::join(&items, &changes) }
            }
        }
    }

    /// What the moment is called, and what else there is to say.
    fn words(&self) -> String {
        let note = self.note();
        match (self.caption.is_empty(), note.is_empty()) {
            (true, _) => note,
            (false, true) => self.caption.clone(),
            (false, false) => progress::join(&self.caption, &note),
        }
    }

    /// What it was compared with, if that isn't what is there now.
    fn note(&self) -> String {
        if self.state == State::Loading {
            return String::new();
        }
        if let Some(note) = self.deleted_note() {
            return note;
        }
        match self.differences.against {
            None | Some(Ok(Against::Now)) => String::new(),
            // Where nothing differs it doesn't matter with what.
            Some(Ok(Against::NoSource)) if self.differences.changes == 0 => String::new(),
            Some(Ok(Against::NoSource)) => gettext(
                "Compared with the newest snapshot: the folder is in none of those that are backed up",
            ),
            Some(Ok(Against::OutOfReach)) => {
                gettext("Compared with the newest snapshot: the folder can’t be reached")
            }
            Some(Err(_)) => gettext("Can’t be compared with what is there now"),
        }
    }
}
