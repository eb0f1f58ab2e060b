#!/usr/bin/python3
"""Drives the real window through the main job, by the names of its controls.

    dbus-run-session -- xvfb-run -a -s "-screen 0 1280x900x24" \\
        python3 tests/window/drive.py --window target/debug/yore-gtk --work DIR --screenshots DIR

DIR/drive is a mounted drive that can hold backups; the caller made it. Everything else is made here.
Ends with 0 and a line of what was checked, or with 1 and what went wrong.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from desk import Failure, wait_for  # noqa: E402
from person import Person  # noqa: E402
from stage import Computer, back_up, parse, play, take_drive  # noqa: E402

OLD = b"Chapter one, as it was on Monday.\n"
NEW = b"Everything is different now.\n"
NAME = "notes.txt"


SCENES = [
    lambda computer: first_run(computer.desk, computer.work),
    lambda computer: back_up_twice(computer.desk, computer.work),
    lambda computer: look_at_the_past(computer.desk),
    lambda computer: go_from_change_to_change(computer.desk),
    lambda computer: restore_keeping_both(computer.desk, computer.work),
    lambda computer: undo(computer.desk, computer.work),
    lambda computer: restore_replacing(computer.desk, computer.work),
    lambda computer: restore_elsewhere(computer.desk, computer.work),
    lambda computer: see_what_changes(computer.desk, computer.work),
    lambda computer: sort_by_state(computer.desk),
    lambda computer: go_to_the_front_with_the_keyboard(computer.desk, computer.work),
]


def main():
    arguments = parse("Drives the Yore window through the main job.")
    make_source(arguments.work)
    computer = Computer(arguments)
    scenes = [lambda computer: computer.open("--config", computer.config), *SCENES]
    return play("window test", computer, scenes)


def make_source(work):
    source = work / "source"
    (source / "Pictures").mkdir(parents=True, exist_ok=True)
    (source / NAME).write_bytes(OLD)
    (source / "Pictures" / "cat.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (source / "Plan for the year.odt").write_bytes(b"\0" * 20_000)
    # A name that isn't text must be shown, not break anything.
    (Path(os.fsdecode(os.fsencode(source) + b"/caf\xe9.txt"))).write_bytes(b"bytes")
    (work / "elsewhere").mkdir(exist_ok=True)


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
    if {"sensitive", "checked"} & refused.states:
        raise Failure("a drive inside a protected folder was accepted")
    desk.shot("first-run-refused")
    take_drive(desk, work / "drive")
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


def look_at_the_past(desk):
    # The window is at Now, after all snapshots, where there is nothing to bring back.
    wait_for("the live files", lambda: NAME in desk.rows("Files"))
    if desk.moment() != "Now" or desk.find("push button", "Restore", sensitive=True):
        raise Failure(f"the window is at “{desk.moment()}” and offers to restore")
    desk.shot("now")
    desk.go_to(1)
    wait_for("the newest files", lambda: desk.moment() != "Now" and NAME in desk.rows("Files"))
    newest = desk.moment()
    desk.go_to(0)
    wait_for("the older snapshot", lambda: not desk.find("push button", "Earlier Change", sensitive=True))
    if desk.moment() == newest:
        raise Failure(f"two snapshots have one name: {newest}")
    wait_for("the older files", lambda: NAME in desk.rows("Files"))
    # The badge comes after the list.
    desk.wait_label("Changed since")
    desk.wait_label("1 change since")
    desk.shot("older")


def go_from_change_to_change(desk):
    desk.press("Later Change")
    wait_for("the newest snapshot", lambda: desk.moments().value() == 1)
    desk.press("Later Change")
    wait_for("Now", lambda: not desk.find("push button", "Later Change", sensitive=True))
    desk.press("Earlier Change")
    wait_for("the newest snapshot again", lambda: desk.moments().value() == 1)
    # The timeline becomes the file's own: it was another in both snapshots.
    select_the_file(desk)
    desk.wait_label("2 versions")
    desk.press("Earlier Change")
    wait_for("the file's first version", lambda: desk.moments().value() == 0)
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
    path = Path(toast.name.removeprefix("Restored as "))
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


def see_what_changes(desk, work):
    """At Now nobody has to ask for what is new, and what is selected stays selected."""
    desk.go_to(desk.moment_count() - 1)
    wait_for("Now", lambda: desk.moment() == "Now" and NAME in desk.rows("Files"))
    person = Person(desk)
    person.click(f"Files/{NAME}")
    desk.wait_label("1 selected")
    for name in ["appears.txt", "zebra.txt"]:
        (work / "source" / name).write_text(f"This is {name}")
    wait_for("the new files", lambda: {"appears.txt", "zebra.txt"} <= set(desk.rows("Files")))
    desk.wait_label("2 not yet backed up")
    desk.wait_label("1 selected")
    # What is selected is another itself, and stays selected.
    (work / "source" / NAME).write_bytes(NEW * 100)
    desk.wait_label(f"1 selected · {len(NEW) / 10} kB")
    desk.shot("live")
    # The keyboard is still on its row; space shows the live file, also where no snapshot has it.
    person.chord("space")
    wait_for("the preview", lambda: desk.window(NAME))
    person.see(NEW.decode().strip())
    person.chord("Escape")
    wait_for("the preview to go", lambda: not desk.window(NAME))
    person.click("Files/appears.txt")
    desk.wait_label("1 selected · 19 B")
    person.chord("space")
    preview = wait_for("the preview", lambda: desk.window("appears.txt"))
    person.see("This is appears.txt")
    wait_for("the moment", lambda: any(control.name == "Now" for control in desk.controls(preview)))
    desk.shot("live-preview")
    person.chord("Escape")
    wait_for("the preview to go", lambda: not desk.window(preview.name))
    person.click(f"Files/{NAME}")
    desk.wait_label(f"1 selected · {len(NEW) / 10} kB")
    (work / "source/appears.txt").unlink()
    (work / "source/zebra.txt").unlink()
    wait_for("the files to go", lambda: not {"appears.txt", "zebra.txt"} & set(desk.rows("Files")))
    desk.wait_label("1 selected")


def sort_by_state(desk):
    """What has changed comes first as soon as that is known; what is selected stays so."""
    desk.go_to(0)
    wait_for("the older files", lambda: desk.moment() != "Now" and desk.label("1 change since"))
    desk.press("State")
    wait_for("the changed file before the others", lambda: desk.rows("Files")[:2] == ["Pictures", NAME])
    desk.wait_label("1 selected")
    desk.shot("by-state")
    desk.press("State")
    wait_for("the changed file after the others", lambda: desk.rows("Files")[-1] == NAME)
    desk.press("Name")


def go_to_the_front_with_the_keyboard(desk, work):
    """In a folder of which GTK has no widgets for most rows, sorted by state, the last file changes and becomes the first."""
    many = work / "source/Many"
    many.mkdir()
    for number in range(600):
        (many / f"file {number:03}").write_text(str(number))
    person = Person(desk)
    person.chord("alt+End")
    wait_for("Now", lambda: desk.moment() == "Now")
    back_up(desk, desk.snapshot_count() + 1)
    desk.press("State")
    person.chord("ctrl+l")
    person.see_focus("Path")
    person.type(str(many))
    person.chord("Return")
    wait_for("the folder", lambda: "file 000" in desk.rows("Files"))
    person.click("Files/file 000")
    person.see_focus("file 000")
    person.chord("End")
    person.see_focus("file 599")
    (many / "file 599").write_text("changed")
    wait_for("the changed file in front", lambda: desk.rows("Files")[:1] == ["file 599"])
    person.see_focus("file 599")
    desk.wait_label("1 selected · 7 B")
    desk.press("Name")


def compare(path, wanted):
    found = path.read_bytes() if path.exists() else None
    if found != wanted:
        raise Failure(f"{path} holds {found!r}, not {wanted!r}")


if __name__ == "__main__":
    sys.exit(main())
