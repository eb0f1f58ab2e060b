"""The controls of a program as an assistive tool sees them, all read at once: asking for each of them takes seconds."""

import re

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, Gio, GLib  # noqa: E402

ROOT = "/org/a11y/atspi/accessible/root"
CACHE = "/org/a11y/atspi/cache"
REGISTRY = "org.a11y.atspi.Registry"
PREFIX = "org.a11y.atspi."
# A program that works answers late, one that has gone never.
PATIENCE_MS = 10_000
# Windows are always looked into, whatever their state says.
FRAMES = {"application", "frame", "window", "dialog"}
# What only holds or shows something; GTK calls many of these focusable or gives them an action.
NO_CONTROLS = FRAMES | {"filler", "image", "label", "panel", "scroll bar", "scroll pane"}
# What GTK calls a control that has no name: its type.
TYPE_NAME = re.compile(r"(Gtk|Adw)[A-Z]")


class Control:
    """One of them, as it was when it was read. What it does, it does now."""

    def __init__(self, program, item):
        (_, self.path), _, _, _, _, self.interfaces, self.name, role, self.text, bits = item
        self.program = program
        self.role = Atspi.role_get_name(Atspi.Role(role))
        self.states = set_of(bits)
        self.parent, self.children = None, []

    def press(self):
        return self._call("Action", "DoAction", GLib.Variant("(i)", (0,)))

    def has_action(self):
        return PREFIX + "Action" in self.interfaces and self._property("Action", "NActions") > 0

    def write(self, text):
        return self._call("EditableText", "SetTextContents", GLib.Variant("(s)", (text,)))

    def content(self):
        """The text of an entry."""
        return self._call("Text", "GetText", GLib.Variant("(ii)", (0, -1)))

    def select(self, index):
        return self._call("Selection", "SelectChild", GLib.Variant("(i)", (index,)))

    def value(self):
        return int(self._property("Value", "CurrentValue"))

    def maximum(self):
        return int(self._property("Value", "MaximumValue"))

    def set_value(self, value):
        wanted = GLib.Variant("(ssv)", (PREFIX + "Value", "CurrentValue", GLib.Variant("d", value)))
        self.program.call(self.path, "org.freedesktop.DBus.Properties", "Set", wanted)

    def place(self):
        """Left, top, width and height in its window."""
        return self._call("Component", "GetExtents", GLib.Variant("(u)", (Atspi.CoordType.WINDOW,)))

    def shows(self, text):
        """Whether it is a label with this text in it, or a row of which that is said beside its name."""
        return (self.role == "label" and text in self.name) or (self.role == "list item" and text in self.text)

    def is_usable(self):
        """Whether a person can do something with it."""
        return self.role not in NO_CONTROLS and ("focusable" in self.states or self.has_action())

    def is_named(self):
        return self.name != "" and not TYPE_NAME.match(self.name)

    def below(self):
        """It and all that is visible in it, depth first."""
        waiting = [self]
        while waiting:
            control = waiting.pop()
            if "visible" in control.states or control.role in FRAMES:
                yield control
                waiting.extend(reversed(control.children))

    def above_it(self):
        """What it lies in, from the inside out."""
        above = self.parent
        while above is not None:
            yield above
            above = above.parent

    def _call(self, interface, method, arguments):
        answer = self.program.call(self.path, PREFIX + interface, method, arguments)
        return answer[0] if len(answer) == 1 else answer

    def _property(self, interface, name):
        asked = GLib.Variant("(ss)", (PREFIX + interface, name))
        return self.program.call(self.path, "org.freedesktop.DBus.Properties", "Get", asked)[0]


class Program:
    """A program on the bus of assistive tools."""

    def __init__(self, bus, name):
        self.bus, self.name = bus, name

    def call(self, path, interface, method, arguments=None):
        """What a method answers; GLib.Error if what is asked, or the program, has gone."""
        return self.bus.call_sync(self.name, path, interface, method, arguments, None, 0, PATIENCE_MS, None).unpack()

    def read(self):
        """Its root with all that is below."""
        children = self._children()
        (items,) = self.call(CACHE, PREFIX + "Cache", "GetItems")
        controls = {item[0][1]: Control(self, item) for item in items}
        for path, below in children.items():
            for control in [controls[child] for child in below if path in controls and child in controls]:
                control.parent = controls[path]
                controls[path].children.append(control)
        return controls[ROOT]

    def _children(self):
        """What lies in each control. All are asked, without waiting for one after the other: GTK tells at once only of those
        that were asked for before, also of some that are hidden."""
        context, waiting, children = GLib.MainContext.default(), set(), {}

        def ask(path):
            waiting.add(path)
            self.bus.call(self.name, path, PREFIX + "Accessible", "GetChildren", None, None, 0, PATIENCE_MS, None, answered, path)

        def answered(bus, result, path):
            waiting.discard(path)
            try:
                children[path] = [child for _, child in bus.call_finish(result).unpack()[0]]
            except GLib.Error:
                # It has gone since.
                return
            for child in children[path]:
                ask(child)

        ask(ROOT)
        while waiting:
            context.iteration(True)
        return children


def connect():
    """The bus of assistive tools."""
    session = Gio.bus_get_sync(Gio.BusType.SESSION)
    answer = session.call_sync("org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress", None, None, 0, -1, None)
    flags = Gio.DBusConnectionFlags
    flags = flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION
    return Gio.DBusConnection.new_for_address_sync(answer.unpack()[0], flags, None, None)


def find_program(bus, pid):
    """The program of this process that has a window, or None."""
    registry = Program(bus, REGISTRY)
    for name, path in registry.call(ROOT, PREFIX + "Accessible", "GetChildren")[0]:
        asked = GLib.Variant("(s)", (name,))
        process = bus.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
            "GetConnectionUnixProcessID", asked, None, 0, PATIENCE_MS, None,
        ).unpack()[0]
        program = Program(bus, name)
        if process == pid and program.call(path, PREFIX + "Accessible", "GetChildren")[0]:
            return program
    return None


def set_of(bits):
    """The names of the states whose bits are set."""
    low, high = bits
    number = low | high << 32
    return {Atspi.StateType(bit).value_nick for bit in range(int(Atspi.StateType.LAST_DEFINED)) if number >> bit & 1}
