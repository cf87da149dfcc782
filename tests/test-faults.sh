#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Calls that fail: `inspect` of a small root filesystem of each backend, again and again, each time
# with another allocation, or another open, read, stat or mapping, made to fail: once in the program
# and once in its workers. fault-driver.c says what counts as right. A sample of the calls; all of
# them with WD_FAULTS=all, as `./dev fuzz faults` does.
set -u

build=${WD_BUILDDIR:?} tests=${WD_SRCDIR:?}/tests
library=$build/tests/.libs/fault-preload.so
work=$(mktemp -d)
trap 'chmod -R u+rwX "$work"; rm -rf "$work"' EXIT
failed=0
samples=12
[ -z "${WD_SANITIZED-}" ] || samples=6
[ "${WD_FAULTS-}" != all ] || samples=0
# the library stands in front of the sanitizer's
export ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS-}"

# faults SCENARIO ROOT
faults() {
	local role class
	"$tests/scenarios.sh" --roots "$work/$1" "$tests/scenarios/$1.test" >"$work/log" 2>&1
	if [ ! -d "$work/$1/$2" ]; then
		echo "skip $1 ($(tail -n 1 "$work/log"))"
		return
	fi
	for role in parent worker; do
		for class in memory input; do
			if "$build/tests/fault-driver" "$library" "$role" "$class" "$samples" \
				"$build/whodistro" inspect --format json "$work/$1/$2" >"$work/log" 2>&1; then
				echo "ok $1: $role, $class: $(tail -n 1 "$work/log")"
			else
				echo "not ok $1: $role, $class"
				head -c 20000 "$work/log"
				failed=1
			fi
		done
	done
}

faults apk root
faults map-diversion root
faults distroless root
faults pacman root
faults opkg openwrt
faults chisel root
faults map-rpm root
faults rpmmanifest root
faults map-nix root
faults map-portage root
faults sbom root
faults inventory cos
faults conda root
faults map-flatpak root
faults map-snap root
faults verdict-thirdparty root
exit "$failed"
