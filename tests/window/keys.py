"""Keys on a screen without a window manager: they go to the window below the pointer."""

import ctypes
import ctypes.util

DOWN = "Down"
RETURN = "Return"


def press(keys, x, y):
    """Moves the pointer to a place of the screen and presses keys, by the names of their symbols."""
    x11, xtst = (ctypes.CDLL(ctypes.util.find_library(name)) for name in ["X11", "Xtst"])
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XStringToKeysym.restype = ctypes.c_ulong
    x11.XKeysymToKeycode.argtypes = [ctypes.c_void_p, ctypes.c_ulong]
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    xtst.XTestFakeKeyEvent.argtypes = [ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_ulong]
    xtst.XTestFakeMotionEvent.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_ulong]
    display = x11.XOpenDisplay(None)
    xtst.XTestFakeMotionEvent(display, -1, x, y, 0)
    for key in keys:
        code = x11.XKeysymToKeycode(display, x11.XStringToKeysym(key.encode()))
        xtst.XTestFakeKeyEvent(display, code, 1, 0)
        xtst.XTestFakeKeyEvent(display, code, 0, 0)
    x11.XCloseDisplay(display)
