#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""table.py [--markdown] [--details] <RESULTS: the lines that judge.py prints. Tables, or what README.md
has of them; exit status 1 where the rates are not what README.md promises."""
import json
import sys

LEVELS = ("certain", "strong", "weak")


def percent(part, whole):
    return "–" if not whole else "%.1f %%" % (100.0 * part / whole)


def claims_of(result):
    """(what, confidence, right) of everything that a report states about distributions."""
    verdict = result["verdict"]
    if verdict["stated"]:
        yield "verdict " + verdict["stated"], verdict["confidence"], "wrong" not in (verdict["distro"], verdict["release"])
    for stated, confidence, right in result["lineages"]:
        yield "lineage " + stated, confidence, right


def render(rows, header, piped):
    rows = [[str(cell) for cell in row] for row in rows]
    if piped:
        lines = [header, ["---"] * len(header)] + rows
        return "\n".join("| " + " | ".join(row) + " |" for row in lines)
    widths = [max(len(row[i]) for row in [header] + rows) for i in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
        for row in [header] + rows
    )


def row_of(result):
    verdict, files = result["verdict"], result["files"]
    return [
        result["root"],
        result["step"],
        verdict["stated"] or "-",
        verdict["lineage"],
        verdict["confidence"],
        verdict["distro"],
        verdict["release"],
        verdict["style"],
        percent(files["attributed"], files["known"]),
        percent(files["packaged"], files["known"]),
        files["wrong"],
        sum(not right for _, _, right in claims_of(result)),
    ]


def count(results, key):
    values = [result["verdict"][key] for result in results]
    return " / ".join(str(values.count(word)) for word in ("right", "wrong", "none"))


def summary(label, results):
    real = [result for result in results if result["verdict"]["expected"]]
    traps = [result for result in results if not result["verdict"]["expected"]]
    total = {key: sum(r["files"][key] for r in results) for key in results[0]["files"]}
    return [
        label,
        count(real, "distro"),
        count(real, "release"),
        "%d of %d" % (sum(r["verdict"]["stated"] == "" for r in traps), len(traps)),
        count(results, "style").rsplit(" / ", 1)[0],
        percent(total["attributed"], total["known"]),
        percent(total["packaged"], total["known"]),
        total["wrong"],
    ]


HEADER = ["root", "papers taken", "verdict", "lineage", "confidence", "distro", "release", "style",
          "files: distro", "files: package", "files wrong", "claims wrong"]
SUMMARY = ["papers taken", "distro right / wrong / none", "release right / wrong / none",
           "traps not fallen into", "style right / wrong", "files: distro", "files: package", "files wrong"]
RATES = ["confidence", "claims", "wrong", "rate", "allowed"]


def rates(results):
    rows, failed = [], False
    allowed = {"certain": 0, "strong": 0.01}
    for level in LEVELS:
        claims = [right for r in results for _, said, right in claims_of(r) if said == level]
        wrong = claims.count(False)
        rows.append([level, len(claims), wrong, percent(wrong, len(claims)),
                     percent(allowed[level] * 100, 100) if level in allowed else "–"])
        failed |= wrong > allowed.get(level, 1) * len(claims)
    stated = sum(r["files"]["stated"] for r in results)
    wrong = sum(r["files"]["wrong"] for r in results)
    rows.append(["(owners of files)", stated, wrong, percent(wrong, stated), "1.0 %"])
    return rows, failed or wrong > 0.01 * stated


README = {
    "nothing": "nothing",
    "database": "package database",
    "all": "all papers [1]",
    "all, with an index": "all; `--reference` Debian's lists",
    "elf": "all, and every other file but programs and libraries",
    "moved": "the same, and their directories",
    "lie": "all; os-release is another distribution's",
    "stale": "all; os-release is another release's",
}


def markdown(results):
    """The steps that say most, and the rest in two sentences."""
    rows = []
    for step, words in README.items():
        chosen = [r for r in results if r["step"] == step]
        if chosen:
            line = summary(words, chosen)
            rows.append(line[:3] + line[5:7])
    print(render(rows, [SUMMARY[0], *SUMMARY[1:3], *SUMMARY[5:7]], True), end="\n\n")
    traps = [r for r in results if not r["verdict"]["expected"]]
    named = [r["verdict"]["confidence"] for r in traps if r["verdict"]["stated"]]
    print("%d roots; %d traps: named in %d of %d measurements, `weak` in %d of them." % (
        len({r["root"] for r in results} - {r["root"] for r in traps}),
        len({r["root"] for r in traps}), len(named), len(traps), named.count("weak")))
    for level, claims, wrong, rate, _ in rates(results)[0]:
        print("%s: %d, wrong: %d (%s)" % (level, claims, wrong, rate))


def details(results):
    for result in results:
        where = "%s, %s: " % (result["root"], result["step"])
        for what, confidence, right in claims_of(result):
            if not right:
                print(where + "%s is wrong, %s; it is %s" %
                      (what, confidence, result["verdict"]["expected"] or "no distribution's"))
        for row in result["wrong"]:
            print(where + "%(path)s: not %(package)s %(version)s %(distro)s (%(basis)s)" % row)


def main():
    results = [json.loads(line) for line in sys.stdin]
    broken = [r for r in results if "failed" in r]
    results = [r for r in results if "failed" not in r]
    for result in broken:
        print("%(root)s, %(step)s: no result" % result, file=sys.stderr)
    if not results:
        sys.exit("accuracy: nothing was measured")
    if "--details" in sys.argv:
        details(results)
        print()
    rows, failed = rates(results)
    if "--markdown" in sys.argv:
        markdown(results)
        sys.exit(1 if failed or broken else 0)
    print(render([row_of(r) for r in results], HEADER, False), end="\n\n")
    steps = list(dict.fromkeys(r["step"] for r in results))
    steps = [summary(step, [r for r in results if r["step"] == step]) for step in steps]
    print(render(steps + [summary("together", results)], SUMMARY, False), end="\n\n")
    print(render(rows, RATES, False))
    sys.exit(1 if failed or broken else 0)


main()
