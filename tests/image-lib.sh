# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the tests of images share. Source it; end the test with `exit $failed`.
# shellcheck source=tests/truth-lib.sh
. "${WD_SRCDIR:?}/tests/truth-lib.sh"

# What layers took away speaks for lineages, too, beside what an extracted root has.
without_deleted='.lineages[].evidence |= map(select(.kind != "deleted")) |
	.verdict.summary |= sub("a later layer took away [^ ]*, and "; "")'

# report COMMAND INPUT [OPTION...]: without what names the input, the image or the layer, and without
# what was deleted
report() {
	local command=$1 input=$2
	shift 2
	case $command in
	inspect)
		"$whodistro" inspect --format json --evidence "$@" "$input" |
			jq "del(.rootfs, .rootfs_hex, .image, .databases[].sandbox) | $without_deleted"
		;;
	map) "$whodistro" map --format ndjson --missing "$@" "$input" | sed 's/,"layer":[0-9]*}$/}/' ;;
	packages) "$whodistro" packages --format ndjson "$@" "$input" ;;
	verify) "$whodistro" verify --format ndjson "$@" "$input" ;;
	esac
}

# same_report ROOT INPUT [OPTION...]; "-" reads $work/stdin
same_report() {
	local root=$1 input=$2 command in=/dev/null
	shift 2
	[ "$input" != - ] || in=$work/stdin
	for command in inspect map packages verify; do
		report "$command" "$root" >"$work/expected" 2>"$work/errors" || return 1
		report "$command" "$input" "$@" <"$in" >"$work/got" 2>>"$work/errors" || return 1
		[ -s "$work/expected" ] || [ "$command" = packages ] || [ "$command" = verify ] || return 1
		equal "$work/expected" "$work/got" || return 1
		[ ! -s "$work/errors" ] || { cat "$work/errors"; return 1; }
	done
}

skopeo_copy() {
	skopeo --insecure-policy copy -q "$@" >/dev/null
}

# A root of Debian packages, in a layout with one layer, and one with a second that takes away,
# replaces and adds.
make_layout() {
	local debs=$1 root=$work/bundle/rootfs
	umoci init --layout "$work/oci" && umoci new --image "$work/oci:base" || return 1
	umoci unpack --image "$work/oci:base" "$work/bundle" >/dev/null 2>&1 || return 1
	unpack "$root" "$root/var/lib/dpkg/status.d" "$debs"/*.deb
	umoci repack --image "$work/oci:one" "$work/bundle" >/dev/null 2>&1 || return 1
	rm -rf "$work/bundle"
	umoci unpack --image "$work/oci:one" "$work/bundle" >/dev/null 2>&1 || return 1
	rm -rf "$root/var/lib/dpkg" "$root/usr/lib/os-release" "$root/etc/os-release" "$root/usr/share/doc"
	rm -rf "$root/usr/share/zoneinfo" && ln -s ../lib "$root/usr/share/zoneinfo"
	mkdir "$root/usr/share/doc" && echo new >"$root/usr/share/doc/new"
	rm "$root/usr/bin/openssl" && mkdir "$root/usr/bin/openssl" && echo x >"$root/usr/bin/openssl/x"
	mkdir -p "$root/odd/.hidden" "$root/odd/Ümlaut" && mkfifo "$root/odd/fifo"
	echo x >"$root/odd/"$'new\nline \xff'
	ln "$root/etc/debian_version" "$root/odd/hard" && ln -s /etc/passwd "$root/odd/absolute"
	umoci repack --image "$work/oci:two" "$work/bundle" >/dev/null 2>&1 || return 1
	umoci config --image "$work/oci:two" --config.entrypoint /bin/sh --config.user 1000:1000 \
		--config.label maintainer=nobody --no-history
}

# docker_archive FILE LAYER...: a docker archive of layers as they are, with their real diff ids
docker_archive() {
	local file=$1 dir layer ids=() names=()
	dir=$(mktemp -d "$work/docker.XXXXXX")
	shift
	for layer; do
		ids+=("sha256:$(sha256sum <"$layer" | cut -d ' ' -f 1)")
		names+=("${#names[@]}.tar")
		cp "$layer" "$dir/${names[-1]}"
	done
	jq -cn '{architecture: "amd64", os: "linux", rootfs: {type: "layers", diff_ids: $ARGS.positional}}' \
		--args "${ids[@]}" >"$dir/config.json"
	jq -cn '[{Config: "config.json", RepoTags: ["test:latest"], Layers: $ARGS.positional}]' \
		--args "${names[@]}" >"$dir/manifest.json"
	tar -C "$dir" -cf "$file" "${names[@]}" config.json manifest.json
	rm -rf "$dir"
}

# fails NAME STATUS PATTERN ARGUMENT...: whodistro ends with the status and says the pattern
fails() {
	local name=$1 status=$2 pattern=$3
	shift 3
	check "$name" fails_with "$status" "$pattern" "$@"
}

fails_with() {
	local status=$1 pattern=$2 got=0
	shift 2
	timeout 60 "$whodistro" "$@" >"$work/out" 2>"$work/err" || got=$?
	[ "$got" = "$status" ] && grep -qE -- "$pattern" "$work/err" && return 0
	echo "status $got, expected $status and: $pattern"
	cat "$work/err"
	return 1
}
