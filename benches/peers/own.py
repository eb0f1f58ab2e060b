"""Yore, and the floor below it: what the machine can do at all."""

import json
from pathlib import Path

from apart import Failure
from peer import DAY, FILE, Peer


class Yore(Peer):
    """As a person runs it by hand, so that it makes a snapshot also when nothing changed."""

    name = "yore"
    # Metadata that a stored file can't carry is beside the tree; a restore brings it back.
    is_exact = False
    # What it spends its time on is drawn, if this is there.
    flames = None
    shown = "yore backup; yore restore --privileged --to DIR; yore forget --yes"

    @classmethod
    def is_here(cls):
        return Path(cls.program).is_file()

    def watched(self, command, scene):
        return self.flames.record(command, scene) if self.flames else command

    def measured(self, scene):
        if self.flames:
            self.flames.draw(scene)

    def yore(self, *words):
        """A command with the benchmark's configuration."""
        return self.command(self.program, "--config", self.home / "config.toml", *words)

    def prepare(self):
        rules = ["--preset", "none"]
        self.once(self.yore("setup", "--drive", self.drive, "--source", self.source, *rules))

    def tree(self, number):
        # Their names are their times.
        found = sorted(self.drive.glob("Yore/*/snapshots/*"))
        if len(found) < number:
            raise Failure(f"yore has {len(found)} snapshots, not {number}")
        return found[number - 1] / "files" / self.source.relative_to("/")

    def back_up(self, number):
        return self.yore("backup")

    def restore(self, to):
        return self.yore("restore", self.source, "--privileged", "--to", to)

    def restore_file(self, path, to):
        return self.yore("restore", self.source / path, "--privileged", "--to", to)

    def restored(self, to, path=Path(".")):
        return to / (path.name or self.source.name)

    def left_of(self, number):
        snapshots = list(self.drive.glob("Yore/*/snapshots/*"))
        return list(self.drive.glob("Yore/*/trash/*")) + snapshots[self.newest - 1 :]

    def delete(self, number):
        snapshots = json.loads(self.once(self.yore("snapshots", "--json")))["snapshots"]
        names = sorted(snapshot["name"] for snapshot in snapshots)
        return self.yore("forget", names[number - 1], "--yes")


class Floor(Peer):
    """The fewest system calls, in parallel. It compares nothing and keeps no hard links, so its trees are not exact."""

    name = "floor"
    scenes = [scene for scene in Peer.scenes if scene not in [DAY, FILE]]
    is_exact = False
    shown = "benches/floor: list, mkdir, linkat; or read, BLAKE3, write; or unlink, in parallel"

    @classmethod
    def is_here(cls):
        return bool(cls.program) and Path(cls.program).is_file()

    @classmethod
    def version(cls):
        return ""

    def tree(self, number):
        return self.drive / str(number)

    def back_up(self, number):
        return self.command(self.program, "copy", self.source, self.tree(number))

    def link(self, number):
        return self.command(self.program, "link", self.tree(number - 1), self.tree(number))

    def restore(self, to):
        return self.command(self.program, "restore", self.tree(self.newest), self.restored(to))

    def original(self):
        return self.tree(self.newest)

    def delete(self, number):
        return self.command(self.program, "remove", self.tree(number))
