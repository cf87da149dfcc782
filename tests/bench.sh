#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Measures against the budgets: tests/bench.sh [REPEAT [JSON-FILE]]. What a user would otherwise use
# runs in turn with whodistro, so that the ratios mean something on any machine; on a busy one,
# repeat more. WD_BENCH=small leaves out what needs the large inputs.
# shellcheck disable=SC2086
WD_SRCDIR=${WD_SRCDIR-$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)}
WD_BUILDDIR=${WD_BUILDDIR-$WD_SRCDIR/build}
# shellcheck source=tests/truth-lib.sh
. "$WD_SRCDIR/tests/truth-lib.sh"
# shellcheck source=tests/bench-roots.sh
. "$WD_SRCDIR/tests/bench-roots.sh"

# row NAME BUDGET OURS [THEIRS]; the program's name goes without saying
row() {
	printf '%s\t%s\t%s %s\t%s\n' "$1" "$2" "$whodistro" "$3" "${4-}"
}

# The tree and what is claimed of it, and the budget of both in MB; 3 for what an empty root takes
memory_budget() {
	local entries claims
	entries=$(find "$1" -xdev -printf . 2>/dev/null | wc -c)
	claims=$("$whodistro" packages -q --format ndjson "$1" | jq -s 'map(.files) | add')
	echo "$1: $entries entries, $claims claims" >&2
	echo $((3 + (entries * 150 + claims * 100) / 1048576))
}

find_of() {
	printf '%s' "find $1 -xdev -printf %p\\040%s\\040%m\\040%i\\n"
}

