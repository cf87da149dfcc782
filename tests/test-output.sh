#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Where -o writes: a new file appears whole, and what is no regular file is never replaced by one.
set -u

whodistro=${WD_BUILDDIR:?}/whodistro
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/root"
: >"$work/root/file"
cd "$work" || exit 1
failed=0

# result STATUS NAME
result() {
	if [ "$1" = 0 ]; then
		echo "ok $2"
	else
		echo "not ok $2"
		failed=1
	fi
}

row='file,file,0,0644,,,,,,,none,'
chmod 644 root/file

"$whodistro" map -f csv -o new root
[ "$(sed 1d new)" = "$row" ]
result $? 'a new file'

echo old >old
"$whodistro" map -f csv -o old root
[ "$(sed 1d old)" = "$row" ]
result $? 'a file that is there is replaced'

mkfifo fifo
cat fifo >out &
"$whodistro" map -f csv -o fifo root
wait
[ -p fifo ] && [ "$(sed 1d out)" = "$row" ]
result $? 'a FIFO is written to and stays'

ln -s target link
"$whodistro" map -f csv -o link root
[ -L link ] && [ "$(sed 1d target)" = "$row" ]
result $? 'a link is written through and stays'

"$whodistro" map -f sqlite -o link root 2>err
[ $? = 2 ] && grep -q 'needs a regular file' err && [ -L link ]
result $? 'sqlite refuses what is no regular file'

"$whodistro" map -f csv -o none/new root 2>err
[ $? = 4 ] && [ ! -e none ]
result $? 'a directory that is not there'

"$whodistro" map -f csv -o unfinished missing 2>err
[ $? = 4 ] && [ -z "$(find . -name 'unfinished*')" ]
result $? 'nothing is left of a report that was not made'

exit "$failed"
