"""Memory that a virtual machine has given back costs time to get again: it is taken before a measurement, not in it."""

import mmap
import os
from contextlib import suppress

# Below this the system begins to make room, and would drop what was read to be warm.
LEFT_BYTES = 256 << 20
# So much at a time, as others take memory too.
STEP_BYTES = 64 << 20
# MADV_POPULATE_WRITE, which mmap has no name for.
POPULATE = 23


def touch_free(most_bytes):
    """Touches so much free memory, as far as there is some, and leaves it free."""
    size = min(most_bytes, free_bytes())
    with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as pages:
        for begun in range(0, size, STEP_BYTES):
            if free_bytes() < LEFT_BYTES + STEP_BYTES:
                break
            # Linux before 5.14 can't.
            with suppress(OSError):
                pages.madvise(POPULATE, begun, min(STEP_BYTES, size - begun))


def free_bytes():
    """What nobody uses, caches neither."""
    lines = dict(line.split(":") for line in open("/proc/meminfo"))
    return int(lines["MemFree"].split()[0]) * 1024


def touch_image(path):
    """Makes a file in memory take all that it may grow to, and keeps what is in it."""
    with open(path, "r+b") as image:
        # This alone would reserve the pages and touch none.
        os.posix_fallocate(image.fileno(), 0, os.fstat(image.fileno()).st_size)
        with mmap.mmap(image.fileno(), 0) as pages:
            with suppress(OSError):
                pages.madvise(POPULATE)
