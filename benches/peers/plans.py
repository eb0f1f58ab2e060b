"""What is measured, and what is left out and why, known before anything is made."""

import sys
from dataclasses import dataclass

from peer import FILE, RESTORE, SCENES
from room import DISK, Way, best_groups, free_bytes, least_bytes
from session import Setting

GB = 10**9


@dataclass
class Plan:
    """A tree on a medium, with all that is measured there."""

    tree: object
    kinds: list
    temperatures: list
    rounds: int
    groups: list
    way: Way
    # Whether all programs and scenes are in it.
    is_whole: bool

    @property
    def scenes(self):
        """Those there is room for. One file of a tree of one is no other scene than the whole."""
        left_out = [] if self.way.restores else [RESTORE, FILE]
        if self.tree.files == 1:
            left_out.append(FILE)
        return [scene for scene in SCENES if scene not in left_out]

    def settings(self, source):
        """Every round of every kind of drive, warm and cold."""
        for round in range(self.rounds):
            for kind in self.kinds:
                for temperature in self.temperatures:
                    yield Setting(source, kind, self.way, temperature, round, self.scenes)


def plan_all(arguments, peers, place):
    """The plans that fit; says what each is, and what does not fit."""
    plans = []
    for tree in arguments.trees:
        for medium in arguments.media:
            plan = plan_one(arguments, tree, medium, peers, place)
            smaller = tree.instead()
            if smaller and not (plan and plan.is_whole):
                say(f"{smaller.label} on {medium} instead of {tree.label}")
                plan = plan_one(arguments, smaller, medium, peers, place)
            plans += [plan] if plan else []
    return plans


def plan_one(arguments, tree, medium, peers, place):
    """The plan for a tree on a medium; none if it does not fit there."""
    room = free_bytes(medium, place.disk)
    source = arguments.source if medium == "memory" else DISK
    wanted = Way(medium, source, least_bytes(arguments.drives), arguments.alone)
    made, way = best_groups(tree, peers, room, wanted)
    where = f"{tree.label} on {medium}"
    if way.source == DISK and free_bytes(DISK, place.disk) < tree.drive_bytes():
        say(f"{where}: no room for the source on the disk: {gb(tree.drive_bytes())} are needed")
        return None
    if made.left_out:
        names = ", ".join(peer.name for peer in made.left_out)
        say(f"{where}: no room for {names}: {gb(made.need_bytes)} are needed, {gb(room)} may be used")
    if not made.groups:
        return None
    if not way.restores:
        say(f"{where}: nothing is restored, for there is no room for it")
    turn = "one after the other" if way.alone else "in turn"
    for group in made.groups:
        say(f"{where}, {', '.join(arguments.drives)}: {', '.join(peer.name for peer in group)} {turn}")
    is_whole = way.restores and not made.left_out
    return Plan(tree, arguments.drives, arguments.temperatures, arguments.rounds, made.groups, way, is_whole)


def gb(count):
    return f"{count / GB:.1f} GB"


def say(line):
    print(f"bench: {line}", file=sys.stderr)
