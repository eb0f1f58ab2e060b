//! The menu of the selected rows: the secondary button of the mouse, the Menu key, or Shift+F10.

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::gtk::{gdk, gio, graphene};
use relm4::prelude::*;

use super::{Folder, Input, Output, State};
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;
use crate::i18n::gettext;
use crate::ui::widgets::{focus, named};

/// The actions' group.
const GROUP: &str = "row";

/// What the menu offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Open the folder or the file.
    Open,
    /// Look at it.
    Preview,
    /// List the file's versions.
    Versions,
    /// Put copies of the files on the clipboard.
    Copy,
    /// Bring the rows back to where they were.
    Restore,
    /// Bring them back to another folder.
    RestoreTo,
    /// Tell why it isn't there at the shown moment.
    Why,
}

impl Act {
    const ALL: [Self; 7] = [
        Self::Open,
        Self::Preview,
        Self::Versions,
        Self::Copy,
        Self::Restore,
        Self::RestoreTo,
        Self::Why,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Preview => "preview",
            Self::Versions => "versions",
            Self::Copy => "copy",
            Self::Restore => "restore",
            Self::RestoreTo => "restore-to",
            Self::Why => "why",
        }
    }

    fn title(self) -> String {
        match self {
            Self::Open => gettext("Open"),
            Self::Preview => gettext("Preview"),
            Self::Versions => gettext("Versions"),
            Self::Copy => gettext("Copy"),
            Self::Restore => gettext("Restore"),
            Self::RestoreTo => gettext("Restore To…"),
            Self::Why => gettext("Why Isn’t It Here?"),
        }
    }
}

/// The menu.
pub struct Menu {
    popover: gtk::PopoverMenu,
    actions: [(Act, gio::SimpleAction); Act::ALL.len()],
}

impl Menu {
    /// A menu that opens over `root`, for the rows of `views` in it.
    pub fn new(root: &gtk::Box, views: &gtk::Stack, input: &relm4::Sender<Input>) -> Self {
        let group = gio::SimpleActionGroup::new();
        let actions = Act::ALL.map(|act| {
            let action = gio::SimpleAction::new(act.name(), None);
            let input = input.clone();
            action.connect_activate(move |_, _| {
                let _closed = input.send(Input::Act(act));
            });
            group.add_action(&action);
            (act, action)
        });
        root.insert_action_group(GROUP, Some(&group));
        let popover: gtk::PopoverMenu = named::named(&gettext("Menu of the Selection"));
        popover.set_menu_model(Some(&model()));
        popover.set_has_arrow(false);
        popover.set_halign(gtk::Align::Start);
        popover.set_parent(root);
        let back = views.downgrade();
        popover.connect_closed(move |_| {
            let scroller = back.upgrade().and_then(|views| views.visible_child());
            let scroller = scroller.and_downcast::<gtk::ScrolledWindow>();
            if let Some(view) = scroller.and_then(|scroller| scroller.child()) {
                view.grab_focus();
            }
        });
        Self { popover, actions }
    }

    fn show(&self, at: &graphene::Rect, can: impl Fn(Act) -> bool) {
        for (act, action) in &self.actions {
            action.set_enabled(can(*act));
        }
        let place = gdk::Rectangle::new(
            at.x() as i32,
            at.y() as i32,
            at.width() as i32,
            at.height() as i32,
        );
        self.popover.set_pointing_to(Some(&place));
        self.popover.popup();
    }
}

/// What is for one entry, what makes copies, and what brings back.
fn model() -> gio::Menu {
    let model = gio::Menu::new();
    let sections: [&[Act]; 3] = [
        &[Act::Open, Act::Preview, Act::Versions],
        &[Act::Copy],
        &[Act::Restore, Act::RestoreTo, Act::Why],
    ];
    for acts in sections {
        let section = gio::Menu::new();
        for act in acts {
            let name = format!("{GROUP}.{}", act.name());
            let item = gio::MenuItem::new(Some(&act.title()), Some(&name));
            if *act == Act::Why {
                item.set_attribute_value("hidden-when", Some(&"action-disabled".to_variant()));
            }
            section.append_item(&item);
        }
        model.append_section(None, &section);
    }
    model
}

