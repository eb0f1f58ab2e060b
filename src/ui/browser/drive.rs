//! The drive at the sidebar's foot: its name and how much room is left.

use std::path::PathBuf;

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use crate::app::places::drive_of;
use crate::app::text;
use crate::i18n::{gettext, gettext_f};
use crate::ui::widgets::{icon, name_of, named};

/// The model.
#[derive(Debug)]
pub struct Drive {
    path: PathBuf,
    free_bytes: Option<u64>,
    total_bytes: Option<u64>,
}

/// The room on the drive was read; `None` while it is away.
#[derive(Debug, Default)]
pub struct Room {
    /// Bytes that are free.
    pub free_bytes: Option<u64>,
    /// Bytes that there are.
    pub total_bytes: Option<u64>,
}

#[relm4::component(pub)]
impl SimpleComponent for Drive {
    type Init = PathBuf;
    type Input = Room;
    type Output = ();

    view! {
        gtk::Box {
            set_orientation: gtk::Orientation::Vertical,
            set_spacing: 6,
            add_css_class: "drive",
            set_tooltip_text: Some(&name_of(&model.path)),

            gtk::Box {
                set_spacing: 8,
                icon::decoration() -> gtk::Image {
                    set_icon_name: Some("drive-harddisk-symbolic"),
                },
                gtk::Label {
                    set_xalign: 0.0,
                    set_ellipsize: gtk::pango::EllipsizeMode::Middle,
                    add_css_class: "caption-heading",
                    set_label: &model.title(),
                },
            },
            named::level_bar(&gettext("Used space of the drive")) -> gtk::LevelBar {
                #[watch]
                set_value: model.used(),
                #[watch]
                set_visible: model.free_bytes.is_some(),
            },
            gtk::Label {
                set_xalign: 0.0,
                set_ellipsize: gtk::pango::EllipsizeMode::End,
                add_css_class: "caption",
                add_css_class: "dim-label",
                #[watch]
                set_label: &model.room(),
            },
        }
    }

    fn init(
        path: PathBuf,
        root: Self::Root,
        _sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let model = Self { path, free_bytes: None, total_bytes: None };
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, room: Room, _sender: ComponentSender<Self>) {
        self.free_bytes = room.free_bytes;
        self.total_bytes = room.total_bytes;
    }
}

impl Drive {
    /// The drive, by the name that the person knows.
    fn title(&self) -> String {
        name_of(drive_of(&self.path))
    }

    fn used(&self) -> f64 {
        match (self.free_bytes, self.total_bytes) {
            (Some(free), Some(total)) if total > 0 => 1.0 - free as f64 / total as f64,
            _ => 0.0,
        }
    }

    fn room(&self) -> String {
        match (self.free_bytes, self.total_bytes) {
            (Some(free), Some(total)) => {
                let (free, total) = (text::size(free), text::size(total));
                gettext_f("{free} free of {total}", &[("free", &free), ("total", &total)])
            }
            _ => gettext("Not attached"),
        }
    }
}
