//! Pixels as what can be drawn.

use relm4::gtk::{gdk, glib};

use super::wire::Picture;

impl Picture {
    /// The picture as a widget draws it; `None` if it is larger than what can be drawn.
    pub fn texture(self) -> Option<gdk::MemoryTexture> {
        let (width, height) = (i32::try_from(self.width).ok()?, i32::try_from(self.height).ok()?);
        let stride = usize::try_from(self.width).ok()?.checked_mul(4)?;
        let pixels = glib::Bytes::from_owned(self.pixels);
        let format = gdk::MemoryFormat::R8g8b8a8;
        Some(gdk::MemoryTexture::new(width, height, format, &pixels, stride))
    }
}
