//! The rows of what is worth a thought before the first backup.

use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk;

use super::Input;
use crate::app::text;
use crate::engine::path::RelPath;
use crate::engine::survey::Thing;
use crate::i18n::{gettext, gettext_f};
use crate::ui::widgets::{focus, name_of};

/// Fills `list` with a row for each thing.
pub fn fill(
    list: &gtk::ListBox,
    things: &[Thing],
    left_out: &[RelPath],
    sender: &relm4::Sender<Input>,
) {
    focus::keep(list, || {
        while let Some(row) = list.row_at_index(0) {
            list.remove(&row);
        }
        for thing in things {
            list.append(&row(thing, left_out.contains(&thing.path), sender));
        }
    });
}

fn row(thing: &Thing, is_out: bool, sender: &relm4::Sender<Input>) -> adw::ActionRow {
    let path = thing.path.to_absolute();
    let shown = name_of(&path);
    let title = path.file_name().map_or_else(|| shown.clone(), |name| name_of(name.as_ref()));
    let row = adw::ActionRow::builder()
        .use_markup(false)
        .title(&title)
        .subtitle(format!("{}\n{shown}", weight(thing, is_out)))
        .name(thing.path.encode())
        .title_lines(1)
        .subtitle_lines(2)
        .tooltip_text(&shown)
        .build();
    let icon = if thing.is_folder { "folder-symbolic" } else { "text-x-generic-symbolic" };
    let icon = gtk::Image::builder()
        .icon_name(icon)
        .accessible_role(gtk::AccessibleRole::Presentation)
        .build();
    row.add_prefix(&icon);
    let label = if is_out { gettext("Put Back") } else { gettext("Leave Out") };
    let tip = match is_out {
        true => gettext_f("Back up {path} after all", &[("path", &shown)]),
        false => gettext_f("Leave {path} out of every backup", &[("path", &shown)]),
    };
    let button = gtk::Button::builder()
        .label(label)
        .tooltip_text(tip)
        .valign(gtk::Align::Center)
        .css_classes(["flat"])
        .build();
    let (sender, path) = (sender.clone(), thing.path.clone());
    button.connect_clicked(move |_| {
        let path = path.clone();
        let _closed =
            sender.send(if is_out { Input::PutBack(path) } else { Input::LeaveOut(path) });
    });
    row.add_suffix(&button);
    row
}

fn weight(thing: &Thing, is_out: bool) -> String {
    let size = text::size(thing.sum.bytes);
    let size = [("size", size.as_str())];
    match (is_out, thing.sum.is_busy()) {
        (true, _) => gettext_f("{size} · left out", &size),
        (false, true) => gettext_f("{size} · changed in the last week", &size),
        (false, false) => size.map(|(_, size)| size.to_owned()).concat(),
    }
}
