"""The machine, by its size only: whose it is, nobody needs to know."""

import os
import re


def machine():
    """Cores, memory and the kernel's version."""
    memory = next(line for line in open("/proc/meminfo") if line.startswith("MemTotal:"))
    kernel = re.match(r"\d+(\.\d+)*", os.uname().release)
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory.split()[1]) / (1 << 20)),
        "kernel": kernel.group() if kernel else "?",
    }
