#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Command tests: tests/scenarios.sh [FILE.test...], all of tests/scenarios/ by default.
# tests/scenarios.sh --roots DIR FILE.test only makes the root filesystems of its first case, below
# DIR.
#
# A scenario is a text file: directives that make root filesystems, commands, and what these must
# print. Lines from the first column on; "#" before the first directive is a comment.
#
#	@NEEDS WORD...		commands it cannot do without; also: root, nobody, unsanitized, fences
#	@ROOT [NAME]		entries follow, a line each; makes NAME (default: root)
#	@FILE PATH		the file's lines follow
#	@SH			bash follows, run in the root filesystem; exit 77 skips
#	@DEB NAME VERSION ARCH [--unpack]	dpkg-deb and dpkg --root; control fields and entries
#	@STATUSD NAME VERSION ARCH [nosums]	data, control and md5sums as distroless images have
#	@RPM NAME [EPOCH:]VERSION-RELEASE ARCH	rpmbuild and rpm --root; tags and entries
#	@RUN ARGS		a case: whodistro ARGS, by bash, with pipefail
#	@BASH TITLE		a case: bash follows, run in an empty directory
#	@STDOUT, @STDERR	what the case prints: nothing, where the directive is missing
#	@EXIT N			its exit status: 0, where the directive is missing
#
# Entries (backslash escapes as in printf %b, a blank is \040):
#	d PATH [MODE]	f PATH [CONTENT]	l PATH TARGET	p PATH (fifo)
#	s PATH SIZE (sparse)	m PATH MODE	c PATH [CONTENT] (a conffile of a @DEB)
# In a @RPM words that begin with % may stand in front: "%ghost f var/log/x".
#
# Expected lines are literal, but for: $ROOT, $FS (the directory of all roots), "~ ERE", which the
# whole line must match, and "...", any number of lines.
#
# A case fails, too, when it changes anything in a root filesystem.
set -u
umask 022
export LC_ALL=C TZ=UTC HOME=/nonexistent
unset NO_COLOR TERM CDPATH

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
export WD_SRCDIR=${WD_SRCDIR-$(dirname "$here")}
export WD_BUILDDIR=${WD_BUILDDIR-$WD_SRCDIR/build}
export WHODISTRO=$WD_BUILDDIR/whodistro
rpm_config=(--macros "/usr/lib/rpm/macros:/usr/lib/rpm/platform/%{_target}/macros"
	--define '_db_backend sqlite' --define '_dbpath /var/lib/rpm')
as_root=()
[ "$(id -u)" = 0 ] || as_root=(unshare -r)

# ---- What the text of scenarios may call

# Bounded, since what hangs must fail.
whodistro() {
	# shellcheck disable=SC2086
	LC_ALL=C.UTF-8 timeout -k 5 120 ${WD_WRAP-} "$WHODISTRO" "$@"
}

# nobody COMMAND...: without root's rights
nobody() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	else
		"$@"
	fi
}

# convert STORAGE PATH: puts the database that rpm made below the working directory into another
# storage (see rpmdb-write.h), in its place
convert() {
	local file
	"$WD_BUILDDIR/tests/rpmdb-convert" "$1" var/lib/rpm/rpmdb.sqlite "$scratch/converted" || return
	rm -rf var/lib/rpm
	mkdir -p "$(dirname "$2")"
	for file in "$scratch"/converted*; do
		mv "$file" "$2${file#"$scratch/converted"}"
	done
}

