//! Short messages over the list, clear of the buttons below it.

use std::path::PathBuf;

use relm4::adw;
use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::gtk::{gio, glib};

use super::Output;
use crate::i18n::gettext;
use crate::ui::widgets::named;

/// The narrowest list that has room for a toast with a button that can be done without.
const BUTTON_WIDTH_MIN: i32 = 420;
/// How long a message with something to decide stays, in seconds.
const DECIDING_SECONDS: u32 = 30;

/// Something to say.
#[derive(Debug)]
pub struct Message {
    /// In a few words.
    pub text: String,
    /// What its button does.
    pub offer: Option<Offer>,
}

/// What a message's button does.
#[derive(Debug)]
pub enum Offer {
    /// Shows a folder in the file manager.
    Show(PathBuf),
    /// Takes the last restore back.
    Undo,
    /// Shows more, line by line.
    Details(Vec<String>),
}

impl Message {
    /// A message without a button.
    pub fn new(text: String) -> Self {
        Self { text, offer: None }
    }
}

/// The overlay.
#[derive(Debug)]
pub struct Toasts {
    /// The widget.
    pub root: adw::ToastOverlay,
    output: relm4::Sender<Output>,
    /// The message that offers to take the last restore back.
    undo: Option<adw::Toast>,
    /// Watched for as long as it is held.
    _children: gio::ListModel,
}

impl Toasts {
    /// An overlay without a message.
    pub fn new(output: relm4::Sender<Output>) -> Self {
        let root = adw::ToastOverlay::new();
        let children = root.observe_children();
        children.connect_items_changed(|children, first, _, added| {
            for toast in first..first + added {
                name_buttons(children.item(toast).and_downcast());
            }
        });
        Self { root, output, undo: None, _children: children }
    }

    /// Says something.
    pub fn say(&mut self, message: Message) {
        let toast = adw::Toast::new(&glib::markup_escape_text(&message.text));
        match message.offer {
            None => {}
            // Where it would widen the window, there is no button.
            Some(Offer::Show(folder)) if self.root.width() >= BUTTON_WIDTH_MIN => {
                self.offer_folder(&toast, folder);
            }
            Some(Offer::Show(_)) => {}
            Some(Offer::Undo) => {
                self.offer(&toast, &gettext("Undo"), || Output::Undo);
                self.drop_undo();
                self.undo = Some(toast.clone());
            }
            Some(Offer::Details(lines)) => {
                self.offer(&toast, &gettext("Details"), move || Output::Details(lines.clone()));
            }
        }
        self.root.add_toast(toast);
    }

    /// The last restore can't be taken back any more.
    pub fn drop_undo(&mut self) {
        if let Some(toast) = self.undo.take() {
            toast.dismiss();
        }
    }

    fn offer(&self, toast: &adw::Toast, label: &str, asked: impl Fn() -> Output + 'static) {
        toast.set_button_label(Some(label));
        toast.set_timeout(DECIDING_SECONDS);
        let output = self.output.clone();
        toast.connect_button_clicked(move |_| {
            let _closed = output.send(asked());
        });
    }

    fn offer_folder(&self, toast: &adw::Toast, folder: PathBuf) {
        toast.set_button_label(Some(&gettext("Show")));
        let overlay = self.root.clone();
        toast.connect_button_clicked(move |_| {
            let window = overlay.root().and_downcast::<gtk::Window>();
            gtk::show_uri(window.as_ref(), &gio::File::for_path(&folder).uri(), 0);
        });
    }
}

/// libadwaita 1.2 gives a toast's close button no name, and lets the other one be called by its label twice.
fn name_buttons(toast: Option<gtk::Widget>) {
    let Some(toast) = toast.filter(|child| child.type_().name() == "AdwToastWidget") else {
        return;
    };
    for button in named::buttons_below(&toast) {
        match button.child().and_downcast::<gtk::Label>() {
            Some(label) => label.set_mnemonic_widget(gtk::Widget::NONE),
            None => named::name_foreign(&button, &gettext("Close the Message")),
        }
    }
}
