//! The list and the grid of the same entries. Only the one that is shown has them: the other would make widgets, too.

use relm4::RelmWidgetExt;
use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::typed_view::list::TypedListView;

use super::arrangement::Shape;
use super::drag::Copier;
use super::grid::entry_grid;
use super::layout::Layout;
use super::row::Row;
use super::{Input, drag, menu, peek};
use crate::ui::thumbnails::Thumbnails;

/// The two.
#[derive(Debug)]
pub struct Views {
    /// The widget: one or the other.
    pub root: gtk::Stack,
    list: gtk::ListView,
    grid: gtk::GridView,
    shape: Shape,
}

impl Views {
    /// The view of `list`, and a grid of the same entries; the list is shown.
    pub fn of(
        list: &TypedListView<Row, gtk::MultiSelection>,
        layout: &Layout,
        copier: Copier,
        input: &relm4::Sender<Input>,
    ) -> Self {
        let grid = entry_grid(input, Thumbnails::new(copier.target.clone()));
        for view in [list.view.upcast_ref::<gtk::Widget>(), grid.upcast_ref()] {
            view.add_controller(drag::source(view, &list.selection_model, layout, copier.clone()));
            view.add_controller(peek::keys(input));
            view.add_controller(menu::secondary_click(input));
        }
        Self::new(list.view.clone(), grid)
    }

    fn new(list: gtk::ListView, grid: gtk::GridView) -> Self {
        let root = gtk::Stack::new();
        for view in [list.upcast_ref::<gtk::Widget>(), grid.upcast_ref()] {
            view.add_css_class("entries");
            let scroller = gtk::ScrolledWindow::builder()
                .hexpand(true)
                .vexpand(true)
                // The columns must not keep the window from becoming narrow, where there are none.
                .hscrollbar_policy(gtk::PolicyType::External)
                .child(view)
                .build();
            root.add_child(&scroller);
        }
        list.set_enable_rubberband(true);
        grid.set_enable_rubberband(true);
        Self { root, list, grid, shape: Shape::List }
    }

    /// The one that is shown.
    pub fn current(&self) -> &gtk::Widget {
        match self.shape {
            Shape::List => self.list.upcast_ref(),
            Shape::Grid => self.grid.upcast_ref(),
        }
    }

    /// Shows that one.
    pub fn show(&mut self, shape: Shape, entries: &gtk::MultiSelection) {
        if std::mem::replace(&mut self.shape, shape) == shape {
            return;
        }
        match shape {
            Shape::List => {
                self.grid.set_model(gtk::SelectionModel::NONE);
                self.list.set_model(Some(entries));
            }
            Shape::Grid => {
                self.list.set_model(gtk::SelectionModel::NONE);
                self.grid.set_model(Some(entries));
            }
        }
        let scroller = self.current().ancestor(gtk::ScrolledWindow::static_type());
        if let Some(scroller) = scroller {
            self.root.set_visible_child(&scroller);
        }
    }

    /// The entries are those of before, while others are looked up.
    pub fn set_stale(&self, is_stale: bool) {
        self.list.set_class_active("stale", is_stale);
        self.grid.set_class_active("stale", is_stale);
    }
}
