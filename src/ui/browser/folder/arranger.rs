//! What the line over the entries has to arrange them by: the way to the other shape, and the orders, where there are no
//! headings to click.

use relm4::gtk;
use relm4::gtk::gio;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use super::arrangement::{Arrangement, Shape, order_of, word_of};
use super::{Folder, Input, Output, State};
use crate::engine::path;
use crate::i18n::gettext;
use crate::ui::history_worker::Order;
use crate::ui::widgets::{focus, named};

/// The action's group, and its name in it.
const GROUP: &str = "arrange";
const ORDER: &str = "order";

/// The controls.
#[derive(Debug)]
pub struct Arranger {
    orders: gtk::MenuButton,
    /// One for each shape, that leads to the other: GTK 4.8 can't give a button another name.
    to_grid: gtk::Button,
    to_list: gtk::Button,
    chosen: gio::SimpleAction,
}

impl Arranger {
    /// The controls, at the end of `tools`.
    pub fn new(tools: &gtk::Box, input: &relm4::Sender<Input>) -> Self {
        let button = |icon, name: &str, key: &str, shape| {
            let button = named::icon_button(icon, name);
            button.set_tooltip_text(Some(&format!("{name} ({key})")));
            let input = input.clone();
            button.connect_clicked(move |_| {
                let _closed = input.send(Input::Shape(shape));
            });
            button
        };
        let to_grid = button("view-grid-symbolic", &gettext("Show as Grid"), "Ctrl+2", Shape::Grid);
        let to_list = button("view-list-symbolic", &gettext("Show as List"), "Ctrl+1", Shape::List);
        let (orders, chosen) = orders(tools, input);
        for tool in [orders.upcast_ref::<gtk::Widget>(), to_grid.upcast_ref(), to_list.upcast_ref()]
        {
            tool.add_css_class("flat");
            tool.add_css_class("head-tool");
            tools.append(tool);
        }
        Self { orders, to_grid, to_list, chosen }
    }
}

/// The button of the orders, and the action behind them.
fn orders(tools: &gtk::Box, input: &relm4::Sender<Input>) -> (gtk::MenuButton, gio::SimpleAction) {
    let first = word_of(Order::default()).to_variant();
    let chosen = gio::SimpleAction::new_stateful(ORDER, Some(first.type_()), &first);
    let input = input.clone();
    chosen.connect_activate(move |_, word| {
        if let Some(order) = word.and_then(|word| order_of(word.str()?)) {
            let _closed = input.send(Input::Order(order));
        }
    });
    let group = gio::SimpleActionGroup::new();
    group.add_action(&chosen);
    tools.insert_action_group(GROUP, Some(&group));
    let name = gettext("Sort");
    let button: gtk::MenuButton = named::named(&name);
    button.set_icon_name("view-sort-ascending-symbolic");
    button.set_tooltip_text(Some(&name));
    let popover: gtk::PopoverMenu = named::named(&name);
    popover.set_menu_model(Some(&menu()));
    button.set_popover(Some(&popover));
    (button, chosen)
}

fn menu() -> gio::Menu {
    let menu = gio::Menu::new();
    for (word, title) in [
        ("name", gettext("A–Z")),
        ("name-reversed", gettext("Z–A")),
        ("newest", gettext("Newest First")),
        ("oldest", gettext("Oldest First")),
        ("largest", gettext("Largest First")),
        ("smallest", gettext("Smallest First")),
        ("changed-first", gettext("Changed First")),
    ] {
        menu.append(Some(&title), Some(&format!("{GROUP}.{ORDER}::{word}")));
    }
    menu
}

impl Folder {
    /// Brings the controls, and the shape itself, up to date.
    pub(super) fn show_arrangement(&self) {
        let Arrangement { shape, order } = self.arrangement;
        let Arranger { orders, to_grid, to_list, chosen } = &self.arranger;
        to_grid.set_visible(shape == Shape::List);
        to_list.set_visible(shape == Shape::Grid);
        orders.set_visible(self.is_list() && !self.has_columns());
        chosen.set_state(&word_of(order).to_variant());
        self.views.set_stale(self.state == State::Loading);
    }

    /// Whether there are headings over the entries.
    pub(super) fn has_columns(&self) -> bool {
        let is_list = self.is_list() && self.arrangement.shape == Shape::List;
        is_list && !self.layout.is_narrow()
    }

    /// Arranges as it was remembered, before anything is shown.
    pub(super) fn arrange(&mut self, arrangement: Arrangement) {
        self.arrangement.order = arrangement.order;
        self.take_shape(arrangement.shape);
    }

    /// The person wants another shape.
    pub(super) fn set_shape(&mut self, shape: Shape, sender: &ComponentSender<Self>) {
        if shape != self.arrangement.shape {
            self.take_shape(shape);
            let _closed = sender.output(Output::Arranged(self.arrangement));
        }
    }

    /// The person wants another order.
    pub(super) fn set_order(&mut self, order: Order, sender: &ComponentSender<Self>) {
        self.arrangement.order = order;
        let _closed = sender.output(Output::Arranged(self.arrangement));
    }

    /// What is selected stays so, and comes into view; the keyboard stays on its entry.
    fn take_shape(&mut self, shape: Shape) {
        let view = self.views.current();
        let has_focus = focus::has(view) || focus::is_free(&self.root);
        let row = self.focused_row().or_else(|| self.selected_row()).or(has_focus.then_some(0));
        self.arrangement.shape = shape;
        self.views.show(shape, &self.list.selection_model);
        let Some((row, item)) = row.and_then(|row| Some((row, self.list.get(row)?))) else {
            return;
        };
        let key = path::encode(&item.borrow().entry.name);
        if has_focus {
            focus::row(self.views.current(), row, key);
        } else {
            focus::scroll_to(self.views.current(), row);
        }
    }
}