# elf PATH [KEY=VALUE...]: an ELF file that says no more of its origin than it is told to
#	type=exec|lib|static	a program with a loader (the default), a library, a static program
#	interp=PATH	text=STRING (a constant)	comment=STRING	section=NAME
#	note=JSON (.note.package)	altlink=PATH
#	link=NAME (.gnu_debuglink), or link=id: the rest of the build-id, as debhelper makes it
elf() {
	local path=$1 type=exec interp=/lib64/ld-linux-x86-64.so.2 link='' id word value flags=()
	id=$(sha1sum <<<"$path")
	id=${id%% *}
	printf '.text\n.globl _start\n_start: nop\n' >"$scratch/elf.s"
	for word in "${@:2}"; do
		value=${word#*=}
		value=${value//\\/\\\\} value=${value//\"/\\\"}
		case $word in
		type=*) type=$value ;;
		interp=*) interp=$value ;;
		text=*) printf '.section .rodata\n.asciz "%s"\n' "$value" ;;
		comment=*) printf '.section .comment,"MS",@progbits,1\n.asciz "%s"\n' "$value" ;;
		section=*) printf '.section %s,"",@progbits\n.long 0\n' "$value" ;;
		note=*)
			printf '.section .note.package,"a",@note\n.balign 4\n.long 4, 2f-1f, 0xcafe1a7e\n'
			printf '.asciz "FDO"\n1: .asciz "%s"\n2: .balign 4\n' "$value"
			;;
		link=*)
			[ "$value" != id ] || value=${id:2}.debug
			link=$value
			;;
		altlink=*) printf '.section .gnu_debugaltlink,"",@progbits\n.asciz "%s"\n.long 0\n' "$value" ;;
		*) echo "elf: no such key: $word" >&2 && return 1 ;;
		esac >>"$scratch/elf.s"
	done
	case $type in
	exec) flags=(-pie "-Wl,--dynamic-linker=$interp") ;;
	lib) flags=(-shared "-Wl,-soname=${path##*/}") ;;
	static) flags=(-static) ;;
	esac
	mkdir -p "$(dirname "$path")"
	gcc -nostdlib "${flags[@]}" "-Wl,--build-id=0x$id" -o "$path" "$scratch/elf.s" || return
	# ld drops this one; its name is padded to four bytes, and a checksum follows
	[ -n "$link" ] || return 0
	printf '%s\0' "$link" >"$scratch/link"
	truncate -s $((${#link} / 4 * 4 + 8)) "$scratch/link"
	objcopy --add-section ".gnu_debuglink=$scratch/link" "$path"
}

# ---- Root filesystems

broken() {
	printf 'not ok %s: %s\n' "$name" "$*"
	exit 1
}

skip() {
	printf 'skip %s (%s)\n' "$name" "$*"
	exit 0
}

# The tools follow links as the host sees them: none may lead out of where they write.
stay_inside() {
	local out
	out=$(find "$1" -type l -print0 | xargs -0r realpath -m -- | grep -vE "^$1(/|\$)" | head -n 1)
	[ -z "$out" ] || broken "a link leads out, to $out: make it when everything else is there"
}

# plant BASE "KIND PATH [VALUE]"
plant() {
	local kind path value at
	read -r kind path value <<<"$2"
	printf -v at '%b' "$1/$path"
	printf -v value '%b.' "$value"
	value=${value%.}
	[[ $(realpath -m -- "${at%/*}")/ = "$1"/* ]] || broken "leads out: $2"
	mkdir -p "${at%/*}" || broken "$2"
	case $kind in
	d) mkdir -p "$at" && { [ -z "$value" ] || chmod "$value" "$at"; } ;;
	f | c) printf '%s' "$value" >"$at" ;;
	l) ln -s "$value" "$at" ;;
	p) mkfifo "$at" ;;
	s) truncate -s "$value" "$at" ;;
	m) chmod "$value" "$at" ;;
	*) broken "no such entry: $2" ;;
	esac || broken "$2"
}

plant_all() {
	local base=$1 line
	mkdir -p "$base"
	for line in "${lines[@]}"; do
		[ -z "$line" ] || plant "$base" "$line"
	done
}

# control NAME VERSION ARCH: the control file of a package, its fields taken out of `lines`
control() {
	local line rest=()
	printf 'Package: %s\nVersion: %s\nArchitecture: %s\n' "$1" "$2" "$3"
	printf '%s\n' "${lines[@]}" | grep -q '^Maintainer:' ||
		echo 'Maintainer: Debian Tests <tests@lists.debian.org>'
	printf '%s\n' "${lines[@]}" | grep -E '^[A-Z][A-Za-z-]*: ' || true
	echo 'Description: fixture'
}

# what is left of `lines` without fields
entries() {
	mapfile -t lines < <(printf '%s\n' "${lines[@]}" | grep -vE '^[A-Z][A-Za-z-]*: ')
}

build_deb() {
	local stage=$scratch/stage.$((++serial))
	mkdir -p "$stage/DEBIAN"
	control "$1" "$2" "$3" >"$stage/DEBIAN/control"
	entries
	plant_all "$stage"
	if grep -q '^c ' <(printf '%s\n' "${lines[@]}"); then
		printf '%s\n' "${lines[@]}" | sed -n 's,^c \([^ ]*\).*,/\1,p' >"$stage/DEBIAN/conffiles"
	fi
	dpkg-deb --root-owner-group --nocheck -Znone -b "$stage" "$scratch/$serial.deb" \
		>"$scratch/log" 2>&1 || broken "@DEB $*: $(cat "$scratch/log")"
	[ "${#debs[@]}" = 0 ] || [ "$deb_action" = "${4---install}" ] || install_debs
	deb_action=${4---install}
	debs+=("$scratch/$serial.deb")
}

# The include on the command line is stronger than any exclude of the host's configuration.
install_debs() {
	[ "${#debs[@]}" -gt 0 ] || return 0
	stay_inside "$root"
	mkdir -p "$root"/var/lib/dpkg/{info,updates,triggers}
	touch "$root/var/lib/dpkg/status"
	dpkg_root "$deb_action" "${debs[@]}" >"$scratch/log" 2>&1 || broken "dpkg: $(cat "$scratch/log")"
	debs=()
}

dpkg_root() {
	"${as_root[@]}" dpkg --root="$root" --force-all --force-unsafe-io --no-debsig --log=/dev/null \
		--path-include='*' "$@"
}

statusd() {
	local base=$root/var/lib/dpkg/status.d stage=$scratch/stage.$((++serial))
	stay_inside "$root"
	mkdir -p "$base"
	control "$1" "$2" "$3" >"$base/$1"
	entries
	plant_all "$stage"
	cp -a "$stage/." "$root"
	[ "${4-}" = nosums ] || (cd "$stage" && find . -type f -printf '%P\0' | sort -z |
		xargs -0r md5sum) >"$base/$1.md5sums"
}

# spec NAME [EPOCH:]VERSION-RELEASE STAGE
spec() {
	local evr=$2 epoch='' line attributes word
	[[ $evr != *:* ]] || epoch="Epoch: ${evr%%:*}"
	evr=${evr#*:}
	printf 'Name: %s\nVersion: %s\nRelease: %s\n%s\n' "$1" "${evr%-*}" "${evr##*-}" "$epoch"
	printf 'Summary: fixture\nLicense: none\n'
	printf '%s\n' "${lines[@]}" | grep -E '^[A-Z][A-Za-z-]*: ' || true
	printf '%%description\nfixture\n%%install\nmkdir -p %%{buildroot}\ncp -a %s/. %%{buildroot}\n%%files\n' "$3"
	printf '%s\n' "${lines[@]}" | grep -vE '^[A-Z][A-Za-z-]*: |^m |^$' | while read -r line; do
		attributes=
		while [[ $line = %* ]]; do
			attributes+="${line%% *} "
			line=${line#* }
		done
		[[ $line != d\ * ]] || attributes+='%dir '
		read -r _ word _ <<<"$line"
		printf '%s"/%b"\n' "$attributes" "$word"
	done
}

build_rpm() {
	local stage=$scratch/stage.$((++serial)) top=$scratch/rpm.$serial
	stay_inside "$root"
	mkdir -p "$stage" "$top" "$root/var/lib/rpm"
	spec "$1" "$2" "$stage" >"$top/fixture.spec"
	entries
	mapfile -t lines < <(printf '%s\n' "${lines[@]}" | sed -E 's/^(%[^ ]* )+//')
	plant_all "$stage"
	rpmbuild "${rpm_config[@]}" --quiet -bb --target "$3" --define "_topdir $top" \
		--define 'debug_package %{nil}' --define '__os_install_post %{nil}' \
		--define '_buildhost fixture.example' --define '_build_id_links none' \
		--define '_binary_payload w0.gzdio' --define '_tmppath %{_topdir}/tmp' \
		"$top/fixture.spec" >"$scratch/log" 2>&1 </dev/null || broken "rpmbuild: $(cat "$scratch/log")"
	"${as_root[@]}" rpm "${rpm_config[@]}" --root "$root" -i --nodeps --ignorearch --ignoreos \
		--nosignature --noscripts --notriggers "$top"/RPMS/*/*.rpm \
		>"$scratch/log" 2>&1 || broken "rpm: $(cat "$scratch/log")"
}

run_setup() {
	(set -e; cd "$root"; eval "$text") >"$scratch/log" 2>&1
	case $? in
	0) ;;
	77) skip "$(tail -n 1 "$scratch/log")" ;;
	*) broken "@SH: $(cat "$scratch/log")" ;;
	esac
}

# ---- Cases

snapshot() {
	find "$fs" -printf '%p %y %m %s %T@ %C@\n' 2>/dev/null | sort
}

# lines_match EXPECTED ACTUAL: two files
lines_match() {
	local want have i=0 line found
	mapfile -t want <"$1"
	mapfile -t have <"$2"
	for ((w = 0; w < ${#want[@]}; w++)); do
		line=${want[w]}
		found=
		if [ "$line" = ... ]; then
			[ $((w + 1)) -lt ${#want[@]} ] || return 0
			line=${want[++w]}
			while [ $i -lt ${#have[@]} ] && [ ! "$found" ]; do
				! line_matches "$line" "${have[i]}" || found=1
				i=$((i + 1))
			done
		elif [ $i -lt ${#have[@]} ] && line_matches "$line" "${have[i]}"; then
			found=1
			i=$((i + 1))
		fi
		[ "$found" ] || return 1
	done
	[ $i = ${#have[@]} ]
}

line_matches() {
	if [[ $1 = '~ '* ]]; then
		[[ $2 =~ ^(${1#??})$ ]]
	else
		[ "$1" = "$2" ]
	fi
}

# expand TEXT: the names of directories filled in
expand() {
	local s=${1//\$ROOT/$fs/root}
	printf '%s' "${s//\$FS/$fs}"
}

# check STREAM: prints what is wrong
check() {
	lines_match "$scratch/want.$1" "$scratch/have.$1" ||
		diff -au --label "expected $1" --label "$1" "$scratch/want.$1" "$scratch/have.$1"
}

finish_case() {
	local status faults
	[ -n "$case_title" ] || return 0
	snapshot >"$scratch/before"
	mkdir -p "$scratch/cwd"
	(set -o pipefail; cd "$scratch/cwd"; export ROOT=$fs/root FS=$fs; eval "$case_code") \
		>"$scratch/have.stdout" 2>"$scratch/have.stderr" </dev/null
	status=$?
	expand "$want_stdout" >"$scratch/want.stdout"
	expand "$want_stderr" >"$scratch/want.stderr"
	snapshot >"$scratch/after"
	faults=$(
		[ "$status" = "$want_exit" ] || echo "exit status $status, expected $want_exit"
		check stdout
		check stderr
		diff -au --label 'rootfs before' --label 'rootfs after' "$scratch/before" "$scratch/after"
	)
	if [ -z "$faults" ]; then
		printf 'ok %s: %s\n' "$name" "$case_title"
	else
		printf 'not ok %s: %s\n' "$name" "$case_title"
		printf '    %s\n' "${faults//$'\n'/$'\n    '}"
		failed=1
	fi
	case_title=
}

begin_case() {
	if [ -n "${keep-}" ]; then
		mkdir -p "$keep"
		mv "$fs"/* "$keep"
		exit 0
	fi
	finish_case
	case_title=$1
	case_code=$2
	want_stdout='' want_stderr='' want_exit=0
}

needs() {
	local word
	for word; do
		case $word in
		root) [ "$(id -u)" = 0 ] ;;
		nobody) nobody test -x "$WHODISTRO" -a -r "$WD_SRCDIR/data/distros.tsv" ;;
		rpmdb-convert) [ -x "$WD_BUILDDIR/tests/rpmdb-convert" ] ;;
		fences) "$WHODISTRO" backends --require-sandbox >/dev/null ;;
		unsanitized) [ -z "${WD_SANITIZED-}" ] ;;
		*) command -v "$word" >/dev/null ;;
		esac 2>/dev/null || skip "needs $word"
	done
}

# directive "@WORD ARGS", its lines in `lines` and `text`
directive() {
	local word=${1%% *} args=()
	# blank lines and comments before the next directive are there for the reader
	while [[ $text =~ (^|$'\n')(#[^$'\n']*)?$'\n'$ ]]; do
		text=${text%"${BASH_REMATCH[2]}"$'\n'}
	done
	read -ra args <<<"${1#"$word"}"
	[[ $word = @DEB ]] || install_debs
	case $word in
	@STDOUT) want_stdout=$text ;;
	@STDERR) want_stderr=$text ;;
	@EXIT) want_exit=${args[0]} ;;
	@RUN) begin_case "${1#* }" "whodistro ${1#@RUN}" ;;
	@BASH) begin_case "${1#* }" "$text" ;;
	*)
		finish_case
		setup_directive "$word" "${args[@]}"
		;;
	esac
}

setup_directive() {
	case $1 in
	@NEEDS) needs "${@:2}" ;;
	@ROOT)
		root=$fs/${2-root}
		plant_all "$root"
		;;
	@FILE)
		[[ $(realpath -m -- "$root/$2") = "$root"/* ]] || broken "@FILE leads out: $2"
		mkdir -p "$(dirname "$root/$2")"
		printf '%s' "$text" >"$root/$2"
		;;
	@SH) run_setup ;;
	@DEB) build_deb "${@:2}" ;;
	@STATUSD) statusd "${@:2}" ;;
	@RPM) build_rpm "${@:2}" ;;
	@END) ;;
	*) broken "no such directive: $1" ;;
	esac
}

# run_file FILE: in a process of its own
run_file() {
	local head='' line lines=() text=''
	name=$(basename "$1" .test)
	scratch=$(realpath "$(mktemp -d "${TMPDIR:-/tmp}/whodistro-scenario.XXXXXX")")
	trap 'chmod -R u+rwX "$scratch" 2>/dev/null; rm -rf "$scratch"' EXIT
	chmod 755 "$scratch"
	fs=$scratch/fs root=$scratch/fs/root serial=0 failed=0 case_title='' debs=() deb_action=''
	mkdir -p "$root"
	if grep -qE '^@(DEB|RPM)' "$1"; then
		[ "${#as_root[@]}" = 0 ] || needs unshare
		! grep -q '^@DEB' "$1" || needs dpkg dpkg-deb
		! grep -q '^@RPM' "$1" || needs rpm rpmbuild
	fi
	while IFS= read -r line; do
		if [[ $line =~ ^@[A-Z] ]]; then
			[ -z "$head" ] || directive "$head"
			head=$line lines=() text=''
		elif [ -n "$head" ]; then
			lines+=("$line")
			text+=$line$'\n'
		fi
	done <"$1"
	directive "$head"
	directive @END
	return "$failed"
}

if [ "${1-}" = --roots ]; then
	keep=$2
	run_file "$3"
	exit
fi
if [ "${1-}" = --one ]; then
	run_file "$2" >"$3" 2>&1
	status=$?
	exit "$status"
fi

[ -x "$WHODISTRO" ] || { echo "not ok scenarios: no program $WHODISTRO"; exit 1; }
[ $# -gt 0 ] || set -- "$here"/scenarios/*.test
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
jobs=$(nproc 2>/dev/null || echo 1)
for file; do
	printf '%s\0%s\0' "$file" "$results/$(basename "$file" .test)"
done | xargs -0 -n 2 -P "$((jobs * 2))" "$0" --one
status=$?
for file; do
	cat "$results/$(basename "$file" .test)"
done
[ "$status" = 0 ]
