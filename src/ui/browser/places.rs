//! The places, one click away: the protected folders, the person's usual ones within them, and what was deleted.

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use super::usual;
use crate::engine::path::{self, RelPath};
use crate::i18n::gettext;
use crate::ui::widgets::named;

/// The widget name of the row of what was deleted: no path is encoded so.
const DELETED: &str = "//deleted";

/// The model: what each row stands for.
#[derive(Debug)]
pub struct Places {
    /// The sources.
    folders: Vec<RelPath>,
    /// The usual folders that the newest snapshot has.
    usual: Vec<RelPath>,
    list: gtk::ListBox,
}

/// What the list is told.
#[derive(Debug)]
pub enum Input {
    /// Other folders.
    Set(Vec<RelPath>),
    /// The usual folders that there are.
    Usual(Vec<RelPath>),
    /// The open folder: its place is marked.
    Mark(RelPath),
    /// What was deleted is open.
    MarkDeleted,
}

/// What was chosen.
#[derive(Debug)]
pub enum Chosen {
    /// A folder.
    Folder(RelPath),
    /// What was deleted.
    Deleted,
}

#[relm4::component(pub)]
impl SimpleComponent for Places {
    type Init = Vec<RelPath>;
    type Input = Input;
    type Output = Chosen;

    view! {
        #[root]
        gtk::ScrolledWindow {
            set_hscrollbar_policy: gtk::PolicyType::Never,
            set_propagate_natural_height: true,
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
        let mut model = Self { folders, usual: Vec::new(), list: list.clone() };
        model.fill();
        let widgets = view_output!();
        let output = sender.output_sender().clone();
        list.connect_row_activated(move |_, row| {
            if let Some(chosen) = chosen(row) {
                let _closed = output.send(chosen);
            }
        });
        list.set_header_func(|row, before| {
            let between = before.filter(|before| group(before) != group(row));
            let line = between.map(|_| gtk::Separator::new(gtk::Orientation::Horizontal));
            row.set_header(line.as_ref());
        });
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: Input, _sender: ComponentSender<Self>) {
        match message {
            Input::Set(folders) if folders == self.folders => {}
            Input::Set(folders) => {
                self.folders = folders;
                self.fill();
            }
            Input::Usual(usual) if usual == self.usual => {}
            Input::Usual(usual) => {
                self.usual = usual;
                self.fill();
            }
            Input::Mark(folder) => self.mark(&folder),
            Input::MarkDeleted => self.mark_row(DELETED),
        }
    }
}

impl Places {
    fn fill(&mut self) {
        let marked = self.list.selected_row().map(|row| row.widget_name());
        while let Some(row) = self.list.row_at_index(0) {
            self.list.remove(&row);
        }
        for folder in &self.folders {
            let icon = if is_home(folder) { "user-home-symbolic" } else { "folder-symbolic" };
            self.list.append(&folder_row(folder, icon, "source"));
        }
        for folder in &self.usual {
            self.list.append(&folder_row(folder, usual::icon_of(folder), "usual"));
        }
        let deleted = row_of(&gettext("Deleted Files"), "user-trash-symbolic", "deleted");
        deleted.set_widget_name(DELETED);
        self.list.append(&deleted);
        if let Some(marked) = marked {
            self.mark_row(&marked);
        }
    }

    /// Marks the innermost place around `folder`.
    fn mark(&self, folder: &RelPath) {
        let place = (self.folders.iter().chain(&self.usual))
            .filter(|place| folder.is_within(place))
            .max_by_key(|place| place.components().count());
        match place {
            Some(place) => self.mark_row(&place.encode()),
            None => self.list.unselect_all(),
        }
    }

    fn mark_row(&self, name: &str) {
        let mut rows = std::iter::successors(self.list.first_child(), gtk::Widget::next_sibling);
        let row = rows.find(|row| row.widget_name() == name).and_downcast::<gtk::ListBoxRow>();
        self.list.select_row(row.as_ref());
    }
}

/// What a place is called: its last name, "Home" for the person's own folder, "Computer" for the root.
pub fn title_of(folder: &RelPath) -> String {
    if is_home(folder) {
        return gettext("Home");
    }
    folder.name().map_or_else(|| gettext("Computer"), path::display)
}

fn is_home(folder: &RelPath) -> bool {
    !folder.is_root() && folder.to_absolute() == crate::app::places::home()
}

fn folder_row(folder: &RelPath, icon: &str, group: &str) -> gtk::ListBoxRow {
    let row = row_of(&title_of(folder), icon, group);
    row.set_tooltip_text(Some(&folder.to_string()));
    // The path travels in the row's own name, encoded, so that no index can go stale.
    row.set_widget_name(&folder.encode());
    row
}

/// A row of a group: a line parts it from those of another.
fn row_of(title: &str, icon: &str, group: &str) -> gtk::ListBoxRow {
    let icon = gtk::Image::builder()
        .icon_name(icon)
        .accessible_role(gtk::AccessibleRole::Presentation)
        .build();
    let label = gtk::Label::builder()
        .label(title)
        .xalign(0.0)
        .ellipsize(gtk::pango::EllipsizeMode::Middle)
        .build();
    let line = gtk::Box::builder().spacing(12).name(group).build();
    line.append(&icon);
    line.append(&label);
    let row: gtk::ListBoxRow = named::named(title);
    row.set_child(Some(&line));
    row
}

fn group(row: &gtk::ListBoxRow) -> Option<gtk::glib::GString> {
    row.child().map(|line| line.widget_name())
}

fn chosen(row: &gtk::ListBoxRow) -> Option<Chosen> {
    let name = row.widget_name();
    if name == DELETED {
        return Some(Chosen::Deleted);
    }
    RelPath::decode(name.as_str()).ok().map(Chosen::Folder)
}
