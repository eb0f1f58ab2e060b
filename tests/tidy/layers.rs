//! Who may know whom: the engine nobody, and the toolkit only the window.

use super::{
    check_example,
    source::{Finding, Source, words},
};

/// The window's toolkit and what it brings.
const TOOLKIT: &[&str] = &[
    "gtk",
    "gtk4",
    "adw",
    "libadwaita",
    "relm4",
    "relm4_components",
    "glib",
    "gio",
    "gdk",
    "gsk",
    "graphene",
    "pango",
];

/// Faces, translations, other programs and places of a person's own: nothing for the engine.
const NOT_FOR_THE_ENGINE: &[&str] = &[
    "zbus",
    "ashpd",
    "dbus",
    "gettextrs",
    "gettext",
    "gettext_f",
    "ngettext_f",
    "i18n",
    "print",
    "println",
    "eprint",
    "eprintln",
    "stdout",
    "stderr",
    "indicatif",
    "clap",
    "anyhow",
    "home_dir",
];

/// The layers above the engine.
const ABOVE_THE_ENGINE: &[&str] = &["crate::app", "crate::cli", "crate::service", "crate::ui"];

/// The engine returns facts and reports through its monitor; it knows no face and says nothing.
pub fn engine_alone(source: &Source) -> Vec<Finding> {
    source.check_code(|line| {
        let word = words(line)
            .map(|(_, word)| word)
            .find(|word| TOOLKIT.contains(word) || NOT_FOR_THE_ENGINE.contains(word))
            .or_else(|| ABOVE_THE_ENGINE.iter().copied().find(|layer| line.contains(layer)))?;
        Some(format!(
            "the engine does without `{word}`: return a fact or tell the monitor, and let a face say it"
        ))
    })
}

/// The command line and the service run where there is no GTK.
pub fn toolkit_in_window(source: &Source) -> Vec<Finding> {
    if source.path.starts_with("src/ui/") || source.path == "src/bin/yore-gtk.rs" {
        return Vec::new();
    }
    source.check_code(|line| {
        let word = words(line).map(|(_, word)| word).find(|word| TOOLKIT.contains(word))?;
        Some(format!("`{word}` belongs to the window: move this to src/ui"))
    })
}

#[test]
fn an_engine_that_speaks_is_found() {
    let text = "//! gtk\nuse crate::app::x;\nfn a(p: &Printer) {\n    println!(\"{p}\");\n    gettext(\"\");\n}\nmod tests {\n    println!();\n}\n";
    check_example(engine_alone, "src/engine/a.rs", text, &[2, 4, 5]);
    check_example(engine_alone, "src/engine/a.rs", "let zbus_like = \"zbus\"; // zbus\n", &[]);
}

#[test]
fn a_toolkit_outside_the_window_is_found() {
    let text = "//! GTK\nuse relm4::gtk;\nlet a = adw_like;\n";
    check_example(toolkit_in_window, "src/app/a.rs", text, &[2]);
    check_example(toolkit_in_window, "src/ui/a.rs", text, &[]);
    check_example(toolkit_in_window, "src/bin/yore-gtk.rs", text, &[]);
}
