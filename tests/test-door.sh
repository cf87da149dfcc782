#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The whole program on root filesystems that were made to get out of the root, or to cost without
# end. WD_WHOLE=1, as of `./dev fuzz roots`, makes them as large as somebody who means it would.
# shellcheck disable=SC2317
# shellcheck source=tests/truth-lib.sh
. "${WD_SRCDIR:?}/tests/truth-lib.sh"

swapping=$WD_BUILDDIR/tests/swapping
cd "$work" || exit 1
[ -n "${WD_WHOLE-}" ] && wide=1000000 links=60000 runs=50 || wide=50000 links=20000 runs=2
[ -z "$WD_SANITIZED" ] || runs=1

# package ROOT: a dpkg database with one package, whose list is read from standard input
package() {
	mkdir -p "$1/var/lib/dpkg/info" "$1/etc"
	printf 'ID=debian\nVERSION_ID="12"\n' >"$1/etc/os-release"
	printf '%s\n' 'Package: hello' 'Status: install ok installed' 'Version: 1' 'Architecture: all' \
		'Maintainer: Debian Tests <tests@lists.debian.org>' 'Description: fixture' '' \
		>"$1/var/lib/dpkg/status"
	cat >"$1/var/lib/dpkg/info/hello.list"
}

commands() {
	cat <<-'EOT'
		inspect --format json --evidence
		map --format csv --dirs
		map --format json --missing
		packages --format ndjson
		verify --format csv
	EOT
}

# ends STATUS ROOT: every command, in time and memory that no test needs, with that status or 0
ends() {
	local args status
	while read -r args; do
		status=0
		# shellcheck disable=SC2086
		(
			[ -n "$WD_SANITIZED" ] || ulimit -v 8000000
			exec timeout -k 5 300 "$whodistro" $args "$2"
		) >/dev/null 2>messages || status=$?
		[ "$status" = 0 ] || [ "$status" = "$1" ] ||
			{ echo "$args: status $status" && head -c 300 messages && return 1; }
	done < <(commands)
}

rows() {
	"$whodistro" map --format csv "${@:2}" 2>/dev/null | sed 1d | wc -l | grep -qx "$1"
}

# ---- Out of the root

# Never a byte of the outside, whatever is swapped: a directory, a file or a database for a link.
stays_inside() {
	local args i status prefix
	for ((i = 0; i < runs; i++)); do
		for prefix in env "$WD_BUILDDIR/tests/without-call openat2 ENOSYS"; do
			while read -r args; do
				status=0
				# shellcheck disable=SC2086
				"$swapping" "$1" other $prefix "$whodistro" $args inside >out 2>messages || status=$?
				[ "$status" = 0 ] || [ "$status" = 3 ] ||
					{ echo "$args: status $status" && cat messages && return 1; }
				! grep -i outsider out messages || return 1
			done < <(commands)
		done
	done
}

test_swaps() {
	local name
	package inside </dev/null
	mkdir -p inside/usr/{bin,lib} outside/{usr/bin,etc,bin}
	printf '/usr/bin/tool\n/usr/lib/x\n' >inside/var/lib/dpkg/info/hello.list
	cp /bin/true inside/usr/bin/tool
	cp -a inside/var outside/
	sed -i 's/hello/outsider/' outside/var/lib/dpkg/status
	printf 'ID=outsider\nNAME=outsider\n' >outside/etc/os-release
	cp /bin/true outside/usr/bin/outsider
	cp /bin/true outside/bin/outsider
	for name in usr usr/bin etc etc/os-release var var/lib/dpkg var/lib/dpkg/status \
		var/lib/dpkg/info; do
		ln -s "$work/outside/$name" other
		check "swapped for a link to the outside: $name" stays_inside "inside/$name"
		put_back "inside/$name" -L
		ln -s "$(printf '../%.0s' {1..30})$work/outside/$name" other
		check "swapped for .. to the outside: $name" stays_inside "inside/$name"
		put_back "inside/$name" -L
	done
	for name in usr/bin/tool var/lib/dpkg/status; do
		mkfifo other
		check "swapped for a FIFO: $name" stays_inside "inside/$name"
		put_back "inside/$name" -p
	done
}

# put_back PATH TEST: what the swaps left under the other's name
put_back() {
	! test "$2" "$1" || { rm "$1" && mv other "$1"; }
	rm -f other
}

# A file of the rootfs that leads into a mounted /proc is no file of the rootfs.
proc_is_none() {
	local prefix target
	for target in 1/root/etc/os-release self/root/etc/os-release self/environ self/cwd/secret \
		self/fd/9; do
		ln -sfn "/proc/$target" proc/etc/os-release
		for prefix in env "$WD_BUILDDIR/tests/without-call openat2 ENOSYS"; do
			# shellcheck disable=SC2016,SC2086
			NAME=outsider unshare -m sh -c 'mount -t proc none proc/proc && exec "$@" 9<secret' - \
				$prefix "$whodistro" inspect --format json --cross-mounts proc >out 2>messages
			grep -q '"schema"' out || { cat messages && return 1; }
			! grep -i outsider out messages || return 1
		done
	done
	unshare -m sh -c 'mount -t proc none proc/proc && "$@"' - \
		"$whodistro" owner proc /proc/version >out 2>&1 && return 1
	grep -q 'no such file' out
}

