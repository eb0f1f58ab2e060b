"""Computers with a past: folders, what happens to them, and backups of it at times that are long ago."""

import argparse
import datetime
import os
import re
import shutil
import subprocess
import sys

from stage import Computer

# Without these lines nothing is ever deleted by itself.
RULES = re.compile(r"^\[retention\]\n(?:(?!\[).*\n)*", re.MULTILINE)
# So many files come to the head of a large folder before each snapshot: more than are in sight.
ADDED = 40
GTK_SETTINGS = "[Settings]\ngtk-icon-theme-name=Adwaita\ngtk-enable-animations={}\n"


class Subject(Computer):
    """A computer whose window is measured, with a home and a drive of its own."""

    def __init__(self, arguments, name, size_mib, inodes, options=()):
        work = arguments.room / name
        make = ["mkfs.ext4", "-Fq", "-m", "0", "-N", str(inodes), *options]
        for place in [work / "drive", work / "home"]:
            place.mkdir(parents=True)
            image = place.with_suffix(".image")
            image.touch()
            os.truncate(image, size_mib << 20)
            subprocess.run([*make, image], check=True)
            subprocess.run(["mount", "-o", "loop", image, place], check=True)
        super().__init__(argparse.Namespace(window=arguments.window, work=work, screenshots=None))
        self.settings = self.config.parent.parent / "gtk-4.0/settings.ini"
        self.settings.parent.mkdir()
        # Times that are made up are to be seen in snapshots only.
        self.environment["NO_FAKE_STAT"] = "1"
        self.top = self.home / "Documents"
        self.top.mkdir()

    def animate(self, moves):
        """Whether the window's pictures move, from its next start on."""
        self.settings.write_text(GTK_SETTINGS.format(int(moves)))

    def yore(self, *arguments, at=None):
        """Runs the command line, now or at another time."""
        program = [self.window.with_name("yore"), *arguments]
        if at is not None:
            program = ["faketime", "-f", f"@{at:%Y-%m-%d %H:%M:%S}", *program]
        subprocess.run(program, env=self.environment, stdout=subprocess.DEVNULL, check=True)

    def set_up(self):
        """Everything in the folder is protected, and nothing is ever deleted."""
        self.yore("setup", "--drive", self.drive, "--source", self.top)
        self.config.write_text(RULES.sub("", self.config.read_text()))

    def back_up(self, at=None):
        self.yore("backup", at=at)

    def snapshots(self):
        """How many there are, as a file manager sees it."""
        return len(list(self.drive.glob("Yore/*/snapshots/*")))

    def remove(self):
        self.end()
        for mounted in [self.drive, self.home]:
            subprocess.run(["umount", mounted], check=True)
        shutil.rmtree(self.work)


def fill(folder, count, name="note"):
    """Makes so many small files."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"{name} {number:06}.txt").write_text(f"{name} {number}\n")


def fill_tree(top, count, each):
    """Makes small files in folders of so many."""
    for number in range(0, count, each):
        fill(top / f"box {number // each:06}", min(each, count - number))


def add_first(folder, number):
    """Makes files whose names come before all others of the folder."""
    for index in range(ADDED):
        (folder / f"{99 - number:02}-{index:02} of a moment.txt").write_text("of a moment\n")


def live(subject, moments, hours, change):
    """Makes a backup after each change; they lie so many hours apart, the last of them yesterday."""
    now = datetime.datetime.now(datetime.timezone.utc)
    for number in range(moments):
        change(number)
        subject.back_up(now - datetime.timedelta(days=1, hours=(moments - 1 - number) * hours))
        if number % 100 == 99:
            print(f"{number + 1} snapshots…", file=sys.stderr)
