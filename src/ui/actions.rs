//! What keys and the menu can ask for: one table, from which come the actions, the accelerators and the help window.

use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk;
use relm4::gtk::{gdk, gio};

use super::browser::{Command, Shape};
use super::problems::escape;
use super::widgets::named;
use super::widgets::timeline::Step;
use super::window::Input;
use crate::i18n::gettext;

/// An action of the window.
struct Entry {
    name: &'static str,
    keys: &'static [&'static str],
    title: fn() -> String,
    message: fn() -> Input,
    /// Only with a set-up backup: off on the first run.
    in_browser: bool,
}

const ENTRIES: &[Entry] = &[
    Entry {
        name: "back-up",
        keys: &["<Control>b"],
        title: || gettext("Back up now"),
        message: || Input::Command(Command::BackUp),
        in_browser: true,
    },
    Entry {
        name: "earlier",
        keys: &["<Alt>Up"],
        title: || gettext("Earlier snapshot"),
        message: || Input::Command(Command::Go(Step::Earlier)),
        in_browser: true,
    },
    Entry {
        name: "later",
        keys: &["<Alt>Down"],
        title: || gettext("Later snapshot"),
        message: || Input::Command(Command::Go(Step::Later)),
        in_browser: true,
    },
    Entry {
        name: "earlier-change",
        keys: &["<Alt><Shift>Up"],
        title: || gettext("Earlier change of the folder or selected file"),
        message: || Input::Command(Command::Go(Step::EarlierChange)),
        in_browser: true,
    },
    Entry {
        name: "later-change",
        keys: &["<Alt><Shift>Down"],
        title: || gettext("Later change of the folder or selected file"),
        message: || Input::Command(Command::Go(Step::LaterChange)),
        in_browser: true,
    },
    Entry {
        name: "now",
        keys: &["<Alt>End"],
        title: || gettext("Now"),
        message: || Input::Command(Command::Go(Step::Now)),
        in_browser: true,
    },
    Entry {
        name: "jump",
        keys: &["<Control>j"],
        title: || gettext("Jump to a date"),
        message: || Input::Command(Command::Jump),
        in_browser: true,
    },
    Entry {
        name: "mark",
        keys: &["<Control>k"],
        title: || gettext("Keep or name the snapshot"),
        message: || Input::Command(Command::Mark),
        in_browser: true,
    },
    Entry {
        name: "back",
        keys: &["<Alt>Left"],
        title: || gettext("Back"),
        message: || Input::Command(Command::Back),
        in_browser: true,
    },
    Entry {
        name: "forward",
        keys: &["<Alt>Right"],
        title: || gettext("Forward"),
        message: || Input::Command(Command::Forward),
        in_browser: true,
    },
    Entry {
        name: "location",
        keys: &["<Control>l"],
        title: || gettext("Type a path"),
        message: || Input::Command(Command::Location),
        in_browser: true,
    },
    Entry {
        name: "up",
        keys: &[],
        title: || gettext("Folder above"),
        message: || Input::Command(Command::Up),
        in_browser: true,
    },
    Entry {
        name: "search",
        keys: &["<Control>f"],
        title: || gettext("Search all of time"),
        message: || Input::Command(Command::Search),
        in_browser: true,
    },
    Entry {
        name: "restore",
        keys: &["<Control>r"],
        title: || gettext("Restore the selection"),
        message: || Input::Command(Command::Restore),
        in_browser: true,
    },
    Entry {
        name: "restore-to",
        keys: &["<Control><Shift>r"],
        title: || gettext("Restore the selection to another folder"),
        message: || Input::Command(Command::RestoreTo),
        in_browser: true,
    },
    Entry {
        name: "as-list",
        keys: &["<Control>1"],
        title: || gettext("Show folders as a list"),
        message: || Input::Command(Command::Show(Shape::List)),
        in_browser: true,
    },
    Entry {
        name: "as-grid",
        keys: &["<Control>2"],
        title: || gettext("Show folders as a grid, with small pictures"),
        message: || Input::Command(Command::Show(Shape::Grid)),
        in_browser: true,
    },
    Entry {
        name: "show-deleted",
        keys: &["<Control>d"],
        title: || gettext("Show what was deleted in the folder"),
        message: || Input::Command(Command::ShowDeleted),
        in_browser: true,
    },
    Entry {
        name: "versions",
        keys: &["<Control><Shift>v"],
        title: || gettext("Versions of the selected file"),
        message: || Input::Command(Command::Versions),
        in_browser: true,
    },
    Entry {
        name: "undo",
        keys: &["<Control>z"],
        title: || gettext("Undo the last restore"),
        message: || Input::Command(Command::Undo),
        in_browser: true,
    },
    Entry {
        name: "reload",
        keys: &["F5"],
        title: || gettext("Read everything again"),
        message: || Input::Command(Command::Reload),
        in_browser: true,
    },
    Entry {
        name: "shortcuts",
        keys: &["<Control>question"],
        title: || gettext("Keyboard shortcuts"),
        message: || Input::Shortcuts,
        in_browser: false,
    },
    Entry {
        name: "about",
        keys: &[],
        title: || gettext("About Yore"),
        message: || Input::About,
        in_browser: false,
    },
    Entry {
        name: "close",
        keys: &["<Control>w"],
        title: || gettext("Close the window; what runs goes on"),
        message: || Input::Close,
        in_browser: false,
    },
    Entry {
        name: "quit",
        keys: &["<Control>q"],
        title: || gettext("Quit"),
        message: || Input::Quit,
        in_browser: false,
    },
];

