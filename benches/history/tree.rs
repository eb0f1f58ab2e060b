//! A home that was made up: folders, files and what happens to them from snapshot to snapshot. The same each time.

use rustix::io::Result;
use yore::engine::index::{Change, NodeId, ROOT_NODE, SpoolWriter, State};
use yore::engine::meta::{ContentHash, FileTime, Fingerprint, Kind, Metadata};

/// The folders from the root down to the source.
const SOURCE: [&str; 2] = ["home", "ann"];

/// A folder of this many entries is among the others.
pub const LARGE: usize = 10_000;

/// Of a hundred files so many have a name that others have, too.
const COMMON_NAMES_PERCENT: u64 = 30;

/// Numbers that look random and are the same each time.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

struct Folder {
    node: NodeId,
    first: i64,
    path: String,
    /// How many of its files have a name that other folders have, too.
    common: usize,
}

struct File {
    node: NodeId,
    folder: usize,
    first: i64,
    name: String,
}

/// The tree as it is now.
pub struct Tree {
    pub chance: Chance,
    folders: Vec<Folder>,
    files: Vec<File>,
    next_node: NodeId,
}

impl Tree {
    /// A tree of `files` files in a tenth as many folders, noted as the changes of the snapshot 1.
    pub fn plant(files: usize, out: &mut SpoolWriter<'_>) -> Result<Self> {
        let mut tree =
            Self { chance: Chance::new(1), folders: Vec::new(), files: Vec::new(), next_node: 2 };
        let mut node = ROOT_NODE;
        let mut path = String::new();
        for name in SOURCE {
            path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
            node = tree.node(node, name, out)?;
        }
        tree.begin_folder(node, path, out)?;
        while tree.folders.len() < files / 10 {
            // Ten to a folder, so the tree is as deep as a home.
            let parent = (tree.folders.len() - 1) / 10;
            tree.add_folder(parent, out)?;
        }
        let large = tree.add_folder(0, out)?;
        while tree.files.len() < files {
            let folder = if tree.files.len() < LARGE { large } else { tree.any_folder() };
            tree.add_file(folder, 1, out)?;
        }
        Ok(tree)
    }

    /// What happens before the snapshot `seq`: `changes` files, four fifths of them with a new content, the others new or gone.
    pub fn live_on(&mut self, seq: i64, changes: usize, out: &mut SpoolWriter<'_>) -> Result<()> {
        for _ in 0..changes {
            let file = self.chance.below(self.files.len());
            match self.chance.below(100) {
                0..80 => self.edit(file, seq, out)?,
                80..93 => {
                    let folder = self.any_folder();
                    self.add_file(folder, seq, out)?;
                    self.touch_folder(folder, seq, out)?;
                }
                _ => {
                    let gone = self.files.swap_remove(file);
                    let change = Change::End { node: gone.node, first: gone.first };
                    out.push(change)?;
                    self.touch_folder(gone.folder, seq, out)?;
                }
            }
        }
        Ok(())
    }

    /// The path of a folder of [`LARGE`] entries.
    pub fn large_folder(&self) -> &str {
        self.folders.last().map_or("", |folder| &folder.path)
    }

    /// The paths of `count` folders and `count` files that are there now.
    pub fn sample(&mut self, count: usize) -> (Vec<String>, Vec<String>) {
        let folders = (0..count).map(|_| self.any_folder()).collect::<Vec<_>>();
        let folders = folders.into_iter().map(|at| self.folders[at].path.clone()).collect();
        let files = (0..count).map(|_| self.chance.below(self.files.len())).collect::<Vec<_>>();
        let path = |file: &File| format!("{}/{}", self.folders[file.folder].path, file.name);
        (folders, files.into_iter().map(|at| path(&self.files[at])).collect())
    }

    fn any_folder(&mut self) -> usize {
        self.chance.below(self.folders.len() - 1)
    }

    fn node(&mut self, parent: NodeId, name: &str, out: &mut SpoolWriter<'_>) -> Result<NodeId> {
        let id = self.next_node;
        self.next_node += 1;
        out.push(Change::Node { id, parent, name: name.as_bytes() })?;
        Ok(id)
    }

