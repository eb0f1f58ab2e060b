//! Where the files of the stage lie, by content: some ten bytes a file beside its name, as a million of them is nothing unusual.

use super::contents::Content;
use crate::engine::path::RelPath;

/// Into how many lists the places are spread; a power of two. Each grows for itself, so that never all of them are
/// in memory twice, and with a million places each is still looked through in no time.
const LISTS: usize = 1 << 12;

/// Each time that something is full, it grows by this part of itself, and by at least so many.
const GROWTH_PART: usize = 8;
const GROWTH_LEAST: usize = 4;

/// Number of a folder of the stage: where its record begins.
pub(super) type FolderNumber = u32;

/// A file in the stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Staged {
    pub folder: FolderNumber,
    pub path: RelPath,
    pub name: Vec<u8>,
}

/// A content as far as the list that it is in doesn't tell, and where the record of its file begins. Two contents
/// that share it are one here: whoever finds a file looks at it before it is believed.
#[derive(Debug, Clone, Copy)]
struct Place {
    rest: u32,
    file: u32,
}

/// The places of one run.
#[derive(Debug)]
pub(super) struct Places {
    lists: Vec<Vec<Place>>,
    /// How many there are in all lists.
    count: usize,
    /// The records: of a folder the length of its path and the path, of a file the folder's number, the length of
    /// the name and the name.
    records: Vec<u8>,
}

impl Default for Places {
    fn default() -> Self {
        Self { lists: vec![Vec::new(); LISTS], count: 0, records: Vec::new() }
    }
}

impl Places {
    pub fn len(&self) -> usize {
        self.count
    }

    /// Gives a folder a number; `None` if there is no room for one more.
    pub fn number(&mut self, path: &RelPath) -> Option<FolderNumber> {
        let path = path.as_bytes();
        let length = u32::try_from(path.len()).ok()?;
        self.record(&[&length.to_le_bytes(), path])
    }

    /// Remembers a file; a later one of the same content takes its place.
    pub fn add(&mut self, content: Content, folder: FolderNumber, name: &[u8]) {
        let Ok(length) = u8::try_from(name.len()) else { return };
        let Some(file) = self.record(&[&folder.to_le_bytes(), &[length], name]) else { return };
        let (list, rest) = split(content);
        let list = &mut self.lists[list];
        if let Some(place) = list.iter_mut().find(|place| place.rest == rest) {
            place.file = file;
            return;
        }
        grow(list, 1);
        list.push(Place { rest, file });
        self.count += 1;
    }

    /// Finds the file of a content.
    pub fn find(&self, content: Content) -> Option<Staged> {
        let (list, rest) = split(content);
        let place = self.lists[list].iter().find(|place| place.rest == rest)?;
        let (folder, record) = self.number_at(place.file)?;
        let (length, record) = record.split_first()?;
        let name = record.get(..usize::from(*length))?.to_vec();
        let (length, record) = self.number_at(folder)?;
        let path = RelPath::parse(record.get(..length as usize)?).ok()?;
        Some(Staged { folder, path, name })
    }

    /// The number at the beginning of a record, and what follows.
    fn number_at(&self, at: u32) -> Option<(u32, &[u8])> {
        let (number, rest) = self.records.get(at as usize..)?.split_first_chunk()?;
        Some((u32::from_le_bytes(*number), rest))
    }

    /// Appends a record and tells where it begins.
    fn record(&mut self, parts: &[&[u8]]) -> Option<u32> {
        let at = u32::try_from(self.records.len()).ok()?;
        grow(&mut self.records, parts.iter().map(|part| part.len()).sum());
        for part in parts {
            self.records.extend_from_slice(part);
        }
        Some(at)
    }

    /// What is allocated.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        let lists: usize = self.lists.iter().map(Vec::capacity).sum();
        lists * size_of::<Place>()
            + self.lists.capacity() * size_of::<Vec<Place>>()
            + self.records.capacity()
    }
}

/// In which list a content is, and the part of it that tells it from others there.
fn split(content: Content) -> (usize, u32) {
    (content.0 as usize % LISTS, (content.0 >> 32) as u32)
}

/// Makes room for `more`, sparingly: left to itself, a vector would double.
fn grow<T>(vec: &mut Vec<T>, more: usize) {
    if vec.capacity() - vec.len() < more {
        vec.reserve_exact(more.max(vec.len() / GROWTH_PART).max(GROWTH_LEAST));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::meta::ContentHash;

    const FILES: usize = 200_000;
    const FILES_IN_FOLDER: usize = 10;

    fn content(number: usize) -> Content {
        let hash = ContentHash::of(&number.to_le_bytes());
        Content(u64::from_le_bytes(*hash.0.first_chunk().unwrap()))
    }

    fn path(folder: usize) -> RelPath {
        RelPath::parse(format!("home/ann/area/folder-{folder:06}").as_bytes()).unwrap()
    }

    fn name(number: usize) -> Vec<u8> {
        format!("file-{number:07}.dat").into_bytes()
    }

    #[test]
    fn a_remembered_file_costs_little_more_than_its_name_and_is_found() {
        let mut places = Places::default();
        let mut texts = 0;
        for folder in 0..FILES / FILES_IN_FOLDER {
            let number = places.number(&path(folder)).unwrap();
            texts += path(folder).as_bytes().len();
            for file in folder * FILES_IN_FOLDER..(folder + 1) * FILES_IN_FOLDER {
                places.add(content(file), number, &name(file));
                texts += name(file).len();
            }
        }
        assert_eq!(places.len(), FILES);
        let beside = (places.bytes() - texts) / FILES;
        assert!(beside <= 20, "{beside} bytes a file beside the names");
        for file in (0..FILES).step_by(97) {
            let found = places.find(content(file)).unwrap();
            assert_eq!((found.path, found.name), (path(file / FILES_IN_FOLDER), name(file)));
        }
        assert_eq!(places.find(content(FILES)), None);
    }

    #[test]
    fn files_in_the_root_and_with_the_longest_names_are_found() {
        let mut places = Places::default();
        let root = places.number(&RelPath::root()).unwrap();
        let long = [b'n'; 255];
        places.add(content(1), root, &long);
        places.add(content(2), root, &[b'n'; 256]);
        let found = places.find(content(1)).unwrap();
        assert_eq!((found.folder, found.path, found.name), (root, RelPath::root(), long.to_vec()));
        assert_eq!(places.find(content(2)), None);
    }
}
