#!/usr/bin/python3
"""Draws every screen of the real window in one look, and checks that each control has a name.

    dbus-run-session -- xvfb-run -a -s "-screen 0 1280x900x24" \\
        python3 tests/window/gallery.py --window target/debug/yore-gtk --work DIR --screenshots DIR \\
            --style dark --size 360x640 --direction rtl

DIR has a home `anna` with a past on the mounted drive `drive`, of the image DIR/image, and its configuration; the caller
made them. The drive is frozen for a while and pulled out.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import keys  # noqa: E402
from desk import wait_for  # noqa: E402
from life import MEMORY  # noqa: E402
from person import Person  # noqa: E402
from stage import parse, play, take_drive  # noqa: E402
from states import States, fill  # noqa: E402

THESIS = "Documents/Thesis"
TEXT, PICTURE, GONE, NEW = "Chapter 3 – Results.md", "cover draft.jpg", "Interview notes.md", "Acknowledgements.md"
# The largest that this is drawn in as a narrow window; there the places are behind a button.
NARROW = 600
DARK = {"ADW_DEBUG_COLOR_SCHEME": "prefer-dark"}
FONT = "[Settings]\ngtk-font-name=Cantarell 11\ngtk-icon-theme-name=Adwaita\ngtk-cursor-blink=0\n"
# What is see-through is black on a screen without a compositor.
FLAT = "popover > contents, popover > arrow { box-shadow: none; }\n"
# A place in each window where the pointer is over nothing that says something about itself.
REST = (150, 8)
# How often a screen is drawn until it stands still; some never do.
DRAWINGS_MAX = 8
# What has not moved for so long stands still.
STILL_SECONDS = 0.2
EMPTY_CATALOGUE = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'


class Gallery(States):
    """A computer that looks like a desktop, and whose screens become pictures."""

    def __init__(self, arguments, name="xdg", home="anna"):
        super().__init__(arguments, name, home)
        self.width, self.height = map(int, arguments.size.split("x"))
        self.is_narrow = self.width < NARROW
        self.suffix = f"{arguments.style}-{arguments.size}" + ("-rtl" if arguments.direction == "rtl" else "")
        if arguments.style == "dark":
            self.environment.update(DARK)
        if arguments.direction == "rtl":
            self.environment.update(self.right_to_left())
        settings = self.config.parents[1] / "gtk-4.0/settings.ini"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(FONT)
        settings.with_name("gtk.css").write_text(FLAT)

    def right_to_left(self):
        """A language that is written from right to left: what the desktop says itself is in it."""
        locales = self.work / "locales"
        if not locales.exists():
            locales.mkdir()
            subprocess.run(["localedef", "-i", "he_IL", "-f", "UTF-8", locales / "he_IL.UTF-8"], check=True)
            # GTK turns the window round only for a language that the program has messages in, be there none in them.
            catalogue = locales / "he/LC_MESSAGES/yore.mo"
            catalogue.parent.mkdir(parents=True)
            subprocess.run(["msgfmt", "-o", catalogue, "-"], input=EMPTY_CATALOGUE, text=True, check=True)
        return {"LOCPATH": str(locales), "YORE_LOCALEDIR": str(locales), "LC_ALL": "he_IL.UTF-8", "LANGUAGE": "he"}

    def sit_down(self, *words):
        """Opens a window of the wanted size, and looks at it."""
        memory = Path(self.environment["XDG_STATE_HOME"]) / "yore/window.json"
        memory.parent.mkdir(parents=True, exist_ok=True)
        memory.write_text(json.dumps({"width": self.width, "height": self.height, "knows-closing": True}))
        return Person(self.open(*words))

    def leave(self):
        """Ends the window."""
        self.keep_faults()
        self.desk.process.terminate()
        self.desk.process.wait()

    def draw(self, name, is_own=True):
        """A picture of the screen as soon as it stands still. What isn't Yore's own may lack names."""
        before, path = b"", None
        keys.point(*REST)
        for _ in range(DRAWINGS_MAX):
            path = self.desk.draw(f"{name}-{self.suffix}")
            drawn = path.read_bytes() if path else b""
            if drawn == before:
                break
            before = drawn
        if is_own:
            self.desk.check_names(name)


def main():
    arguments = parse(
        "Draws every screen of the Yore window.",
        style="light or dark",
        size="WIDTHxHEIGHT in pixels",
        direction="ltr or rtl",
    )
    new, own = Gallery(arguments, "xdg-new", "home-new"), Gallery(arguments)
    fill(new.home / "Photos", "photo")
    outcomes = [
        play(f"gallery of a new computer {new.suffix}", new, [first_run, begins_a_backup]),
        play(f"gallery {own.suffix}", own, [goes_back, sees_versions, restores, finds, helps, worries, loses_the_drive, breaks]),
    ]
    return max(outcomes)


def first_run(new):
    person = new.sit_down()
    desk = person.desk
    desk.wait("push button", "Start")
    desk.wait_label("items, ")
    new.draw("first-run")
    desk.press("I Have Backups Already…")
    desk.type_into("Backup drive", str(new.drive))
    window = wait_for("the window", lambda: desk.window("Open a Backup Drive"))
    desk.press("Open", within=window)
    wait_for("what is on the drive", lambda: desk.rows("Backups"))
    new.draw("open-drive")
    person.chord("Escape")
    wait_for("the window to go", lambda: not desk.window("Open a Backup Drive"))
    desk.type_into("Drive folder", str(MEMORY))
    desk.press("Use")
    wait_for("the refused drive", lambda: desk.choice(MEMORY.name))
    wait_for("the checks of the drives", lambda: not desk.label("Checking whether"))
    new.draw("first-run-refused")
    take_drive(desk, new.drive)
    desk.wait("push button", "Start", sensitive=True)
    new.draw("first-run-estimate")
    if new.is_narrow:
        person.scroll_down()
        new.draw("first-run-drives")


def begins_a_backup(new):
    desk = new.desk
    desk.press("Start")
    desk.wait_label("No Backups Yet")
    new.draw("no-backups")
    desk.press("Back Up Now")
    new.interrupt(desk.process, new.hold)
    desk.wait("push button", "Stop", sensitive=True)
    show_places(new)
    new.draw("first-backup")
    desk.press("Stop")
    desk.wait_label("Stopping…")
    new.let_go()
    desk.wait_label("First backup not finished")
    new.draw("first-backup-stopped")
    new.leave()


def show_places(computer):
    """In a narrow window they come by a button."""
    if computer.is_narrow:
        computer.desk.press("Backups")
        wait_for("the places to stand still", lambda: stands_still(computer.desk, "Places"))


def stands_still(desk, list_name):
    """Whether a list is where it was a moment ago: nobody can click on what slides."""
    def place():
        return desk.find("list", list_name).place()
    before = place()
    time.sleep(STILL_SECONDS)
    return place() == before


def goes_back(own):
    person = own.sit_down(own.home / THESIS)
    desk = person.desk
    person.look()
    person.chord("alt+End")
    wait_for("what is there now", lambda: desk.moment() == "Now" and any(NEW in row for row in desk.rows("Files")))
    own.draw("now")
    desk.go_to(desk.moment_count() // 2)
    desk.wait_label("deleted here since then")
    desk.wait_label("Changed since")
    own.draw("past")
    person.chord("ctrl+j")
    person.see("Day or Time")
    own.draw("jump")
    person.type("yesterday")
    desk.wait("push button", "Go to Yesterday, 18:00")
    own.draw("jump-typed")
    person.chord("Escape")
    wait_for("the popover to go", lambda: not desk.find("text", "Day or Time"))
    person.chord("ctrl+k")
    person.see("Keep for Good")
    own.draw("keep-or-name")
    person.chord("Escape")
    wait_for("the popover to go", lambda: not desk.find("text", "Name"))
    count = desk.moment_count()
    select(person, TEXT)
    wait_for("the file's own moments", lambda: desk.moment_count() < count)
    own.draw("file")
    person.click("Files/figures")
    person.chord("ctrl+a")
    wait_for("all of them", lambda: desk.label(f"{len(desk.rows('Files'))} selected"))
    own.draw("selected")
    own.leave()


def select(person, name):
    person.click(f"Files/{name}")
    person.desk.wait_label("1 selected")


def sees_versions(own):
    person = own.sit_down(own.home / THESIS / TEXT)
    desk = person.desk
    person.look()
    desk.wait_label("1 selected")
    person.chord("space")
    preview = wait_for("the preview", lambda: desk.window(TEXT))
    person.see("Paragraph 1")
    own.draw("preview")
    person.chord("Escape")
    wait_for("the preview to go", lambda: not desk.window(preview.name))
    person.chord("ctrl+shift+v")
    person.see_focus("Versions")
    person.see("Paragraph 1")
    own.draw("versions")
    person.click("Changes")
    person.see("o’clock")
    own.draw("versions-changes")
    person.chord("Escape")
    wait_for("the versions to go", lambda: not desk.window("Versions"))
    own.leave()


def restores(own):
    person = own.sit_down(own.home / THESIS)
    desk = person.desk
    person.look()
    desk.go_to(desk.moment_count() // 2)
    desk.wait_label("Changed since")
    select(person, PICTURE)
    person.chord("ctrl+shift+v")
    person.see_focus("Versions")
    own.draw("versions-picture")
    person.chord("Escape")
    wait_for("the versions to go", lambda: not desk.window("Versions"))
    select(person, TEXT)
    desk.press("Restore")
    plan = wait_for("the plan", lambda: desk.window("Restore 1 Item"))
    desk.wait_label("Both are kept")
    own.draw("plan")
    person.chord("Escape")
    wait_for("the plan to go", lambda: not desk.window(plan.name))
    select(person, GONE)
    desk.press("Restore")
    desk.wait("push button", "Undo", sensitive=True)
    own.draw("restored")
    desk.press("Undo")
    desk.wait_label("Taken back")
    own.leave()


def finds(own):
    person = own.sit_down()
    desk = person.desk
    person.look()
    person.type("interv")
    desk.wait_label("1 hit")
    own.draw("search")
    person.type("zzz")
    wait_for("nothing", lambda: not desk.rows("Hits"))
    own.draw("search-nothing")
    person.chord("Escape")
    show_places(own)
    person.click("Places/Deleted Files")
    wait_for("what was deleted", lambda: desk.rows("Deleted Files"))
    own.draw("deleted")
    own.leave()


def helps(own):
    person = own.sit_down(own.home / THESIS)
    desk = person.desk
    person.look()
    # Now has no row of what is gone, so that it is shown first.
    person.chord("ctrl+d")
    wait_for("what is gone", lambda: any(row.startswith(PICTURE) for row in desk.rows("Files")))
    own.draw("show-deleted")
    person.click(f"Files/{PICTURE}", button=keys.RIGHT_BUTTON)
    wait_for("the menu", lambda: desk.find("menu item", "Why Isn’t It Here?"))
    own.draw("menu")
    wait_for("the entry", lambda: desk.find("menu item", "Why Isn’t It Here?")).press()
    wait_for("the answer", lambda: desk.window("Why Isn’t It Here?"))
    desk.wait("push button", "Show It When It Was There")
    own.draw("why")
    person.chord("Escape")
    wait_for("the answer to go", lambda: not desk.window("Why Isn’t It Here?"))
    show_places(own)
    own.draw("places")
    person.click("drive, other drives")
    desk.wait_label("No other drive with backups")
    own.draw("other-drives")
    person.chord("Escape")
    # What is pressed while a popover closes is lost with it.
    wait_for("the popover to go", lambda: not desk.label("No other drive with backups"))
    person.chord("F10")
    person.see("Keyboard Shortcuts")
    own.draw("main-menu")
    person.chord("Escape")
    wait_for("the menu to go", lambda: not desk.find("menu item", "About Yore"))
    person.chord("ctrl+shift+question")
    wait_for("the keys", lambda: desk.window("Keyboard Shortcuts"))
    own.draw("shortcuts")
    person.chord("Escape")
    wait_for("the keys to go", lambda: not desk.window("Keyboard Shortcuts"))
    person.chord("F10")
    wait_for("the entry", lambda: desk.find("menu item", "About Yore")).press()
    desk.wait_label("The Yore authors")
    # All in that window is libadwaita's.
    own.draw("about", is_own=False)
    own.leave()


def worries(own):
    """What can't be read."""
    unreadable = own.home / "Documents/diary.txt"
    unreadable.write_text("secret")
    unreadable.chmod(0)
    person = own.sit_down()
    desk = person.desk
    person.look()
    desk.press("Back Up Now")
    desk.wait_label("1 file could not be read")
    show_places(own)
    own.draw("not-all-read")
    desk.press("Show Problems")
    wait_for("the problems", lambda: desk.window("Problems"))
    wait_for("the path", lambda: desk.rows("Problems"))
    own.draw("problems")
    own.leave()
    unreadable.unlink()


def loses_the_drive(own):
    person = own.sit_down(own.home / THESIS)
    desk = person.desk
    person.look()
    own.pull()
    person.chord("F5")
    desk.wait_label("Drive not attached")
    show_places(own)
    own.draw("drive-away")
    own.leave()
    own.plug_in()


def breaks(own):
    good = own.config.read_bytes()
    own.config.write_bytes(b"sources = 7\n")
    desk = own.sit_down().desk
    desk.wait_label("The Settings Can’t Be Used")
    own.draw("settings-broken")
    own.leave()
    own.config.write_bytes(good)


if __name__ == "__main__":
    sys.exit(main())
