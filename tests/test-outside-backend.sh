#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A backend of somebody else: the example of whodistro-backend(7) is built out of tree against an
# installation, by the commands of that page, and loaded. Then it is broken, one way at a time: each
# costs its own database, is named, and leaves the dpkg database beside it alone.
set -u
umask 022
export LC_ALL=C.UTF-8

: "${WD_BUILDDIR:?}" "${WD_SRCDIR:?}"
cc=${CC:-cc}
for tool in "$cc" pkg-config make jq; do
	command -v "$tool" >/dev/null || { echo "skip outside-backend: no $tool"; exit 77; }
done
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0

# verdict NAME OFFENDERS
verdict() {
	if [ -z "$2" ]; then
		echo "ok $1"
	else
		printf 'not ok %s\n%s\n' "$1" "$2"
		failed=1
	fi
}

# same EXPECTED ACTUAL: how they differ
same() {
	[ "$1" = "$2" ] || diff <(echo "$1") <(echo "$2")
}

# ---- An installation

dest=$work/dest
installer() {
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$WD_BUILDDIR" "$1" DESTDIR="$dest" \
		>"$work/$1.log" 2>&1
}
installer install || { echo 'not ok make install'; cat install.log; exit 1; }

pc=$(find "$dest" -name whodistro-backend.pc)
PKG_CONFIG_LIBDIR=${pc%/*}
export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR=$dest
export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
unset PKG_CONFIG_PATH
read -ra cflags < <(pkg-config --cflags whodistro-backend)
read -ra libs < <(pkg-config --libs whodistro-backend)
prefix=$(pkg-config --variable=prefix whodistro-backend)
prefix=${prefix#"$dest"}
backendsdir=$(pkg-config --variable=backendsdir whodistro-backend)
backendsdir=$dest${backendsdir#"$dest"}
examples=$(dirname "$(find "$dest" -name toypkg.c)")
page=$(find "$dest" -name whodistro-backend.7)

# The installed program, where it believes itself to be: it looks for its data below $prefix. Where
# that cannot be arranged, the program of the build tree.
own_namespace=(unshare --mount)
[ "$(id -u)" = 0 ] || own_namespace+=(--map-root-user)
# shellcheck disable=SC2016 # expanded by the inner shell
in_place() {
	"${own_namespace[@]}" sh -c 'mount --bind "$1" "$2" && shift 2 && exec "$@"' - \
		"$dest$prefix" "$prefix" "$prefix/bin/whodistro" "$@"
}
whodistro() {
	if [ -n "$installed" ]; then
		in_place "$@"
	else
		"$WD_BUILDDIR/whodistro" "$@"
	fi
}
installed=
if [ -d "$prefix" ] && in_place --version >version 2>&1; then
	installed=1
	verdict 'the installed version is that of the pkg-config file' \
		"$(same "whodistro $(pkg-config --modversion whodistro-backend)" "$(cat version)")"
else
	echo 'skip the installed program: no mount namespace, or no directory of its prefix'
fi

verdict 'the pkg-config file has the ABI version of the header' "$(same \
	"$(sed -n 's/^#define WD_BACKEND_ABI //p' "$WD_SRCDIR/src/pkgdb/backend.h")" \
	"$(pkg-config --variable=abi whodistro-backend)")"
verdict 'descriptors are installed where the pkg-config file says' \
	"$([ -f "$backendsdir/dpkg.backend" ] || ls -d "$backendsdir")"
verdict 'every installed header stands alone' "$(
	cd "$(find "$dest" -path '*/include/whodistro' -type d)" || exit
	for header in */*.h; do
		echo "#include \"$header\"" >"$work/header.c"
		"$cc" -fsyntax-only -Wall -Wextra -Werror "${cflags[@]}" "$work/header.c" 2>&1
	done
)"

# ---- The page

# shown MARK: the display of the page that follows the comment MARK, without its markup
shown() {
	sed -n "/^\\.\\\\\" $1\$/,/^\\.Ed/p" "$page" | sed -e '1,2d' -e '$d' -e 's/^\\&//' \
		-e "s/\\\\(aq/'/g" -e 's/\\-/-/g' -e 's/\\e/\\/g'
}
for file in toypkg.c toypkg.backend; do
	verdict "whodistro-backend(7) shows $file" "$(diff <(shown "$file") "$examples/$file")"
done
verdict 'the installed example is that of the sources' \
	"$(diff -r "$examples" "$WD_SRCDIR/tests/example-backend" 2>&1)"

# ---- The example

# builder DIR: the command of the page, in DIR
builder() {
	(cd "$1" && sh -euc "$(shown 'build toypkg.so' | sed 's/^\$ //')") 2>&1
}
mkdir toy
cp "$examples"/toypkg.* toy
verdict 'the example builds without a warning' "$(CC="$cc -Wall -Wextra" builder toy)"
[ -f toy/toypkg.so ] || exit 1

mkdir -p root/{etc,usr/{bin,sbin,lib}} root/var/lib/{dpkg/info,toypkg}
printf 'ID=debian\nVERSION_ID=12\n' >root/etc/os-release
ln -s usr/sbin root/sbin
touch root/usr/{bin/base,bin/hello,lib/shared,sbin/world}
cat >root/var/lib/dpkg/status <<-'END'
	Package: base
	Status: install ok installed
	Architecture: all
	Version: 1-1
	Maintainer: A <a@debian.org>
	Description: -
END
printf '%s\n' /. /usr /usr/bin /usr/bin/base /usr/lib/shared >root/var/lib/dpkg/info/base.list
good_db() {
	cat >root/var/lib/toypkg/db <<-'END'
		toypkg 1
		hello 2.10 usr/bin/hello usr/lib/shared
		world 1 /sbin//world ./usr/gone
	END
}
good_db

# run COMMAND...: into out, err and $status
run() {
	whodistro "$@" >out 2>err
	status=$?
}

# complete EXPECTED: what the last run printed, all of it and no more
complete() {
	same "$1" "$(cat out)"
	[ "$status" = 0 ] || echo "exit status $status"
	cat err
}

if [ -n "$installed" ]; then
	cp toy/toypkg.so toy/toypkg.backend "$backendsdir"
	run packages -f csv root
	verdict 'installed, it needs no option' "$(grep -q '^hello,2.10,' out || cat out err)"
	rm "$backendsdir"/toypkg.*
fi
run packages -f csv --backend-path toy root
verdict 'packages' "$(complete "\
name,version,arch,source,vendor,distro,db,files,size,purl,flags
base,1-1,all,base,A <a@debian.org>,debian:12,var/lib/dpkg/status,5,,\
pkg:deb/debian/base@1-1?arch=all&distro=debian-12,
hello,2.10,,,,,var/lib/toypkg/db,2,,pkg:generic/hello@2.10,
world,1,,,,,var/lib/toypkg/db,2,,pkg:generic/world@1,")"
run owner -f csv --backend-path toy root /sbin/world usr/gone
verdict 'owner' "$(complete "\
path,type,size,mode,package,version,arch,source,db,distro,basis,flags
usr/sbin/world,file,0,0644,world,1,,,var/lib/toypkg/db,,database,
usr/gone,,,,world,1,,,var/lib/toypkg/db,,database,missing")"
run map -f json --backend-path toy root
verdict 'map' "$(same "\
usr/bin/base base
usr/bin/hello hello
usr/lib/shared base
usr/lib/shared hello
usr/sbin/world world" \
	"$(jq -r '.rows[] | select(.basis == "database") | "\(.path) \(.package)"' out)"
	cat err)"
run inspect -f json --backend-path toy root
verdict 'inspect' "$(same 'toypkg toypkg-1 2 4 true' \
	"$(jq -r '.databases[] | select(.backend == "toypkg") |
		"\(.backend) \(.format) \(.packages) \(.files) \(.complete)"' out)"
	cat err)"
landlock=$(jq '.databases[] | select(.backend == "toypkg").sandbox.landlock' out)
run backends -f json --backend-path toy
verdict 'backends' "$(same "1.0 toypkg-1 var/lib/toypkg/db toy null" \
	"$(jq -r '.rows[] | select(.name == "toypkg") |
		"\(.version) \(.formats[]) \(.probes[]) \(.directory) \(.broken)"' out)"
	cat err)"

# ---- What is in the database

# of_dpkg: what the last map says of packages of the dpkg database
of_dpkg() {
	jq -r '.rows[] | select(.db == "var/lib/dpkg/status") | "\(.path) \(.package) \(.distro)"' out
}
run map -f json root
dpkg_alone=$(of_dpkg)
verdict 'the dpkg database alone' "$(grep -qx 'usr/bin/base base debian:12' <<<"$dpkg_alone" ||
	cat out err)"

# harm CODE TEXT: what is wrong with a map where the toypkg database costs itself and nothing else
harm() {
	[ "$status" = 3 ] || echo "exit status $status"
	grep -q "^whodistro: root: $where: .*$2" err || { echo "not said: $2"; cat err; }
	jq -e --arg code "$1" --arg path "$where" --arg text "$2" '.errors | length > 0 and
		all(.path == $path) and any(.code == $code and (.message | test($text)))' out >json ||
		jq -c '.errors[:5]' out
	grep -q SEEN out err && echo 'it prints'
	same "$dpkg_alone" "$(of_dpkg)"
	find . -name LEAK
}
where=var/lib/toypkg/db

# entry NAME CODE TEXT DB: a database of this content
entry() {
	printf '%b' "$4" >root/var/lib/toypkg/db
	run map -f json --backend-path toy root
	verdict "$1" "$(harm "$2" "$3")"
}
entry 'claims with ".."' corrupt 'not a path: \.\./\.\./etc/shadow' \
	'toypkg 1\nevil 1 ../../etc/shadow usr/bin/hello\n'
verdict 'the claim beside it stays' "$(jq -e '.rows[] | select(.path == "usr/bin/hello" and
	.package == "evil")' out >json || cat out)"
entry 'a line without version' corrupt 'line 3: no name or no version' \
	'toypkg 1\nhello 1 usr/bin/hello\nworld\n'
entry 'another version of the format' unsupported 'not supported' 'toypkg 2\n'
entry 'another format' not-mine 'not in a format that this backend reads' 'SQLite\n'
good_db

# ---- What the module does

# altered DIR SED: the example, changed, in a directory of its own; prints what goes wrong
altered() {
	mkdir "$1"
	cp "$examples/toypkg.backend" "$1"
	sed "$2" "$examples/toypkg.c" >"$1/toypkg.c"
	[ -z "$2" ] || ! cmp -s "$1/toypkg.c" "$examples/toypkg.c" || echo "$1: nothing is changed"
	"$cc" -shared -fPIC -w -D_GNU_SOURCE -include fcntl.h -include signal.h -include stdlib.h \
		-include sys/socket.h "${cflags[@]}" -o "$1/toypkg.so" "$1/toypkg.c" "${libs[@]}" 2>&1
}

# conduct NAME CODE TEXT STATEMENTS: a backend that does so before its first package
conduct() {
	local dir=${1//[^a-z]/-}
	verdict "$1" "$(altered "$dir" "s#^	r = wd_sink_format.*#	$4\\n&#")"
	run map -f json --backend-path "$dir" root
	verdict "$1: costs its own" "$(harm "$2" "$3")"
}

tried='if (did >= 0) return WD_EUNSUPPORTED; return -errno;'
died='the worker that read it died (backend toypkg)'
conduct 'crashes' crashed "${died//[()]/.}" '__builtin_trap();'
# exit() runs the leak checker of a sanitized build, which makes calls that no worker may make
exited=(crashed "${died//[()]/.}")
[ -z "${WD_SANITIZED-}" ] || exited=(forbidden 'not allowed .backend toypkg.')
conduct 'calls exit()' "${exited[@]}" 'exit(0);'
conduct 'returns what is no status' protocol 'malformed records .backend toypkg.' 'return 1;'
conduct 'reports what is no status' protocol 'malformed records .backend toypkg.' \
	'wd_sink_error(sink, 5, NULL, "five");'
conduct 'sends a package without name' corrupt 'corrupt or truncated' \
	'struct wd_package none = {.size = 0}; return wd_sink_package(sink, \&none);'
conduct 'claims before its first package' corrupt 'corrupt or truncated' \
	'return send_claim(sink, WD_BLOB("etc/passwd"));'
conduct 'reports errors without end' corrupt 'number 17' \
	'for (int i = 0; i < 200000; i++) wd_sink_error(sink, WD_ECORRUPT, NULL, "number %d", i);'
verdict 'a thousand of them are kept, and the packages' "$(same '1000 2' \
	"$(jq -r '"\(.errors | length) \([.rows[].package] | unique | map(select(. == "hello" or
		. == "world")) | length)"' out)")"
conduct 'opens a new file' forbidden . \
	"int did = open(\"$work/LEAK\", O_WRONLY | O_CREAT, 0600); $tried"
conduct 'opens a new file beside the database' forbidden . \
	"int did = openat(4, \"LEAK\", O_WRONLY | O_CREAT, 0600); $tried"
conduct 'opens a socket' forbidden . "int did = socket(AF_INET, SOCK_STREAM, 0); $tried"
conduct 'runs a program' forbidden . \
	"int did = execl(\"/bin/touch\", \"touch\", \"$work/LEAK\", NULL); $tried"
if [ "$landlock" = true ]; then
	# one that everybody may read, so that it is the fence that refuses
	conduct 'opens a file of the host' denied . \
		"int did = open(\"/etc/passwd\", O_RDONLY); $tried"
else
	echo 'skip opens a file of the host: no Landlock in this kernel'
fi
conduct 'opens outside through the request' io . \
	'int did = wd_request_open(req, "../dpkg/status"); return did < 0 ? did : WD_EUNSUPPORTED;'

# early NAME CALL: a module that does so while it is loaded, before load() is called
constructor='__attribute__((constructor)) static void go(void)'
early() {
	local dir=${1//[^a-z]/-}
	verdict "$1" "$(altered "$dir" "s#^	r = wd_sink_format.*#	extern int did;\\n\
	return did < 0 ? -EPERM : WD_EUNSUPPORTED;#
		\$a int did; $constructor { did = $2; }")"
	run map -f json --backend-path "$dir" root
	verdict "$1: costs its own" "$(harm denied .)"
}
early 'opens a new file when loaded' "open(\"$work/LEAK\", O_WRONLY | O_CREAT, 0600)"
early 'opens a socket when loaded' 'socket(AF_INET, SOCK_STREAM, 0)'
early 'runs a program when loaded' "execl(\"/bin/touch\", \"touch\", \"$work/LEAK\", NULL)"
early 'kills its parent when loaded' 'kill(getppid(), SIGKILL)'

altered prints 's#^	r = wd_sink_format.*#	printf("SEEN"); fflush(stdout); perror("SEEN");\n&#' >log
run map -f json --backend-path prints root
verdict 'prints, and nobody sees it' "$(
	[ "$status" = 0 ] || echo "exit status $status"
	cat log err
	grep SEEN out
)"

# ---- What is no module, or one for others

# module NAME CODE TEXT: that toypkg in directory NAME, as map and backends see it
module() {
	run map -f json --backend-path "$1" root
	verdict "$1: costs its own" "$(harm "$2" "$3")"
	run backends -f json --backend-path "$1"
	verdict "$1: backends says so" "$(
		[ "$status" = 3 ] || echo "exit status $status"
		jq -e --arg text "$3" '.rows[] | select(.name == "toypkg").broken | test($text)' out \
			>json || jq -c '.rows[] | select(.name == "toypkg")' out
		same dpkg "$(jq -r '.rows[] | select(.name == "dpkg" and .broken == null).name' out)"
	)"
}

# unusable NAME CODE TEXT SED
unusable() {
	verdict "$1" "$(altered "$1" "$4")"
	module "$1" "$2" "$3"
}
unusable another-abi abi 'backend toypkg: module is for ABI version 3, this program has 2' \
	's/WD_BACKEND_ABI/&+ 1/'
unusable no-symbol module 'backend toypkg: .*undefined symbol: wd_backend_v2' \
	's/^WD_BACKEND_EXPORT wd_backend_v2/const struct wd_backend other/'
unusable no-load module 'backend toypkg: it can neither load[(][)] nor examine[(][)]' '/\.load = /d'
unusable crashes-when-loaded crashed 'died .backend toypkg.' "\$a $constructor { __builtin_trap(); }"
unusable exits-when-loaded crashed 'died .backend toypkg.' "\$a $constructor { exit(0); }"
libs=()
unusable not-linked module 'backend toypkg: .*undefined symbol: wd_' ''
mkdir no-object missing
cp toy/toypkg.backend missing
module missing module 'backend toypkg: missing/toypkg.so: cannot open shared object file'
cp toy/toypkg.backend no-object
echo 'This is no ELF file, though it is long enough to have a header of one.' >no-object/toypkg.so
module no-object module 'backend toypkg: no-object/toypkg.so: '

# A descriptor that cannot be used is named itself: what it would have probed is not known.
mkdir descriptor-abi
cp toy/toypkg.so descriptor-abi
sed 's/^abi = .*/abi = 3/' toy/toypkg.backend >descriptor-abi/toypkg.backend
where=descriptor-abi/toypkg.backend
module descriptor-abi module 'module is for ABI version 3, this program has 2'

# ---- And gone again

installer uninstall
verdict 'uninstall leaves nothing' "$(find "$dest" ! -type d)"
exit "$failed"
