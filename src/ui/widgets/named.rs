//! Widgets with a name for assistive tools. Before GTK 4.10 the bindings can't set one, but `gtk::Builder` can;
//! a widget without one is called by its type, which says nothing to a person who can't see it.

use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::prelude::*;

/// A new `W` that assistive tools call `name` (translated already).
pub fn named<W: IsA<gtk::Widget> + IsA<glib::Object> + glib::object::IsClass>(name: &str) -> W {
    let class = W::static_type().name();
    let label = glib::markup_escape_text(name);
    let xml = format!(
        "<interface><object class=\"{class}\" id=\"it\"><accessibility>\
         <property name=\"label\">{label}</property></accessibility></object></interface>"
    );
    gtk::Builder::from_string(&xml).object("it").unwrap_or_else(glib::Object::new::<W>)
}

/// A button that is only an icon: its name is also its tooltip.
pub fn icon_button(icon: &str, name: &str) -> gtk::Button {
    let button: gtk::Button = named(name);
    button.set_icon_name(icon);
    button.set_tooltip_text(Some(name));
    button
}

/// A one-line field.
pub fn entry(name: &str) -> gtk::Entry {
    named(name)
}

/// A list of few rows.
pub fn list_box(name: &str) -> gtk::ListBox {
    named(name)
}

/// A list of any length.
pub fn list_view(name: &str) -> gtk::ListView {
    named(name)
}

/// A bar that fills.
pub fn progress_bar(name: &str) -> gtk::ProgressBar {
    named(name)
}

/// A bar that shows a level.
pub fn level_bar(name: &str) -> gtk::LevelBar {
    named(name)
}

/// Has assistive tools say this of `widget` beside its name. Only a tooltip's text gets there; it isn't shown as one.
pub fn describe(widget: &impl IsA<gtk::Widget>, description: &str) {
    widget.set_tooltip_text(Some(description));
    widget.set_has_tooltip(false);
}

/// Names a widget that another library made and left without a name.
pub fn name_foreign(widget: &impl IsA<gtk::Widget>, name: &str) {
    let label = gtk::Label::new(Some(name));
    label.set_mnemonic_widget(Some(widget));
    // The label is shown nowhere: the widget holds it for as long as it is there itself.
    widget.connect_destroy(move |_| label.set_visible(false));
}

/// Every button below `widget`.
pub fn buttons_below(widget: &gtk::Widget) -> Vec<gtk::Button> {
    let mut found = Vec::new();
    let mut child = widget.first_child();
    while let Some(widget) = child {
        match widget.downcast_ref::<gtk::Button>() {
            Some(button) => found.push(button.clone()),
            None => found.extend(buttons_below(&widget)),
        }
        child = widget.next_sibling();
    }
    found
}
