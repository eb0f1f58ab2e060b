#!/usr/bin/python3
"""Drives the real window through what can be the matter: a stopped backup, a drive that is pulled out, what can't be read.

    dbus-run-session -- xvfb-run -a -s "-screen 0 1280x900x24" \\
        python3 tests/window/states.py --window target/debug/yore-gtk --work DIR --screenshots DIR

DIR/drive is a mounted drive that can hold backups, of the image DIR/image; the caller made both. It is pulled out and
mounted again. The program “yore” lies beside the window's.
Ends with 0 and a line of what was checked, or with 1 and what went wrong.
"""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from desk import Failure, wait_for  # noqa: E402
from life import close  # noqa: E402
from person import Person  # noqa: E402
from stage import Computer, parse, play, take_drive  # noqa: E402

# Many and large enough that a backup of them can be interrupted.
FILES, FILE_BYTES = 24, 4 << 20
# Without these even root must ask.
NO_OVERRIDE = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
KNOWN, LEFT_OUT = "diary.txt", "letters.txt"


class States(Computer):
    """A person's computer whose files may be unreadable, and whose drive may go."""

    def command(self, arguments):
        return [*NO_OVERRIDE, *super().command(arguments)]

    def interrupt(self, process, do):
        """Waits until files are being copied, and does something before any more are."""
        def copied():
            return list((self.drive / "Yore").glob("*/stage/*/files/**/*.bin"))
        with first_in_line():
            found = wait_for("the copying", copied, pause=0.002)
            process.send_signal(signal.SIGSTOP)
        try:
            if not copied():
                raise Failure("the copying was over before it could be interrupted")
            do()
        finally:
            process.send_signal(signal.SIGCONT)
        return found

    def status(self):
        """What the command line says of it."""
        program = self.window.with_name("yore")
        said = subprocess.run([program, "--json", "status"], env=self.environment, capture_output=True, check=True)
        return json.loads(said.stdout)


