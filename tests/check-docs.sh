#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The manual pages and README.md against --help, the code's lists of words, and real records.
set -u

cd "${WD_SRCDIR:-$(dirname "$0")/..}" || exit 1
. tests/check-lib.sh
whodistro=${WD_BUILDDIR:-build}/whodistro
case $whodistro in /*) ;; *) whodistro=$PWD/$whodistro ;; esac
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# The words of a manual page, one a line, without its markup.
words() {
	sed -e 's/^\.\\".*//' -e 's/\\&//g' -e 's/\\e/\\/g' "man/$1" | tr -s '[:space:]"' '\n'
}

# lacking PAGE: of the words on stdin, those that the page does not have
lacking() {
	local wanted
	wanted=$(sort -u | grep -v '^$') || echo 'this check found no words to look for'
	grep -vxF -f <(words "$1") <<<"$wanted"
}

# The quoted words of an X-macro list in a source: x_words FILE LIST [WHICH]
x_words() {
	sed -n "/^#define $2(X)/,/[^\\\\]\$/p" "$1" | sed -n 's/.*X([A-Z0-9_]*, "\([^"]*\)".*/\1/p'
}

commands=$("$whodistro" --help | sed -n 's/^  \([a-z]*\) .*ROOTFS.*/\1/p; s/^  \(backends\|learn\) .*/\1/p')
verdict 'the help lists the commands' "$([ "$(wc -w <<<"$commands")" -ge 5 ] || echo "$commands")"

# ---- Words

