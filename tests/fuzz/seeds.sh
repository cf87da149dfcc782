#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# seeds.sh DIRECTORY: writes the seeds of all fuzz targets as DIRECTORY/TARGET/NAME, from the
# fixtures of the scenarios and of the unit tests. Nothing of them is kept in the repository. What
# the machine has no tools for is left out.
set -u

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
tests=$(dirname "$here")
build=${WD_BUILDDIR:-$(dirname "$tests")/build}
out=$(realpath -m "${1:?which directory?}")
work=$(mktemp -d)
trap 'chmod -R u+rwX "$work"; rm -rf "$work"' EXIT

# root SCENARIO: the directory of the root filesystems that it makes
root() {
	[ -d "$work/$1" ] || "$tests/scenarios.sh" --roots "$work/$1" "$tests/scenarios/$1.test" >&2
	echo "$work/$1"
}

# pack DIRECTORY [FILE...]: as request.h says, by names relative to the directory
pack() {
	local file
	for file in "${@:2}"; do
		printf '\n@@ %s\n' "$file"
		cat "$1/$file"
	done
}

# pack_all DIRECTORY: what is below it
pack_all() {
	local files
	mapfile -t files < <(cd "$1" && find . -type f -size -100k -printf '%P\n' | sort | head -n 60)
	pack "$1" "${files[@]}"
}

