"""The figures of the last run on each place: medians, and ratios inside the same round of the same run."""

from collections import defaultdict
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Place:
    """What was backed up, and where to."""

    tree: str
    drive: str
    medium: str
    temperature: str


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
        for run, (_, records) in enumerate(runs):
            for record in records:
                self._take(run, record)

    def _take(self, run, record):
        place = Place(*(record[name] for name in ["tree", "drive", "medium", "temperature"]))
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
        return sorted(self.files, key=lambda place: (place.tree, place.medium, place.drive, place.temperature))

    def peers(self, place, order):
        """Those that were measured there."""
        return [peer for peer in order if any(key[0] == place and key[2] == peer for key in self.rounds)]

    def median(self, place, scene, peer, what="seconds"):
        """The median of all rounds."""
        known = [record[what] for record in self.rounds.get((place, scene, peer), {}).values()]
        return median(known) if known else None

    def ratio(self, place, scene, peer, other, what="seconds"):
        """The median of a peer's ratios to another one, each inside one round."""
        mine, others = (self.rounds.get((place, scene, name), {}) for name in [peer, other])
        known = [mine[key][what] / max(others[key][what], 1e-9) for key in mine if key in others]
        return median(known) if known else None

    def peak(self, place, scene, peer):
        """The peak memory, and whether it may be less because so little can't be told."""
        records = self.rounds.get((place, scene, peer), {}).values()
        if not records:
            return None
        peak = max(record["peak_bytes"] for record in records)
        return peak, peak <= max(record["least_peak_bytes"] for record in records)
