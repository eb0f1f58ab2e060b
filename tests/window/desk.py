"""The window as a person uses it: finding controls by role and name, using them, waiting for them."""

import shutil
import subprocess
import sys
import time

from gi.repository import GLib

import keys
from controls import connect, find_program

DEADLINE_SECONDS = 60
POLL_SECONDS = 0.1


class Failure(Exception):
    """What was expected and did not happen, in words."""


def wait_for(what, condition, seconds=DEADLINE_SECONDS, pause=POLL_SECONDS):
    """Polls until `condition()` is true and returns it; a Failure that names `what` after the deadline."""
    end = time.monotonic() + seconds
    while True:
        try:
            found = condition()
        except (GLib.Error, AttributeError):
            # A control that went away while it was looked at, or isn't there yet.
            found = None
        if found:
            return found
        if time.monotonic() > end:
            raise Failure(f"waited {seconds} s in vain for {what}")
        time.sleep(pause)


class Desk:
    """One running application."""

    def __init__(self, process, shots):
        self.process = process
        self.shots = shots
        self.checked = 0
        self.faults = set()
        self.bus = connect()
        self.program = wait_for("the window", self._find_program)

    def _find_program(self):
        if self.process.poll() is not None:
            raise Failure(f"the program ended with {self.process.returncode}")
        return find_program(self.bus, self.process.pid)

    def controls(self, within=None):
        """All that is visible, or what of it lies in a control that was found before, in the order of the tab key."""
        top = self.program.read()
        if within is None:
            return list(top.below())
        return [control for control in top.below() if control.path == within.path or is_within(control, within)]

    def find(self, role, name, sensitive=False, within=None):
        """The first control of this role and name, or None."""
        for control in self.controls(within):
            if (control.role, control.name) == (role, name) and (not sensitive or "sensitive" in control.states):
                return control
        return None

    def wait(self, role, name, sensitive=False, within=None):
        return wait_for(f"the {role} “{name}”", lambda: self.find(role, name, sensitive, within))

    def label(self, part):
        """The first label or row that shows `part`, or None."""
        return next((control for control in self.controls() if control.shows(part)), None)

    def wait_label(self, part):
        return wait_for(f"the text “{part}”", lambda: self.label(part))

    def choice(self, name):
        """A radio button by the name of its row, or None."""
        roles = {"check box", "radio button"}
        return next((control for control in self.controls() if control.role in roles and control.name == name), None)

    def press(self, name, within=None):
        """Presses a button once it can be pressed."""
        if not self.wait("push button", name, sensitive=True, within=within).press():
            raise Failure(f"the button “{name}” could not be pressed")

    def type_into(self, name, text):
        """Replaces the text of a field."""
        if not self.wait("text", name, sensitive=True).write(text):
            raise Failure(f"could not type into “{name}”")

    def choose(self, name, down):
        """Opens a drop-down and takes the choice so many below the one that it has."""
        self.press(name)
        wait_for(f"the choices of “{name}”", lambda: self.rows(name))
        # New windows stand in the screen's corner, and the list belongs to the one there.
        keys.press([keys.DOWN] * down + [keys.RETURN], 100, 300)
        wait_for("the end of the choosing", lambda: not self.rows(name))

    def rows(self, list_name):
        """The names of a list's rows, top down."""
        found = self.find("list", list_name)
        return [row.name for row in found.children] if found else []

    def select(self, list_name, index):
        """Selects a row of a list."""
        if not self.wait("list", list_name).select(index):
            raise Failure(f"row {index} of “{list_name}” could not be selected")

    def moments(self):
        """The timeline, or None: its value is the moment that is shown, the oldest being 0."""
        return self.find("slider", "Timeline")

    def moment_count(self):
        """How many moments the timeline has."""
        moments = self.moments()
        return moments.maximum() + 1 if moments else 0

    def snapshot_count(self):
        """How many snapshots the timeline has: all moments but Now."""
        return max(self.moment_count() - 1, 0)

    def moment(self):
        """The moment that is shown, in words."""
        return self.wait("slider", "Timeline").text

    def go_to(self, index):
        """Goes to a moment, counted from the oldest."""
        self.wait("slider", "Timeline").set_value(index)

    def window(self, title):
        """A window by its title, or None."""
        return next((window for window in self.program.read().children if window.name == title), None)

    def shot(self, name):
        """A picture of the screen, and a check of every name on it."""
        self.check_names(name)
        self.draw(name)

    def draw(self, name):
        """A picture of what is on the screen, without the black around it; its path, or None where none can be made."""
        if not self.shots or not shutil.which("import"):
            return None
        path = self.shots / f"{name}.png"
        subprocess.run(["import", "-window", "root", "-trim", "+repage", path], check=True)
        return path

    def check_names(self, screen):
        """Notes every control that a person can use and that no assistive tool can name."""
        for control in self.controls():
            try:
                if not control.is_usable():
                    continue
            except GLib.Error:
                # It went away since.
                continue
            self.checked += 1
            if not control.is_named():
                trail = " in ".join(f"{above.role} “{above.name}”" for above in control.above_it())
                self.faults.add(f"{screen}: a {control.role} is called “{control.name}” in {trail}")

    def dump(self, out=sys.stdout):
        """Everything that is there, for a person who looks for a failure's cause."""
        for control in self.controls():
            print("  " * len(list(control.above_it())), control.role, "|", control.name, file=out)


def is_within(control, outer):
    return any(above.path == outer.path for above in control.above_it())
