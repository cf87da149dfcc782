#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Packages built by rpmbuild and installed by rpm, with every database that this rpm can write.
# shellcheck disable=SC2317
# shellcheck source=tests/truth-lib.sh
. "${WD_SRCDIR:?}/tests/truth-lib.sh"

# One of each: what a package can record of a file, and what two of them can claim together.
write_spec() {
	cat >"$1" <<-'SPEC'
		Name: alpha
		Epoch: 2
		Version: 1.0
		Release: 3.el9
		Summary: fixture
		License: GPL-3.0-or-later
		Vendor: Fixture Makers
		%description
		fixture
		%package data
		Summary: fixture
		Epoch: 0
		BuildArch: noarch
		%description data
		fixture
		%package filesystem
		Summary: fixture
		Version: 3.8
		%description filesystem
		fixture
		%package empty
		Summary: fixture
		%description empty
		fixture
		%install
		cd %{buildroot}
		mkdir -p usr/bin usr/lib etc/alpha.d usr/share/doc/alpha usr/share/licenses/alpha var/log \
			var/lib/alpha usr/share/alpha usr/share/common usr/share/locale/de/LC_MESSAGES \
			usr/share/locale/en/LC_MESSAGES
		ln -s usr/bin bin
		ln -s usr/lib lib
		echo conf >etc/alpha.conf
		echo own >etc/alpha.d/own.conf
		echo run >usr/bin/alpha
		echo run >usr/bin/merged
		echo read >usr/share/doc/alpha/README
		echo may >usr/share/licenses/alpha/COPYING
		touch var/log/alpha.log var/log/absent.log
		echo so >usr/lib/libalpha.so.1
		ln -s libalpha.so.1 usr/lib/libalpha.so
		ln -s /usr/share/alpha var/lib/alpha/absolute
		echo twice >usr/share/alpha/one
		ln usr/share/alpha/one usr/share/alpha/two
		echo odd >'usr/share/alpha/with a space'
		echo odd >'usr/share/alpha/ünïcödé-名'
		echo odd >"usr/share/alpha/it's,quoted"
		echo odd >'usr/share/alpha/back\slash'
		echo both >usr/share/common/shared
		echo hallo >usr/share/locale/de/LC_MESSAGES/alpha.mo
		echo hello >usr/share/locale/en/LC_MESSAGES/alpha.mo
		echo data >usr/share/alpha/data
		%files
		%dir /etc/alpha.d
		%config /etc/alpha.conf
		%config(noreplace) /etc/alpha.d/own.conf
		%attr(4755, root, root) /usr/bin/alpha
		/bin/merged
		/lib/libalpha.so.1
		/usr/lib/libalpha.so
		%dir /usr/share/doc/alpha
		%doc /usr/share/doc/alpha/README
		%license /usr/share/licenses/alpha/COPYING
		%ghost /var/log/alpha.log
		%ghost %config /var/log/absent.log
		/var/lib/alpha
		/usr/share/alpha
		%exclude /usr/share/alpha/data
		/usr/share/common/shared
		%lang(de) /usr/share/locale/de/LC_MESSAGES/alpha.mo
		%lang(en) /usr/share/locale/en/LC_MESSAGES/alpha.mo
		%files data
		%dir /usr/share/alpha
		/usr/share/alpha/data
		/usr/share/common
		%files filesystem
		/bin
		/lib
		%dir /usr
		%dir /usr/bin
		%dir /usr/lib
		%dir %attr(1777, root, root) /var/log
		%files empty
	SPEC
}

build() {
	mkdir -p "$work/top"
	write_spec "$work/top/alpha.spec"
	rpmbuild --macros "$macros" --quiet -bb --target "$(uname -m)-linux" \
		--define "_topdir $work/top" --define "_tmppath $work/top" \
		--define 'debug_package %{nil}' --define '_unpackaged_files_terminate_build 0' \
		--define '__os_install_post %{nil}' \
		--define '_binary_payload w0.gzdio' --define '_build_id_links none' \
		"$work/top/alpha.spec" >"$work/log" 2>&1 </dev/null
}

# install BACKEND ROOT OPTIONS...: the links of /usr-merge before what is below them
install() {
	local backend=$1 root=$2 rpms=$work/top/RPMS
	shift 2
	mkdir -p "$root/var/lib/rpm"
	{
		rpm_in "$backend" "$root" -i --nodeps --noscripts "$@" "$rpms"/*/alpha-filesystem-*.rpm &&
			rpm_in "$backend" "$root" -i --nodeps --noscripts "$@" \
				"$rpms"/*/alpha-{1,data,empty}*.rpm
	} >"$work/log" 2>&1 || return 1
	echo log >"$root/var/log/alpha.log"
	echo own >"$root/usr/share/alpha/nobody's"
	echo changed >>"$root/etc/alpha.conf"
}

# ---- rpm's answers

