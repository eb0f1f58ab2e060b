//! The window: relm4 components over `app`, one per screen and noun.
//!
//! | module | what it shows |
//! | --- | --- |
//! | `window` | which screen is on; toasts, actions, closing |
//! | `first_run` | which folders to protect, on which drive |
//! | `browser` | the main screen: places, snapshots, the folder at a moment |
//! | `status_card` | whether the person is safe; the running backup |
//! | `restore` | where to, the plan, the running restore |
//! | `problems` | what a backup or an undone restore could not do |
//! | `actions` | keys, menu, help and about windows |
//! | `bridge`, `history_worker` | threads on one side, messages on the other |
//!
//! Nothing in here touches a drive or the index on the main thread.

use std::path::PathBuf;

use clap::{Arg, ArgAction, Command, value_parser};
use relm4::adw;
use relm4::gtk;
use relm4::gtk::{gdk, gio, glib};
use relm4::prelude::*;

use crate::app::target::Options;
use crate::i18n::gettext;

mod actions;
mod bridge;
mod browser;
mod first_run;
mod history_worker;
mod problems;
mod restore;
mod status_card;
mod widgets;
mod window;

/// The application's identity on the desktop.
pub const APP_ID: &str = "io.github.yore_backup.Yore";

/// The command line of the window.
pub fn command() -> Command {
    Command::new("yore-gtk")
        .version(env!("CARGO_PKG_VERSION"))
        .about(gettext("Look at your folders as they were, and bring things back"))
        .arg(
            Arg::new("config")
                .long("config")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help(gettext("Use this configuration instead of the person's own")),
        )
        .arg(
            Arg::new("repository")
                .long("repository")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .help(gettext("Open this repository without any configuration")),
        )
        .arg(Arg::new("new-instance").long("new-instance").action(ArgAction::SetTrue).help(
            gettext("Start beside a window that is open already, instead of showing that one"),
        ))
}

/// Shows the window until it is closed. An error if there is no display to show it on.
pub fn run(matches: &clap::ArgMatches) -> Result<(), glib::BoolError> {
    let options = Options {
        config: matches.get_one::<PathBuf>("config").cloned(),
        repository: matches.get_one::<PathBuf>("repository").cloned(),
    };
    gtk::init()?;
    let application = adw::Application::new(Some(APP_ID), gio::ApplicationFlags::empty());
    // Our own command line is read by clap; GTK gets none of it.
    let app = RelmApp::from_app(application).with_args(vec![APP_ID.to_owned()]);
    app.allow_multiple_instances(matches.get_flag("new-instance"));
    relm4::set_global_css(include_str!("../../data/style.css"));
    find_icons();
    app.run::<window::Window>(options);
    Ok(())
}

/// An installed program's icons are found by themselves; one that was only built finds them in its source tree.
fn find_icons() {
    let Ok(binary) = std::env::current_exe() else { return };
    let icons = binary.ancestors().nth(3).map(|tree| tree.join("data/icons"));
    if let (Some(icons), Some(display)) =
        (icons.filter(|icons| icons.is_dir()), gdk::Display::default())
    {
        gtk::IconTheme::for_display(&display).add_search_path(icons);
    }
}
