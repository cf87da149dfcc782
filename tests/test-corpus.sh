#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Real databases and images, which are not ours to copy: ../shared/corpus, where it is there.
# shellcheck disable=SC2317
# shellcheck source=tests/truth-lib.sh
. "${WD_SRCDIR:?}/tests/truth-lib.sh"

corpus=$shared/corpus
convert=$WD_BUILDDIR/tests/rpmdb-convert
rpm_places=(var/lib/rpm usr/lib/sysimage/rpm usr/share/rpm)

# packages_equal ROOT NAME and files_equal ROOT NAME: by the tables that rpm wrote
packages_equal() {
	"$whodistro" packages --format ndjson "$1" |
		"$tests/truth-rpm.py" packages "$corpus/truth/$2.packages.tsv"
}

files_equal() {
	"$whodistro" map --missing --dirs --format ndjson "$1" |
		"$tests/truth-rpm.py" files "$corpus/truth/$2.files.tsv.gz"
}

# root_with PLACE FILE...: an empty root with the files of a database
root_with() {
	local root=$work/root place=$1
	shift
	rm -rf "$root"
	mkdir -p "$root/$place"
	cp "$@" "$root/$place"
	chmod -R u+w "$root"
}

# output ROOT: all that can be said of a root, without the database's own files and format
output() {
	"$whodistro" packages --format ndjson "$1" | jq -c 'del(.db)'
	"$whodistro" map --missing --dirs --format ndjson "$1" |
		jq -c 'select(.path | startswith("var/lib/rpm") | not) | del(.db)'
	"$whodistro" inspect --format json "$1" | jq 'del(.files, .databases[].path,
		.databases[].format, .lineages[].files, .lineages[].bytes, .lineages[].evidence)'
}

# same_in STORAGE NAME FILE EXPECTED
same_in() {
	local name=Packages
	case $1 in
	ndb) name=Packages.db ;;
	sqlite*) name=rpmdb.sqlite ;;
	esac
	rm -rf "$work/root"
	mkdir -p "$work/root/var/lib/rpm"
	"$convert" "$1" "$3" "$work/root/var/lib/rpm/$name" || return 1
	output "$work/root" >"$work/got"
	equal "$4" "$work/got"
}

