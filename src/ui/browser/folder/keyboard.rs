//! Where the keyboard is in the list: on the entry of the same name at another moment, on the folder that one came
//! from on the way up, else on the first row.

use super::Folder;
use crate::engine::history::Entry;
use crate::engine::path::{self, RelPath};
use crate::ui::widgets::focus;

/// The keyboard's way to a list that isn't there yet.
#[derive(Debug, Default)]
pub struct Keyboard {
    /// It comes to the list, wherever it is now.
    comes: bool,
    /// The key of the row that it should be on.
    wanted: Option<String>,
    /// The row that it waits for, and that row's key.
    row: Option<(u32, String)>,
}

impl Folder {
    /// Before another folder or moment is shown.
    pub(super) fn leave_rows(&mut self, next: &RelPath, takes_focus: bool) {
        if *next == self.folder {
            // Several moments may be asked for before one is shown.
            self.keyboard.wanted = focus::key(self.views.current()).or(self.keyboard.wanted.take());
        } else {
            self.keyboard.wanted = child_towards(next, &self.folder).map(path::encode);
        }
        self.keyboard.comes |= takes_focus || focus::is_free(&self.root);
    }

    /// The row of the entry called `name` gets the keyboard once it is there.
    pub(super) fn seek_row(&mut self, name: &[u8]) {
        self.keyboard.wanted = Some(path::encode(name));
        self.keyboard.comes = true;
    }

    /// Before `entries` become rows.
    pub(super) fn plan_focus(&mut self, entries: &[Entry]) {
        self.keyboard.comes |= focus::is_free(&self.root);
        self.keyboard.row = None;
        if !std::mem::take(&mut self.keyboard.comes) {
            return;
        }
        let wanted = self.keyboard.wanted.take();
        let key = |entry: &Entry| path::encode(&entry.name);
        let row = wanted.and_then(|wanted| entries.iter().position(|entry| key(entry) == wanted));
        let row = row.unwrap_or_default();
        if let (Some(entry), Ok(row)) = (entries.get(row), u32::try_from(row)) {
            self.keyboard.row = Some((row, key(entry)));
        }
    }

    /// The row that it waits for is another, since the rows become those of `entries`.
    pub(super) fn plan_focus_anew(&mut self, entries: &[Entry]) {
        let Some((_, wanted)) = self.keyboard.row.take() else { return };
        let row = entries.iter().position(|entry| path::encode(&entry.name) == wanted);
        let row = row.and_then(|row| u32::try_from(row).ok());
        self.keyboard.row = row.map(|row| (row, wanted));
    }

    /// As soon as the row is among those that were added.
    pub(super) fn focus_if_there(&mut self) {
        let rows = self.list.len();
        if let Some((row, key)) = self.keyboard.row.take_if(|(row, _)| *row < rows) {
            focus::row(self.views.current(), row, key);
        }
    }

    /// The keyboard comes to the list as it is, or to the one that is being looked up.
    pub(super) fn take_focus(&mut self) {
        if self.state != super::State::Listed {
            self.keyboard.comes = true;
        } else if let Some(first) = self.list.get(0).filter(|_| !focus::has(self.views.current())) {
            let key = first.borrow().key();
            focus::row(self.views.current(), 0, key);
        }
    }

    /// Whether the button of a page that has come in the list's place gets the keyboard.
    pub(super) fn take_for_page(&mut self) -> bool {
        std::mem::take(&mut self.keyboard.comes) || focus::is_free(&self.root)
    }
}

/// The name in `above` that leads to `below`, if it is below.
fn child_towards<'a>(above: &RelPath, below: &'a RelPath) -> Option<&'a [u8]> {
    let depth = above.components().count();
    below.components().nth(depth).filter(|_| below.is_within(above))
}
