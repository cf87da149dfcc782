#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Images: what is said of one is what is said of its extracted root filesystem, but for the fields
# that name the input, the image and its layers. The images are others': of the corpus, and made of
# Debian packages with umoci, skopeo, buildah and mmdebstrap. Then what is wrong with images, a
# defect each.
# shellcheck disable=SC2317
# shellcheck source=tests/image-lib.sh
. "${WD_SRCDIR:?}/tests/image-lib.sh"

# ---- The corpus

test_corpus_image() {
	local archive=$1 root=$work/corpus-root name
	name=$(basename "$archive" .docker.tar.gz)
	rm -rf "$root"
	image_root "$archive" "$root"
	gunzip -c "$archive" >"$work/plain.tar"
	cp "$archive" "$work/stdin"
	check "$name: compressed archive" same_report "$root" "$archive"
	check "$name: plain archive" same_report "$root" "$work/plain.tar"
	check "$name: from a pipe" same_report "$root" -
	rm -rf "$root" "$work/plain.tar" "$work/stdin"
}

# ---- Made of packages

test_layouts() {
	local tag root
	for tag in one two; do
		root=$work/$tag/rootfs
		umoci unpack --image "$work/oci:$tag" "$work/$tag" >/dev/null 2>&1
		check "umoci, $tag: layout" same_report "$root" "$work/oci" --image "$tag"
		skopeo_copy "oci:$work/oci:$tag" "docker-archive:$work/$tag.docker.tar:app:$tag"
		check "skopeo, $tag: docker archive" same_report "$root" "$work/$tag.docker.tar"
		zstd -q -f "$work/$tag.docker.tar" -o "$work/$tag.docker.tar.zst"
		check "$tag: docker archive in zstd" same_report "$root" "$work/$tag.docker.tar.zst"
		skopeo_copy "oci:$work/oci:$tag" "oci-archive:$work/$tag.oci.tar:$tag"
		check "skopeo, $tag: OCI archive" same_report "$root" "$work/$tag.oci.tar"
		cp "$work/$tag.oci.tar" "$work/stdin"
		check "$tag: OCI archive from a pipe" same_report "$root" -
		skopeo_copy --dest-compress-format zstd "oci:$work/oci:$tag" "oci:$work/zstd-$tag:$tag"
		check "skopeo, $tag: zstd layers" same_report "$root" "$work/zstd-$tag"
		tar -C "$root" -cf "$work/stdin" .
		check "$tag: tar of the root from a pipe" same_report "$root" -
		rm -f "$work/stdin" "$work/$tag".docker.tar.zst
	done
}

# An opaque directory, as buildah writes it where a directory is replaced in one step
test_opaque() {
	local base=$work/opaque root=$work/opaque-root
	mkdir -p "$base/one/d/sub" "$base/two/d" "$root/d"
	echo lower >"$base/one/d/sub/lower" && echo upper >"$base/two/d/upper" && echo upper >"$root/d/upper"
	touch "$base/two/d/.wh..wh..opq"
	tar -C "$base/one" -cf "$base/1.tar" d && tar -C "$base/two" -cf "$base/2.tar" d
	docker_archive "$base.tar" "$base/1.tar" "$base/2.tar"
	check 'opaque directory' same_report "$root" "$base.tar"
	check 'opaque directory: what it took away' test "$("$whodistro" map --deleted --format csv \
		"$base.tar" | sed 1d | cut -d, -f1)" = d/sub/lower
	check 'no os-release was taken away' test "$("$whodistro" inspect --format json "$base.tar" |
		jq -c .image.deleted)" = '{"files":1,"databases":[]}'
}

