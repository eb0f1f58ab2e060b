#!/usr/bin/env python3
"""Says what a golden repository must hold: expect.py WHO REPOSITORY WORK, from the surveys that ./make left in WORK.

The entries are those of the sources; what is added by hand here is what the backup had to leave out or couldn't read."""

import json, os, subprocess, sys

who, repository, work = sys.argv[1:]
HOME = "/home/ann/Documents/"
LEFT_OUT = [HOME + "left/out.tmp", HOME + "letters.db-shm"]
CAPTURED = [HOME + "letters.db", HOME + "letters.db-wal"]
CONTENT = ("size", "blake3", "xattrs", "flags")


def survey(number):
    with open(f"{work}/survey-{number}") as file:
        return json.load(file)


def name(number):
    with open(f"{work}/name-{number}") as file:
        return file.read().strip()


def torn(entry, path):
    """What was stored of a file that was written all the time is only known from what is stored."""
    stored = f"{repository}/snapshots/{name(3)}/files{path}"
    said = subprocess.run(["b3sum", "--no-names", stored], check=True, capture_output=True).stdout
    second, nano = divmod(os.lstat(stored).st_mtime_ns, 1_000_000_000)
    entry |= {"blake3": said.decode().strip(), "mtime": [second, nano], "torn": True}


def entries(number):
    found = survey(number)
    for path in LEFT_OUT:
        found.pop(path)
    for path in CAPTURED:
        found[path]["captured"] = "sqlite"
    if number == 3:
        torn(found[HOME + "torn"], HOME + "torn")
    if who == "person":
        for path in ("secret", "never"):
            found[HOME + path]["absent"] = True
            for key in CONTENT:
                found[HOME + path].pop(key, None)
    if who == "person" and number == 3:
        before = survey(2)
        for path in ("secret-later", "closed", "closed/inside"):
            # An override on a folder holds for all below.
            found[HOME + path] = before[HOME + path] | {"stale": "above" if path == "closed/inside" else True}
    return found


kinds = {1: "manual", 2: "manual", 3: "scheduled", 4: "manual"}
label = "Before the move – “golden”"
snapshots = [
    {"name": name(n), "seq": n, "kind": kind, "pinned": n == 4, "label": label if n == 4 else None, "entries": entries(n)}
    for n, kind in kinds.items() if n != 2
]
said = {"trash": name(2), "stage": os.listdir(f"{repository}/stage"), "snapshots": snapshots}
json.dump(said, sys.stdout, indent=0, sort_keys=True, ensure_ascii=False)
