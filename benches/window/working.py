"""Figures of work: the main loop while a backup runs, and the memory of a long history."""

import time

from desk import Failure
from eyes import end, pinger_of, pointing
from loop import memory_mb
from past import Subject, fill_tree
from row import Row, stalls

FOLDER_FILES = 100
# Small files lie in their inodes. Each snapshot has folders of its own.
IN_INODES = ["-O", "inline_data"]
KNOWN_BYTES, SPARE_MIB = 2 << 10, 1024
REST_SECONDS = 3
# A backup that takes longer hangs.
BACKUP_SECONDS = 3600


def back_up(arguments):
    """The main loop while many files are backed up for the first time."""
    subject = Subject(arguments, "backup", 8192, arguments.files * 2)
    fill_tree(subject.top, arguments.files, FOLDER_FILES)
    subject.set_up()
    subject.animate(True)
    pinger, answers = pinger_of(subject.run()), []
    pinger.ask_for(REST_SECONDS, [])
    back_up_here(subject, pinger, answers)
    end(subject)
    yield from stalls(f"the main loop while {arguments.files:,} files are backed up", answers)
    subject.remove()


def back_up_here(subject, pinger, answers):
    """Makes a backup by the window's key, and asks until it is done and shown."""
    wanted, latest = subject.snapshots() + 1, time.monotonic() + BACKUP_SECONDS
    pointing().chord("Control_L", "b")
    while subject.snapshots() < wanted:
        if time.monotonic() > latest:
            raise Failure("the backup didn't end")
        pinger.ask_for(0.5, answers)
    pinger.ask_for(REST_SECONDS, answers)


def remember(arguments):
    """The most memory that the window ever has in use, of a history of very many files."""
    if arguments.known == 0:
        return
    size_mib = (arguments.known * KNOWN_BYTES >> 20) + SPARE_MIB
    subject = Subject(arguments, "memory", size_mib, arguments.known * 2, IN_INODES)
    fill_tree(subject.top, arguments.known, FOLDER_FILES)
    subject.set_up()
    subject.back_up()
    subject.animate(True)
    process = subject.run()
    pinger, answers = pinger_of(process), []
    look_around(pinger, answers)
    yield memory(f"memory, {arguments.known:,} files known, looked at and searched", process)
    back_up_here(subject, pinger, answers)
    yield memory(f"memory, {arguments.known:,} files known, and backed up again", process)
    end(subject)
    subject.remove()


def look_around(pinger, answers):
    """Goes to the snapshot and back, and searches."""
    pinger.ask_for(REST_SECONDS, answers)
    hand = pointing()
    for keys in [("Alt_L", "Up"), ("Alt_L", "Down"), ("Control_L", "f"), *"note 1234", ("Escape",)]:
        hand.chord(*([keys] if isinstance(keys, str) else keys))
        pinger.ask_for(REST_SECONDS if isinstance(keys, tuple) else 0.3, answers)


def memory(figure, process):
    return Row(figure, 250, "MB", [memory_mb(process.pid)])
