//! The rows of the drives to choose from: how much room each has, or why it can't hold backups.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk;

use super::Input;
use crate::app::setup::DriveCheck;
use crate::app::text;
use crate::engine::path;
use crate::i18n::{gettext, gettext_f};
use crate::ui::widgets::{focus, name_of};

/// One drive and what is known of it.
#[derive(Debug, Clone)]
pub struct Drive {
    /// Its folder.
    pub path: PathBuf,
    /// What the probe said.
    pub state: State,
}

/// What the probe of a drive said.
#[derive(Debug, Clone)]
pub enum State {
    /// Nothing yet.
    Checking,
    /// It can hold backups.
    Good(DriveCheck),
    /// It can't: why, in plain words.
    Bad(String),
}

/// Fills `list` with a row for each drive; the rows are radio buttons.
pub fn fill(
    list: &gtk::ListBox,
    drives: &[Drive],
    chosen: Option<&Path>,
    sender: &relm4::Sender<Input>,
) {
    focus::keep(list, || fill_anew(list, drives, chosen, sender));
    list.set_visible(!drives.is_empty());
}

fn fill_anew(
    list: &gtk::ListBox,
    drives: &[Drive],
    chosen: Option<&Path>,
    sender: &relm4::Sender<Input>,
) {
    while let Some(row) = list.row_at_index(0) {
        list.remove(&row);
    }
    let mut group = None;
    let mut sorted: Vec<&Drive> = drives.iter().collect();
    // What can be chosen comes first.
    sorted.sort_by_key(|drive| matches!(drive.state, State::Bad(_)));
    for drive in sorted {
        let is_chosen = chosen == Some(drive.path.as_path());
        list.append(&row(drive, is_chosen, &mut group, sender));
    }
}

fn row(
    drive: &Drive,
    is_chosen: bool,
    group: &mut Option<gtk::CheckButton>,
    sender: &relm4::Sender<Input>,
) -> adw::ActionRow {
    let shown = name_of(&drive.path);
    let title = drive.path.file_name().map_or_else(|| shown.clone(), |name| name_of(name.as_ref()));
    let row = adw::ActionRow::builder()
        .use_markup(false)
        .title(&title)
        .name(path::encode(drive.path.as_os_str().as_bytes()))
        .subtitle(subtitle(&shown, &drive.state))
        .title_lines(1)
        .subtitle_lines(5)
        .build();
    // The row names it: it is the row's activatable widget.
    let check = gtk::CheckButton::new();
    check.set_valign(gtk::Align::Center);
    check.set_group(group.as_ref());
    check.set_active(is_chosen);
    check.set_sensitive(matches!(drive.state, State::Good(_)));
    group.get_or_insert_with(|| check.clone());
    let (sender, path) = (sender.clone(), drive.path.clone());
    check.connect_toggled(move |check| {
        if check.is_active() {
            let _closed = sender.send(Input::ChooseDrive(path.clone()));
        }
    });
    row.add_prefix(&check);
    row.set_activatable_widget(Some(&check));
    row.add_suffix(&mark(&drive.state));
    row
}

/// Why a drive can't be used names its path already.
fn subtitle(path: &str, state: &State) -> String {
    match state {
        State::Bad(why) => why.clone(),
        State::Checking | State::Good(_) => format!("{path}\n{}", words(state)),
    }
}

fn words(state: &State) -> String {
    match state {
        State::Checking => gettext("Checking whether it can hold backups…"),
        State::Good(check) => {
            let (free, total) = (text::size(check.free_bytes), text::size(check.total_bytes));
            let kind = check.file_system.as_str();
            gettext_f(
                "{free} free of {total} · {kind}",
                &[("free", &free), ("total", &total), ("kind", kind)],
            )
        }
        State::Bad(why) => why.clone(),
    }
}

fn mark(state: &State) -> gtk::Widget {
    if matches!(state, State::Checking) {
        return gtk::Spinner::builder().spinning(true).build().upcast();
    }
    let (icon, class) = match state {
        State::Bad(_) => ("dialog-warning-symbolic", "warning"),
        State::Checking | State::Good(_) => ("drive-harddisk-symbolic", "dim-label"),
    };
    gtk::Image::builder()
        .icon_name(icon)
        .css_classes([class])
        .accessible_role(gtk::AccessibleRole::Presentation)
        .build()
        .upcast()
}
