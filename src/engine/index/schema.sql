-- Which repository this index is of. The lineage is made up with the index, the generation counts its transactions: two copies
-- with equal ones hold the same.
CREATE TABLE head (
    repository BLOB NOT NULL,
    lineage BLOB NOT NULL,
    generation INTEGER NOT NULL
);

-- Snapshots that were committed; state: 0 good, 1 damaged, 2 missing from the drive, 3 pruned. Times are milliseconds since 1970;
-- same_at: when a later run found nothing new; pruned_at: when it was deleted; kind: why it was made, 0 by schedule, 1 by hand,
-- 2 before and 3 after something else, 4 taken over; boot: the UUID of the boot in which it was made, if it is known.
CREATE TABLE snapshot (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    started INTEGER NOT NULL,
    finished INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    files INTEGER NOT NULL,
    total_bytes INTEGER NOT NULL,
    copied_bytes INTEGER NOT NULL,
    problems INTEGER NOT NULL,
    state INTEGER NOT NULL,
    same_at INTEGER,
    pinned INTEGER NOT NULL,
    label TEXT,
    rules INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    boot BLOB,
    pruned_at INTEGER
);

-- What snapshots left out: the lines of their seals as a JSON array, each set of rules once.
CREATE TABLE rules (
    id INTEGER PRIMARY KEY,
    lines TEXT NOT NULL UNIQUE
);

-- Folders among the snapshots that can't be taken in, so that they are not tried anew at each opening.
CREATE TABLE unusable (
    name TEXT PRIMARY KEY
) WITHOUT ROWID;

-- What each snapshot protected.
CREATE TABLE source (
    snapshot INTEGER NOT NULL,
    id BLOB NOT NULL,
    path BLOB NOT NULL,
    PRIMARY KEY (snapshot, id)
) WITHOUT ROWID;

-- Names of entries, each once.
CREATE TABLE name (
    id INTEGER PRIMARY KEY,
    name BLOB NOT NULL UNIQUE
);

-- The same for searching, by their numbers. Each begins with two marks (U+0002), so that the trigrams with a mark in them are an index
-- of how names begin.
CREATE VIRTUAL TABLE name_text USING fts5(text, content='', columnsize=0, detail=none, tokenize='trigram');

-- Paths, interned: each name once below its parent, whose number is the smaller one. Node 1 is the root of the tree.
CREATE TABLE node (
    id INTEGER PRIMARY KEY,
    parent INTEGER NOT NULL,
    name INTEGER NOT NULL,
    UNIQUE (parent, name)
);

-- States of a path, each from a first to a last snapshot; last is 9223372036854775807 while it still holds.
CREATE TABLE version (
    node INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    mode INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    gid INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    device INTEGER,
    hash BLOB,
    xattrs BLOB,
    inode INTEGER,
    ctime INTEGER,
    ctime_ns INTEGER,
    stored_mtime INTEGER,
    stored_mtime_ns INTEGER,
    override TEXT,
    PRIMARY KEY (node, first)
) WITHOUT ROWID;

-- What is different below a folder in a snapshot from the one before it: how many entries, the sizes of files that came or have a
-- new content (bytes_in) and of what they took the place of (bytes_out); and the folder's children of which a version began or
-- ended, or of something below them, as increasing numbers (each a varint, less the one before it, the first less the folder's):
-- a folder's time or a mark makes a new version that doesn't count as different. NULL stands for all children: the folder's path
-- was new. Rows of a pruned snapshot are what the oldest one that is left began with.
CREATE TABLE change (
    snapshot INTEGER NOT NULL,
    folder INTEGER NOT NULL,
    added INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    touched INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL,
    children BLOB,
    PRIMARY KEY (snapshot, folder)
) WITHOUT ROWID;

INSERT INTO name (id, name) VALUES (0, x'');
INSERT INTO node (id, parent, name) VALUES (1, 0, 0);
