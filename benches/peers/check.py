"""Whether a copy is equal to what it was made of. Both trees are walked side by side; of an exact copy's files only inode numbers are held."""

import os
import stat
from itertools import islice

from apart import apart_at_once

PIECE_BYTES = 1 << 20
SHOWN = 5
# So many processes compare a tree at once.
SHARES = min(os.cpu_count(), 4)

# Beyond so many files the contents of backups are compared of one in so many. Of restores they always are of all.
MANY_FILES = 50_000
ONE_IN = 10


def differences(original, copy, exact, one_in, since):
    """The first few, in words. Not exact: names, kinds, sizes and contents, and no times, modes, attributes and hard links.

    Contents are compared of all that changed since a moment, in seconds since 1970, and of one in so many others.
    """
    if not os.path.isdir(copy):
        return [f"{copy} is missing"]
    shares = [(str(original), str(copy), exact, one_in, since, share) for share in range(SHARES)]
    found = apart_at_once(share_differences, shares)
    return [line for lines in found for line in lines][:SHOWN]


def share_differences(original, copy, *options):
    """Those in one share of the tree."""
    return list(islice(Comparison(*options).tree(original, copy), SHOWN))


def file_differences(original, copy):
    """The same for a single file."""
    if not os.path.lexists(copy):
        return [f"{copy} is missing"]
    return list(Comparison(exact=True, one_in=1, since=0).entry(original, copy))


class Comparison:
    """One walk through two trees. It lists all folders and compares the entries of its share."""

    def __init__(self, exact, one_in, since, share=0):
        self.exact, self.one_in, self.since, self.share = exact, one_in, since, share
        self.count = 0
        # The inode there of each file with several names here, and the inode here of each file there.
        self.linked, self.linked_there = {}, {}

    def tree(self, original, copy):
        """What differs in and below a folder."""
        waiting = [(original, copy)]
        while waiting:
            original, copy = waiting.pop()
            here, there = listed(original), listed(copy)
            if self.share == 0:
                for name in sorted(here.keys() ^ there.keys()):
                    yield f"{original}/{name} is only in {'the original' if name in here else 'the copy'}"
            for name in sorted(here.keys() & there.keys()):
                one, other = here[name], there[name]
                # By inode, so that all names of a file are in one share.
                if one.inode() % SHARES == self.share:
                    yield from self.entry(one.path, other.path)
                if self.exact and other.inode() % SHARES == self.share and other.is_file(follow_symlinks=False):
                    if self.linked_there.setdefault(other.inode(), one.inode()) != one.inode():
                        yield f"{one.path} became a hard link"
                if one.is_dir(follow_symlinks=False) and other.is_dir(follow_symlinks=False):
                    waiting.append((one.path, other.path))

    def entry(self, original, copy):
        """What differs of an entry, what is below it left out."""
        here, there = os.lstat(original), os.lstat(copy)
        kind = stat.S_IFMT(here.st_mode)
        if kind != stat.S_IFMT(there.st_mode):
            yield f"{original} is of another kind"
            return
        if self.exact:
            yield from self.metadata(original, here, there)
            yield from attributes(original, copy)
        if kind == stat.S_IFLNK:
            if os.readlink(original) != os.readlink(copy):
                yield f"{original} leads elsewhere"
        elif kind == stat.S_IFREG:
            yield from self.content(original, copy, here, there)

    def metadata(self, original, here, there):
        """What differs of an entry's inode."""
        for what in ["st_mode", "st_uid", "st_gid"]:
            if getattr(here, what) != getattr(there, what):
                yield f"{original} has another {what}"
        # Not every program can set the times of links.
        if here.st_mtime_ns != there.st_mtime_ns and not stat.S_ISLNK(here.st_mode):
            yield f"{original} has another time: {here.st_mtime_ns}, {there.st_mtime_ns}"
        if here.st_nlink > 1 and stat.S_ISREG(here.st_mode):
            known = self.linked.setdefault(here.st_ino, there.st_ino)
            if known != there.st_ino:
                yield f"{original} is no hard link any more"

    def content(self, original, copy, here, there):
        """Whether the contents differ."""
        self.count += 1
        if here.st_size != there.st_size:
            yield f"{original} has another size"
        elif here.st_ctime >= self.since or self.count % self.one_in == 0:
            if not is_equal(original, copy, here.st_size):
                yield f"{original} has another content"


def attributes(original, copy):
    """What differs of the extended attributes, access lists with them."""
    here, there = (os.listxattr(path, follow_symlinks=False) for path in [original, copy])
    if sorted(here) != sorted(there):
        yield f"{original} has other attributes: {here}, {there}"
    elif any(os.getxattr(original, name, follow_symlinks=False) != os.getxattr(copy, name, follow_symlinks=False) for name in here):
        yield f"{original} has attributes with other values"


def listed(folder):
    """A folder's entries by their names."""
    with os.scandir(folder) as entries:
        return {entry.name: entry for entry in entries}


def is_equal(original, copy, size_bytes):
    """Whether both files begin with the same so many bytes."""
    files = []
    try:
        for path in [original, copy]:
            files.append(os.open(path, os.O_RDONLY | os.O_NOFOLLOW))
        while size_bytes > 0:
            here, there = (os.read(file, min(size_bytes, PIECE_BYTES)) for file in files)
            if here != there or not here:
                return False
            size_bytes -= len(here)
        return True
    finally:
        for file in files:
            os.close(file)
