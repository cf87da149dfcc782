# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-3.0-or-later
# What the tests against native tools share. Source it; end the test with `exit $failed`.
set -u
export LC_ALL=C.UTF-8 TZ=UTC

tests=$WD_SRCDIR/tests
whodistro=$WD_BUILDDIR/whodistro
shared=$WD_SRCDIR/../shared
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() {
	echo "skip $*"
}

# check NAME COMMAND...: the case passes where the command does; its output is shown where not.
check() {
	local name=$1
	shift
	if "$@" >"$work/details" 2>&1; then
		echo "ok $name"
	else
		echo "not ok $name"
		head -n 25 "$work/details" | cut -c 1-400 | sed 's/^/#   /'
		failed=1
	fi
}

# equal EXPECTED GOT, two files
equal() {
	diff -U 0 --label expected --label got "$1" "$2"
}

# verdict ROOT JQ-CONDITION over inspect's JSON
verdict() {
	"$whodistro" inspect --format json "$1" >"$work/inspect.json" || return 1
	jq -e "$2" "$work/inspect.json" >/dev/null && return 0
	jq -c '{verdict, databases, files, errors}' "$work/inspect.json"
	return 1
}

# Where roots that take long to make are kept from one build directory to the next.
root_cache() {
	if mkdir -p "$WD_SRCDIR/build/roots" 2>/dev/null && [ -w "$WD_SRCDIR/build/roots" ]; then
		echo "$WD_SRCDIR/build/roots"
	else
		mkdir -p "$WD_BUILDDIR/roots" && echo "$WD_BUILDDIR/roots"
	fi
}

# image_root ARCHIVE ROOT: the layers of a docker archive, one over the other.
image_root() {
	local dir=$work/layers layer
	rm -rf "$dir"
	mkdir -p "$dir" "$2"
	tar -xzf "$1" -C "$dir"
	for layer in $(jq -r '.[0].Layers[]' "$dir/manifest.json"); do
		apply_whiteouts "$dir/$layer" "$2"
		tar -xf "$dir/$layer" -C "$2" --exclude='.wh.*'
	done
	rm -rf "$dir"
}

# OCI image specification, "Whiteouts": .wh.NAME deletes NAME of the layers below, .wh..wh..opq
# all that they have in its directory.
apply_whiteouts() {
	local entry dir name
	tar -tf "$1" | grep -E '(^|/)\.wh\.' | while read -r entry; do
		dir=$2/$(dirname "$entry")
		name=${entry##*/.wh.}
		if [ "$name" = .wh..opq ]; then
			find "$dir" -mindepth 1 -delete
		else
			rm -rf "${dir:?}/${name#.wh.}"
		fi
	done
}

# ---- rpm, without what the machine configures for it

macros='/usr/lib/rpm/macros:/usr/lib/rpm/platform/%{_target}/macros'

# rpm_in BACKEND ROOT ARGS...
rpm_in() {
	local backend=$1 root=$2
	shift 2
	rpm --macros "$macros" --define "_db_backend $backend" --define '_dbpath /var/lib/rpm' \
		--nodigest --nosignature --root "$root" "$@"
}

# ---- A Debian root of this machine's own release, from the archives and with the settings of its
# apt. Others may look for it at the same time.

debian_suite() {
	sed -n 's/^VERSION_CODENAME=//p' /etc/os-release
}

# apt_sources: what this machine's apt reads, as one-line entries
apt_sources() {
	# shellcheck disable=SC2016
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 2>/dev/null | sort -u
}

apt_settings() {
	apt-config dump --format '%F "%v";%n' | grep -E '^Acquire::(https?|ftp|Check)[:-]'
}

bootstrap() {
	local setting options=()
	while IFS= read -r setting; do
		options+=(--aptopt="$setting")
	done < <(apt_settings)
	rm -rf "$2.new"
	apt_sources >"$work/sources.list"
	timeout 300 mmdebstrap --quiet --mode=root --variant=minbase "${options[@]}" \
		"$1" "$2.new" "$work/sources.list" >&2 && mv "$2.new" "$2"
}

# debian_root: prints the path of a minbase root, which nobody may change; fails without one.
debian_root() {
	local suite cache
	suite=$(debian_suite)
	cache=$(root_cache)
	[ "$(id -u)" = 0 ] && [ -n "$suite" ] && command -v mmdebstrap dpkg-query >/dev/null || return 1
	(
		flock 8
		[ -d "$cache/$suite" ] || bootstrap "$suite" "$cache/$suite"
	) 8>"$cache/.lock" || return 1
	echo "$cache/$suite"
}

# ---- Distroless roots made of .debs, as Google's images are

distroless_packages() {
	local ssl
	ssl=$(apt-cache --names-only search '^libssl3(t64)?$' | cut -d ' ' -f 1 | head -n 1)
	echo base-files ca-certificates libc6 libgcc-s1 netbase openssl "${ssl:-libssl3}" tzdata zlib1g
}

# download DIR
download() {
	local packages
	rm -rf "$1.new"
	mkdir -p "$1.new" && cd "$1.new" || return 1
	read -ra packages < <(distroless_packages)
	timeout 120 apt-get download -qq -o APT::Sandbox::User=root "${packages[@]}" >&2 &&
		mv "$1.new" "$1"
}

# debian_debs: prints the path of a directory of .debs; fails where none are to be had.
debian_debs() {
	local cache debs
	cache=$(root_cache)
	debs=$cache/debs-$(debian_suite)
	(
		flock 8
		[ -d "$debs" ] || download "$debs"
	) 8>"$cache/.lock" || return 1
	echo "$debs"
}

# unpack ROOT SUMS DEB...: SUMS is where the md5sums go
unpack() {
	local root=$1 sums=$2 deb name
	shift 2
	mkdir -p "$root/var/lib/dpkg/status.d" "$sums"
	for deb in "$@"; do
		name=$(dpkg-deb -f "$deb" Package)
		dpkg-deb -x "$deb" "$root"
		dpkg-deb -f "$deb" >"$root/var/lib/dpkg/status.d/$name"
		dpkg-deb --ctrl-tarfile "$deb" | tar -xO ./md5sums >"$sums/$name.md5sums"
	done
}