# What is left when an image takes its papers away, and nothing says whose the rest is
test_deleted_papers() {
	local dir=$work/papers
	mkdir -p "$dir/1/etc" "$dir/1/var/lib/dpkg" "$dir/2/etc" "$dir/2/var/lib" "$dir/3/etc"
	printf 'ID=debian\nVERSION_ID=12\n' >"$dir/1/etc/os-release"
	printf '%s\n' 'Package: libc6' 'Status: install ok installed' 'Version: 2.36-9+deb12u1' \
		'Maintainer: GNU Libc Maintainers <debian-glibc@lists.debian.org>' \
		'Architecture: all' >"$dir/1/var/lib/dpkg/status"
	touch "$dir/2/etc/.wh.os-release" "$dir/2/var/lib/.wh.dpkg" "$dir/2/x"
	printf 'ID=alpine\nVERSION_ID=3.20\n' >"$dir/3/etc/os-release"
	tar -C "$dir/1" -cf "$dir/1.tar" . && tar -C "$dir/2" -cf "$dir/2.tar" . &&
		tar -C "$dir/3" -cf "$dir/3.tar" .
	docker_archive "$dir/two.tar" "$dir/1.tar" "$dir/2.tar"
	docker_archive "$dir/three.tar" "$dir/1.tar" "$dir/2.tar" "$dir/3.tar"
	docker_archive "$dir/one.tar" "$dir/1.tar"
	check 'deleted papers make a hidden lineage' says "$dir/two.tar" \
		'["hidden","weak","debian:12",[["debian:12","deleted"]]]'
	check 'deleted papers beside an os-release are a second lineage' says "$dir/three.tar" \
		'["declared","weak","alpine:3.20",[["alpine:3.20","os-release"],["debian:12","deleted"]]]'
	check 'papers that are there are not deleted' says "$dir/one.tar" \
		'["declared","certain","debian:12",[["debian:12","database","os-release"]]]'
}

# says IMAGE WHAT: lineage, confidence, distribution, and the lineages with their kinds of evidence
says() {
	local distro='(.distro | [.id, .version_id] | join(":"))'
	"$whodistro" inspect --format json "$1" | jq -c "[(.verdict | .lineage, .confidence, $distro),
		(.lineages | map([$distro] + (.evidence | map(.kind) | unique)))]" >"$work/says"
	echo "$2" | diff - "$work/says"
}

deleted_is_reported() {
	"$whodistro" inspect --format json "$1" >"$work/inspect.json"
	jq -e '.image.deleted | .os_release.id == "debian" and .os_release.layer == 1 and
		(.databases | map([.backend, .distro, .layer]) == [["dpkg", "debian:'"$2"'", 1]])' \
		"$work/inspect.json" || { jq .image "$work/inspect.json" && false; }
}

test_only_images_tell() {
	local release
	release=$(sed -n 's/^VERSION_ID="*\([^"]*\)"*$/\1/p' "$work/one/rootfs/usr/lib/os-release")
	check 'what was deleted speaks for the lineage' test "$("$whodistro" inspect --format json \
		"$work/two.oci.tar" | jq -c '.lineages[0] | [.confidence, [.evidence[] |
		select(.kind == "deleted") | .path]]')" = \
		'["strong",["var/lib/dpkg/status.d","etc/os-release"]]'
	check 'a deleted database and os-release' deleted_is_reported "$work/two.oci.tar" "$release"
	check 'packages --deleted' test "$("$whodistro" packages --deleted --format ndjson \
		"$work/two.oci.tar" | jq -r .name | sort)" = "$("$whodistro" packages --format ndjson \
		"$work/one.oci.tar" | jq -r .name | sort)"
	check 'configuration and history' jq -e '.image | .entrypoint == ["/bin/sh"] and
		.user == "1000:1000" and .labels.maintainer == "nobody" and (.layers | length) == 2 and
		(.layers | map(.history) | all(. == "umoci repack"))' "$work/inspect.json"
	"$whodistro" map --format ndjson "$work/two.oci.tar" >"$work/rows"
	check 'layers of files' jq -se 'map({(.path): .layer}) | add |
		."usr/share/doc/new" == 1 and ."etc/passwd" != 1 and ."odd/hard" == 1 and
		."usr/bin/openssl/x" == 1 and ([.[] | select(. == 0)] | length) > 100' "$work/rows"
}

test_mmdebstrap() {
	local root
	root=$(debian_root) || { skip "minbase: no root by mmdebstrap" && return; }
	tar -C "$root" --one-file-system --sort=name -cf "$work/stdin" .
	mkdir "$work/minbase" && tar -C "$work/minbase" -xf "$work/stdin"
	check 'minbase: tar from a pipe' same_report "$work/minbase" -
	check 'minbase: tar' same_report "$work/minbase" "$work/stdin"
	command -v buildah >/dev/null || { skip 'buildah is not installed' && return; }
	if ! from_scratch "$work/minbase" >"$work/buildah.log" 2>&1; then
		skip "buildah does not run here: $(tail -n 1 "$work/buildah.log")"
		return
	fi
	check 'buildah: layers that delete' same_report "$work/mounted" "$work/buildah.tar"
}

# buildah keeps its storage here, and needs no driver that mounts.
buildah_here() {
	buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"
}

