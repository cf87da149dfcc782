# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The papers of a root filesystem, and how they are taken away. Source it. Every function changes
# the root that it is given, which is a tree of hard links: files are unlinked, never written.

# What is measured, in this order: papers alone, then more and more of them, then worse.
#   elf    all, and every file that is no ELF file: what a COPY --from of programs leaves
#   moved  the ELF files alone, in one directory of their own: what a bundle of libraries is
#   lie    all, with somebody else's os-release in their place
#   stale  all, with the os-release of another release in their place
# shellcheck disable=SC2034
steps=(nothing os-release release database docs repositories
	os-release+release os-release+release+database os-release+release+database+docs all
	elf moved lie stale)

remove() {
	local root=$1 name
	shift
	(
		shopt -s nullglob dotglob
		cd "$root" || exit 1
		for name; do
			# Split and expanded on purpose: patterns are resolved in the root.
			# shellcheck disable=SC2086
			rm -rf -- $name
		done
	)
}

take_os-release() {
	remove "$1" etc/os-release usr/lib/os-release etc/initrd-release usr/lib/initrd-release
}

take_release() {
	(
		shopt -s nullglob
		cd "$1" || exit 1
		for name in etc/*[-_]release etc/*[-_]version etc/*-release-cpe usr/lib/*-release; do
			[ "${name##*/}" = os-release ] || rm -rf -- "$name"
		done
	)
	remove "$1" etc/issue etc/issue.net 'etc/issue.d' etc/legal etc/motd 'etc/update-motd.d' \
		etc/dpkg/origins etc/secfixes.d 'usr/share/base-files' 'usr/share/distro-info'
}

take_database() {
	remove "$1" var/lib/dpkg var/lib/apt var/cache/apt var/cache/debconf 'var/log/*' \
		lib/apk usr/lib/apk var/lib/apk var/cache/apk etc/apk/world \
		var/lib/rpm usr/lib/sysimage/rpm usr/share/rpm var/lib/rpmmanifest var/lib/dnf var/cache/dnf \
		var/lib/db/sbom
}

take_docs() {
	remove "$1" usr/share/doc usr/share/man usr/share/info usr/share/licenses usr/share/lintian \
		usr/share/bug usr/share/doc-base
}

take_repositories() {
	remove "$1" etc/apt etc/apk usr/share/keyrings usr/share/apk etc/yum.repos.d \
		etc/pki/rpm-gpg usr/share/distribution-gpg-keys etc/zypp
}

take_all() {
	local paper
	for paper in os-release release database docs repositories; do
		"take_$paper" "$1"
	done
}

# elf_files ROOT: the regular files with ELF's magic number, NUL-terminated, from the root
elf_files() {
	python3 - "$1" <<-'PYTHON'
		import os, stat, sys
		root = os.fsencode(sys.argv[1])
		for top, dirs, names in os.walk(root):
		    dirs.sort()
		    for name in sorted(names):
		        path = top + b"/" + name
		        if not stat.S_ISREG(os.lstat(path).st_mode):
		            continue
		        with open(path, "rb") as file:
		            if file.read(4) == b"\x7fELF":
		                sys.stdout.buffer.write(os.path.relpath(path, root) + b"\0")
	PYTHON
}

take_elf() {
	take_all "$1"
	elf_files "$1" | sort -z >"$1.elf"
	(
		cd "$1" || exit 1
		find . -type f -printf '%P\0' | sort -z | comm -z -13 "$1.elf" - | xargs -0 -r rm -f --
		find . -xtype l -delete
	)
	rm -f "$1.elf"
}

# The first of a name wins, as in judge.py.
take_moved() {
	local path
	mkdir -p "$1.moved/app/lib"
	while IFS= read -r -d '' path; do
		[ -e "$1.moved/app/lib/${path##*/}" ] || ln "$1/$path" "$1.moved/app/lib/"
	done < <(elf_files "$1" | sort -z)
	rm -rf "$1"
	mv "$1.moved" "$1"
}

# take_lie ROOT ID VERSION_ID
take_lie() {
	take_all "$1"
	mkdir -p "$1/etc"
	printf 'NAME="%s"\nID=%s\nVERSION_ID=%s\n' "$2" "$2" "$3" >"$1/etc/os-release"
}

# take STEPS ROOT ID VERSION_ID: what STEPS names; the distribution is what a lie says.
take() {
	local step
	for step in ${1//+/ }; do
		case $step in
		nothing) ;;
		lie | stale) take_lie "$2" "$3" "$4" ;;
		*) "take_$step" "$2" ;;
		esac
	done
}