# seed TARGET SCENARIO ROOT DATABASE [PATTERNS]: the database, and what is beside it by patterns
seed() {
	local top files dir
	top=$(root "$2")/$3/$4
	[ -e "$top" ] || return 0
	dir=$(dirname "$top")
	mkdir -p "$out/$1"
	if [[ $4 = */ ]]; then
		pack_all "$top"
	else
		mapfile -t files < <([ $# -lt 5 ] || (cd "$dir" && compgen -G "$5" | sort))
		cat "$top"
		pack "$dir" "${files[@]}"
	fi >"$out/$1/$2-$(basename "$4")"
}

# text TARGET NAME: stdin
text() {
	mkdir -p "$out/$1"
	cat >"$out/$1/$2"
}

# deployed NAME: a directory that flatpak deployed, of short names; its metainfo is stdin
deployed() {
	local dir=$work/flatpak/app/$1/x/y/1
	mkdir -p "$dir/files/share/metainfo"
	printf '[Application]\nname=%s\nruntime=r/x/1\n' "$1" >"$dir/metadata"
	printf 'hub\0001\0' >"$dir/deploy"
	cat >"$dir/files/share/metainfo/$1.metainfo.xml"
}

# What an application says of itself, alone and where it was deployed; and what is wrong with some.
seed_flatpak() {
	local nested
	nested=$(printf '<n>%.0s' {1..64})
	text flatpak-metainfo component <<-'TEXT'
		<component><id>a.desktop</id><name xml:lang="de">A</name>
		<developer_name>B</developer_name><developer_name xml:lang="de">C</developer_name>
		<url type="homepage">https://a</url><url type="help">https://b</url>
		<releases><release version="2.1"/><release version="2.0"/></releases></component>
	TEXT
	text flatpak-metainfo developer <<-'TEXT'
		<?xml version="1.0" encoding="UTF-8"?>
		<application><id>a</id><developer id="b"><name>B</name></developer></application>
	TEXT
	text flatpak-metainfo entity <<-'TEXT'
		<!DOCTYPE component SYSTEM "a"><component><id>a</id><name>&b;</name></component>
	TEXT
	echo "<component><id>a</id>$nested</component>" | text flatpak-metainfo nested
	deployed good <"$out/flatpak-metainfo/component"
	deployed old <"$out/flatpak-metainfo/entity"
	printf none >"$work/flatpak/app/old/x/y/1/deploy"
	deployed bad </dev/null
	rm "$work/flatpak/app/bad/x/y/1/metadata"
	mkdir "$work/flatpak/app/bad/x/y/1/metadata"
	touch "$work/flatpak/app/bad/x/y/1/metadata/file"
	pack_all "$work/flatpak" | text flatpak short
}

# of a Debian package, whether it is installed or not
fields='Source: source (1.0-1)
Version: 1:2.0-3
Architecture: amd64
Multi-Arch: same
Essential: yes
Installed-Size: 20'

mkdir -p "$out"
[ ! -x "$build/tests/fuzz/seeds" ] || "$build/tests/fuzz/seeds" "$out"

seed apk apk root lib/apk/db/installed
seed dpkg-status map-conffiles root var/lib/dpkg/status 'info/*'
seed dpkg-status map-diversion root var/lib/dpkg/status '[di]*[os]*/*'
seed dpkg-status map-generated root var/lib/dpkg/status '[ai]*/*'
seed dpkg-status verdict-thirdparty root var/lib/dpkg/status 'info/*'
seed dpkg-status packages-journal root var/lib/dpkg/status 'updates/*'
{
	printf '%s\n' 'Package: a' 'Status: hold ok half-configured' "$fields"
	cat <<'TEXT'
Maintainer: m
Description: d
Conffiles:
 /etc/a 11f6ad8ec52a2984abaafd7c3b516503 obsolete
 /etc/b newconffile
 /etc/c 11f6ad8ec52a2984abaafd7c3b516503 remove-on-upgrade

Package: b
Status: install ok triggers-awaited
Version: 1
Architecture: all

Package: c
Status: install reinstreq half-installed
Architecture: all

@@ info/a:amd64.list
/.
/etc/a
/usr/a

@@ info/a:amd64.md5sums
\11f6ad8ec52a2984abaafd7c3b516503  usr/a\\\n
11f6ad8ec52a2984abaafd7c3b516503 *usr/a

@@ statoverride
root mail 2755 /usr/a

@@ alternatives/a
manual
/usr/bin/a
b
/usr/share/b

/opt/a
10
/opt/b
/opt/c
-20


TEXT
} | text dpkg-status fields
seed dpkg-statusd statusd-layouts root var/lib/dpkg/status.d/
seed dpkg-statusd distroless root var/lib/dpkg/status.d/
seed pacman pacman root var/lib/pacman/local/
seed opkg opkg openwrt usr/lib/opkg/status 'info/*'
seed xbps map-xbps root var/db/xbps/pkgdb-0.38.plist '.*.plist'
text xbps states <<'TEXT'
<plist version="1.0"><dict>
<key>a</key><dict><key>pkgver</key><string>a-1.0_2</string><key>state</key><string>unpacked</string>
<key>hold</key><true/><key>installed_size</key><integer>4096</integer></dict>
<key>b</key><dict><key>pkgver</key><string>b-1_1</string><key>state</key><string>half-removed</string></dict>
<key>c</key><dict><key>pkgver</key><string>c-1_1</string><key>state</key><string>not-installed</string></dict>
</dict></plist>

@@ .a-files.plist
<plist version="1.0"><dict><key>dirs</key><array>
<dict><key>file</key><string>/var/a</string></dict></array><key>files</key><array>
<dict><key>file</key><string>/usr/a</string><key>mtime</key><integer>1700000000</integer>
<key>size</key><integer>7</integer></dict>
<dict><key>file</key><string>/usr/b</string><key>size</key><string>many</string></dict></array></dict></plist>

@@ .b-files.plist/file
TEXT
seed rpmmanifest rpmmanifest root var/lib/rpmmanifest/container-manifest-2
seed nix map-nix root nix/
store=store/0123456789abcdfghijklmnpqrsvwxyz
mkdir -p "$work/nix/var/nix/db" "$work/nix/$store-a-1-dev"
touch "$work/nix/$store-a-1-dev/file"
sqlite3 "$work/nix/var/nix/db/db.sqlite" "PRAGMA page_size=512; CREATE TABLE ValidPaths
	(id integer primary key, path text, deriver text, narSize integer, sigs text); INSERT INTO ValidPaths
	VALUES (1, '/nix/$store-a-1-dev', '/nix/$store-a-1.drv', 9, 'key:sig key2:sig'),
	(2, '/nix/$store-b-2', '/nix/$store-b-2.drv', NULL, NULL)" &&
	pack_all "$work/nix" | text nix derivers
seed portage map-portage root var/db/pkg/
seed sbom sbom root var/lib/db/sbom/libattr1-2.5.1-r2.spdx.json
seed sbom sbom root usr/local/share/sbom/image.json
seed sbom-bitnami sbom root opt/bitnami/redis/.spdx-redis.spdx
text sbom cyclonedx <<'TEXT'
{"bomFormat":"CycloneDX","components":[1,{"type":"operating-system","name":"debian","version":"12"},
{"type":"library","group":"g","name":"n","version":"1","purl":"pkg:deb/debian/n@1?distro=debian-12",
"components":[{"type":"file","name":"/usr/lib/n.so","hashes":[{"alg":"SHA-1",
"content":"11f6ad8ec52a2984abaafd7c3b516503785c2072"}]},{"type":"library","name":"m"}]}]}
TEXT
text sbom relations <<'TEXT'
{"spdxVersion":"SPDX-2.2","packages":[{"SPDXID":"a","name":"a","versionInfo":"1"},{"SPDXID":"b","name":"b"}],
"files":[{"SPDXID":"f","fileName":"./usr/f","checksums":[{"algorithm":"SHA256","checksumValue":"1"}]},
{"SPDXID":"f"},{}],"relationships":[
{"spdxElementId":"f","relationshipType":"CONTAINED_BY","relatedSpdxElement":"a"},
{"spdxElementId":"b","relationshipType":"BUILD_TOOL_OF","relatedSpdxElement":"a"}]}
TEXT
seed inventory inventory cos etc/cos-package-info.json
seed inventory inventory bottlerocket \
	x86_64-bottlerocket-linux-gnu/sys-root/usr/share/bottlerocket/application-inventory.json
seed conda conda root opt/conda/conda-meta/
seed homebrew conda root home/linuxbrew/.linuxbrew/Cellar/
seed flatpak map-flatpak root var/lib/flatpak/
seed_flatpak
seed snap-yaml map-snap root usr/share/snappy/dpkg.yaml
! command -v dpkg >/dev/null || dpkg -l 2>/dev/null | head -n 12 | text snap-list dpkg
printf '%s\n' '# os-release' 'ID=ubuntu' 'VERSION_ID="22.04"' '# dpkg-query' 'ii ,a:amd64,1-2,b,1' \
	',c,1,d,(2)' | text snap-list query
manifest=$(root chisel)/root/var/own/manifest.wall
# also as two frames, of which the second asks for too large a window, or is cut off
if [ -e "$manifest" ]; then
	zstd -dcq "$manifest" | text chisel chisel
	{ cat "$manifest"; zstd -dcq "$manifest" | zstd -cq --ultra --long=27; } | text chisel window
	{ cat "$manifest"; head -c 100 "$manifest"; } | text chisel cut-off
fi

# a library with all notes, a static program
cat >"$work/elf.s" <<'TEXT'
	.section .note.package, "a", %note
	.balign 4
	.long 4, 2f - 1f, 0xcafe1a7e
	.asciz "FDO"
1:	.asciz "{\"type\":\"deb\",\"os\":\"debian\",\"name\":\"x\"}"
2:	.balign 4
	.ident "GCC: (Debian 12.2.0-14) 12.2.0"
	.section .rodata
	.asciz "OPENSSLDIR: \"/usr/lib/ssl\""
	.asciz "GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36."
	.text
	.globl _start
_start:	nop
TEXT
mkdir -p "$out/elf"
elf="cc -nostdlib -Wl,--build-id -Wl,-z,max-page-size=4096 -Wl,-z,noseparate-code $work/elf.s"
printf 'x.debug\0\1\2\3\4' >"$work/debuglink"
printf '/usr/lib/debug/.dwz/x\0\1\2\3\4' >"$work/altlink"
printf '\11\0\0\0\0\0\0\0\0\1\0\0GA$\5gcc1\0\0\0\0' >"$work/annobin"
if ! $elf -shared -Wl,-soname,libx.so.1 -Wl,-rpath,/opt/x -o "$out/elf/library" ||
	! $elf -static -o "$out/elf/static" ||
	! objcopy --add-section .gnu_debuglink="$work/debuglink" \
		--add-section .gnu_debugaltlink="$work/altlink" \
		--add-section .gnu.build.attributes="$work/annobin" \
		--add-section .go.buildinfo="$work/annobin" "$out/elf/library" "$out/elf/sections"; then
	rm -rf "$out/elf"
fi
# one for each name that examine.c may choose, by the size
for n in 1 2 3 4 5 6 7; do
	[ ! -d "$out/elf" ] || { cat "$out/elf/library"; head -c "$n" /dev/zero; } >"$out/elf/name-$n"
done

# packages and lists of them
text contents small <<'TEXT'
This file maps each file to its package.
FILE                    LOCATION
bin/ls                  utils/coreutils
etc/a b.conf	non-free/net/one,utils/coreutils
TEXT
{ seq -f 'usr/share/doc/a/file-%05.0f a/a' 6000 | gzip -n | head -c 9000; } | text contents cut-off
text repodata filelists <<'TEXT'
<?xml version="1.0" encoding="UTF-8"?>
<filelists xmlns="http://linux.duke.edu/metadata/filelists" packages="1">
<package pkgid="0" name="bash" arch="x86_64"><version epoch="1" ver="5.2" rel="6.fc40"/>
<file>/usr/bin/bash</file><file type="dir">/etc/a&amp;b</file></package>
</filelists>
TEXT
text repodata primary <<'TEXT'
<metadata xmlns:rpm="http://linux.duke.edu/metadata/rpm"><package type="rpm"><name>bash</name>
<arch>x86_64</arch><version epoch="0" ver="5.2" rel="6.fc40"/><size installed="20"/>
<format><rpm:vendor>V</rpm:vendor><rpm:sourcerpm>bash-5.2-6.fc40.src.rpm</rpm:sourcerpm>
<file>/usr/bin/bash</file></format></package></metadata>
TEXT
text repodata entity <<'TEXT'
<!DOCTYPE filelists SYSTEM "a"><filelists><package name="bash" arch="src"><version ver="5.2"/>
<file type="ghost">/a</file></package><package name="a" arch="noarch"><version epoch="x" ver="1"/>
<file/><file type="ghost">/a</file></package>&b;</filelists>
TEXT
# a path that is too long, and the same cut off where it is compressed
printf '<filelists><package name="a"><version ver="1"/></package><package name="b"><file>/%070000d</file>
<file>/b</file></package><!--%0130000d--></filelists>' 0 0 | gzip -n | text repodata long
head -c 200 "$out/repodata/long" | text repodata cut-off
mkdir -p "$work/deb/DEBIAN" "$work/deb/usr/bin"
cat >"$work/deb/DEBIAN/control" <<TEXT
Package: x
$fields
Section: libs
Priority: optional
Origin: o
Bugs: https://b
Homepage: https://h
Maintainer: m
Description: d
TEXT
ln -s x "$work/deb/usr/bin/link"
echo one >"$work/deb/usr/bin/one"
ln "$work/deb/usr/bin/one" "$work/deb/usr/bin/two"
[ ! -e "$out/elf/library" ] || cp "$out/elf/library" "$work/deb/usr/bin/x"
mkdir -p "$out/debfile"
for compression in gzip none; do
	dpkg-deb -Z$compression --root-owner-group -b "$work/deb" "$out/debfile/$compression" >/dev/null 2>&1 ||
		rm -rf "$out/debfile"
done
# a path that is there twice, and a link to one that is not
mkdir "$work/ar"
echo again >"$work/deb/usr/bin/again"
if (cd "$work/ar" && ar x "$out/debfile/none" &&
	tar -C ../deb -b 1 -cf data.tar ./usr/bin/{again,again,one,two} &&
	tar -b 1 -f data.tar --delete ./usr/bin/one &&
	ar rc twice.deb debian-binary control.tar data.tar) 2>/dev/null; then
	cp "$work/ar/twice.deb" "$out/debfile/twice"
fi
printf 'Name: x\nVersion: 1\nRelease: 2\nSummary: s\nLicense: l\n%%description\nd\n%%files\n%s\n%s\n' \
	'%ghost /usr/bin/x' '%ghost %config /etc/y' >"$work/x.spec"
if rpmbuild --macros '/usr/lib/rpm/macros:/usr/lib/rpm/platform/%{_target}/macros' --quiet -bb \
	--target "$(uname -m)-linux" --define "_topdir $work/rpm" --define "_tmppath $work" \
	--define 'debug_package %{nil}' "$work/x.spec" >/dev/null 2>&1; then
	mkdir -p "$out/rpmfile"
	cp "$work"/rpm/RPMS/*/x-1-2.*.rpm "$out/rpmfile/package"
fi

text osrelease quotes <<'TEXT'
# comment
NAME="Debian GNU/Linux"
ID=debian
ID_LIKE='a b'
VERSION_ID="12"
PRETTY_NAME="with \"quotes\" and \\ \$x"
TEXT
text subject dpkg <<'TEXT'

@@ etc/os-release
ID=debian
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"

@@ etc/passwd
root:x:0:0:root:/root:/bin/sh
one:x:7:7::/:/bin/sh
other:x:7:7::/:/bin/sh

@@ etc/group
root:x:0:
mail:x:8:one,other

@@ etc/dpkg/dpkg.cfg
# of dpkg
path-exclude = "/usr/share/man/*"
log /var/log/dpkg.log

@@ etc/dpkg/dpkg.cfg.d/10-slim
path-exclude /usr/share/doc/*
path-include=/usr/share/doc/*/README
path-exclude=/usr/share/locale/[a-d]?/*.mo

@@ etc/debian_version
12.5

@@ etc/issue
Ubuntu 22.04.1 LTS \n \l

@@ etc/dpkg/origins/default
Vendor: Debian

@@ etc/lsb-release
DISTRIB_ID=LinuxMint
DISTRIB_DESCRIPTION="Ubuntu 20.04"

@@ etc/apt/sources.list
deb [signed-by=/a] http://deb.debian.org/debian bookworm main
deb http://security.ubuntu.com/ubuntu jammy-security universe

@@ etc/apt/sources.list.d/a.sources
Types: deb
URIs: http://deb.debian.org/debian-security
Suites: trixie-security

@@ usr/bin/awk
-> /etc/alternatives/awk

@@ usr/bin/bash
b

@@ usr/bin/mawk
m

@@ usr/lib/x86_64-linux-gnu/libc.so.6
c

@@ var/lib/dpkg/info/bash.list
/

@@ records
d	dpkg	var/lib/dpkg/status
p	64	bash	5.2.15-2+b2	amd64	bash	5.2.15-2		Matthias Klose <doko@debian.org>					https://bugs.debian.org	shells	required
c	0	33188	usr/bin	bash
c	0	33188	usr/share/doc/bash	README
c	0	33188	usr/share/man/man1	bash.1.gz
c	17	33188	etc	bash.bashrc
p	1	gone	1-1~bpo12+1	all
c	0	33188	usr/share/locale/de/LC_MESSAGES	gone.mo
p	128	nginx	1.25-1~bookworm	amd64	nginx	1.25	nginx.org	NGINX Packaging <nginx-packaging@f5.com>
a	usr/bin/awk	usr/bin/mawk
f	usr/bin/bash	0	{"type":"deb","os":"debian","name":"bash","version":"5.2.15-2","architecture":"amd64"}
f	usr/bin/bash	2	0123456789abcdef0123456789abcdef01234567.debug
f	usr/bin/bash	5	GCC: (Debian 12.2.0-14) 12.2.0
f	usr/bin/bash	8	/lib64/ld-linux-x86-64.so.2
f	usr/bin/mawk	3	../../../.dwz/x86_64-linux-gnu/mawk.debug
f	usr/bin/mawk	5	GCC: (Ubuntu 11.4.0-1ubuntu1~22.04) 11.4.0
f	usr/lib/x86_64-linux-gnu/libc.so.6	4	GNU C Library (Debian GLIBC 2.36-9+deb12u4) stable release version 2.36.

@@ new/usr/bin/bash
other

@@ new/usr/bin/new
n

@@ new/etc/issue
Debian GNU/Linux 13

@@ new/records
d	dpkg	var/lib/dpkg/status
p	64	bash	5.2.37-2	amd64
c	0	33188	usr/bin	bash
p	0	mawk	1	amd64
c	0	33188	usr/bin	mawk
p	0	mawk	2	amd64
TEXT
text subject others <<'TEXT'

@@ etc/redhat-release
CentOS Linux release 7.9.2009 (Core)
Red Hat Enterprise Linux release 8.4 (Ootpa)

@@ usr/lib/fedora-release
Fedora release 33 (Thirty Three)

@@ usr/lib/system-release-cpe
cpe:/o:redhat:enterprise_linux:8.4:GA
cpe:2.3:o:amazon:amazon_linux:2023

@@ etc/oracle-release
Oracle Linux Server release 8.5

@@ etc/yum.repos.d/a.repo
[a]
baseurl=https://dl.fedoraproject.org/pub/fedora/linux/releases/40/Everything/x86_64/os/

@@ etc/alpine-release
3.14.0

@@ etc/apk/repositories
https://dl-cdn.alpinelinux.org/alpine/v3.14/main

@@ etc/openwrt_release
DISTRIB_RELEASE='19.07.2'

@@ etc/os-release.old/x
ID=fedora

@@ usr/lib/os-release.d/a
ID="photon"

@@ usr/share/doc/libc6/copyright
a

@@ lib/x86_64-linux-gnu/libc.so.6
b

@@ etc/bashrc
b

@@ etc/passwd
root:x:0:0::/:/bin/sh
one:x:7:7::/:/bin/sh

@@ usr/lib64/libc.so.6
c

@@ usr/lib/debug/.build-id/ab
d

@@ usr/bin/ls
l

@@ lib/ld-musl-x86_64.so.1
m

@@ nix/store/0123456789abcdfghijklmnpqrsvwxyz-hello-1/bin/hello
h

@@ records
d	rpm	var/lib/rpm/rpmdb.sqlite
p	0	bash	4.4.20-1.el8_4	x86_64	bash	4.4.20-1.el8_4	Red Hat, Inc.	Red Hat, Inc. <http://bugzilla.redhat.com/bugzilla>	1.el8_4	Red Hat Enterprise Linux					x86-64-01.build.eng.bos.redhat.com		x86_64-redhat-linux-gnu
c	1	33188	etc	bashrc		uid=0 user=root gid=7 group=one mtime=1700000000 unverified=5 missing=ok caps=cap_net_raw=ep rdev=5
c	8	33188	var/log	bash.log
c	64	33188	usr/share/doc	bash
p	0	redhat-release	8.4-0.6.el8	x86_64
c	0	33188	usr/bin	ls
d	apk	lib/apk/db/installed
p	0	musl	1.2.3-r4	x86_64	musl
c	0	33188	lib	ld-musl-x86_64.so.1
d	nix	nix/store
p	0	hello	1									/nix/store
c	1024	33188	nix/store	0123456789abcdfghijklmnpqrsvwxyz-hello-1
f	usr/bin/ls	0	{"type":"rpm","name":"coreutils","version":"8.30-8.el8","architecture":"x86_64","osCpe":"cpe:/o:redhat:enterprise_linux:8"}
f	usr/bin/ls	2	coreutils-8.30-8.el8.x86_64.debug
f	usr/bin/ls	5	GCC: (GNU) 8.4.1 20200928 (Red Hat 8.4.1-1)
f	usr/lib64/libc.so.6	4	GNU C Library (GNU libc) stable release version 2.28.
TEXT
text tsv distros <"$tests/../data/distros.tsv"
printf '1.2.3_alpha1-r1\n1.2.3_p2~0a-r0\n' | text versions apk
printf '1:2.0rc1-1\n1:2.0.1-1.1\n' | text versions pacman
text tree links <<'TEXT'
d usr
d usr/bin
f usr/bin/sh
l bin usr/bin
l loop loop
l up ../../usr
d a
l a/abs /usr/bin
l a/chain ../up/bin/sh
/bin/sh
a/abs/../bin/./sh
up/bin/sh
a/chain
loop/x
missing/../usr
TEXT
text layers whiteouts <<'TEXT'
d usr
d usr/lib
f usr/lib/libc.so
l lib usr/lib
f etc/passwd
h etc/copy etc/passwd
d var
n
f usr/lib/.wh.libc.so
f var/.wh..wh..opq
c etc/passwd
f lib/new
d var/log
n
l etc /usr/lib
r
f .wh.file
/lib/libc.so
etc/copy
var/log/../log
TEXT
digest=$(printf '%064d' 1)
text manifest docker <<TEXT
linux/amd64
@@ ref
repo:tag
@@ manifest.json
[{"Config":"c.json","RepoTags":["repo:tag","other:latest"],"Layers":["a/layer.tar","b.tar"]}]
@@ c.json
{"os":"linux","architecture":"amd64","config":{"User":"root","Entrypoint":["/bin/sh"],
"Cmd":["-c"],"Labels":{"k":"v"}},"rootfs":{"diff_ids":["sha256:$digest","sha256:$digest"]},
"history":[{"created_by":"ADD"},{"empty_layer":true,"created_by":"CMD"},{"created_by":"RUN"}]}
TEXT
text manifest oci <<TEXT
linux/arm/v7
@@ index.json
{"manifests":[{"digest":"sha256:1$digest","platform":{"os":"linux","architecture":"amd64"}},
{"digest":"sha256:0$digest","annotations":{"org.opencontainers.image.ref.name":"r"}}]}
@@ blobs/sha256/0$digest
{"manifests":[{"digest":"sha256:3$digest","platform":{"os":"linux","architecture":"arm",
"variant":"v7"},"annotations":{"io.containerd.image.name":"r"}}]}
@@ blobs/sha256/3$digest
{"config":{"digest":"sha256:$digest"},"annotations":{"a":"b"},
"layers":[{"digest":"sha256:$digest","mediaType":"application/vnd.oci.image.layer.v1.tar+gzip"}]}
@@ blobs/sha256/$digest
{"os":"linux","rootfs":{"diff_ids":["sha256:$digest"]},"history":[{"created_by":"ADD"}]}
TEXT
text manifest containers <<TEXT
linux/amd64
@@ ref
app:1
@@ overlay-images/images.json
[{"id":"$digest","names":["example.org/app:1"],"layer":"two"},{"id":"other","names":[]}]
@@ overlay-images/$digest/manifest
{"config":{"digest":"sha256:$digest"},"annotations":{"a":"b"}}
@@ overlay-images/$digest/=$(printf %s "sha256:$digest" | base64 -w 0)
{"os":"linux","rootfs":{"diff_ids":["sha256:1${digest:1}","sha256:$digest"]}}
@@ overlay-layers/layers.json
[{"id":"one","diff-digest":"sha256:1${digest:1}","diff-size":10},
{"id":"two","parent":"one","diff-digest":"sha256:$digest","compressed-size":5}]
TEXT
text manifest docker-root <<TEXT
linux/amd64
@@ image/overlay2/layerdb/sha256/$digest/cache-id
cache
@@ ref
app
@@ image/overlay2/repositories.json
{"Repositories":{"app":{"app:latest":"sha256:$digest"}}}
@@ image/overlay2/imagedb/content/sha256/$digest
{"os":"linux","rootfs":{"diff_ids":["sha256:$digest"]}}
TEXT

# tars in all dialects, compressed and in each other; archive.c says what the first byte is
long=$(printf 'n%.0s' {1..60})
mkdir -p "$work/tar/d/$long" "$out/archive"
printf 'contents' >"$work/tar/d/file"
truncate -s 20000 "$work/tar/d/sparse"
printf 'end' >>"$work/tar/d/sparse"
ln -sf file "$work/tar/d/link"
ln -f "$work/tar/d/file" "$work/tar/d/hard"
touch "$work/tar/d/$long/$long"
touch "$work/tar/d/$long/$long"
pack_tar() {
	tar -C "$work/tar" --owner=0 --group=0 -b 1 "$@" d
}
pack_tar --format=ustar -cf "$work/ustar.tar"
pack_tar --format=gnu --sparse -cf "$work/gnu.tar"
pack_tar --format=pax --sparse -cf "$work/pax.tar"
for format in ustar gnu pax; do
	{ printf '\0'; cat "$work/$format.tar"; } >"$out/archive/$format"
done
gzip -nk "$work/pax.tar" "$work/gnu.tar"
{ printf '\1'; cat "$work/pax.tar.gz"; } >"$out/archive/gzip"
{ printf '\3'; tar -C "$work" --owner=0 --group=0 -b 1 -cf - gnu.tar.gz ustar.tar; } >"$out/archive/nested"
text glob deep <<'TEXT'
usr/**/lib*.so.[0-9]*/?x
usr/share/doc/libc.so.6/yx
TEXT
text glob plain <<'TEXT'
*.s?
libc.so
TEXT
{
	# a package of name and version, a claim in /usr/bin, a link, an error, a fact
	printf '\0\1\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\1\0p\3\0001.0'
	printf '\1\7\0\0\0\377\201\0\0\0\0\0\7\0usr/bin\4\0name\0\0\0\0\0\0\0\0'
	printf '\2\4\0link\6\0target\3\2\0\0\0\0\0\3\0bad\5\1\0\0\0\0\7\0\0\0\1\0x'
	# a part of the list of files, what the module is, a comparison's answers
	printf '\6\2\0\0\0\7\1\0001\2\0li\10\2\0ok'
} | text sink program
