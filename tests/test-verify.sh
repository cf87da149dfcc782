#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# verify against rpm -Va and debsums: roots made by rpm and dpkg, then damaged in every way.
# shellcheck disable=SC2317
# shellcheck source=tests/truth-lib.sh
. "${WD_SRCDIR:?}/tests/truth-lib.sh"

write_spec() {
	cat >"$1" <<-'SPEC'
		Name: victim
		Version: 1
		Release: 1
		Summary: fixture
		License: GPL-3.0-or-later
		BuildArch: noarch
		%description
		fixture
		%install
		cd %{buildroot}
		mkdir -p etc usr/share/victim/dir var/log
		for n in size digest time mode type owner group gone noverify onlymode caps hard1 untouched; do
			echo "$n" >usr/share/victim/$n
		done
		ln usr/share/victim/hard1 usr/share/victim/hard2
		ln -s untouched usr/share/victim/link
		ln -s untouched usr/share/victim/tofile
		echo conf >etc/victim.conf
		echo conf >etc/victim-missing.conf
		echo conf >etc/victim-gone.conf
		touch var/log/victim.log
		%files
		/usr/share/victim/[d-m]*
		%dir %attr(0750, root, daemon) /usr/share/victim
		%attr(0640, daemon, daemon) /usr/share/victim/owner
		%verify(not size filedigest mtime) /usr/share/victim/noverify
		%verify(mode) /usr/share/victim/onlymode
		%caps(cap_net_raw=p) /usr/share/victim/caps
		/usr/share/victim/size
		/usr/share/victim/time
		/usr/share/victim/tofile
		/usr/share/victim/type
		/usr/share/victim/untouched
		%dev(c, 1, 3) /usr/share/victim/device
		%config /etc/victim.conf
		%config(missingok) /etc/victim-missing.conf
		%config /etc/victim-gone.conf
		%ghost %attr(0600, root, root) /var/log/victim.log
	SPEC
}

build() {
	mkdir -p "$work/top"
	write_spec "$work/top/victim.spec"
	rpmbuild --macros "$macros" --quiet -bb --target "$(uname -m)-linux" \
		--define "_topdir $work/top" --define "_tmppath $work/top" \
		--define '_unpackaged_files_terminate_build 0' --define '__os_install_post %{nil}' \
		--define '_binary_payload w0.gzdio' "$work/top/victim.spec" >"$work/log" 2>&1 </dev/null
}

