#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The layer rules of the design, by what files include and call. Then each rule is broken in a copy,
# to show that it would be noticed.
# shellcheck disable=SC2317 # the rules are called by name
set -u

cd "${WD_SRCDIR:-$(dirname "$0")/..}" || exit 1
. tests/check-lib.sh

# Lowest first; src/main.c and src/cmd-*.c stand above them all.
layers="base rootfs pkgdb provenance report"

# Who may open, stat or read links: src/rootfs/, and these, which never do so below a rootfs.
# FILE: why
may_open='
src/pkgdb/container.c: what the user named, to tell an image from a root filesystem
src/pkgdb/decode.c: private temporary files
src/pkgdb/descriptor.c: the descriptors of backends, in our own directory
src/report/out.c: the file that -o names
src/pkgdb/process.c: /dev/null, before the fence closes
src/pkgdb/fence.c: /proc of this process; "/", to raise fences for trial
src/base/tsv.c: our own tables of data
src/main.c: our own directory, to tell the build tree from an installation
src/cmd-learn.c: the files of the user that are learnt, and the index
src/provenance/reference.c: the index that the user names
src/cmd-owner.c: the name that the user gave the rootfs, in front of paths
src/pkgdb/compare.c: /dev/null, for a worker that has no database
src/pkgdb/load.c: /dev/null, for a worker that has no database; a source that the user named
'
# Who may end the process: the commands, and these.
may_exit='
src/pkgdb/process.c: the forked worker ends itself
src/pkgdb/fence.c: a forked worker whose parent is gone, and the one for trial
'

openers='open|open64|openat|openat2|creat|fopen|freopen|opendir|scandir|ftw|nftw|fts_open|stat|lstat|'
openers+='fstatat|statx|access|faccessat|readlink|readlinkat|realpath|name_to_handle_at'
enders='exit|_exit|_Exit|quick_exit|abort'
printers='printf|fprintf|vprintf|vfprintf|dprintf|vdprintf|puts|fputs|putc|fputc|putchar|perror'

# bare FILE...: "FILE:LINE:CODE" for every line, without comments, and without what stands in quotes
# except on #include lines
bare() {
	awk '
	FNR == 1 { inside = 0 }
	{
		line = $0
		if (!inside && line ~ /^[ \t]*#[ \t]*include/) {
			print FILENAME ":" FNR ":" line
			next
		}
		out = ""
		while (line != "") {
			if (inside) {
				if (!(at = index(line, "*/"))) break
				line = substr(line, at + 2)
				inside = 0
			} else if (match(line, /^"(\\.|[^"\\])*"|^\047(\\.|[^\047\\])*\047/)) {
				out = out "\"\""
				line = substr(line, RLENGTH + 1)
			} else if (line ~ /^\/\//) {
				break
			} else if (line ~ /^\/\*/) {
				inside = 1
				line = substr(line, 3)
			} else {
				out = out substr(line, 1, 1)
				line = substr(line, 2)
			}
		}
		if (out !~ /^[ \t]*$/) print FILENAME ":" FNR ":" out
	}' "$@"
}

# includes: "FILE:LINE HEADER", quotes or angle brackets kept
includes() {
	sed -n 's/^\([^:]*:[0-9]*\):[ \t]*#[ \t]*include[ \t]*\([<"][^>"]*[>"]\).*/\1 \2/p'
}

# calls NAMES: lines that call one of them as a function; a member (req->open) is none
calls() {
	grep -E "([^A-Za-z0-9_>.:]|:[0-9]+:)($1)[[:blank:]]*\("
}

# without FILES-WITH-REASONS: drops the lines about these files
without() {
	grep -vE "^($(sed -n 's/^\([^:]*\): .*/\1/p' <<<"$1" | paste -sd '|')):" || true
}

