"""Keys and the pointer on a screen without a window manager: keys go to the window below the pointer."""

import contextlib
import ctypes
import ctypes.util

DOWN = "Down"
RETURN = "Return"
# What a keyboard needs Shift for, and what characters are called whose keys have names.
SHIFTED = {"_": "underscore", ":": "colon", "~": "asciitilde"}
NAMED = {"\n": RETURN, " ": "space", "/": "slash", "-": "minus", ".": "period", ",": "comma"}
MODIFIERS = {"ctrl": "Control_L", "shift": "Shift_L", "alt": "Alt_L"}
LEFT_BUTTON, RIGHT_BUTTON, WHEEL_DOWN = 1, 3, 5


class Keyboard:
    """The display's keyboard and pointer."""

    def __init__(self, display, x11, xtst):
        self.display, self.x11, self.xtst = display, x11, xtst

    def move(self, x, y):
        self.xtst.XTestFakeMotionEvent(self.display, -1, x, y, 0)

    def button(self, number, is_down):
        self.xtst.XTestFakeButtonEvent(self.display, number, int(is_down), 0)

    def key(self, symbol, is_down):
        code = self.x11.XKeysymToKeycode(self.display, self.x11.XStringToKeysym(symbol.encode()))
        self.xtst.XTestFakeKeyEvent(self.display, code, int(is_down), 0)

    def tap(self, symbol):
        self.key(symbol, True)
        self.key(symbol, False)


@contextlib.contextmanager
def keyboard():
    x11, xtst = (ctypes.CDLL(ctypes.util.find_library(name)) for name in ["X11", "Xtst"])
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XStringToKeysym.restype = ctypes.c_ulong
    x11.XKeysymToKeycode.argtypes = [ctypes.c_void_p, ctypes.c_ulong]
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    xtst.XTestFakeKeyEvent.argtypes = [ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_ulong]
    xtst.XTestFakeButtonEvent.argtypes = [ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_ulong]
    xtst.XTestFakeMotionEvent.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_ulong]
    display = x11.XOpenDisplay(None)
    try:
        yield Keyboard(display, x11, xtst)
    finally:
        x11.XCloseDisplay(display)


def press(keys, x, y):
    """Moves the pointer to a place of the screen and presses keys, by the names of their symbols."""
    with keyboard() as board:
        board.move(x, y)
        for key in keys:
            board.tap(key)


def chord(text):
    """Presses keys together, as in `ctrl+shift+v`."""
    *modifiers, key = text.split("+")
    held = [MODIFIERS[name] for name in modifiers]
    with keyboard() as board:
        for symbol in held:
            board.key(symbol, True)
        board.tap(key)
        for symbol in reversed(held):
            board.key(symbol, False)


def type_text(text):
    """Types a text, a line's end being Return."""
    with keyboard() as board:
        for letter in text:
            is_shifted = letter in SHIFTED or letter.isupper()
            if is_shifted:
                board.key(MODIFIERS["shift"], True)
            board.tap(SHIFTED.get(letter) or NAMED.get(letter) or letter.lower())
            if is_shifted:
                board.key(MODIFIERS["shift"], False)


def point(x, y):
    """Moves the pointer to a place of the screen, and with it the keys."""
    with keyboard() as board:
        board.move(x, y)


def click(x, y, button=LEFT_BUTTON):
    """Clicks at a place of the screen."""
    with keyboard() as board:
        board.move(x, y)
        board.button(button, True)
        board.button(button, False)
