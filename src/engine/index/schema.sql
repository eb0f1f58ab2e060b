-- Snapshots that were committed; state: 0 good, 1 damaged, 2 missing from the drive, 3 pruned. Times are milliseconds since 1970;
-- same_at: when a later run found nothing new.
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
    label TEXT
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

-- Paths, interned: each name once below its parent. Node 1 is the root of the tree.
CREATE TABLE node (
    id INTEGER PRIMARY KEY,
    parent INTEGER NOT NULL,
    name BLOB NOT NULL,
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

INSERT INTO node (id, parent, name) VALUES (1, 0, x'');
