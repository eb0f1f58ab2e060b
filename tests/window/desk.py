"""The window as an assistive tool sees it: finding controls by role and name, using them, waiting for them."""

import os
import re
import shutil
import subprocess
import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

import keys  # noqa: E402

DEADLINE_SECONDS = 60
POLL_SECONDS = 0.1
# What GTK calls a control that has no name: its type.
TYPE_NAME = re.compile(r"(Gtk|Adw)[A-Z]")
# Windows are always looked into, whatever their state says.
FRAMES = {"application", "frame", "window", "dialog"}
# What only holds or shows something; GTK calls many of these focusable or gives them an action.
NO_CONTROLS = FRAMES | {"filler", "image", "label", "panel", "scroll bar", "scroll pane"}


class Failure(Exception):
    """What was expected and did not happen, in words."""


def wait_for(what, condition, seconds=DEADLINE_SECONDS):
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
        time.sleep(POLL_SECONDS)


def states(node):
    return {state.value_nick for state in node.get_state_set().get_states()}


class Desk:
    """One running application."""

    def __init__(self, process, shots):
        self.process = process
        self.shots = shots
        self.checked = 0
        self.faults = set()
        self.application = wait_for("the window", self._find_application)
        self.application.set_cache_mask(Atspi.Cache.NONE)

    def _find_application(self):
        if self.process.poll() is not None:
            raise Failure(f"the program ended with {self.process.returncode}")
        desktop = Atspi.get_desktop(0)
        desktop.clear_cache()
        for index in range(desktop.get_child_count()):
            child = desktop.get_child_at_index(index)
            if child and child.get_process_id() == self.process.pid and child.get_child_count() > 0:
                return child
        return None

    def walk(self, node=None):
        """Every accessible below `node`, depth first."""
        waiting = [node or self.application]
        while waiting:
            node = waiting.pop()
            try:
                if node is None or "visible" not in states(node) and node.get_role_name() not in FRAMES:
                    continue
                children = [node.get_child_at_index(i) for i in range(min(node.get_child_count(), 300))]
            except GLib.Error:
                continue
            yield node
            waiting.extend(reversed([child for child in children if child is not None]))

    def find(self, role, name, sensitive=False, within=None):
        """The first control of this role and name, or None."""
        for node in self.walk(within):
            if node.get_role_name() == role and node.get_name() == name:
                if not sensitive or "sensitive" in states(node):
                    return node
        return None

    def wait(self, role, name, sensitive=False, within=None):
        return wait_for(f"the {role} “{name}”", lambda: self.find(role, name, sensitive, within))

    def label(self, part):
        """The first label whose text holds `part`, or None."""
        for node in self.walk():
            if node.get_role_name() == "label" and part in (node.get_name() or ""):
                return node
        return None

    def wait_label(self, part):
        return wait_for(f"the text “{part}”", lambda: self.label(part))

    def choice(self, name):
        """A radio button by the name of its row, or None."""
        return self.find("check box", name) or self.find("radio button", name)

    def press(self, name, within=None):
        """Presses a button once it can be pressed."""
        button = self.wait("push button", name, sensitive=True, within=within)
        if not button.get_action_iface().do_action(0):
            raise Failure(f"the button “{name}” could not be pressed")

    def type_into(self, name, text):
        """Replaces the text of a field."""
        field = self.wait("text", name, sensitive=True)
        if not field.get_editable_text_iface().set_text_contents(text):
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
        if found is None:
            return []
        children = [found.get_child_at_index(i) for i in range(found.get_child_count())]
        return [child.get_name() for child in children if child is not None]

    def select(self, list_name, index):
        """Selects a row of a list."""
        found = self.wait("list", list_name)
        if not found.get_selection_iface().select_child(index):
            raise Failure(f"row {index} of “{list_name}” could not be selected")

    def moments(self):
        """The timeline's value, or None: how many moments there are, and which of them is shown, the oldest being 0."""
        timeline = self.find("slider", "Timeline")
        return timeline and timeline.get_value_iface()

    def moment_count(self):
        """How many moments the timeline has."""
        moments = self.moments()
        return int(moments.get_maximum_value()) + 1 if moments else 0

    def moment(self):
        """The moment that is shown, in words."""
        return self.wait("slider", "Timeline").get_description()

    def go_to(self, index):
        """Goes to a moment, counted from the oldest."""
        if not self.moments().set_current_value(index):
            raise Failure(f"could not go to moment {index}")

    def window(self, title):
        """A window by its title, or None."""
        for index in range(self.application.get_child_count()):
            child = self.application.get_child_at_index(index)
            if child is not None and child.get_name() == title:
                return child
        return None

    def shot(self, name):
        """A picture of the screen, and a check of every name on it."""
        self.check_names(name)
        if self.shots and shutil.which("import"):
            path = os.path.join(self.shots, f"{name}.png")
            subprocess.run(["import", "-window", "root", path], check=False)

    def check_names(self, screen):
        """Notes every control that a person can use and that no assistive tool can name."""
        for node in self.walk():
            try:
                role, name = node.get_role_name(), node.get_name() or ""
                usable = "focusable" in states(node) or node.get_action_iface().get_n_actions() > 0
            except (GLib.Error, AttributeError):
                continue
            if role in NO_CONTROLS or not usable:
                continue
            self.checked += 1
            if name == "" or TYPE_NAME.match(name):
                self.faults.add(f"{screen}: a {role} is called “{name}” {trail(node)}")

    def dump(self, out=sys.stdout):
        """Everything that is there, for a person who looks for a failure's cause."""
        for node in self.walk():
            depth, above = 0, node.get_parent()
            while above is not None and depth < 40:
                depth, above = depth + 1, above.get_parent()
            print("  " * depth, node.get_role_name(), "|", node.get_name(), file=out)


def trail(node):
    """Where a control is: the names above it."""
    names = []
    above = node.get_parent()
    while above is not None and len(names) < 6:
        names.append(f"{above.get_role_name()} “{above.get_name()}”")
        above = above.get_parent()
    return "in " + " in ".join(names)
