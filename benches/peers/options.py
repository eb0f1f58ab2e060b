"""What the harness is asked for."""

import argparse
import os
import shutil
from pathlib import Path

from flames import TOOLS, Flames
from own import Floor, Yore
from packed import Borg, Restic
from plain import Cp, Rsnapshot, Rsync
from room import DISK, EXT4, TMPFS
from trees import TREES, tree_of

# The most telling first: where not all fit together, the last ones are measured apart.
PEERS = {peer.name: peer for peer in [Yore, Rsync, Restic, Cp, Floor, Borg, Rsnapshot]}
KINDS = ["ext4", "xfs", "btrfs"]
PROJECT = Path(__file__).resolve().parents[2]

EPILOG = """trees: home, small, large, image, real; each with :COUNT files (image: MB), as home:20000.
Figures are kept in target/bench, line by line; the report is made of all of them. What does not fit into memory or on
the disk is left out, and said; --alone and --source tmpfs take less. Where peers don't fit together, they are measured in
groups, each with Yore."""


def parse():
    """The options, checked."""
    parser = argparse.ArgumentParser(
        prog="benches/peers",
        description="Measures Yore against other programs, in turn, on drives of its own. Needs root.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    listed = lambda text: [word for word in text.split(",") if word]  # noqa: E731
    parser.add_argument("--trees", type=listed, default=["home", "real"], help="home,real if nothing is said")
    parser.add_argument("--drives", type=listed, default=["ext4"], help="of ext4,xfs,btrfs")
    parser.add_argument("--media", type=listed, default=["memory"], help="of memory,disk")
    parser.add_argument("--temperatures", type=listed, default=["warm"], help="of warm,cold (caches dropped)")
    parser.add_argument("--peers", type=listed, default=list(PEERS), help=f"of {','.join(PEERS)}")
    parser.add_argument("--rounds", type=int, default=3, help="the median counts (3)")
    parser.add_argument("--alone", action="store_true", help="one program after the other: for trees that nearly fill the memory")
    lies_on = "what the source lies on, for drives in memory: ext4 in memory (so if nothing is said), a tmpfs, which takes half as much, or the disk"
    parser.add_argument("--source", choices=[EXT4, TMPFS, DISK], default=EXT4, help=lies_on)
    parser.add_argument("--files", type=int, help="for home and small, where no :COUNT is said")
    parser.add_argument("--real", default="/usr", help="which tree real is a copy of (/usr)")
    parser.add_argument("--disk", type=Path, default=Path("/var/tmp"), help="a folder on the disk to measure on")
    parser.add_argument("--yore", type=Path, help="the program, as released")
    parser.add_argument("--floor", type=Path, help="the program of benches/floor; found beside yore")
    parser.add_argument("--figures", type=Path, default=target() / "bench", help="where figures are kept")
    parser.add_argument("--results", type=Path, default=PROJECT / "benches", help="where RESULTS.md goes")
    parser.add_argument("--flames", type=Path, help="draw flame graphs of Yore into this folder, and measure nobody else")
    parser.add_argument("--plan", action="store_true", help="only say what would be measured, and what left out")
    parser.add_argument("--report", action="store_true", help="only write the report of all kept figures again")
    arguments = parser.parse_args()
    check(parser, arguments)
    return arguments


def check(parser, arguments):
    """Turns words into what they stand for."""
    for words, known, what in [
        (arguments.drives, KINDS, "drives"),
        (arguments.media, ["memory", "disk"], "media"),
        (arguments.temperatures, ["warm", "cold"], "temperatures"),
        (arguments.peers, PEERS, "peers"),
        ([text.partition(":")[0] for text in arguments.trees], TREES, "trees"),
    ]:
        for word in words:
            if word not in known:
                parser.error(f"--{what}: {word} is none of {', '.join(known)}")
    if arguments.source == TMPFS and "cold" in arguments.temperatures:
        parser.error("--source tmpfs: what lies there is never cold")
    if arguments.report:
        return
    if os.geteuid() != 0:
        parser.error("this mounts drives, so it needs root")
    arguments.yore = (arguments.yore or target() / "release/yore").resolve()
    Yore.program = str(arguments.yore)
    Floor.program = str(arguments.floor.resolve() if arguments.floor else newest_floor(arguments.yore))
    if arguments.files:
        sized = {"home", "small"}
        arguments.trees = [f"{text}:{arguments.files}" if text in sized else text for text in arguments.trees]
    try:
        arguments.trees = [tree_of(text, arguments.real) for text in arguments.trees]
    except ValueError as error:
        parser.error(str(error))
    arguments.disk = arguments.disk.resolve()
    if arguments.flames:
        for tool in TOOLS:
            if not shutil.which(tool):
                parser.error(f"--flames: {tool} is not here")
        Yore.flames = Flames(arguments.flames)
        # Who is watched is slower.
        arguments.peers, arguments.rounds, arguments.figures = [Yore.name], 1, arguments.flames


def target():
    """Where cargo builds."""
    return Path(os.environ.get("CARGO_TARGET_DIR", PROJECT / "target"))


def newest_floor(yore):
    """Cargo puts it beside yore, with a hash behind its name; nothing if it was not built."""
    found = [path for path in yore.parent.glob("deps/floor-*") if path.suffix != ".d"]
    return max(found, key=lambda path: path.stat().st_mtime, default="")
