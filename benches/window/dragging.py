"""Figures of the timeline: what is seen, and what the main thread does, while it is dragged through many moments."""

import sys
import time

from eyes import Eyes, end
from loop import Thread
from past import Subject, live
from row import Row

# A mouse tells its place so often; it goes this far in a second.
MOUSE_SECONDS, SPEED_PIXELS = 0.008, 400
DRAG_SECONDS = 10
HOURS_APART = 4
INODES_A_SNAPSHOT, SPARE_INODES = 12, 10_000
REST_SECONDS = 3
FRAME_MS = 1000 / 60
# Between two looks at the screen.
GRAIN_MS = 1


def drag(arguments):
    """The timeline of a folder that was another in every snapshot."""
    subject = Subject(arguments, "timeline", 4096, INODES_A_SNAPSHOT * arguments.snapshots + SPARE_INODES)
    note = subject.top / "diary.txt"
    subject.set_up()
    live(subject, arguments.snapshots, HOURS_APART, lambda number: note.write_text(f"day {number}\n"))
    subject.animate(True)
    eyes = Eyes(subject)
    process = subject.run()
    time.sleep(REST_SECONDS)
    frames = list(frames_of(eyes, Thread(process.pid)))
    end(subject)
    what = f"a timeline of {arguments.snapshots:,} snapshots while it is dragged"
    yield Row(f"{what}: from frame to frame", FRAME_MS + GRAIN_MS, "ms", [apart for apart, _ in frames])
    late = sum(apart > 2 * FRAME_MS for apart, _ in frames)
    print(f"  {late:,} of {len(frames):,} frames came after more than two turns of the screen", file=sys.stderr)
    yield Row(f"{what}: the main thread's work for a frame", FRAME_MS, "ms", [ran for _, ran in frames])
    subject.remove()


def frames_of(eyes, thread):
    """Drags to and fro; of each frame, how many milliseconds it came after the one before, and for how many of them the
    main thread had a processor."""
    left, top, width, height = eyes.timeline
    eyes.hand.move(left + width / 2, top + height - 1)
    eyes.hand.hold(True)
    begun = moved = seen = time.monotonic()
    picture, ran = eyes.screen.picture(eyes.timeline), thread.times()[0]
    while (now := time.monotonic()) - begun < DRAG_SECONDS:
        if now - moved >= MOUSE_SECONDS:
            moved = now
            way = (now - begun) * SPEED_PIXELS % (2 * height)
            eyes.hand.move(left + width / 2, top + height - 1 - min(way, 2 * height - way))
        before, picture = picture, eyes.screen.picture(eyes.timeline)
        # What changes sooner is still the same frame: it isn't drawn in one go.
        if picture != before and time.monotonic() - seen > FRAME_MS / 2e3:
            now, before = time.monotonic(), ran
            ran = thread.times()[0]
            yield (now - seen) * 1e3, ran - before
            seen = now
        time.sleep(GRAIN_MS / 1e3)
    eyes.hand.hold(False)
