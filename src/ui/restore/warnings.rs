//! What a person should know before a restore, and the command by which root loses nothing.

use relm4::gtk;
use relm4::gtk::prelude::*;

use super::prepared::Prepared;
use crate::app::restoring::warning;
use crate::i18n::gettext;
use crate::ui::widgets::icon;

/// Puts a plan's warnings into `place`, instead of what is there.
pub fn fill(place: &gtk::Box, prepared: &Prepared) {
    while let Some(child) = place.first_child() {
        place.remove(&child);
    }
    for one in &prepared.plan.warnings {
        place.append(&line(&warning(one)));
    }
    if let Some(words) = &prepared.command {
        place.append(&command(words));
    }
}

fn line(text: &str) -> gtk::Box {
    relm4::view! {
        line = gtk::Box {
            set_spacing: 10,
            icon::decoration() -> gtk::Image {
                set_icon_name: Some("dialog-warning-symbolic"),
                set_valign: gtk::Align::Start,
                set_margin_top: 1,
                add_css_class: "warning",
            },
            append: &selectable(text),
        }
    }
    line
}

/// Text that can be copied, as long as it may be.
fn selectable(text: &str) -> gtk::Label {
    relm4::view! {
        label = gtk::Label {
            set_label: text,
            set_xalign: 0.0,
            set_hexpand: true,
            set_wrap: true,
            set_wrap_mode: gtk::pango::WrapMode::WordChar,
            // The height that it asks for is that of so wide a text.
            set_max_width_chars: 44,
            set_selectable: true,
        }
    }
    label
}

fn command(words: &str) -> gtk::Box {
    let command = words.to_owned();
    let shown = selectable(words);
    shown.add_css_class("monospace");
    relm4::view! {
        card = gtk::Box {
            set_orientation: gtk::Orientation::Vertical,
            set_spacing: 6,
            add_css_class: "command",
            gtk::Box {
                set_spacing: 8,
                gtk::Label {
                    set_label: &gettext("Root restores all of it by:"),
                    set_xalign: 0.0,
                    set_hexpand: true,
                    set_wrap: true,
                    add_css_class: "caption-heading",
                },
                gtk::Button {
                    set_label: &gettext("Copy"),
                    set_tooltip_text: Some(&gettext("Copy the command")),
                    set_valign: gtk::Align::Center,
                    set_css_classes: &["flat", "caption"],
                    connect_clicked => move |button| {
                        button.clipboard().set_text(&command);
                        button.set_label(&gettext("Copied"));
                    },
                },
            },
            append: &shown,
        }
    }
    card
}
