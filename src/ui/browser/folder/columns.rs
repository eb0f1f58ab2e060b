//! The headings over the list, which sort it: as wide as the columns of the rows below.

use relm4::gtk;
use relm4::gtk::prelude::*;

use super::line::{BADGE_CHARS, BADGE_GAP, BADGE_MARGIN, GAP, SIZE_CHARS, TIME_CHARS, TIME_MARGIN};
use super::{Folder, Input};
use crate::i18n::gettext;
use crate::ui::history_worker::{Column, Order};
use crate::ui::widgets::icon;

/// The headings.
#[derive(Debug)]
pub struct Columns {
    /// The widget.
    pub root: gtk::Box,
    arrows: [(Column, gtk::Image); 4],
}

impl Columns {
    /// The headings of a list.
    pub fn new(sender: &relm4::Sender<Input>) -> Self {
        let root = gtk::Box::builder().spacing(GAP).css_classes(["columns"]).build();
        let columns = [
            (Column::Name, gettext("Name"), gettext("Sort by name")),
            (Column::Size, gettext("Size"), gettext("Sort by size")),
            (Column::Modified, gettext("Modified"), gettext("Sort by the time of the last change")),
            (Column::State, gettext("State"), gettext("Sort by what has changed")),
        ];
        // In the rows an icon stands there.
        root.append(&icon::decoration());
        let arrows = columns.map(|(column, title, hint)| {
            let (button, arrow) = heading(&title);
            button.set_tooltip_text(Some(&hint));
            let sender = sender.clone();
            button.connect_clicked(move |_| {
                let _closed = sender.send(Input::SortBy(column));
            });
            root.append(&place(column, &button));
            (column, arrow)
        });
        Self { root, arrows }
    }

    fn show(&self, order: Order) {
        for (column, arrow) in &self.arrows {
            arrow.set_visible(*column == order.column);
            // As in other lists of files: the arrow points to where the larger is.
            let is_down = order.is_descending;
            arrow.set_icon_name(Some(if is_down {
                "pan-up-symbolic"
            } else {
                "pan-down-symbolic"
            }));
        }
    }
}

impl Folder {
    /// Brings the headings up to date.
    pub(super) fn show_columns(&self) {
        self.columns.root.set_visible(self.has_columns());
        self.columns.show(self.arrangement.order);
    }
}

/// A button that says `title`, with an arrow.
fn heading(title: &str) -> (gtk::Button, gtk::Image) {
    let label = gtk::Label::new(Some(title));
    let arrow = icon::decoration();
    let line = gtk::Box::builder().spacing(2).build();
    line.append(&label);
    line.append(&arrow);
    let button = gtk::Button::builder().child(&line).css_classes(["flat", "dim-label"]).build();
    label.set_mnemonic_widget(Some(&button));
    (button, arrow)
}

/// Gives the button the room of its column, whatever its own width.
fn place(column: Column, button: &gtk::Button) -> gtk::Widget {
    let (chars, margin, align) = match column {
        Column::Name => {
            button.set_hexpand(true);
            button.set_halign(gtk::Align::Start);
            return button.clone().upcast();
        }
        Column::Size => (SIZE_CHARS, 0, gtk::Align::End),
        Column::Modified => (TIME_CHARS, TIME_MARGIN, gtk::Align::Start),
        Column::State => (BADGE_CHARS, BADGE_MARGIN, gtk::Align::Start),
    };
    let room: gtk::Widget = match column {
        Column::State => badge_room(chars).upcast(),
        _ => gtk::Label::builder().width_chars(chars).css_classes(["numeric"]).build().upcast(),
    };
    let overlay = gtk::Overlay::builder().child(&room).margin_start(margin).build();
    button.set_halign(align);
    overlay.add_overlay(button);
    overlay.upcast()
}

/// As much room as a badge has, with its icon.
fn badge_room(chars: i32) -> gtk::Box {
    let room = gtk::Box::builder().spacing(BADGE_GAP).build();
    room.append(&icon::decoration());
    room.append(&gtk::Label::builder().width_chars(chars).css_classes(["caption"]).build());
    room
}
