//! Short messages over the list, clear of the buttons below it.

use std::path::PathBuf;

use relm4::adw;
use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::gtk::{gio, glib};

use crate::i18n::gettext;
use crate::ui::widgets::named;

/// The narrowest list that has room for a toast with a button.
const BUTTON_WIDTH_MIN: i32 = 420;

/// The overlay.
#[derive(Debug)]
pub struct Toasts {
    /// The widget.
    pub root: adw::ToastOverlay,
    /// Watched for as long as it is held.
    _children: gio::ListModel,
}

impl Toasts {
    /// An overlay without a message.
    pub fn new() -> Self {
        let root = adw::ToastOverlay::new();
        let children = root.observe_children();
        children.connect_items_changed(|children, first, _, added| {
            for toast in first..first + added {
                name_close_button(children.item(toast).and_downcast());
            }
        });
        Self { root, _children: children }
    }

    /// Says `text`; with a folder, a button shows that in the file manager.
    pub fn say(&self, text: &str, folder: Option<PathBuf>) {
        let toast = adw::Toast::new(&glib::markup_escape_text(text));
        // Where it would widen the window, there is no button.
        if let Some(folder) = folder.filter(|_| self.root.width() >= BUTTON_WIDTH_MIN) {
            toast.set_button_label(Some(&gettext("Show")));
            let overlay = self.root.clone();
            toast.connect_button_clicked(move |_| {
                let window = overlay.root().and_downcast::<gtk::Window>();
                gtk::show_uri(window.as_ref(), &gio::File::for_path(&folder).uri(), 0);
            });
        }
        self.root.add_toast(toast);
    }
}

/// A toast's close button is only an icon, and libadwaita 1.2 gives it no name.
fn name_close_button(toast: Option<gtk::Widget>) {
    let Some(toast) = toast.filter(|child| child.type_().name() == "AdwToastWidget") else {
        return;
    };
    let icons = named::buttons_below(&toast).into_iter().filter(|button| button.label().is_none());
    for button in icons {
        named::name_foreign(&button, &gettext("Close the Message"));
    }
}
