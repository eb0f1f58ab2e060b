//! The rows of found backups, and the question before one is gone on with.

use jiff::Timestamp;
use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk;

use super::{Input, words};
use crate::app::found::{Access, Found};
use crate::i18n::{gettext, gettext_f};
use crate::ui::widgets::{focus, named};

/// Fills `list` with a row for each.
pub fn fill(list: &gtk::ListBox, all: &[Found], sender: &relm4::Sender<Input>) {
    focus::keep(list, || {
        while let Some(row) = list.row_at_index(0) {
            list.remove(&row);
        }
        for found in all {
            list.append(&row(found, sender));
        }
    });
}

fn row(found: &Found, sender: &relm4::Sender<Input>) -> adw::ActionRow {
    let row = adw::ActionRow::builder()
        .use_markup(false)
        .title(&found.name)
        .subtitle(words::contents(found, Timestamp::now()))
        .title_lines(1)
        .subtitle_lines(3)
        .build();
    let name = [("name", found.name.as_str())];
    if let Access::Open { .. } = &found.access {
        let look = named::icon_button("view-reveal-symbolic", &gettext_f("Look at {name}", &name));
        let path = found.path.clone();
        on_click(&look, sender, move || Input::Look(path.clone()));
        row.add_suffix(&look);
    }
    let label = gettext("Go On…");
    let tip = gettext_f("Go on with {name} on this computer", &name);
    let go_on = gtk::Button::builder().label(label).tooltip_text(tip).build();
    let asked = found.clone();
    on_click(&go_on, sender, move || Input::Ask(asked.clone()));
    row.add_suffix(&go_on);
    row
}

fn on_click(
    button: &gtk::Button,
    sender: &relm4::Sender<Input>,
    message: impl Fn() -> Input + 'static,
) {
    button.set_valign(gtk::Align::Center);
    button.add_css_class("flat");
    let sender = sender.clone();
    button.connect_clicked(move |_| {
        let _closed = sender.send(message());
    });
}

/// Says what going on means, and asks; or shows what root has to do.
pub fn question(
    root: &adw::Window,
    found: &Found,
    sender: &relm4::Sender<Input>,
) -> adw::MessageDialog {
    let title = gettext_f("Go On With {name}?", &[("name", &found.name)]);
    let dialog = adw::MessageDialog::new(Some(root), Some(&title), Some(&words::meaning(found)));
    dialog.add_response("cancel", &gettext("Cancel"));
    dialog.set_close_response("cancel");
    let (response, label) = match &found.access {
        Access::Open { .. } => ("adopt", gettext("Go On Here")),
        Access::ByRoot { command } => {
            dialog.set_extra_child(Some(&command_line(command)));
            ("copy", gettext("Copy Command"))
        }
    };
    dialog.add_response(response, &label);
    dialog.set_response_appearance(response, adw::ResponseAppearance::Suggested);
    let (sender, found) = (sender.clone(), found.clone());
    dialog.connect_response(None, move |dialog, response| match (&found.access, response) {
        (Access::Open { .. }, "adopt") => {
            let _closed = sender.send(Input::Adopt(found.path.clone()));
        }
        (Access::ByRoot { command }, "copy") => dialog.clipboard().set_text(command),
        _ => {}
    });
    dialog
}

fn command_line(command: &str) -> gtk::Label {
    gtk::Label::builder()
        .label(command)
        .selectable(true)
        .wrap(true)
        .wrap_mode(gtk::pango::WrapMode::WordChar)
        .css_classes(["monospace"])
        .build()
}
