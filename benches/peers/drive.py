"""A file system of its own in a file, mounted through a loop device."""

import ctypes
import os
import subprocess

from apart import Failure, apart
from touched import touch_image

LIBC = ctypes.CDLL(None, use_errno=True)

# Tables of inodes are not made later, in the background of a measurement; no peer's drive has a larger journal.
MAKE = {
    "ext4": ["mkfs.ext4", "-Fq", "-m", "0", "-J", "size=128", "-E", "lazy_itable_init=0,lazy_journal_init=0"],
    "xfs": ["mkfs.xfs", "-fq", "-l", "size=64m"],
    "btrfs": ["mkfs.btrfs", "-fq"],
}
SECTOR_BYTES = 512
# In /sys/block/*/stat, counted from zero.
SECTORS_WRITTEN = 6


def quietly(*command):
    """Runs a small tool; what it says is shown only if it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class Drive:
    """A mounted file system; its image is sparse but where it lies in memory and is to be filled."""

    def __init__(self, folder, name):
        self.image = folder / f"{name}.img"
        self.path = folder / name
        self.device = ""

    def make(self, kind, inodes, size_bytes, direct=False, filled=False):
        """Makes it, empty, with room for so many inodes and bytes."""
        self.path.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(size_bytes)
        more = ["-N", str(inodes)] if kind == "ext4" else []
        quietly(*MAKE[kind], *more, self.image)
        if filled:
            # Only now, for making a file system frees what it wants to be zero.
            apart(touch_image, self.image)
        # What is deleted must not make holes in the image, now or in the background.
        quietly("mount", "-o", "loop,noatime,nodiscard", self.image, self.path)
        self.device = self._device()
        if direct:
            # Else what is on a disk would be cached twice; where that can't be, it is.
            subprocess.run(["losetup", "--direct-io=on", f"/dev/{self.device}"], stderr=subprocess.DEVNULL)

    def _device(self):
        """The name of the loop device, once it is certain that it is this image's."""
        for line in open("/proc/self/mountinfo"):
            fields = line.split()
            if fields[4].replace("\\040", " ") == str(self.path):
                device = fields[fields.index("-") + 2].removeprefix("/dev/")
                backing = open(f"/sys/block/{device}/loop/backing_file").read().rstrip("\n")
                if backing == str(self.image):
                    return device
        raise Failure(f"{self.path} is not the mount of {self.image}")

    def written_bytes(self):
        """What was ever written to the device."""
        return int(open(f"/sys/block/{self.device}/stat").read().split()[SECTORS_WRITTEN]) * SECTOR_BYTES

    def settle(self):
        """Writes what syncfs may leave in a journal, to be written to its place later."""
        quietly("fsfreeze", "--freeze", self.path)
        quietly("fsfreeze", "--unfreeze", self.path)

    def sync(self):
        """Waits until the device has everything."""
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            if LIBC.syncfs(folder) != 0:
                raise OSError(ctypes.get_errno(), f"syncfs of {self.path}")
        finally:
            os.close(folder)

    def close(self):
        """Takes it away, or what an interruption left of it. The loop device was made by mount and goes with it."""
        if os.path.ismount(self.path):
            self._device()
            # An interruption may have left it frozen, and then it would never go.
            subprocess.run(["fsfreeze", "--unfreeze", self.path], stderr=subprocess.DEVNULL)
            quietly("umount", self.path)
        if self.path.exists():
            self.path.rmdir()
        self.image.unlink(missing_ok=True)
