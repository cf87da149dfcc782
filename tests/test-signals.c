/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of signals: whether it is well made, and what it says of real files, whose facts are
 * put into a catalog by hand; the table names the files beside its rows.
 */
#include "base/status.h"
#include "evidence-root.h"
#include "provenance/signals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define EL "rhel|centos|rocky|almalinux|ol"

/* ---- The table */

static void each_pattern_compiles(void **state)
{
	struct wd_signals signals;
	unsigned line = 0;

	assert_int_equal(wd_signals_read(&signals, data_path(*state, false), &line), 0);
	assert_true(signals.list.n > 100 && signals.releases.n > 50);
	for (size_t i = 0; i < signals.list.n; i++) {
		struct wd_signal *s = &signals.list.v[i];

		if (s->pattern.text.len && !wd_pattern_compile(&s->pattern))
			fail_msg("no expression: %.*s", WD_BLOB_PRINTF(s->pattern.text));
		if (s->use == WD_ITEM_RELEASE && s->strength > WD_ITEM_MEDIUM)
			fail_msg("release by strong: %.*s", WD_BLOB_PRINTF(s->kind));
	}
	wd_signals_done(&signals);
}

/* Every family and every ID that the table names stands in distros.tsv, spelled alike. */
static bool is_known(const char *data_dir, const char *row, struct wd_blob id)
{
	struct wd_blob col[WD_TSV_COLUMNS];
	struct wd_tsv table;
	bool found = false;

	assert_int_equal(wd_tsv_open(&table, data_dir, "distros.tsv"), 0);
	while (!found && wd_tsv_next(&table, col) > 0)
		found = wd_blob_is(col[0], row) && wd_blob_equal(col[1], id);
	wd_tsv_done(&table);
	return found;
}

/* The plain text of an expression decides what it is compiled for, and never against a match. */
static void plain_text_decides(void **state)
{
	static const struct {
		const char *expression, *text;
		bool may_match, matches;
	} cases[] = {
		{"@(nginx\\.(org|com)|f5\\.com)", "<a@nginx.com>", true, true},
		{"@(nginx\\.(org|com)|f5\\.com)", "<a@f5.com>", true, true},
		{"@(nginx\\.(org|com)|f5\\.com)", "<a@debian.org>", false, false},
		{"@(nginx\\.(org|com)|f5\\.com)", "<nginx.com@x>", false, false},
		{"<(it|ops)@[^>]*\\.(com|net)>", "D'Itri <it@x.net>", true, true},
		{"<(it|ops)@[^>]*\\.(com|net)>", "D'Itri <md@linux.it.net>", false, false},
		{"@(lists\\.)?(puri\\.sm|x)>", "<a@puri.sm>", true, true},
		{"@(lists\\.)?(puri\\.sm|x)>", "<a@lists.puri.sm>", true, true},
		{"a(^|b)c", "abc", true, true},
		{"(^|[ab])c", "c", true, true},
		{"x(ab)+c", "xababc", true, true},
		{"x(ab){2}c", "xababc", true, true},
		{"xa?(b|c)d*e", "xbe", true, true},
		{"ab+c", "abbc", true, true},
		{"^a$|^b", "bx", true, true},
		{"^a$|^b", "xa", true, false},
		{"deb([0-9]+)u", "deb12u1", true, true},
	};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(cases); i++) {
		struct wd_pattern p = {.text = wd_blob_str(cases[i].expression)};
		struct wd_blob text = wd_blob_str(cases[i].text);
		struct wd_captures caps = {.n = 0};

		if (wd_pattern_may_match(&p, text) != cases[i].may_match || p.compiled ||
		    wd_pattern_match(&p, text, &caps) != cases[i].matches || caps.n)
			fail_msg("%s: %s", cases[i].expression, cases[i].text);
		wd_pattern_done(&p);
	}
}

static void groups_are_told(void **state)
{
	struct wd_pattern p = {.text = WD_BLOB("deb([0-9]+)(u)?"), .groups = true};
	struct wd_captures caps = {.n = 0};

	(void)state;
	assert_true(wd_pattern_match(&p, WD_BLOB("1+deb12"), &caps));
	assert_true(caps.n >= 2 && wd_blob_is(caps.at[0], "12") && caps.at[1].len == 0);
	wd_pattern_done(&p);
}

