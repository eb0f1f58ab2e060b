//! The places: the protected folders, one click away.

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use crate::engine::path::{self, RelPath};
use crate::i18n::gettext;
use crate::ui::widgets::named;

/// The model: what each row stands for.
#[derive(Debug)]
pub struct Places {
    folders: Vec<RelPath>,
    list: gtk::ListBox,
}

/// What the list is told.
#[derive(Debug)]
pub enum Input {
    /// Other folders.
    Set(Vec<RelPath>),
    /// The open folder: its place is marked.
    Mark(RelPath),
}

/// A place was chosen.
#[derive(Debug)]
pub struct Chosen(pub RelPath);

#[relm4::component(pub)]
impl SimpleComponent for Places {
    type Init = Vec<RelPath>;
    type Input = Input;
    type Output = Chosen;

    view! {
        #[root]
        gtk::Box {
            #[local_ref]
            list -> gtk::ListBox {
                set_hexpand: true,
                add_css_class: "navigation-sidebar",
                set_selection_mode: gtk::SelectionMode::Single,
            },
        }
    }

    fn init(
        folders: Self::Init,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let list = named::list_box(&gettext("Places"));
        let mut model = Self { folders: Vec::new(), list: list.clone() };
        model.set(folders);
        let widgets = view_output!();
        let output = sender.output_sender().clone();
        list.connect_row_activated(move |_, row| {
            if let Some(folder) = folder_of(row) {
                let _closed = output.send(Chosen(folder));
            }
        });
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: Input, _sender: ComponentSender<Self>) {
        match message {
            Input::Set(folders) => self.set(folders),
            Input::Mark(folder) => self.mark(&folder),
        }
    }
}

impl Places {
    fn set(&mut self, folders: Vec<RelPath>) {
        if folders == self.folders && self.list.first_child().is_some() {
            return;
        }
        while let Some(row) = self.list.row_at_index(0) {
            self.list.remove(&row);
        }
        for folder in &folders {
            self.list.append(&row_of(folder));
        }
        self.folders = folders;
    }

    /// Marks the innermost place around `folder`.
    fn mark(&self, folder: &RelPath) {
        let place = (self.folders.iter().enumerate())
            .filter(|(_, place)| folder.is_within(place))
            .max_by_key(|(_, place)| place.components().count())
            .and_then(|(index, _)| i32::try_from(index).ok())
            .and_then(|index| self.list.row_at_index(index));
        self.list.select_row(place.as_ref());
    }
}

/// What a place is called: its last name, or "Computer" for the root.
pub fn title_of(folder: &RelPath) -> String {
    folder.name().map_or_else(|| gettext("Computer"), path::display)
}

fn row_of(folder: &RelPath) -> gtk::ListBoxRow {
    let title = title_of(folder);
    let is_home = folder.to_absolute() == crate::app::places::home();
    let icon = gtk::Image::builder()
        .icon_name(if is_home { "user-home-symbolic" } else { "folder-symbolic" })
        .accessible_role(gtk::AccessibleRole::Presentation)
        .build();
    let label = gtk::Label::builder()
        .label(&title)
        .xalign(0.0)
        .ellipsize(gtk::pango::EllipsizeMode::Middle)
        .build();
    let line = gtk::Box::builder().spacing(12).build();
    line.append(&icon);
    line.append(&label);
    let row: gtk::ListBoxRow = named::named(&title);
    row.set_child(Some(&line));
    row.set_tooltip_text(Some(&folder.to_string()));
    // The path travels in the row's own name, encoded, so that no index can go stale.
    row.set_widget_name(&folder.encode());
    row
}

fn folder_of(row: &gtk::ListBoxRow) -> Option<RelPath> {
    RelPath::decode(row.widget_name().as_str()).ok()
}
