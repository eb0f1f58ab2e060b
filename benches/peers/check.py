"""Whether a copy is equal to what it was made of. Both trees are walked side by side, so it takes little memory."""

import os
import stat
from pathlib import Path

PIECE_BYTES = 1 << 20
SHOWN = 5

# Beyond so many files the contents of backups are compared of one in so many. Of restores they always are of all.
MANY_FILES = 50_000
ONE_IN = 10


def differences(original, copy, exact, one_in, since):
    """The first few, in words. Not exact: names, kinds, sizes and contents, and no times, modes and hard links.

    Contents are compared of all that changed since a moment, in seconds since 1970, and of one in so many others.
    """
    found = []
    for line in Comparison(exact, one_in, since).folder(Path(original), Path(copy)):
        found.append(line)
        if len(found) == SHOWN:
            break
    return found


def file_differences(original, copy):
    """The same for a single file."""
    comparison = Comparison(exact=True, one_in=1, since=0)
    if not os.path.lexists(copy):
        return [f"{copy} is missing"]
    return list(comparison.entry(Path(original), Path(copy)))


class Comparison:
    """One walk through two trees."""

    def __init__(self, exact, one_in, since):
        self.exact, self.one_in, self.since = exact, one_in, since
        self.count = 0
        # Files with several names: the inode there of each inode here.
        self.linked = {}

    def folder(self, original, copy):
        """What differs below a folder."""
        here, there = (set(os.listdir(path)) if path.is_dir() else set() for path in [original, copy])
        for name in sorted(here ^ there):
            yield f"{original / name} is only in {'the original' if name in here else 'the copy'}"
        for name in sorted(here & there):
            yield from self.entry(original / name, copy / name)

    def entry(self, original, copy):
        """What differs of an entry, and below it."""
        here, there = original.lstat(), copy.lstat()
        if stat.S_IFMT(here.st_mode) != stat.S_IFMT(there.st_mode):
            yield f"{original} is of another kind"
            return
        if self.exact:
            yield from self.metadata(original, here, there)
        if stat.S_ISDIR(here.st_mode):
            yield from self.folder(original, copy)
        elif stat.S_ISLNK(here.st_mode):
            if os.readlink(original) != os.readlink(copy):
                yield f"{original} leads elsewhere"
        elif stat.S_ISREG(here.st_mode):
            yield from self.content(original, copy, here, there)

    def metadata(self, original, here, there):
        """What differs of an entry's inode."""
        for what in ["st_mode", "st_uid", "st_gid"]:
            if getattr(here, what) != getattr(there, what):
                yield f"{original} has another {what}"
        # Not every program can set the times of links.
        if not stat.S_ISLNK(here.st_mode) and here.st_mtime_ns != there.st_mtime_ns:
            yield f"{original} has another time: {here.st_mtime_ns}, {there.st_mtime_ns}"
        if here.st_nlink > 1 and stat.S_ISREG(here.st_mode):
            known = self.linked.setdefault((here.st_dev, here.st_ino), (there.st_dev, there.st_ino))
            if known != (there.st_dev, there.st_ino):
                yield f"{original} is no hard link any more"

    def content(self, original, copy, here, there):
        """Whether the contents differ."""
        self.count += 1
        if here.st_size != there.st_size:
            yield f"{original} has another size"
        elif here.st_ctime >= self.since or self.count % self.one_in == 0:
            with open(original, "rb") as one, open(copy, "rb") as other:
                while piece := one.read(PIECE_BYTES):
                    if piece != other.read(PIECE_BYTES):
                        yield f"{original} has another content"
                        return