from_scratch() {
	local c m
	c=$(buildah_here from scratch) && m=$(buildah_here mount "$c") && cp -a "$1/." "$m" &&
		buildah_here commit -q "$c" first && buildah_here rm "$c" &&
		c=$(buildah_here from first) && m=$(buildah_here mount "$c") &&
		rm -rf "$m/usr/share/doc" "$m/var/lib/dpkg" &&
		echo x >"$m/usr/share/x" && cp -a "$m" "$work/mounted" &&
		buildah_here commit -q "$c" second &&
		buildah_here push -q second "docker-archive:$work/buildah.tar:second:latest"
}

# ---- What is wrong

test_bad_archives() {
	local dir=$work/bad twice
	mkdir -p "$dir/root/etc" "$dir/d" && echo ID=x >"$dir/root/etc/os-release"
	tar -C "$dir/root" -cf "$dir/root.tar" .
	: >"$dir/empty"
	fails 'an empty file' 4 'empty file' inspect "$dir/empty"
	head -c 5000 /dev/urandom >"$dir/noise"
	fails 'no archive' 4 'neither a root filesystem nor an image' inspect "$dir/noise"
	gzip -c "$dir/root.tar" | head -c 100 >"$dir/cut.tar.gz"
	fails 'a compressed tar that is cut short' 4 'corrupt or truncated' inspect "$dir/cut.tar.gz"
	for twice in 'gzip zstd' 'zstd xz' 'xz gzip' 'bzip2 bzip2'; do
		${twice% *} -qc "$dir/root.tar" 2>/dev/null | ${twice#* } -qc >"$dir/twice"
		fails "a tar in $twice" 4 'neither a root filesystem nor an image' inspect "$dir/twice"
	done
	docker_archive "$dir/good.tar" "$dir/root.tar"
	check 'one image, of the platform' "$whodistro" map --platform linux/amd64 -o /dev/null "$dir/good.tar"
	fails 'one image, of another platform' 4 'an image for linux/amd64, and not for linux/arm64/v8' \
		map --platform linux/arm64/v8 "$dir/good.tar"
	check 'a docker archive made here' "$whodistro" inspect "$dir/good.tar"
	tar -C "$dir/d" -xf "$dir/good.tar"
	jq -c '.rootfs.diff_ids = ["sha256:" + ("0" * 64)]' "$dir/d/config.json" >"$dir/d/c" &&
		mv "$dir/d/c" "$dir/d/config.json"
	tar -C "$dir/d" -cf "$dir/diff-id.tar" 0.tar config.json manifest.json
	fails 'a wrong diff id' 3 '0.tar: unpacked, it does not have the digest' inspect "$dir/diff-id.tar"
	tar -C "$dir/d" -cf "$dir/no-layer.tar" config.json manifest.json
	fails 'a missing layer' 3 'layer 1: missing' inspect "$dir/no-layer.tar"
	tar -C "$dir/d" -cf "$dir/no-config.tar" 0.tar manifest.json
	fails 'a missing configuration' 4 'config.json: missing' inspect "$dir/no-config.tar"
	jq -c '. + (.[0].RepoTags = ["other:1"])' "$dir/d/manifest.json" >"$dir/d/m" &&
		mv "$dir/d/m" "$dir/d/manifest.json"
	tar -C "$dir/d" -cf "$dir/two.tar" 0.tar config.json manifest.json
	fails 'two images' 2 'test:latest' inspect "$dir/two.tar"
	fails 'two images, one that is not there' 4 'no image of that name' inspect --image no "$dir/two.tar"
	check 'two images, one that is' fails_with 3 '' inspect --image other:1 "$dir/two.tar"
	echo '[{' >"$dir/d/manifest.json"
	tar -C "$dir/d" -cf "$dir/json.tar" 0.tar manifest.json
	fails 'a manifest that is not JSON' 4 'manifest.json: offset [0-9]*: not JSON' inspect "$dir/json.tar"
	{ printf '[' && head -c 100000000 /dev/zero | tr '\0' ' ' && printf ']'; } >"$dir/d/manifest.json"
	tar -C "$dir/d" -cf "$dir/huge.tar" 0.tar config.json manifest.json
	fails 'a manifest of 100 MB' 4 'manifest.json: exceeds a limit' inspect "$dir/huge.tar"
}

# Archives that no tar(1) makes: python's does as it is told.
odd_tar() {
	python3 - "$1" "$2" <<'EOF'
import io, sys, tarfile
def add(t, name, data=b"", **kw):
    i = tarfile.TarInfo(name)
    i.size = len(data)
    for k, v in kw.items():
        setattr(i, k, v)
    t.addfile(i, io.BytesIO(data))
with tarfile.open(sys.argv[2], "w", format=tarfile.PAX_FORMAT) as t:
    add(t, "etc", type=tarfile.DIRTYPE, mode=0o755)
    add(t, "etc/os-release", b"ID=first\n")
    kind = sys.argv[1]
    if kind == "absolute":
        add(t, "/etc/os-release", b"ID=absolute\n")
    elif kind == "dotdot":
        add(t, "etc/../../../tmp/escaped", b"x")
    elif kind == "duplicate":
        add(t, "etc/os-release", b"ID=second\n")
    elif kind == "links":
        add(t, "out", type=tarfile.SYMTYPE, linkname="/")
        add(t, "out/tmp/escaped", b"x")
        add(t, "hard", type=tarfile.LNKTYPE, linkname="nowhere")
    elif kind == "devices":
        add(t, "dev/sda", type=tarfile.BLKTYPE, devmajor=8, devminor=0)
        add(t, "dev/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3)
    elif kind == "pax":
        add(t, "etc/x", b"x", pax_headers={"comment": "x" * 3000000})
    elif kind == "deep":
        add(t, "/".join(["d"] * 5000), b"x")
    elif kind == "long":
        add(t, "n" * 300, b"x")
    elif kind == "excess":
        add(t, "etc/debian_version", b"1\n0\n4096\n".ljust(512, b"\0") + b"y" * 4096,
            pax_headers={"GNU.sparse.major": "1", "GNU.sparse.minor": "0",
                         "GNU.sparse.name": "etc/debian_version", "GNU.sparse.realsize": "10"})
        add(t, "etc/os-release", b"ID=behind\n")
    elif kind == "hard":
        add(t, "a", b"ID=linked\n")
        add(t, "etc/os-release", type=tarfile.LNKTYPE, linkname="a")
EOF
}

id_is() {
	[ "$("$whodistro" inspect --format json "$1" 2>/dev/null | jq -r '.verdict.distro.id')" = "$2" ]
}

test_odd_tars() {
	local kind
	command -v python3 >/dev/null || { skip 'python3 is not installed' && return; }
	for kind in absolute dotdot duplicate links devices pax deep long excess hard; do
		odd_tar "$kind" "$work/$kind.tar"
	done
	fails 'an absolute path' 3 'absolute path, taken as relative to the root: /etc/os-release' \
		inspect "$work/absolute.tar"
	check 'an absolute path is one of the root' id_is "$work/absolute.tar" absolute
	fails 'a path that leads out' 3 'entry refused: etc/../../../tmp/escaped' map "$work/dotdot.tar"
	check 'duplicate entries: the last one stands' id_is "$work/duplicate.tar" second
	fails 'a hard link to nothing' 3 'hard link to nothing: hard' map "$work/links.tar"
	check 'nothing is written through links' test ! -e /tmp/escaped
	check 'devices' "$whodistro" map "$work/devices.tar"
	check 'devices have their types' test "$("$whodistro" map --format csv "$work/devices.tar" |
		grep -c '^dev/\(sda,block\|null,char\),')" = 2
	fails 'a PAX header of 3 MB' 3 'header too large' map "$work/pax.tar"
	check 'a deep path' timeout 60 "$whodistro" map "$work/deep.tar" -o /dev/null
	fails 'contents beyond the size' 3 'etc/debian_version: its contents do not fit its size' \
		inspect "$work/excess.tar"
	check 'contents beyond the size: what is behind them' id_is "$work/excess.tar" behind
	head -c 1030 "$work/long.tar" >"$work/cut.tar"
	fails 'contents that are cut short' 3 'etc/os-release: cut short' verify "$work/cut.tar"
	fails 'contents under a name that is not read' 3 \
		'etc/os-release: not kept of the image: its contents came under another name' inspect "$work/hard.tar"
	fails 'a name of 300 bytes' 3 'name is longer than 255 bytes' map "$work/long.tar"
}

test_bad_layouts() {
	local dir=$work/layout blob digest
	umoci init --layout "$dir" && umoci new --image "$dir:x" || return
	umoci config --image "$dir:x" --author me --no-history
	umoci unpack --image "$dir:x" "$work/l" >/dev/null 2>&1 && echo x >"$work/l/rootfs/x"
	umoci repack --image "$dir:x" "$work/l" >/dev/null 2>&1
	check 'a layout by umoci' "$whodistro" map "$dir"
	blob=$(find "$dir/blobs" -type f -exec sh -c 'gzip -t <"$1" 2>/dev/null' - {} \; -print | head -n 1)
	printf '\0' >>"$blob"
	fails 'a layer with another digest' 3 'does not have the digest' map "$dir"
	rm "$blob"
	fails 'a missing blob' 3 'layer 1: missing' map "$dir"
	digest=$(jq -r '.manifests[0].digest' "$dir/index.json")
	echo ' ' >>"$dir/blobs/sha256/${digest#sha256:}"
	fails 'a manifest with another digest' 4 'does not have the digest' map "$dir"
	printf '{"manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"sha256:%s"}]}' \
		"$(printf '0%.0s' {1..64})" >"$dir/index.json"
	fails 'an index that leads to nothing' 4 'missing' map "$dir"
	jq -c '.manifests[0].digest = "sha512:00" | .manifests += []' "$dir/index.json" >"$work/index" &&
		cp "$work/index" "$dir/index.json" && mkdir -p "$dir/blobs/sha512" &&
		cp "$work/index" "$dir/blobs/sha512/00"
	fails 'indexes in a loop' 4 'more than [0-9]* indexes in indexes' map "$dir"
}

# index DIR MANIFEST...: "DIGEST OS ARCHITECTURE [VARIANT]" each; the digest of an index of them
index() {
	local dir=$1 digest
	shift
	printf '%s\n' "$@" | jq -Rn '{schemaVersion: 2, manifests: [inputs | split(" ") |
		{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: .[0], size: 0} +
		if .[1] then {platform: ({os: .[1], architecture: .[2]} +
			if .[3] then {variant: .[3]} else {} end)} else {} end]}' >"$work/index.json"
	digest=$(sha256sum <"$work/index.json")
	cp "$work/index.json" "$dir/blobs/sha256/${digest%% *}"
	echo "sha256:${digest%% *}"
}

