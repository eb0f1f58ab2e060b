"""A person before the window: looks at what is on the screen, waits for it, and uses pointer and keyboard alone."""

import keys
from controls import FRAMES
from desk import wait_for

# What can be clicked; a click goes to the first of this name.
CLICKABLE = {"push button", "toggle button", "list item", "table row", "text"}
# Without a window manager a new window stands in the screen's corner and covers the older ones, so that a place in a
# window is one on the screen, and this place is in each of them.
HERE = (100, 300)
TURNS = 20


class Person:
    """Who sits before a desk."""

    def __init__(self, desk):
        self.desk = desk

    def look(self):
        """Waits for the window, with what belongs to a past."""
        self.desk.wait("push button", "Back Up Now", sensitive=True)
        wait_for("the files and the timeline", lambda: self.desk.rows("Files") and self.desk.moments())

    def click(self, name, **how):
        """Clicks on the first control whose name begins so; `Places/Documents` says in which list."""
        list_name, _, name = name.rpartition("/")

        def find():
            within = self.desk.find("list", list_name) if list_name else None
            if list_name and within is None:
                return None
            for control in self.desk.controls(within):
                if control.role in CLICKABLE and control.name.startswith(name) and "sensitive" in control.states:
                    return place_of(control)
            return None

        left, top, width, height = wait_for(f"“{name}”", find)
        keys.click(left + width // 2, top + height // 2, **how)

    def chord(self, text):
        """Presses keys together, in the newest window."""
        keys.point(*HERE)
        keys.chord(text)

    def type(self, text):
        """Types a text into the newest window."""
        keys.point(*HERE)
        keys.type_text(text)

    def scroll_down(self):
        """Turns the wheel as far as a page goes."""
        keys.point(*HERE)
        for _ in range(TURNS):
            keys.click(*HERE, button=keys.WHEEL_DOWN)

    def see(self, text):
        """Waits until a text is on the screen: as a name, or in what a control holds."""
        wait_for(f"“{text}”", lambda: any(holds(control, text) for control in self.desk.controls()))

    def see_focus(self, name):
        """Waits until the keys go to the control of this name, or to a row of it. In popovers that can't be seen without a
        window manager: their window is never the active one."""
        wait_for(f"the keyboard in “{name}”", lambda: any(has_focus(control, name) for control in self.desk.controls()))


def place_of(control):
    """Where it is, once it is somewhere."""
    place = control.place()
    _, _, width, height = place
    return place if width > 0 and height > 0 else None


def holds(control, text):
    if control.role in FRAMES:
        return False
    return text in control.name or control.shows(text) or (control.role == "text" and text in control.content())


def has_focus(control, name):
    return "focused" in control.states and (
        control.name == name or any(above.name == name and above.role not in FRAMES for above in control.above_it())
    )
