//! A small picture in the middle of its place, with round corners.

use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::prelude::*;
use relm4::gtk::subclass::prelude::*;
use relm4::gtk::{gdk, graphene};

/// The round of its corners, in pixels.
const RADIUS: f32 = 5.0;
/// How much of the colour of letters its edge has: white pictures must have one on white.
const EDGE_STRENGTH: f32 = 0.12;

glib::wrapper! {
    /// The widget: as large as its style says, whatever the picture.
    pub struct SmallPicture(ObjectSubclass<imp::SmallPicture>)
        @extends gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl SmallPicture {
    /// Without a picture. Assistive tools pass over it: the name beside it says what it is.
    pub fn new() -> Self {
        glib::Object::builder()
            .property("accessible-role", gtk::AccessibleRole::Presentation)
            .build()
    }

    /// Shows this, or nothing.
    pub fn set(&self, texture: Option<&gdk::MemoryTexture>) {
        self.imp().texture.replace(texture.cloned());
        self.queue_draw();
    }
}

/// Where a picture of these sides goes in a place of those: never larger than it is.
fn fit(place: (f32, f32), sides: (f32, f32)) -> graphene::Rect {
    let scale = (place.0 / sides.0).min(place.1 / sides.1).min(1.0);
    let (width, height) = (sides.0 * scale, sides.1 * scale);
    graphene::Rect::new((place.0 - width) / 2.0, (place.1 - height) / 2.0, width, height)
}

mod imp {
    use std::cell::RefCell;

    use relm4::gtk::gsk;

    use super::*;

    /// The inside.
    #[derive(Debug, Default)]
    pub struct SmallPicture {
        pub(super) texture: RefCell<Option<gdk::MemoryTexture>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for SmallPicture {
        const NAME: &'static str = "YoreSmallPicture";
        type Type = super::SmallPicture;
        type ParentType = gtk::Widget;
    }

    impl ObjectImpl for SmallPicture {}

    impl WidgetImpl for SmallPicture {
        fn snapshot(&self, snapshot: &gtk::Snapshot) {
            let (widget, texture) = (self.obj(), self.texture.borrow());
            let Some(texture) = texture.as_ref() else { return };
            let place = (widget.width() as f32, widget.height() as f32);
            let rect = fit(place, (texture.width() as f32, texture.height() as f32));
            let shape = gsk::RoundedRect::from_rect(rect, RADIUS);
            snapshot.push_rounded_clip(&shape);
            snapshot.append_texture(texture, &rect);
            snapshot.pop();
            let mut edge = widget.style_context().color();
            edge.set_alpha(EDGE_STRENGTH);
            snapshot.append_border(&shape, &[1.0; 4], &[edge; 4]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_keeps_its_shape_and_is_not_made_larger() {
        for (sides, wanted) in [
            ((256.0, 128.0), (0.0, 32.0, 128.0, 64.0)),
            ((64.0, 256.0), (48.0, 0.0, 32.0, 128.0)),
            ((16.0, 16.0), (56.0, 56.0, 16.0, 16.0)),
        ] {
            let rect = fit((128.0, 128.0), sides);
            assert_eq!((rect.x(), rect.y(), rect.width(), rect.height()), wanted);
        }
    }
}
