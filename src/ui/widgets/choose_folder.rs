//! The desktop's own dialog for choosing a folder.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use relm4::gtk;
use relm4::gtk::prelude::*;

use crate::i18n::gettext;

/// Opens the dialog over `parent`; `chosen` is called if the person chooses a folder.
pub fn choose_folder(
    title: &str,
    parent: Option<&gtk::Window>,
    chosen: impl Fn(PathBuf) + 'static,
) {
    let dialog = gtk::FileChooserNative::new(
        Some(title),
        parent,
        gtk::FileChooserAction::SelectFolder,
        Some(&gettext("_Choose")),
        Some(&gettext("_Cancel")),
    );
    dialog.set_modal(true);
    // A native dialog lives only as long as somebody holds it: until it is answered.
    let held = Rc::new(RefCell::new(Some(dialog.clone())));
    dialog.connect_response(move |dialog, response| {
        if response == gtk::ResponseType::Accept
            && let Some(path) = dialog.file().and_then(|file| file.path())
        {
            chosen(path);
        }
        dialog.destroy();
        held.borrow_mut().take();
    });
    dialog.show();
}