# platform_is DISTRO [OPTION...]: what the layout's image for the platform is
platform_is() {
	[ "$("$whodistro" inspect --format json "${@:2}" "$work/multi" | jq -r .verdict.distro.id)" = "$1" ]
}

# An index of four platforms, in an index of its own.
test_platforms() {
	local dir=$work/multi arch here manifests=()
	here=$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/; s/armv7l/arm/; s/i686/386/')
	mkdir -p "$dir" && umoci init --layout "$dir/l" && mv "$dir/l"/* "$dir" && rmdir "$dir/l"
	for arch in "$here" other v6 v7; do
		rm -rf "$work/m"
		umoci new --image "$dir:$arch" && umoci unpack --image "$dir:$arch" "$work/m" >/dev/null 2>&1 &&
			mkdir -p "$work/m/rootfs/etc" && echo "ID=for$arch" >"$work/m/rootfs/etc/os-release" &&
			umoci repack --image "$dir:$arch" "$work/m" >/dev/null 2>&1 || return 1
		manifests+=("$(jq -r --arg tag "$arch" '.manifests[] | select(.annotations | any(. == $tag)) |
			.digest' "$dir/index.json")")
	done
	index "$dir" "${manifests[1]} linux s390x" "${manifests[2]} linux arm v6" \
		"${manifests[3]} linux arm v7" "${manifests[0]} linux $here" >"$work/digest"
	check 'platforms: of an index alone' cp "$work/index.json" "$dir/index.json"
	check 'platforms: linux/s390x' platform_is forother --platform linux/s390x
	check 'platforms: a variant' platform_is forv7 --platform linux/arm/v7
	check 'platforms: the other variant' platform_is forv6 --platform linux/arm/v6
	[ "$here" = arm ] || check "platforms: this machine's" platform_is "for$here"
	fails 'platforms: one that is not there, in one line' 4 \
		"no image for that platform; there are: linux/s390x, linux/arm/v6, linux/arm/v7, linux/$here\$" \
		inspect --platform linux/mips "$dir"
	fails 'platforms: a variant that is not there' 4 'no image for that platform' \
		inspect --platform linux/arm/v8 "$dir"
	jq '.manifests[0].platform.os = "x\nwhodistro: all is well"' "$dir/index.json" >"$work/forged" &&
		cp "$work/forged" "$dir/index.json"
	fails 'platforms: one that is named like a message' 4 'x\?whodistro: all is well/s390x' \
		inspect --platform linux/mips "$dir"
	fails 'platforms: no platform' 2 "--platform takes OS/ARCH.*, not 'linux'" \
		inspect --platform linux "$dir"
	index "$dir" "$(cat "$work/digest")" >/dev/null && cp "$work/index.json" "$dir/index.json"
	check 'platforms: of an index in an index' platform_is forv7 --platform linux/arm/v7
	fails '--platform without an image' 4 '--platform: this is no image' \
		inspect --platform linux/arm "$work"
}

# A bomb is stopped; and temporary files are gone, also of who was killed.
test_limits() {
	local pid i
	head -c 300000000 /dev/zero >"$work/zeros"
	tar -C "$work" -c zeros | gzip -1 >"$work/bomb.tar.gz"
	rm "$work/zeros"
	check 'a bomb, unpacked' "$whodistro" map "$work/bomb.tar.gz"
	fails 'a bomb, beyond --max-bytes' 3 'exceeds a limit' map --max-bytes 10M "$work/bomb.tar.gz"
	truncate -s 1T "$work/hole" && tar -C "$work" -Sc hole >"$work/hole.tar"
	check 'a hole of 1 TB' "$whodistro" map "$work/hole.tar"
	fails 'a hole of 1 TB that is to be read' 3 'hole: a hole that is larger than may be read' \
		verify "$work/hole.tar"
	fails '--max-bytes that is no number' 2 'takes a number' map --max-bytes many "$work/bomb.tar.gz"
	mkdir "$work/tmp" && mkfifo "$work/pipe"
	TMPDIR=$work/tmp "$whodistro" map - <"$work/pipe" >/dev/null 2>&1 &
	pid=$!
	exec 9>"$work/pipe"
	head -c 1000000 "$work/bomb.tar.gz" >&9
	for ((i = 0; i < 50; i++)); do
		pgrep -P $pid >/dev/null && break
		sleep 0.1
	done
	kill -KILL $pid && wait $pid 2>/dev/null
	exec 9>&-
	check 'killed: no temporary file is left' test -z "$(ls -A "$work/tmp")"
}

test_other_images() {
	printf 'hsqs' >"$work/squashfs" && head -c 5000 /dev/zero >>"$work/squashfs"
	fails 'squashfs' 4 'unsquashfs' inspect "$work/squashfs"
	head -c 1080 /dev/zero >"$work/ext4" && printf '\123\357' >>"$work/ext4" &&
		head -c 5000 /dev/zero >>"$work/ext4"
	fails 'ext4' 4 'debugfs' inspect "$work/ext4"
	head -c 1024 /dev/zero >"$work/erofs" && printf '\342\341\365\340' >>"$work/erofs" &&
		head -c 5000 /dev/zero >>"$work/erofs"
	fails 'erofs' 4 'fsck.erofs' inspect "$work/erofs"
	head -c 32769 /dev/zero >"$work/iso" && printf 'CD001\1' >>"$work/iso" &&
		head -c 5000 /dev/zero >>"$work/iso"
	fails 'ISO 9660' 4 'bsdtar -xf' inspect "$work/iso"
	printf 'QFI\373' >"$work/qcow2" && head -c 5000 /dev/zero >>"$work/qcow2"
	fails 'qcow2' 4 'guestfish' inspect "$work/qcow2"
	# the magic of ext4 in a file that is compressed
	{ printf '\037\213' && head -c 1078 /dev/zero && printf '\123\357'; } >"$work/compressed"
	fails 'bytes of a compressed file are no magic' 4 'neither a root' inspect "$work/compressed"
	fails '--deleted without an image' 4 '--deleted: this is no image' map --deleted "$work"
}

# ----

if [ -d "$shared/corpus/image" ]; then
	for archive in "$shared"/corpus/image/*.docker.tar.gz; do
		test_corpus_image "$archive"
	done
else
	skip 'corpus: not here'
fi
if ! command -v umoci skopeo >/dev/null; then
	skip 'images of packages: no umoci or no skopeo'
elif ! debs=$(debian_debs) || ! make_layout "$debs"; then
	skip 'images of packages: no packages, or umoci does not run here'
else
	test_layouts
	test_only_images_tell
	test_bad_layouts
	test_platforms
fi
test_opaque
test_deleted_papers
test_mmdebstrap
test_bad_archives
test_odd_tars
test_limits
test_other_images
exit "$failed"
