#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The directories that container engines keep images in: what is said of an image there is what is
# said of it as an archive. skopeo writes containers-storage with each driver. Docker's data root is
# put together of its layers by moby's image/fs.go and layer/filestore.go, since that takes a daemon.
# Then what is wrong with stores, a defect each.
# shellcheck disable=SC2317
# shellcheck source=tests/image-lib.sh
. "${WD_SRCDIR:?}/tests/image-lib.sh"

# all_of INPUT [OPTION...]: everything that is said, but for what names the input
all_of() {
	local input=$1
	shift
	"$whodistro" inspect --format json --evidence "$@" "$input" |
		jq 'del(.rootfs, .image.ref, .image.layers[].blob, .databases[].sandbox)'
	"$whodistro" packages --format ndjson "$@" "$input"
	"$whodistro" map --missing --format ndjson "$@" "$input"
	"$whodistro" map --deleted --format ndjson "$@" "$input"
	# a tar need not have every directory that its files are in: which layer one is of differs
	"$whodistro" map --dirs --format csv "$@" "$input" | grep ',dir,'
}

# same_image ARCHIVE STORE [OPTION...]; what is said of the archive is found out once
same_image() {
	local archive=$1 store=$2
	shift 2
	[ -s "$archive.expected" ] || all_of "$archive" >"$archive.expected"
	all_of "$store" "$@" >"$work/got" 2>"$work/errors"
	[ ! -s "$work/errors" ] || { cat "$work/errors"; return 1; }
	[ -s "$archive.expected" ] && equal "$archive.expected" "$work/got"
}