test_database() {
	local dir=$1 name=${1##*/} place storage file
	for place in "${rpm_places[@]}"; do
		root_with "$place" "$dir"/*
		check "$name in $place: packages" packages_equal "$work/root" "$name"
		[ "$place" = var/lib/rpm ] || [ -z "$WD_SANITIZED" ] || continue
		check "$name in $place: files" files_equal "$work/root" "$name"
	done
	root_with var/lib/rpm "$dir"/*
	output "$work/root" >"$work/expected"
	for file in "$dir"/*; do
		[ -x "$convert" ] || continue # built without libdb
		for storage in bdb-le bdb-be bdb-btree ndb sqlite sqlite-log; do
			check "$name as $storage" same_in $storage "$name" "$file" "$work/expected"
		done
	done
}

# ---- SQLite's write-ahead log

# A database whose log holds what the file does not: one package updated, one removed, one new.
make_wal() {
	python3 - "$1" "$2" <<-'PYTHON'
		import shutil, sqlite3, sys
		original, place = sys.argv[1:]
		live = place + "/live.sqlite"
		shutil.copyfile(original, live)
		db = sqlite3.connect(live, isolation_level=None)
		db.execute("PRAGMA journal_mode=WAL")
		db.execute("PRAGMA wal_autocheckpoint=0")
		rows = db.execute("SELECT hnum, blob FROM Packages ORDER BY hnum").fetchall()
		db.execute("DELETE FROM Packages WHERE hnum = ?", (rows[0][0],))
		db.execute("INSERT INTO Packages VALUES (1000, ?)", (rows[1][1].replace(b"3.6.2", b"9.9.9"),))
		db.execute("UPDATE Packages SET blob = ? WHERE hnum = ?",
		           (rows[2][1].replace(b"4.16.0", b"4.99.0"), rows[2][0]))
		for suffix in "", "-wal":
		    shutil.copyfile(live + suffix, place + "/rpmdb.sqlite" + suffix)
		db.close()
	PYTHON
	rm -f "$2"/live.sqlite*
}

# The header blobs that sqlite3 sees, read by rpm: names and versions.
sqlite_packages() {
	mkdir -p "$work/private"
	cp "$1"/rpmdb.sqlite* "$work/private/"
	sqlite3 "$work/private/rpmdb.sqlite" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
	rpm --dbpath "$work/private" --define '_db_backend sqlite' --nodigest --nosignature -qa \
		--qf '%{NAME} %{VERSION}-%{RELEASE}\n' | sort
	rm -rf "$work/private"
}

wal_equal() {
	sqlite_packages "$1/var/lib/rpm" >"$work/expected"
	"$whodistro" packages --format ndjson "$1" | jq -r '"\(.name) \(.version)"' | sort >"$work/got"
	equal "$work/expected" "$work/got"
}

# A log that nobody replays would pass, if it changed nothing.
wal_matters() {
	cp "$1/var/lib/rpm/rpmdb.sqlite" "$work/without"
	[ "$(sqlite3 "$work/without" 'SELECT group_concat(hex(blob)) FROM Packages' | md5sum)" != \
		"$(cp "$1"/var/lib/rpm/rpmdb.sqlite* "$work" &&
			sqlite3 "$work/rpmdb.sqlite" 'SELECT group_concat(hex(blob)) FROM Packages' | md5sum)" ]
}

state() {
	find "$1" -printf '%p %s %m %i %n %T@ %C@\n' | sort
	find "$1" -type f -exec md5sum {} +
}

test_wal() {
	local root=$work/wal
	mkdir -p "$root/var/lib/rpm"
	make_wal "$corpus/rpmdb/fedora33-sqlite/rpmdb.sqlite" "$root/var/lib/rpm"
	check "WAL: the fixture's log changes something" wal_matters "$root"
	state "$root" >"$work/before"
	check "WAL: packages as sqlite3 and rpm see them" wal_equal "$root"
	"$whodistro" map --missing --format nul "$root" >/dev/null
	state "$root" >"$work/after"
	check "WAL: nothing changed in the rootfs" equal "$work/before" "$work/after"
}

# ---- Images

same_packages_as_status_d() {
	cat "$1"/var/lib/dpkg/status.d/* | sed -n 's/^Package: *//p' | sort >"$work/expected"
	"$whodistro" packages --format ndjson "$1" | jq -r .name | sort >"$work/got"
	equal "$work/expected" "$work/got"
}

# Path, tab, package, from the text of the database: directories (F:) and files in them (R:).
apk_owners() {
	awk '/^P:/ { package = substr($0, 3) }
		/^F:/ { dir = substr($0, 3); print dir "\t" package }
		/^R:/ { print (dir == "" ? "" : dir "/") substr($0, 3) "\t" package }' "$1" | sort -u
}

apk_owners_equal() {
	apk_owners "$1/lib/apk/db/installed" >"$work/expected"
	"$whodistro" map --dirs --missing --format ndjson "$1" |
		jq -r 'select(.basis == "database") | "\(.path)\t\(.package)"' | sort -u >"$work/got"
	equal "$work/expected" "$work/got"
}

test_apk() {
	local root=$work/apk
	mkdir -p "$root/lib/apk/db"
	cp "$corpus/$1" "$root/lib/apk/db/installed"
	check "$1: owners of every path" apk_owners_equal "$root"
	check "$1: packages are alpine" verdict "$root" '.verdict.distro.id == "alpine"'
}

test_images() {
	local image=$corpus/image root
	root=$work/ubi8-under-centos7
	image_root "$image/ubi8-rpmdb-under-centos7.docker.tar.gz" "$root"
	check "UBI 8 under CentOS 7: contradicted" verdict "$root" \
		'.verdict.lineage == "contradicted" and .verdict.distro.id == "rhel" and
		.verdict.distro.version_id == "8"'
	check "UBI 8 under CentOS 7: both lineages are listed" verdict "$root" \
		'[.lineages[].distro | "\(.id):\(.version_id)"] | contains(["rhel:8", "centos:7"])'
	check "UBI 8 under CentOS 7: packages are rhel:8" all_packages_are rhel:8 "$root"

	root=$work/distroless
	image_root "$image/distroless-base-debian11.docker.tar.gz" "$root"
	check "distroless: declared debian:11, style distroless" verdict "$root" \
		'.verdict.distro.id == "debian" and .verdict.distro.version_id == "11" and
		.verdict.style == "distroless" and .verdict.lineage == "declared"'
	check "distroless: packages are those of status.d" same_packages_as_status_d "$root"
	check "distroless: most files are explained" verdict "$root" \
		'.files | .inferred > 0 and (.unowned / .total) < 0.2'
	rm -f "$root"/etc/os-release "$root"/usr/lib/os-release
	check "distroless without os-release: recorded debian:11" verdict "$root" \
		'.verdict.distro.id == "debian" and .verdict.distro.version_id == "11" and
		.verdict.lineage == "recorded"'

	test_apk apk/alpine.installed
	root=$work/alpine
	image_root "$image/alpine-3.15.docker.tar.gz" "$root"
	check "Alpine: owners of every path, as its database has them" apk_owners_equal "$root"
	check "Alpine: a result" verdict "$root" '.files.total > 400 and .errors == []'
}

all_packages_are() {
	"$whodistro" packages --format ndjson "$2" | jq -e -s --arg distro "$1" \
		'length > 0 and all(.distro == $distro)'
}

# ----

if [ ! -d "$corpus" ]; then
	skip "corpus (no $corpus)"
	exit 77
fi
for dir in "$corpus"/rpmdb/*; do
	test_database "$dir"
done
test_wal
test_images
exit "$failed"
