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

# seed TARGET SCENARIO ROOT DATABASE [PATTERNS]: the database, and what is beside it by patterns
seed() {
	local top files dir
	top=$(root "$2")/$3/$4
	[ -e "$top" ] || return 0
	dir=$(dirname "$top")
	mkdir -p "$out/$1"
	if [[ $4 = */ ]]; then
		mapfile -t files < <(cd "$top" && find . -type f -size -100k -printf '%P\n' | sort | head -n 60)
		pack "$top" "${files[@]}"
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

mkdir -p "$out"
[ ! -x "$build/tests/fuzz/seeds" ] || "$build/tests/fuzz/seeds" "$out"

seed apk apk root lib/apk/db/installed
seed dpkg-status map-conffiles root var/lib/dpkg/status 'info/*'
seed dpkg-status map-diversion root var/lib/dpkg/status '[di]*[os]*/*'
seed dpkg-status map-generated root var/lib/dpkg/status '[ai]*/*'
seed dpkg-status verdict-thirdparty root var/lib/dpkg/status 'info/*'
seed dpkg-statusd statusd-layouts root var/lib/dpkg/status.d/
seed dpkg-statusd distroless root var/lib/dpkg/status.d/
seed pacman pacman root var/lib/pacman/local/
seed opkg opkg openwrt usr/lib/opkg/status 'info/*'
seed xbps map-xbps root var/db/xbps/pkgdb-0.38.plist '.*.plist'
seed rpmmanifest rpmmanifest root var/lib/rpmmanifest/container-manifest-2
seed nix map-nix root nix/
seed portage map-portage root var/db/pkg/
seed sbom sbom root var/lib/db/sbom/libattr1-2.5.1-r2.spdx.json
seed sbom sbom root usr/local/share/sbom/image.json
seed inventory inventory cos etc/cos-package-info.json
seed inventory inventory bottlerocket \
	x86_64-bottlerocket-linux-gnu/sys-root/usr/share/bottlerocket/application-inventory.json
seed conda conda root opt/conda/conda-meta/
seed homebrew conda root home/linuxbrew/.linuxbrew/Cellar/
seed flatpak map-flatpak root var/lib/flatpak/
seed snap-yaml map-snap root usr/share/snappy/dpkg.yaml
! command -v dpkg >/dev/null || dpkg -l 2>/dev/null | head -n 12 | text snap-list dpkg
manifest=$(root chisel)/root/var/own/manifest.wall
[ ! -e "$manifest" ] || zstd -dcq "$manifest" | text chisel chisel

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
mkdir -p "$work/deb/DEBIAN" "$work/deb/usr/bin"
printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: m\nDescription: d\n' >"$work/deb/DEBIAN/control"
ln -s x "$work/deb/usr/bin/link"
[ ! -e "$out/elf/library" ] || cp "$out/elf/library" "$work/deb/usr/bin/x"
for compression in none gzip; do
	mkdir -p "$out/debfile"
	dpkg-deb -Z$compression --root-owner-group -b "$work/deb" "$out/debfile/$compression" >/dev/null 2>&1 ||
		rm -rf "$out/debfile"
done
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
# a package of name and version, a claim in /usr/bin, a link, an error, a fact
printf '\0\1\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\1\0p\3\0001.0' >"$work/program"
printf '\1\7\0\0\0\377\201\0\0\0\0\0\7\0usr/bin\4\0name\0\0\0\0\0\0\0\0' >>"$work/program"
printf '\2\4\0link\6\0target\3\2\0\0\0\0\0\3\0bad\5\1\0\0\0\0\7\0\0\0\1\0x' >>"$work/program"
text sink program <"$work/program"