    fn begin_folder(
        &mut self,
        node: NodeId,
        path: String,
        out: &mut SpoolWriter<'_>,
    ) -> Result<usize> {
        let state = self.state(Kind::Directory);
        out.push(Change::Begin { node, replaces: None, state })?;
        self.folders.push(Folder { node, first: 1, path, common: 0 });
        Ok(self.folders.len() - 1)
    }

    fn add_folder(&mut self, parent: usize, out: &mut SpoolWriter<'_>) -> Result<usize> {
        let name = format!("{} {}", word(&mut self.chance), self.folders.len());
        let path = format!("{}/{name}", self.folders[parent].path);
        let node = self.node(self.folders[parent].node, &name, out)?;
        self.begin_folder(node, path, out)
    }

    fn touch_folder(&mut self, at: usize, seq: i64, out: &mut SpoolWriter<'_>) -> Result<()> {
        let state = self.state(Kind::Directory);
        let folder = &mut self.folders[at];
        if folder.first < seq {
            let replaces = Some(std::mem::replace(&mut folder.first, seq));
            out.push(Change::Begin { node: folder.node, replaces, state })?;
        }
        Ok(())
    }

    fn add_file(&mut self, folder: usize, seq: i64, out: &mut SpoolWriter<'_>) -> Result<()> {
        let parent = self.folders[folder].node;
        let name = if self.chance.next() % 100 < COMMON_NAMES_PERCENT {
            self.folders[folder].common += 1;
            format!("common-{}.html", self.folders[folder].common)
        } else {
            let number = self.next_node;
            format!("{} {} {number}.jpg", word(&mut self.chance), word(&mut self.chance))
        };
        let node = self.node(parent, &name, out)?;
        let state = self.state(Kind::File);
        out.push(Change::Begin { node, replaces: None, state })?;
        self.files.push(File { node, folder, first: seq, name });
        Ok(())
    }

    fn edit(&mut self, at: usize, seq: i64, out: &mut SpoolWriter<'_>) -> Result<()> {
        let state = self.state(Kind::File);
        let file = &mut self.files[at];
        if file.first < seq {
            let replaces = Some(std::mem::replace(&mut file.first, seq));
            out.push(Change::Begin { node: file.node, replaces, state })?;
        }
        Ok(())
    }

    fn state(&mut self, kind: Kind) -> State {
        let mut time = || FileTime {
            sec: 1_700_000_000 + (self.chance.next() % 50_000_000) as i64,
            nsec: (self.chance.next() % 1_000_000_000) as u32,
        };
        let (mtime, ctime) = (time(), time());
        let is_file = kind == Kind::File;
        let mut hash = [0; 32];
        for part in hash.chunks_exact_mut(8) {
            part.copy_from_slice(&self.chance.next().to_le_bytes());
        }
        State {
            meta: Metadata {
                kind,
                mode: if is_file { 0o644 } else { 0o755 },
                uid: 1000,
                gid: 1000,
                size_bytes: if is_file { 1 + self.chance.next() % 200_000 } else { 0 },
                mtime,
                device: (0, 0),
            },
            hash: is_file.then_some(ContentHash(hash)),
            xattrs: None,
            fingerprint: Some(Fingerprint { inode: self.chance.next() % 20_000_000, ctime }),
            stored_mtime: None,
            override_text: None,
        }
    }
}

/// Something to call a file.
fn word(chance: &mut Chance) -> String {
    const STARTS: [&str; 24] = [
        "Bahn", "Brief", "Chor", "Dorf", "Ernte", "Fest", "Garten", "Hafen", "Insel", "Jahr",
        "Karte", "Licht", "Musik", "Nacht", "Ofen", "Park", "Quelle", "Reise", "Stadt", "Tafel",
        "Ufer", "Vater", "Wald", "Zeit",
    ];
    const ENDS: [&str; 20] = [
        "abend", "bild", "dach", "ecke", "fahrt", "gruppe", "haus", "karte", "lauf", "markt",
        "note", "plan", "raum", "seite", "tag", "turm", "weg", "werk", "ziel", "zug",
    ];
    let (start, end) = (chance.below(STARTS.len()), chance.below(ENDS.len()));
    format!("{}{}", STARTS[start], ENDS[end])
}
