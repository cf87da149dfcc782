#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Measures how often whodistro is right about roots whose papers are gone (`./dev accuracy --help`).
# shellcheck disable=SC2034,SC2154
set -u
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
WD_SRCDIR=${WD_SRCDIR-$(cd -- "$here/../.." && pwd -P)}
WD_BUILDDIR=${WD_BUILDDIR-$WD_SRCDIR/build}
# shellcheck source=tests/truth-lib.sh
. "$WD_SRCDIR/tests/truth-lib.sh"
for part in papers fetch roots measure; do
	# shellcheck source=/dev/null
	. "$here/$part.sh"
done

usage() {
	cat <<EOF2
usage: ./dev accuracy [OPTION...] [ROOT...]

Makes root filesystems of real packages, takes their papers away step by step, and compares what
whodistro says with what they were made of. Fails where it was wrong and \`certain\`, or wrong in
more than 1 of 100 \`strong\` claims or statements about files. A root that cannot be made here
(no network, a tool missing) is skipped, and said so.

  --cache DIR      keep downloads and roots there [\${XDG_CACHE_HOME:-~/.cache}/whodistro/accuracy]
  --step STEP      only this step, and others so named
  --markdown       print the tables as README.md has them
  --details        print every wrong claim
  --no-reference   without the steps that use an index of the lists of Debian's archive
  --list           print the names of roots and steps
EOF2
}

cache=${XDG_CACHE_HOME:-$HOME/.cache}/whodistro/accuracy
table=()
chosen=()
only=()
with_reference=1
while [ $# -gt 0 ]; do
	case $1 in
	--cache) cache=${2:?--cache needs a directory}; shift ;;
	--cache=*) cache=${1#*=} ;;
	--step) only+=("${2:?--step needs a step}"); shift ;;
	--step=*) only+=("${1#*=}") ;;
	--markdown | --details) table+=("$1") ;;
	--no-reference) with_reference= ;;
	--list) printf 'root %s\n' "${all_roots[@]}"; printf 'step %s\n' "${steps[@]}"; exit 0 ;;
	--help) usage; exit 0 ;;
	-*) usage >&2; exit 2 ;;
	*) chosen+=("$1") ;;
	esac
	shift
done
[ "${#chosen[@]}" -gt 0 ] || chosen=("${all_roots[@]}")
[ "${#only[@]}" -eq 0 ] || steps=("${only[@]}")

mkdir -p "$cache/downloads" || exit 1
cache=$(cd "$cache" && pwd -P)
downloads=$cache/downloads
corpus=$shared/corpus
# reference_index: one of the lists of Debian's releases, made anew for a new program
reference_index() {
	local index=$cache/debian.index suite lists
	if [ ! "$index" -nt "$whodistro" ]; then
		rm -f "$index"
		for suite in bullseye bookworm trixie; do
			mapfile -t lists < <(contents "$suite")
			[ "${#lists[@]}" -gt 0 ] || return 1
			"$whodistro" learn --distro "$(debian_release "$suite")" "$index" "${lists[@]}" >&2 || return 1
		done
	fi
	echo "$index"
}

if [ -n "$with_reference" ] && ! with_reference=$(reference_index); then
	with_reference=
	skip 'the steps with an index (it could not be made)' >&2
fi

for name in "${chosen[@]}"; do
	if ! declare -F "make_$name" >/dev/null; then
		echo "accuracy: no root is called $name" >&2
		exit 2
	elif ! made "$name"; then
		skip "$name (it could not be made)" >&2
		continue
	fi
	for step in "${steps[@]}"; do
		measure "$name" "$step" "$step"
		case $step in
		all | elf | moved)
			[ -z "$with_reference" ] ||
				measure "$name" "$step" "$step, with an index" --reference "$with_reference"
			;;
		esac
	done
done >"$work/results.jsonl"
cp "$work/results.jsonl" "$cache/"
"$here/table.py" "${table[@]}" <"$work/results.jsonl"
