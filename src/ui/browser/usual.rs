//! The folders that a desktop gives each person: Documents, Pictures and so on, wherever they are and whatever they are
//! called in the person's language.

use relm4::gtk::glib::{UserDirectory, user_special_dir};

use crate::engine::path::RelPath;

/// In the order in which they are shown, with their icons.
const USUAL: [(UserDirectory, &str); 6] = [
    (UserDirectory::Desktop, "user-desktop-symbolic"),
    (UserDirectory::Documents, "folder-documents-symbolic"),
    (UserDirectory::Downloads, "folder-download-symbolic"),
    (UserDirectory::Music, "folder-music-symbolic"),
    (UserDirectory::Pictures, "folder-pictures-symbolic"),
    (UserDirectory::Videos, "folder-videos-symbolic"),
];

/// Those below one of `sources`, which has a place already. Only a small text of the desktop's is read for it, once.
pub fn within(sources: &[RelPath]) -> Vec<RelPath> {
    let mut folders: Vec<RelPath> = Vec::new();
    for (folder, _) in known() {
        let is_below = sources.iter().any(|source| folder.is_within(source));
        if is_below && !sources.contains(&folder) && !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

/// The icon of one of them.
pub fn icon_of(folder: &RelPath) -> &'static str {
    let mut known = known();
    known.find(|(usual, _)| usual == folder).map_or("folder-symbolic", |(_, icon)| icon)
}

fn known() -> impl Iterator<Item = (RelPath, &'static str)> {
    USUAL.into_iter().filter_map(|(directory, icon)| {
        let path = user_special_dir(directory)?;
        Some((RelPath::from_absolute(&path).ok()?, icon))
    })
}
