"""The peers whose snapshots are plain trees: rsync, rsnapshot and cp."""

import shutil
from pathlib import Path

from peer import DAY, FIRST, UNCHANGED, Peer


class Rsync(Peer):
    """As most scripts use it: a new folder, linked to the one before, with hard links, access lists and attributes."""

    name = program = "rsync"
    shown = "rsync -aHAX --numeric-ids --link-dest=LAST SOURCE/ NEW/; rm -rf OLD"

    def tree(self, number):
        return self.drive / str(number)

    def back_up(self, number):
        last = [f"--link-dest={self.tree(number - 1)}"] if number > 1 else []
        return self.command("rsync", "-aHAX", "--numeric-ids", *last, f"{self.source}/", f"{self.tree(number)}/")

    def restore(self, to):
        return self.command("rsync", "-aHAX", "--numeric-ids", f"{self.tree(self.newest)}/", f"{to}/tree/")

    def restore_file(self, path, to):
        wanted = self.tree(self.newest) / path
        return self.command("rsync", "-aHAX", "--numeric-ids", "--mkpath", wanted, self.restored(to, path))

    def delete(self, number):
        return self.command("rm", "-rf", self.tree(number))


class Rsnapshot(Peer):
    """Rotates folders and calls rsync. What it has no command for is done as with rsync, and not measured again."""

    name = program = "rsnapshot"
    scenes = [FIRST, UNCHANGED, DAY]
    shown = "rsnapshot hourly, with link_dest and -aHAX --numeric-ids"

    def prepare(self):
        lines = [
            ("config_version", "1.2"),
            ("snapshot_root", f"{self.drive}/snapshots/"),
            ("cmd_rsync", shutil.which("rsync")),
            ("cmd_cp", "/bin/cp"),
            ("cmd_rm", "/bin/rm"),
            ("retain", "hourly", "9"),
            ("link_dest", "1"),
            ("verbose", "1"),
            ("loglevel", "1"),
            ("lockfile", f"{self.home}/rsnapshot.pid"),
            ("rsync_short_args", "-aHAX"),
            ("rsync_long_args", "--delete --numeric-ids --relative --delete-excluded"),
            ("backup", f"{self.source}/", "here/"),
        ]
        self.settings.write_text("".join("\t".join(line) + "\n" for line in lines))

    @property
    def settings(self):
        """Its configuration."""
        return self.home / "rsnapshot.conf"

    def tree(self, number):
        newest = self.drive / "snapshots" / f"hourly.{self.newest - number}"
        return newest / "here" / self.source.relative_to("/")

    def back_up(self, number):
        return self.command("rsnapshot", "-c", self.settings, "hourly")


class Cp(Peer):
    """A copy, and a hard-linked copy of it. It compares nothing, so it has no day."""

    name = program = "cp"
    scenes = [scene for scene in Peer.scenes if scene != DAY]
    shown = "cp -a SOURCE NEW; nothing changed: cp -al LAST NEW, which looks at no source; rm -rf OLD"

    def tree(self, number):
        return self.drive / str(number)

    def back_up(self, number):
        return self.command("cp", "-a", self.source, self.tree(number))

    def link(self, number):
        return self.command("cp", "-al", self.tree(number - 1), self.tree(number))

    def restore(self, to):
        return self.command("cp", "-a", self.tree(self.newest), self.restored(to))

    def restore_file(self, path, to):
        # The name alone: cp makes no folders on the way.
        return self.command("cp", "-a", self.tree(self.newest) / path, to)

    def restored(self, to, path=Path(".")):
        return to / "tree" if path == Path(".") else to / path.name

    def original(self):
        return self.tree(self.newest)

    def delete(self, number):
        return self.command("rm", "-rf", self.tree(number))