static void names_are_known(void **state)
{
	const char *data_dir = data_path(*state, false);
	struct wd_signals signals;
	unsigned line = 0;

	assert_int_equal(wd_signals_read(&signals, data_dir, &line), 0);
	for (size_t i = 0; i < signals.list.n; i++) {
		struct wd_blob rest = signals.list.v[i].distro, one;

		one = signals.list.v[i].family;
		if (one.len && !is_known(data_dir, "family", one))
			fail_msg("no family %.*s", WD_BLOB_PRINTF(one));
		while (wd_blob_token(&rest, '|', &one))
			if (wd_blob_chr(one, '$') < 0 && !is_known(data_dir, "distro", one))
				fail_msg("no distro %.*s", WD_BLOB_PRINTF(one));
	}
	for (size_t i = 0; i < signals.releases.n; i++) {
		struct wd_blob rest = signals.releases.v[i].distro, one;

		while (wd_blob_token(&rest, '|', &one))
			if (!is_known(data_dir, "distro", one))
				fail_msg("no distro %.*s", WD_BLOB_PRINTF(one));
	}
	wd_signals_done(&signals);
}

/* What nobody has checked is weak, whatever its row says. */
static void unchecked_is_weak(void **state)
{
	const char *data_dir = data_path(*state, false);
	struct wd_blob col[WD_TSV_COLUMNS];
	struct wd_signals signals;
	size_t i = 0, weak = 0;
	struct wd_tsv table;
	unsigned line = 0;

	assert_int_equal(wd_signals_read(&signals, data_dir, &line), 0);
	assert_int_equal(wd_tsv_open(&table, data_dir, "signals.tsv"), 0);
	while (wd_tsv_next(&table, col) > 0) {
		if (wd_blob_is(col[0], "skip") || wd_blob_is(col[0], "release"))
			continue;
		assert_true(i < signals.list.n);
		if (wd_blob_is(col[9], "K")) {
			assert_int_equal(signals.list.v[i].strength, WD_ITEM_WEAK);
			weak++;
		}
		i++;
	}
	assert_int_equal(i, signals.list.n);
	assert_true(weak > 0);
	wd_tsv_done(&table);
	wd_signals_done(&signals);
}

static void broken_rows(void **state)
{
	static const char *const rows[] = {
		"fact\t**\tx\tk\tdpkg\t-\t-\tpackaged\tstrong\tV\ts",
		"note\t**\tx\tk\tdpkg\t-\t-\tstolen\tstrong\tV\ts",
		"note\t**\tx\tk\tdpkg\t-\t-\tpackaged\tcertain\tV\ts",
		"note\t**\tx\tk\tdpkg\t-\t-\tpackaged\tstrong\tX\ts",
		"note\t**\tx\tk\tdpkg\t-\t-\tpackaged\tstrong\tV",
		"note\t**\tx\tk\t-\t-\t-\tpackaged\tstrong\tV\ts",
		"note\t**\tx\t\tdpkg\t-\t-\tpackaged\tstrong\tV\ts",
		"note\t\tx\tk\tdpkg\t-\t-\tpackaged\tstrong\tV\ts",
		"text\t**/issue\tx\tk\tdpkg\t-\t-\tpackaged\tstrong\tV\ts",
		"text\t**\tx\tk\tdpkg\t-\t-\tpackaged\tstrong\tV\ts",
		"text\tetc/issue !etc/x\tx\tk\tdpkg\t-\t-\tpackaged\tstrong\tV\ts",
		"path\t**/x\t-\tk\tdpkg\t-\t-\tpackaged\tstrong\tV\ts",
		"path\tusr/local\t-\tk\t-\t-\t-\ttrap\tstrong\tV\ts",
		"path\tusr/local/** opt\t-\tk\t-\t-\t-\ttrap\tstrong\tV\ts",
		"banner\t**\tx\tglibc\t-\t-\t-\trelease\tmedium\tV\ts",
		"release\tglibc\t2\tdpkg\tdebian\t12\tX\ts",
		"release\tglibc\t2\tdpkg\tdebian\t12",
		"release\tglibc\t\tdpkg\tdebian\t12\tV\ts",
		"skip",
		"skip\t",
	};
	struct temproot *t = *state;
	struct evidence x;
	char table[512];

	for (size_t i = 0; i < WD_ARRAY_SIZE(rows); i++) {
		snprintf(table, sizeof(table), "# one\nskip\tpy\ts\n%s\n", rows[i]);
		temproot_file(t, "data/signals.tsv", table);
		open_evidence(t, NULL, 0, true, &x);
		if (x.status != WD_ECORRUPT || x.line != 3)
			fail_msg("%s: %d in line %u", rows[i], x.status, x.line);
		assert_int_equal(x.e.items.n, 0);
		close_evidence(t, &x);
	}
	open_evidence(t, NULL, 0, true, &x);
	assert_int_equal(x.status, -ENOENT);
	close_evidence(t, &x);
}