test_proc() {
	if [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null; then
		skip 'a mounted /proc: no mount namespace'
		return
	fi
	mkdir -p proc/{etc,proc,usr}
	printf 'ID=outsider\nNAME=outsider\n' >secret
	check 'links into a mounted /proc' proc_is_none
}

# ---- Costs

# Deep as paths get, a program at the bottom and names of 255 bytes in another
make_deep() {
	python3 - "$1" "$2" "$3" "$4" <<'EOT'
import os, sys
top, name, depth, every = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
os.makedirs(top + "/etc")
open(top + "/etc/os-release", "w").write("ID=debian\n")
program = open("/bin/true", "rb").read()
at = os.open(top, os.O_RDONLY)
for i in range(depth):
    os.mkdir(name, dir_fd=at)
    below = os.open(name, os.O_RDONLY, dir_fd=at)
    os.close(at)
    at = below
    if every or i == depth - 1:
        fd = os.open("program", os.O_WRONLY | os.O_CREAT, 0o755, dir_fd=at)
        os.write(fd, program)
        os.close(fd)
EOT
}

examined() {
	"$whodistro" inspect --format json --evidence deep >out && jq -e '.files.elf == 1 or
		([.. | .kind? // empty] | any(. == "debuglink" or . == "comment"))' out >/dev/null
}

test_depth() {
	make_deep deep dd 10000 ''
	check '10,000 directories in each other' ends 0 deep
	check 'a program below them is looked into' examined
	# shellcheck disable=SC2016
	check 'a few descriptors: an error, and the rest' sh -c \
		'ulimit -n 64; "$1" map deep >out 2>messages; [ $? -le 3 ] && [ -s out ]' - "$whodistro"
	make_deep names "$(printf 'n%.0s' {1..255})" 600 all
	check 'a program at each of 600 levels of names of 255 bytes' ends 3 names
	check 'no row of them is missing' rows 601 names
	find deep names -depth -delete
}

test_width() {
	mkdir wide
	(cd wide && seq -f 'f%07.0f' 0 $((wide - 1)) | xargs -n 5000 touch)
	seq -f '/f%07.0f' 0 2 $((wide * 3 / 2)) | package wide
	check "$wide entries in a directory" ends 0 wide
	check 'no row is missing' rows $((wide + 3)) wide
	rm -rf wide
}

test_hard_links() {
	local sum
	mkdir -p hard/h && cp /bin/true hard/h/f00000
	if ! python3 -c 'import os, sys
for i in range(1, int(sys.argv[1])):
    os.link("hard/h/f00000", "hard/h/f%05d" % i)' "$links" 2>/dev/null; then
		skip "$links hard links: not on this file system"
		return
	fi
	seq -f '/h/f%05.0f' 0 $((links - 1)) | package hard
	sum=$(md5sum hard/h/f00000)
	seq -f "${sum%% *}  h/f%05.0f" 0 $((links - 1)) >hard/var/lib/dpkg/info/hello.md5sums
	check "$links names of one file" ends 0 hard
	check 'each is right' test -z "$("$whodistro" verify hard)"
	rm -rf hard
}

# One database by thousands of names counts once.
test_many_names() {
	mkdir -p many/var/db/xbps many/var/lib
	echo '<plist version="1.0"><dict></dict></plist>' >many/var/db/xbps/pkgdb-0.38.plist
	python3 -c 'import os
for i in range(5000):
    os.symlink("pkgdb-0.38.plist", "many/var/db/xbps/pkgdb-%05d.plist" % i)
    os.link("many/var/db/xbps/pkgdb-0.38.plist", "many/var/db/xbps/pkgdb-h%05d.plist" % i)'
	check 'a database of 10,001 names' ends 3 many
	check 'it counts once' test "$("$whodistro" inspect --format json many 2>/dev/null |
		jq '.databases | length')" = 1
	rm -rf many
}

# Every link leads to the next one, forty times; and claims that go through them.
test_link_bomb() {
	python3 - <<'EOT'
import os
os.makedirs("bomb/d")
for i in range(40):
    os.symlink("/".join(["l%d" % (i + 1)] * 40), "bomb/l%d" % i)
os.symlink("d", "bomb/l40")
os.symlink("./" * 2047 + "d", "bomb/long")
os.symlink("d/../" * 819, "bomb/up")
EOT
	{
		for i in 0 20 39; do
			seq -f "/l$i/x%05.0f" 10000
		done
		seq -f '/long/x%05.0f' 10000
		echo /up/a
		for i in a nnn; do
			printf '/' && printf "$i/%.0s" {1..20000} && echo b
		done
		for i in 256 5000 70000; do
			printf '/%0*d\n' "$i" 0
		done
	} | package bomb
	check 'links of links, and claims of any length' ends 3 bomb
	# shellcheck disable=SC2016
	check 'a target of 4,095 bytes is followed' sh -c \
		'"$1" owner --format csv bomb /long/x00001 2>/dev/null | grep -q "^d/x00001,.*hello"' - "$whodistro"
}

# ----

test_swaps
test_proc
if command -v python3 >/dev/null; then
	test_depth
	test_width
	test_hard_links
	test_many_names
	test_link_bomb
else
	skip 'depth, width, links: no python3'
fi
exit "$failed"
