"""What happens in a day to 1 % of a tree: edits, new, deleted, renamed, touched files and other modes."""

import os
import random
from pathlib import Path

ONE_IN = 100
PAGE_BYTES = 4096

# Of twenty files that something happens to.
HAPPENINGS = ["append"] * 4 + ["rewrite"] * 5 + ["new"] * 4 + ["delete"] * 3 + ["rename"] * 2 + ["touch", "mode"]


def files(top):
    """The path of every file, in an order that is always the same."""
    waiting = [str(top)]
    while waiting:
        with os.scandir(waiting.pop()) as listed:
            entries = sorted(listed, key=lambda entry: entry.name)
        yield from (entry.path for entry in entries if entry.is_file(follow_symlinks=False))
        # The first one is the next.
        waiting += (entry.path for entry in reversed(entries) if entry.is_dir(follow_symlinks=False))


def change_files(top, seed):
    """Lets something happen to one file in a hundred; to one at least."""
    chance = random.Random(f"day {seed}")
    at = chance.randrange(ONE_IN)
    picked = [path for number, path in enumerate(files(top)) if number % ONE_IN == at]
    picked = picked or [next(files(top))]
    for number, path in enumerate(picked):
        HAPPEN[HAPPENINGS[number * 7 % len(HAPPENINGS)]](Path(path), chance)


def append(path, chance):
    with open(path, "ab") as out:
        out.write(chance.randbytes(100))


def rewrite(path, chance):
    """As most programs save: a new file takes the name."""
    stat = path.stat()
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_bytes(chance.randbytes(min(stat.st_size, 1 << 20)))
    fresh.chmod(stat.st_mode & 0o7777)
    fresh.rename(path)


def new(path, chance):
    path.with_name(f"{path.name}.{chance.randrange(10**9)}").write_bytes(chance.randbytes(chance.randrange(100, 8000)))


def delete(path, chance):
    path.unlink()


def rename(path, chance):
    path.rename(path.with_name(f"renamed {chance.randrange(10**9)}"))


def touch(path, chance):
    os.utime(path)


def mode(path, chance):
    path.chmod(path.stat().st_mode & 0o7777 ^ 0o020)


HAPPEN = {happening.__name__: happening for happening in [append, rewrite, new, delete, rename, touch, mode]}


def change_pages(path, seed):
    """Writes over 1 % of a file's pages, wherever they are."""
    chance = random.Random(f"day {seed}")
    pages = path.stat().st_size // PAGE_BYTES
    with open(path, "r+b") as out:
        for page in sorted(chance.sample(range(pages), max(1, pages // ONE_IN))):
            out.seek(page * PAGE_BYTES)
            out.write(chance.randbytes(PAGE_BYTES))
