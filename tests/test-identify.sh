#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Reference indexes of Debian's own lists, and a distroless image of 2022 that records packages and
# none of their files. The expected owner of a path is what the list says, looked up by awk, of the
# packages that the image records.
# shellcheck disable=SC2154,SC2317
# shellcheck source=tests/truth-lib.sh
. "${WD_SRCDIR:?}/tests/truth-lib.sh"
downloads=$(root_cache)/downloads
# shellcheck source=tests/accuracy/fetch.sh
. "$tests/accuracy/fetch.sh"
archive=$shared/corpus/image/distroless-base-debian11.docker.tar.gz

# unpacked LIST...
unpacked() {
	bsdcat "$@"
}

# "PATH PACKAGE", sorted, of the recorded packages; /bin and its like are below /usr
expected_owners() {
	unpacked "${bullseye[@]}" | awk -v packages="$(cat "$work/recorded")" '
		BEGIN { n = split(packages, list); for (i = 1; i <= n; i++) recorded[list[i]] }
		{
			n = split($NF, owners, ",")
			sub(/[ \t]+[^ \t]+$/, "")
			sub(/^(bin|sbin|lib|lib32|lib64|libx32)\//, "usr/&")
			for (i = 1; i <= n; i++) {
				sub(/.*\//, "", owners[i])
				if (owners[i] in recorded) print $0 "\t" owners[i]
			}
		}' | LC_ALL=C sort -u
}

# "PATH PACKAGE" as the map has them by reference
mapped() {
	"$whodistro" map --reference "$work/index" --format ndjson "$1" |
		jq -r 'select(.basis == "reference") | "\(.path)\t\(.package)"' |
		sed -E 's,^(bin|sbin|lib|lib32|lib64|libx32)/,usr/&,' | LC_ALL=C sort -u
}

# what the map has is in the list, and what of the list is there is in the map; but for what a rule
# knows that iconvconfig makes, where there is a database for rules
owners_equal() {
	mapped "$1" | grep -v gconv-modules.cache >"$work/got"
	(cd "$1" && find . ! -type d -printf '%P\n') |
		sed -E 's,^(bin|sbin|lib|lib32|lib64|libx32)/,usr/&,' | LC_ALL=C sort -u >"$work/there"
	LC_ALL=C join -t $'\t' "$work/listed" "$work/there" |
		grep -v gconv-modules.cache >"$work/expected"
	equal "$work/expected" "$work/got"
}

versions_are_recorded() {
	"$whodistro" map --reference "$work/index" --format ndjson "$1" |
		jq -r 'select(.basis == "reference") | "\(.package) \(.version)"' | sort -u >"$work/got"
	cat "$1"/var/lib/dpkg/status.d/* | awk '/^Package:/ { p = $2 } /^Version:/ { print p, $2 }' |
		sort -u >"$work/expected"
	equal "$work/expected" "$work/got"
}

no_versions() {
	"$whodistro" map --reference "$work/index" --format ndjson "$1" |
		jq -se 'map(select(.basis == "reference")) | length > 2000 and all(.version == "" and .distro == "debian:11")'
}

identified() {
	"$whodistro" identify --format json "$work/index" "$1" | jq -e "$2"
}

if [ ! -e "$archive" ]; then
	skip "reference (no $archive)"
	exit 77
fi
for tool in bsdcat jq apt-get; do
	command -v "$tool" >/dev/null || { skip "reference (no $tool)"; exit 77; }
done
exec 8>"$(root_cache)/.lock"
flock 8
mapfile -t bullseye < <(contents bullseye)
# as a rival, half of it does
mapfile -t bookworm < <(contents bookworm | grep -v -e -all)
exec 8>&-
if [ "${#bullseye[@]}" = 0 ] || [ "${#bookworm[@]}" = 0 ]; then
	skip 'reference (no lists of Debian 11 and 12: is the mirror there?)'
	exit 77
fi

root=$work/image
image_root "$archive" "$root"
sed -n 's/^Package: *//p' "$root"/var/lib/dpkg/status.d/* >"$work/recorded"
expected_owners >"$work/listed"
check 'the lists of bullseye are learnt' "$whodistro" learn --distro debian:11 "$work/index" "${bullseye[@]}"
check 'and those of bookworm' "$whodistro" learn --distro debian:12 "$work/index" "${bookworm[@]}"
check 'distroless: the packages of all files, by path, of those recorded' owners_equal "$root"
check 'distroless: versions are those recorded' versions_are_recorded "$root"
check 'distroless: identified as debian:11' identified "$root" \
	'.distro.id == "debian" and .distro.version_id == "11" and .confidence == "weak" and (.nearest | not)'
rm -rf "$root/var/lib/dpkg" "$root"/etc/os-release "$root"/usr/lib/os-release
check 'hidden: the same packages' owners_equal "$root"
check 'hidden: all debian:11, and no version is claimed' no_versions "$root"
check 'hidden: verdict' identified "$root" '.distro.version_id == "11"'
exit "$failed"
