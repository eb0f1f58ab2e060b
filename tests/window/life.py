#!/usr/bin/python3
"""Drives the life of the real window: closing it while it works, starting it twice, and what it says when it can't start.

    dbus-run-session -- xvfb-run -a -s "-screen 0 1280x900x24" \\
        python3 tests/window/life.py --window target/debug/yore-gtk --work DIR --screenshots DIR

DIR/drive is a mounted drive that can hold backups, of the image DIR/image; the caller made both. It is frozen for a while.
Ends with 0 and a line of what was checked, or with 1 and what went wrong.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from gi.repository import GLib  # noqa: E402

from desk import Failure, wait_for  # noqa: E402
from stage import Computer, parse, play, take_drive  # noqa: E402

# What is in memory alone can't hold backups.
MEMORY = Path("/dev/shm")
# So often, and each time for so long, the window's button is tried.
PRESSES_MAX, ANSWER_SECONDS = 10, 3


def main():
    computer = Computer(parse("Drives the life of the Yore window."))
    make_home(computer.home)
    return play("window life test", computer, [refuses_a_drive, goes_on_after_closing, opens_a_file, mends_its_settings])


def make_home(home):
    for folder, name in [("Notes", "monday.txt"), ("Letters", "to ann.txt")]:
        (home / folder).mkdir(parents=True, exist_ok=True)
        (home / folder / name).write_text(f"{name}\n")


def refuses_a_drive(computer):
    """What can't hold backups is explained, and there is nothing to start; then a good drive is taken."""
    desk = computer.open()
    desk.wait("push button", "Start")
    desk.type_into("Drive folder", str(MEMORY))
    desk.press("Use")
    refused = wait_for("the refused drive", lambda: desk.choice(MEMORY.name))
    wait_for("the checks of the drives", lambda: not desk.label("Checking whether"))
    if "sensitive" in refused.states or "sensitive" in desk.wait("push button", "Start").states:
        raise Failure("a drive that can't hold backups was accepted")
    desk.shot("life-refused")
    take_drive(desk, computer.drive)
    desk.press("Start")
    desk.wait("push button", "Back Up Now", sensitive=True)


def goes_on_after_closing(computer):
    """Closed at work, the window comes back to whoever starts the program again; closed once more, it ends with the work."""
    desk = computer.desk
    computer.hold()
    desk.press("Back Up Now")
    desk.wait("push button", "Stop")
    close(desk)
    answer(desk, "Close Window")
    wait_for("the window to go", lambda: not is_seen(desk))
    computer.ended(computer.run())
    wait_for("the window to come back", lambda: is_seen(desk))
    desk.shot("life-back")
    close(desk)
    wait_for("the window to go again", lambda: not is_seen(desk))
    computer.let_go()
    computer.ended(desk.process)
    snapshots = list((computer.drive / "Yore").glob("*/snapshots/*"))
    if not snapshots:
        raise Failure("the backup did not go on after the window was closed")


def opens_a_file(computer):
    """A path on the command line is opened, in a window that is open already, too."""
    desk = computer.open(computer.home / "Letters/to ann.txt")
    wait_for("the file's folder", lambda: desk.label("to ann.txt") or desk.find("list item", "to ann.txt"))
    computer.ended(computer.run(computer.home / "Notes"))
    wait_for("the folder from the second start", lambda: desk.label("monday.txt") or desk.find("list item", "monday.txt"))
    close(desk)
    computer.ended(desk.process)
    # Where it was left, the next window begins.
    desk = computer.open()
    wait_for("the folder of the last time", lambda: desk.label("monday.txt") or desk.find("list item", "monday.txt"))
    close(desk)
    computer.ended(desk.process)


def mends_its_settings(computer):
    """Settings that make no sense are said so, and looked at again when the person has mended them."""
    good = computer.config.read_bytes()
    computer.config.write_bytes(b"sources = 7\n")
    desk = computer.open()
    desk.wait_label("The Settings Can’t Be Used")
    desk.shot("life-broken")
    computer.config.write_bytes(good)
    desk.press("Try Again")
    desk.wait("push button", "Back Up Now", sensitive=True)
    close(desk)
    computer.ended(desk.process)


def close(desk):
    """Closes the window by its own button. GTK makes these anew now and then, so that one that was found may be no more."""
    wait_for("the window", lambda: is_seen(desk))
    for _ in range(PRESSES_MAX):
        press_close(desk)
        try:
            return wait_for("the window to go, or to ask", lambda: is_closing(desk), ANSWER_SECONDS)
        except Failure:
            continue
    raise Failure("the window could not be closed")


def press_close(desk):
    """Each screen has such a button, and those that were never seen do nothing."""
    for control in desk.controls(desk.window("Yore")):
        if (control.role, control.name) == ("push button", "Close"):
            try:
                control.press()
            except GLib.Error:
                # It was made anew, or the program has ended with the one before.
                continue


def is_closing(desk):
    """Whether the window has gone, with its program or without, or asks something first."""
    if desk.process.poll() is not None:
        return True
    windows = desk.program.read().children
    return len(windows) > 1 or not is_seen(desk)


def answer(desk, words):
    """Presses a question's button; libadwaita calls it by its words twice."""
    def find():
        buttons = (control for control in desk.controls() if control.role == "push button")
        return next((button for button in buttons if button.name.startswith(words)), None)
    wait_for(f"the answer “{words}”", find).press()


def is_seen(desk):
    window = desk.window("Yore")
    return window is not None and "showing" in window.states


if __name__ == "__main__":
    sys.exit(main())
