#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Debian roots, whole and distroless, and this machine, against dpkg-query.
# shellcheck disable=SC2317
# shellcheck source=tests/truth-lib.sh
. "${WD_SRCDIR:?}/tests/truth-lib.sh"

truth=$tests/truth-dpkg.py

# against WHAT COMMAND ROOT [ARGS...]: what COMMAND says of the root, against truth-dpkg.py WHAT
against() {
	local what=$1 command=$2 root=$3
	shift 3
	case $command in
	packages) set -- packages "$what" "$root" "$@" ;;
	*) set -- 'map --dirs' "$what" "$root" "$@" ;;
	esac
	command=$1
	shift
	# shellcheck disable=SC2086
	"$whodistro" $command --format ndjson "$root" >"$work/rows" || return 1
	"$truth" "$@" <"$work/rows"
}

# The one package of a root with this name has this purl.
purl_is() {
	[ "$("$whodistro" packages --format ndjson "$1" |
		jq -r --arg name "$2" 'select(.name == $name) | .purl')" = "$3" ]
}

# As the package-url specification writes a version: of what Debian's may hold, only + is escaped.
purl_of() {
	dpkg-query --admindir="$1/var/lib/dpkg" -W \
		-f "pkg:deb/debian/\${Package}@\${Version}?arch=\${Architecture}&distro=debian-$3" "$2" |
		sed 's/+/%2B/g'
}

release_of() {
	sed -n 's/^VERSION_ID="*\([^"]*\)"*$/\1/p' "$1/usr/lib/os-release"
}

# is LINEAGE RELEASE: a condition for verdict
is() {
	echo ".verdict | .lineage == \"$1\" and .distro.id == \"debian\" and .distro.version_id == \"$2\""
}

test_minbase() {
	local root=$1 release package
	release=$(release_of "$root")
	check 'minbase: packages' against packages packages "$root"
	check 'minbase: owners of all paths' against owners map "$root"
	check 'minbase: 200 paths by dpkg-query -S' against search map "$root" 200
	check 'minbase: 99.5 % of files are explained' verdict "$root" \
		'.files | .unowned <= .total * 0.005 and .total > 1000'
	check 'minbase: verdict' verdict "$root" "$(is declared "$release")"' and
		.confidence == "certain" and .style == "full"'
	for package in libc6 base-files passwd bash; do
		check "minbase: purl of $package" purl_is "$root" "$package" \
			"$(purl_of "$root" "$package" "$release")"
	done
	cp -a --reflink=auto "$root" "$work/anonymous"
	rm "$work/anonymous/etc/os-release" "$work/anonymous/usr/lib/os-release"
	check 'minbase without os-release: recorded' verdict "$work/anonymous" "$(is recorded "$release")"
	rm -rf "$work/anonymous"
}

# ---- Distroless: data unpacked, control and md5sums under status.d

# packages_of_debs ROOT DEB...
packages_of_debs() {
	local root=$1 deb
	shift
	for deb; do
		dpkg-deb -W --showformat="\${Package} \${Version} \${Architecture}\n" "$deb"
	done | sort >"$work/expected"
	"$whodistro" packages --format ndjson "$root" |
		jq -r '"\(.name) \(.version) \(.arch)"' | sort >"$work/got"
	equal "$work/expected" "$work/got"
}

test_distroless() {
	local debs=$1 root=$work/distroless bare=$work/bare release
	unpack "$root" "$root/var/lib/dpkg/status.d" "$debs"/*.deb
	unpack "$bare" "$work/sums" "$debs"/*.deb
	release=$(release_of "$root")
	check 'distroless: verdict' verdict "$root" "$(is declared "$release") and .style == \"distroless\""
	check 'distroless: files are owned as md5sums say' \
		against sums map "$root" "$root/var/lib/dpkg/status.d"
	check 'distroless: packages' packages_of_debs "$root" "$debs"/*.deb
	check 'distroless without md5sums: verdict' verdict "$bare" "$(is declared "$release")"
	check 'distroless without md5sums: nothing is inferred wrong' \
		against inferred map "$bare" "$work/sums"
	grep '^# ' "$work/details"
}

# ---- The machine that runs this

test_machine() {
	local count=50 seed=$RANDOM
	[ -z "${WD_SANITIZED-}" ] || count=20
	check '/: packages' against packages packages /
	check "/: owners of all paths of $count packages (seed $seed)" against some map / $count $seed
}

# ----

command -v dpkg-query apt-get >/dev/null || { skip 'no dpkg here'; exit 77; }
if root=$(debian_root); then
	test_minbase "$root"
else
	skip 'minbase (it could not be made)'
fi
if debs=$(debian_debs); then
	test_distroless "$debs"
else
	skip 'distroless (no .debs to be had)'
fi
test_machine
exit "$failed"