for command in $commands; do
	verdict "$command is in whodistro(1)" "$(grep -q "^\.It Cm $command" man/whodistro.1 || echo .)"
	# mdoc writes the dashes of "--name" as "Fl -name"
	verdict "options of $command are in whodistro(1)" "$(
		"$whodistro" "$command" --help | grep -o -e '^ *-[-a-z, ]*' | grep -oE -e '-[a-z-]+' |
			sed 's/^-//' | lacking whodistro.1
	)"
	# the synopsis of the command has its own options, and no others
	verdict "whodistro(1) offers $command the options that it has" "$(diff \
		<("$whodistro" "$command" --help | grep -oE -e '^ +--[a-z-]+' | tr -d ' ' |
			grep -vE -e '--(color|backend-path|limit-[a-z]*|require-sandbox|version)$' | sort) \
		<(sed -n "s/^\.It Cm $command//p" man/whodistro.1 | grep -oE -e 'Fl -[a-z-]+' |
			sed 's/Fl /-/' | sort))"
	verdict "formats of $command are in whodistro(1)" "$(diff \
		<("$whodistro" "$command" --help | sed -n 's/.*output format: //p') \
		<(sed -n "/^\.It Cm $command/,/^\.It Cm [a-z]/p" man/whodistro.1 |
			sed -n '/^Formats:/{n;s/^\.Cm \(.*\) \.$/\1/;s/ ,/,/g;p;q}'))"
	verdict "$command is in README.md" "$(grep -q "^| \`$command" README.md || echo .)"
done
# shellcheck disable=SC2016 # backquotes of Markdown
verdict 'README.md has no other commands' "$(
	sed -n 's/^| `\([a-z]*\)[ `].*/\1/p; s/^ *\$ whodistro \([a-z]*\).*/\1/p' README.md |
		sort -u | grep -vxF "$commands"
)"

verdict 'lineages are in whodistro-verdict(7)' \
	"$(x_words src/provenance/verdict.h WD_LINEAGES | lacking whodistro-verdict.7)"
verdict 'strengths are in whodistro-verdict(7)' \
	"$(x_words src/provenance/lineage.h WD_STRENGTHS | lacking whodistro-verdict.7)"
verdict 'uses of evidence are in whodistro-verdict(7)' "$(
	sed -n 's/.*\[WD_ITEM_[A-Z_]*\] = "\(.*\)",/\1/p' src/provenance/lineage.c |
		lacking whodistro-verdict.7
)"
verdict 'lineages are in whodistro(1)' \
	"$(x_words src/provenance/verdict.h WD_LINEAGES | lacking whodistro.1)"
verdict 'strengths are in whodistro(1)' \
	"$(x_words src/provenance/lineage.h WD_STRENGTHS | lacking whodistro.1)"
verdict 'styles are in whodistro(1)' \
	"$(x_words src/provenance/style.h WD_STYLES | lacking whodistro.1)"
verdict 'bases are in whodistro(1)' \
	"$(x_words src/provenance/owners.h WD_BASES | lacking whodistro.1)"
verdict 'flags of files are in whodistro(1)' \
	"$(x_words src/pkgdb/backend.h WD_CLAIM_FLAGS | lacking whodistro.1)"
verdict 'fences are in whodistro(1)' \
	"$(x_words src/pkgdb/fence.h WD_FENCES | lacking whodistro.1)"
for list in verdict.h:WD_LINEAGES lineage.h:WD_STRENGTHS style.h:WD_STYLES owners.h:WD_BASES; do
	verdict "${list#*:} are in whodistro-json(5)" \
		"$(x_words "src/provenance/${list%:*}" "${list#*:}" | lacking whodistro-json.5)"
done
for list in backend.h:WD_CLAIM_FLAGS backend.h:WD_PACKAGE_FLAGS fence.h:WD_FENCES; do
	verdict "${list#*:} are in whodistro-json(5)" \
		"$(x_words "src/pkgdb/${list%:*}" "${list#*:}" | lacking whodistro-json.5)"
done
verdict 'flags made by rows.c are documented' "$(
	for page in whodistro.1 whodistro-json.5; do
		sed -n 's/.*flag(out, start, "\([a-z]*\)").*/\1/p' src/report/rows.c | lacking "$page"
	done
)"
for page in whodistro.1 whodistro-backend.7; do
	verdict "limits in $page are as in limits.h" "$(
		n() { sed -n "s/^#define WD_LIMIT_$1 (*\([0-9]*\).*/\1/p" src/pkgdb/limits.h; }
		while read -r limit text; do
			tr '\n' ' ' <"man/$page" | grep -qF "$text" || echo "$limit: $text"
		done <<-EOF
			PACKAGES $(n PACKAGES | sed ':a;s/\B[0-9]\{3\}\>/,&/;ta') packages
			CLAIMS $(n CLAIMS | sed ':a;s/\B[0-9]\{3\}\>/,&/;ta') paths
			ERRORS $(n ERRORS | sed ':a;s/\B[0-9]\{3\}\>/,&/;ta') errors
			BYTES $(n BYTES) GiB of records
			MEMORY $(n MEMORY_GIB) GiB of address space
			CPU_SECONDS $(n CPU_SECONDS) seconds of CPU time
			WALL_SECONDS $(n WALL_SECONDS) seconds is killed
			STRING $(n STRING) KiB
		EOF
	)"
done

# lacking_numbers FILE: of the lines "LIMIT... @TEXT" on stdin, those whose text FILE does not have, with
# the numbers of limits.h in place of #1, #2, ...; commas in numbers do not count
lacking_numbers() {
	local limits text name i
	while IFS=@ read -r limits text; do
		i=1
		for name in $limits; do
			text=${text/\#$i/$(sed -n "s/^#define WD_LIMIT_$name (*\([0-9]*\).*/\1/p" src/pkgdb/limits.h)}
			i=$((i + 1))
		done
		tr '\n' ' ' <"$1" | sed 's/\([0-9]\),\([0-9]\{3\}\)/\1\2/g' | grep -qF -e "$text" || echo "$text"
	done
}
verdict 'limits in SECURITY.md are as in limits.h' "$(lacking_numbers SECURITY.md <<-'EOF'
	MEMORY_GIB CPU_SECONDS DECODE_SECONDS@#1 GiB of address space, #2 seconds of CPU time (#3 for an archive)
	WALL_SECONDS DECODE_WALL_SECONDS FILE_SECONDS@it has #1 seconds (#2 for an archive; #3 for looking into one file)
	RECORDS PACKAGES CLAIMS@takes #1 records of a worker, #2 packages, #3 paths
	BYTES ERRORS TOTAL@#1 GiB in all, and #2 errors; and #3 GiB from all workers together
EOF
)"
verdict 'limits of all in whodistro.1 are as in limits.h' "$(lacking_numbers man/whodistro.1 <<-'EOF'
	DATABASES TOTAL@at most #1 databases are read, and #2 GiB of records in all
EOF
)"
verdict 'fences are in SECURITY.md' "$(
	x_words src/pkgdb/fence.h WD_FENCES | while read -r word; do
		grep -qF "| \`$word\` |" SECURITY.md || echo "$word"
	done
)"
verdict 'defaults of limits in whodistro(1) are as in limits.h' "$(lacking_numbers man/whodistro.1 <<-'EOF'
	MEMORY_GIB@#1G by default
	WALL_SECONDS CPU_SECONDS@By default #1 by the clock and #2 of the processor for a database
	DECODE_WALL_SECONDS DECODE_SECONDS@#1 and #2 for decoding an archive
	FILE_SECONDS@#1 by the clock for looking into a file
	RECORDS@#1 by default
EOF
)"
verdict 'so are they in the help' "$("$whodistro" inspect --help >"$work/help"; lacking_numbers "$work/help" <<-'EOF'
	MEMORY_GIB@(K, M, G): #1G by default
	WALL_SECONDS DECODE_WALL_SECONDS@time of a worker: #1 by default, #2 for an archive
	RECORDS@#1 records by default
EOF
)"

# Codes that nothing reports are in no report.
verdict 'error codes are in whodistro-json(5)' "$(
	{
		sed -n 's/.*X(\([A-Z]*\), "\([a-z-]*\)",.*/\1 \2/p' src/base/status.h |
			while read -r id name; do
				! grep -rqw "WD_E$id" src backends || echo "$name"
			done
		sed -n 's/.*return "\([a-z]*\)";/\1/p' src/base/status.c
	} | lacking whodistro-json.5
)"
verdict 'probed paths are in whodistro(1)' "$(
	sed -n 's/^probe = //p' backends/*.backend | while read -r path; do
		grep -qF "$path" man/whodistro.1 ||
			{ grep -qF "${path##*/}" man/whodistro.1 && grep -qF "${path%/*}" man/whodistro.1; } ||
			echo "$path"
	done
)"
for page in whodistro.1 whodistro-json.5; do
	verdict "backends and their formats are in $page" \
		"$(sed -n 's/^\(name\|formats\) = //p' backends/*.backend | tr ' ' '\n' | lacking "$page")"
done

verdict 'package-url types are in whodistro-json(5)' "$(
	sed -n 's/^purl = //p' backends/*.backend | while read -r type; do
		grep -qw "pkg:$type" man/whodistro-json.5 || lacking whodistro-json.5 <<<"$type"
	done
)"
verdict 'backends are in README.md' "$(
	sed -n 's/^name = //p' backends/*.backend | while read -r name; do
		grep -q "^| $name |" README.md || echo "$name"
	done
)"

# Sections that are referred to are there.
for page in man/*; do
	verdict "references to sections of ${page##*/}" "$(
		sed -n 's/.*Sx \([A-Za-z ]*[A-Za-z]\).*/\1/p' "$page" | sort -u |
			grep -vxF -f <(sed -n 's/^\.S[hs] //p' "$page")
	)"
done

# ---- Records: every key that the program writes is described, every row has as many columns

mkdir -p "$work/root/var/lib/dpkg/status.d" "$work/root/etc" "$work/root/usr/bin"
ln -s usr/bin "$work/root/bin"
printf 'ID=debian\nVERSION_ID="12"\n' >"$work/root/etc/os-release"
cat >"$work/root/var/lib/dpkg/status.d/a" <<-'EOF'
	Package: a
	Version: 1-1
	Architecture: amd64
	Maintainer: A <a@debian.org>
EOF
printf '%s  bin/a\n%s  bin/gone\n' d41d8cd98f00b204e9800998ecf8427e d41d8cd98f00b204e9800998ecf8427e \
	>"$work/root/var/lib/dpkg/status.d/a.md5sums"
echo junk >"$work/root/var/lib/dpkg/status.d/b"
: >"$work/root/usr/bin/a"
: >"$work/root/etc/$(printf 'no\377utf8')"

# report FORMAT "COMMAND OPERANDS..."
report() {
	local args
	read -ra args <<<"$2"
	(cd "$work" && "$whodistro" "${args[@]}" -q -f "$1")
}

(cd "$work" && "$whodistro" learn -q x.index root >/dev/null)

if command -v jq >/dev/null; then
	for args in 'learn x.index' 'identify x.index root' 'inspect --evidence root' 'map --missing --dirs root' 'owner root bin/a' 'packages root' 'verify root' 'diff root root' backends; do
		report json "$args" >"$work/json"
		verdict "${args%% *} writes JSON" "$(jq empty "$work/json" 2>&1)"
		verdict "fields of ${args%% *} are in whodistro-json(5)" "$(
			jq -r '.. | objects | keys[]' "$work/json" | grep -v '_hex$' | lacking whodistro-json.5
		)"
		verdict "schema of ${args%% *} is in whodistro-json(5)" \
			"$(jq -r .schema "$work/json" | lacking whodistro-json.5)"
	done
else
	echo 'skip records: no jq'
fi

for args in 'learn x.index' 'map root' 'owner root bin/a' 'packages root' 'verify root' 'diff root root' backends; do
	columns=$(report csv "$args" | sed 1q | tr ',' '\n' | wc -l)
	verdict "number of columns of ${args%% *} is in whodistro-json(5)" "$(
		sed -n '/^columns is fixed/,/^A list/p' man/whodistro-json.5 | tr '\n' ' ' |
			grep -qE "\b$columns for [^0-9]*\b${args%% *}\b" || echo "$columns"
	)"
done

# ---- Form

for page in man/whodistro.1 man/whodistro-json.5 man/whodistro-index.5 man/whodistro-backend.7 man/whodistro-verdict.7; do
	if command -v mandoc >/dev/null; then
		verdict "mandoc accepts $page" "$(mandoc -Tlint -Wwarning "$page")"
	else
		echo "skip mandoc accepts $page: no mandoc"
	fi
	if command -v man >/dev/null && [ -e /usr/share/groff/current/tmac/mdoc.tmac ]; then
		verdict "man accepts $page" "$(LC_ALL=C.UTF-8 man --warnings -l "$page" 2>&1 >/dev/null)"
	else
		echo "skip man accepts $page: no man, or no mdoc macros"
	fi
done
verdict 'README.md is at most 190 lines' "$([ "$(wc -l <README.md)" -le 190 ] || wc -l README.md)"

exit "$status"
