#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""judge.py ROOT STEP TRUTH INSPECT.json MAP.csv [LIE]: one line of JSON, what was right and wrong.

TRUTH is a directory: `facts` says what the root is made of (roots.sh), `files` has a line for each
file: path, packages, versions (alternatives separated by |), distribution. A distribution of `-`
is none: naming one is wrong; `?` is not known well enough to judge.
"""
import csv
import json
import os
import sys


def read_facts(path):
    with open(path) as file:
        return dict(line.rstrip("\n").split("=", 1) for line in file)


def read_files(path):
    truth = {}
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            name, packages, versions, distro = line.rstrip("\n").split("\t")
            truth.setdefault(name, []).append((packages.split("|"), versions.split("|"), distro))
    return truth


def is_elf(path):
    if os.path.islink(path) or not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def moved(truth, root):
    """As papers.sh moves them: the first of a name."""
    result = {}
    for path in sorted(truth, key=os.fsencode):
        if is_elf(os.path.join(root, path)):
            result.setdefault("app/lib/" + path.rsplit("/", 1)[-1], truth[path])
    return result


def pair(distro):
    name, _, release = distro.partition(":")
    return name, release


def same(stated, true):
    """Without a release, a statement is of the distribution alone, and 3.15 is said of 3.15.4. Where
    the truth has no release, any will do."""
    return stated[0] == true[0] and (
        not stated[1] or not true[1] or (true[1] + ".").startswith(stated[1] + ".")
    )


def grade(stated, right):
    return "none" if not stated else "right" if right else "wrong"


def names(distro):
    return distro.get("id") or "", distro.get("version_id") or ""


def text_of(stated):
    return ":".join(part for part in stated if part)


def judge_verdict(verdict, facts):
    stated = names(verdict.get("distro") or {})
    expected = [pair(word) for word in facts["verdict"].split()]
    known = [true for true in expected if true[0] == stated[0]]
    return {
        "stated": text_of(stated),
        "expected": facts["verdict"],
        "distro": grade(stated[0], known),
        # Where the truth knows of no release, none is right, and none wrong.
        "release": grade(
            stated[1] if not known or any(true[1] for true in known) else "",
            any(same(stated, true) for true in known),
        ),
        "style": grade(verdict["style"] if facts["style"] else "", verdict["style"] == facts["style"]),
        "confidence": verdict["confidence"],
        "lineage": verdict["lineage"],
    }


def judge_lineages(report, facts, lie):
    """Every lineage with its confidence. What os-release says may be listed as what os-release
    says; it may not be the verdict."""
    true = [pair(word) for word in (facts["lineages"] + " " + lie).split()]
    stated = [(names(lineage["distro"]), lineage["confidence"]) for lineage in report["lineages"]]
    return [
        (text_of(distro), confidence, any(same(distro, other) for other in true))
        for distro, confidence in stated
        if distro[0]
    ]


def row_is_right(row, owners):
    for packages, versions, distro in owners:
        if row["package"] and packages != ["?"] and row["package"] not in packages:
            continue
        if row["version"] and versions != ["?"] and row["version"] not in versions:
            continue
        if row["distro"] and distro != "?" and not same(pair(row["distro"]), pair(distro)):
            continue
        return True
    return False


def judge_files(rows, truth, default):
    """Counts, and the first wrong statements. A file that nobody has told of is judged where the
    root's default says whose it is."""
    count = {"known": 0, "attributed": 0, "packaged": 0, "stated": 0, "wrong": 0}
    wrong = []
    done = {}
    for row in rows:
        path = row["path"].lstrip("/")
        owners = truth.get(path)
        if owners is None and default == "?":
            continue
        if owners is None:
            owners = [(["?"], ["?"], default)]
        # Rows of other owners say no more of a file than that it is shared.
        says = bool(row["package"] or row["distro"])
        right = row_is_right(row, owners)
        if says and not right:
            wrong.append({key: row[key] for key in ("path", "package", "version", "distro", "basis")})
        known, best = done.get(path, (False, 0))
        known = known or any(distro not in "-?" for _, _, distro in owners)
        level = 0 if not says or not right else 2 if row["package"] else 1
        done[path] = (known, max(best, level))
        count["stated"] += says
        count["wrong"] += says and not right
    for known, level in done.values():
        count["known"] += known
        count["attributed"] += known and level >= 1
        count["packaged"] += known and level >= 2
    return count, wrong


def main():
    name, step, truth_dir, inspect, rows = sys.argv[1:6]
    facts = read_facts(truth_dir + "/facts")
    truth = read_files(truth_dir + "/files")
    if step.startswith("moved"):
        truth = moved(truth, truth_dir + "/root")
        # Libraries beside each other are of no style, and none of two lineages is the system's.
        facts["style"] = ""
        facts["verdict"] = facts["lineages"]
    with open(inspect) as file:
        report = json.load(file)
    with open(rows, newline="", encoding="utf-8", errors="surrogateescape") as file:
        files, wrong = judge_files(csv.DictReader(file), truth, facts["default"])
    json.dump(
        {
            "root": name,
            "step": step,
            "verdict": judge_verdict(report["verdict"], facts),
            "lineages": judge_lineages(report, facts, " ".join(sys.argv[6:])),
            "files": files,
            "wrong": wrong[:20],
            "summary": report["verdict"]["summary"],
        },
        sys.stdout,
    )
    print()


main()