# in_store NAME DRIVER[:OPTIONS] SOURCE IMAGE: puts an image into the store of that name
in_store() {
	local driver=${2%%:*} settings=${2#"${2%%:*}"} r
	skopeo_copy "$3" "containers-storage:[$driver@$work/$1+$work/run$settings]$4" 2>"$work/skopeo"
	r=$?
	# the overlay driver mounts its directory upon itself
	umount "$work/$1/overlay" 2>/dev/null
	[ $r = 0 ] || head -c 300 "$work/skopeo"
	return $r
}

# store NAME DRIVER TAG...: one with some of the images
store() {
	local name=$1 driver=$2 tag
	shift 2
	for tag; do
		in_store "$name" "$driver" "oci:$work/oci:$tag" "example.org/app:$tag" || return 1
	done
}

# data_root STORE: Docker's data root of the layers and documents of an overlay store
data_root() {
	local store=$1 root=$work/docker image config id chain diff i tag
	mkdir -p "$root/image/overlay2/imagedb/content/sha256" "$root/image/overlay2/layerdb/sha256" \
		"$root/overlay2" && echo '{"Repositories": {"app": {}}}' >"$work/repositories"
	for tag in one two; do
		image=$(jq -r --arg n "example.org/app:$tag" \
			'.[] | select(.names | index($n)) | .id' "$store/overlay-images/images.json")
		config=$(jq -r .config.digest "$store/overlay-images/$image/manifest")
		cp "$store/overlay-images/$image/=$(printf %s "$config" | base64 -w 0)" \
			"$root/image/overlay2/imagedb/content/sha256/${config#sha256:}"
		jq --arg t "app:$tag" --arg c "$config" '.Repositories.app[$t] = $c' "$work/repositories" \
			>"$root/image/overlay2/repositories.json" &&
			cp "$root/image/overlay2/repositories.json" "$work/repositories"
		chain=''
		i=0
		for diff in $(jq -r '.rootfs.diff_ids[]' \
			"$root/image/overlay2/imagedb/content/sha256/${config#sha256:}"); do
			chain=${chain:+$(printf %s "$chain $diff" | sha256sum | sed 's/^/sha256:/; s/ .*//')}
			chain=${chain:-$diff}
			id=$(jq -r --argjson i $i --arg id "$image" --slurpfile images \
				"$store/overlay-images/images.json" '
				map({(.id): .}) | add as $l |
				[$images[0][] | select(.id == $id) | .layer | recurse($l[.].parent // empty)] |
				reverse[$i]' "$store/overlay-layers/layers.json")
			i=$((i + 1))
			mkdir -p "$root/image/overlay2/layerdb/sha256/${chain#sha256:}" "$root/overlay2/c$id"
			printf %s "c$id" >"$root/image/overlay2/layerdb/sha256/${chain#sha256:}/cache-id"
			printf %s "$diff" >"$root/image/overlay2/layerdb/sha256/${chain#sha256:}/diff"
			[ -d "$root/overlay2/c$id/diff" ] || cp -a "$store/overlay/$id/diff" "$root/overlay2/c$id/diff"
		done
	done
}

# Docker says nothing of a layer's size as a tar.
same_as_docker() {
	sed -E 's/"((un)?packed)": [0-9]+/"\1": 0/' "$work/$1.oci.tar.expected" >"$work/$1.docker.expected"
	same_image "$work/$1.docker" "$work/docker" --image "app:$1"
}

test_stores() {
	local tag
	for tag in one two; do
		skopeo_copy "oci:$work/oci:$tag" "oci-archive:$work/$tag.oci.tar:$tag"
	done
	if store overlay overlay one two; then
		check 'overlay: one layer' same_image "$work/one.oci.tar" "$work/overlay" --image app:one
		check 'overlay: two layers' same_image "$work/two.oci.tar" "$work/overlay" --image app:two
		check 'overlay: whiteouts are devices' test -n "$(find "$work/overlay" -type c)"
		data_root "$work/overlay"
		check 'docker: one layer' same_as_docker one
		check 'docker: two layers' same_as_docker two
		test_choice
		test_bad_stores
	else
		skip 'overlay: not here'
	fi
	if store fuse "overlay:overlay.mount_program=$(command -v fuse-overlayfs)" two; then
		check 'fuse-overlayfs: two layers' same_image "$work/two.oci.tar" "$work/fuse"
		check 'fuse-overlayfs: whiteouts are files' test -n "$(find "$work/fuse" -name '.wh.*')"
	else
		skip 'fuse-overlayfs: not here'
	fi
	if store vfs vfs two; then
		check 'vfs: two layers' same_image "$work/two.oci.tar" "$work/vfs"
	else
		skip 'vfs: not here'
	fi
}

# What a tar says by .wh..wh..opq, overlayfs says by an attribute.
test_opaque() {
	local base=$work/opaque kind
	mkdir -p "$base/one/d/sub" "$base/two/d"
	echo lower >"$base/one/d/sub/lower" && echo upper >"$base/two/d/upper"
	touch "$base/two/d/.wh..wh..opq"
	chmod 711 "$base/two/d/upper"
	tar -C "$base/one" -cf "$base/1.tar" d && tar -C "$base/two" -cf "$base/2.tar" d
	docker_archive "$base.tar" "$base/1.tar" "$base/2.tar"
	in_store opaque-store overlay "docker-archive:$base.tar" o || { skip 'opaque: no overlay' && return; }
	check 'opaque directory' same_image "$base.tar" "$work/opaque-store"
	for kind in user.overlay.opaque user.fuseoverlayfs.opaque; do
		find "$work/opaque-store/overlay" -name upper -printf '%h\n' |
			while read -r dir; do
				setfattr -x trusted.overlay.opaque "$dir" 2>/dev/null
				setfattr -x user.overlay.opaque "$dir" 2>/dev/null
				setfattr -n $kind -v y "$dir"
			done
		check "opaque directory: $kind" same_image "$base.tar" "$work/opaque-store"
	done
	if in_store masked "overlay:overlay.mount_program=$(command -v fuse-overlayfs),overlay.force_mask=700" \
		"docker-archive:$base.tar" o; then
		check 'modes that are attributes' same_image "$base.tar" "$work/masked"
		check 'modes that are attributes: others on disk' test -z "$(find "$work/masked" -name upper -perm 711)"
	else
		skip 'modes that are attributes: no fuse-overlayfs'
	fi
	# the other whiteouts of overlayfs, in a directory that says so
	find "$work/opaque-store/overlay" -name upper -printf '%h\n' | while read -r dir; do
		setfattr -x user.fuseoverlayfs.opaque "$dir" && setfattr -n user.overlay.opaque -v x "$dir" &&
			: >"$dir/sub" && setfattr -n user.overlay.whiteout -v y "$dir/sub"
	done
	check 'whiteouts that are attributes' test \
		"$("$whodistro" map --format csv "$work/opaque-store" | sed 1d | cut -d, -f1)" = d/upper
}

# ---- Which image

test_choice() {
	local id
	id=$(jq -r '.[] | select(.names[0] == "example.org/app:two") | .id' \
		"$work/overlay/overlay-images/images.json")
	fails 'overlay: several images' 2 'example.org/app:one \([0-9a-f]{12}\)' map "$work/overlay"
	fails 'overlay: none of that name' 4 'no image of that name; there are' map --image x "$work/overlay"
	fails 'docker: several images' 2 'app:two \([0-9a-f]{12}\)' map "$work/docker"
	for name in example.org/app:two "${id:0:12}" "sha256:$id"; do
		check "overlay: by $name" test "$("$whodistro" inspect --format json --image "$name" \
			"$work/overlay" | jq -r .image.ref)" = example.org/app:two
	done
	check 'docker: by id' test "$("$whodistro" inspect --format json --image "${id:0:8}" \
		"$work/docker" | jq -r .image.ref)" = app:two
}

# ---- What is wrong

# edit FILE JQ-FILTER
edit() {
	jq "$2" "$1" >"$work/edited" && cp "$work/edited" "$1"
}

test_bad_stores() {
	local s=$work/bad layers=$work/bad/overlay-layers/layers.json top dir
	mkdir -p "$s/overlay"
	cp -a "$work/overlay/overlay-images" "$work/overlay/overlay-layers" "$s"
	fails 'layers that are not there' 3 'layer 1: missing' map --image app:two "$s"
	rm -r "$s/overlay" && ln -s "$work/overlay/overlay" "$s/overlay"
	fails 'a link out of the store' 3 'cross-device' map --image app:two "$s"
	rm "$s/overlay" && cp -al "$work/overlay/overlay" "$s/overlay"
	check 'a store that was copied' "$whodistro" map -o /dev/null --image app:two "$s"
	top=$(jq -r '.[] | select(.names[0] == "example.org/app:two") | .layer' "$s/overlay-images/images.json")
	edit "$layers" 'map(.parent = .id)'
	fails 'a layer that is its own parent' 4 'is its own ancestor' map --image app:two "$s"
	edit "$layers" "map(select(.id == \"$top\") | .parent = \"../../../etc\")"
	fails 'a parent that is a path' 4 'no layer ../../../etc' map --image app:two "$s"
	edit "$layers" "map(.id = \"../$top\")"
	fails 'a layer whose id is a path' 4 'no layer' map --image app:two "$s"
	cp "$work/overlay/overlay-layers/layers.json" "$layers"
	edit "$layers" 'map(."diff-digest" = "sha256:" + ("0" * 64))'
	fails 'a layer with another diff id' 4 'layer 1 is another than .* says' map --image app:two "$s"
	echo '[' >"$layers"
	fails 'layers.json that is no JSON' 4 'layers.json: offset [0-9]*: not JSON' map --image app:two "$s"
	rm "$layers"
	fails 'layers.json that is missing' 4 'layers.json: missing' map --image app:two "$s"
	edit "$s/overlay-images/images.json" 'map(.digest = "sha256:" + ("0" * 64))'
	fails 'a manifest with another digest' 4 'manifest: does not have the digest' map --image app:two "$s"
	edit "$s/overlay-images/images.json" 'map(.id = "../" + .id)'
	fails 'an image whose id is a path' 4 'a store without images' map --image app:two "$s"
	for dir in "$work"/docker/image/overlay2/layerdb/sha256/*/cache-id; do
		printf ../../../etc >"$dir"
	done
	fails 'a cache-id that is a path' 4 'cache-id: no id' map --image app:two "$work/docker"
	mkdir -p "$work/containerd/io.containerd.metadata.v1.bolt" "$work/btrfs/btrfs-images"
	: >"$work/containerd/io.containerd.metadata.v1.bolt/meta.db"
	echo '[]' >"$work/btrfs/btrfs-images/images.json"
	fails "containerd's store" 4 'ctr images export' map "$work/containerd"
	fails 'a store of subvolumes' 4 'podman save' map "$work/btrfs"
}

# Nobody's files are read as root; what cannot be read is said, and listed.
test_unreadable() {
	local dir
	setpriv --reuid 65534 --regid 65534 --clear-groups "$whodistro" backends >/dev/null 2>&1 ||
		{ skip 'unreadable: nobody may not run the program here' && return; }
	dir=$(mktemp -d /tmp/wd-storage.XXXXXX)
	cp -a "$work/opaque-store" "$dir/s" && chmod -R a+rX "$dir" &&
		find "$dir" -name upper -exec chmod 000 {} +
	check 'a file that may not be read' may_not_be_read "$dir/s"
	rm -rf "$dir"
}

may_not_be_read() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$whodistro" map --format csv "$1" \
		>"$work/out" 2>"$work/err"
	[ $? = 3 ] && grep -q 'd/upper: Permission denied' "$work/err" && grep -q '^d/upper,' "$work/out" &&
		return 0
	cat "$work/err" "$work/out"
	return 1
}

# ----

if ! command -v umoci skopeo jq >/dev/null; then
	skip 'stores: no umoci or no skopeo'
elif [ "$(id -u)" != 0 ]; then
	skip 'stores: skopeo has to be root to write them'
elif ! debs=$(debian_debs) || ! make_layout "$debs"; then
	skip 'stores: no packages, or umoci does not run here'
else
	test_stores
	test_opaque
	test_unreadable
fi
exit "$failed"
