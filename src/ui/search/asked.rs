//! What is looked for: the text and the filters.

use crate::engine::history::{KindFilter, Query};
use crate::engine::path::RelPath;

/// How many hits come at once.
const PAGE_HITS: usize = 50;

/// What the person asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The text, as it was typed.
    pub text: String,
    /// Only this kind.
    pub kind: Option<KindFilter>,
    /// Only what isn't there any more.
    pub gone_only: bool,
    /// Only the open folder and what is below it.
    pub here_only: bool,
    /// The open folder.
    pub folder: RelPath,
}

impl Asked {
    /// The question for the page that begins with the hit `offset`; `None` while there is nothing to look for.
    pub fn query(&self, offset: usize) -> Option<Query> {
        let text = self.text.trim_start();
        if text.is_empty() {
            return None;
        }
        let under = if self.here_only { self.folder.clone() } else { RelPath::root() };
        let (kind, deleted_only) = (self.kind, self.gone_only);
        Some(Query { under, kind, deleted_only, offset, limit: PAGE_HITS, ..Query::new(text) })
    }

    /// What was typed, as the name of something in the open folder, or the way to it from there; `None` if nothing can be
    /// called so.
    pub fn typed_path(&self) -> Option<RelPath> {
        let path = self.folder.to_absolute().join(self.text.trim());
        RelPath::from_absolute(&path).ok().filter(|path| !path.is_root())
    }

    /// Whether something is left out that is called so.
    pub fn is_filtered(&self) -> bool {
        self.kind.is_some() || self.gone_only || self.here_only
    }

    /// Looks everywhere, for everything, again.
    pub fn drop_filters(&mut self) {
        *self = Self {
            text: std::mem::take(&mut self.text),
            folder: std::mem::take(&mut self.folder),
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_and_an_empty_text_asks_nothing() {
        let folder = RelPath::parse(b"home/ann").unwrap();
        let mut asked = Asked { text: "  ".to_owned(), folder, ..Asked::default() };
        assert_eq!(asked.query(0), None);
        asked.text = " letter".to_owned();
        let query = asked.query(50).unwrap();
        assert_eq!((query.text.as_str(), query.offset), ("letter", 50));
        assert!(!query.is_filtered() && !asked.is_filtered());
        (asked.here_only, asked.gone_only) = (true, true);
        asked.kind = Some(KindFilter::Folder);
        let query = asked.query(0).unwrap();
        assert_eq!(query.under, asked.folder);
        assert_eq!(query.kind, Some(KindFilter::Folder));
        assert!(query.deleted_only && asked.is_filtered());
        asked.drop_filters();
        assert!(!asked.is_filtered() && asked.text == " letter");
    }
}
