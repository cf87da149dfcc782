#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""truth.py ROOT <CLAIMS: lines of path, packages, versions, distribution. The same for files and
symlinks that ROOT has, under their names with directory symlinks resolved; and no directories."""
import os
import posixpath
import sys

root = sys.argv[1]
resolved = {"": ""}


def resolve(path, depth=0):
    """A directory inside the root; absolute links stay in it."""
    if path in resolved:
        return resolved[path]
    parent, _, name = path.rpartition("/")
    parent = resolve(parent, depth)
    here = (parent + "/" + name).lstrip("/")
    full = root + "/" + here
    if os.path.islink(full) and depth < 40:
        target = os.readlink(full)
        target = target if target.startswith("/") else posixpath.join(parent, target)
        here = resolve(posixpath.normpath("/" + target).lstrip("/"), depth + 1)
    resolved[path] = here
    return here


seen = set()
for line in sys.stdin:
    path, rest = line.rstrip("\n").split("\t", 1)
    path = posixpath.normpath("/" + path).lstrip("/")
    if not path:
        continue
    directory, _, name = path.rpartition("/")
    path = (resolve(directory) + "/" + name).lstrip("/")
    full = root + "/" + path
    if os.path.isdir(full) and not os.path.islink(full) or not os.path.lexists(full):
        continue
    if (path, rest) not in seen:
        seen.add((path, rest))
        print(path, rest, sep="\t")
