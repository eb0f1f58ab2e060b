#!/usr/bin/python3
"""Measures the window: how fast it is on the screen and how much memory it needs, as a Markdown table.

    benches/window/bench.py --window target/release/yore-gtk

Makes homes, drives and their histories itself, in memory where there is room, and removes them. Needs root for its
loop-mounted drives. Runs the program on a display and a session bus of its own.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "tests/window")]

from figures import FIGURES  # noqa: E402

# What a file takes here in the home and on the drive: a block and an inode; where it lies in its inode, only that.
FILE_BYTES, KNOWN_BYTES = 10 << 10, 2 << 10
SPARE_BYTES = 2 << 30
FIRST_DISPLAY, DISPLAYS = 4000, 1000


def main():
    arguments = parse()
    if arguments.room:
        return measure(arguments)
    if os.geteuid() != 0:
        sys.exit("bench-ui: drives can be mounted by root only")
    room = Path(tempfile.mkdtemp(prefix="yore-bench-ui.", dir=place(arguments)))
    try:
        return subprocess.run([*session(room), *sys.argv[1:], "--room", room], env=environment(room), check=False).returncode
    finally:
        clear(room)


def session(room):
    """Starts this again on a bus and a display of its own."""
    screen = f"-screen 0 1280x900x24 -fbdir {room}"
    display = str(FIRST_DISPLAY + os.getpid() % DISPLAYS)
    return ["dbus-run-session", "--", "xvfb-run", "--server-num", display, "-s", screen, "/usr/bin/python3", __file__]


def environment(room):
    """The bus of assistive tools has its socket here: that of another session must not be taken for it. Nothing that is
    started by the bus sees the person's own home."""
    runtime, home = room / "run", room / "nobody"
    for folder in [runtime, home]:
        folder.mkdir(mode=0o700)
    return {**os.environ, "XDG_RUNTIME_DIR": str(runtime), "HOME": str(home)}


def parse():
    parser = argparse.ArgumentParser(description="Measures the window's speed and memory.")
    parser.add_argument("--window", required=True, type=Path, help="the yore-gtk program, with yore beside it")
    parser.add_argument("--only", nargs="+", choices=FIGURES, default=list(FIGURES), help="measure only these")
    parser.add_argument("--rounds", type=int, default=11, help="how often each short thing is done")
    parser.add_argument("--entries", type=int, default=10_000, help="of the folder that is shown at other moments")
    parser.add_argument("--opened", type=int, default=20_000, help="entries of the folder that is opened")
    parser.add_argument("--files", type=int, default=100_000, help="that are backed up through the window")
    parser.add_argument("--snapshots", type=int, default=2_000, help="of the timeline")
    parser.add_argument("--known", type=int, default=0, help="files in the history whose memory is measured; 0: none")
    parser.add_argument("--in", dest="place", type=Path, help="a folder to work in")
    parser.add_argument("--room", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.window = arguments.window.resolve()
    return arguments


def place(arguments):
    """Where there is room: in memory, so that the drive's own noise stays out of the figures, or on the disk."""
    most = max(arguments.entries + arguments.opened, arguments.files) * FILE_BYTES
    needed = max(most, arguments.known * KNOWN_BYTES) + SPARE_BYTES
    places = [arguments.place] if arguments.place else [Path("/dev/shm"), Path("/var/tmp")]
    for folder in places:
        if shutil.disk_usage(folder).free > needed:
            return folder
    sys.exit(f"bench-ui: this takes {needed >> 20} MiB, and there is no room for that in {', '.join(map(str, places))}")


def measure(arguments):
    print("| figure | goal | in the middle | at worst | of | |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    for name in arguments.only:
        print(f"measuring: {name}…", file=sys.stderr)
        for row in FIGURES[name](arguments):
            print(row, flush=True)
    return 0


def clear(room):
    """Unmounts and removes what a script that was cut off has left."""
    for mounted in reversed(mounts_below(room)):
        subprocess.run(["umount", "--lazy", mounted], check=False)
    if mounts_below(room):
        sys.exit(f"bench-ui: {room} could not be unmounted and stays")
    subprocess.run(["rm", "-rf", "--one-file-system", room], check=True)


def mounts_below(room):
    """What is mounted there, in the order in which that was done."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [path for path in (line.split()[4] for line in lines) if Path(path).is_relative_to(room)]


if __name__ == "__main__":
    sys.exit(main())