install() {
	mkdir -p "$1/var/lib/rpm" "$1/etc"
	printf 'root:x:0:0::/:/bin/sh\ndaemon:x:1:1::/:/bin/sh\n' >"$1/etc/passwd"
	printf 'root:x:0:\ndaemon:x:1:\n' >"$1/etc/group"
	rpm_in sqlite "$1" -i --nodeps --noscripts "$work/top"/RPMS/*/victim-*.rpm >"$work/log" 2>&1
}

# Every kind of difference, one file each.
damage() {
	local v=$1/usr/share/victim
	echo longer >>"$v/size"
	printf 'DIGEST\n' >"$v/digest" && touch -r "$v/untouched" "$v/digest"
	touch -d 2001-02-03 "$v/time"
	chmod 4755 "$v/mode"
	ln -sfn gone "$v/link"
	rm "$v/tofile" && echo file >"$v/tofile"
	rm "$v/type" && mkdir "$v/type"
	chown 0 "$v/owner"
	chgrp 1 "$v/group"
	rm "$v/gone" "$1/etc/victim-gone.conf" "$1/etc/victim-missing.conf"
	echo more >>"$1/etc/victim.conf"
	echo more >>"$v/noverify"
	echo more >>"$v/onlymode" && chmod 600 "$v/onlymode"
	rm -f "$v/device" && mknod "$v/device" c 1 5
	setfattr -x security.capability "$v/caps" 2>/dev/null
	echo hard >>"$v/hard1"
	chown 4242 "$v/dir"
	mkdir -p "$1/var/log"
	echo log >"$1/var/log/victim.log" && chmod 644 "$1/var/log/victim.log"
	echo own >"$v/extra"
}

# "RESULT MARK PATH" as rpm -V prints it, without what only whodistro finds
ours() {
	"$whodistro" verify --format ndjson "$1" | jq -r 'select(.finding != "extra") |
		[.result, (if .mark == "" then "-" else .mark end), "/" + .path] | join(" ")' | sort
}

as_rpm() {
	rpm_in sqlite "$1" -Va | sed -E 's/^([^ ]+) +([cdglr]) /\1 \2 /; t
		s/^([^ ]+) +\//\1 - \//' | sort >"$work/rpm"
	ours "$1" >"$work/ours" || return 1
	equal "$work/rpm" "$work/ours"
}

finding_is() {
	[ "$("$whodistro" verify --format ndjson "$1" |
		jq -c --arg path "$2" 'select(.path == $path) | [.finding, .expected, .found]')" = "$3" ]
}

exits() {
	local status=$1
	shift
	"$whodistro" "$@" >"$work/out" 2>&1
	[ $? = "$status" ]
}

test_rpm() {
	local root=$work/rpm-root
	if ! command -v rpmbuild >/dev/null || [ "$(id -u)" != 0 ]; then
		skip 'rpm -Va (needs rpmbuild and root)'
		return
	fi
	if ! build || ! install "$root"; then
		cat "$work/log"
		check 'a package is built and installed' false
		return
	fi
	check 'rpm -Va on a root as installed' as_rpm "$root"
	check 'nothing differs: nothing is printed' equal /dev/null "$work/ours"
	check 'and --fail-on holds nothing' exits 0 verify --fail-on modified,missing "$root"
	damage "$root"
	check 'rpm -Va on a damaged root' as_rpm "$root"
	check 'what is expected and found' finding_is "$root" usr/share/victim/mode \
		'["modified","mode=644","mode=4755"]'
	check 'a file that nobody recorded' finding_is "$root" usr/share/victim/extra \
		'["extra",null,null]'
	check '--fail-on modified' exits 1 verify --fail-on modified "$root"
	check '--fail-on extra' exits 1 verify --fail-on extra "$root"
	check '--fail-on replaced' exits 0 verify --fail-on replaced "$root"
	check '--fail-on with a wrong word' exits 2 verify --fail-on changed "$root"
}

# deb NAME: its contents are in $work/deb/NAME
deb() {
	local dir=$work/deb/$1
	mkdir -p "$dir/DEBIAN"
	printf 'Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: F <f@example.org>\nDescription: f\n' \
		"$1" >"$dir/DEBIAN/control"
	(cd "$dir" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | xargs -0 md5sum) \
		>"$dir/DEBIAN/md5sums"
	[ ! -d "$dir/etc" ] || (cd "$dir" && find etc -type f -printf '/%p\n') >"$dir/DEBIAN/conffiles"
	dpkg-deb -b --root-owner-group "$dir" "$work/$1.deb" >/dev/null
}

as_debsums() {
	debsums -a -c --root "$1" 2>"$work/missing" | sort >"$work/debsums"
	sed -n 's/^debsums: missing file \([^ ]*\) .*/\1/p' "$work/missing" >>"$work/debsums"
	sed -i "s,^$1,," "$work/debsums"
	sort -o "$work/debsums" "$work/debsums"
	"$whodistro" verify --format ndjson "$1" |
		jq -r 'select(.finding != "extra") | "/" + .path' | sort >"$work/ours"
	[ -s "$work/ours" ] && equal "$work/debsums" "$work/ours"
}

test_dpkg() {
	local root=$work/dpkg-root d=$work/deb
	if ! command -v debsums >/dev/null || [ "$(id -u)" != 0 ]; then
		skip 'debsums (needs debsums and root)'
		return
	fi
	mkdir -p "$d/one/usr/share/one" "$d/one/etc" "$d/two/usr/share/one" \
		"$root/var/lib/dpkg/"{updates,info}
	for n in a b c same; do echo "$n" >"$d/one/usr/share/one/$n"; done
	echo conf >"$d/one/etc/one.conf"
	echo conf >"$d/one/etc/two.conf"
	echo other >"$d/two/usr/share/one/same"
	touch "$root/var/lib/dpkg/status"
	deb one && deb two
	dpkg --root="$root" --force-overwrite --force-not-root -i "$work/one.deb" "$work/two.deb" \
		>"$work/log" 2>&1 || { cat "$work/log"; check 'dpkg installs' false; return; }
	printf 'B\n' >"$root/usr/share/one/b"
	rm "$root/usr/share/one/c"
	echo more >>"$root/etc/two.conf"
	check 'debsums -a on a damaged root' as_debsums "$root"
	# dpkg takes the path away from the package that had it
	check 'dpkg: an overwritten file is the other package'"'"'s, and not modified' \
		finding_is "$root" usr/share/one/same ''
}

# ----

command -v jq >/dev/null || { skip 'no jq here'; exit 77; }
test_rpm
test_dpkg
exit "$failed"