/* ---- Files: where each is from, by the real table */

struct file_case {
	const char *what;
	struct said said[5];
	/* "KIND FAMILY DISTRO VERSION package=… source=… version=… arch=…"; NULL: no origin */
	const char *origin;
	const char *built_on; /* as list_items(); NULL: do not look */
};

#define REDHAT(v) "GCC: (GNU) " v

static const struct file_case file_cases[] = {
	{"debhelper's link, and the package in the other link",
	 {F("usr/bin/cat", DEBUGLINK, "0017eb0cd32a938c51bd0d139bd37ae003bd40.debug"),
	  F("usr/bin/cat", SHAPE, "debuglink=build-id"),
	  F("usr/bin/cat", DEBUGALTLINK, "/usr/lib/debug/.dwz/x86_64-linux-gnu/coreutils.debug")},
	 "debuglink dpkg   package=coreutils source= version= arch=",
	 ""},
	{"a link that is 38 digits, and not the build-id's",
	 {F("usr/bin/cat", DEBUGLINK, "0017eb0cd32a938c51bd0d139bd37ae003bd40.debug")},
	 NULL,
	 ""},
	{"Debian's note",
	 {F("usr/lib/libsystemd.so.0", NOTE,
	    "type=deb\tos=debian\tname=systemd\tversion=252.39-1~deb12u1\tarchitecture=amd64")},
	 "note dpkg debian 12 package= source=systemd version=252.39-1~deb12u1 arch=amd64",
	 ""},
	{"Amazon's note, link and section",
	 {F("var/task/libnss3.so", NOTE,
	    "type=rpm\tname=nss\tversion=3.90.0-6.amzn2023.0.1\tarchitecture=x86_64\t"
	    "osCpe=cpe:2.3:o:amazon:amazon_linux:2023"),
	  F("var/task/libnss3.so", DEBUGLINK, "libnss3.so-3.90.0-6.amzn2023.0.1.x86_64.debug"),
	  F("var/task/libnss3.so", SECTION, ".gnu_debugdata"),
	  F("var/task/libnss3.so", SECTION, ".gnu.build.attributes")},
	 "note rpm amzn 2023 package= source=nss version=3.90.0-6.amzn2023.0.1 arch=x86_64",
	 "annobin rpm fedora|" EL "|amzn  weak"},
	{"a distribution's library that auditwheel copied",
	 {F("x/pillow.libs/libXau-154567c4.so.6", DEBUGLINK,
	    "libXau.so.6.0.0-1.0.9-3.el8.x86_64.debug"),
	  F("x/pillow.libs/libXau-154567c4.so.6", SECTION, ".gnu_debugdata")},
	 "debuglink rpm " EL " 8 package= source= version=1.0.9-3.el8 arch=x86_64",
	 ""},
	{"AlmaLinux's own release",
	 {F("a", DEBUGLINK, "libgomp.so.1.0.0-11.5.0-11.el9.alma.1.x86_64.debug")},
	 "debuglink rpm almalinux 9 package= source= version=11.5.0-11.el9.alma.1 arch=x86_64",
	 ""},
	{"a module's release",
	 {F("a", DEBUGLINK, "perl-5.30.1-452.module+el8.4.0+9990+22415731.x86_64.debug")},
	 "debuglink rpm " EL " 8 package= source= version=5.30.1-452.module+el8.4.0+9990+22415731 "
	 "arch=x86_64",
	 ""},
	{"two dashes and no architecture",
	 {F("a", DEBUGLINK, "libgcc_s-4.4.7-20120601.so.1.debug"),
	  F("b", DEBUGLINK, "libpolkit-gobject-1.so.0.0.0.debug"),
	  F("c", DEBUGLINK, "ld-musl-armhf.so.1.debug")},
	 NULL,
	 ""},
	{"Debian's banner",
	 {F("lib/libc.so.6", BANNER,
	    "GNU C Library (Debian GLIBC 2.36-9+deb12u14) stable release version 2.36.")},
	 "banner dpkg debian 12 package= source= version= arch=",
	 ""},
	{"Raspbian's banner has Debian's name",
	 {F("lib/libc.so.6", BANNER,
	    "GNU C Library (Debian GLIBC 2.28-10+rpi1) stable release version 2.28.")},
	 "banner dpkg raspbian  package= source= version= arch=",
	 ""},
	{"Ubuntu's banner",
	 {F("usr/bin/iconv", BANNER, "(Ubuntu GLIBC 2.31-0ubuntu9) ")},
	 "banner dpkg ubuntu 20.04 package= source= version= arch=",
	 ""},
	{"Red Hat's C library, which says so in its compiler",
	 {F("lib64/libc-2.23.so", BANNER,
	    "GNU C Library (GNU libc) stable release version 2.23, by"),
	  F("lib64/libc-2.23.so", COMMENT,
	    "Compiled by GNU CC version 6.1.1 20160621 (Red Hat 6.1.1-3).")},
	 "banner rpm fedora|" EL "|amzn  package= source= version= arch=",
	 "compiler rpm   weak"},
	{"Ubuntu's crt1.o in a program of anyone's",
	 {F("app/prog", NOTE, "type=deb\tos=ubuntu\tname=glibc\tversion=2.40-1ubuntu3.1")},
	 NULL,
	 "note dpkg ubuntu  weak"},
	{"and in glibc itself",
	 {F("usr/lib/libm.so.6", NOTE, "type=deb\tos=ubuntu\tname=glibc\tversion=2.40-1ubuntu3.1")},
	 "note dpkg ubuntu  package= source=glibc version=2.40-1ubuntu3.1 arch=",
	 ""},
	{"Alpine's packages keep .comment",
	 {F("bin/chattr", COMMENT, "GCC: (Alpine 15.2.0) 15.2.0")},
	 "compiler apk alpine  package= source= version= arch=",
	 ""},
	{"a wheel that was built on Alpine",
	 {F("usr/lib/python3.12/site-packages/a/_a.so", COMMENT, "GCC: (Alpine 14.2.0) 14.2.0")},
	 NULL,
	 ""},
	{"an extension outside of site-packages",
	 {F("var/task/_psycopg.cpython-312-x86_64-linux-musl.so", COMMENT,
	    "GCC: (Alpine 14.2.0) 14.2.0")},
	 NULL,
	 "compiler apk   weak"},
	{"upstream's static docker",
	 {F("usr/bin/docker", COMMENT, "Alpine clang version 19.1.4"),
	  F("usr/bin/docker", SHAPE, "executable"), F("usr/bin/docker", SHAPE, "static"),
	  F("usr/bin/docker", SHAPE, "go")},
	 NULL,
	 "compiler apk alpine  medium"},
	{"Debian's static busybox is Debian's",
	 {F("bin/busybox", SHAPE, "static"), F("bin/busybox", SHAPE, "debuglink=build-id")},
	 "debuglink dpkg   package= source= version= arch=",
	 ""},
	{"Rust brings Red Hat's compiler along",
	 {F("app/_pydantic_core.so", COMMENT, REDHAT("4.8.5 20150623 (Red Hat 4.8.5-44)")),
	  F("app/_pydantic_core.so", COMMENT, "rustc version 1.99.1 (58cf8f9c3 2026-10-13)"),
	  F("app/_pydantic_core.so", SECTION, ".gnu.build.attributes")},
	 NULL,
	 ""},
	{"a distribution's own rustc does not",
	 {F("usr/bin/tool", COMMENT, "GCC: (Alpine 15.2.0) 15.2.0"),
	  F("usr/bin/tool", COMMENT,
	    "rustc version 1.91.1 (ed61e7d7e 2025-11-07) (Alpine Linux Rust 1.91.1-r2)")},
	 "compiler apk alpine  package= source= version= arch=",
	 ""},
	{"manylinux' toolset",
	 {F("app/_cffi_backend.so", COMMENT, REDHAT("10.2.1 20210130 (Red Hat 10.2.1-11)"))},
	 NULL,
	 ""},
	{"Chromium has a Debian sysroot and LLD",
	 {F("app/libEGL.so", COMMENT, "GCC: (Debian 10.2.1-6) 10.2.1 20210110"),
	  F("app/libEGL.so", COMMENT, "Linker: LLD 16.0.0")},
	 NULL,
	 ""},
	{"CUDA",
	 {F("app/libcu.so", COMMENT, "GCC: (crosstool-NG 1.24.0) 9.4.0"),
	  F("app/libcu.so", COMMENT, "GCC: (Ubuntu 12.3.0-1ubuntu1~22.04) 12.3.0")},
	 NULL,
	 ""},
	{"two vendors are nobody's",
	 {F("app/x", COMMENT, "GCC: (Ubuntu 12.3.0-1ubuntu1~22.04) 12.3.0"),
	  F("app/x", COMMENT, "GCC: (Debian 12.2.0-14) 12.2.0")},
	 NULL,
	 ""},
	{"two vendors in what a package says is its own",
	 {F("app/x", COMMENT, "GCC: (Ubuntu 12.3.0-1ubuntu1~22.04) 12.3.0"),
	  F("app/x", COMMENT, "GCC: (Debian 12.2.0-14) 12.2.0"),
	  F("app/x", SHAPE, "debuglink=build-id")},
	 "debuglink dpkg   package= source= version= arch=",
	 ""},
	{"upstream's node in Debian's place",
	 {F("usr/bin/node", COMMENT, REDHAT("8.5.0 20210514 (Red Hat 8.5.0-28)"))},
	 NULL,
	 "compiler rpm " EL " 8 weak"},
	{"a program compiled on Debian",
	 {F("usr/bin/mine", COMMENT, "GCC: (Debian 12.2.0-14+deb12u1) 12.2.0"),
	  F("usr/bin/mine", BUILD_ID, "00")},
	 NULL,
	 "compiler dpkg debian 12 weak"},
	{"minidebuginfo",
	 {F("usr/lib64/libkrb5.so.3", SECTION, ".gnu_debugdata")},
	 "section rpm fedora|" EL "|amzn  package= source= version= arch=",
	 ""},
	{"minidebuginfo below a wheel's libraries",
	 {F("x/psycopg2_binary.libs/libkrb5-fc820a1d.so.3.3", SECTION, ".gnu_debugdata")},
	 NULL,
	 ""},
	{"built for /usr/local",
	 {F("usr/local/bin/python3.12", COMMENT, "GCC: (Alpine 14.2.0) 14.2.0")},
	 NULL,
	 ""},
	{"inside the Nix store",
	 {F("nix/store/9bh3986bpragfjmr32gay8p95k91q4gy-hello-2.12/bin/hello", INTERP,
	    "/nix/store/9bh3986bpragfjmr32gay8p95k91q4gy-glibc-2.33-47/lib/ld-linux-x86-64.so.2")},
	 "loader nix nixos  package= source= version= arch=",
	 ""},
	{"built with Nix, and elsewhere",
	 {F("app/hello", INTERP,
	    "/nix/store/9bh3986bpragfjmr32gay8p95k91q4gy-glibc-2.33-47/lib/ld-linux-x86-64.so.2")},
	 NULL,
	 "loader nix nixos  medium"},
	{"OpenEmbedded's link",
	 {F("bin/kmod", DEBUGLINK, "kmod"), F("bin/kmod", SHAPE, "debuglink=file")},
	 "debuglink openembedded   package= source= version= arch=",
	 ""},
	{"Perl of Debian and its like",
	 {F("usr/bin/perl", STRING,
	    "DEBPKG:debian/configure-regen - https://bugs.debian.org/762638")},
	 "perl dpkg   package= source= version= arch=",
	 ""},
	{"hostile: a note of nothing, links of separators",
	 {F("a", NOTE, "\t\t=\tname\tversion=\ttype="), F("b", DEBUGLINK, "--.x86_64.debug"),
	  F("c", DEBUGLINK, "-a-.x86_64.debug"), F("d", DEBUGALTLINK, "/")},
	 NULL,
	 ""},
};

static void files(void **state)
{
	struct temproot *t = *state;

	for (size_t i = 0; i < WD_ARRAY_SIZE(file_cases); i++) {
		const struct file_case *c = &file_cases[i];
		struct evidence x;
		size_t n = 0;

		while (n < WD_ARRAY_SIZE(c->said) && c->said[n].path)
			n++;
		open_evidence(t, c->said, n, false, &x);
		assert_int_equal(x.status, 0);
		if (strcmp(origin_text(&x), c->origin ? c->origin : "none") != 0)
			fail_msg("%s: %s", c->what, origin_text(&x));
		if (c->built_on && strcmp(list_items(&x, WD_ITEM_BUILT_ON), c->built_on) != 0)
			fail_msg("%s: built on %s", c->what, list_items(&x, WD_ITEM_BUILT_ON));
		close_evidence(t, &x);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, temproot_setup, temproot_teardown)
	const struct CMUnitTest tests[] = {
		T(each_pattern_compiles),
		T(plain_text_decides),
		T(groups_are_told),
		T(names_are_known),
		T(unchecked_is_weak),
		T(broken_rows),
		T(files),
	};

	return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
