#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# run.sh BUILD SECONDS TARGET...	runs the targets in the order given, as many at a time as
#				there are CPUs, until each has had SECONDS of CPU time in all runs
# run.sh BUILD table TARGET...	what they had and found, in Markdown
#
# They run in slices and only on what other programs leave of the CPUs. Of each, BUILD/state holds
# CPU seconds and executions. One with something in BUILD/found rests until that is taken away.
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
	# where they are looked for
	[ "$1" != subject ] || awk -F '\t' '$1 == "text" { gsub(/[* ]+/, "\"\n\"", $2); print "\"" $2 "\"" }' \
		"$top/data/signals.tsv" | grep -E '^"[a-z].*"$' | sort -u
	printf '%s\n' '"\x0a@@ "'
}

# state TARGET: its two numbers
state() {
	cat "$build/state/$1" 2>/dev/null || echo 0 0
}

# corpora TARGET: where its inputs are
corpora() {
	local dir
	for dir in "$build"/{corpus,seeds}/"$1" "$top/../shared/corpus/$1" "$here/regress/$1"; do
		[ ! -d "$dir" ] || echo "$dir"
	done
}

# coverage TARGET: functions and edges that its inputs reach, of those of the files under test: what
# is not of the fuzzers nor of the lowest layer, unless the target is, and has one that is reached
coverage() {
	local dirs
	mapfile -t dirs < <(corpora "$1")
	"$build/tests/fuzz/$1" -runs=0 -print_coverage=1 "${dirs[@]}" 2>&1 | awk -v target="$1" '
		/COVERED_FUNC: / && match($0, /edges: [0-9]+\/[0-9]+/) {
			split(substr($0, RSTART + 7, RLENGTH - 7), edges, "/")
			file = $NF
			sub(/:[0-9]+$/, "", file)
			if (file ~ "/tests/fuzz/" || (file ~ "/src/base/" && file !~ "/" target "[.]c$"))
				next
			functions[file]++
			all[file] += edges[2]
			if ($1 == "COVERED_FUNC:") {
				entered[file]++
				reached[file] += edges[1]
			}
		}
		END {
			for (file in entered) {
				a += entered[file]
				b += functions[file]
				c += reached[file]
				d += all[file]
			}
			print a " of " b " | " c " of " d
		}'
}

# found TARGET: whether something is in its BUILD/found
found() {
	compgen -G "$build/found/$1/*" >/dev/null
}

# account TARGET: adds what its log says to its state
account() {
	awk -v had="$(state "$1")" -v cpu="$(cat "$build/log/$1.cpu")" '
		BEGIN { split(had, old); split(cpu, now) }
		/^stat::number_of_executed_units/ { runs = $2 }
		END { printf "%.1f %d\n", old[1] + now[1] + now[2], old[2] + runs }
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
	local dirs status=0 TIMEFORMAT='%U %S'
	mkdir -p "$build"/{log,state,dictionary} "$build"/{corpus,seeds,found}/"$1"
	dictionary "$1" >"$build/dictionary/$1"
	mapfile -t dirs < <(corpora "$1")
	{ time chrt -i 0 nice -n 19 "$build/tests/fuzz/$1" -max_total_time="$slice" -timeout=20 \
		-rss_limit_mb=2048 -max_len=65536 -use_value_profile=1 -print_funcs=0 -print_final_stats=1 \
		-dict="$build/dictionary/$1" -artifact_prefix="$build/found/$1/" \
		"${dirs[@]}" >"$build/log/$1" 2>&1
	} 2>"$build/log/$1.cpu" || status=$?
	account "$1"
	[ "$status" != 72 ] || status=0 # stopped by a signal
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
	local target cpu runs kept open
	printf '%s, commit %s:\n\n' "$(date -I)" "$(git -C "$top" rev-parse --short HEAD)"
	echo '| target | CPU seconds | executions | functions reached | edges reached | kept | open |'
	echo '|-|-|-|-|-|-|-|'
	for target in "$@"; do
		read -r cpu runs _ < <(state "$target")
		kept=$(inputs "$here/regress/$target" | wc -l)
		open=$(inputs "$build/found/$target" | wc -l)
		echo "| $target | ${cpu%.*} | $runs | $(coverage "$target") | $kept | $open |"
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
