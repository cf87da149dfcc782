#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Roots without their papers, a few of those that `./dev accuracy` measures: nothing confident that
# is said of them is wrong, and what can be known is said.
# shellcheck disable=SC2034,SC2154,SC2317
# shellcheck source=tests/truth-lib.sh
. "${WD_SRCDIR:?}/tests/truth-lib.sh"
here=$tests/accuracy
corpus=$shared/corpus
cache=$work/accuracy
for part in papers roots measure; do
	# shellcheck source=/dev/null
	. "$here/$part.sh"
done

# Of this machine's own release, and from where the other tests have it already
debs() {
	debian_debs
}

own=debian:$(sed -n 's/^VERSION_ID="*\([^"]*\)"*$/\1/p' /etc/os-release)
debian_release() {
	echo "$own"
}

ssl_of() {
	basename "$(echo "$(debs)"/libssl3*.deb)" | cut -d _ -f 1
}

make_minbase() {
	local tree
	tree=$(debian_root) && copy "$tree" || return 1
	is "$own" "$own" full '?'
	claims_dpkg "$root" "$own" | write_truth
}

make_distroless-debs() {
	make_distroless own distroless base-files ca-certificates libc6 libgcc-s1 netbase openssl \
		"$(ssl_of)" tzdata zlib1g
}

make_bundle() {
	local dir
	dir=$(debian_debs) || return 1
	mkdir -p "$truth/scratch" "$root/app"
	for dir in "$dir"/{libc6,libssl3*,zlib1g}_*.deb; do
		dpkg-deb -x "$dir" "$truth/scratch" || return 1
	done
	find "$truth/scratch" -name '*.so*' -type f -exec cp {} "$root/app" \;
	rm -rf "$truth/scratch"
	is "$own" "$own" '' -
	claims_of "$own" 'app/*' | write_truth
}

# holds CONDITION: of what judge.py said, in jq's language
holds() {
	jq -e "$1" "$work/judged" >/dev/null && return 0
	jq -c . "$work/judged"
	return 1
}

# The verdict, the other lineages, and the owners of files
harmless='((.verdict.distro != "wrong" and .verdict.release != "wrong") or
	(.verdict.confidence | . == "weak" or . == "none")) and
	all(.lineages[]; .[2] or .[1] == "weak" or .[1] == "none") and
	.files.wrong <= .files.stated * 0.01'

# What must be said: jq's condition, by words for people
declare -A condition=(
	['the distribution']='.verdict.distro == "right"'
	['distribution and release']='.verdict.distro == "right" and .verdict.release == "right"'
	[nothing]='.verdict.distro == "none" and .lineages == []'
)

# says NAME STEP WORDS
says() {
	measure "$1" "$2" "$2" >"$work/judged"
	if [ -s "$work/judged" ]; then
		check "$1, $2 taken: nothing confident is wrong" holds "$harmless"
		check "$1, $2 taken: says $3" holds "${condition[$3]}"
	else
		skip "$1, $2 taken (it never had that)"
	fi
}

# root NAME WORDS STEP...
root() {
	local name=$1 words=$2 step
	shift 2
	if ! made "$name" 2>"$work/made"; then
		skip "$name (it could not be made)"
		return
	fi
	for step; do
		says "$name" "$step" "$words"
	done
	rm -rf "$cache/roots/$name"
}

mkdir -p "$cache"
root minbase 'distribution and release' nothing all elf moved lie
root distroless-debs 'distribution and release' nothing database all elf lie
root bundle 'distribution and release' nothing
root distroless11 'distribution and release' nothing release os-release
root alpine3.15 'the distribution' nothing os-release
root trap-compiled nothing nothing
exit "$failed"
