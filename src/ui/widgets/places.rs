//! Folders as people call them.

use crate::app::places::home;
use crate::engine::path::{self, RelPath};
use crate::i18n::gettext;

/// Where something is, without what all of a person's folders begin with: "Documents/Thesis".
pub fn words_of(folder: &RelPath) -> String {
    let home = RelPath::from_absolute(&home()).unwrap_or_default();
    if folder.is_root() {
        return gettext("Computer");
    }
    if home.is_root() || !folder.is_within(&home) {
        return folder.to_string();
    }
    let depth = home.components().count();
    let below: Vec<String> = folder.components().skip(depth).map(path::display).collect();
    if below.is_empty() { gettext("Home") } else { below.join("/") }
}
