#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs that do not come to their end: a signal in the middle, a full disk, a reader that has gone. No
# half of a file is left under any name, no temporary file, no worker; and the exit status says so.
# shellcheck disable=SC2317
# shellcheck source=tests/truth-lib.sh
. "${WD_SRCDIR:?}/tests/truth-lib.sh"

module=$WD_BUILDDIR/tests/.libs/mod-odd.so
mkdir -p "$work"/{root/etc,root/usr,backends,tmp,out}
echo 'ID=debian' >"$work/root/etc/os-release"
seq -f "$work/root/usr/file%04g" 500 | xargs touch
cd "$work" || exit 1
ulimit -c 0

# A database whose reader never ends (tests/mod-odd.c)
printf spin >root/db
cp "$module" backends/odd.so || exit 1
printf 'name = odd\ndescription = D\nabi = %s\nformats = odd\npurl = odd\nprobe = db\n' \
	"$(sed -n 's/^#define WD_BACKEND_ABI //p' "$WD_SRCDIR/src/pkgdb/backend.h")" \
	>backends/odd.backend
tar -cf plain.tar -C root etc usr
echo 'usr/bin/tool utils/tool' >Contents-amd64
"$whodistro" learn index Contents-amd64 --distro debian:12 >/dev/null || exit 1

# Waits for a file or a process that a test needs; in vain where something is wrong.
until_true() {
	local i
	for ((i = 0; i < 3000; i++)); do
		"$@" && return
		sleep 0.01
	done
	echo "in vain: $*"
	return 1
}

exists() {
	compgen -G "$1" >/dev/null
}
# has_child PID: fills $workers, as the first of several may be gone when the next is not yet there
has_child() {
	mapfile -t workers < <(pgrep -P "$1")
	[ "${#workers[@]}" -gt 0 ] || ! kill -0 "$1" 2>/dev/null
}
none_lives() {
	local p
	for p; do
		! kill -0 "$p" 2>/dev/null || return 1
	done
}

# What stands where the reports go.
left() {
	(cd "$1" && ls -A)
}

# ---- Signals

# interrupted SIGNAL NUMBER TEMPORARY ARGUMENT...: standard input is a stream that nobody writes
interrupted() {
	local signal=$1 number=$2 temporary=$3 pid workers status before
	shift 3
	before=$(left out)
	exec 9<>stream
	# a background process of a script would ignore SIGINT, and one below nohup SIGHUP
	TMPDIR=$work/tmp env --default-signal=HUP,INT,QUIT,TERM "$whodistro" "$@" --backend-path backends \
		<stream >/dev/null 2>messages &
	pid=$!
	if ! until_true exists "$temporary" || ! until_true has_child "$pid"; then
		cat messages
		return 1
	fi
	kill -"$signal" "$pid"
	{ wait "$pid"; } 2>/dev/null
	status=$?
	exec 9>&-
	[ "$status" = $((128 + number)) ] || { echo "status $status"; cat messages; return 1; }
	[ "${#workers[@]}" -gt 0 ] || { echo 'no worker was there'; return 1; }
	until_true none_lives "${workers[@]}" || return 1
	[ -z "$(left tmp)" ] || { ls -lA tmp; return 1; }
	# nobody can take away what a program that is killed was writing
	[ "$signal" != KILL ] || rm -f out/r.??????
	[ "$(left out)" = "$before" ] || { ls -lA out; return 1; }
}

test_signals() {
	local args
	mkfifo stream
	while read -r args; do
		# shellcheck disable=SC2086
		check "TERM: $args" interrupted TERM 15 'out/r.??????' $args -o out/r
	done <<-'EOT'
		inspect root --format json
		inspect root -
		map root --format csv
		map root --format sqlite
		map - --format json
		packages root --format sqlite
		packages -
		owner root usr/none
		owner - usr/none
		verify root --format nul
		verify root --format sqlite
		diff root root --format ndjson
		diff root root --format sqlite
		identify index - --format json
	EOT
	check 'TERM: learn' interrupted TERM 15 'out/i.??????' learn out/i root
	check 'TERM: learn, into an index that is there' interrupted TERM 15 'out/old.??????' \
		learn out/old root
	check 'the index is as it was' cmp index out/old
	check 'INT' interrupted INT 2 'out/r.??????' map root --format sqlite -o out/r
	check 'INT: an image from a pipe' interrupted INT 2 'out/r.??????' map - -o out/r
	check 'HUP' interrupted HUP 1 'out/r.??????' verify root -o out/r
	check 'QUIT' interrupted QUIT 3 'out/r.??????' packages root -o out/r
	check 'KILL: workers and spools are gone' interrupted KILL 9 'out/r.??????' map root -o out/r
	check 'KILL: an image from a pipe' interrupted KILL 9 'out/r.??????' inspect - -o out/r
	check 'KILL: the report that was there' cmp index out/report
}

# ---- Writing fails

# fails_to_write STATUS PATTERN ARGUMENT...: and leaves in ./out what was there
fails_to_write() {
	local status=$1 pattern=$2 got=0 before
	shift 2
	before=$(left out)
	"$whodistro" "$@" 2>messages || got=$?
	[ "$got" = "$status" ] || { echo "status $got, expected $status"; cat messages; return 1; }
	grep -qE -- "$pattern" messages || { cat messages; return 1; }
	[ "$(left out)" = "$before" ] || { ls -lA out; return 1; }
}

