"""The machine, by its size only: whose it is, nobody needs to know."""

import os
import re
import subprocess
from pathlib import Path


def machine():
    """Cores, memory and the kernel's version."""
    memory = next(line for line in open("/proc/meminfo") if line.startswith("MemTotal:"))
    kernel = re.match(r"\d+(\.\d+)*", os.uname().release)
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory.split()[1]) / (1 << 20)),
        "kernel": kernel.group() if kernel else "?",
    }


def source_version():
    """Of which commit the measured program is, if its source is here as git knows it; with `-dirty` if it was changed."""
    folder = Path(__file__).parent
    # Who runs this as root doesn't own the files.
    command = ["git", "-c", "safe.directory=*", "-C", folder, "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except FileNotFoundError:
        return ""
