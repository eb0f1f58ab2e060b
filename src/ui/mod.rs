//! The window: relm4 components over `app`, one per screen and noun.
//!
//! | module | what it shows |
//! | --- | --- |
//! | `window` | which screen is on; toasts, actions, closing |
//! | `first_run` | which folders to protect, on which drive |
//! | `browser` | the main screen: places, snapshots, the folder at a moment |
//! | `search` | what was ever called so, in all of time |
//! | `deleted` | what was deleted, newest first |
//! | `status_card` | whether the person is safe; the running backup |
//! | `restore` | where to, the plan, the running restore |
//! | `preview` | what a stored file looks like, decoded in a process of its own |
//! | `thumbnails` | small pictures of stored files, made the same way |
//! | `versions` | the versions of a file, and what changed between them |
//! | `why` | why something isn't there, and what helps |
//! | `problems` | what a backup or an undone restore could not do |
//! | `actions` | keys, menu, help and about windows |
//! | `live_watch` | nothing: it tells when a folder's live files change |
//! | `bridge`, `history_worker` | threads on one side, messages on the other |
//!
//! Nothing in here touches a drive or the index on the main thread.

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use clap::{Arg, ArgAction, Command, value_parser};
use relm4::gtk::prelude::*;
use relm4::gtk::{gdk, gio, glib};
use relm4::prelude::*;
use relm4::{MessageBroker, adw, gtk};

use crate::app::target::Options;
use crate::i18n::gettext;

mod actions;
mod bridge;
mod browser;
mod deleted;
mod first_run;
mod history_worker;
mod live_watch;
mod preview;
mod problems;
mod restore;
mod search;
mod status_card;
mod thumbnails;
mod versions;
mod why;
mod widgets;
mod window;

pub use preview::decode::run_if_asked as decode_if_asked;

/// The application's identity on the desktop.
pub const APP_ID: &str = "io.github.yore_backup.Yore";

/// How soon a program that has nothing more to do notices it.
const END_PERIOD: Duration = Duration::from_millis(100);

/// How the application, which other starts of the program speak to, speaks to its window.
static WINDOW: MessageBroker<window::Input> = MessageBroker::new();

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
        .arg(
            Arg::new("path")
                .value_name("PATH")
                .value_parser(value_parser!(PathBuf))
                .help(gettext("Open this folder, or this file’s history")),
        )
}

/// Shows the window until it is closed. An error if there is no display to show it on.
pub fn run(matches: &clap::ArgMatches) -> Result<(), glib::BoolError> {
    let options = Options {
        config: matches.get_one::<PathBuf>("config").cloned(),
        repository: matches.get_one::<PathBuf>("repository").cloned(),
    };
    gtk::init()?;
    let application = adw::Application::new(Some(APP_ID), gio::ApplicationFlags::HANDLES_OPEN);
    application.connect_activate(|_| WINDOW.send(window::Input::Show));
    application.connect_open(|application, files, _| {
        if let Some(path) = files.first().and_then(gio::File::path) {
            WINDOW.send(window::Input::OpenPath(path));
        }
        application.activate();
    });
    end_without_events(&application);
    // Our own command line is read by clap; GTK gets the path alone, as a URI, which any bytes fit into.
    let path = matches.get_one::<PathBuf>("path").and_then(|path| std::path::absolute(path).ok());
    let uri = path.map(|path| gio::File::for_path(path).uri().to_string());
    let app = RelmApp::from_app(application)
        .with_broker(&WINDOW)
        // The window comes by itself once it knows how large it was.
        .visible_on_activate(false)
        .with_args(std::iter::once(APP_ID.to_owned()).chain(uri).collect());
    let is_own = options.config.is_some() || options.repository.is_some();
    app.allow_multiple_instances(is_own || matches.get_flag("new-instance"));
    relm4::set_global_css(include_str!("../../data/style.css"));
    find_icons();
    app.run::<window::Window>(options);
    Ok(())
}

/// At its end relm4 waits for one more event. A second start, which only tells the first one, and a window that has gone
/// may never get any, so there is one for them.
fn end_without_events(application: &adw::Application) {
    let is_first = Rc::new(Cell::new(false));
    let started = is_first.clone();
    application.connect_startup(move |_| started.set(true));
    glib::timeout_add_local(END_PERIOD, move || match is_first.get() {
        true => glib::ControlFlow::Break,
        false => glib::ControlFlow::Continue,
    });
    application.connect_shutdown(|_| {
        glib::timeout_add_local(END_PERIOD, || glib::ControlFlow::Continue);
    });
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
