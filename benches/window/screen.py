"""The screen of Xvfb as it is in memory, and a hand at its mouse and keys: looking and pointing cost the program nothing."""

import ctypes
import ctypes.util
import mmap
import struct
import time

# X11/XWDFile.h: where the sizes stand among the header's 32-bit numbers.
HEADER_SIZE, BYTES_PER_LINE, COLOURS = 0, 12, 19
COLOUR_BYTES = 12
PIXEL_BYTES = 4


class Screen:
    """What Xvfb shows; `-fbdir` keeps it in a file."""

    def __init__(self, folder):
        with open(folder / "Xvfb_screen0", "rb") as file:
            self.memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        header = struct.unpack_from(">25I", self.memory)
        self.start = header[HEADER_SIZE] + header[COLOURS] * COLOUR_BYTES
        self.line = header[BYTES_PER_LINE]

    def picture(self, place):
        """The pixels of a place: left, top, width and height."""
        left, top, width, height = place
        first, length = self.start + left * PIXEL_BYTES, width * PIXEL_BYTES
        lines = (first + y * self.line for y in range(top, top + height))
        return b"".join(self.memory[at:at + length] for at in lines)

    def wait_for(self, place, picture, seconds, pause=0.001):
        """When the place came to look so, on the monotonic clock; None if it didn't in so many seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.picture(place) == picture:
                return time.monotonic()
            time.sleep(pause)
        return None

    def settle(self, place, before=None, seconds=3.0, at_most=60.0):
        """What the place looks like once it is another picture than `before`, and hasn't changed for so long; None if it
        never came to rest."""
        picture = self.picture(place)
        begun = since = time.monotonic()
        while time.monotonic() - begun < at_most:
            time.sleep(0.02)
            now = self.picture(place)
            if now != picture or now == before:
                picture, since = now, time.monotonic()
            elif time.monotonic() - since > seconds:
                return picture
        return None


class Hand:
    """Moves the pointer and presses keys, as the X server's own test extension does."""

    def __init__(self):
        self.x11, self.xtst = (ctypes.CDLL(ctypes.util.find_library(name)) for name in ["X11", "Xtst"])
        self.x11.XOpenDisplay.restype = ctypes.c_void_p
        self.x11.XStringToKeysym.restype = ctypes.c_ulong
        self.x11.XKeysymToKeycode.argtypes = [ctypes.c_void_p, ctypes.c_ulong]
        self.x11.XFlush.argtypes = [ctypes.c_void_p]
        pressed = [ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_ulong]
        self.xtst.XTestFakeKeyEvent.argtypes = self.xtst.XTestFakeButtonEvent.argtypes = pressed
        self.xtst.XTestFakeMotionEvent.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_ulong]
        self.display = self.x11.XOpenDisplay(None)

    def move(self, x, y):
        self.xtst.XTestFakeMotionEvent(self.display, -1, round(x), round(y), 0)
        self.x11.XFlush(self.display)

    def hold(self, down):
        """Presses the first button, or lets it go."""
        self.xtst.XTestFakeButtonEvent(self.display, 1, int(down), 0)
        self.x11.XFlush(self.display)

    def chord(self, *keys):
        """Presses keys together, by the names of their symbols."""
        codes = [self.x11.XKeysymToKeycode(self.display, self.x11.XStringToKeysym(key.encode())) for key in keys]
        for code in codes:
            self.xtst.XTestFakeKeyEvent(self.display, code, 1, 0)
        for code in reversed(codes):
            self.xtst.XTestFakeKeyEvent(self.display, code, 0, 0)
        self.x11.XFlush(self.display)
