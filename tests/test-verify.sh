#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# verify against rpm -Va and debsums: roots made by rpm and dpkg, then damaged in every way.
# shellcheck disable=SC2317
# shellcheck source=tests/image-lib.sh
. "${WD_SRCDIR:?}/tests/image-lib.sh"

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
		for n in size digest time mode type owner group gone noverify onlymode caps netcaps \
			hard1 several untouched; do
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
		%caps(cap_net_bind_service,cap_net_admin=ep) /usr/share/victim/netcaps
		%attr(0644, several, several) /usr/share/victim/several
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
	# further names of the same number, before and behind
	printf 'one:x:7:7::/:/bin/sh\nseveral:x:7:7::/:/bin/sh\nthird:x:7:7::/:/bin/sh\n' >>"$1/etc/passwd"
	printf 'one:x:7:\nseveral:x:7:\n' >>"$1/etc/group"
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
	rpm_in sqlite "$1" -Va --nodeps | sed -E 's/^([^ ]+) +([cdglr]) /\1 \2 /; t
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

# ---- Images

root_tar() {
	tar --xattrs --xattrs-include='security.*' -C "$1" -cf "$2" .
}

# layers ROOT LOWER FILE: a docker archive of LOWER, a tar of ROOT as it was, and of what became
# of it: all that is in ROOT, and whiteouts of what is not.
layers() {
	local root=$1 lower=$2 file=$3 dir=$work/whiteouts path
	rm -rf "$dir" && mkdir "$dir" || return 1
	root_tar "$root" "$work/upper.tar"
	tar -tf "$lower" | while read -r path; do
		[ -e "$root/$path" ] || [ -L "$root/$path" ] && continue
		mkdir -p "$dir/$(dirname "$path")" && touch "$dir/$(dirname "$path")/.wh.$(basename "$path")"
	done
	find "$dir" -name '.wh.*' -printf '%P\0' |
		tar -C "$dir" --null -T - --no-recursion -rf "$work/upper.tar"
	docker_archive "$file" "$lower" "$work/upper.tar"
}

# rows COMMAND... INPUT: what is printed and the exit status, without what names the input; "-"
# reads $work/stdin
rows() {
	"$whodistro" "$@" <"$work/stdin" 2>&1 | sed "s,\"layer\":[0-9]*,\"layer\":0,g; s/,\"layer\":0}/}/
		s,\"[^\"]*\(lower\|upper\|image\)[.a-z]*\",\"INPUT\",g; s,^whodistro: [^ ]*: ,,"
	echo "status ${PIPESTATUS[0]}"
}

# same ROOT INPUT COMMAND...
same() {
	local root=$1 input=$2
	shift 2
	rows "$@" "$root" | sed "s,\"$root\",\"INPUT\",g" >"$work/expected"
	rows "$@" "$input" | sed 's,"-","INPUT",g' >"$work/got"
	[ "$(wc -l <"$work/expected")" -gt 1 ] && equal "$work/expected" "$work/got"
}

# as_images NAME ROOT LOWER: what is said of the damaged ROOT is said of it as an image, where
# LOWER is a tar of what it was.
as_images() {
	local name=$1 root=$2 lower=$3 image command
	root_tar "$root" "$work/root.image"
	layers "$root" "$lower" "$work/image.tar"
	zstd -q -f "$work/root.image" -o "$work/root.image.zst"
	gzip -1 -c "$work/image.tar" >"$work/image.tar.gz"
	cp "$work/image.tar" "$work/stdin"
	for image in "$work"/root.image "$work"/root.image.zst "$work"/image.tar{,.gz} -; do
		check "$name: verify of $(basename "$image")" same "$root" "$image" verify --format ndjson
		check "$name: map --verify of $(basename "$image")" \
			same "$root" "$image" map --verify --missing --format ndjson
	done
	mkdir -p "$work/lower" && tar --xattrs --xattrs-include='security.*' -C "$work/lower" -xf "$lower"
	check "$name: diff of a root and an image" same "$root" "$work/image.tar" \
		diff --format ndjson "$work/lower"
	check "$name: diff of two images" same "$root" "$work/image.tar" diff --format ndjson "$lower"
	check "$name: an image and its root are the same" test -z \
		"$("$whodistro" diff --format csv "$work/image.tar" "$root" | sed '1d; /^lineage,/d')"
	"$whodistro" learn -q "$work/$name.root" --distro test:1 "$work/lower" >/dev/null 2>"$work/log" &&
		"$whodistro" learn -q "$work/$name.image" --distro test:1 "$lower" >/dev/null 2>>"$work/log"
	for command in identify owner-less; do
		check "$name: $command" "by_$command" "$work/$name" "$root"
	done
	rm -rf "$work/lower"
}

# An index learnt from an image knows what one of the root knows; and files are compared.
by_identify() {
	same "$2" "$work/image.tar" identify --format json "$1.root" &&
		same "$2" "$work/image.tar" identify --format json "$1.image" &&
		jq -e '.candidates[0] | .agree > 0 and .differ > 0' <<<"$("$whodistro" identify \
			--format json "$1.image" "$work/image.tar")"
}

