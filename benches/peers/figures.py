"""The figures of the last run on each place: medians, and ratios inside the same round of the same run."""

from collections import defaultdict
from dataclasses import astuple, dataclass, fields
from statistics import median

from room import EXT4, TMPFS


@dataclass(frozen=True)
class Place:
    """What was backed up, and where to."""

    tree: str
    drive: str
    medium: str
    temperature: str
    # What the source lay on, and whether one program was measured after the other.
    source: str
    alone: bool

    def title(self):
        """It in words."""
        words = [self.tree, f"{self.drive} {'in memory' if self.medium == 'memory' else 'on a disk'}", self.temperature]
        if self.medium == "memory" and self.source != EXT4:
            words.append(f"source on {'tmpfs' if self.source == TMPFS else 'the disk'}")
        if self.alone:
            words.append("one after the other")
        return ", ".join(words)


class Figures:
    """Asked by place, scene and peer; what was never measured is `None`."""

    def __init__(self, runs):
        # The figures of each peer by place and scene, and then by round.
        self.rounds = defaultdict(dict)
        self.failures = {}
        self.files = {}
        self.bytes = {}
        # The last run in which each place was measured: figures of earlier ones may be of another program.
        self.last = {}
        self.headers = [header for header, _ in runs]
        for run, (_, records) in enumerate(runs):
            for record in records:
                self._take(run, record)

    def _take(self, run, record):
        place = Place(**{field.name: record[field.name] for field in fields(Place)})
        if self.last.setdefault(place, run) != run:
            self.last[place] = run
            for known in [self.rounds, self.failures]:
                for key in [key for key in known if key[0] == place]:
                    del known[key]
        self.files[place], self.bytes[place] = record["files"], record["bytes"]
        key = (place, record["scene"], record["peer"])
        if "failure" in record:
            self.failures[key] = record["failure"].splitlines()
            return
        self.rounds[key][run, record["round"], record["group"]] = record

    def places(self):
        """All that was measured, in a steady order."""
        return sorted(self.files, key=astuple)

    def peers(self, place, order):
        """Those that were measured there."""
        return [peer for peer in order if any(key[0] == place and key[2] == peer for key in self.rounds)]

    def header(self, place):
        """That of the run in which it was measured."""
        return self.headers[self.last[place]]

    def count_rounds(self, place):
        """How many rounds there were, at most."""
        return len({key[1] for (where, _, _), found in self.rounds.items() if where == place for key in found})

    def median(self, place, scene, peer, what="seconds"):
        """The median of all rounds."""
        known = [record[what] for record in self.rounds.get((place, scene, peer), {}).values()]
        return median(known) if known else None

    def ratio(self, place, scene, peer, other, what="seconds"):
        """The median of a peer's ratios to another one."""
        known = self.ratios(place, scene, peer, other, what)
        return median(known) if known else None

    def ratios(self, place, scene, peer, other, what="seconds"):
        """Each inside one round."""
        mine, others = (self.rounds.get((place, scene, name), {}) for name in [peer, other])
        return [mine[key][what] / max(others[key][what], 1e-9) for key in mine if key in others]

    def peak(self, place, scene, peer):
        """The peak memory, and whether it may be less because so little can't be told."""
        records = self.rounds.get((place, scene, peer), {}).values()
        if not records:
            return None
        peak = max(record["peak_bytes"] for record in records)
        return peak, peak <= max(record["least_peak_bytes"] for record in records)
