//! Something of the past as a row: what it was, where it was, when it was there; or a heading over such rows. Narrow
//! windows show another line instead of columns.

use relm4::binding::BoolBinding;
use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::prelude::*;
use relm4::typed_view::list::RelmListItem;

use crate::engine::meta::Kind;
use crate::engine::path::{self, RelPath};
use crate::ui::widgets::{icon, places, progress};

/// Something that was there once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Where it was.
    pub path: RelPath,
    /// What it was.
    pub kind: Kind,
    /// Number of the last snapshot that has it.
    pub at: u64,
    /// When it was there, in words.
    pub when: String,
    /// How large it was, in words; empty if that says nothing.
    pub size: String,
    /// The same in bytes, a folder's with all in it as far as it is known.
    pub bytes: u64,
}

/// What a row shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A heading.
    Heading(String),
    /// Something that was there.
    Item(Item),
}

/// A row's model.
#[derive(Debug)]
pub struct Row {
    /// What it shows.
    pub content: Content,
    is_narrow: BoolBinding,
}

impl Row {
    /// A row that follows `is_narrow`.
    pub fn new(content: Content, is_narrow: &BoolBinding) -> Self {
        Self { content, is_narrow: is_narrow.clone() }
    }
}

/// A row's widgets.
pub struct RowWidgets {
    item: glib::WeakRef<gtk::ListItem>,
    heading: gtk::Label,
    line: gtk::Box,
    icon: gtk::Image,
    name: gtk::Label,
    folder: gtk::Label,
    caption: gtk::Label,
    when: gtk::Label,
    size: gtk::Label,
    bindings: Vec<glib::Binding>,
}

impl RelmListItem for Row {
    type Root = gtk::Box;
    type Widgets = RowWidgets;

    fn setup(item: &gtk::ListItem) -> (gtk::Box, RowWidgets) {
        relm4::view! {
            root = gtk::Box {
                #[name = "heading"]
                gtk::Label {
                    set_xalign: 0.0,
                    set_css_classes: &["heading", "past-heading"],
                },
                #[name = "line"]
                gtk::Box {
                    set_spacing: 12,
                    set_hexpand: true,
                    set_css_classes: &["entry-line", "past-line"],
                    #[name = "icon"]
                    icon::decoration() -> gtk::Image {
                        add_css_class: "entry-icon",
                    },
                    gtk::Box {
                        set_orientation: gtk::Orientation::Vertical,
                        set_hexpand: true,
                        set_valign: gtk::Align::Center,
                        #[name = "name"]
                        gtk::Label {
                            set_xalign: 0.0,
                            set_ellipsize: gtk::pango::EllipsizeMode::Middle,
                        },
                        #[name = "folder"]
                        gtk::Label {
                            set_xalign: 0.0,
                            set_ellipsize: gtk::pango::EllipsizeMode::Start,
                            set_css_classes: &["caption", "dim-label"],
                        },
                        #[name = "caption"]
                        gtk::Label {
                            set_xalign: 0.0,
                            set_ellipsize: gtk::pango::EllipsizeMode::End,
                            set_css_classes: &["caption", "dim-label", "numeric"],
                        },
                    },
                    #[name = "when"]
                    gtk::Label {
                        set_xalign: 0.0,
                        set_width_chars: 24,
                        set_max_width_chars: 24,
                        set_ellipsize: gtk::pango::EllipsizeMode::End,
                        set_css_classes: &["dim-label", "numeric"],
                    },
                    #[name = "size"]
                    gtk::Label {
                        set_xalign: 1.0,
                        set_width_chars: 9,
                        set_css_classes: &["dim-label", "numeric"],
                    },
                },
            }
        }
        let (item, bindings) = (item.downgrade(), Vec::new());
        let widgets =
            RowWidgets { item, heading, line, icon, name, folder, caption, when, size, bindings };
        (root, widgets)
    }

    fn bind(&mut self, widgets: &mut RowWidgets, root: &mut gtk::Box) {
        let is_item = matches!(self.content, Content::Item(_));
        widgets.heading.set_visible(!is_item);
        widgets.line.set_visible(is_item);
        if let Some(item) = widgets.item.upgrade() {
            item.set_selectable(is_item);
            item.set_activatable(is_item);
        }
        // The row around our box is what assistive tools see; it has no name of its own.
        let around = root.parent();
        let no_widget = gtk::Widget::NONE;
        widgets.name.set_mnemonic_widget(around.as_ref().filter(|_| is_item));
        widgets.heading.set_mnemonic_widget(around.as_ref().filter(|_| !is_item).or(no_widget));
        match &self.content {
            Content::Heading(text) => {
                root.set_widget_name("");
                widgets.heading.set_label(text);
            }
            Content::Item(item) => {
                root.set_widget_name(&item.path.encode());
                fill(widgets, item);
                widgets.bindings = self.follow_width(widgets);
            }
        }
    }

    fn unbind(&mut self, widgets: &mut RowWidgets, _root: &mut gtk::Box) {
        for binding in widgets.bindings.drain(..) {
            binding.unbind();
        }
    }
}

impl Row {
    fn follow_width(&self, widgets: &RowWidgets) -> Vec<glib::Binding> {
        let wide_only = |widget: &gtk::Label| {
            let bind = self.is_narrow.bind_property("value", widget, "visible");
            bind.invert_boolean().sync_create().build()
        };
        let caption = self.is_narrow.bind_property("value", &widgets.caption, "visible");
        vec![wide_only(&widgets.when), wide_only(&widgets.size), caption.sync_create().build()]
    }
}

fn fill(widgets: &RowWidgets, item: &Item) {
    let name = item.path.name().unwrap_or_default();
    let shown = path::display(name);
    widgets.icon.set_from_gicon(&icon::of_entry(item.kind, name));
    widgets.name.set_label(&shown);
    widgets.name.set_tooltip_text(Some(&shown));
    let folder = item.path.parent().unwrap_or_default();
    widgets.folder.set_label(&places::words_of(&folder));
    widgets.folder.set_tooltip_text(Some(&folder.to_string()));
    widgets.when.set_label(&item.when);
    widgets.when.set_tooltip_text(Some(&item.when));
    widgets.size.set_label(&item.size);
    widgets.caption.set_label(&match item.size.is_empty() {
        true => item.when.clone(),
        false => progress::join(&item.when, &item.size),
    });
}
