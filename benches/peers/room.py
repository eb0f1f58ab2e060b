"""What fits at once, and who is measured in turn with whom."""

import os
from dataclasses import dataclass

MB = 1 << 20
# A part stays for the caches, the programs and everyone else.
USABLE = 0.9
# What a file system takes for itself.
FIXED_BYTES = 200 * MB
# What a folder takes in each snapshot of a plain tree.
FOLDER_BYTES = 4352


def free_bytes(medium, parent):
    """What may be taken there."""
    stat = os.statvfs(parent)
    free = stat.f_bavail * stat.f_frsize
    if medium == "memory":
        lines = dict(line.split(":") for line in open("/proc/meminfo"))
        free = min(free, int(lines["MemAvailable"].split()[0]) * 1024)
    return int(free * USABLE)


def peer_bytes(tree, peer):
    """What a peer's drive takes for a few snapshots of the tree."""
    if peer.is_plain:
        return int(tree.drive_bytes() * 1.05) + 2 * tree.folders() * FOLDER_BYTES + FIXED_BYTES
    return int(tree.content_bytes() * 1.1) + tree.files * 400 + FIXED_BYTES


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

    def bytes(self, tree):
        """Besides the peers' drives."""
        return (self.has_source + self.restores) * (tree.drive_bytes() + FIXED_BYTES)


def groups(tree, peers, room_bytes, way):
    """Who is measured together. Figures are only comparable inside a group, so each has the first peer in it."""
    first, others = peers[0], peers[1:]
    base = way.bytes(tree) + peer_bytes(tree, first)
    need = max((base + peer_bytes(tree, peer) for peer in others), default=base)
    if base > room_bytes:
        return Groups([], list(peers), need)
    made, left_out = [], []
    for peer in others:
        for group in made:
            if base + sum(peer_bytes(tree, one) for one in [*group[1:], peer]) <= room_bytes:
                group.append(peer)
                break
        else:
            if base + peer_bytes(tree, peer) <= room_bytes:
                made.append([first, peer])
            else:
                left_out.append(peer)
    if not others:
        made = [[first]]
    return Groups(made, left_out, need)


def best_groups(tree, peers, room_bytes, medium):
    """The groups, and the way, in which most is measured."""
    ways = [Way()]
    if medium == "memory":
        ways += [Way(has_source=False), Way(has_source=False, restores=False)]
    tried = [(groups(tree, peers, room_bytes, way), way) for way in ways]
    # The first one of those that leave the fewest out.
    return min(tried, key=lambda one: len(one[0].left_out))
