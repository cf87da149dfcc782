#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# run.sh BUILD SECONDS TARGET...	runs the targets in the order given, as many at a time as
#				there are CPUs, until each has had SECONDS of CPU time in all runs
# run.sh BUILD table TARGET...	what they had and found, in Markdown
#
# They run in slices and only on what other programs leave of the CPUs. Of each, BUILD/state holds
# CPU seconds, executions, edges reached and edges there are. One with something in BUILD/found
# rests until that is taken away.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
top=$(dirname "$(dirname "$here")")
build=$1 seconds=$2
shift 2
slice=${WD_FUZZ_SLICE:-120} # seconds on the clock

# dictionary TARGET: the words that the readers of its format look for
dictionary() {
	find "$top/backends" "$top/src" '(' -path "*/backends/${1%%-*}*.c" -o -name "$1*.c" -o -name "*-$1.c" ')' \
		-exec grep -ohE '"[A-Za-z0-9_.:/ =-]{2,40}"' {} + | sort -u
	printf '%s\n' '"\x0a@@ "'
}

# state TARGET: its four numbers
state() {
	cat "$build/state/$1" 2>/dev/null || echo 0 0 0 0
}

# found TARGET: whether something is in its BUILD/found
found() {
	compgen -G "$build/found/$1/*" >/dev/null
}

# account TARGET: adds what its log says to its state
account() {
	awk -v had="$(state "$1")" -v cpu="$(cat "$build/log/$1.cpu")" '
		BEGIN { split(had, old); split(cpu, now); cov = old[3]; of = old[4] }
		/Loaded .* inline 8-bit counters/ { match($0, /\([0-9]+ inline/); of = substr($0, RSTART + 1) + 0 }
		/ cov: / { match($0, /cov: [0-9]+/); cov = substr($0, RSTART + 5, RLENGTH - 5) }
		/^stat::number_of_executed_units/ { runs = $2 }
		END { printf "%.1f %d %d %d\n", old[1] + now[1] + now[2], old[2] + runs, cov, of }
	' "$build/log/$1" >"$build/state/$1.new"
	mv "$build/state/$1.new" "$build/state/$1"
}

# judge TARGET: an input is too slow where it takes its CPU time, not where the machine was busy;
# what crashes is made smaller
judge() {
	local file program=$build/tests/fuzz/$1
	for file in "$build/found/$1"/*; do
		case ${file##*/} in
		timeout-* | slow-unit-*)
			if (ulimit -t 10 && "$program" -timeout=0 "$file") >/dev/null 2>&1; then
				rm -f "$file"
			fi ;;
		*.min) ;;
		crash-*)
			[ -e "$file.min" ] || "$program" -minimize_crash=1 -max_total_time=20 \
				-exact_artifact_path="$file.min" "$file" >/dev/null 2>&1 || true ;;
		esac
	done
}

# run TARGET: one slice
run() {
	local more=() dir status=0 TIMEFORMAT='%U %S'
	mkdir -p "$build"/{log,state,dictionary} "$build"/{corpus,seeds,found}/"$1"
	dictionary "$1" >"$build/dictionary/$1"
	for dir in "$top/../shared/corpus/$1" "$here/regress/$1"; do
		[ ! -d "$dir" ] || more+=("$dir")
	done
	{ time chrt -i 0 nice -n 19 "$build/tests/fuzz/$1" -max_total_time="$slice" -timeout=20 \
		-rss_limit_mb=2048 -max_len=65536 -use_value_profile=1 -print_funcs=0 -print_final_stats=1 \
		-dict="$build/dictionary/$1" -artifact_prefix="$build/found/$1/" \
		"$build/corpus/$1" "$build/seeds/$1" "${more[@]}" >"$build/log/$1" 2>&1
	} 2>"$build/log/$1.cpu" || status=1
	account "$1"
	# it cannot run at all
	[ "$status" = 0 ] || found "$1" || cp "$build/log/$1" "$build/found/$1/log"
	judge "$1"
	[ "$status" = 0 ] || ! found "$1" ||
		echo "$1: see $build/log/$1 and $build/found/$1" >&2
}

# due: the targets that have not had their time, and found nothing
due() {
	local target cpu
	for target in "$@"; do
		read -r cpu _ < <(state "$target")
		if [ "${cpu%.*}" -lt "$seconds" ] && ! found "$target"; then
			echo "$target"
		fi
	done
}

# stop: the fuzzers with this script; what they did until then counts
stop() {
	local job
	for job in $(jobs -p); do
		pkill -INT -P "$job" || true
	done
	wait
	exit 130
}

# inputs DIRECTORY
inputs() {
	[ ! -d "$1" ] || find "$1" -type f ! -name '*.min'
}

table() {
	local target cpu runs reached edges kept open
	printf '%s, commit %s:\n\n' "$(date -I)" "$(git -C "$top" rev-parse --short HEAD)"
	echo '| target | CPU seconds | executions | edges reached | kept | open |'
	echo '|-|-|-|-|-|-|'
	for target in "$@"; do
		read -r cpu runs reached edges < <(state "$target")
		kept=$(inputs "$here/regress/$target" | wc -l)
		open=$(inputs "$build/found/$target" | wc -l)
		echo "| $target | ${cpu%.*} | $runs | $reached of $edges | $kept | $open |"
	done
}

if [ "$seconds" = table ]; then
	table "$@"
	exit
fi
trap stop INT TERM
while mapfile -t batch < <(due "$@" | head -n "$(nproc)") && [ ${#batch[@]} -gt 0 ]; do
	for target in "${batch[@]}"; do
		run "$target" &
	done
	for job in $(jobs -p); do
		wait "$job"
	done
done
for target in "$@"; do
	! found "$target" || exit 1
done
