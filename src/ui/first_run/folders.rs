//! The rows of the folders to protect.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk;

use super::Input;
use crate::engine::path;
use crate::i18n::gettext_f;
use crate::ui::widgets::{focus, name_of, named};

/// Fills `list` with a row for each folder.
pub fn fill(list: &gtk::ListBox, folders: &[PathBuf], sender: &relm4::Sender<Input>) {
    focus::keep(list, || {
        while let Some(row) = list.row_at_index(0) {
            list.remove(&row);
        }
        for folder in folders {
            list.append(&row(folder, sender));
        }
    });
    list.set_visible(!folders.is_empty());
}

fn row(folder: &Path, sender: &relm4::Sender<Input>) -> adw::ActionRow {
    let shown = name_of(folder);
    let title = folder.file_name().map_or_else(|| shown.clone(), |name| name_of(name.as_ref()));
    let row = adw::ActionRow::builder()
        .use_markup(false)
        .title(&title)
        .subtitle(&shown)
        .name(path::encode(folder.as_os_str().as_bytes()))
        .title_lines(1)
        .subtitle_lines(1)
        .build();
    let icon = gtk::Image::builder()
        .icon_name("folder-symbolic")
        .accessible_role(gtk::AccessibleRole::Presentation)
        .build();
    row.add_prefix(&icon);
    let name = gettext_f("Do not protect {path}", &[("path", &shown)]);
    let remove = named::icon_button("list-remove-symbolic", &name);
    remove.set_valign(gtk::Align::Center);
    remove.add_css_class("flat");
    let (sender, folder) = (sender.clone(), folder.to_owned());
    remove.connect_clicked(move |_| {
        let _closed = sender.send(Input::RemoveFolder(folder.clone()));
    });
    row.add_suffix(&remove);
    row
}
