//! One entry of the open folder as a row: icon, name, badge, size, time. Narrow windows show a second line instead.

use relm4::binding::BoolBinding;
use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::prelude::*;
use relm4::typed_view::list::RelmListItem;

use crate::app::text;
use crate::engine::history::Entry;
use crate::engine::meta::Kind;
use crate::engine::path;
use crate::i18n::gettext;
use crate::ui::widgets::{icon, progress};

/// What all rows of a list share.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    /// The window is narrow: no columns.
    pub narrow: BoolBinding,
    /// An entry of this folder has a badge: the column is there.
    pub badges: BoolBinding,
}

/// A row's model.
#[derive(Debug)]
pub struct Row {
    /// The entry that is shown.
    pub entry: Entry,
    layout: Layout,
}

impl Row {
    /// A row for `entry`.
    pub fn new(entry: Entry, layout: &Layout) -> Self {
        Self { entry, layout: layout.clone() }
    }

    fn size(&self) -> String {
        match self.entry.kind {
            Kind::File if !self.entry.absent => text::size(self.entry.size_bytes),
            _ => String::new(),
        }
    }

    fn time(&self) -> String {
        if self.entry.absent { String::new() } else { text::file_time(self.entry.mtime) }
    }

    fn caption(&self) -> String {
        match (self.size(), self.time()) {
            (size, time) if size.is_empty() => time,
            (size, time) => progress::join(&size, &time),
        }
    }
}

/// Whether `entry` has a badge.
pub fn has_badge(entry: &Entry) -> bool {
    entry.stale || entry.absent || entry.torn
}

fn badge(entry: &Entry) -> Option<(String, String)> {
    if entry.absent {
        let hint = gettext("It has never been read, so there is nothing to bring back");
        return Some((gettext("Could not be read"), hint));
    }
    if entry.torn {
        let hint = gettext("It changed each time it was read, so its content may not fit together");
        return Some((gettext("Changed while read"), hint));
    }
    entry.stale.then(|| {
        let hint =
            gettext("It could not be read in this backup; this is its last state that could");
        (gettext("Earlier state"), hint)
    })
}

/// A row's widgets.
pub struct RowWidgets {
    icon: gtk::Image,
    name: gtk::Label,
    caption: gtk::Label,
    size: gtk::Label,
    time: gtk::Label,
    badge_column: gtk::Box,
    badge: gtk::Box,
    badge_text: gtk::Label,
    bindings: Vec<glib::Binding>,
}

impl RelmListItem for Row {
    type Root = gtk::Box;
    type Widgets = RowWidgets;

    fn setup(_item: &gtk::ListItem) -> (gtk::Box, RowWidgets) {
        relm4::view! {
            root = gtk::Box {
                set_spacing: 12,
                add_css_class: "entry-line",
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
                    #[name = "caption"]
                    gtk::Label {
                        set_xalign: 0.0,
                        set_ellipsize: gtk::pango::EllipsizeMode::End,
                        set_css_classes: &["caption", "dim-label", "numeric"],
                    },
                },
                #[name = "size"]
                gtk::Label {
                    set_xalign: 1.0,
                    set_width_chars: 8,
                    set_css_classes: &["dim-label", "numeric"],
                },
                #[name = "time"]
                gtk::Label {
                    set_xalign: 0.0,
                    set_width_chars: 14,
                    set_css_classes: &["dim-label", "numeric", "time"],
                },
                #[name = "badge_column"]
                gtk::Box {
                    #[name = "badge"]
                    gtk::Box {
                        set_spacing: 6,
                        add_css_class: "badge",
                        icon::decoration() -> gtk::Image {
                            set_icon_name: Some("dialog-warning-symbolic"),
                        },
                        #[name = "badge_text"]
                        gtk::Label { set_xalign: 0.0, add_css_class: "caption", set_width_chars: 17 },
                    },
                },
            }
        }
        let bindings = Vec::new();
        let widgets = RowWidgets {
            icon,
            name,
            caption,
            size,
            time,
            badge_column,
            badge,
            badge_text,
            bindings,
        };
        (root, widgets)
    }

    fn bind(&mut self, widgets: &mut RowWidgets, root: &mut gtk::Box) {
        let name = path::display(&self.entry.name);
        root.set_widget_name(&path::encode(&self.entry.name));
        widgets.icon.set_from_gicon(&icon::of_entry(self.entry.kind, &self.entry.name));
        widgets.name.set_label(&name);
        widgets.name.set_tooltip_text(Some(&name));
        widgets.caption.set_label(&self.caption());
        widgets.size.set_label(&self.size());
        widgets.time.set_label(&self.time());
        let badge = badge(&self.entry);
        widgets.badge.set_opacity(if badge.is_some() { 1.0 } else { 0.0 });
        let (text, hint) = badge.unzip();
        widgets.badge_text.set_label(text.as_deref().unwrap_or_default());
        widgets.badge.set_tooltip_text(hint.as_deref());
        if self.entry.absent {
            root.add_css_class("absent");
        } else {
            root.remove_css_class("absent");
        }
        // The row around our box is what assistive tools see; it has no name of its own.
        widgets.name.set_mnemonic_widget(root.parent().as_ref());
        widgets.bindings = self.follow_layout(widgets);
    }

    fn unbind(&mut self, widgets: &mut RowWidgets, _root: &mut gtk::Box) {
        for binding in widgets.bindings.drain(..) {
            binding.unbind();
        }
    }
}

impl Row {
    fn follow_layout(&self, widgets: &RowWidgets) -> Vec<glib::Binding> {
        let Layout { narrow, badges } = &self.layout;
        let wide_only = |widget: &gtk::Label| {
            narrow.bind_property("value", widget, "visible").invert_boolean().sync_create().build()
        };
        vec![
            wide_only(&widgets.size),
            wide_only(&widgets.time),
            narrow.bind_property("value", &widgets.caption, "visible").sync_create().build(),
            badges.bind_property("value", &widgets.badge_column, "visible").sync_create().build(),
        ]
    }
}
