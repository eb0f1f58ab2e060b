//! One entry in the grid: its picture or icon, its name in two lines, its badge.

use relm4::RelmWidgetExt;
use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::prelude::*;
use relm4::gtk::subclass::prelude::*;

use crate::engine::path;
use crate::ui::browser::folder::badge::STYLES;
use crate::ui::browser::folder::row::Row;
use crate::ui::browser::folder::said::Said;
use crate::ui::thumbnails::{Source, Thumbnails};
use crate::ui::widgets::icon;

/// The longest edge of a picture, in pixels of the style.
const EDGE: i32 = 128;

glib::wrapper! {
    /// The widget. Its property `key` tells whose tile it is.
    pub struct Tile(ObjectSubclass<imp::Tile>)
        @extends gtk::Box, gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget, gtk::Orientable;
}

impl Tile {
    /// A tile without an entry.
    pub fn new() -> Self {
        glib::Object::builder()
            .property("orientation", gtk::Orientation::Vertical)
            .property("spacing", 6)
            .property("valign", gtk::Align::Start)
            .property("css-classes", ["tile"].to_value())
            .build()
    }

    /// Shows `row`, until it is unbound.
    pub fn bind(&self, row: &Row, thumbnails: &Thumbnails) {
        let imp = self.imp();
        let name = path::display(&row.entry.name);
        imp.key.replace(row.key());
        self.set_class_active("absent", row.entry.absent);
        imp.icon.set_from_gicon(&icon::large_of_entry(row.entry.kind, &row.entry.name));
        imp.name.set_label(&name);
        self.set_tooltip_text(Some(&name));
        // The cell around the tile is what assistive tools see; it has no name of its own.
        imp.name.set_mnemonic_widget(self.parent().as_ref());
        let tile = self.downgrade();
        imp.follower.replace(Some(row.follow(move |said| {
            if let Some(tile) = tile.upgrade() {
                tile.say(&said);
            }
        })));
        if let Some(source) = source_of(row) {
            self.want(source, thumbnails);
        }
    }

    /// Nothing is followed or waited for any more.
    pub fn unbind(&self) {
        let imp = self.imp();
        imp.follower.replace(None);
        imp.wish.replace(None);
        imp.show(None);
    }

    fn want(&self, source: Source, thumbnails: &Thumbnails) {
        let edge = u32::try_from(EDGE * self.scale_factor()).unwrap_or_default();
        let tile = self.downgrade();
        let wish = thumbnails.want(source, edge, self, move |texture| {
            if let Some(tile) = tile.upgrade() {
                tile.imp().show(Some(texture));
            }
        });
        self.imp().wish.replace(wish);
    }

    fn say(&self, said: &Said) {
        let imp = self.imp();
        let badge = said.badge.as_ref();
        imp.badge.set_visible(badge.is_some());
        for style in STYLES {
            imp.badge.set_class_active(style, badge.is_some_and(|badge| badge.style == style));
        }
        self.set_class_active("left-out", said.is_left_out);
        self.set_class_active("gone", said.is_gone);
        imp.badge_icon.set_icon_name(badge.map(|badge| badge.icon));
        imp.badge_text.set_label(badge.map(|badge| badge.text.as_str()).unwrap_or_default());
        imp.badge.set_tooltip_text(said.hint());
    }
}

/// What the picture of `row` is made of. Of live files that is the newest snapshot, if it has them as they are.
fn source_of(row: &Row) -> Option<Source> {
    let shown = row.layout.shown()?;
    let name = &row.entry.name;
    let newest = shown.newest.filter(|_| row.layout.is_backed_up(name));
    let at = row.was.map(|was| was.from).or(shown.at).or(newest)?;
    Source::of(&row.entry, shown.folder.join(name), at)
}

mod imp {
    use std::cell::RefCell;

    use relm4::gtk::{gdk, pango};

    use super::super::picture::SmallPicture;
    use super::*;
    use crate::ui::browser::folder::layout::Follower;
    use crate::ui::thumbnails::Wish;

    /// The inside.
    #[derive(glib::Properties)]
    #[properties(wrapper_type = super::Tile)]
    pub struct Tile {
        /// Tells it from the others of its grid.
        #[property(get)]
        pub(super) key: RefCell<String>,
        pub(super) icon: gtk::Image,
        picture: SmallPicture,
        pub(super) name: gtk::Label,
        pub(super) badge: gtk::Box,
        pub(super) badge_icon: gtk::Image,
        pub(super) badge_text: gtk::Label,
        pub(super) follower: RefCell<Option<Follower>>,
        /// The picture that it waits for.
        pub(super) wish: RefCell<Option<Wish>>,
    }

    impl Default for Tile {
        fn default() -> Self {
            let name = gtk::Label::builder()
                .justify(gtk::Justification::Center)
                .wrap(true)
                .wrap_mode(pango::WrapMode::WordChar)
                .lines(2)
                .ellipsize(pango::EllipsizeMode::Middle)
                .css_classes(["entry-name"])
                .build();
            let badge_text = gtk::Label::builder()
                .ellipsize(pango::EllipsizeMode::End)
                .css_classes(["caption"])
                .build();
            let badge = gtk::Box::builder()
                .spacing(4)
                .halign(gtk::Align::Center)
                .css_classes(["badge"])
                .build();
            Self {
                key: RefCell::default(),
                icon: icon::decoration(),
                picture: SmallPicture::new(),
                name,
                badge,
                badge_icon: icon::decoration(),
                badge_text,
                follower: RefCell::default(),
                wish: RefCell::default(),
            }
        }
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Tile {
        const NAME: &'static str = "YoreTile";
        type Type = super::Tile;
        type ParentType = gtk::Box;
    }

    #[glib::derived_properties]
    impl ObjectImpl for Tile {
        fn constructed(&self) {
            self.parent_constructed();
            let tile = self.obj();
            self.icon.add_css_class("entry-icon");
            for widget in [self.icon.upcast_ref::<gtk::Widget>(), self.picture.upcast_ref()] {
                widget.add_css_class("tile-picture");
                widget.set_halign(gtk::Align::Center);
                tile.append(widget);
            }
            self.badge.append(&self.badge_icon);
            self.badge.append(&self.badge_text);
            tile.append(&self.name);
            tile.append(&self.badge);
            self.show(None);
        }
    }

    impl WidgetImpl for Tile {}

    impl BoxImpl for Tile {}

    impl Tile {
        /// Shows the picture, or the icon where there is none.
        pub(super) fn show(&self, texture: Option<&gdk::MemoryTexture>) {
            self.picture.set(texture);
            self.picture.set_visible(texture.is_some());
            self.icon.set_visible(texture.is_none());
        }
    }
}
