"""Trees that are made up from a seed, and a real one that is copied; the same each time."""

import math
import os
import random
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path

from day import change_files, change_pages

BLOCK_BYTES = 4096
INODE_BYTES = 256
PIECE_BYTES = 1 << 20
GB = 10**9
USR_SHARE = Path("/usr/share")
FILES_A_FOLDER = 10
FOLDERS_AN_AREA = 100


class Tree:
    """`count` is how large it is, in files if nothing else is said; None for the usual number."""

    usual = 0

    def __init__(self, count, real):
        self.count = count or self.usual
        self.real = real

    @property
    def label(self):
        """How it is asked for."""
        return f"{self.name}:{self.count}"

    @property
    def files(self):
        """How many it has."""
        return self.count

    def folders(self):
        """How many there are, about."""
        return self.count // FILES_A_FOLDER + self.count // (FILES_A_FOLDER * FOLDERS_AN_AREA) + 1

    def content_bytes(self):
        """How large it is, of a real one about."""
        raise NotImplementedError

    def block_bytes(self):
        """What its contents take on a drive, of a real one about."""
        return self.content_bytes() + self.files * BLOCK_BYTES // 2

    def drive_bytes(self):
        """What it takes on a drive."""
        return self.block_bytes() + self.folders() * BLOCK_BYTES + (self.files + self.folders()) * INODE_BYTES

    def day_bytes(self):
        """How large the files are, at most, that a day changes: some programs store them anew."""
        return self.content_bytes() // 20

    def instead(self):
        """A smaller one that is as good, where this one does not fit."""
        return None

    def make(self, top):
        """Makes it."""
        raise NotImplementedError

    def change(self, top, seed):
        """A day's changes of 1 %."""
        change_files(top, seed)


class Grown(Tree):
    """Ten files to a folder, a hundred folders to an area."""

    def size(self, chance):
        """How large the next file is."""
        raise NotImplementedError

    def sizes(self):
        """How large all files are, the same each time."""
        chance = random.Random(f"{self.name} sizes")
        return (self.size(chance) for _ in range(self.count))

    @cache
    def content_bytes(self):
        return sum(self.sizes())

    @cache
    def block_bytes(self):
        return sum(math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES for size in self.sizes())

    def make(self, top):
        sizes = self.sizes()
        for folder in range(math.ceil(self.count / FILES_A_FOLDER)):
            path = top / f"area {folder // FOLDERS_AN_AREA:04}" / f"folder {folder:06}"
            path.mkdir(parents=True)
            first = folder * FILES_A_FOLDER
            for number in range(first, min(first + FILES_A_FOLDER, self.count)):
                write(path / f"file {number:07}.dat", next(sizes), f"{self.name} {number}")
            self.adorn(path, folder)

    def adorn(self, path, folder):
        """What a folder has besides files."""


class Home(Grown):
    """Sizes as in a home: half of the files below 4 KB, one in three thousand of 1 to 64 MB, which is a quarter of all bytes;
    some links, both kinds, and attributes."""

    name = "home"
    usual = 100_000

    def size(self, chance):
        if chance.random() * 3000 < 1:
            return int(math.exp(chance.uniform(math.log(1e6), math.log(64e6))))
        return int(chance.lognormvariate(math.log(4096), 1.5))

    def adorn(self, path, folder):
        if folder % 20 == 0:
            (path / "a link").symlink_to("../somewhere")
            file = next(path.glob("file*"))
            os.link(file, path / "another name")
            # A tmpfs of an older kernel has none.
            with suppress(OSError):
                os.setxattr(file, "user.from", b"somewhere")

    def instead(self):
        return Home(self.usual // 5, None) if self.count == self.usual else None


class Small(Grown):
    """Many files of less than a block."""

    name = "small"
    usual = 1_000_000

    def size(self, chance):
        return chance.randrange(100, 3000)


class Large(Tree):
    """Files of 1 GB."""

    name = "large"
    usual = 20

    def folders(self):
        return 1

    def content_bytes(self):
        return self.count * GB

    def day_bytes(self):
        return math.ceil(self.count / 100) * GB

    def make(self, top):
        for number in range(self.count):
            write(top / f"film {number:02}.mkv", GB, f"{self.name} {number}")

    def change(self, top, seed):
        """One film becomes another, as after a cut; never the first one, if there are others."""
        write(top / f"film {min(1, self.count - 1):02}.mkv", GB, f"{self.name} day {seed}")


class Image(Tree):
    """One file of `count` MB of which single pages change, as a virtual machine's disk."""

    name = "image"
    usual = 1000
    files = 1

    def folders(self):
        return 1

    def content_bytes(self):
        return self.count * 10**6

    def day_bytes(self):
        return self.content_bytes()

    def make(self, top):
        write(top / "machine.img", self.content_bytes(), self.name)

    def change(self, top, seed):
        change_pages(top / "machine.img", seed)


class Real(Tree):
    """A copy of a tree of this computer."""

    name = "real"

    def __init__(self, count, real):
        super().__init__(count, real)
        self.used_bytes = du(real, "--block-size=1")
        self.count = du(real, "--inodes")

    def instead(self):
        return Real(None, USR_SHARE) if self.real == USR_SHARE.parent else None

    @property
    def label(self):
        return f"{self.name}:{self.real}"

    def content_bytes(self):
        return self.used_bytes

    def make(self, top):
        subprocess.run(["cp", "-ax", f"{self.real}/.", top], check=True)


def du(path, unit):
    """What a tree takes."""
    return int(subprocess.run(["du", "-sx", unit, path], capture_output=True, text=True).stdout.split()[0])


def write(path, size_bytes, seed):
    """A file whose content nothing can make smaller."""
    chance = random.Random(seed)
    with open(path, "wb") as out:
        for begun in range(0, size_bytes, PIECE_BYTES):
            out.write(chance.randbytes(min(PIECE_BYTES, size_bytes - begun)))


TREES = {tree.name: tree for tree in [Home, Small, Large, Image, Real]}


def tree_of(text, real):
    """The tree that an option names, such as `home` or `small:20000`."""
    name, _, count = text.partition(":")
    if name not in TREES or (count and not count.isdigit()):
        raise ValueError(f"{text}: no such tree; there are {', '.join(TREES)}, each with :COUNT if you like")
    return TREES[name](int(count) if count else None, Path(real))
