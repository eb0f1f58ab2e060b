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
    """The commit of this folder, if git knows it; with `-dirty` where more was changed than the report."""
    report = [f":(top,exclude)benches/{name}" for name in ["RESULTS.md", "results.svg"]]
    commit = git("rev-parse", "--short", "HEAD")
    changed = commit and git("status", "--porcelain", "--untracked-files=no", "--", ":/", *report)
    return f"{commit}-dirty" if changed else commit


def git(*words):
    """What git says, asked as who asked root to run this; nothing where it can't."""
    command = ["git", "--no-optional-locks", "-C", Path(__file__).parent, *words]
    user = {"user": int(os.environ["SUDO_UID"])} if "SUDO_UID" in os.environ else {}
    try:
        return subprocess.run(command, capture_output=True, text=True, **user).stdout.strip()
    except OSError:
        return ""
