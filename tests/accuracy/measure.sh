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

same_names() {
	cmp -s <(cd "$1" && find . | sort) <(cd "$2" && find . | sort)
}

# lie_about NAME STEP: what the os-release of that step says; nothing in a step without one. One of
# no distribution is what os-release says it is, so there is no lying about it.
lie_about() {
	local own
	own=$(sed -n 's/^verdict=\([^: ]*\).*/\1/p' "$cache/roots/$1/facts")
	case $2-$own in
	*-) ;;
	lie-alpine) echo debian:12 ;;
	lie-*) echo alpine:3.20 ;;
	stale-alpine) echo alpine:3.10 ;;
	stale-ubuntu) echo ubuntu:22.04 ;;
	stale-debian) echo debian:10 ;;
	stale-amzn) echo amzn:2018.03 ;;
	stale-*) echo "$own:7" ;;
	esac
}

# variant NAME STEP DIR [LIE]: fails where the step says nothing of this root, which never had that
# paper or cannot be lied about.
variant() {
	local root=$cache/roots/$1/root lie=${4-}
	rm -rf "$3"
	cp -al "$root" "$3"
	case $2 in
	nothing) return 0 ;;
	lie | stale) [ -n "$lie" ] || return 1 ;;
	esac
	take "$2" "$3" "${lie%:*}" "${lie#*:}"
	! same_names "$root" "$3"
}

# said COMMAND FORMAT DIR [OPTIONS...]: what whodistro says, also where it could not read everything
said() {
	local command=$1 format=$2 dir=$3
	shift 3
	"$whodistro" "$command" --format "$format" "$@" "$dir" >"$work/$command.$format" 2>>"$work/stderr"
	case $? in
	0 | 3) ;;
	*) return 1 ;;
	esac
}

# measure NAME STEP LABEL [OPTIONS...]
measure() {
	local name=$1 step=$2 label=$3 dir=$cache/variant.$$ lie
	shift 3
	: >"$work/stderr"
	lie=$(lie_about "$name" "$step")
	if variant "$name" "$step" "$dir" "$lie"; then
		said inspect json "$dir" "$@" && said map csv "$dir" "$@" &&
			"$here/judge.py" "$name" "$label" "$cache/roots/$name" "$work/inspect.json" \
				"$work/map.csv" ${lie:+"$lie"} ||
			echo "{\"root\": \"$name\", \"step\": \"$label\", \"failed\": true}"
		sed "s/^/$name, $label: /; 3q" "$work/stderr" >&2
	fi
	rm -rf "$dir"
}
