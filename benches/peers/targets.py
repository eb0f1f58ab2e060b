"""The targets, and how far each is met, computed from the figures."""

from dataclasses import dataclass, replace
from statistics import median

from figures import Place
from peer import DAY, DELETE, FIRST, RESTORE, SCENES, UNCHANGED
from room import DISK, EXT4

MB = 10**6
FLOOR = 1.6
HUNDRED_THOUSAND, MILLION, IMAGE = "home:100000", "small:1000000", "image:1000"
TENTH = "small:100000"


@dataclass
class Verdict:
    """One target on one tree and drive."""

    what: str
    limit: str
    place: object
    found: str = "–"
    # How many times the limit is used up; at most 1 is met.
    share: float | None = None

    def words(self):
        """Met or missed, and by how much."""
        if self.share is None:
            return "not measured"
        if self.share <= 1:
            return "met"
        digits = 1 if self.share < 1.1 else 0
        return f"**missed** by {self.share - 1:.{digits}%}" if self.share < 3 else f"**missed** {self.share:.1f} times over"


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


# Where targets were set; what is not measured there is said.
WANTED = [
    (HUNDRED_THOUSAND, "ext4", "memory"),
    (MILLION, "ext4", "memory"),
    (IMAGE, "xfs", "memory"),
    (IMAGE, "btrfs", "memory"),
    ("home:20000", "ext4", "disk"),
]


def verdicts(figures):
    """All that the figures can tell."""
    told = []
    for place in wanted_places(figures):
        if place.tree.startswith("image"):
            told += image(figures, place)
        elif place.medium == "disk":
            told += on_disk(figures, place)
        elif place.drive == "ext4" and place.source != DISK:
            told += in_memory(figures, place)
    return told


def wanted_places(figures):
    """All that were measured, and those that should have been."""
    places = figures.places()
    fit = [place for place in places if place.medium == "disk" or place.source != DISK]
    for tree, drive, medium in WANTED:
        if not any((place.tree, place.drive, place.medium) == (tree, drive, medium) for place in fit):
            places.append(Place(tree, drive, medium, "warm", EXT4 if medium == "memory" else DISK, False))
    return places


def compared(figures, place, scene, other, most, written, what="seconds"):
    """A target against another program; with several rounds, the lowest and highest ratio, too."""
    found = figures.ratios(place, scene, "yore", other, what)
    verdict = Verdict(f"{scene}, ÷ {other}", f"≤ {written}", place)
    if found:
        middle = median(found)
        spread = f" ({min(found):.3f}–{max(found):.3f})" if len(found) > 1 else ""
        verdict.found, verdict.share = f"{middle:.3f}{spread}", middle / most
    return verdict


def in_memory(figures, place):
    """Against the others, on ext4 in memory."""
    for scene, other, most, written in RATIOS:
        yield compared(figures, place, scene, other, most, written)
    removed = next((name for name in ["rsync", "cp"] if figures.median(place, DELETE, name)), "cp")
    deleted = compared(figures, place, DELETE, removed, 1, "1")
    yield replace(deleted, what=f"{DELETE}, ÷ rm -rf")
    written = compared(figures, place, UNCHANGED, "cp", 1, "1", "written_bytes")
    yield replace(written, what="bytes written when nothing changed, ÷ cp -al")
    if place.tree == MILLION:
        yield memory(figures, place)
        yield from cost_per_file(figures, place)


def on_disk(figures, place):
    """On a disk the floor is the measure."""
    for scene in [FIRST, UNCHANGED, RESTORE, DELETE]:
        yield compared(figures, place, scene, "floor", FLOOR, str(FLOOR))


def memory(figures, place):
    """The peak of all scenes."""
    verdict = Verdict("peak memory", "≤ 120 MB", place)
    peaks = [(figures.peak(place, scene, "yore"), scene) for scene in SCENES]
    known = [(peak[0], scene) for peak, scene in peaks if peak]
    if known:
        peak, scene = max(known)
        verdict.found, verdict.share = f"{peak / MB:.0f} MB ({scene})", peak / (120 * MB)
    return verdict


def image(figures, place):
    """What a changed page costs, where blocks can be shared."""
    if place.drive not in ["xfs", "btrfs"]:
        return
    verdict = Verdict("1 % of a large file changed: bytes written", "≤ 3 %", place)
    written = figures.median(place, DAY, "yore", "written_bytes")
    if written is not None:
        share = written / figures.bytes[place]
        verdict.found, verdict.share = f"{share:.1%}", share / 0.03
    yield verdict


def cost_per_file(figures, place):
    """From a hundred thousand to a million files of the same kind, and what becomes of the floor meanwhile."""
    fewer = replace(place, tree=TENTH)
    for scene in [FIRST, UNCHANGED, DAY]:
        verdict = Verdict(f"cost per file from 10⁵ to 10⁶, {scene}", "≤ 1.15", place)
        grown, floor = (growth(figures, fewer, place, scene, peer) for peer in ["yore", "floor"])
        if grown is not None:
            beside = "" if floor is None else f" (the floor: {floor:.2f})"
            verdict.found, verdict.share = f"{grown:.2f}{beside}", grown / 1.15
        yield verdict


def growth(figures, fewer, more, scene, peer):
    """How many times more a file costs of many than of few."""
    few, many = (figures.median(place, scene, peer) for place in [fewer, more])
    return None if few is None or many is None else (many / figures.files[more]) / (few / figures.files[fewer])
