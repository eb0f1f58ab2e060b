//! The entries as a grid: the same ones as in the list, with the same selection.

use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::prelude::*;

use self::tile::Tile;
use super::Input;
use super::row::Row;
use crate::i18n::gettext;
use crate::ui::thumbnails::Thumbnails;
use crate::ui::widgets::named;

mod picture;
mod tile;

/// On the widest screens: more make more widgets than are ever looked at.
const COLUMNS_MAX: u32 = 12;

/// A grid without entries.
pub fn entry_grid(input: &relm4::Sender<Input>, thumbnails: Thumbnails) -> gtk::GridView {
    let grid: gtk::GridView = named::named(&gettext("Files"));
    grid.set_max_columns(COLUMNS_MAX);
    grid.set_factory(Some(&factory(thumbnails)));
    let input = input.clone();
    grid.connect_activate(move |_, row| {
        let _closed = input.send(Input::Opened(row));
    });
    grid
}

fn factory(thumbnails: Thumbnails) -> gtk::SignalListItemFactory {
    let factory = gtk::SignalListItemFactory::new();
    factory.connect_setup(|_, item| {
        if let Some(item) = item.downcast_ref::<gtk::ListItem>() {
            item.set_child(Some(&Tile::new()));
        }
    });
    factory.connect_bind(move |_, item| {
        if let Some((tile, item)) = tile_of(item)
            && let Some(row) = item.item().and_downcast::<glib::BoxedAnyObject>()
            && let Ok(row) = row.try_borrow::<Row>()
        {
            tile.bind(&row, &thumbnails);
        }
    });
    factory.connect_unbind(|_, item| {
        if let Some((tile, _)) = tile_of(item) {
            tile.unbind();
        }
    });
    factory
}

fn tile_of(item: &glib::Object) -> Option<(Tile, &gtk::ListItem)> {
    let item = item.downcast_ref::<gtk::ListItem>()?;
    Some((item.child().and_downcast::<Tile>()?, item))
}
