# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced by the checks of the sources: their cases, and the status to end with.
# shellcheck disable=SC2034 # whoever sources this ends with it

status=0

# verdict NAME OFFENDERS
verdict() {
	if [ -z "$2" ]; then
		echo "ok $1"
	else
		printf 'not ok %s\n%s\n' "$1" "$2"
		status=1
	fi
}
