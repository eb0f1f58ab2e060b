//! What a folder says about all in it: marks that lie in it, and what it is when it is only on the way.

use super::decision::Why;
use super::preset::BUILD_BESIDE;
use crate::engine::dir::{Dir, read_some};
use crate::engine::meta::{Kind, Metadata};
use crate::engine::path::has_name;

/// The file that marks a folder as a cache, and what it must begin with.
pub const CACHE_TAG: &[u8] = b"CACHEDIR.TAG";
const CACHE_SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// The file that marks a folder whose content nobody wants to keep.
pub const NO_BACKUP: &[u8] = b".nobackup";

/// What the folder in which an entry lies says about the entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderMarks {
    /// A `CACHEDIR.TAG` with the standard signature lies in it.
    pub cachedir_tag: bool,
    /// A file `.nobackup` lies in it.
    pub nobackup: bool,
    /// The folder is left out and was only entered on the way to what an include names.
    pub left_out: Option<Why>,
    /// Which of [`BUILD_BESIDE`] have their marker in it, a bit each.
    beside: u32,
}

impl FolderMarks {
    /// The marks of a folder with these names, sorted by bytes; `is_mark` tells whether a file is one indeed.
    pub fn of_names<N: AsRef<[u8]>>(names: &[N], mut is_mark: impl FnMut(&[u8]) -> bool) -> Self {
        let has = |name: &[u8]| has_name(names, name);
        let mut beside = 0;
        for (bit, rule) in BUILD_BESIDE.iter().enumerate() {
            if has(rule.folder) && rule.markers.iter().any(|marker| has(marker)) {
                beside |= 1 << bit;
            }
        }
        Self {
            cachedir_tag: has(CACHE_TAG) && is_mark(CACHE_TAG),
            nobackup: has(NO_BACKUP) && is_mark(NO_BACKUP),
            left_out: None,
            beside,
        }
    }

    /// The marks of a folder of which only single entries can be asked for: `is_mark` tells whether a file of that name is there and is
    /// a mark, `has` whether there is an entry of that name.
    pub fn of_kept<E>(
        is_mark: impl Fn(&[u8]) -> Result<bool, E>,
        has: impl Fn(&[u8]) -> Result<bool, E>,
    ) -> Result<Self, E> {
        let mut beside = 0;
        for (bit, rule) in BUILD_BESIDE.iter().enumerate() {
            for marker in rule.markers {
                if has(marker)? {
                    beside |= 1 << bit;
                }
            }
        }
        let (cachedir_tag, nobackup) = (is_mark(CACHE_TAG)?, is_mark(NO_BACKUP)?);
        Ok(Self { cachedir_tag, nobackup, left_out: None, beside })
    }

    /// Of a folder that can't be listed: only what it is itself.
    pub fn unlisted(left_out: Option<Why>) -> Self {
        Self { left_out, ..Self::default() }
    }

    /// The marks of a live folder with these names, sorted by bytes.
    pub fn read<N: AsRef<[u8]>>(dir: &Dir, names: &[N]) -> Self {
        Self::of_names(names, |name| {
            if name == CACHE_TAG { has_signature(dir) } else { is_file(dir, name) }
        })
    }

    /// Whether the folder `name` is what a build made, by what lies beside it.
    pub(super) fn is_build_output(&self, name: &[u8]) -> bool {
        self.beside != 0
            && BUILD_BESIDE
                .iter()
                .enumerate()
                .any(|(bit, rule)| self.beside & (1 << bit) != 0 && rule.folder == name)
    }
}

fn is_file(dir: &Dir, name: &[u8]) -> bool {
    let stat = dir.stat_child(name).ok();
    let meta = stat.as_ref().and_then(Metadata::from_statx);
    meta.is_some_and(|meta| meta.kind == Kind::File)
}

fn has_signature(dir: &Dir) -> bool {
    let Ok((file, _)) = dir.open_file(CACHE_TAG) else { return false };
    let mut begin = [0; CACHE_SIGNATURE.len()];
    let mut length = 0;
    while length < begin.len() {
        match read_some(&file, &mut begin[length..]) {
            Ok(0) | Err(_) => return false,
            Ok(read) => length += read,
        }
    }
    begin == CACHE_SIGNATURE
}
