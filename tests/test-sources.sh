#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Packages and lists of packages, through their fenced workers, against dpkg-deb, rpm and awk.
# shellcheck disable=SC2317
# shellcheck source=tests/truth-lib.sh
. "${WD_SRCDIR:?}/tests/truth-lib.sh"

# dump [-d] FILE: what source-dump prints
dump() {
	"$WD_BUILDDIR/tests/source-dump" "${@:1:$#-1}" "$WD_BUILDDIR/backends" "${!#}"
}

# ---- Debian packages

# A tree with one of each: what a package can hold of a path.
tree=$work/tree
make_tree() {
	mkdir -p "$tree/DEBIAN" "$tree/usr/bin" "$tree/usr/share/doc/fix/empty" "$tree/var/tmp"
	cat >"$tree/DEBIAN/control" <<-'EOF'
		Package: fix
		Source: fixture (1.0-1)
		Version: 2:1.1~rc1-2+b1
		Architecture: all
		Maintainer: Fixture Makers <f@example.org>
		Description: one of each
		 and more
	EOF
	cp "$(type -P true)" "$tree/usr/bin/program"
	ln "$tree/usr/bin/program" "$tree/usr/bin/hard"
	ln -s program "$tree/usr/bin/soft"
	ln -s /etc/none "$tree/usr/bin/absolute"
	: >"$tree/usr/share/doc/fix/nothing"
	echo text >"$tree/usr/share/doc/fix/with a blank"
	echo text >"$tree/usr/share/doc/fix/ünïcödé"
	echo text >"$tree/usr/share/doc/fix/$(printf 'latin\3501')"
	echo text >"$tree/usr/share/doc/fix/$(printf '%0200d' 7)"
	chmod 4755 "$tree/usr/bin/program"
	chmod 1777 "$tree/var/tmp"
}

# What dpkg-deb unpacks: path, mode, size and digest of files, target, build-id
truth_deb() {
	local dir=$work/unpacked path mode type size target digest id
	rm -rf "$dir"
	mkdir "$dir"
	dpkg-deb -x "$1" "$dir"
	(cd "$dir" && find . -printf '%P\0%m\0%y\0%s\0%l\0') |
		while IFS= read -rd '' path && read -rd '' mode && read -rd '' type &&
			read -rd '' size && IFS= read -rd '' target; do
			digest=0: id=
			case $type in
			f)
				digest=8:$(sha256sum <"$dir/$path")
				digest=${digest%% *}
				mode=$(printf '10%04o' "0$mode")
				id=$(readelf -n "$dir/$path" 2>/dev/null |
					sed -n 's/^ *Build ID: /build-id=/p' | head -n 1)
				;;
			d) mode=$(printf '4%04o' "0$mode") size=-1 ;;
			l) mode=120777 size=-1 ;;
			esac
			printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$path" "$mode" "$size" "$digest" "$target" "$id"
		done | sort
}

same_deb() {
	local field
	dump -d "$1" >"$work/dump"
	# the mode of a link is what tar was told
	sed -n 's/^C\t[^\t]*\t//p' "$work/dump" |
		awk -F '\t' -v OFS='\t' '$2 ~ /^12/ { $2 = "120777" } { print }' | sort >"$work/got"
	truth_deb "$1" >"$work/want"
	[ "$(wc -l <"$work/want")" -gt 5 ] && equal "$work/want" "$work/got" || return 1
	for field in Package Version Architecture; do
		dpkg-deb -f "$1" "$field"
	done | paste -s >"$work/want"
	sed -n 's/^P\t//p' "$work/dump" | cut -f 1-3 >"$work/got"
	equal "$work/want" "$work/got" || return 1
	tail -n 1 "$work/dump" | grep -qx $'R\tdebfile\tdeb\tcomplete'
}

# The same claims, without what needs the contents
same_without_digests() {
	dump -d "$1" | awk -F '\t' -v OFS='\t' '/^C/ { $6 = "0:"; $8 = "" } { print }' >"$work/want"
	dump "$1" >"$work/got"
	equal "$work/want" "$work/got"
}

