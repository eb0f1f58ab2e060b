#!/usr/bin/python3
"""Does the everyday tasks of data/tasks.toml in the real window, with a pointer and a keyboard alone, and counts the acts.

    dbus-run-session -- xvfb-run -a -s "-screen 0 1280x900x24" \\
        python3 tests/window/tasks.py --window target/debug/yore-gtk --work DIR [--screenshots DIR]

DIR has a home `anna` with a past on the mounted drive `drive`, and its configuration; the caller made them.
Ends with 0 and a line for each task, or with 1 and what went wrong.
"""

import datetime
import sys
import time
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from desk import Failure  # noqa: E402
from person import Person  # noqa: E402
from stage import Computer, parse, play  # noqa: E402

TASKS = Path(__file__).resolve().parents[2] / "data/tasks.toml"
# More than so many acts are too many, but for those whose task says otherwise.
ACTS_MAX = 3
# What a task should take. That depends on the computer, so it is told and not demanded.
SECONDS_GOAL = 5


def main():
    arguments = parse("Does everyday tasks in the Yore window.")
    with open(TASKS, "rb") as file:
        tasks = tomllib.load(file)["task"]
    computers = [computer_for(arguments, number, task) for number, task in enumerate(tasks, 1)]
    outcomes = [play(task["name"], computer, [scene(task)]) for task, computer in zip(tasks, computers)]
    return max(outcomes)


def computer_for(arguments, number, task):
    """Anna's own, or another one that knows nothing yet."""
    if task.get("new_computer"):
        return Computer(arguments, f"xdg-{number}", f"home-{number}")
    return Computer(arguments, home="anna")


def scene(task):
    return lambda computer: do(computer, task)


def do(computer, task):
    """Does one task, counting from the open window on."""
    acts = task["acts"]
    if len(acts) > task.get("acts_max", ACTS_MAX):
        raise Failure(f"takes {len(acts)} acts")
    folder = [computer.home / task["folder"]] if "folder" in task else []
    person = Person(computer.open(*folder))
    if task.get("new_computer"):
        person.desk.wait("push button", "Start")
    else:
        person.look()
    for act in task.get("before", []):
        carry_out(person, computer, act)
    if "before" in task:
        person.desk.wait("push button", "Undo", sensitive=True)
    begun = time.monotonic()
    for act in acts:
        carry_out(person, computer, act)
    for text in task["sees"]:
        person.see(filled(text, computer))
    seconds = time.monotonic() - begun
    is_quick = "yes" if seconds <= SECONDS_GOAL else "no"
    print(f"{task['name']}: {len(acts)} acts, {seconds:.1f} s, within {SECONDS_GOAL} s: {is_quick}")
    check_files(computer.home, task)
    person.desk.shot("task " + task["name"].rstrip("?"))


def carry_out(person, computer, act):
    if "when" in act:
        person.see(act["when"])
    if "focus" in act:
        person.see_focus(act["focus"])
    if "click" in act:
        person.click(act["click"])
    elif "keys" in act:
        person.chord(act["keys"])
    else:
        person.type(filled(act["type"], computer))


def filled(text, computer):
    return text.replace("{drive}", str(computer.drive)).replace("{monday}", monday())


def monday():
    """What the window calls the last Monday."""
    # The window's clock is set to UTC.
    days = datetime.datetime.now(datetime.timezone.utc).weekday()
    return {0: "Today", 1: "Yesterday"}.get(days, "Monday")


def check_files(home, task):
    """What was restored is there; it goes again, for the next task."""
    if "there" in task:
        path = home / task["there"]
        if not path.exists():
            raise Failure(f"{path} is not there")
        path.unlink()
    if "gone" in task and (home / task["gone"]).exists():
        raise Failure(f"{home / task['gone']} is there")


if __name__ == "__main__":
    sys.exit(main())
