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
    /// Trying again may help.
    pub can_retry: bool,
}

impl Said {
    /// It could not be found out.
    pub fn failure(error: &Error) -> Self {
        if error.is_drive_away() {
            return Self {
                icon: "drive-harddisk-symbolic",
                title: gettext("The Drive Is Not Attached"),
                body: gettext("Attach it to see what was there."),
                can_retry: true,
            };
        }
        Self {
            icon: "dialog-warning-symbolic",
            title: gettext("The Past Can’t Be Shown"),
            body: plain::sentence(error),
            can_retry: true,
        }
    }
}

/// The page.
#[derive(Debug)]
pub struct Page {
    /// The widget.
    pub root: adw::StatusPage,
    retry: gtk::Button,
}

impl Page {
    /// An empty page; `retry` is called when trying again is wanted.
    pub fn new(retry: impl Fn() + 'static) -> Self {
        let button = gtk::Button::builder()
            .label(gettext("Try Again"))
            .halign(gtk::Align::Center)
            .css_classes(["pill", "suggested-action"])
            .build();
        button.connect_clicked(move |_| retry());
        let root = adw::StatusPage::builder()
            .vexpand(true)
            .css_classes(["compact"])
            .child(&button)
            .build();
        Self { root, retry: button }
    }

    /// Says this.
    pub fn say(&self, said: &Said) {
        self.root.set_icon_name(Some(said.icon));
        self.root.set_title(&said.title);
        self.root.set_description(Some(&glib::markup_escape_text(&said.body)));
        self.retry.set_visible(said.can_retry);
    }
}
