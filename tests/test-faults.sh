#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Calls that fail: `inspect` of a small root filesystem of each backend, again and again, each time
# with another allocation, or another open, read, stat or mapping, made to fail: once in the program
# and once in its workers. fault-driver.c says what counts as right. A sample of the calls; all of
# them with WD_WHOLE=1, as `./dev fuzz faults` does.
set -u

build=${WD_BUILDDIR:?} tests=${WD_SRCDIR:?}/tests
library=$build/tests/.libs/fault-preload.so
work=$(mktemp -d)
trap 'chmod -R u+rwX "$work"; rm -rf "$work"' EXIT
failed=0
samples=12
[ -z "${WD_SANITIZED-}" ] || samples=6
[ -z "${WD_WHOLE-}" ] || samples=0
# the library stands in front of the sanitizer's
export ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS-}"

# make_root SCENARIO ROOT: prints the directory, or fails
make_root() {
	"$tests/scenarios.sh" --roots "$work/$1" "$tests/scenarios/$1.test" >"$work/log" 2>&1
	[ -d "$work/$1/$2" ] && echo "$work/$1/$2"
}

# inject NAME ROOTFS
inject() {
	local role class
	if [ ! -e "$2" ]; then
		echo "skip $1 ($(tail -n 1 "$work/log"))"
		return
	fi
	for role in parent worker; do
		for class in memory input; do
			if "$build/tests/fault-driver" "$library" "$role" "$class" "$samples" \
				"$build/whodistro" inspect --format json "$2" >"$work/log" 2>&1; then
				echo "ok $1: $role, $class: $(tail -n 1 "$work/log")"
			else
				echo "not ok $1: $role, $class"
				head -c 20000 "$work/log"
				failed=1
			fi
		done
	done
}

# faults SCENARIO ROOT
faults() {
	inject "$1" "$(make_root "$1" "$2")"
}

# The same headers from rpm's other storages.
storages() {
	local root storage
	root=$(make_root map-rpm-storages root) || { inject "rpm's storages" none; return; }
	mv "$root/var/lib/rpm/rpmdb.sqlite" "$work"
	for storage in bdb-le:Packages ndb:Packages.db; do
		rm -f "$root"/var/lib/rpm/*
		"$build/tests/rpmdb-convert" "${storage%:*}" "$work/rpmdb.sqlite" "$root/var/lib/rpm/${storage#*:}"
		inject "map-rpm-storages, ${storage%:*}" "$root"
	done
}

# A root filesystem in an image.
image() {
	local root
	root=$(make_root distroless root) && tar -C "$root" -czf "$work/image.tar.gz" .
	inject 'an image' "$work/image.tar.gz"
}

faults apk root
faults map-diversion root
faults distroless root
faults pacman root
faults opkg openwrt
faults chisel root
faults map-rpm root
storages
faults rpmmanifest root
faults map-nix root
faults map-portage root
faults map-xbps root
faults sbom root
faults inventory cos
faults conda root
faults map-flatpak root
faults map-snap root
faults verdict-thirdparty root
image
exit "$failed"
