"""One round: the peers of a group in turn, scene by scene, each on a drive of its own."""

import os
import random
import sys
from dataclasses import dataclass
from pathlib import Path

from apart import Failure, apart
from check import MANY_FILES, ONE_IN, differences, file_differences
from day import files
from measure import drop_caches, measure
from peer import DAY, DELETE, FILE, NUMBERS, RESTORE, UNCHANGED
from room import inodes, peer_bytes, target_bytes
from touched import touch_free

# The snapshot that is deleted: between two others, where there was a day.
DELETED = 2


@dataclass
class Setting:
    """What is measured with what."""

    source: object
    kind: str
    way: object
    temperature: str
    round: int
    scenes: list

    def facts(self):
        """What a figure is a figure of."""
        tree, way = self.source.tree, self.way
        return {
            "tree": tree.label,
            "files": tree.files,
            "bytes": tree.content_bytes(),
            "drive": self.kind,
            "medium": way.medium,
            "source": way.source,
            "alone": way.alone,
            "temperature": self.temperature,
            "round": self.round,
        }

    def turns(self, peers):
        """Who comes after whom, another way each round."""
        mixed = peers[:]
        random.Random(f"{self.source.tree.label} {self.round}").shuffle(mixed)
        return mixed


class Session:
    """Peers that are measured together."""

    def __init__(self, place, setting, peers, note):
        self.place, self.setting, self.note = place, setting, note
        self.source = setting.source
        self.peers = [self.settle(peer) for peer in setting.turns(peers)]

    def settle(self, peer):
        """Gives a peer its drive and its home."""
        home = self.place.folder(self.setting.way.medium) / f"home-{peer.name}"
        home.mkdir()
        drive = self.new_drive(peer.name, peer_bytes(self.source.tree, peer, self.setting.way.least_bytes))
        settled = peer(self.source.path, drive.path, home)
        settled.drive_measured = drive
        return settled

    def new_drive(self, name, size_bytes):
        """A drive for the source's tree."""
        return self.place.drive(name, self.setting.kind, self.setting.way.medium, inodes(self.source.tree), size_bytes, filled=True)

    def run(self):
        """All scenes."""
        for peer in self.peers[:]:
            self.attempt(peer, "preparing", peer.prepare)
        self.source.age()
        for scene in self.setting.scenes:
            self.play(scene)

    def play(self, scene):
        """One scene, with each peer in turn."""
        if scene == DAY:
            self.source.change()
        for peer in self.peers[:]:
            if scene in peer.scenes:
                self.attempt(peer, scene, lambda: self.scene(peer, scene))

    def attempt(self, peer, scene, act):
        """A peer that fails is noted, and takes no further part."""
        try:
            act()
        except (Failure, OSError, ValueError) as failure:
            print(f"bench: {peer.name}, {scene}: {failure}", file=sys.stderr)
            self.note({**self.setting.facts(), "scene": scene, "peer": peer.name, "failure": str(failure)})
            self.peers.remove(peer)

    def scene(self, peer, scene):
        """Measures a peer, and checks what it made."""
        if scene in NUMBERS:
            figures = self.back_up(peer, scene)
        elif scene == DELETE:
            figures = self.delete(peer)
        else:
            figures = self.restore(peer, scene)
        self.note({**self.setting.facts(), "scene": scene, "peer": peer.name, **figures})

    def back_up(self, peer, scene):
        """Makes a snapshot. What is packed is checked by the restore."""
        number = NUMBERS[scene]
        if self.setting.temperature == "warm":
            self.source.warm()
        command = peer.link(number) if scene == UNCHANGED else peer.back_up(number)
        figures = self.measure(peer, command, scene, peer.drive_measured)
        peer.newest = number
        self.check_copy(peer, peer.tree(number))
        return figures

    def check_copy(self, peer, tree):
        """Compares a snapshot that is a plain tree with the source."""
        if tree:
            one_in = ONE_IN if self.source.tree.files > MANY_FILES else 1
            agree(differences(self.source.path, tree, peer.is_exact, one_in, self.source.newest))

    def delete(self, peer):
        """Deletes a snapshot, and looks whether it is gone and the newest one, if that is another, is not."""
        newest = peer.tree(peer.newest) if DAY in peer.scenes else None
        figures = self.measure(peer, peer.delete(DELETED), DELETE, peer.drive_measured)
        for left in peer.left_of(DELETED):
            raise Failure(f"{left} is still there")
        self.check_copy(peer, newest)
        return figures

    def restore(self, peer, scene):
        """Restores to an empty drive of the same kind."""
        target = self.new_drive("target", target_bytes(self.source.tree, self.setting.way.least_bytes))
        try:
            to = target.path / "restored"
            to.mkdir()
            original = peer.original()
            if scene == RESTORE:
                figures = self.measure(peer, peer.restore(to), scene, target)
                agree(differences(original, peer.restored(to), peer.is_exact or peer.name == "yore", 1, 0))
            else:
                path = Path(apart(any_file, str(self.source.path), self.source.made))
                figures = self.measure(peer, peer.restore_file(path, to), scene, target)
                agree(apart(file_differences, str(original / path), str(peer.restored(to, path))))
            return figures
        finally:
            self.place.take_away(target)

    def measure(self, peer, command, scene, drive):
        """Runs it warm or cold."""
        if self.setting.temperature == "cold":
            drop_caches()
        if self.setting.way.medium == "memory":
            # What it reads and what it writes.
            apart(touch_free, 2 * self.source.tree.drive_bytes())
        figures = measure(peer.watched(command, scene), drive, peer.home / "said")
        peer.measured(scene)
        return figures

    def close(self):
        """Takes the drives and homes away."""
        for drive in self.place.drives[:]:
            if drive is not self.source.drive:
                self.place.take_away(drive)
        for home in self.place.folder(self.setting.way.medium).glob("home-*"):
            self.place.remove(home)


def agree(differences):
    """Fails where a copy is none."""
    if differences:
        raise Failure("not equal:\n  " + "\n  ".join(differences))


def any_file(top, made):
    """A file of the tree by its path in it, the same one as long as no day changes it. It is as it was when the tree was made."""
    found = (os.path.relpath(path, top) for path in files(top) if os.lstat(path).st_ctime <= made)
    return min(found, key=lambda path: random.Random(path).random())