/// Gives `window` its actions and the application their keys.
pub fn install(window: &adw::ApplicationWindow, sender: &relm4::Sender<Input>) {
    let application = relm4::main_application();
    for entry in ENTRIES {
        let action = gio::SimpleAction::new(entry.name, None);
        action.set_enabled(!entry.in_browser);
        let (sender, message) = (sender.clone(), entry.message);
        action.connect_activate(move |_, _| {
            let _closed = sender.send(message());
        });
        window.add_action(&action);
        application.set_accels_for_action(&format!("win.{}", entry.name), entry.keys);
    }
    // No accelerator, which would come first: in a text field BackSpace must delete.
    let key = gtk::KeyvalTrigger::new(gdk::Key::BackSpace, gdk::ModifierType::empty());
    let go_up = gtk::NamedAction::new("win.up");
    let shortcuts = gtk::ShortcutController::new();
    shortcuts.add_shortcut(gtk::Shortcut::new(Some(key), Some(go_up)));
    window.add_controller(shortcuts);
}

/// Switches the actions on that need a set-up backup.
pub fn enter_browser(window: &adw::ApplicationWindow) {
    for entry in ENTRIES.iter().filter(|entry| entry.in_browser) {
        if let Some(action) = window.lookup_action(entry.name).and_downcast::<gio::SimpleAction>() {
            action.set_enabled(true);
        }
    }
}

/// The button of the main menu.
pub fn menu_button() -> gtk::MenuButton {
    let name = gettext("Main Menu");
    let button: gtk::MenuButton = named::named(&name);
    button.set_icon_name("open-menu-symbolic");
    button.set_tooltip_text(Some(&name));
    button.set_primary(true);
    let popover: gtk::PopoverMenu = named::named(&name);
    popover.set_menu_model(Some(&menu()));
    button.set_popover(Some(&popover));
    button
}

fn menu() -> gio::Menu {
    let (screen, program) = (gio::Menu::new(), gio::Menu::new());
    screen.append(Some(&gettext("_Reload")), Some("win.reload"));
    program.append(Some(&gettext("_Keyboard Shortcuts")), Some("win.shortcuts"));
    program.append(Some(&gettext("_About Yore")), Some("win.about"));
    program.append(Some(&gettext("_Quit")), Some("win.quit"));
    let menu = gio::Menu::new();
    menu.append_section(None, &screen);
    menu.append_section(None, &program);
    menu
}

/// The window that lists all keys. GTK's own has controls without names.
pub fn shortcuts_window(parent: &adw::ApplicationWindow) -> adw::Window {
    let list = named::list_box(&gettext("Keyboard Shortcuts"));
    list.set_selection_mode(gtk::SelectionMode::None);
    list.add_css_class("boxed-list");
    for entry in ENTRIES.iter().filter(|entry| !entry.keys.is_empty()) {
        list.append(&shortcut(entry.keys.first().copied().unwrap_or_default(), &(entry.title)()));
    }
    list.append(&shortcut("Return", &gettext("Open the folder or file")));
    list.append(&shortcut("<Control>c", &gettext("Copy the selected files, in the list")));
    list.append(&shortcut("space", &gettext("Look at the file; held, as it is now")));
    list.append(&shortcut("BackSpace", &gettext("Folder above")));
    list.append(&shortcut("<Control>a", &gettext("Select everything, in the list")));
    list.append(&shortcut("Page_Up", &gettext("Ten snapshots earlier, in the timeline")));
    list.append(&shortcut("Page_Down", &gettext("Ten snapshots later, in the timeline")));
    list.append(&shortcut("Page_Up", &gettext("Earlier month, while jumping to a date")));
    list.append(&shortcut("Page_Down", &gettext("Later month, while jumping to a date")));
    list.append(&shortcut("Home", &gettext("Oldest snapshot, in the timeline")));
    list.append(&shortcut("F10", &gettext("Main menu")));
    let clamp = adw::Clamp::builder().child(&list).css_classes(["page"]).build();
    let scroller = gtk::ScrolledWindow::builder().vexpand(true).child(&clamp).build();
    let page = gtk::Box::new(gtk::Orientation::Vertical, 0);
    page.append(&adw::HeaderBar::builder().css_classes(["flat"]).build());
    page.append(&scroller);
    let window = adw::Window::builder()
        .transient_for(parent)
        .modal(true)
        .title(gettext("Keyboard Shortcuts"))
        .default_width(460)
        .default_height(560)
        .content(&page)
        .build();
    window.add_controller(escape());
    window
}

fn shortcut(key: &str, title: &str) -> adw::ActionRow {
    let row = adw::ActionRow::builder().title(title).build();
    let keys = gtk::ShortcutLabel::builder().accelerator(key).valign(gtk::Align::Center).build();
    row.add_suffix(&keys);
    row
}

/// The window about the program.
pub fn about_window(parent: &adw::ApplicationWindow) -> adw::AboutWindow {
    adw::AboutWindow::builder()
        .transient_for(parent)
        .modal(true)
        .application_name("Yore")
        .application_icon(super::APP_ID)
        .version(env!("CARGO_PKG_VERSION"))
        .developer_name(gettext("The Yore authors"))
        .comments(gettext("A time machine for your folders. Every snapshot is a plain folder that can be read without Yore."))
        .license_type(gtk::License::Gpl30)
        .build()
}
