#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every fuzz target takes what fuzzing found once (tests/fuzz/regress/TARGET), and gets something
# out of each of its seeds.
set -u

build=${WD_BUILDDIR:?} known=${WD_SRCDIR:?}/tests/fuzz/regress
seeds=$(mktemp -d) log=$(mktemp)
trap 'rm -rf "$seeds" "$log"' EXIT
failed=0

# replay NAME DIRECTORY [--found]
replay() {
	local inputs=()
	mapfile -t inputs < <(find "$2" -type f 2>/dev/null | sort)
	if [ ${#inputs[@]} = 0 ]; then
		return 2
	elif "$build/tests/fuzz/$1" "${@:3}" "${inputs[@]}" >"$log" 2>&1; then
		return 0
	fi
	tail -n 40 "$log"
	return 1
}

# result STATUS NAME WHY
result() {
	case $1 in
	0) echo "ok $2" ;;
	2) [ -z "$3" ] || echo "skip $2 ($3)" ;;
	*) echo "not ok $2"; failed=1 ;;
	esac
}

"$WD_SRCDIR/tests/fuzz/seeds.sh" "$seeds"
for program in "$build"/tests/fuzz/*; do
	target=${program##*/}
	if [ ! -f "$program" ] || [ ! -x "$program" ] || [ "$target" = seeds ]; then
		continue
	fi
	replay "$target" "$known/$target"
	result $? "$target: known inputs" ''
	replay "$target" "$seeds/$target" --found
	result $? "$target: seeds" 'no tool that makes them'
done
exit "$failed"
