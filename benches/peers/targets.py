"""The targets, and how far each is met, computed from the figures."""

from dataclasses import dataclass

from peer import DAY, DELETE, FIRST, RESTORE, SCENES, UNCHANGED

MB = 10**6
FLOOR = 1.6


@dataclass
class Verdict:
    """One target on one tree and drive."""

    what: str
    limit: str
    place: object
    found: str
    # How many times the limit is used up; at most 1 is met.
    share: float

    def words(self):
        """Met or missed, and by how much."""
        if self.share <= 1:
            return "met"
        return f"**missed** by {self.share - 1:.0%}" if self.share < 3 else f"**missed** {self.share:.1f} times over"


# Scene, the other one, the greatest ratio, how it is written.
RATIOS = [
    (UNCHANGED, "rsync", 1 / 12, "1/12"),
    (UNCHANGED, "restic", 1 / 4, "1/4"),
    (UNCHANGED, "floor", FLOOR, "1.6"),
    (DAY, "rsync", 1 / 10, "1/10"),
    (DAY, "restic", 1 / 3, "1/3"),
    (FIRST, "rsync", 0.5, "0.5"),
    (FIRST, "cp", 0.75, "0.75"),
    (RESTORE, "cp", 0.8, "0.8"),
]


def verdicts(figures):
    """All that the figures can tell."""
    told = []
    for place in figures.places():
        if place.tree.startswith("image"):
            told += image(figures, place)
        elif place.medium == "disk":
            told += on_disk(figures, place)
        elif place.drive == "ext4":
            told += in_memory(figures, place)
    return told + list(cost_per_file(figures))


def compared(figures, place, scene, other, most, written):
    """A target of time against another program."""
    ratio = figures.ratio(place, scene, "yore", other)
    if ratio is not None:
        yield Verdict(f"{scene}, ÷ {other}", f"≤ {written}", place, f"{ratio:.3f}", ratio / most)


def in_memory(figures, place):
    """Against the others, on ext4 in memory."""
    for scene, other, most, written in RATIOS:
        yield from compared(figures, place, scene, other, most, written)
    removed = next((name for name in ["rsync", "cp"] if figures.median(place, DELETE, name)), None)
    if removed:
        for verdict in compared(figures, place, DELETE, removed, 1, "1"):
            verdict.what = f"{DELETE}, ÷ rm -rf"
            yield verdict
    ratio = figures.ratio(place, UNCHANGED, "yore", "cp", "written_bytes")
    if ratio is not None:
        yield Verdict("bytes written when nothing changed, ÷ cp -al", "≤ 1", place, f"{ratio:.3f}", ratio)
    yield from memory(figures, place)


def on_disk(figures, place):
    """On a disk the floor is the measure."""
    for scene in [FIRST, UNCHANGED, RESTORE, DELETE]:
        yield from compared(figures, place, scene, "floor", FLOOR, str(FLOOR))


def memory(figures, place):
    """The peak of all scenes, where there are a million files."""
    if figures.files[place] < MB:
        return
    peaks = [(figures.peak(place, scene, "yore"), scene) for scene in SCENES]
    known = [(peak[0], scene) for peak, scene in peaks if peak]
    if known:
        peak, scene = max(known)
        yield Verdict("peak memory", "≤ 120 MB", place, f"{peak / MB:.0f} MB ({scene})", peak / (120 * MB))


def image(figures, place):
    """What a changed page costs, where blocks can be shared."""
    written = figures.median(place, DAY, "yore", "written_bytes")
    if place.drive in ["xfs", "btrfs"] and written is not None:
        share = written / figures.bytes[place]
        yield Verdict("1 % of a large file changed: bytes written", "≤ 3 %", place, f"{share:.1%}", share / 0.03)


def cost_per_file(figures):
    """From a hundred thousand to a million files of the same kind."""
    for place in figures.places():
        if not place.tree.startswith("small:") or figures.files[place] != MB:
            continue
        fewer = type(place)("small:100000", place.drive, place.medium, place.temperature)
        for scene in [FIRST, UNCHANGED, DAY]:
            many, few = (figures.median(where, scene, "yore") for where in [place, fewer])
            if many and few:
                growth = (many / figures.files[place]) / (few / figures.files[fewer])
                yield Verdict(f"cost per file from 10⁵ to 10⁶, {scene}", "≤ 1.15", place, f"{growth:.2f}", growth / 1.15)
