"""The peers that pack what they store: restic and borg."""

import json
import subprocess
from pathlib import Path

from apart import Failure
from peer import Peer


class Packed(Peer):
    """Both restore below the whole path of the source."""

    is_plain = False
    # What there was before a deletion.
    known = []

    def names(self):
        """How it calls its snapshots, the oldest first."""
        raise NotImplementedError

    def left_of(self, number):
        left, wanted = self.names(), self.known[: number - 1] + self.known[number:]
        if left != wanted:
            raise Failure(f"{left} are left, not {wanted}")
        return []

    def restored(self, to, path=Path(".")):
        return to / self.source.relative_to("/") / path


class Restic(Packed):
    """It always encrypts; the password is in a variable. Its cache is kept, as a person's would be."""

    name = program = "restic"
    shown = "restic backup SOURCE; restic restore; restic forget --prune (always encrypted, compression auto)"

    @classmethod
    def version(cls):
        # It has a command for that, and no option.
        return subprocess.run(["restic", "version"], capture_output=True, text=True).stdout.split()[1]

    def restic(self, *words):
        """The command on its repository."""
        variables = {"RESTIC_PASSWORD": "bench", "RESTIC_CACHE_DIR": self.home / "restic"}
        return self.command("restic", "-r", self.drive / "restic", *words, **variables)

    def prepare(self):
        self.once(self.restic("init"))

    def names(self):
        return [snapshot["id"] for snapshot in json.loads(self.once(self.restic("snapshots", "--json")))]

    def back_up(self, number):
        return self.restic("backup", "--quiet", self.source)

    def restore(self, to):
        return self.restic("restore", "latest", "--target", to)

    def restore_file(self, path, to):
        return self.restic("restore", "latest", "--target", to, "--include", self.source / path)

    def delete(self, number):
        self.known = self.names()
        return self.restic("forget", "--prune", self.known[number - 1])


class Borg(Packed):
    """Without encryption. Deleting is two commands, of which the second frees the room."""

    name = program = "borg"
    shown = "borg create --compression lz4 (encryption none); borg extract; borg delete and borg compact"

    def borg(self, *words, folder=Path("/")):
        """A command with borg's folders inside the benchmark's, that asks nothing."""
        variables = {"BORG_BASE_DIR": self.home, "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}
        return self.command(*words, folder=folder, **variables)

    @property
    def repository(self):
        """Where it stores."""
        return self.drive / "borg"

    def prepare(self):
        self.once(self.borg("borg", "init", "--encryption=none", self.repository))

    def names(self):
        return self.once(self.borg("borg", "list", "--short", self.repository)).split()

    def back_up(self, number):
        return self.borg("borg", "create", "--compression", "lz4", f"{self.repository}::{number}", self.source)

    def restore(self, to):
        return self.borg("borg", "extract", f"{self.repository}::{self.newest}", folder=to)

    def restore_file(self, path, to):
        wanted = (self.source / path).relative_to("/")
        return self.borg("borg", "extract", f"{self.repository}::{self.newest}", wanted, folder=to)

    def delete(self, number):
        self.known = self.names()
        both = 'borg delete "$0::$1" && borg compact "$0"'
        return self.borg("sh", "-c", both, self.repository, number)
