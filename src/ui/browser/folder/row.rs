//! One entry of the open folder as a row: icon, name, badge, size, time. Narrow windows show a second line instead.

use jiff::Timestamp;
use relm4::RelmWidgetExt;
use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::prelude::*;
use relm4::typed_view::list::RelmListItem;

use super::badge::STYLES;
use super::layout::{Follower, Layout};
use super::said::Said;
use crate::app::text;
use crate::engine::history::Entry;
use crate::engine::meta::Kind;
use crate::engine::path;
use crate::ui::history_worker::Gone;
use crate::ui::widgets::{icon, progress};

/// How wide the columns are, in characters: the headings over them are as wide.
pub const SIZE_CHARS: i32 = 8;
/// That of times.
pub const TIME_CHARS: i32 = 15;
/// That of badges.
pub const BADGE_CHARS: i32 = 15;

/// A row's model.
#[derive(Debug)]
pub struct Row {
    /// The entry that is shown.
    pub entry: Entry,
    /// It isn't in the folder at the shown moment, but was before.
    pub was: Option<Was>,
    pub(super) layout: Layout,
}

/// Of what was deleted before the shown moment.
#[derive(Debug, Clone, Copy)]
pub struct Was {
    /// The snapshot that it can be brought back from.
    pub from: u64,
    /// When that was made.
    pub last: Timestamp,
    /// When it was gone first.
    pub gone: Timestamp,
}

impl Row {
    /// A row for `entry`.
    pub fn new(entry: Entry, layout: &Layout) -> Self {
        Self { entry, was: None, layout: layout.clone() }
    }

    /// A row for what was deleted before.
    pub fn of_gone(gone: Gone, layout: &Layout) -> Self {
        let Gone { entry, from, last, gone } = gone;
        Self { entry, was: Some(Was { from, last, gone }), layout: layout.clone() }
    }

    /// Whether it would be the same row for `entry`. What nobody has hashed may have become another in silence.
    pub fn shows(&self, entry: &Entry) -> bool {
        let is_known = entry.kind != Kind::File || entry.hash.is_some();
        self.was.is_none() && is_known && self.entry == *entry
    }

    /// What tells it from the others of its list.
    pub fn key(&self) -> String {
        path::encode(&self.entry.name)
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

/// A row's widgets.
pub struct RowWidgets {
    icon: gtk::Image,
    name: gtk::Label,
    caption: gtk::Label,
    size: gtk::Label,
    time: gtk::Label,
    badge: gtk::Box,
    badge_icon: gtk::Image,
    badge_text: gtk::Label,
    bindings: Vec<glib::Binding>,
    follows_marks: Option<Follower>,
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
                        add_css_class: "entry-name",
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
                    set_width_chars: SIZE_CHARS,
                    set_css_classes: &["dim-label", "numeric"],
                },
                #[name = "time"]
                gtk::Label {
                    set_xalign: 0.0,
                    set_width_chars: TIME_CHARS,
                    set_css_classes: &["dim-label", "numeric", "time"],
                },
                #[name = "badge"]
                gtk::Box {
                    set_spacing: 6,
                    add_css_class: "badge",
                    #[name = "badge_icon"]
                    icon::decoration() -> gtk::Image {},
                    #[name = "badge_text"]
                    gtk::Label {
                        set_xalign: 0.0,
                        add_css_class: "caption",
                        set_width_chars: BADGE_CHARS,
                        set_max_width_chars: BADGE_CHARS,
                        set_ellipsize: gtk::pango::EllipsizeMode::End,
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
            badge,
            badge_icon,
            badge_text,
            bindings,
            follows_marks: None,
        };
        (root, widgets)
    }

    fn bind(&mut self, widgets: &mut RowWidgets, root: &mut gtk::Box) {
        let name = path::display(&self.entry.name);
        root.set_widget_name(&self.key());
        widgets.icon.set_from_gicon(&icon::of_entry(self.entry.kind, &self.entry.name));
        widgets.name.set_label(&name);
        widgets.name.set_tooltip_text(Some(&name));
        widgets.size.set_label(&self.size());
        widgets.time.set_label(&self.time());
        if self.entry.absent {
            root.add_css_class("absent");
        } else {
            root.remove_css_class("absent");
        }
        // The row around our box is what assistive tools see; it has no name of its own.
        widgets.name.set_mnemonic_widget(root.parent().as_ref());
        // All rows of a list have one layout.
        if widgets.bindings.is_empty() {
            widgets.bindings = self.follow_layout(widgets);
        }
        widgets.follows_marks = Some(self.follow_marks(widgets, root));
    }

    fn unbind(&mut self, widgets: &mut RowWidgets, _root: &mut gtk::Box) {
        widgets.follows_marks = None;
    }
}

impl Row {
    fn follow_layout(&self, widgets: &RowWidgets) -> Vec<glib::Binding> {
        let narrow = &self.layout.narrow;
        let wide_only = |widget: &gtk::Label| {
            narrow.bind_property("value", widget, "visible").invert_boolean().sync_create().build()
        };
        vec![
            wide_only(&widgets.size),
            wide_only(&widgets.time),
            narrow.bind_property("value", &widgets.caption, "visible").sync_create().build(),
            narrow
                .bind_property("value", &widgets.badge_text, "visible")
                .invert_boolean()
                .sync_create()
                .build(),
        ]
    }

    /// Shows the badge, and another one when the comparison comes.
    fn follow_marks(&self, widgets: &RowWidgets, root: &gtk::Box) -> Follower {
        let shown = BadgeWidgets {
            root: root.clone(),
            badge: widgets.badge.clone(),
            icon: widgets.badge_icon.clone(),
            text: widgets.badge_text.clone(),
            caption: widgets.caption.clone(),
        };
        let caption = self.caption();
        self.follow(move |said| shown.show(&said, &caption))
    }
}

/// The widgets of one row that show its badge.
struct BadgeWidgets {
    root: gtk::Box,
    badge: gtk::Box,
    icon: gtk::Image,
    text: gtk::Label,
    caption: gtk::Label,
}

impl BadgeWidgets {
    /// In a narrow window the word stands in the second line, before `caption`.
    fn show(&self, said: &Said, caption: &str) {
        let Self { root, badge: place, icon, text, caption: line } = self;
        let badge = said.badge.as_ref();
        place.set_opacity(if badge.is_some() { 1.0 } else { 0.0 });
        for style in STYLES {
            place.set_class_active(style, badge.is_some_and(|badge| badge.style == style));
        }
        root.set_class_active("left-out", said.is_left_out);
        root.set_class_active("gone", said.is_gone);
        icon.set_icon_name(badge.map(|badge| badge.icon));
        let word = badge.map(|badge| badge.text.as_str()).unwrap_or_default();
        text.set_label(word);
        place.set_tooltip_text(said.hint());
        let is_both = !word.is_empty() && !caption.is_empty();
        line.set_label(&if is_both {
            progress::join(word, caption)
        } else {
            format!("{word}{caption}")
        });
    }
}
