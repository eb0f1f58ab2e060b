"""What fits at once, and who is measured in turn with whom."""

import os
from dataclasses import dataclass, replace

from trees import INODE_BYTES

MB = 1 << 20
# What a source may lie on.
EXT4, TMPFS, DISK = "ext4", "tmpfs", "disk"
# A part stays for the programs and everyone else.
USABLE = 0.9
# What a file system takes for itself; of XFS 200 MB were too few.
FIXED_BYTES = 300 * MB
# What a folder takes in each snapshot of a plain tree.
FOLDER_BYTES = 4352
# Yore looks at the source twice where less than a tenth is free, or less than four times what it expects to need:
# that is at most 450 bytes an entry and a hundredth of the drive. No drive that is fit for backups is so small.
ROOMY = 1.15
ENTRY_BYTES = 2000
# What programs that pack want free before they pack anew.
PACKING_BYTES = 600 * MB
# Smaller file systems can't be made of every kind; on a small XFS, which sets room aside for files that may grow, a restore
# may not end, and a small btrfs makes all who write wait for room for its metadata.
LEAST_BYTES = {"ext4": 512 * MB, "xfs": 2 << 30, "btrfs": 4 << 30}


def free_bytes(medium, parent):
    """What may be taken there."""
    if medium == "memory":
        lines = dict(line.split(":") for line in open("/proc/meminfo"))
        free = int(lines["MemAvailable"].split()[0]) * 1024
    else:
        stat = os.statvfs(parent)
        free = stat.f_bavail * stat.f_frsize
    return int(free * USABLE)


def inodes(tree):
    """How many a drive has: enough for three snapshots."""
    return 2 * tree.files + 5 * tree.folders() + 50_000


def least_bytes(kinds):
    """How large a drive is at least, of any of these kinds."""
    return max(LEAST_BYTES[kind] for kind in kinds)


def peer_bytes(tree, peer, least):
    """How large a peer's drive is: it has ample room for a few snapshots of the tree."""
    if peer.is_plain:
        written = tree.drive_bytes() + tree.day_bytes() + 2 * tree.folders() * FOLDER_BYTES
        spare = (tree.files + tree.folders()) * ENTRY_BYTES
    else:
        written = tree.content_bytes() * 1.1 + tree.day_bytes() + tree.files * 400
        spare = PACKING_BYTES
    return max(int((written + FIXED_BYTES) * ROOMY) + inodes(tree) * INODE_BYTES + spare, least)


def target_bytes(tree, least):
    """How large a drive is that the tree is restored to."""
    return max(int((tree.drive_bytes() + FIXED_BYTES) * ROOMY) + inodes(tree) * INODE_BYTES, least)


@dataclass
class Groups:
    """Peers that are measured in turn, all with the first one; those that don't fit even so; what the largest one needs."""

    groups: list
    left_out: list
    need_bytes: int


@dataclass(frozen=True)
class Way:
    """What a plan puts where."""

    # Of drives and sources: memory, disk.
    medium: str
    # What the source lies on: an ext4 drive in memory, memory itself (tmpfs), or the disk.
    source: str
    # How large a drive is at least.
    least_bytes: int
    # Not side by side, each scene in turn, but one program after the other, all its scenes at once.
    alone: bool = False
    restores: bool = True

    def bytes(self, tree, peers):
        """What all takes together. In memory, what is read of a drive or written to it is there once more, as cache:
        else it would depend on whose turn it is who finds his files there, and who has to make room. A tmpfs is a cache
        itself. No caches are promised to a restore."""
        held = tree.drive_bytes()
        in_memory = self.medium == "memory"
        source = {EXT4: held + FIXED_BYTES, TMPFS: held, DISK: 0 if in_memory else held}[self.source]
        caches = in_memory * held * (len(peers) + (self.source != TMPFS))
        drives = sum(peer_bytes(tree, peer, self.least_bytes) for peer in peers)
        return source + drives + max(caches, self.restores * target_bytes(tree, self.least_bytes))


def groups(tree, peers, room_bytes, way):
    """Who is measured together. Figures are only comparable inside a group, so each has the first peer in it."""
    first, others = peers[0], peers[1:]
    need = {peer: way.bytes(tree, [peer] if way.alone or peer is first else [first, peer]) for peer in peers}
    if need[first] > room_bytes:
        return Groups([], list(peers), max(need.values()))
    left_out = [peer for peer in others if need[peer] > room_bytes]
    if way.alone:
        return Groups([[peer for peer in peers if peer not in left_out]], left_out, max(need.values()))
    made = []
    for peer in [peer for peer in others if peer not in left_out]:
        for group in made:
            if way.bytes(tree, [*group, peer]) <= room_bytes:
                group.append(peer)
                break
        else:
            made.append([first, peer])
    return Groups(made or [[first]], left_out, max(need.values()))


def best_groups(tree, peers, room_bytes, way):
    """The groups, and the way, in which most is measured."""
    ways = [way]
    if way.medium == "memory":
        ways.append(replace(way, restores=False))
    tried = [(groups(tree, peers, room_bytes, way), way) for way in ways]
    # The first one of those that leave the fewest out.
    return min(tried, key=lambda one: len(one[0].left_out))