order_rule() {
	includes <"$1" | awk -v layers="$layers" '
		BEGIN { n = split(layers, names); for (i = 1; i <= n; i++) rank[names[i]] = i }
		/^src\// {
			split($1, at, "/")
			mine = (at[2] in rank) ? rank[at[2]] : n + 1
			header = substr($2, 2, length($2) - 2)
			theirs = 0
			if (split(header, part, "/") > 1 && part[1] in rank) theirs = rank[part[1]]
			if (theirs > mine || header ~ /\.\.|^src\/|^backends\// || (theirs && $2 ~ /^</)) print
		}'
}

backend_rule() {
	includes <"$1" | awk '
		/^backends\// {
			split($1, at, /[\/:]/)
			family = at[2]
			sub(/[-.].*/, "", family)
			header = substr($2, 2, length($2) - 2)
			if (header ~ /\.\./) { print; next }
			if ($2 ~ /^</) {
				if (header ~ /^(base|rootfs|pkgdb|provenance|report)\//) print
				next
			}
			if (header ~ /^base\/[^\/]*$/ || header == "pkgdb/backend.h") next
			if (family == "archive" && header == "pkgdb/archive.h") next
			if (header ~ /^(common|json-doc|sqlite-fd|unpack|version|xml)\.h$/) next
			if (header !~ ("^" family "[-.][^/]*$")) print
		}'
}

library_rule() {
	includes <"$1" | grep -E '^src/.*[<"](rpm/|dpkg/|db\.h|sqlite3\.h|expat\.h|yaml\.h)' |
		grep -vE '^src/(report/format-sqlite\.c|provenance/index-sqlite(-write)?\.[ch]):'
}

open_rule() {
	grep -v '^src/rootfs/' "$1" | without "$may_open" >"$scratch/others"
	calls "$openers" <"$scratch/others"
	grep -E "(SYS|__NR)_($openers)\>" "$scratch/others"
}

exit_rule() {
	grep -vE "^src/(main|cmd-[^:]*)\.c:" "$1" | without "$may_exit" | calls "$enders"
}

print_rule() {
	grep -vE "^src/(main|cmd-[^:]*)\.c:" "$1" >"$scratch/others"
	calls "$printers" <"$scratch/others"
	includes <"$scratch/others" | grep -E '<(err|error|syslog)\.h>'
}

# rule|what it says|a file whose copy shall break it|the line that does so
rules=$(cat <<'EOF'
order_rule|a layer includes only itself and lower ones|src/base/blob.c|#include "rootfs/tree.h"
backend_rule|a backend includes only the contract, base and its own family|backends/rpm.c|#include "pkgdb/catalog.h"
library_rule|libraries that parse databases stay in modules|src/pkgdb/catalog.c|#include <sqlite3.h>
open_rule|only rootfs opens, stats and reads links|src/pkgdb/catalog.c|	fd = openat(dirfd, path, O_RDONLY);
exit_rule|only commands and the worker end the process|src/rootfs/tree.c|	abort();
print_rule|only commands print|backends/rpm.c|	if (failed) fprintf(stderr, "failed");
EOF
)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mapfile -t files < <(find src backends -name '*.[ch]' -type f | LC_ALL=C sort)
bare "${files[@]}" >"$scratch/code"

while IFS='|' read -r rule text file line; do
	verdict "$text" "$($rule "$scratch/code")"
	{ cat "$file"; printf '%s\n' "$line"; } >"$scratch/broken.c"
	bare "$scratch/broken.c" | sed "s,^$scratch/broken.c:,$file:," >"$scratch/broken"
	at=$file:$(wc -l <"$scratch/broken.c")
	verdict "noticed when broken: $text" \
		"$($rule "$scratch/broken" | grep -qF "$at" || echo "$at: $line")"
done <<<"$rules"

# What the source cannot show: the parent maps none of those libraries.
program=${WD_BUILDDIR-build}/whodistro
if [ -x "$program" ] && command -v readelf >/dev/null; then
	verdict "the program links no library that parses databases" \
		"$(readelf -dW "$program" | grep -E 'NEEDED.*lib(rpm|rpmio|dpkg|db-|sqlite)')"
else
	echo "skip the program links no library that parses databases (no program or readelf)"
fi
exit $status
