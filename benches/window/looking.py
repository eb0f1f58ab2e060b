"""Figures of looking: the start, another moment, opening a large folder."""

import time

from eyes import Eyes, end, open_path, pinger_of, pointing
from past import Subject, add_first, fill, live
from row import Row, stalls

INODES_A_FILE, SPARE_INODES = 4, 10_000
# So long the window is left alone to come to rest.
REST_SECONDS = 2


def look(arguments):
    """The start, another moment, a large folder."""
    inodes = INODES_A_FILE * (arguments.entries + arguments.opened) + SPARE_INODES
    subject = Subject(arguments, "look", 4096, inodes)
    fill(subject.top, 15)
    fill(subject.top / "many", arguments.entries)
    # It has the keyboard, and stays the first one: the list follows it.
    fill(subject.top / "many", 1, "00")
    fill(subject.top / "more", arguments.opened)
    subject.set_up()
    live(subject, 4, 5, lambda number: add_first(subject.top / "many", number))
    subject.animate(False)
    eyes = Eyes(subject)
    yield start(subject, eyes, arguments)
    yield moments(subject, eyes, arguments)
    subject.animate(True)
    yield from opening(subject, arguments)
    subject.remove()


def start(subject, eyes, arguments):
    times = []
    empty = eyes.learn()
    subject.run()
    picture = eyes.learn(empty)
    for _ in range(arguments.rounds):
        end(subject)
        eyes.see(empty, 0)
        begun = time.monotonic()
        subject.run()
        times.append(eyes.see(picture, begun))
    end(subject)
    eyes.see(empty, 0)
    return Row("start to the folder on screen, warm", 500, "ms", times)


def moments(subject, eyes, arguments):
    empty = eyes.learn()
    subject.run()
    top = eyes.learn(empty)
    open_path(subject.top / "many")
    newest = eyes.learn(top)
    eyes.hand.chord("Alt_L", "Up")
    later = eyes.learn(newest)
    eyes.hand.chord("Alt_L", "Up")
    earlier = eyes.learn(later)
    times = []
    for _ in range(arguments.rounds):
        for step, picture in [("Down", later), ("Up", earlier)]:
            asked = time.monotonic()
            eyes.hand.chord("Alt_L", step)
            times.append(eyes.see(picture, asked))
            # All of it is to be there, and compared with what is there now.
            time.sleep(REST_SECONDS)
    end(subject)
    return Row(f"a folder of {arguments.entries:,} entries at another moment on screen", 100, "ms", times)


def opening(subject, arguments):
    """Opens the large folder as it is now and as it was, and comes back."""
    pinger, answers = pinger_of(subject.run()), []
    hand = pointing()
    pinger.ask_for(REST_SECONDS, [])
    for _ in range(max(arguments.rounds // 3, 1)):
        open_path(subject.top / "more")
        pinger.ask_for(REST_SECONDS, answers)
        hand.chord("Alt_L", "Up")
        pinger.ask_for(REST_SECONDS, answers)
        open_path(subject.top)
        pinger.ask_for(REST_SECONDS, answers)
    end(subject)
    return stalls(f"the main loop while a folder of {arguments.opened:,} entries is opened", answers)