test_debs() {
	local compression deb
	make_tree
	for compression in gzip xz zstd none; do
		dpkg-deb --root-owner-group -Z"$compression" -b "$tree" "$work/fix-$compression.deb" \
			>/dev/null 2>&1 || { skip "debfile: $compression (not this dpkg-deb)"; continue; }
		check "debfile: $compression" same_deb "$work/fix-$compression.deb"
	done
	check 'debfile: source package' grep -qx \
		$'P\tfix\t2:1.1~rc1-2+b1\tall\tfixture\t1.0-1\t\tFixture Makers <f@example.org>' "$work/dump"
	check 'debfile: without digests' same_without_digests "$work/fix-xz.deb"
	mkdir "$work/debs"
	# hard links, thousands of paths, programs of Go and of kernel modules have their own ids
	(cd "$work/debs" && timeout 60 apt-get download -qq perl-base libc6 tzdata) >/dev/null 2>&1
	for deb in "$work"/debs/*.deb; do
		[ -e "$deb" ] || { skip 'debfile: packages of the mirror (not reachable)'; break; }
		check "debfile: $(basename "${deb%%_*}") of the mirror" same_deb "$deb"
	done
}

# An archive whose tar has these paths, a file each: tar_deb FILE PATH...
tar_deb() {
	python3 - "$work/fix-gzip.deb" "$@" <<-'EOF'
		import io, subprocess, sys, tarfile
		deb, out, *paths = sys.argv[1:]
		data = io.BytesIO()
		with tarfile.open(fileobj=data, mode="w", format=tarfile.GNU_FORMAT) as tar:
		    for path in paths:
		        info = tarfile.TarInfo(path)
		        info.size = 3
		        tar.addfile(info, io.BytesIO(b"abc"))
		control = subprocess.run(["ar", "p", deb, "control.tar.gz"], capture_output=True).stdout
		with open(out, "wb") as f:
		    f.write(b"!<arch>\n")
		    for name, body in (("debian-binary", b"2.0\n"), ("control.tar.gz", control),
		                       ("data.tar", data.getvalue())):
		        f.write(b"%-16s%-12d%-6d%-6d%-8o%-10d`\n" % (name.encode(), 0, 0, 0, 0o100644, len(body)))
		        f.write(body + b"\n" * (len(body) % 2))
	EOF
}

# What would lead out of the root costs itself.
paths_inside() {
	tar_deb "$work/out.deb" ./good ../../etc/passwd /abs/./x usr/../up "$(printf '%05000d' 1)" last/
	dump "$work/out.deb" | cut -f 1,3 | grep -v ^P >"$work/got"
	printf '%s\n' $'C\tgood' $'C\tabs/x' $'C\tlast' >"$work/want"
	grep ^C "$work/got" | equal "$work/want" - || return 1
	[ "$(grep -c 'claimed path is not a path' "$work/got")" = 3 ] || { cat "$work/got"; return 1; }
}

# ---- RPM packages and repositories

macros='/usr/lib/rpm/macros:/usr/lib/rpm/platform/%{_target}/macros'

make_rpms() {
	mkdir -p "$work/top" "$work/repo"
	cat >"$work/top/fix.spec" <<-'SPEC'
		Name: fix
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
		%package empty
		Summary: fixture
		%description empty
		fixture
		%install
		mkdir -p %{buildroot}/usr/bin %{buildroot}/etc %{buildroot}/usr/share/fix/d
		cd %{buildroot}
		echo run >usr/bin/fix
		ln -s fix usr/bin/soft
		echo conf >etc/fix.conf
		echo a >'usr/share/fix/a <b> & "c"'
		echo a >usr/share/fix/ünïcödé
		ln usr/bin/fix usr/share/fix/hard
		touch usr/share/fix/ghost
		%files
		%attr(4755, root, root) /usr/bin/fix
		/usr/bin/soft
		%config /etc/fix.conf
		%files data
		/usr/share/fix
		%ghost /usr/share/fix/ghost
		%files empty
	SPEC
	rpmbuild --macros "$macros" --quiet -ba --target "$(uname -m)-linux" \
		--define "_topdir $work/top" --define "_tmppath $work/top" \
		--define 'debug_package %{nil}' --define '__os_install_post %{nil}' \
		--define '_binary_payload w0.gzdio' --define '_build_id_links none' \
		"$work/top/fix.spec" >"$work/log" 2>&1 </dev/null &&
		cp "$work"/top/RPMS/*/*.rpm "$work"/top/SRPMS/*.rpm "$work/repo"
}

# rpm -qp, with a format
query() {
	rpm --macros "$macros" -qp --nodigest --nosignature --qf "$2" "$1"
}

same_rpm() {
	local algo
	dump -d "$1" >"$work/dump"
	algo=$(query "$1" '%{FILEDIGESTALGO}')
	query "$1" '[%{FILENAMES}\t%{FILEMODES:octal}\t%{LONGFILESIZES}\t%{FILEDIGESTS}\t%{FILELINKTOS}\n]' \
		2>/dev/null >"$work/want.raw" ||
		query "$1" '[%{FILENAMES}\t%{FILEMODES:octal}\t%{FILESIZES}\t%{FILEDIGESTS}\t%{FILELINKTOS}\n]' \
			>"$work/want.raw"
	awk -F '\t' -v OFS='\t' -v algo="$algo" '$1 != "" {
		$1 = substr($1, 2); $4 = $4 == "" ? "0:" : algo ":" $4; print }' \
		"$work/want.raw" | sort >"$work/want"
	sed -n 's/^C\t[^\t]*\t//p' "$work/dump" | cut -f 1-5 | sort >"$work/got"
	equal "$work/want" "$work/got" || return 1
	query "$1" '%{NAME}\t%{EVR}\t%{ARCH}\t%{SOURCERPM}\t%{VENDOR}\n' |
		awk -F '\t' -v OFS='\t' '{ sub(/\.src\.rpm$/, "", $4); print }' >"$work/want"
	awk -F '\t' -v OFS='\t' '/^P/ { print $2, $3, $4, $5 "-" $6, $7 }' "$work/dump" >"$work/got"
	equal "$work/want" "$work/got" || return 1
	tail -n 1 "$work/dump" | grep -qx $'R\trpmfile\trpm\tcomplete'
}

source_rpm_refused() {
	dump "$1" >"$work/got"
	grep -qx $'E\tunsupported\ta source package' "$work/got" && ! grep -q '^[PC]' "$work/got"
}

# What the packages of the repository record: "package path"
truth_repo() {
	local rpm
	for rpm in "$work"/repo/*.rpm; do
		[[ $rpm = *.src.rpm ]] ||
			query "$rpm" '[%{=NAME}\t%{FILENAMES}\t%{FILEMODES:perms}\t%{FILEFLAGS:fflags}\n]' |
			awk -F '\t' -v OFS='\t' 'NF == 4 {
				print $1, substr($2, 2), $3 ~ /^d/ ? "40000" : "0" }'
	done | sort
}

same_filelists() {
	dump "$1" >"$work/dump"
	truth_repo >"$work/want"
	sed -n 's/^C\t//p' "$work/dump" | cut -f 1-3 | sort >"$work/got"
	[ -s "$work/want" ] && equal "$work/want" "$work/got" || return 1
	tail -n 1 "$work/dump" | grep -qx $'R\trepodata\tfilelists\tcomplete'
}

# The paths are some of those in filelists.xml; an epoch of 0 is none.
same_primary() {
	local rpm
	dump "$1" >"$work/dump"
	for rpm in "$work"/repo/*.rpm; do
		[[ $rpm = *.src.rpm ]] ||
			query "$rpm" '%{NAME}\t%{EVR}\t%{ARCH}\t%{SOURCERPM}\t%{VENDOR}\n'
	done | awk -F '\t' -v OFS='\t' '{ sub(/^0:/, "", $2); sub(/\.src\.rpm$/, "", $4); print }' |
		sort >"$work/want"
	awk -F '\t' -v OFS='\t' '/^P/ { print $2, $3, $4, $5 "-" $6, $7 }' "$work/dump" |
		sort >"$work/got"
	equal "$work/want" "$work/got" || return 1
	truth_repo | grep -E $'\t(usr/bin|etc)/' >"$work/want"
	sed -n 's/^C\t//p' "$work/dump" | cut -f 1-3 | sort >"$work/got"
	equal "$work/want" "$work/got" || return 1
	tail -n 1 "$work/dump" | grep -qx $'R\trepodata\tprimary\tcomplete'
}

test_rpms() {
	local rpm kind file
	make_rpms || { skip 'rpmfile (no rpmbuild that works)'; return; }
	for rpm in "$work"/top/RPMS/*/*.rpm; do
		check "rpmfile: $(basename "$rpm")" same_rpm "$rpm"
	done
	check 'rpmfile: a source package' source_rpm_refused "$(echo "$work"/top/SRPMS/*.rpm)"
	command -v createrepo_c >/dev/null || { skip 'repodata (no createrepo_c)'; return; }
	createrepo_c -q --no-database --general-compress-type=gz "$work/repo" >/dev/null
	for kind in filelists primary; do
		file=$(echo "$work"/repo/repodata/*-$kind.xml.gz)
		check "repodata: $kind" same_$kind "$file"
		zcat "$file" >"$work/$kind.xml"
		check "repodata: $kind, plain" same_$kind "$work/$kind.xml"
		xz -k "$work/$kind.xml" && check "repodata: $kind, xz" same_$kind "$work/$kind.xml.xz"
		zstd -q "$work/$kind.xml" && check "repodata: $kind, zstd" same_$kind "$work/$kind.xml.zst"
	done
}

# ---- Debian's lists

# "package path", of a list without text before it
truth_contents() {
	zcat -f "$1" | awk '{
		n = split($NF, package, ",")
		sub(/[ \t]+[^ \t]+$/, "")
		for (i = 1; i <= n; i++) {
			sub(/.*\//, "", package[i])
			print package[i] "\t" $0
		}
	}' | sort
}

same_contents() {
	dump "$1" >"$work/dump"
	truth_contents "$1" >"$work/want"
	sed -n 's/^C\t//p' "$work/dump" | cut -f 1,2 | sort >"$work/got"
	[ -s "$work/want" ] && equal "$work/want" "$work/got" || return 1
	tail -n 1 "$work/dump" | grep -qx $'R\tcontents\tcontents\tcomplete'
}

contents_inside() {
	printf '%s\n' 'a  x/p' '../../etc/passwd  x/p' 'b/../../c  x/p' 'd  x/p' >"$work/Contents-evil"
	dump "$work/Contents-evil" | cut -f 1,3 >"$work/got"
	[ "$(grep -c '^C' "$work/got")" = 2 ] && [ "$(grep -c 'claimed path is not a path' "$work/got")" = 2 ]
}

test_contents() {
	local uri arch
	{
		printf 'bin/ls                          utils/coreutils\n'
		printf 'etc/a b.conf\tnon-free/net/one,utils/coreutils\n'
		printf 'usr/lib/g++/x@1  libs/libstdc++6,one\n'
	} >"$work/Contents-small"
	check 'contents: small' same_contents "$work/Contents-small"
	check 'contents: paths that lead out' contents_inside
	arch=$(dpkg --print-architecture 2>/dev/null)
	# contrib is a hundredth of main, and empty where it is of updates alone
	# shellcheck disable=SC2016 # $(URI) is for apt-get
	uri=$(apt-get indextargets --format '$(URI)' 'Created-By: Packages' 'Component: main' 2>/dev/null |
		sed -n '/-\(security\|updates\|backports\)\//d; s,/main/binary-[^/]*/Packages.*,/contrib/Contents-,p' | sed 1q)
	if [ -n "$uri" ] && timeout 60 /usr/lib/apt/apt-helper -qq download-file "$uri$arch.gz" \
		"$work/Contents-$arch.gz" >/dev/null 2>&1; then
		check 'contents: contrib of the mirror' same_contents "$work/Contents-$arch.gz"
		zcat "$work/Contents-$arch.gz" | lz4 -q >"$work/mirror_debian_Contents-$arch.lz4" 2>/dev/null &&
			check 'contents: as apt-file keeps it' same_lz4
	else
		skip 'contents: contrib of the mirror (not reachable)'
	fi
}

same_lz4() {
	cp "$work/dump" "$work/want"
	dump "$work/mirror_debian_Contents-$arch.lz4" >"$work/got"
	equal "$work/want" "$work/got"
}

# ---- Names

# Nothing reads a file that is called something else, however good it is.
refuses() {
	cp "$1" "$work/other-name"
	[ "$(dump "$work/other-name")" = $'R\tnot-mine' ] || return 1
	mkdir -p "$work/dir.deb"
	[ "$(dump "$work/dir.deb")" = $'R\tnot-regular' ] || return 1
	cp "$1" "$work/wrong.rpm"
	dump "$work/wrong.rpm" | grep -q $'^E\tnot-mine\t'
}

if command -v dpkg-deb >/dev/null && command -v readelf >/dev/null && [ "$(id -u)" = 0 ]; then
	test_debs
	check 'debfile: paths that lead out' paths_inside
	check 'names' refuses "$work/fix-gzip.deb"
else
	skip 'debfile (no dpkg-deb, no readelf, or not root)'
fi
test_rpms
test_contents
exit $failed
