"""The tree that is backed up, made once for all that is measured with it."""

import time

from apart import apart
from check import PIECE_BYTES
from day import files
from room import DISK, EXT4, FIXED_BYTES

# What changed less than a minute before a backup is read again by Yore's next one, which no normal day does.
AGE_SECONDS = 61
# rsync compares whole seconds: a folder changed and backed up within one would keep a wrong time from then on.
TICK_SECONDS = 1


class Source:
    """On an ext4 drive of its own in memory, or in a folder in memory or on the disk."""

    def __init__(self, place, tree, lies_on):
        self.place, self.tree, self.drive = place, tree, None
        self.days = 0
        medium = "disk" if lies_on == DISK else "memory"
        holder = place.folder(medium) / "source"
        if lies_on == EXT4:
            inodes = 2 * tree.files + 2 * tree.folders() + 10_000
            size = 2 * tree.drive_bytes() + 4 * FIXED_BYTES
            self.drive = place.drive("source", "ext4", medium, inodes, size)
        else:
            holder.mkdir()
        self.path = holder / "tree"
        self.path.mkdir()
        apart(tree.make, self.path)
        self.changed = time.monotonic()
        self.made = self.newest = time.time()

    def change(self):
        """Lets a day go by, another one each time."""
        self.days += 1
        self.newest = time.time()
        apart(self.tree.change, self.path, self.days)
        time.sleep(TICK_SECONDS)
        self.changed = time.monotonic()

    def age(self):
        """Waits until no change is fresh."""
        left = self.changed + AGE_SECONDS - time.monotonic()
        if left > 0:
            time.sleep(left)

    def warm(self):
        """Reads everything, so that it is in memory as far as there is room."""
        apart(read_all, self.path)

    def close(self):
        """Takes it away."""
        if self.drive:
            self.place.take_away(self.drive)
        else:
            self.place.remove(self.path.parent)


def read_all(top):
    """Reads every file."""
    piece = bytearray(PIECE_BYTES)
    for path in files(top):
        with open(path, "rb", buffering=0) as file:
            while file.readinto(piece):
                pass