@contextmanager
def first_in_line():
    """Runs before anything else: on a busy computer the work would be over before anyone sees that it began."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        print("nothing can run first here: on a busy computer this may come too late", file=sys.stderr)
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def main():
    computer = States(parse("Drives the Yore window through what can be the matter."))
    fill(computer.home / "Photos", "first")
    scenes = [set_up, stops_and_goes_on, loses_the_drive, settles_what_cannot_be_read, asks_why, ends]
    return play("window states test", computer, scenes)


def ends(computer):
    close(computer.desk)
    computer.ended(computer.desk.process)


def fill(folder, name):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(FILES):
        (folder / f"{name} {number:02}.bin").write_bytes(os.urandom(FILE_BYTES))


def set_up(computer):
    desk = computer.open()
    desk.wait("push button", "Start")
    take_drive(desk, computer.drive)
    # All that is asked is on the page at once.
    desk.wait("push button", "Start", sensitive=True)
    wait_for("the estimate, in sight", lambda: is_above(desk.label("items, "), desk.find("push button", "Start")))
    desk.shot("states-first-run")
    desk.press("Start")
    desk.wait_label("Not backed up yet")


def is_above(upper, lower):
    """Whether one control ends before the other one begins."""
    _, top, _, height = upper.place()
    return top + height <= lower.place()[1]


def stops_and_goes_on(computer):
    """What a stopped first backup copied is not copied again."""
    desk = computer.desk
    desk.press("Back Up Now")
    copied = computer.interrupt(desk.process, computer.hold)
    inodes = {path.stat().st_ino for path in copied[:-1]}
    desk.press("Stop")
    desk.wait_label("Stopping…")
    computer.let_go()
    desk.wait_label("First backup not finished")
    desk.wait_label("stays on the drive")
    desk.shot("states-begun")
    desk.press("Go On")
    wait_for("the first snapshot", lambda: desk.snapshot_count() == 1)
    desk.wait("push button", "Back Up Now", sensitive=True)
    desk.wait_label("Protected")
    snapshot = (computer.drive / "Yore").glob("*/snapshots/*/files/**/*.bin")
    if not inodes <= {path.stat().st_ino for path in snapshot}:
        raise Failure("what had been copied was copied again")


def loses_the_drive(computer):
    """A drive that goes during a backup: said in plain words, and what is known of the past can be looked at."""
    desk = computer.desk
    fill(computer.home / "Photos", "later")
    desk.press("Back Up Now")
    computer.interrupt(desk.process, computer.pull)
    desk.wait_label("Drive not attached")
    desk.wait_label("You can look around")
    desk.wait("push button", "Look Again", sensitive=True)
    if desk.snapshot_count() != 1:
        raise Failure("the past is gone with the drive")
    desk.select("Files", wait_for("the files", lambda: desk.rows("Files") and 1) - 1)
    desk.wait_label("1 selected")
    desk.shot("states-away")
    computer.plug_in()
    desk.press("Look Again")
    desk.wait_label("Protected")
    desk.press("Back Up Now")
    wait_for("the second snapshot", lambda: desk.snapshot_count() == 2)
    desk.wait("push button", "Back Up Now", sensitive=True)


def settles_what_cannot_be_read(computer):
    """Each path that can't be read is known, or left out; then nobody is worried by it, and it is listed still."""
    desk = computer.desk
    for name in [KNOWN, LEFT_OUT]:
        path = computer.home / name
        path.write_text(name)
        path.chmod(0)
    desk.press("Back Up Now")
    desk.wait_label("2 files could not be read")
    desk.press("Show Problems")
    problems = wait_for("the problems", lambda: desk.window("Problems"))
    wait_for("both of them", lambda: len(desk.rows("Problems")) == 2)
    desk.shot("states-problems")
    settle(desk, problems, KNOWN, "I Know", "You know of it")
    wait_for("the other one", lambda: desk.label("1 file could not be read"))
    settle(desk, problems, LEFT_OUT, "Leave Out", "Left out from the next backup on")
    wait_for("the end of worry", lambda: not desk.label("file could not be read"))
    desk.shot("states-settled")
    said = computer.status()
    if (said["health"], said["problems"], said["known"]) != ("protected", 2, 2):
        raise Failure(f"the command line says {said}")
    if str(computer.home / LEFT_OUT) not in computer.config.read_text():
        raise Failure("there is no rule in the configuration")
    desk.press("Close", within=problems)
    wait_for("the problems to go", lambda: not desk.window("Problems"))
    desk.press("Back Up Now")
    desk.wait_label("Backed up")
    wait_for("the next snapshot", lambda: desk.snapshot_count() == 4)
    said = computer.status()
    names = [Path(problem["path"]).name for problem in said["not_read"]]
    if said["health"] != "protected" or names != [KNOWN]:
        raise Failure(f"the command line says {said}")


def asks_why(computer):
    """What a search or a typed path doesn't find is explained, by one button."""
    desk = computer.desk
    person = Person(desk)
    left_out = computer.home / ".cache/song.flac"
    left_out.parent.mkdir(exist_ok=True)
    left_out.write_text("left out by a rule")
    # Where nothing takes what is typed, it is looked for.
    person.type(".cache/song.flac")
    desk.wait_label("Nothing Was Ever Called")
    desk.shot("states-search-nothing")
    desk.press("Why Isn’t It Here?")
    wait_for("the answer", lambda: desk.window("Why Isn’t It Here?"))
    desk.wait_label("change the rule")
    person.chord("Escape")
    wait_for("the answer to go", lambda: not desk.window("Why Isn’t It Here?"))
    person.chord("Escape")
    wait_for("the folder", lambda: desk.rows("Files"))
    person.chord("ctrl+l")
    person.see_focus("Path")
    person.type(str(computer.home / "Photos/later 99.bin"))
    person.chord("Return")
    desk.wait_label("This was not there at that moment")
    desk.shot("states-path-nothing")
    person.chord("Tab")
    person.chord("Return")
    wait_for("the answer", lambda: desk.window("Why Isn’t It Here?"))
    desk.wait_label("Check the spelling")
    person.chord("Escape")
    wait_for("the answer to go", lambda: not desk.window("Why Isn’t It Here?"))


def settle(desk, problems, name, button, said):
    """Says it to one path."""
    def row():
        rows = (control for control in desk.controls(problems) if control.role == "list item")
        return next((row for row in rows if name in row.name), None)
    desk.press(button, within=wait_for(f"the row of {name}", row))
    desk.wait_label(said)


if __name__ == "__main__":
    sys.exit(main())
