"""The folders and drives that a run made. Nothing else is ever unmounted or deleted."""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from apart import Failure
from drive import Drive, quietly

CLONE_NEWNS = 0x20000
PREFIX = "yore-bench."


def mount_unseen():
    """Makes later mounts this process's own: they go with it, even when it is killed."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) == 0:
        quietly("mount", "--make-rprivate", "/")


class Workplace:
    """A folder in memory and one on a disk, made when they are needed."""

    def __init__(self, disk):
        self.disk = disk
        self.folders = {}
        self.drives = []
        for left in disk.glob(f"{PREFIX}*"):
            print(f"bench: {left} is of another run; delete it if that was killed", file=sys.stderr)

    def folder(self, medium):
        """The run's own folder on the medium."""
        if medium not in self.folders:
            made = tempfile.mkdtemp(prefix=PREFIX, dir="/run" if medium == "memory" else self.disk)
            self.folders[medium] = Path(os.path.realpath(made))
            if medium == "memory":
                # As large as the memory, while /dev/shm often has half; and it goes with its last user.
                quietly("mount", "-t", "tmpfs", "-o", "size=100%,nr_inodes=0,mode=700", "yore-bench", made)
        return self.folders[medium]

    def drive(self, name, kind, medium, inodes, size_bytes, filled=False):
        """A new drive on the medium; in memory it can be filled, so that it takes no more of it later."""
        drive = Drive(self.folder(medium), name)
        # Known before it is there, so that an interruption leaves nothing.
        self.drives.append(drive)
        is_disk = medium == "disk"
        drive.make(kind, inodes, size_bytes, direct=is_disk, filled=filled and not is_disk)
        return drive

    def take_away(self, drive):
        """Unmounts a drive and deletes its image."""
        drive.close()
        self.drives.remove(drive)

    def remove(self, path):
        """Deletes a tree inside the run's folders, and never what is mounted there."""
        real = Path(os.path.realpath(path))
        if not any(folder == real or folder in real.parents for folder in self.folders.values()):
            raise Failure(f"{real} is not the benchmark's to delete")
        if os.path.lexists(real):
            subprocess.run(["rm", "-rf", "--one-file-system", "--", real], check=True)

    def close(self):
        """Takes everything away, as far as it goes; says what is left. It is not to be interrupted."""
        for number in [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]:
            signal.signal(number, signal.SIG_IGN)
        for drive in reversed(self.drives[:]):
            try:
                self.take_away(drive)
            except (Failure, OSError) as failure:
                print(f"bench: left behind: {failure}", file=sys.stderr)
        if self.drives:
            return
        for folder in self.folders.values():
            try:
                if os.path.ismount(folder):
                    quietly("umount", folder)
                self.remove(folder)
            except (Failure, subprocess.CalledProcessError) as failure:
                print(f"bench: left behind: {failure}", file=sys.stderr)
