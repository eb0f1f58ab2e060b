//! A drop-down whose list and rows have names for assistive tools: GTK 4.8 leaves them without.

use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::prelude::*;

use super::icon;
use super::named;

/// Lets `drop_down`, which is for `name`, offer `choices`.
pub fn fill(drop_down: &gtk::DropDown, name: &str, choices: &[String]) {
    let choices: Vec<&str> = choices.iter().map(String::as_str).collect();
    drop_down.set_factory(Some(&chosen()));
    drop_down.set_list_factory(Some(&rows(drop_down)));
    drop_down.set_model(Some(&gtk::StringList::new(&choices)));
    for button in named::buttons_below(drop_down.upcast_ref()) {
        named::name_foreign(&button, name);
    }
    if let Some(list) = list_below(drop_down.upcast_ref()) {
        named::name_foreign(&list, name);
    }
}

/// What is chosen, as the button shows it: it may be cut short, where the window is narrow.
fn chosen() -> gtk::SignalListItemFactory {
    let factory = gtk::SignalListItemFactory::new();
    factory.connect_bind(|_, item| {
        let Some(item) = item.downcast_ref::<gtk::ListItem>() else { return };
        let words = item.item().and_downcast::<gtk::StringObject>().map(|choice| choice.string());
        let label = gtk::Label::new(words.as_deref());
        label.set_xalign(0.0);
        label.set_ellipsize(gtk::pango::EllipsizeMode::End);
        item.set_child(Some(&label));
    });
    factory
}

fn rows(drop_down: &gtk::DropDown) -> gtk::SignalListItemFactory {
    let factory = gtk::SignalListItemFactory::new();
    let of = drop_down.downgrade();
    factory.connect_setup(move |_, item| {
        let (Some(item), Some(of)) = (item.downcast_ref::<gtk::ListItem>(), of.upgrade()) else {
            return;
        };
        let words = gtk::Label::builder().xalign(0.0).hexpand(true).build();
        let mark = icon::decoration();
        mark.set_icon_name(Some("object-select-symbolic"));
        let row = gtk::Box::new(gtk::Orientation::Horizontal, 8);
        row.append(&words);
        row.append(&mark);
        item.set_child(Some(&row));
        let item = item.downgrade();
        let mark = mark.downgrade();
        of.connect_selected_notify(move |of| show_mark(of, &item, &mark));
    });
    let of = drop_down.downgrade();
    factory.connect_bind(move |_, item| {
        let (Some(item), Some(of)) = (item.downcast_ref::<gtk::ListItem>(), of.upgrade()) else {
            return;
        };
        let Some(row) = item.child() else { return };
        if let Some(words) = row.first_child().and_downcast::<gtk::Label>() {
            let choice = item.item().and_downcast::<gtk::StringObject>();
            words.set_label(&choice.map(|choice| choice.string()).unwrap_or_default());
            // The row around our box is what assistive tools see.
            words.set_mnemonic_widget(row.parent().as_ref());
        }
        if let Some(mark) = row.last_child().and_downcast::<gtk::Image>() {
            show_mark(&of, &item.downgrade(), &mark.downgrade());
        }
    });
    factory
}

/// Marks the row that is chosen.
fn show_mark(
    drop_down: &gtk::DropDown,
    item: &glib::WeakRef<gtk::ListItem>,
    mark: &glib::WeakRef<gtk::Image>,
) {
    if let (Some(item), Some(mark)) = (item.upgrade(), mark.upgrade()) {
        mark.set_opacity(if item.position() == drop_down.selected() { 1.0 } else { 0.0 });
    }
}

fn list_below(widget: &gtk::Widget) -> Option<gtk::Widget> {
    let children = std::iter::successors(widget.first_child(), gtk::Widget::next_sibling);
    children.into_iter().find_map(|child| {
        if child.is::<gtk::ListView>() { Some(child) } else { list_below(&child) }
    })
}