# Without a database, what files are is known by an index alone.
by_owner-less() {
	rm -rf "$work/bare" && cp -a "$2" "$work/bare" && rm -rf "$work/bare/var/lib" &&
		root_tar "$work/bare" "$work/root.image" &&
		same "$work/bare" "$work/root.image" map --format ndjson --reference "$1.root" &&
		grep -q '"basis":"reference"' "$work/got"
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
	root_tar "$root" "$work/rpm.tar"
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
	as_images rpm "$root" "$work/rpm.tar"
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
	# a file that is an archive of files is a file
	tar -C "$d/one" -cf "$d/inner.tar" usr && mv "$d/inner.tar" "$d/one/usr/share/one"
	gzip -c "$d/one/usr/share/one/a" >"$d/one/no-archive.gz"
	echo conf >"$d/one/etc/one.conf"
	echo conf >"$d/one/etc/two.conf"
	echo other >"$d/two/usr/share/one/same"
	touch "$root/var/lib/dpkg/status"
	deb one && deb two
	dpkg --root="$root" --force-overwrite --force-not-root -i "$work/one.deb" "$work/two.deb" \
		>"$work/log" 2>&1 || { cat "$work/log"; check 'dpkg installs' false; return; }
	root_tar "$root" "$work/dpkg.tar"
	printf 'B\n' >"$root/usr/share/one/b"
	rm "$root/usr/share/one/c"
	echo more >>"$root/etc/two.conf"
	check 'debsums -a on a damaged root' as_debsums "$root"
	# dpkg takes the path away from the package that had it
	check 'dpkg: an overwritten file is the other package'"'"'s, and not modified' \
		finding_is "$root" usr/share/one/same ''
	as_images dpkg "$root" "$work/dpkg.tar"
}

# ---- pacman

pacman_in() {
	pacman --config "$work/pacman.conf" --root "$1" --dbpath "$1/var/lib/pacman" \
		--cachedir "$work/cache" --gpgdir "$work/gpg" --logfile "$work/pacman.log" \
		--hookdir "$work/hooks" "${@:2}"
}

pacman_package() {
	local dir=$work/pacman n
	mkdir -p "$dir"/{etc,usr/share/one/dir} && cd "$dir" || return 1
	for n in size digest time mode type owner group gone untouched; do
		echo "$n" >"usr/share/one/$n"
	done
	for n in link linktime same; do ln -s untouched "usr/share/one/$n"; done
	echo conf >etc/one.conf && echo conf >etc/time.conf
	find . -exec touch -h -d 2020-02-02 {} +
	printf '%s\n' 'pkgname = one' 'pkgbase = one' 'pkgver = 1-1' 'url = x' 'packager = x' \
		'size = 1' 'arch = any' 'backup = etc/one.conf' >.PKGINFO
	bsdtar -czf .MTREE --format=mtree \
		--options='!all,use-set,type,uid,gid,mode,time,size,md5,sha256,link' .PKGINFO etc usr &&
		bsdtar -cf "$work/one-1-1-any.pkg.tar" .PKGINFO .MTREE etc usr
}

damage_pacman() {
	local v=$1/usr/share/one
	echo longer >>"$v/size"
	printf 'DIGEST\n' >"$v/digest" && touch -r "$v/untouched" "$v/digest"
	touch -d 2001-02-03 "$v/time" "$1/etc/time.conf"
	touch -h -d 2001-02-03 "$v/linktime"
	chmod 4755 "$v/mode"
	rm "$v/type" "$v/gone" && mkdir "$v/type"
	chown 1 "$v/owner" && chgrp 1 "$v/group"
	ln -sfn gone "$v/link" && touch -h -r "$v/untouched" "$v/link"
	chown 2 "$v/dir" && chmod 700 "$v/dir"
	echo more >>"$1/etc/one.conf"
}

# "WORD PATH" of each difference. Of what has another type pacman says no more.
as_pacman() {
	pacman_in "$1" -Qkk 2>&1 | sed -nE "s,^(warning|backup file): one: $1/(.*) \((.*)\)\$,\3 \2,p" |
		sed -E 's/^(MD5|SHA256) checksum mismatch/digest/; s/^Size mismatch/size/
			s/^Modification time mismatch/mtime/; s/^Permissions mismatch/mode/
			s/^UID mismatch/user/; s/^GID mismatch/group/; s/^Symlink path mismatch/link/
			s/^File type mismatch/type/; s/^No such file or directory/missing/' |
		sort -u >"$work/pacman-says"
	"$whodistro" verify --format ndjson "$1" | jq -r 'select(.finding != "extra") | .path as $p |
		(if .finding == "missing" then ["missing"] else .differs end) |
		(if index("type") then ["type"] else . end)[] | "\(.) \($p)"' | sort >"$work/ours"
	equal "$work/pacman-says" "$work/ours"
}

test_pacman() {
	local root=$work/pacman-root
	if ! command -v pacman bsdtar >/dev/null || [ "$(id -u)" != 0 ]; then
		skip 'pacman -Qkk (needs pacman, bsdtar and root)'
		return
	fi
	mkdir -p "$root/var/lib/pacman"
	printf '[options]\nArchitecture = auto\nSigLevel = Never\n' >"$work/pacman.conf"
	if ! (pacman_package) || ! pacman_in "$root" -U --noconfirm --noscriptlet --noprogressbar \
		"$work/one-1-1-any.pkg.tar" >"$work/log" 2>&1; then
		cat "$work/log"
		check 'pacman installs' false
		return
	fi
	check 'pacman -Qkk on a root as installed' as_pacman "$root"
	check 'pacman: nothing differs' equal /dev/null "$work/ours"
	damage_pacman "$root"
	check 'pacman -Qkk on a damaged root' as_pacman "$root"
	check 'pacman: all was found' test "$(wc -l <"$work/ours")" -ge 17
	root_tar "$root" "$work/root.image" && : >"$work/stdin"
	check 'pacman: verify of a tar' same "$root" "$work/root.image" verify --format ndjson
}

# ----

command -v jq >/dev/null || { skip 'no jq here'; exit 77; }
test_rpm
test_dpkg
test_pacman
exit "$failed"
