#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Measures against the budgets: tests/bench.sh [REPEAT]. The native tools run in turn with
# whodistro, so that the ratios mean something on any machine; on a busy one, repeat more.
WD_SRCDIR=${WD_SRCDIR-$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)}
WD_BUILDDIR=${WD_BUILDDIR-$WD_SRCDIR/build}
# shellcheck source=tests/truth-lib.sh
. "$WD_SRCDIR/tests/truth-lib.sh"

# row NAME BUDGET OURS [THEIRS]; the program's name goes without saying
row() {
	printf '%s\t%s\t%s %s\t%s\n' "$1" "$2" "$whodistro" "$3" "${4-}"
}

# The tree and what is claimed of it, and the budget of both in MB
memory_budget() {
	local entries claims
	entries=$(find / -xdev -printf . 2>/dev/null | wc -c)
	claims=$("$whodistro" packages -q --format ndjson / | jq -s 'map(.files) | add')
	echo "/: $entries entries, $claims claims" >&2
	echo $(((entries * 150 + claims * 100) / 1048576))
}

small_roots() {
	local debs
	mkdir "$work/empty"
	row 'inspect an empty root' 'ms 5' "inspect $work/empty"
	if debs=$(debian_debs); then
		unpack "$work/distroless" "$work/distroless/var/lib/dpkg/status.d" "$debs"/*.deb
		row 'inspect a distroless root of .debs' 'ms 10' "inspect $work/distroless"
	fi
	if [ -d "$shared/corpus/image" ]; then
		image_root "$shared/corpus/image/distroless-base-debian11.docker.tar.gz" "$work/image"
		row 'inspect distroless/base' 'ms 10' "inspect $work/image"
	fi
}

rpm_rows() {
	local root=$work/ubi8
	[ -d "$shared/corpus/rpmdb" ] && command -v rpm >/dev/null || return 0
	mkdir -p "$root/var/lib/rpm"
	cp "$shared/corpus/rpmdb/ubi8-bdb/Packages" "$root/var/lib/rpm"
	row 'map --missing, UBI 8, vs rpm -qal' 'x 0.25' "map --missing $root" \
		"rpm --dbpath $work/rpmdb -qal"
	cp -r "$root/var/lib/rpm" "$work/rpmdb"
}

dpkg_rows() {
	command -v dpkg-query >/dev/null || return 0
	row 'packages / vs dpkg-query -W' - 'packages /' 'dpkg-query -W'
	row 'owner / /usr/bin/env vs dpkg-query -S' - 'owner / /usr/bin/env' 'dpkg-query -S /usr/bin/env'
}

# five_thousand ROOT NEW: as many files, of which only the paths count
five_thousand() {
	(cd "$1" && find . -type f | LC_ALL=C sort | head -n 5000) >"$work/paths"
	mkdir "$2"
	(
		cd "$2" || exit
		sed 's,/[^/]*$,,' "$work/paths" | sort -u | xargs -d '\n' mkdir -p
		xargs -d '\n' touch <"$work/paths"
	)
}

# Debian 12's list of the files of its main archive, and what it is good for
reference_rows() {
	local list root downloads index=$work/debian.index
	# shellcheck disable=SC2034 # fetch.sh keeps there what it fetches
	downloads=$(root_cache)/downloads
	# shellcheck source=tests/accuracy/fetch.sh
	. "$tests/accuracy/fetch.sh"
	list=$(contents bookworm | grep -v all | head -n 1)
	[ -n "$list" ] && root=$(debian_root) || return 0
	cat >"$work/learn" <<-EOF
		#!/bin/sh
		rm -f '$index'
		exec '$whodistro' learn '$index' '$list' --distro debian:12
	EOF
	chmod +x "$work/learn"
	"$work/learn" >/dev/null || return 0
	echo "the index of $(basename "$list"): $(($(stat -c %s "$index") / 1000000)) MB of at most 80" >&2
	printf '%s\t%s\t%s\n' "learn Debian 12's Contents" 'ms 3000' "$work/learn"
	five_thousand "$root" "$work/five"
	row 'identify 5,000 files by it' 'ms 50' "identify $index $work/five"
}

# ----

{
	small_roots
	rpm_rows
	dpkg_rows
	row 'map / vs find / -xdev -printf' 'x 1' 'map -q /' 'find / -xdev -printf %p\040%s\040%m\040%i\n'
	row 'map --format csv / vs find' 'x 1' 'map -q --format csv /' \
		'find / -xdev -printf %p\040%s\040%m\040%i\n'
	row 'inspect /' - 'inspect -q /'
	reference_rows
	row 'map /, peak memory' "MB $(memory_budget)" 'map -q /'
} >"$work/rows"
"$tests/truth-time.py" "${1:-7}" <"$work/rows"
