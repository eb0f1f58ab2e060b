"""How long the main loop of a program lets others wait, and what its main thread needs of the processor."""

import time
from dataclasses import dataclass
from pathlib import Path

from gi.repository import GLib

from controls import PREFIX, ROOT

# Between two questions: short beside what a person notices, long beside the answer.
PERIOD_SECONDS = 0.005


class Thread:
    """The main thread of a process."""

    def __init__(self, pid):
        self.file = Path(f"/proc/{pid}/task/{pid}/schedstat")

    def times(self):
        """For how long it ran, and for how long it was ready but others had the processor, in milliseconds."""
        ran, waited, _ = self.file.read_text().split()
        return int(ran) / 1e6, int(waited) / 1e6


@dataclass
class Answer:
    """To one question, in milliseconds: how long it took, for how much of that the main thread ran, or was ready but others
    had the processor; and when it was asked for, in seconds since the first."""

    took: float
    ran: float
    waited: float
    at: float


class Pinger:
    """Asks a program for its name again and again: only its main loop can answer."""

    def __init__(self, program, pid):
        self.program = program
        self.thread = Thread(pid)
        self.begun = None
        self.question = GLib.Variant("(ss)", (PREFIX + "Accessible", "Name"))

    def ask(self, answers):
        """Asks once, adds the answer to the others, and rests."""
        before, asked = self.thread.times(), time.monotonic()
        self.program.call(ROOT, "org.freedesktop.DBus.Properties", "Get", self.question)
        took, after = (time.monotonic() - asked) * 1e3, self.thread.times()
        self.begun = self.begun or asked
        answers.append(Answer(took, after[0] - before[0], after[1] - before[1], asked - self.begun))
        time.sleep(PERIOD_SECONDS)

    def ask_for(self, seconds, answers):
        """Asks again and again for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.ask(answers)


def memory_mb(pid, name="VmHWM"):
    """A figure of a process's memory in MB: by default the most that it ever had in use."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(f"{name}:"))