packages_equal() {
	rpm_in "$1" "$2" -qa --qf '%{NAME}\t%{EPOCH}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\t%{VENDOR}\t%{DISTRIBUTION}\t%{SOURCERPM}\n' \
		>"$work/packages.tsv" || return 1
	"$whodistro" packages --format ndjson "$2" | "$tests/truth-rpm.py" packages "$work/packages.tsv"
}

# The columns of the corpus's files.tsv
files_equal() {
	rpm_in "$1" "$2" -qa --qf '[%{FILENAMES}\t%{=NAME}\t%{=VERSION}-%{=RELEASE}\t%{=ARCH}\t%{FILEFLAGS}\t%{FILESTATES}\t%{FILEMODES:octal}\t%{FILEDIGESTS}\n]' \
		>"$work/files.tsv" || return 1
	"$whodistro" map --missing --dirs --format ndjson "$2" |
		"$tests/truth-rpm.py" files "$work/files.tsv" "$2"
}

# owners_equal BACKEND ROOT: of each file on disk, asked one by one
owners_equal() {
	local path
	find "$2" -mindepth 1 -not -path "$2/var/lib/rpm*" -printf '/%P\0' | sort -z >"$work/paths"
	while IFS= read -r -d '' path; do
		rpm_in "$1" "$2" -qf --qf '%{NAME}-%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}.%{ARCH}\n' \
			"$path" 2>&1 |
			sed -E 's/^.* is not owned by any package$|^error: .* No such file .*$//' | sort |
			paste -sd ' ' | awk -v path="$path" '{ print path ": " $0 }'
	done <"$work/paths" >"$work/expected"
	xargs -0 "$whodistro" owner --format ndjson "$2" <"$work/paths" |
		jq -rs 'group_by(.query)[] | "\(.[0].query): \(map(select(.basis == "database") |
			"\(.package)-\(.version).\(.arch)") | sort | join(" "))"' | sort >"$work/got"
	sort -o "$work/expected" "$work/expected"
	equal "$work/expected" "$work/got"
}

flags_are() {
	[ "$("$whodistro" owner --format ndjson "$1" "$2" | jq -r '.flags | join(" ")')" = "$3" ]
}

# converted_equal STORAGE ROOT FILE: after rpm's own database became another one, rpm having
# answered before
converted_equal() {
	local root=$work/converted
	rm -rf "$root"
	cp -a "$2" "$root"
	rm -f "$root"/var/lib/rpm/*
	"$WD_BUILDDIR/tests/rpmdb-convert" "$1" "$2/var/lib/rpm/rpmdb.sqlite" \
		"$root/var/lib/rpm/$3" || return 1
	"$whodistro" packages --format ndjson "$root" |
		"$tests/truth-rpm.py" packages "$work/packages.tsv" || return 1
	"$whodistro" map --missing --dirs --format ndjson "$root" |
		"$tests/truth-rpm.py" files "$work/files.tsv" "$root"
}

compare() {
	check "$3: packages" packages_equal "$1" "$2"
	check "$3: files" files_equal "$1" "$2"
	check "$3: owners as rpm -qf says" owners_equal "$1" "$2"
}

# Some rpms are built without a backend and take another, or none at all.
can_write() {
	rm -rf "$work/probe"
	mkdir -p "$work/probe/var/lib/rpm"
	rpm_in "$1" "$work/probe" --initdb >/dev/null 2>&1 && [ -e "$work/probe/var/lib/rpm/$2" ]
}

test_backend() {
	local backend=$1 root=$work/$1
	if ! can_write "$backend" "$2"; then
		skip "$backend (this rpm cannot write it)"
		return
	fi
	install "$backend" "$root" && compare "$backend" "$root" "$backend"
	install "$backend" "$root-nodocs" --excludedocs --define '_install_langs en' &&
		compare "$backend" "$root-nodocs" "$backend without docs and languages"
	check "$backend: flags of a changed configuration file" \
		flags_are "$root" /etc/alpha.conf 'config modified'
	check "$backend: flags of an absent ghost" \
		flags_are "$root" /var/log/absent.log 'config ghost missing'
	check "$backend: flags of an excluded document" \
		flags_are "$root-nodocs" /usr/share/doc/alpha/README 'doc not-installed missing'
}

# ----

command -v rpm rpmbuild >/dev/null || { skip 'no rpmbuild here'; exit 77; }
[ "$(id -u)" = 0 ] || { skip 'rpm --root needs root'; exit 77; }
if ! build; then
	cat "$work/log"
	echo 'not ok packages are built'
	exit 1
fi
test_backend sqlite rpmdb.sqlite
[ -x "$WD_BUILDDIR/tests/rpmdb-convert" ] && storages="bdb-le bdb-be bdb-btree ndb" || storages=
[ "$storages" ] || skip "other storages (built without libdb)"
for storage in $storages; do
	check "rpm's headers as $storage" converted_equal "$storage" "$work/sqlite-nodocs" \
		"$([ "$storage" = ndb ] && echo Packages.db || echo Packages)"
done
test_backend ndb Packages.db
exit "$failed"
