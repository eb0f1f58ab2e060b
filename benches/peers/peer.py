"""A program that makes backups, as the benchmark sees it."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from apart import Failure

FIRST = "first backup"
UNCHANGED = "nothing changed"
DAY = "1 % day"
RESTORE = "whole restore"
FILE = "one file"
DELETE = "delete one snapshot"
SCENES = [FIRST, UNCHANGED, DAY, RESTORE, FILE, DELETE]

# Which snapshot each scene makes.
NUMBERS = {FIRST: 1, UNCHANGED: 2, DAY: 3}


@dataclass
class Command:
    """A program with its arguments, where and with what it runs."""

    words: list
    environment: dict = field(default_factory=dict)
    folder: Path = Path("/")


class Peer:
    """What all have in common. `source` is backed up to `drive`; `home` is for settings and caches."""

    name = ""
    program = ""
    scenes = SCENES
    # Whether a snapshot is a plain tree as large as the source, and not packed.
    is_plain = True
    # Whether what it stored has every mode, time and hard link in the tree itself.
    is_exact = True

    def __init__(self, source, drive, home):
        self.source, self.drive, self.home = source, drive, home
        self.newest = 0

    @classmethod
    def is_here(cls):
        """Whether it can be run at all."""
        return shutil.which(cls.program) is not None

    @classmethod
    def version(cls):
        """Its version's number."""
        said = subprocess.run([cls.program, "--version"], capture_output=True, text=True, env=clean({}))
        found = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
        return found.group() if found else "?"

    def command(self, *words, folder=Path("/"), **variables):
        """A command that knows nothing of the person who runs the benchmark."""
        environment = clean({"HOME": self.home, **variables})
        for name in ["CONFIG", "DATA", "STATE", "CACHE"]:
            environment[f"XDG_{name}_HOME"] = str(self.home / name.lower())
        return Command([str(word) for word in words], environment, folder)

    def once(self, command):
        """Runs what is not measured; what it says."""
        done = subprocess.run(
            command.words, env=command.environment, cwd=command.folder, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise Failure(f"{' '.join(command.words)} ended with {done.returncode}:\n{done.stderr}{done.stdout}")
        return done.stdout

    def watched(self, command, scene):
        """The command as it is measured."""
        return command

    def measured(self, scene):
        """What is done with what was seen of it."""

    def prepare(self):
        """Makes ready what is not part of a backup."""

    def back_up(self, number):
        """The command that makes this snapshot, counted from one."""
        raise NotImplementedError

    def link(self, number):
        """The command that makes this snapshot when nothing changed."""
        return self.back_up(number)

    def tree(self, number):
        """Where the copy of the source is in a snapshot; `None` where it is packed."""
        return None

    def restore(self, to):
        """The command that restores the newest snapshot into a new folder."""
        raise NotImplementedError

    def restore_file(self, path, to):
        """The command that restores one file, by its path below the source."""
        raise NotImplementedError

    def restored(self, to, path=Path(".")):
        """Where that is then."""
        return to / "tree" / path

    def original(self):
        """What the newest snapshot has to be equal to."""
        return self.source

    def left_of(self, number):
        """What is still there of a snapshot that was deleted, as far as that can be seen."""
        tree = self.tree(number)
        return [tree] if tree and tree.exists() else []

    def delete(self, number):
        """The command that deletes a snapshot and frees its room."""
        raise NotImplementedError


def clean(variables):
    """An environment with nothing of the person in it."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return {"PATH": path, "LC_ALL": "C.UTF-8", **{name: str(value) for name, value in variables.items()}}
