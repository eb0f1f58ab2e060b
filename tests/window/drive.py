#!/usr/bin/python3
"""Drives the real window through the main job, by the names of its controls.

    dbus-run-session -- xvfb-run -a -s "-screen 0 1280x900x24" \\
        python3 tests/window/drive.py --window target/debug/yore-gtk --work DIR --screenshots DIR

DIR/drive is a mounted drive that can hold backups; the caller made it. Everything else is made here.
Ends with 0 and a line of what was checked, or with 1 and what went wrong.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from desk import Desk, Failure, states, wait_for  # noqa: E402

OLD = b"Chapter one, as it was on Monday.\n"
NEW = b"Everything is different now.\n"
NAME = "notes.txt"


def main():
    arguments = parse()
    make_source(arguments.work)
    process = start(arguments)
    desk = None
    try:
        desk = Desk(process, arguments.screenshots)
        first_run(desk, arguments.work)
        back_up_twice(desk, arguments.work)
        look_at_the_past(desk)
        go_from_change_to_change(desk)
        restore_keeping_both(desk, arguments.work)
        undo(desk, arguments.work)
        restore_replacing(desk, arguments.work)
        restore_elsewhere(desk, arguments.work)
        if desk.faults:
            raise Failure("controls without a name:\n  " + "\n  ".join(sorted(desk.faults)))
        print(f"window test passed: {desk.checked} controls had names")
        return 0
    except Failure as failure:
        print(f"window test failed: {failure}", file=sys.stderr)
        if desk is not None:
            desk.shot("failure")
            desk.dump(sys.stderr)
        return 1
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def parse():
    parser = argparse.ArgumentParser(description="Drives the Yore window through the main job.")
    parser.add_argument("--window", required=True, type=Path, help="the yore-gtk program")
    parser.add_argument("--work", required=True, type=Path, help="a folder with a mounted drive/ in it")
    parser.add_argument("--screenshots", type=Path, help="where to save pictures of each screen")
    arguments = parser.parse_args()
    arguments.window = arguments.window.resolve()
    arguments.work = arguments.work.resolve()
    if arguments.screenshots:
        arguments.screenshots = arguments.screenshots.resolve()
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    return arguments


def make_source(work):
    source = work / "source"
    (source / "Pictures").mkdir(parents=True, exist_ok=True)
    (source / NAME).write_bytes(OLD)
    (source / "Pictures" / "cat.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (source / "Plan for the year.odt").write_bytes(b"\0" * 20_000)
    # A name that isn't text must be shown, not break anything.
    (Path(os.fsdecode(os.fsencode(source) + b"/caf\xe9.txt"))).write_bytes(b"bytes")
    for name in ["home", "elsewhere"]:
        (work / name).mkdir(exist_ok=True)


def start(arguments):
    work = arguments.work
    environment = dict(os.environ)
    environment.update(
        HOME=str(work / "home"),
        XDG_CONFIG_HOME=str(work / "xdg/config"),
        XDG_DATA_HOME=str(work / "xdg/data"),
        XDG_STATE_HOME=str(work / "xdg/state"),
        XDG_CACHE_HOME=str(work / "xdg/cache"),
        GDK_BACKEND="x11",
        GTK_A11Y="atspi",
        LC_ALL="C.UTF-8",
    )
    environment.setdefault("GSK_RENDERER", "cairo")
    for name in ["config", "data", "state", "cache"]:
        (work / "xdg" / name).mkdir(parents=True, exist_ok=True)
    config = work / "xdg/config/yore/config.toml"
    return subprocess.Popen([arguments.window, "--config", config], env=environment)


def first_run(desk, work):
    desk.wait("push button", "Start")
    # The proposed home goes, the sample comes.
    desk.press(f"Do not protect {work / 'home'}")
    desk.type_into("Folder to protect", str(work / "source"))
    desk.press("Add")
    desk.wait("push button", f"Do not protect {work / 'source'}")
    # A wrong drive is explained, not accepted.
    desk.type_into("Drive folder", str(work / "source"))
    desk.press("Use")
    refused = wait_for("the refused drive", lambda: desk.choice("source"))
    wait_for("the checks of the drives", lambda: not desk.label("Checking whether"))
    if "sensitive" in states(refused) or "checked" in states(refused):
        raise Failure("a drive inside a protected folder was accepted")
    desk.shot("first-run-refused")
    desk.type_into("Drive folder", str(work / "drive"))
    desk.press("Use")
    wait_for("the good drive", lambda: "checked" in states(desk.choice("drive")))
    desk.wait("push button", "Start", sensitive=True)
    desk.shot("first-run")
    desk.press("Start")
    desk.wait("push button", "Back Up Now", sensitive=True)
    desk.wait_label("No Backups Yet")
    desk.shot("empty")


def back_up_twice(desk, work):
    back_up(desk, 1)
    (work / "source" / NAME).write_bytes(NEW)
    back_up(desk, 2)
    desk.shot("browser")


def back_up(desk, wanted):
    desk.press("Back Up Now")
    wait_for(f"snapshot {wanted}", lambda: desk.moment_count() == wanted)
    desk.wait("push button", "Back Up Now", sensitive=True)


def look_at_the_past(desk):
    wait_for("the newest files", lambda: NAME in desk.rows("Files"))
    newest = desk.moment()
    desk.go_to(0)
    wait_for("the older snapshot", lambda: not desk.find("push button", "Earlier Change", sensitive=True))
    if desk.moment() == newest:
        raise Failure(f"two snapshots have one name: {newest}")
    wait_for("the older files", lambda: NAME in desk.rows("Files"))
    desk.shot("older")


def go_from_change_to_change(desk):
    desk.press("Later Change")
    wait_for("the newest snapshot", lambda: not desk.find("push button", "Later Change", sensitive=True))
    # The timeline becomes the file's own: it was another in both snapshots.
    select_the_file(desk)
    desk.wait_label("2 versions")
    desk.press("Earlier Change")
    wait_for("the file's first version", lambda: desk.moments().get_current_value() == 0)
    # It stays selected, so that its versions can be gone through.
    desk.wait_label("1 selected")
    desk.shot("versions")


def select_the_file(desk):
    index = wait_for("the file", lambda: NAME in desk.rows("Files") and desk.rows("Files").index(NAME) + 1) - 1
    desk.select("Files", index)
    desk.wait_label("1 selected")


def restore_keeping_both(desk, work):
    select_the_file(desk)
    desk.shot("selected")
    desk.press("Restore")
    plan = wait_for("the plan", lambda: desk.window("Restore 1 Item"))
    desk.wait_label("Both are kept")
    desk.shot("plan")
    desk.press("Restore", within=plan)
    toast = desk.wait_label("Restored as")
    desk.shot("restored")
    path = Path(toast.get_name().removeprefix("Restored as "))
    compare(path, OLD)
    compare(work / "source" / NAME, NEW)
    if path == work / "source" / NAME:
        raise Failure("the restored file took the other one's name")


def undo(desk, work):
    desk.press("Undo")
    desk.wait_label("Taken back")
    kept = [path.name for path in (work / "source").glob("notes*")]
    if kept != [NAME]:
        raise Failure(f"what was taken back is still there: {kept}")
    compare(work / "source" / NAME, NEW)


def restore_replacing(desk, work):
    wait_for("the plan's end", lambda: not desk.window("Restore 1 Item"))
    select_the_file(desk)
    desk.press("Restore")
    plan = wait_for("the plan", lambda: desk.window("Restore 1 Item"))
    desk.wait_label("Both are kept")
    desk.choose("If something is in the way", 1)
    desk.wait_label("Replaces that of")
    desk.wait_label("is set aside and can be brought back")
    desk.shot("replace")
    desk.press("Restore", within=plan)
    desk.wait("push button", "Undo", sensitive=True)
    desk.shot("replaced")
    compare(work / "source" / NAME, OLD)
    undo(desk, work)


def restore_elsewhere(desk, work):
    wait_for("the plan's end", lambda: not desk.window("Restore 1 Item"))
    wait_for("the older files", lambda: NAME in desk.rows("Files"))
    select_the_file(desk)
    desk.press("Restore To…")
    asked = wait_for("the question where to", lambda: desk.window("Restore To…"))
    desk.type_into("Folder to restore to", str(work / "elsewhere"))
    desk.shot("where")
    desk.press("Continue", within=asked)
    plan = wait_for("the plan", lambda: desk.window("Restore 1 Item"))
    desk.wait_label("will be written")
    desk.press("Restore", within=plan)
    wait_for("the restored file", lambda: (work / "elsewhere" / NAME).exists())
    wait_for("the plan's end", lambda: not desk.window("Restore 1 Item"))
    compare(work / "elsewhere" / NAME, OLD)
    compare(work / "source" / NAME, NEW)
    desk.shot("elsewhere")


def compare(path, wanted):
    found = path.read_bytes() if path.exists() else None
    if found != wanted:
        raise Failure(f"{path} holds {found!r}, not {wanted!r}")


if __name__ == "__main__":
    sys.exit(main())
