"""What fits at once, and who is measured in turn with whom."""

import os
from dataclasses import dataclass, replace

MB = 1 << 20
# A part stays for the programs and everyone else.
USABLE = 0.9
# What a file system takes for itself.
FIXED_BYTES = 200 * MB
# What a folder takes in each snapshot of a plain tree.
FOLDER_BYTES = 4352
# Yore looks at the source twice where less than a tenth is free, or less than four times what it expects to need:
# that is at most 450 bytes an entry and a hundredth of the drive. No drive that is fit for backups is so small.
ROOMY = 1.15
ENTRY_BYTES = 2000
# What programs that pack want free before they pack anew.
PACKING_BYTES = 600 * MB
# Smaller file systems can't be made of every kind.
LEAST_BYTES = 512 * MB


def free_bytes(medium, parent):
    """What may be taken there."""
    stat = os.statvfs(parent)
    free = stat.f_bavail * stat.f_frsize
    if medium == "memory":
        lines = dict(line.split(":") for line in open("/proc/meminfo"))
        free = min(free, int(lines["MemAvailable"].split()[0]) * 1024)
    return int(free * USABLE)


def peer_bytes(tree, peer):
    """How large a peer's drive is: it has ample room for a few snapshots of the tree."""
    if peer.is_plain:
        written = tree.drive_bytes() + tree.day_bytes() + 2 * tree.folders() * FOLDER_BYTES
        spare = (tree.files + tree.folders()) * ENTRY_BYTES
    else:
        written = tree.content_bytes() * 1.1 + tree.day_bytes() + tree.files * 400
        spare = PACKING_BYTES
    return max(int((written + FIXED_BYTES) * ROOMY) + spare, LEAST_BYTES)


def target_bytes(tree):
    """How large a drive is that the tree is restored to."""
    return max(int((tree.drive_bytes() + FIXED_BYTES) * ROOMY), LEAST_BYTES)


@dataclass
class Groups:
    """Peers that are measured in turn, all with the first one; those that don't fit even so; what the largest one needs."""

    groups: list
    left_out: list
    need_bytes: int


@dataclass(frozen=True)
class Way:
    """What else takes room: whether the source is there, and what is restored."""

    has_source: bool = True
    restores: bool = True
    # Not side by side, each scene in turn, but one program after the other, all its scenes at once.
    alone: bool = False
    # The drives lie in memory: what is read of them or written to them is there once more, as cache. Else it would
    # depend on whose turn it is who finds his files there, and who has to make room.
    cached: bool = False

    def bytes(self, tree):
        """Besides the peers' drives. The source need not be cached while there is a restore."""
        source = self.has_source * (tree.drive_bytes() + FIXED_BYTES)
        return source + max(self.cached * tree.drive_bytes(), self.restores * target_bytes(tree))

    def peer_bytes(self, tree, peer):
        """A peer's drive."""
        return peer_bytes(tree, peer) + self.cached * tree.drive_bytes()


def groups(tree, peers, room_bytes, way):
    """Who is measured together. Figures are only comparable inside a group, so each has the first peer in it."""
    if way.alone:
        return one_by_one(tree, peers, room_bytes, way)
    first, others = peers[0], peers[1:]
    base = way.bytes(tree) + way.peer_bytes(tree, first)
    need = max((base + way.peer_bytes(tree, peer) for peer in others), default=base)
    if base > room_bytes:
        return Groups([], list(peers), need)
    made, left_out = [], []
    for peer in others:
        for group in made:
            if base + sum(way.peer_bytes(tree, one) for one in [*group[1:], peer]) <= room_bytes:
                group.append(peer)
                break
        else:
            if base + way.peer_bytes(tree, peer) <= room_bytes:
                made.append([first, peer])
            else:
                left_out.append(peer)
    if not others:
        made = [[first]]
    return Groups(made, left_out, need)


def one_by_one(tree, peers, room_bytes, way):
    """All whose drives fit by themselves, as one group."""
    need = {peer: way.bytes(tree) + way.peer_bytes(tree, peer) for peer in peers}
    fitting = [peer for peer in peers if need[peer] <= room_bytes]
    left_out = [peer for peer in peers if peer not in fitting]
    return Groups([fitting] if fitting else [], left_out, max(need.values()))


def best_groups(tree, peers, room_bytes, medium, alone=False):
    """The groups, and the way, in which most is measured."""
    in_memory = medium == "memory"
    ways = [Way(alone=alone, cached=in_memory)]
    if in_memory:
        ways += [replace(ways[0], has_source=False), replace(ways[0], has_source=False, restores=False)]
    tried = [(groups(tree, peers, room_bytes, way), way) for way in ways]
    # The first one of those that leave the fewest out.
    return min(tried, key=lambda one: len(one[0].left_out))
