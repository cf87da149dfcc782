# shellcheck shell=bash disable=SC2154,SC2016
# SPDX-License-Identifier: GPL-3.0-or-later
# The large inputs of the benchmark, made of real packages and kept from one run to the next.
# Sourced after truth-lib.sh; each function prints a path, and fails where it cannot be made.

bench_cache() {
	mkdir -p "${WD_BENCH_CACHE:-$WD_SRCDIR/build/bench}" &&
		echo "${WD_BENCH_CACHE:-$WD_SRCDIR/build/bench}"
}

# once NAME FUNCTION: FUNCTION DIR makes it, unless it is there
once() {
	local at
	at=$(bench_cache)/$1
	if [ ! -e "$at" ]; then
		echo "bench: making $1" >&2
		rm -rf "$at.new"
		"$2" "$at.new" >&2 && mv "$at.new" "$at" || return 1
	fi
	echo "$at"
}

large_packages='build-essential,git,python3-dev,python3-numpy,postgresql,nginx,vim,emacs-nox,imagemagick'
large_packages+=',gdb,default-jre-headless,cmake,subversion,perl-doc,php-cli,ruby-dev,clang,gnuplot-nox'
large_packages+=',libglib2.0-dev,libgtk-3-dev,ffmpeg,mariadb-server'

make_large() {
	local setting options=()
	[ "$(id -u)" = 0 ] && command -v mmdebstrap >/dev/null || return 1
	while IFS= read -r setting; do
		options+=(--aptopt="$setting")
	done < <(apt_settings)
	apt_sources >"$work/sources.list"
	timeout 1500 mmdebstrap --quiet --mode=root --variant=important --include="$large_packages" \
		"${options[@]}" "$(debian_suite)" "$1" "$work/sources.list" || return 1
	# what debsums and find need not see
	rm -rf "${1:?}"/dev/* "$1"/var/cache/apt/*.bin
}

# A spec with a package for each of 320 Debian packages of the large root: their files, as they are.
write_rpm_spec() {
	dpkg-query --admindir="$1/var/lib/dpkg" -W -f '${db-fsys:Files}\n=${Package}\n' |
		python3 -c '
import os, re, sys
root, lists = sys.argv[1:]
print("Name: bench\nVersion: 1\nRelease: 1\nSummary: benchmark\nLicense: various\nAutoReqProv: no")
print("%description\nbenchmark")
print(f"%install\ncp -al {root}/. %{{buildroot}} || cp -a {root}/. %{{buildroot}}")
paths, done = set(), set()
for line in sys.stdin:
    if line[0] != "=":
        path = line.strip()
        if re.fullmatch(r"/[-+.@_/A-Za-z0-9:~]+", path):
            parent = os.path.realpath(root + os.path.dirname(path))
            whole = os.path.join(parent, os.path.basename(path))
            if os.path.islink(whole) or os.path.isfile(whole):
                paths.add(whole[len(root):])
        continue
    name = line[1:].strip()
    if paths and name not in done and len(done) < 320:
        done.add(name)
        with open(f"{lists}/{name}", "w") as f:
            f.writelines(p + "\n" for p in sorted(paths))
        print(f"%package -n {name}\nSummary: benchmark\nAutoReqProv: no")
        print(f"%description -n {name}\nbenchmark\n%files -n {name} -f {lists}/{name}")
    paths = set()
' "$1" "$2"
}

make_rpm() {
	local root
	command -v rpmbuild >/dev/null && [ "$(id -u)" = 0 ] && root=$(once large make_large) || return 1
	mkdir -p "$work/rpmtop/lists" "$1/var/lib/rpm" "$1/etc"
	write_rpm_spec "$root" "$work/rpmtop/lists" >"$work/rpmtop/bench.spec"
	rpmbuild --macros "$macros" --quiet -bb --target "$(uname -m)-linux" \
		--define "_topdir $work/rpmtop" --define "_tmppath $work/rpmtop" \
		--define 'debug_package %{nil}' --define '_unpackaged_files_terminate_build 0' \
		--define '__os_install_post %{nil}' --define '_build_id_links none' \
		--define '_binary_payload w0.gzdio' "$work/rpmtop/bench.spec" >"$work/rpmlog" 2>&1 </dev/null ||
		{ tail -5 "$work/rpmlog"; return 1; }
	cp "$root/etc/passwd" "$root/etc/group" "$1/etc"
	rpm_in sqlite "$1" -i --nodeps --noscripts --force "$work/rpmtop"/RPMS/*/*.rpm || return 1
	rm -rf "$work/rpmtop"
}

# $synthetic_files files, 100 to a directory, of which a tenth belong to packages
make_synthetic() {
	python3 - "$1" "$synthetic_files" <<-'EOF'
		import os, shutil, sys
		root, files = sys.argv[1], int(sys.argv[2])
		os.makedirs(f"{root}/var/lib/dpkg/info")
		os.makedirs(f"{root}/etc")
		os.makedirs(f"{root}/usr/bin")
		shutil.copy("/bin/true", f"{root}/usr/bin/program")
		with open(f"{root}/etc/os-release", "w") as f:
		    f.write('ID=debian\nVERSION_ID="12"\n')
		status = open(f"{root}/var/lib/dpkg/status", "w")
		for d in range(files // 100):
		    path = f"usr/share/data{d // 1000}/part{d % 1000}"
		    os.makedirs(f"{root}/{path}")
		    for i in range(100):
		        os.close(os.open(f"{root}/{path}/file-{d}-{i}.dat", os.O_CREAT | os.O_WRONLY, 0o644))
		    if d % 10 == 0:
		        name = f"package-{d}"
		        status.write(f"Package: {name}\nStatus: install ok installed\nVersion: 1-{d}\n"
		                     "Architecture: all\nMaintainer: D <d@lists.debian.org>\n\n")
		        with open(f"{root}/var/lib/dpkg/info/{name}.list", "w") as f:
		            f.write("/.\n/usr\n/usr/share\n")
		            f.write(f"/{os.path.dirname(path)}\n/{path}\n")
		            f.writelines(f"/{path}/file-{d}-{i}.dat\n" for i in range(100))
	EOF
}

# The minbase root as `docker save` writes it: one layer.
make_docker() {
	local root config diff
	root=$(debian_root) || return 1
	mkdir -p "$work/docker/layer"
	tar -C "$root" --numeric-owner -cf "$work/docker/layer/layer.tar" . || return 1
	diff=$(sha256sum <"$work/docker/layer/layer.tar" | cut -d ' ' -f 1)
	config='{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:'$diff'"]}}'
	printf '%s' "$config" >"$work/docker/config.json"
	echo '[{"Config":"config.json","RepoTags":["bench:1"],"Layers":["layer/layer.tar"]}]' \
		>"$work/docker/manifest.json"
	tar -C "$work/docker" -czf "$1" manifest.json config.json layer/layer.tar
	rm -rf "$work/docker"
}
