#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times commands side by side: whole processes, the best of several, taking turns.

    truth-time.py REPEAT <<<'NAME<TAB>BUDGET<TAB>OURS<TAB>THEIRS'

BUDGET is "x N" (at most N times what THEIRS takes), "ms N", "MB N" (peak memory) or "-".
Commands are words without quoting. The exit status is 1 where something is over its budget."""
import os
import sys
import time

LONGEST = 40  # seconds for one line, from which on three rounds are enough


def run(words):
    null = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)]
    start = time.perf_counter()
    pid = os.posix_spawnp(words[0], words, os.environ, file_actions=null)
    _, status, usage = os.wait4(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 1, 3):  # found nothing, could not read something
        sys.exit(f"{' '.join(words)}: exit status {code}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def best(commands, repeat):
    """One round more than asked: the first warms the page cache."""
    results = [[] for _ in commands]
    start = time.monotonic()
    for i in range(repeat + 1):
        for command, result in zip(commands, results):
            result.append(run(command))
        if i >= 3 and time.monotonic() - start > LONGEST:
            break
    return [(min(t for t, _ in r[1:]), max(m for _, m in r)) for r in results]


def show(*cells):
    print("{:<42} {:>11} {:>11} {:>7} {:>11}  {}".format(*cells), flush=True)


def measure(line, repeat):
    name, budget, *commands = line.rstrip("\n").split("\t")
    results = best([c.split() for c in commands if c], repeat)
    seconds, memory = results[0]
    unit, _, limit = budget.partition(" ")
    ours, theirs, ratio = f"{seconds * 1000:.1f} ms", "", ""
    if len(results) > 1:
        theirs = f"{results[1][0] * 1000:.1f} ms"
        ratio = f"{seconds / results[1][0]:.2f}"
    if unit == "MB":
        ours = f"{memory:.1f} MB"
    value = {"x": seconds / results[-1][0], "ms": seconds * 1000, "MB": memory, "-": 0}[unit]
    over = unit != "-" and value > float(limit)
    show(name, ours, theirs, ratio, f"{limit} {unit}".strip(" -"),
         "" if unit == "-" else "OVER" if over else "ok")
    return over


def main():
    show("what", "ours", "theirs", "ratio", "budget", "")
    over = [measure(line, int(sys.argv[1])) for line in sys.stdin]
    sys.exit(any(over))


main()
