//! A random tree: entries of every kind, in folders of every kind.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{FileType, IFlags};

use crate::common::chance::Chance;
use crate::common::node;

/// Around the sizes at which something is done in another way.
pub const SIZES: [usize; 17] = [
    0, 0, 1, 10, 500, 4_095, 4_096, 4_097, 65_535, 65_536, 65_537, 131_072, 262_143, 262_144,
    262_145, 300_000, 7,
];

const DEEPEST: usize = 5;

/// A source that grows and changes by chance.
pub struct Garden {
    pub root: PathBuf,
    /// The kind of its file system.
    pub kind: String,
    /// Everything is a person's, who has no privileges.
    pub is_persons: bool,
    pub chance: Chance,
    /// What has flags, which have to be off before anything can be changed.
    pub flagged: Vec<(PathBuf, IFlags)>,
}

impl Garden {
    pub fn new(root: &Path, kind: &str, is_persons: bool, chance: Chance) -> Self {
        fs::create_dir(root).unwrap();
        let (root, kind) = (root.to_owned(), kind.to_owned());
        let mut garden = Self { root, kind, is_persons, chance, flagged: Vec::new() };
        let always = garden.root.join("always");
        fs::write(&always, "so that it is never emptied").unwrap();
        garden.dress(&always);
        let root = garden.root.clone();
        garden.dress(&root);
        garden
    }

    /// Makes new entries.
    pub fn grow(&mut self, entries: usize) {
        for _ in 0..entries {
            let path = self.new_path();
            // A name that is taken is no new entry.
            if self.make(&path).is_ok() {
                self.dress(&path);
            }
        }
        self.finish();
    }

    pub fn make(&mut self, path: &Path) -> io::Result<()> {
        if path.symlink_metadata().is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        match self.chance.below(100) {
            0..45 => fs::write(path, self.content()),
            45..65 => fs::create_dir(path),
            65..75 => symlink(self.target(), path),
            75..83 => {
                let mut files = self.all(|meta| !meta.is_dir());
                files.push(self.root.join("always"));
                fs::hard_link(self.chance.of(&files), path)
            }
            83..89 => {
                self.sparse(path);
                Ok(())
            }
            89..93 => Ok(node::make(path, FileType::Fifo, 0)?),
            93..96 => Ok(node::make(path, FileType::Socket, 0)?),
            _ if self.is_persons => fs::create_dir(path),
            _ => {
                let kind = self.chance.of(&[FileType::BlockDevice, FileType::CharacterDevice]);
                let number = rustix::fs::makedev(
                    self.chance.below(4_000) as u32,
                    self.chance.below(1 << 20) as u32,
                );
                Ok(node::make(path, kind, number)?)
            }
        }
    }

    /// One of few contents, so that some are the same; without a pattern, or all zeros.
    pub fn content(&mut self) -> Vec<u8> {
        let size = self.chance.of(&SIZES);
        match self.chance.below(6) as u64 {
            0 => vec![0; size],
            number => Chance::new(number).bytes(size),
        }
    }

    fn sparse(&mut self, path: &Path) {
        let size = self.chance.below(8 << 20) as u64 + 1;
        let data = self.chance.bytes(5_000);
        let pieces: Vec<(u64, &[u8])> = (0..self.chance.below(4))
            .map(|_| (self.chance.number() % size / 4096 * 4096, data.as_slice()))
            .collect();
        node::sparse(path, size, &pieces);
    }

    fn target(&mut self) -> PathBuf {
        match self.chance.below(5) {
            0 => PathBuf::from("always"),
            1 => PathBuf::from("../../nowhere"),
            2 => PathBuf::from("/etc/passwd"),
            // As long as every file system takes.
            3 => PathBuf::from("long/".repeat(1 + self.chance.below(200))),
            _ => {
                let length = 1 + self.chance.below(60);
                let bytes = self.chance.bytes(length).into_iter().map(|byte| byte.max(1));
                PathBuf::from(OsString::from_vec(bytes.collect()))
            }
        }
    }

    fn name(&mut self) -> OsString {
        const NAMES: [&[u8]; 20] = [
            b"a",
            b"b",
            b"c",
            b"d",
            b"e",
            b"f",
            b"g",
            b"A",
            b"e f",
            b"a\nb",
            b"-rf",
            b"%41",
            b"caf\xc3\xa9",
            b"cafe\xcc\x81",
            b"*",
            b".hidden",
            b"\\",
            b"\"",
            b"\x01\x7f\xff",
            &[b'n'; 255],
        ];
        OsString::from_vec(self.chance.of(&NAMES).to_vec())
    }

    /// Where something may be: in any folder, not too deep.
    pub fn new_path(&mut self) -> PathBuf {
        let depth = self.root.components().count() + DEEPEST;
        let mut folders = self.all(fs::Metadata::is_dir);
        folders.retain(|folder| folder.components().count() < depth);
        folders.push(self.root.clone());
        self.chance.of(&folders).join(self.name())
    }

    /// Everything in the source that is so, in an order that the seed repeats; not the one that stays.
    pub fn all(&self, is_so: impl Fn(&fs::Metadata) -> bool) -> Vec<PathBuf> {
        let (mut all, mut waiting) = (Vec::new(), vec![self.root.clone()]);
        while let Some(folder) = waiting.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let meta = path.symlink_metadata().unwrap();
                if meta.is_dir() {
                    waiting.push(path.clone());
                }
                if is_so(&meta) {
                    all.push(path);
                }
            }
        }
        all.retain(|path| *path != self.root.join("always"));
        all.sort();
        all
    }
}

/// Removes a tree that may have flags.
pub fn remove(path: &Path) {
    // Its exit code tells of entries that can't have flags.
    let _ = Command::new("chattr").args(["-R", "-f", "-i", "-a", "--"]).arg(path).output();
    fs::remove_dir_all(path).unwrap();
}
