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

# ----

{
	small_roots
	rpm_rows
	dpkg_rows
	row 'map / vs find / -xdev -printf' 'x 1' 'map -q /' 'find / -xdev -printf %p\040%s\040%m\040%i\n'
	row 'map --format csv / vs find' 'x 1' 'map -q --format csv /' \
		'find / -xdev -printf %p\040%s\040%m\040%i\n'
	row 'inspect /' - 'inspect -q /'
	row 'map /, peak memory' "MB $(memory_budget)" 'map -q /'
} >"$work/rows"
"$tests/truth-time.py" "${1:-7}" <"$work/rows"
