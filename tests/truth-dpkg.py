#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares what whodistro says of a root (ndjson on stdin) with what dpkg-query says of it.

    truth-dpkg.py packages ROOT         every package
    truth-dpkg.py owners ROOT           the owners of every path that is on disk
    truth-dpkg.py some ROOT COUNT SEED  the paths of COUNT random packages
    truth-dpkg.py search ROOT COUNT     COUNT paths, by dpkg-query -S itself
    truth-dpkg.py sums ROOT DIR         the paths of DIR/*.md5sums, and no others
    truth-dpkg.py inferred ROOT DIR     where the root has no such sums: what was inferred right

Prints the differences; the exit status is 1 where there are any."""
import json
import os
import random
import re
import subprocess
import sys


def query(root, *args):
    command = ["dpkg-query", f"--admindir={root}/var/lib/dpkg", *args]
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return out.stdout.decode("utf-8", "surrogateescape")


def path_of(row, column="path"):
    raw = row.get(column + "_hex")
    return bytes.fromhex(raw).decode("utf-8", "surrogateescape") if raw else row.get(column)


def rows(database_only=True):
    for line in sys.stdin.buffer:
        row = json.loads(line)
        if row["basis"] == "database" or not database_only:
            yield row


class Resolver:
    """Names of paths with the directory symlinks inside the root resolved, but not the last."""

    def __init__(self, root):
        self.root = root
        self.known = {"": ""}

    def directory(self, path, depth=0):
        if path not in self.known:
            real = self.canonical(path, depth)
            try:
                target = os.readlink(os.path.join(self.root, real))
            except OSError:
                target = None
            if target is not None and depth < 40:
                base = "" if target.startswith("/") else os.path.dirname(real)
                real = self.directory(os.path.normpath("/" + base + "/" + target).strip("/"),
                                      depth + 1)
            self.known[path] = real
        return self.known[path]

    def canonical(self, path, depth=0):
        head, _, tail = path.rpartition("/")
        head = self.directory(head, depth)
        return f"{head}/{tail}" if head else tail


def parse_list(block):
    """The lines of one package in dpkg-query -L; "diverted by" tells of the line before it."""
    paths = []
    for line in block.split("\n"):
        diverted = re.match(r"(locally diverted|diverted by \S+) to: (.*)", line)
        if diverted and paths:
            paths[-1] = diverted.group(2)
        elif line.startswith("/"):
            paths.append(line)
    return ["" if path == "/." else path.strip("/") for path in paths]


def installed(root):
    """{name as dpkg-query -L takes it: (name, version, arch)} of what is not only configuration."""
    out = query(root, "-W", "-f", "${binary:Package}\t${Package}\t${Version}\t${Architecture}\t"
                "${db:Status-Status}\n")
    table = [line.split("\t") for line in out.splitlines()]
    return {row[0]: tuple(row[1:4]) for row in table if row[4] != "config-files"}


def claims(root, packages):
    """{canonical path on disk: {(name, version, arch)}} of the given packages."""
    resolver, owners = Resolver(root), {}
    names = sorted(packages)
    blocks = query(root, "-L", *names).split("\n\n")
    if len(blocks) != len(names):
        sys.exit(f"dpkg-query -L: {len(blocks)} lists of {len(names)} packages")
    for name, block in zip(names, blocks):
        for path in parse_list(block):
            path = resolver.canonical(path)
            if os.path.lexists(os.path.join(root, path)):
                owners.setdefault(path, set()).add(packages[name])
    return owners


def claimed_by_map(wanted=None):
    owners, paths = {}, set()
    for row in rows(database_only=False):
        path, owner = path_of(row), (row["package"], row["version"], row["arch"])
        paths.add(path)
        if row["basis"] == "database" and (not wanted or owner in wanted):
            owners.setdefault(path, set()).add(owner)
    return owners, paths


def report(expected, got):
    wrong = [path for path in expected.keys() | got.keys() if expected.get(path) != got.get(path)]
    for path in sorted(wrong)[:100]:
        print(repr(path), "expected", sorted(expected.get(path, ())), "got",
              sorted(got.get(path, ())))
    print(f"{len(wrong)} wrong of {len(expected)} expected")
    return not wrong and bool(expected)


def check_packages(root):
    out = query(root, "-W", "-f", "${Package}\t${Version}\t${Architecture}\t${source:Package}\t"
                "${source:Version}\t${db:Status-Status}\n")
    expected = sorted(tuple(line.split("\t")) for line in out.splitlines())
    got = []
    for line in sys.stdin:
        row = json.loads(line)
        if row["db"] != "var/lib/dpkg/status":
            continue  # the machine under test may carry databases that are not dpkg's
        state = "config-files" if "config-files" in row["flags"] else "installed"
        got.append((row["name"], row["version"], row["arch"], row["source"],
                    row.get("source_version") or row["version"], state))
    for row in sorted(set(expected) ^ set(got)):
        print("expected" if row in expected else "got", *row)
    print(f"{len(expected)} expected, {len(got)} got")
    return expected == sorted(got) and bool(expected)


def on_disk(root):
    paths = {""}
    for head, directories, files in os.walk(root):
        head = head[len(root):].strip("/")
        paths.update(f"{head}/{name}" if head else name for name in directories + files)
    return paths


def check_owners(root):
    got, paths = claimed_by_map()
    lacking = on_disk(root) ^ paths
    for path in sorted(lacking)[:20]:
        print(repr(path), "has no row" if path not in paths else "is not on disk")
    return report(claims(root, installed(root)), got) and not lacking


def check_some(root, count, seed):
    packages = installed(root)
    names = random.Random(seed).sample(sorted(packages), min(int(count), len(packages)))
    packages = {name: packages[name] for name in names}
    return report(claims(root, packages), claimed_by_map(set(packages.values()))[0])


def parse_search(line):
    names, _, path = line.partition(": ")
    return path, {name.partition(":")[0] for name in names.split(", ")}


def check_search(root, count):
    got = {}
    for row in rows():
        spelled = path_of(row, "db_path") or path_of(row)
        got.setdefault("/" + spelled if spelled else "/.", set()).add(row["package"])
    sample = random.Random(1).sample(sorted(got), min(int(count), len(got)))
    patterns = [re.sub(r"([\\*?\[])", r"\\\1", path) for path in sample]
    lines = query(root, "-S", *patterns).splitlines()
    expected = dict(parse_search(line) for line in lines if not line.startswith("diversion "))
    return report(expected, {path: got[path] for path in sample})


def sums(root, directory):
    resolver, owners = Resolver(root), {}
    for name in os.listdir(directory):
        if name.endswith(".md5sums"):
            with open(os.path.join(directory, name), encoding="utf-8",
                      errors="surrogateescape") as lines:
                for line in lines:
                    path = resolver.canonical(line.rstrip("\n").split("  ", 1)[1])
                    owners.setdefault(path, set()).add(name[:-len(".md5sums")])
    return owners


def check_sums(root, directory):
    got = {}
    for row in rows():
        got.setdefault(path_of(row), set()).add(row["package"])
    return report(sums(root, directory), got)


def check_inferred(root, directory):
    truth, right, wrong, libraries = sums(root, directory), 0, [], []
    for row in rows(database_only=False):
        path = path_of(row)
        if row["package"] and path in truth:
            if row["package"] in truth[path]:
                right += 1
                continue
            wrong.append(path)
            print(repr(path), "is", *truth[path], "and not", row["package"])
            if re.search(r"\.so(\.|$)", path):
                libraries.append(path)
    print(f"# {right} right, {len(wrong)} wrong, {len(truth) - right - len(wrong)} not inferred, "
          f"of {len(truth)}", file=sys.stderr)
    return right > 0 and not libraries and len(wrong) <= right / 100


CHECKS = {"packages": check_packages, "owners": check_owners, "some": check_some,
          "search": check_search, "sums": check_sums, "inferred": check_inferred}
sys.stdout.reconfigure(errors="backslashreplace")
sys.exit(not CHECKS[sys.argv[1]](*sys.argv[2:]))
