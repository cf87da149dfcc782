#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The walk of components that stands in for openat2(RESOLVE_IN_ROOT) on old kernels and in
# sandboxes must see what the kernel sees: all output is compared byte for byte.
# shellcheck disable=SC2317
# shellcheck source=tests/truth-lib.sh
. "${WD_SRCDIR:?}/tests/truth-lib.sh"

wrapper=$WD_BUILDDIR/tests/without-call

# say PREFIX... ROOT: everything, messages and exit statuses too
say() {
	local root=${!#} prefix=("${@:1:$#-1}") command paths
	for command in 'inspect --format ndjson' 'packages --format ndjson' \
		'map --dirs --missing --format ndjson'; do
		# shellcheck disable=SC2086
		"${prefix[@]}" "$whodistro" $command "$root" 2>&1
		echo "exit status $?"
	done
	mapfile -t paths < <(cat "$root/asked" 2>/dev/null)
	[ "${#paths[@]}" -eq 0 ] ||
		"${prefix[@]}" "$whodistro" owner --format ndjson "$root" "${paths[@]}" 2>&1
	echo "exit status $?"
}

same_without() {
	say env "$2" >"$work/with"
	grep -q '"schema":"whodistro/inspect/1"' "$work/with" || { cat "$work/with"; return 1; }
	say "$wrapper" openat2 "$1" "$2" >"$work/without"
	cmp "$work/with" "$work/without" || equal "$work/with" "$work/without"
}

# ---- Roots

database() {
	mkdir -p "$1/info"
	cat >"$1/status" <<-'EOT'
		Package: hello
		Status: install ok installed
		Version: 1
		Architecture: all
		Maintainer: Debian Tests <tests@lists.debian.org>
		Description: fixture

	EOT
	printf '/.\n/usr\n/usr/bin\n/usr/bin/hello\n' >"$1/info/hello.list"
}

# link_in ROOT COMPONENT TARGET: a root whose COMPONENT of var/lib/dpkg/status is a link to TARGET,
# what it was having moved to the directory "moved"
link_in() {
	mkdir -p "$1/usr/bin" "$1/etc" "$1/moved"
	echo hello >"$1/usr/bin/hello"
	database "$1/var/lib/dpkg"
	mv "$1/$2" "$1/moved/"
	ln -s "$3" "$1/$2"
}

# up N: "../" N times
up() {
	printf '../%.0s' $(seq "$1")
}

# Targets of a link at COMPONENT that lead to where it was moved, or nowhere.
targets() {
	local name=${1##*/} depth
	depth=$(tr -cd / <<<"$1" | wc -c)
	echo "/moved/$name"
	[ "$depth" = 0 ] && echo "moved/$name" || echo "$(up "$depth")moved/$name"
	echo "$(up $((depth + 3)))moved/$name"
	echo "/usr/../moved/./$name/"
	echo "/../../moved//$name"
	echo "$name"
	echo "/$1/."
	echo nowhere
	echo "/moved/$name/.."
	echo "$(up 20)$work/outside/$name"
	echo "$work/outside/$name"
	echo /proc/self/root
	echo "/usr/bin/hello/../../../moved/$name"
}

# Chains of as many links as the kernel follows, and of one more.
chain() {
	local i previous=/moved/dpkg
	mkdir -p "$1/links"
	for ((i = 1; i < $2; i++)); do
		ln -s "$previous" "$1/links/$i"
		previous=/links/$i
	done
	link_in "$1" var/lib/dpkg "$previous"
}

hostile() {
	local root=$1
	mkdir -p "$root"/{usr/{bin,lib,share/doc},etc,deep/a/b/c}
	database "$root/var/lib/dpkg"
	echo 'ID=debian' >"$root/usr/lib/os-release"
	ln -s "$(up 9)usr/lib/os-release" "$root/etc/os-release"
	ln -s /usr/bin "$root/bin"
	ln -s ../usr/lib "$root/lib"
	ln -s . "$root/usr/here"
	ln -s .. "$root/deep/a/b/c/parent"
	ln -s /deep/a/b/c/parent/parent "$root/deep/back"
	ln -s loop-b "$root/deep/loop-a"
	ln -s loop-a "$root/deep/loop-b"
	ln -s "$work/outside" "$root/out"
	ln -s "$(up 20)$work/outside" "$root/deep/out"
	mkfifo "$root/etc/fifo"
	printf '/bin/hello\n/usr/here/here/bin\n/lib/../bin/tool\n/deep/loop-a/x\n/out/status\n' \
		>>"$root/var/lib/dpkg/info/hello.list"
	echo tool >"$root/usr/bin/tool"
	echo hello >"$root/usr/bin/hello"
	printf '%s\n' bin/hello /bin/../bin/hello usr/here/here/bin/tool deep/a/b/c/parent/c/../b \
		deep/back/x deep/loop-a deep/loop-a/x out/dpkg/status deep/out/secret none/../usr \
		../../usr/bin/hello lib/os-release etc/os-release/ usr/bin/hello/x >"$root/asked"
}

# ---- Cases

test_links() {
	local errno=$1 component target n=0 failures=''
	for component in var var/lib var/lib/dpkg var/lib/dpkg/status var/lib/dpkg/info; do
		while IFS= read -r target; do
			rm -rf "$work/linked"
			link_in "$work/linked" "$component" "$target"
			same_without "$errno" "$work/linked" >"$work/difference" 2>&1 ||
				failures+="$component -> $target: $(sed -n 4,6p "$work/difference" | cut -c 1-150)"$'\n'
			n=$((n + 1))
		done < <(targets "$component")
	done
	check "$errno: $n links in the path of a database" no_failures "$failures"
}

no_failures() {
	printf '%s' "$1"
	[ -z "$1" ]
}

# Where the links lead, the database is found: the comparison would not notice if it never were.
finds() {
	rm -rf "$work/linked"
	link_in "$work/linked" "$2" "$3"
	"$wrapper" openat2 "$1" "$whodistro" packages --format ndjson "$work/linked" | grep -q '"hello"'
}

# Nothing of what stands outside of the root comes in.
stays_inside() {
	local errno=$1 component
	for component in var/lib/dpkg var/lib/dpkg/status; do
		rm -rf "$work/linked"
		link_in "$work/linked" "$component" "$(up 20)$work/outside/${component##*/}"
		"$wrapper" openat2 "$errno" "$whodistro" packages --format ndjson "$work/linked" | grep . && return 1
	done
	return 0
}

test_errno() {
	local errno=$1 n root suite
	suite=$(debian_suite)
	[ "$errno" != ENOSYS ] || test_links "$errno" # either makes the same walk
	check "$errno: through an absolute link" finds "$errno" var/lib/dpkg /moved/dpkg
	check "$errno: through more .. than there are directories" \
		finds "$errno" var/lib/dpkg "$(up 9)moved/dpkg"
	check "$errno: never out of the root" stays_inside "$errno"
	for n in 39 40 41; do
		rm -rf "$work/chain"
		chain "$work/chain" $n
		check "$errno: a chain of $n links" same_without "$errno" "$work/chain"
	done
	check "$errno: a hostile tree" same_without "$errno" "$work/hostile"
	for root in "$work/ubi8" "$(root_cache)/${suite:-none}"; do
		[ ! -d "$root" ] || check "$errno: ${root##*/}" same_without "$errno" "$root"
	done
}

test_scenarios() {
	[ -x "$tests/scenarios.sh" ] || return 0
	if [ -n "$WD_SANITIZED" ]; then
		set -- "$tests"/scenarios/{bad-escape,bad-database-kind,map-usrmerge,owner}.test
	fi
	WD_WRAP="$wrapper openat2 ENOSYS" "$tests/scenarios.sh" "$@" >"$work/scenarios" 2>&1 || failed=1
	sed -E 's/^(ok|not ok|skip) /&without openat2: /' "$work/scenarios"
}

# ----

"$wrapper" openat2 ENOSYS true
case $? in
0) ;;
77) skip 'no seccomp filter here'; exit 77 ;;
*) echo 'not ok the wrapper'; exit 1 ;;
esac
mkdir -p "$work/outside"
database "$work/outside/dpkg"
sed -i s/hello/outsider/ "$work/outside/dpkg/status"
cp "$work/outside/dpkg/status" "$work/outside/status"
hostile "$work/hostile"
if [ -d "$shared/corpus" ]; then
	image_root "$shared/corpus/image/ubi8-rpmdb-under-centos7.docker.tar.gz" "$work/ubi8"
fi
test_errno ENOSYS
test_errno EPERM
[ ! -x "$WD_BUILDDIR/tests/test-rootfs" ] ||
	check "the door's own tests" "$wrapper" openat2 ENOSYS "$WD_BUILDDIR/tests/test-rootfs"
test_scenarios
exit "$failed"
