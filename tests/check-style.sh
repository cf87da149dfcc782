#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The size of functions and files, and the licence line, by the numbers of CONTRIBUTING.md.
set -u

max_function=100
max_median=15
max_file=600

cd "${WD_SRCDIR:-$(dirname "$0")/..}" || exit 1
. tests/check-lib.sh

code() {
	find src backends tests -name '*.[ch]' -type f
}

# Length and place of every function of the program and its backends.
functions() {
	find src backends -name '*.[ch]' -type f -print0 |
		xargs -0 ctags --language-force=C --kinds-C=f --fields=+ne -x \
			--_xformat='%n %{end} %F %N' |
		awk 'NF == 4 { print $2 - $1 + 1, $3 ":" $1 ":", $4 }' | sort -n
}

verdict "files of at most $max_file lines" "$(code | xargs wc -l |
	awk -v max=$max_file '$2 != "total" && $1 > max { print $2 ": " $1 " lines" }')"

verdict "licence line first" "$(
	{ code; find tests m4 -name '*.sh' -o -name 'wd-*.m4'; printf '%s\n' dev configure.ac Makefile.am; } |
		while read -r file; do
			head -n 2 "$file" | grep -q 'SPDX-License-Identifier: GPL-3.0-or-later' || echo "$file"
		done)"

verdict "no spaces at the ends of lines" "$(code | xargs grep -nE '[[:blank:]]+$')"

# A tarball would lack it, and nothing would build it.
verdict "every source is listed in Makefile.am" "$(code | while read -r file; do
	grep -qwF "$file" Makefile.am tests/fuzz/fuzz.am || echo "$file"
done)"

# automake calls the log of test-x and of test-x.sh the same: one would hide the other.
verdict "every test has a name of its own" "$(find tests -maxdepth 1 -name 'test-*.c' -o \
	-maxdepth 1 -name 'test-*.sh' | sed 's/\.[a-z]*$//' | sort | uniq -d)"

if ctags --version 2>/dev/null | grep -q 'Universal Ctags'; then
	sizes=$(functions)
	verdict "functions of at most $max_function lines" "$(awk -v max=$max_function \
		'$1 > max { print $2 " " $3 ": " $1 " lines" }' <<<"$sizes")"
	median=$(awk '{ n[NR] = $1 } END { print NR ? n[int((NR + 1) / 2)] : 0 }' <<<"$sizes")
	verdict "median function of at most $max_median lines" \
		"$([ "$median" -le $max_median ] || echo "median: $median lines")"
	echo "# $(wc -l <<<"$sizes") functions, median $median lines, longest: $(tail -n 1 <<<"$sizes")"
else
	echo "skip length of functions (no universal-ctags)"
fi
exit $status