reports() {
	cat <<-'EOT'
		inspect plain --format text
		inspect plain --format json
		inspect plain plain --format ndjson
		map plain --format text
		map plain --format csv
		map plain --format nul
		map plain --format json
		map plain --format ndjson
		map plain.tar --format csv
		owner plain usr/file0001
		packages plain --format json
		verify plain --format json
		diff plain empty
		diff plain empty --format csv
		identify index plain
		backends
	EOT
}

test_full_disk() {
	local args
	while read -r args; do
		# shellcheck disable=SC2086
		check "full disk: $args" fails_to_write 4 'No space left' $args -o out/full/r
	done < <(
		reports
		echo 'map plain --format sqlite'
		echo 'packages plain --format sqlite'
		echo 'verify plain --format sqlite'
		echo 'diff plain empty --format sqlite'
	)
	check 'full disk: learn' fails_to_write 4 'full|No space' learn out/full/i Contents-amd64 --distro debian:12
	check 'full disk: nothing but what filled it' test "$(left out/full)" = fill
	# the archive in it needs a spool
	gzip -k plain.tar
	TMPDIR=$work/out/full check 'full disk: spool' fails_to_write 4 \
		'plain.tar.gz: No space left on device: the temporary file in .*/out/full \(TMPDIR\)' \
		map plain.tar.gz -o out/r
}

closed() {
	fails_to_write 4 'standard output: ' "$@" >&-
}

test_device() {
	local args
	while read -r args; do
		# shellcheck disable=SC2086
		check "/dev/full: $args" fails_to_write 4 '/dev/full: No space left' $args -o /dev/full
		# shellcheck disable=SC2086
		check "closed: $args" closed $args
	done < <(reports)
	check 'closed: learn lists' closed learn index
	check '/dev/full: learn lists' fails_to_write 4 'No space left' learn index -o /dev/full
}

# A pipe without a reader, from the first byte on, is what descriptor 7 is.
broken_pipe() {
	mkfifo pipe
	# shellcheck disable=SC2094
	exec 8<>pipe 7>pipe 8>&-
	rm pipe
}

# to_nobody STATUS ARGUMENT...
to_nobody() {
	local want=$1 status=0
	shift
	"$whodistro" "$@" >&7 2>messages || status=$?
	[ "$status" = "$want" ] || { echo "status $status, expected $want"; cat messages; return 1; }
}

# SIGPIPE as a service manager has it: ignored
ignoring() {
	(trap '' PIPE && to_nobody 4 "$@") && grep -q 'standard output: Broken pipe' messages
}

messages_to_nobody() {
	local status=0
	"$whodistro" map root -v -o out/r --backend-path none 2>&7 || status=$?
	[ "$status" = 141 ] && [ ! -e out/r ] && ! exists 'out/r.*'
}

# A pipe that is full, and the number of bytes in it
full_pipe() {
	rm -f full && mkfifo full && exec 6<>full
	dd if=/dev/zero of=full bs=4096 oflag=nonblock 2>&1 | sed -n 's/^\([0-9]*\) bytes.*/\1/p' >filled
}

ends_at_full_pipe() {
	local pid status=0
	full_pipe
	env --default-signal=TERM "$whodistro" map plain --format csv >full &
	pid=$!
	until_true test "/proc/$pid/exe" -ef "$whodistro" && kill -TERM "$pid"
	{ wait "$pid"; } 2>/dev/null || status=$?
	exec 6>&-
	[ "$status" = 143 ] || { echo "status $status"; return 1; }
}

goes_on_at_full_pipe() {
	local pid
	"$whodistro" map plain --format csv >want
	full_pipe
	"$whodistro" map plain --format csv >full &
	pid=$!
	head -c "$(cat filled)" <&6 >/dev/null
	head -c "$(stat -c %s want)" <&6 | cmp - want && wait "$pid"
	exec 6>&-
}

limited() {
	local status=0
	(ulimit -f 1 && exec "$whodistro" map plain --format csv -o out/r) 2>messages || status=$?
	[ "$status" = 153 ] && [ ! -e out/r ] && ! exists 'out/r.*'
}

test_pipes() {
	local args
	broken_pipe
	while read -r args; do
		# shellcheck disable=SC2086
		check "no reader: $args" to_nobody 141 $args
	done < <(reports)
	check 'a full pipe: TERM ends it' ends_at_full_pipe
	check 'a full pipe: it goes on when it is read' goes_on_at_full_pipe
	check 'no reader, SIGPIPE ignored' ignoring map plain --format csv
	check 'no reader of messages: no file is left' messages_to_nobody
	check 'a limit of file size: no file is left' limited
	exec 7>&-
}

# ----

mkdir plain empty && cp -a root/etc root/usr plain
cp index out/old
cp index out/report
if [ "${1-}" = --full-disk ]; then
	mkdir out/full
	mount -t tmpfs -o size=64k none out/full || { skip 'full disk: no tmpfs' && exit 0; }
	head -c 100000 /dev/zero >out/full/fill 2>/dev/null
	test_full_disk
	umount out/full
	exit "$failed"
fi
test_signals
test_device
test_pipes
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	unshare -m "$tests/test-interrupt.sh" --full-disk || failed=1
else
	skip 'full disk: no mount namespace'
fi
exit "$failed"
