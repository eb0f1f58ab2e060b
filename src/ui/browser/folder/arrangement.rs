//! How the entries of folders are arranged: in which shape, in which order, and by which words that is remembered.

use crate::app::window_memory::WindowMemory;
use crate::ui::history_worker::{Column, Order};

/// In which shape.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shape {
    /// Rows with columns.
    #[default]
    List,
    /// Large icons, and small pictures of what is one.
    Grid,
}

/// How entries are arranged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// In which shape.
    pub shape: Shape,
    /// In which order.
    pub order: Order,
}

/// Every order, and the word for it.
const ORDERS: [(&str, Column, bool); 8] = [
    ("name", Column::Name, false),
    ("name-reversed", Column::Name, true),
    ("newest", Column::Modified, true),
    ("oldest", Column::Modified, false),
    ("largest", Column::Size, true),
    ("smallest", Column::Size, false),
    ("changed-first", Column::State, false),
    ("changed-last", Column::State, true),
];

const GRID: &str = "grid";
const LIST: &str = "list";

/// The word for `order`.
pub fn word_of(order: Order) -> &'static str {
    let is_it = |(_, column, is_descending): &&(&str, Column, bool)| {
        (*column, *is_descending) == (order.column, order.is_descending)
    };
    ORDERS.iter().find(is_it).map_or("name", |(word, ..)| word)
}

/// The order that `word` stands for, if it stands for one.
pub fn order_of(word: &str) -> Option<Order> {
    let (_, column, is_descending) = *ORDERS.iter().find(|(known, ..)| *known == word)?;
    Some(Order { column, is_descending })
}

impl Arrangement {
    /// What the last window remembered; what makes no sense is as if it weren't there.
    pub fn remembered(memory: &WindowMemory) -> Self {
        let shape = if memory.shape == GRID { Shape::Grid } else { Shape::List };
        Self { shape, order: order_of(&memory.order).unwrap_or_default() }
    }

    /// Has it remembered.
    pub fn remember(self, memory: &mut WindowMemory) {
        memory.order = word_of(self.order).to_owned();
        memory.shape = match self.shape {
            Shape::List => LIST,
            Shape::Grid => GRID,
        }
        .to_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_remembered_comes_back() {
        for (word, column, is_descending) in ORDERS {
            let order = Order { column, is_descending };
            assert_eq!((word_of(order), order_of(word)), (word, Some(order)));
            for shape in [Shape::List, Shape::Grid] {
                let arrangement = Arrangement { shape, order };
                let mut memory = WindowMemory::default();
                arrangement.remember(&mut memory);
                assert_eq!(Arrangement::remembered(&memory), arrangement);
            }
        }
    }

    #[test]
    fn what_makes_no_sense_is_a_list_by_names() {
        for word in ["", "Grid", "grid ", "name\0", "largest-largest"] {
            let mut memory = WindowMemory::default();
            (memory.shape, memory.order) = (word.to_owned(), word.to_owned());
            assert_eq!(Arrangement::remembered(&memory), Arrangement::default(), "{word:?}");
        }
    }
}
