//! The command line needs no desktop: it links neither GTK nor GLib.

use std::process::Command;

use crate::common::drive::must;

/// What the libraries of the window are called.
const OF_THE_WINDOW: [&str; 8] =
    ["gtk", "gdk", "adwaita", "glib", "gobject", "gio-", "pango", "cairo"];

#[test]
fn the_command_line_links_nothing_of_the_window() {
    let libraries = must(Command::new("ldd").arg(env!("CARGO_BIN_EXE_yore")));
    assert!(libraries.contains("libc.so"), "{libraries}");
    for name in OF_THE_WINDOW {
        assert!(!libraries.contains(name), "{libraries}");
    }
}
