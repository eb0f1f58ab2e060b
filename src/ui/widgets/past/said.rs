//! What stands in the list's place when there is nothing to list: what is so, and what helps.

use relm4::adw;
use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::prelude::*;

use crate::app::error::Error;
use crate::i18n::gettext;
use crate::ui::widgets::plain;

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The icon's name.
    pub icon: &'static str,
    /// What is so.
    pub title: String,
    /// Why, and what helps.
    pub body: String,
    /// The one thing that helps, if something does.
    pub help: Option<Help>,
}

/// What helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Help {
    /// Trying again.
    Retry,
    /// Being told why something isn't there.
    Why,
}

const HELPS: [Help; 2] = [Help::Retry, Help::Why];

impl Help {
    fn label(self) -> String {
        match self {
            Self::Retry => gettext("Try Again"),
            Self::Why => gettext("Why Isn’t It Here?"),
        }
    }
}

impl Said {
    /// It could not be found out.
    pub fn failure(error: &Error) -> Self {
        if error.is_drive_away() {
            return Self {
                icon: "drive-harddisk-symbolic",
                title: gettext("The Drive Is Not Attached"),
                body: gettext("Attach it to see what was there."),
                help: Some(Help::Retry),
            };
        }
        Self {
            icon: "dialog-warning-symbolic",
            title: gettext("The Past Can’t Be Shown"),
            body: plain::sentence(error),
            help: Some(Help::Retry),
        }
    }
}

/// The page.
#[derive(Debug)]
pub struct Page {
    /// The widget.
    pub root: adw::StatusPage,
    /// One for each, as GTK 4.8 can't give a button another name.
    buttons: [(Help, gtk::Button); 2],
}

impl Page {
    /// An empty page; `wanted` is called with the help that is wanted.
    pub fn new(wanted: impl Fn(Help) + Clone + 'static) -> Self {
        let line = gtk::Box::builder().halign(gtk::Align::Center).build();
        let buttons = HELPS.map(|help| {
            let button = gtk::Button::builder()
                .label(help.label())
                .css_classes(["pill", "suggested-action"])
                .build();
            let wanted = wanted.clone();
            button.connect_clicked(move |_| wanted(help));
            line.append(&button);
            (help, button)
        });
        let root =
            adw::StatusPage::builder().vexpand(true).css_classes(["compact"]).child(&line).build();
        Self { root, buttons }
    }

    /// Says this.
    pub fn say(&self, said: &Said) {
        self.root.set_icon_name(Some(said.icon));
        self.root.set_title(&said.title);
        self.root.set_description(Some(&glib::markup_escape_text(&said.body)));
        for (help, button) in &self.buttons {
            button.set_visible(said.help == Some(*help));
        }
    }
}