# The same bytes by OpenSSL, with both cores: hash_of ALGORITHM LIST-OF-FILES
hash_of() {
	echo "sh:xargs -0 -P $(nproc) -n 200 openssl $1 <$2"
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

ubi8_rows() {
	local root=$work/ubi8
	[ -d "$shared/corpus/rpmdb" ] && command -v rpm >/dev/null || return 0
	mkdir -p "$root/var/lib/rpm"
	cp "$shared/corpus/rpmdb/ubi8-bdb/Packages" "$root/var/lib/rpm"
	row 'map --missing, UBI 8, vs rpm -qal' 'x 0.25' "map --missing $root" \
		"rpm --dbpath $work/rpmdb -qal"
	cp -r "$root/var/lib/rpm" "$work/rpmdb"
}

# What else a user may have: rivals NAME INPUT COMMAND...
rivals() {
	local name=$1 input=$2 rival
	shift 2
	for rival in "$@"; do
		command -v "${rival%% *}" >/dev/null || continue
		row "packages of $name vs ${rival%% *}" - "packages -q $input" "$rival"
	done
}

root_rivals() {
	rivals "$1" "$2" "syft scan -q dir:$2" "trivy rootfs -q --scanners license $2" \
		"scalibr --plugins os --result $work/scalibr.textproto --root $2"
}

image_rivals() {
	rivals "$1" "$2" "syft scan -q docker-archive:$2" "trivy image -q --scanners license --input $2" \
		"scalibr --plugins os --result $work/scalibr.textproto --image-tarball $2"
}

# A docker archive of two compressed layers, against reading the entries of both
image_rows() {
	local root dir=$work/archive part names=() ids=()
	root=$(debian_root) && command -v bsdtar >/dev/null || return 0
	mkdir -p "$dir"
	tar -C "$root" -cf "$dir/0.tar" usr/share usr/bin var
	tar -C "$root" -cf "$dir/1.tar" --exclude=./usr/share --exclude=./usr/bin --exclude=./var .
	for part in 0 1; do
		ids+=("sha256:$(sha256sum <"$dir/$part.tar" | cut -d ' ' -f 1)")
		gzip "$dir/$part.tar"
		names+=("$part.tar.gz")
	done
	jq -cn '{os: "linux", rootfs: {diff_ids: $ARGS.positional}}' --args "${ids[@]}" >"$dir/config.json"
	jq -cn '[{Config: "config.json", RepoTags: ["bench:1"], Layers: $ARGS.positional}]' \
		--args "${names[@]}" >"$dir/manifest.json"
	tar -C "$dir" -cf "$work/archive.tar" "${names[@]}" config.json manifest.json
	row 'inspect a docker archive vs bsdtar -tf' 'x 1.25' "inspect -q $work/archive.tar" \
		"sh:bsdtar -tf $dir/0.tar.gz && bsdtar -tf $dir/1.tar.gz"
	row 'inspect a docker archive, peak memory' 'MB 66' "inspect -q $work/archive.tar"
	image_rivals 'a docker archive' "$work/archive.tar"
}

# rows of a Debian root: debian_rows NAME ROOT BUDGET-OF-MAP
debian_rows() {
	row "packages of $1 vs dpkg-query -W" - "packages $2" \
		"dpkg-query --admindir=$2/var/lib/dpkg -W"
	row "owner of a file of $1 vs dpkg-query -S" - "owner $2 /usr/bin/env" \
		"dpkg-query --admindir=$2/var/lib/dpkg -S /usr/bin/env"
	row "map $1 vs find -printf" "$3" "map -q $2" "$(find_of "$2")"
	row "map --format csv $1 vs find -printf" "$3" "map -q --format csv $2" "$(find_of "$2")"
	row "inspect $1 vs find -printf" - "inspect -q $2" "$(find_of "$2")"
}

verify_rows() {
	local name=$1 root=$2 algorithm=$3 native=$4
	"$whodistro" map -q --format ndjson "$root" | jq -rj --arg root "$root" --arg algo "$algorithm:" \
		'select(.type == "file" and (.digest // "" | startswith($algo))) | $root + "/" + .path + "\u0000"' |
		sort -zu >"$work/$algorithm.list"
	row "verify $name vs openssl $algorithm of the same files" 'x 1.11' "verify -q $root" \
		"$(hash_of "$algorithm" "$work/$algorithm.list")"
	row "verify $name vs ${algorithm}sum of the same files" - "verify -q $root" \
		"sh:xargs -0 ${algorithm}sum <$work/$algorithm.list"
	row "verify $name vs ${native%% *}" 'x 0.2' "verify -q $root" "$native"
}

large_rows() {
	local root synthetic_files
	if root=$(once large make_large); then
		debian_rows 'a large Debian' "$root" 'x 1'
		row 'map a large Debian, memory' "MB $(memory_budget "$root")" "map -q $root"
		root_rivals 'a large Debian' "$root"
		verify_rows 'a large Debian' "$root" md5 "debsums -a -s -r $root"
	fi
	if root=$(once rpm make_rpm); then
		row 'map an rpm root vs rpm -qal' - "map -q $root" "rpm --root $root --dbpath /var/lib/rpm -qal"
		row 'owner of a file of an rpm root vs rpm -qf' - "owner $root /usr/bin/env" \
			"rpm --root $root --dbpath /var/lib/rpm -qf /usr/bin/env"
		root_rivals 'an rpm root' "$root"
		verify_rows 'an rpm root' "$root" sha256 "rpm --root $root --dbpath /var/lib/rpm -Va --nodeps"
	fi
	for synthetic_files in 1000 10000 100000 1000000 3000000; do
		root=$(once "synthetic-$synthetic_files" make_synthetic) || continue
		row "map $synthetic_files files vs find -printf" 'MB 600' "map -q $root" "$(find_of "$root")"
		row "inspect $synthetic_files files vs find -printf" 'MB 600' "inspect -q $root" \
			"$(find_of "$root")"
	done
	if root=$(once docker.tar.gz make_docker); then
		row 'inspect a docker archive vs bsdtar -tf of its layers' 'x 1.25' "inspect -q $root" \
			"sh:bsdtar -xOf $root layer/layer.tar | bsdtar -tf -"
	fi
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
	image_rows
	ubi8_rows
	if root=$(debian_root); then
		debian_rows 'a minbase Debian' "$root" -
		root_rivals 'a minbase Debian' "$root"
	fi
	reference_rows
	[ "${WD_BENCH-}" = small ] || large_rows
} >"$work/rows"
WD_BUILDDIR=$WD_BUILDDIR "$tests/truth-time.py" "${1:-7}" ${2+"$2"} <"$work/rows"
