#!/usr/bin/env python3
"""Writes down a tree by means of the system alone: survey.py ROOT... gives JSON, one entry a path.

Used by ./make to say what a golden repository must hold. It knows nothing of Yore. Paths and names that
are not plain are percent-encoded, as everywhere in the format."""

import fcntl, json, os, stat, struct, subprocess, sys

PLAIN = {byte for byte in range(0x20, 0x7F)} - {ord("%"), ord('"')}
KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink", stat.S_IFIFO: "fifo",
         stat.S_IFSOCK: "socket", stat.S_IFBLK: "block", stat.S_IFCHR: "character"}
GETFLAGS = 0x80086601
# Synchronous, immutable, append only, no dump, no access time, synchronous folder, no copy-on-write.
KEPT_FLAGS = 0x8 | 0x10 | 0x20 | 0x40 | 0x80 | 0x1_0000 | 0x80_0000


def encode(data):
    return "".join(chr(byte) if byte in PLAIN else "%%%02X" % byte for byte in data)


def digest(path):
    with open(path, "rb") as source:
        return subprocess.run(["b3sum"], stdin=source, check=True, capture_output=True).stdout[:64].decode()


def attribute(path, name):
    return os.getxattr(path, name, follow_symlinks=False).hex()


def entry(path, groups):
    meta = os.lstat(path)
    kind = KINDS[stat.S_IFMT(meta.st_mode)]
    second, nano = divmod(meta.st_mtime_ns, 1_000_000_000)
    said = {"kind": kind, "mode": "%04o" % stat.S_IMODE(meta.st_mode), "uid": meta.st_uid, "gid": meta.st_gid,
            "mtime": [second, nano]}
    if kind == "file":
        said |= {"size": meta.st_size, "blake3": digest(path)}
    if kind == "symlink":
        said["target"] = encode(os.readlink(path))
    if kind in ("block", "character"):
        said["device"] = [os.major(meta.st_rdev), os.minor(meta.st_rdev)]
    names = [name for name in os.listxattr(path, follow_symlinks=False) if name != "security.selinux"]
    if names:
        said["xattrs"] = {encode(os.fsencode(name)): attribute(path, name) for name in sorted(names)}
    if kind in ("file", "directory"):
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        flags = struct.unpack("L", fcntl.ioctl(handle, GETFLAGS, struct.pack("L", 0)))[0] & KEPT_FLAGS
        os.close(handle)
        if flags:
            said["flags"] = flags
    if kind != "directory" and meta.st_nlink > 1:
        # The first of its names stands for the group.
        said["links"] = groups.setdefault((meta.st_dev, meta.st_ino), encode(path))
    return said


def walk(path, groups):
    yield path
    if stat.S_ISDIR(os.lstat(path).st_mode):
        for name in sorted(os.listdir(path)):
            yield from walk(os.path.join(path, name), groups)


groups = {}
found = {encode(path): entry(path, groups) for root in sys.argv[1:] for path in walk(os.fsencode(root), groups)}
json.dump(found, sys.stdout, indent=0, sort_keys=True)
