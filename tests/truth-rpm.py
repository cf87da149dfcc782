#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares whodistro's ndjson on stdin with tables that rpm wrote (see the corpus's README).

    truth-rpm.py packages TABLE.tsv
    truth-rpm.py files TABLE.tsv[.gz] [ROOT]

What the database says was not installed owns nothing that is in ROOT all the same.
Prints the differences; the exit status is 1 where there are any."""
import collections
import gzip
import json
import os
import re
import sys

# rpmfiles.h: rpmfileAttrs and rpmfileState, and the words of map's flags
FLAGS = {1: "config", 2: "doc", 64: "ghost", 128: "license"}
STATES = {1: "replaced", 2: "not-installed", 4: "wrong-color"}
WORDS = set(FLAGS.values()) | set(STATES.values())
TYPES = {0o040000: "dir", 0o100000: "file", 0o120000: "symlink"}
# rpm prints digests without their algorithm: the length tells
DIGESTS = {0: None, 32: "md5", 40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}


def table(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
        for line in lines:
            yield line.rstrip("\n").split("\t")


def rows():
    for line in sys.stdin.buffer:
        yield json.loads(line)


def path_of(row):
    if "path_hex" in row and "db_path" not in row:
        return bytes.fromhex(row["path_hex"]).decode("utf-8", "surrogateescape")
    return row.get("db_path", row["path"])


def source(sourcerpm):
    match = re.fullmatch(r"(.+)-([^-]+-[^-]+)\.(no)?src\.rpm", sourcerpm)
    return match.group(1, 2) if match else ("", "")


def expected_packages(path):
    for name, epoch, version, release, arch, vendor, _dist, sourcerpm in table(path):
        if name == "gpg-pubkey":
            continue
        prefix = "" if epoch == "(none)" else epoch + ":"
        vendor = "" if vendor == "(none)" else vendor
        yield (name, f"{prefix}{version}-{release}", arch, vendor, *source(sourcerpm))


def got_packages():
    for p in rows():
        yield (p["name"], p["version"], p["arch"], p["vendor"], p["source"],
               p.get("source_version") or "")


def expected_files(path, root):
    for name, package, version, arch, flags, state, mode, digest in table(path):
        if int(state) in STATES and root and os.path.lexists(root + name):
            continue
        mode = int(mode, 8)
        words = [word for bit, word in FLAGS.items() if int(flags) & bit]
        if int(state) in STATES:
            words.append(STATES[int(state)])
        yield (name.strip("/"), package, version, arch, " ".join(sorted(words)),
               TYPES[mode & 0o170000], f"{mode & 0o7777:04o}",
               f"{DIGESTS[len(digest)]}:{digest}" if digest else None)


def got_files():
    """Rows of what is on disk tell the disk's type and mode, and here only directories are."""
    for row in rows():
        if row["basis"] == "database":
            words = sorted(WORDS.intersection(row["flags"]))
            on_disk = "missing" not in row["flags"]
            version = row["version"].partition(":")[2] or row["version"]
            yield (path_of(row), row["package"], version, row["arch"], " ".join(words),
                   row["type"], None if on_disk else row["mode"], row.get("digest"))


def without_modes_on_disk(expected, got):
    on_disk = {row[:4] for row in got if row[6] is None}
    return [row[:6] + (None,) + row[7:] if row[:4] in on_disk else row for row in expected]


def report(expected, got):
    expected, got = collections.Counter(expected), collections.Counter(got)
    for mark, rest in ("-", expected - got), ("+", got - expected):
        for row in sorted(rest, key=str):
            print(mark, *row, sep="\t")
    print(f"expected {sum(expected.values())}, got {sum(got.values())}")
    return expected == got and sum(expected.values()) > 0


def main():
    what, path, root = (*sys.argv[1:], None)[:3]
    sys.stdout.reconfigure(errors="backslashreplace")
    if what == "packages":
        same = report(expected_packages(path), got_packages())
    else:
        got = list(got_files())
        same = report(without_modes_on_disk(list(expected_files(path, root)), got), got)
    sys.exit(not same)


main()
