"""The window as it is seen and used from outside."""

import time

from gi.repository import Gio, GLib

from controls import connect, find_program
from desk import Failure, wait_for
from loop import Pinger
from screen import Hand, Screen

APP_ID = "io.github.yore_backup.Yore"
ENOUGH_SECONDS = 30
# What is looked at of the rows: right of their icons, left of their sizes, and below the first, which may have the focus.
ROW_LEFT, ROW_TOP, ROW_WIDTH, ROWS_HEIGHT = 60, 60, 200, 300
# A place in the window where the pointer changes nothing, and keys reach it: there is no window manager.
NOWHERE = (500, 4)


class Eyes:
    """Looks at the running window without asking it anything."""

    def __init__(self, subject):
        self.screen, self.hand = Screen(subject.work.parent), pointing()
        desk = subject.open()
        files = wait_for("the folder", lambda: desk.rows("Files") and desk.find("list", "Files"))
        left, top, width, height = files.place()
        self.rows = (left + ROW_LEFT, top + ROW_TOP, min(ROW_WIDTH, width - ROW_LEFT), min(ROWS_HEIGHT, height - ROW_TOP))
        slider = desk.moments()
        self.timeline = slider.place() if slider else None
        end(subject)

    def see(self, picture, since):
        """How many milliseconds after `since` the rows looked like that."""
        seen = self.screen.wait_for(self.rows, picture, ENOUGH_SECONDS)
        if seen is None:
            raise Failure("the rows never came to look as they should")
        return (seen - since) * 1e3

    def learn(self, before=None):
        """What the rows look like once they are others than `before` and stay so."""
        picture = self.screen.settle(self.rows, before)
        if picture is None:
            raise Failure("the rows never changed, or didn't come to rest")
        return picture


def pointing():
    """A hand whose keys reach the window."""
    hand = Hand()
    hand.move(*NOWHERE)
    return hand


def end(subject):
    """Ends the window, and waits until the next can be started."""
    process = subject.started.pop()
    process.terminate()
    process.wait()


def open_path(path):
    """What a file manager does to show a folder in the window."""
    asked = GLib.Variant("(asa{sv})", ([path.as_uri()], {}))
    bus = Gio.bus_get_sync(Gio.BusType.SESSION)
    bus.call_sync(APP_ID, "/" + APP_ID.replace(".", "/"), "org.freedesktop.Application", "Open", asked, None, 0, -1, None)


def pinger_of(process):
    bus = connect()
    program = wait_for("the window", lambda: find_program(bus, process.pid))
    return Pinger(program, process.pid)
