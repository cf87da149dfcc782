# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-3.0-or-later
# One root, one step, one line of JSON. Source it after the other parts, with $cache set.

# made NAME: its root and truth, in $cache/roots/NAME
made() {
	local root=$cache/roots/$1/root truth=$cache/roots/$1
	[ ! -e "$truth/files" ] || return 0
	rm -rf "$truth"
	mkdir -p "$root"
	"make_$1" && [ -e "$truth/files" ] && return 0
	rm -rf "$truth"
	return 1
}

is_trap() {
	grep -qx 'verdict=' "$cache/roots/$1/facts"
}

same_names() {
	cmp -s <(cd "$1" && find . | sort) <(cd "$2" && find . | sort)
}

# Whose os-release lies, of a root by this name
liar() {
	case $1 in
	*alpine*) echo debian:12 ;;
	*) echo alpine:3.20 ;;
	esac
}

# variant NAME STEP DIR: fails where the step says nothing of this root: it never had that paper, or
# it is a trap, which an os-release would make somebody's.
variant() {
	local root=$cache/roots/$1/root lie
	lie=$(liar "$1")
	rm -rf "$3"
	cp -al "$root" "$3"
	[ "$2" != nothing ] || return 0
	[ "$2" != lie ] || ! is_trap "$1" || return 1
	take "$2" "$3" "${lie%:*}" "${lie#*:}"
	! same_names "$root" "$3"
}

# measure NAME STEP LABEL [OPTIONS...]
measure() {
	local name=$1 step=$2 label=$3 dir=$cache/variant lie=()
	shift 3
	if variant "$name" "$step" "$dir"; then
		[ "$step" != lie ] || lie=("$(liar "$name")")
		"$whodistro" inspect --format json "$@" "$dir" >"$work/inspect.json" 2>"$work/stderr"
		"$whodistro" map --format csv "$@" "$dir" >"$work/map.csv" 2>>"$work/stderr"
		sed "s/^/$name, $label: /; 3q" "$work/stderr" >&2
		"$here/judge.py" "$name" "$label" "$cache/roots/$name" "$work/inspect.json" "$work/map.csv" \
			"${lie[@]}" || echo "{\"root\": \"$name\", \"step\": \"$label\", \"failed\": true}"
	fi
	rm -rf "$dir"
}
