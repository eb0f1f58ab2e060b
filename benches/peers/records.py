"""Figures of runs, kept line by line, so that a run that is stopped loses none."""

import json
import os
import sys
import time

SUFFIX = ".jsonl"


class Records:
    """A new file for a run; its first line says with what it was made."""

    def __init__(self, folder, header):
        folder.mkdir(parents=True, exist_ok=True)
        give_back(folder)
        name = time.strftime("%Y-%m-%dT%H-%M-%SZ", time.gmtime())
        self.path = folder / f"{name}{SUFFIX}"
        self.has_failures = False
        self.note({"header": header})
        give_back(self.path)

    def note(self, record):
        """Keeps a line."""
        self.has_failures |= "failure" in record
        with open(self.path, "a") as out:
            out.write(json.dumps(record) + "\n")


def give_back(path):
    """Leaves it to who asked root to run this, so that they can delete it."""
    if "SUDO_UID" in os.environ:
        os.chown(path, int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"]))


def read_runs(folder):
    """The header of every run, with when it was begun, and its figures; the oldest first."""
    runs = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        lines = [json.loads(line) for line in open(path)]
        if "source" not in lines[0]["header"]:
            print(f"bench: {path} is of an older version, and left out", file=sys.stderr)
            continue
        runs.append(({**lines[0]["header"], "begun": path.stem}, lines[1:]))
    return runs