/// The secondary button of the mouse, over rows.
pub fn secondary_click(input: &relm4::Sender<Input>) -> gtk::GestureClick {
    let click = gtk::GestureClick::builder().button(gdk::BUTTON_SECONDARY).build();
    let input = input.clone();
    click.connect_pressed(move |click, _, x, y| {
        click.set_state(gtk::EventSequenceState::Claimed);
        let _closed = input.send(Input::Menu(Some((x, y))));
    });
    click
}

impl Folder {
    /// Opens the menu at a place in the list, for the row there; or for the row with the keyboard.
    pub(super) fn open_menu(&mut self, at: Option<(f64, f64)>) {
        if self.state != State::Listed {
            return;
        }
        let view = self.views.current();
        let row = match at {
            Some((x, y)) => focus::key_at(view, x, y).and_then(|key| self.row_of(&key)),
            None => self.focused_row().or_else(|| self.selected_row()),
        };
        let Some(row) = row else { return };
        if !self.list.selection_model.is_selected(row) {
            self.list.selection_model.select_item(row, true);
        }
        // What is selected is told later than it is so.
        self.selected = self.sum_up();
        let place = match at {
            Some((x, y)) => view
                .translate_coordinates(&self.root, x, y)
                .map(|(x, y)| graphene::Rect::new(x as f32, y as f32, 1.0, 1.0)),
            None => view.focus_child().and_then(|row| row.compute_bounds(&self.root)),
        };
        let place = place.unwrap_or_else(graphene::Rect::zero);
        self.menu.show(&place, |act| self.can(act));
    }

    /// Something was chosen in the menu.
    pub(super) fn act(&mut self, act: Act, sender: &ComponentSender<Self>) {
        if !self.can(act) {
            return;
        }
        let input = sender.input_sender();
        let asked = match act {
            Act::Open => self.selected_row().map(Input::Opened),
            Act::Copy => Some(Input::CopyOut),
            Act::Restore => Some(Input::Restore { elsewhere: false }),
            Act::RestoreTo => Some(Input::Restore { elsewhere: true }),
            Act::Preview => return self.peek(false, sender),
            Act::Versions => {
                // The window's action, as the button's.
                let _no_such_action = self.root.activate_action("win.versions", None);
                None
            }
            Act::Why => {
                if let Some(path) = self.missing() {
                    let _closed = sender.output(Output::Why(path));
                }
                None
            }
        };
        if let Some(asked) = asked {
            let _closed = input.send(asked);
        }
    }

    /// Whether the selection is something to do this with.
    fn can(&self, act: Act) -> bool {
        let row = self.selected_row().filter(|_| self.selected.rows == 1);
        match act {
            Act::Open => {
                row.is_some_and(|row| self.folder_at(row).is_some() || self.file_at(row).is_some())
            }
            Act::Preview => {
                let item = row.and_then(|row| self.list.get(row));
                item.is_some_and(|item| !item.borrow().entry.absent)
            }
            Act::Versions => self.has_versions(),
            Act::Copy => !self.selected_files().is_empty(),
            Act::Restore | Act::RestoreTo => self.can_restore(),
            Act::Why => self.missing().is_some(),
        }
    }

    /// Whether the selection is one file that was ever backed up.
    pub(super) fn has_versions(&self) -> bool {
        let row = self.selected_row().filter(|_| self.selected.rows == 1);
        row.and_then(|row| self.list.get(row)).is_some_and(|item| {
            let item = item.borrow();
            item.entry.kind != Kind::Directory && !self.layout.is_new(&item.entry.name)
        })
    }

    /// The one selected entry, if it isn't in what is shown or will not be in the next backup.
    fn missing(&self) -> Option<RelPath> {
        let row = self.selected_row().filter(|_| self.selected.rows == 1)?;
        let item = self.list.get(row)?;
        let item = item.borrow();
        let is_missing = item.was.is_some()
            || item.entry.absent
            || self.now.is_some() && self.layout.is_left_out(&item.entry.name);
        is_missing.then(|| self.folder.join(&item.entry.name))
    }
}
