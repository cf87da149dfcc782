#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times commands side by side: whole processes with their children, taking turns.

    truth-time.py REPEAT [JSON-FILE] <<<'NAME<TAB>BUDGET<TAB>OURS<TAB>THEIRS'

BUDGET is "x N" (at most N times what THEIRS takes), "ms N", "MB N" (peak memory) or "-", or two of
these with a comma. Commands are words without quoting, or sh:COMMAND for a shell. Of several rounds
the fastest counts, and the most memory. Prints a Markdown table, and writes the same as JSON. The
exit status is 1 where something is over its budget."""
import json
import os
import subprocess
import sys
import time

LONGEST = 40  # seconds for one line, from which on three rounds are enough
COLUMNS = ["what", "ours", "CPU", "memory", "theirs", "CPU", "memory", "ratio", "budget", ""]


def words_of(command):
    return ["sh", "-c", command[3:]] if command.startswith("sh:") else command.split()


def run(words):
    runner = os.environ["WD_BUILDDIR"] + "/tests/bench-run"
    said = subprocess.run([runner, *words], stdout=subprocess.PIPE, check=True).stdout.split()
    if int(said[3]) not in (0, 1, 2, 3):  # found nothing, differs, could not read something
        sys.exit(f"{' '.join(words)}: exit status {int(said[3])}")
    return float(said[0]), float(said[1]), int(said[2]) / 1024


def measure_commands(commands, repeat):
    """One round more than asked: the first warms the page cache."""
    results = [[] for _ in commands]
    start = time.monotonic()
    for i in range(repeat + 1):
        for command, result in zip(commands, results):
            result.append(run(words_of(command)))
        if i >= 3 and time.monotonic() - start > LONGEST:
            break
    return [{"command": c, "wall_ms": 1000 * min(x[0] for x in r[1:]),
             "cpu_ms": 1000 * min(x[1] for x in r[1:]), "memory_mb": max(x[2] for x in r)}
            for c, r in zip(commands, results)]


def show(cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def cells_of(result):
    if not result:
        return ["", "", ""]
    return [f"{result['wall_ms']:.1f} ms", f"{result['cpu_ms']:.1f} ms",
            f"{result['memory_mb']:.1f} MB"]


def within(budget, ours, ratio):
    unit, _, limit = budget.strip().partition(" ")
    if unit == "-":
        return True
    return {"x": ratio, "ms": ours["wall_ms"], "MB": ours["memory_mb"]}[unit] <= float(limit)


def measure(line, repeat):
    name, budget, *commands = line.rstrip("\n").split("\t")
    ours, theirs, *_ = measure_commands([c for c in commands if c], repeat) + [None]
    ratio = ours["wall_ms"] / theirs["wall_ms"] if theirs else None
    ok = all(within(b, ours, ratio) for b in budget.split(","))
    show([name, *cells_of(ours), *cells_of(theirs), f"{ratio:.2f}" if theirs else "",
          budget.strip("-"), "" if budget == "-" else "ok" if ok else "OVER"])
    return {"what": name, "ours": ours, "theirs": theirs, "ratio": ratio, "budget": budget,
            "ok": ok}


def main():
    show(COLUMNS)
    show(["---"] + ["---:"] * 7 + ["---"] * 2)
    rows = [measure(line, int(sys.argv[1])) for line in sys.stdin]
    if len(sys.argv) > 2:
        with open(sys.argv[2], "w", encoding="utf-8") as out:
            json.dump(rows, out, indent=1)
    sys.exit(not all(row["ok"] for row in rows))


main()
