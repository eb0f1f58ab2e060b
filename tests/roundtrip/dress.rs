//! Random metadata: owners, modes, times, attributes, access lists, capabilities, flags.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, lchown};
use std::path::Path;

use rustix::fs::IFlags;

use super::OTHER_GROUP;
use super::grow::Garden;
use crate::common::attribute::{CAPABILITY, allow, change_flags, try_set};
use crate::common::cli::NOBODY;
use crate::common::node::set_mtime;
use crate::common::place::set_mode;

const USERS: [u32; 6] = [0, 0, 1_000, 4_242, NOBODY, 3_000_000_000];

impl Garden {
    /// Gives an entry an owner and metadata; in this order, as some undo others.
    pub fn dress(&mut self, path: &Path) {
        let Ok(meta) = path.symlink_metadata() else { return };
        self.own(path);
        if meta.is_symlink() {
            self.time(path);
            return;
        }
        self.mode(path);
        if meta.is_file() || meta.is_dir() {
            (0..self.chance.below(3)).for_each(|_| self.attribute(path));
            if self.chance.is(20) {
                self.access_list(path, meta.is_dir());
            }
        }
        if meta.is_file() && !self.is_persons && self.chance.is(10) {
            try_set(path, "security.capability", &CAPABILITY).unwrap();
        }
        self.time(path);
    }

    pub fn own(&mut self, path: &Path) {
        let (user, group) = if self.is_persons {
            (NOBODY, self.chance.of(&[NOBODY, NOBODY, OTHER_GROUP]))
        } else {
            (self.chance.of(&USERS), self.chance.of(&USERS))
        };
        lchown(path, Some(user), Some(group)).unwrap();
    }

    pub fn mode(&mut self, path: &Path) {
        let Ok(meta) = path.symlink_metadata() else { return };
        if meta.is_symlink() {
            return;
        }
        // What a person can't read themselves can't be backed up; that is another subject.
        let modes: &[u32] = match (self.is_persons, meta.is_dir()) {
            (true, true) => &[0o755, 0o755, 0o700, 0o555, 0o500, 0o1777],
            (true, false) => &[0o644, 0o644, 0o600, 0o444, 0o400, 0o755],
            (false, true) => &[0o755, 0o755, 0o700, 0o555, 0o1777, 0o2775, 0o3777, 0o000],
            (false, false) => &[0o644, 0o644, 0o600, 0o4755, 0o2755, 0o6711, 0o1644, 0o000],
        };
        set_mode(path, self.chance.of(modes));
    }

    pub fn time(&mut self, path: &Path) {
        const YEAR: i64 = 31_556_952;
        let (first, count) = match self.kind.as_str() {
            "btrfs" => (1, 9_998),
            // What the file systems can say.
            _ => (1_902, 500),
        };
        let years = match self.chance.below(4) {
            0 => first + self.chance.below(count) as i64,
            1 => return,
            _ => 2_000 + self.chance.below(25) as i64,
        };
        let seconds = (years - 1_970) * YEAR + self.chance.below(YEAR as usize) as i64;
        let nanoseconds = match self.chance.below(3) {
            0 => 0,
            1 => 999_999_999,
            _ => self.chance.below(1_000_000_000),
        };
        set_mtime(path, seconds, nanoseconds as u32).unwrap();
    }

    pub fn attribute(&mut self, path: &Path) {
        let meta = path.symlink_metadata();
        if !meta.is_ok_and(|meta| meta.is_file() || meta.is_dir()) {
            return;
        }
        let names = ["user.a", "user.b", "user.c\n%", "trusted.d"];
        let name = self.chance.of(if self.is_persons { &names[..3] } else { &names });
        let length = self.chance.of(&[0, 1, 20, 200, 800]);
        let value = self.chance.bytes(length);
        // More than its inode can hold.
        let _ = try_set(path, name, &value);
        if self.chance.is(20) {
            let _ = rustix::fs::lremovexattr(path, name);
        }
    }

    pub fn access_list(&mut self, path: &Path, is_folder: bool) {
        let user = self.chance.of(&[0, 1_234, 99_999]);
        allow(path, &format!("u:{user}:{}", self.chance.of(&["r", "rw", "rx", "-"])));
        if is_folder && self.chance.is(50) {
            allow(path, &format!("d:g:{user}:rx,d:o::-"));
        }
    }

    /// The last of a round: times of folders, which whatever happens in them moves; and flags.
    pub fn finish(&mut self) {
        let mut folders = self.all(fs::Metadata::is_dir);
        folders.push(self.root.clone());
        for folder in folders {
            if folder.is_dir() && self.chance.is(50) {
                self.time(&folder);
            }
        }
        let power = [IFlags::IMMUTABLE, IFlags::APPEND, IFlags::NODUMP, IFlags::NOATIME];
        let mut frozen = BTreeSet::new();
        for path in self.all(|meta| meta.is_file() || meta.is_dir()) {
            let inode = path.symlink_metadata().unwrap().ino();
            if !self.chance.is(8) || frozen.contains(&inode) {
                continue;
            }
            let flags = if self.is_persons { IFlags::NODUMP } else { self.chance.of(&power) };
            // It takes no other flag under another name.
            if flags == IFlags::IMMUTABLE {
                frozen.insert(inode);
            }
            change_flags(&path, flags, IFlags::empty()).unwrap();
            self.flagged.push((path, flags));
        }
    }

    /// Takes all flags off, and may put on again in the end of the round what still is there.
    pub fn thaw(&mut self) {
        for (path, flags) in std::mem::take(&mut self.flagged) {
            // Under another name the same file may be immutable, too, and then takes no other change.
            let power = IFlags::IMMUTABLE | IFlags::APPEND;
            let off = if self.is_persons { flags } else { flags | power };
            change_flags(&path, IFlags::empty(), off).unwrap();
        }
    }

    /// Whether something can't be written to by opening it.
    pub fn is_special(path: &Path) -> bool {
        path.symlink_metadata().is_ok_and(|meta| {
            let kind = meta.file_type();
            kind.is_fifo() || kind.is_socket() || kind.is_block_device() || kind.is_char_device()
        })
    }
}
