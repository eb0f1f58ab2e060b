"""Flame graphs of what Yore does, by perf and inferno."""

import subprocess
from dataclasses import replace

from apart import Failure
from records import give_back

# Odd, so that it doesn't keep step with the kernel's clock.
SAMPLES_A_SECOND = 2999
TOOLS = ["perf", "inferno-collapse-perf", "inferno-flamegraph"]


class Flames:
    """A folder with a graph for each scene."""

    def __init__(self, folder):
        # Commands run elsewhere.
        self.folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)

    def record(self, command, scene):
        """The same command, watched by perf. Only programs with frame pointers tell who called whom."""
        options = ["--quiet", "--call-graph", "fp", "--freq", str(SAMPLES_A_SECOND), "--output", self.samples(scene)]
        return replace(command, words=["perf", "record", *map(str, options), "--", *command.words])

    def draw(self, scene):
        """Makes a graph of what was recorded."""
        said, graph = self.samples(scene), self.samples(scene).with_suffix(".svg")
        with open(graph, "wb") as out:
            pipe(
                ["perf", "script", "--input", str(said)],
                ["inferno-collapse-perf", "--all"],
                ["inferno-flamegraph", "--title", scene],
                out=out,
            )
        said.unlink()
        give_back(graph)

    def samples(self, scene):
        name = scene.replace(" %", "%").replace(" ", "-")
        return self.folder / f"{name}.perf"


def pipe(*commands, out):
    """Runs commands, each reading what the one before says."""
    running, before = [], None
    for words in commands:
        to = out if words is commands[-1] else subprocess.PIPE
        process = subprocess.Popen(words, stdin=before, stdout=to, stderr=subprocess.DEVNULL)
        if before:
            before.close()
        running.append(process)
        before = process.stdout
    for words, process in zip(commands, running):
        if process.wait() != 0:
            raise Failure(f"{words[0]} ended with {process.returncode}")
