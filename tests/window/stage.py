"""What each script has around the real window: its words, a computer with nothing of the real one, and its drive."""

import argparse
import fcntl
import os
import struct
import subprocess
import sys
from pathlib import Path

from gi.repository import GLib

from desk import Desk, Failure, wait_for

# linux/fs.h: nothing reaches the file system any more, not even its journal.
EXT4_IOC_SHUTDOWN, NO_FLUSH = 0x8004587D, 2


def parse(description, **others):
    """The words of a script: the window, the folder to work in, where pictures go, and others that it needs."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--window", required=True, type=Path, help="the yore-gtk program")
    parser.add_argument("--work", required=True, type=Path, help="a folder with a mounted drive/ in it")
    parser.add_argument("--screenshots", type=Path, help="where to save pictures of each screen")
    for name, what in others.items():
        parser.add_argument(f"--{name}", required=True, help=what)
    arguments = parser.parse_args()
    arguments.window = arguments.window.resolve()
    arguments.work = arguments.work.resolve()
    if arguments.screenshots:
        arguments.screenshots = arguments.screenshots.resolve()
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    return arguments


class Computer:
    """A person's computer: what is started on it ends with it."""

    def __init__(self, arguments, name="xdg", home="home"):
        self.window = arguments.window
        self.work = arguments.work
        self.shots = arguments.screenshots
        self.drive = self.work / "drive"
        self.home = self.work / home
        self.started = []
        self.desk = None
        self.faults = set()
        places = {kind: self.work / name / kind for kind in ["config", "data", "state", "cache"]}
        self.config = places["config"] / "yore/config.toml"
        self.environment = dict(os.environ)
        self.environment.update({f"XDG_{kind.upper()}_HOME": str(place) for kind, place in places.items()})
        self.environment.update(HOME=str(self.home), GDK_BACKEND="x11", GTK_A11Y="atspi", LC_ALL="C.UTF-8", TZ="UTC")
        self.environment.setdefault("GSK_RENDERER", "cairo")
        for place in [self.home, *places.values()]:
            place.mkdir(parents=True, exist_ok=True)

    def command(self, arguments):
        return [self.window, *arguments]

    def run(self, *arguments):
        """Starts the program without looking at it."""
        process = subprocess.Popen(self.command(arguments), env=self.environment)
        self.started.append(process)
        return process

    def open(self, *arguments):
        """Starts the program and looks at its window."""
        self.keep_faults()
        self.desk = Desk(self.run(*arguments), self.shots)
        return self.desk

    def keep_faults(self):
        if self.desk is not None:
            self.faults |= self.desk.faults

    def ended(self, process):
        """Waits until the program has ended well by itself."""
        wait_for("the end of the program", lambda: process.poll() is not None)
        if process.returncode != 0:
            raise Failure(f"the program ended with {process.returncode}")

    def hold(self):
        """Lets nothing be written to the drive, so that the work stands still."""
        check_drive(self.work)
        subprocess.run(["fsfreeze", "--freeze", self.drive], check=True)

    def let_go(self):
        """Lets the work go on."""
        subprocess.run(["fsfreeze", "--unfreeze", self.drive], check=False, stderr=subprocess.DEVNULL)

    def pull(self):
        """Pulls the drive out."""
        drive = os.open(self.drive, os.O_RDONLY)
        try:
            check_drive(self.work, drive)
            fcntl.ioctl(drive, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_FLUSH))
        finally:
            os.close(drive)
        subprocess.run(["umount", "--lazy", self.drive], check=True)

    def plug_in(self):
        """Puts it in again, once nobody holds the old one."""
        wait_for("the pulled drive to be let go", lambda: not devices(self.work))
        subprocess.run(["mount", "-o", "loop", self.work / "image", self.drive], check=True)

    def end(self):
        self.let_go()
        for process in self.started:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def play(name, computer, scenes):
    """Plays the scenes one after the other; 0, or 1 with what went wrong, as a program ends with it."""
    try:
        for scene in scenes:
            scene(computer)
        computer.keep_faults()
        if computer.faults:
            raise Failure("controls without a name:\n  " + "\n  ".join(sorted(computer.faults)))
        print(f"{name} passed")
        return 0
    except (Failure, GLib.Error) as failure:
        print(f"{name} failed: {failure}", file=sys.stderr)
        if computer.desk is not None and computer.desk.process.poll() is None:
            computer.desk.shot(f"{name}-failure")
            computer.desk.dump(sys.stderr)
        return 1
    finally:
        computer.end()


def devices(work):
    """The loop devices of the drive's image."""
    listed = ["losetup", "--noheadings", "--output", "NAME", "--associated", work / "image"]
    return subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split()


def check_drive(work, drive=None):
    """A Failure unless what is mounted is the script's own image: a real file system must never be stopped."""
    mounted = os.stat(work / "drive" if drive is None else drive).st_dev
    if mounted not in {os.stat(device).st_rdev for device in devices(work)}:
        raise Failure(f"{work / 'drive'} is not the image beside it")


def back_up(desk, wanted):
    """Makes a backup, and waits for the snapshot that makes it so many."""
    desk.press("Back Up Now")
    wait_for(f"snapshot {wanted}", lambda: desk.snapshot_count() == wanted)
    desk.wait("push button", "Back Up Now", sensitive=True)


def take_drive(desk, drive):
    """Chooses the drive on the first page."""
    desk.type_into("Drive folder", str(drive))
    desk.press("Use")
    wait_for("the good drive", lambda: "checked" in desk.choice(drive.name).states)
