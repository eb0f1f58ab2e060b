//! The icon of an entry, by its kind and name alone: nothing is read for it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::gtk::{gio, glib};

use crate::engine::meta::Kind;

/// A symbolic icon for an entry called `name`.
pub fn of_entry(kind: Kind, name: &[u8]) -> gio::Icon {
    match kind {
        Kind::Directory => gio::ThemedIcon::new("folder-symbolic").upcast(),
        Kind::File => symbolic(&gio::content_type_get_symbolic_icon(&content_type(name))),
        Kind::Symlink => gio::ThemedIcon::new("go-jump-symbolic").upcast(),
        Kind::Fifo | Kind::Socket | Kind::Block | Kind::Character => {
            gio::ThemedIcon::new("application-x-addon-symbolic").upcast()
        }
    }
}

/// The same where there is room for a large one, in colours if it is a file or a folder.
pub fn large_of_entry(kind: Kind, name: &[u8]) -> gio::Icon {
    match kind {
        Kind::Directory => gio::ThemedIcon::new("folder").upcast(),
        Kind::File => gio::content_type_get_icon(&content_type(name)),
        _ => of_entry(kind, name),
    }
}

/// What a file called `name` is taken for.
fn content_type(name: &[u8]) -> glib::GString {
    gio::content_type_guess(Some(Path::new(OsStr::from_bytes(name))), None::<&[u8]>).0
}

/// The same without the coloured icons that a theme without a symbolic one would fall back to.
fn symbolic(icon: &gio::Icon) -> gio::Icon {
    let names = icon.downcast_ref::<gio::ThemedIcon>().map(|icon| icon.names()).unwrap_or_default();
    let generic = "text-x-generic-symbolic".into();
    let names: Vec<_> =
        names.into_iter().filter(|name| name.ends_with("-symbolic")).chain([generic]).collect();
    let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    gio::ThemedIcon::from_names(&names).upcast()
}

/// An image that says nothing that isn't said in words beside it: assistive tools pass over it.
pub fn decoration() -> gtk::Image {
    gtk::Image::builder().accessible_role(gtk::AccessibleRole::Presentation).build()
}
