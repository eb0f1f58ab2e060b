"""The report: targets, and a table for each tree, drive and temperature."""

from chart import write_chart
from figures import Figures
from peer import SCENES
from records import give_back
from targets import verdicts

MB = 10**6
ORDER = ["yore", "rsync", "restic", "borg", "rsnapshot", "cp", "floor"]
RATIOS = ["rsync", "restic", "cp", "floor"]

HEAD = """# Yore and others, measured

Made by `make bench` and `make bench-all` (`python3 benches/peers --help` says what can be chosen); not edited by hand. All programs of
a table were run in one run, each on an empty drive of its own; in turn, scene by scene, where nothing else is said. Times are medians of all
rounds, in seconds until the drive has everything (syncfs). A ratio is the median of those inside single rounds; after a target's, in brackets, are
the least and the greatest. Every copy and every restored tree was compared
with what it was made of (of more than 50,000 files that were backed up, those that had changed and each tenth by content; of those restored, all);
borg's and restic's backups by restoring them.

![Times](results.svg)
"""

NOTES = """## How to read it

- **nothing changed** is a snapshot made on request, which Yore otherwise leaves out; `cp -al` compares nothing at all.
- **1 % day**: nine of twenty changed files have another content, the others are new, deleted, renamed, touched or of another mode.
- **floor** does the least: it compares nothing and keeps no hard links and no times of folders. It is written simply; on btrfs, where threads wait for each other, Yore can be faster.
- The first backup comes a minute after the tree was made: Yore reads younger files again the next time. The day is backed up at once.
- Where one program is measured after the other, each backs up a day of its own, of the same kind.
- Drives have so much room that Yore need not count what it is going to write.
- Contents are random, so that nothing can be compressed and no two files are alike: restic and borg do better on others.
- Where no whole restore was measured, what restic and borg made was not checked, and of Yore's copies not the modes and times. After a deletion, the newest snapshot is compared again, and of borg and restic it is asked which ones are left.
- **cold**: caches were dropped before each command. **warm**: the source was read before each backup, and nothing before a restore.
- The source of a drive in memory lies on ext4 in memory; where that is said, on a tmpfs, which takes half as much of it, or on the disk. With a million files, the caches of a restore do not fit beside it.
- MB written are counted after a freeze, with what syncfs leaves in a journal.
- Peak memory is that of the largest process; where it says “<”, the harness itself is as large, and less can't be told.
- Images of drives in memory are files in a tmpfs; on a disk, loop devices pass by the cache of the disk's own file system, where it lets them.
- In memory, images are filled and free memory is touched before each command: a virtual machine may have to get it from its host first.
"""


def write_report(runs, folder):
    """Writes RESULTS.md and results.svg."""
    figures = Figures(runs)
    parts = [HEAD, target_table(figures), made_with(runs)]
    for place in figures.places():
        parts.append(table(figures, place))
    parts += [failures(figures), NOTES]
    results, picture = folder / "RESULTS.md", folder / "results.svg"
    folder.mkdir(parents=True, exist_ok=True)
    results.write_text("\n".join(part for part in parts if part), encoding="utf-8")
    write_chart(figures, ORDER, picture)
    for path in [results, picture]:
        give_back(path)


def made_with(runs):
    """Machines, versions and commands."""
    lines = ["## Made with", ""]
    machines = []
    peers = {}
    for header, _ in runs:
        one = header["machine"]
        words = f"{one['cores']} cores, {one['memory_gib']} GiB of memory, Linux {one['kernel']}"
        machines += [words] if words not in machines else []
        peers.update(header["peers"])
    lines += [f"- {words}" for words in machines]
    lines += ["", "| | version | command |", "| --- | --- | --- |"]
    for name in ORDER:
        if name in peers:
            lines.append(f"| {name} | {peers[name]['version']} | {peers[name]['command']} |")
    return "\n".join(lines) + "\n"


def target_table(figures):
    """Which targets are met."""
    told = verdicts(figures)
    if not told:
        return ""
    lines = ["## Targets", "", "| | target | on | measured | |", "| --- | --- | --- | --- | --- |"]
    for one in told:
        lines.append(f"| {one.what} | {one.limit} | {one.place.title()} | {one.found} | {one.words()} |")
    return "\n".join(lines) + "\n"


def table(figures, place):
    """Times with ratios, and then what else was measured."""
    peers = figures.peers(place, ORDER)
    ratios = [name for name in RATIOS if name in peers and "yore" in peers]
    content = f"{figures.files[place]:,} files, about {figures.bytes[place] / 10**9:.1f} GB"
    lines = [f"## {place.title()}", "", f"{content}; {made_when(figures, place)}. Seconds, and Yore's ratio to others:", ""]
    lines.append(row("", *peers, *(f"÷ {name}" for name in ratios)))
    lines.append(row("---", *["---:"] * (len(peers) + len(ratios))))
    for scene in SCENES:
        seconds = [number(figures.median(place, scene, peer), 2) for peer in peers]
        shares = [number(figures.ratio(place, scene, "yore", name), 3) for name in ratios]
        lines.append(row(scene, *seconds, *shares))
    lines += ["", "CPU seconds · peak memory in MB · MB written to the drive:", "", row("", *peers)]
    lines.append(row("---", *["---:"] * len(peers)))
    for scene in SCENES:
        lines.append(row(scene, *(rest(figures, place, scene, peer) for peer in peers)))
    return "\n".join(lines) + "\n"


def made_when(figures, place):
    """How often it was measured, when, and with which source."""
    header, rounds = figures.header(place), figures.count_rounds(place)
    day = header["begun"].partition("T")[0]
    source = f", of commit {header['source']}" if header["source"] else ""
    return f"{rounds} round{'s' if rounds != 1 else ''}, {day}{source}"


def row(*cells):
    return "| " + " | ".join(cells) + " |"


def number(value, digits):
    """A figure, or a dash for none."""
    return "–" if value is None else f"{value:.{digits}f}"


def rest(figures, place, scene, peer):
    """What a command took besides time."""
    cpu = figures.median(place, scene, peer, "cpu_seconds")
    if cpu is None:
        return "–"
    peak, may_be_less = figures.peak(place, scene, peer)
    written = figures.median(place, scene, peer, "written_bytes")
    return f"{cpu:.2f} · {'< ' if may_be_less else ''}{peak / MB:.0f} · {written / MB:.1f}"


def failures(figures):
    """What could not be measured."""
    if not figures.failures:
        return ""
    lines = ["## Not measured, or with a wrong result", ""]
    for (place, scene, peer), said in figures.failures.items():
        lines.append(f"- {peer}, {scene}, {place.title()}: {' '.join(said[:3])}")
    return "\n".join(lines) + "\n"
