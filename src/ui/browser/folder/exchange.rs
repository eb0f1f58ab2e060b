//! Which rows stay when the same folder is shown at another moment: GTK makes nothing anew for them.

use std::collections::HashMap;
use std::ops::Deref;

use super::row::Row;
use crate::engine::history::Entry;

/// What is to be done: one run of rows gives way to another.
#[derive(Debug, PartialEq, Eq)]
pub struct Exchange {
    /// How many rows before it stay where they are.
    pub first: usize,
    /// How many go, or come to another place.
    pub gone: usize,
    /// What stands there then. All that comes after it stays, too.
    pub new: Vec<New>,
}

/// What stands in a row then.
#[derive(Debug, PartialEq, Eq)]
pub enum New {
    /// The row that was at this place.
    Again(usize),
    /// A new row for this.
    Entry(Entry),
}

/// How the rows of `before` become those of `entries`, in this order.
pub fn exchange<R: Deref<Target = Row>>(before: &[R], mut entries: Vec<Entry>) -> Exchange {
    let stays = |(row, entry): &(&R, &Entry)| row.shows(entry);
    let first = before.iter().zip(&entries).take_while(stays).count();
    let rest = before.len().min(entries.len()) - first;
    let ends = before.iter().rev().zip(entries.iter().rev()).take(rest);
    let last = ends.take_while(stays).count();
    let gone = before.len() - first - last;
    let rows = before.iter().enumerate().skip(first).take(gone);
    let mut known: HashMap<&[u8], (usize, &R)> =
        rows.map(|(place, row)| (row.entry.name.as_slice(), (place, row))).collect();
    let between = first..entries.len() - last;
    let new = entries.drain(between).map(|entry| match known.remove(entry.name.as_slice()) {
        Some((place, row)) if row.shows(&entry) => New::Again(place),
        _ => New::Entry(entry),
    });
    Exchange { first, gone, new: new.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::meta::ContentHash;
    use crate::ui::browser::folder::layout::Layout;

    fn entry(name: &str) -> Entry {
        Entry { hash: Some(ContentHash::of(name.as_bytes())), ..Entry::plain(name) }
    }

    fn rows(names: &str) -> Vec<Row> {
        let layout = Layout::default();
        names.split_whitespace().map(|name| Row::new(entry(name), &layout)).collect()
    }

    /// In place of what stands new rows have `+` before their names, those that stay their places.
    fn exchanged(before: &str, after: &str) -> (usize, usize, String) {
        let entries = after.split_whitespace().map(entry).collect();
        let Exchange { first, gone, new } =
            exchange(&rows(before).iter().collect::<Vec<_>>(), entries);
        let new = new.iter().map(|new| match new {
            New::Again(place) => place.to_string(),
            New::Entry(entry) => format!("+{}", String::from_utf8_lossy(&entry.name)),
        });
        (first, gone, new.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn only_what_lies_between_equal_ends_is_exchanged() {
        assert_eq!(exchanged("a b c d", "a b c d"), (4, 0, String::new()));
        assert_eq!(exchanged("a b c d", "a x y b c d"), (1, 0, "+x +y".into()));
        assert_eq!(exchanged("a x y b c d", "a b c d"), (1, 2, String::new()));
        assert_eq!(exchanged("a b c d", "a b x d"), (2, 1, "+x".into()));
        assert_eq!(exchanged("", "a b"), (0, 0, "+a +b".into()));
        assert_eq!(exchanged("a b", ""), (0, 2, String::new()));
        // Equal ends don't meet each other.
        assert_eq!(exchanged("a a", "a"), (1, 1, String::new()));
    }

    #[test]
    fn rows_stay_where_their_order_is_another() {
        assert_eq!(exchanged("a b c d", "d b x a"), (0, 4, "3 1 +x 0".into()));
        assert_eq!(exchanged("a b c d e", "a c b e"), (1, 3, "2 1".into()));
    }

    #[test]
    fn a_row_whose_entry_is_another_is_made_anew() {
        let larger = Entry { size_bytes: 2, ..entry("b") };
        let (rows, entries) = (rows("a b c"), vec![entry("a"), larger.clone(), entry("c")]);
        let Exchange { first, gone, new } = exchange(&rows.iter().collect::<Vec<_>>(), entries);
        assert_eq!((first, gone, new), (1, 1, vec![New::Entry(larger)]));
        // What nobody has hashed may be another in silence.
        let unknown = || Entry { hash: None, ..entry("a") };
        let row = Row::new(unknown(), &Layout::default());
        let exchange = exchange(&[&row], vec![unknown()]);
        assert_eq!((exchange.first, exchange.gone, exchange.new.len()), (0, 1, 1));
    }
}
