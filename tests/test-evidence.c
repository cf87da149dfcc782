/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Evidence: what comes of facts, texts and places, and of traps; releases by libraries. */
#include "base/status.h"
#include "evidence-root.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

/* ---- Rules, by tables of our own */

static void own_table(struct temproot *t, const char *rows)
{
	temproot_file(t, "data/signals.tsv", rows);
}

static void first_row_of_a_kind(void **state)
{
	static const struct said said[] = {F("a", COMMENT, "xy"), F("b", COMMENT, "x"),
					   F("no/c", COMMENT, "xy")};
	struct temproot *t = *state;
	struct evidence x;

	own_table(t, "comment\t!no/**\txy\tk\tdpkg\tone\t-\tpackaged\tmedium\tV\ts\n"
		     "comment\t**\tx\tk\tdpkg\ttwo\t-\tpackaged\tstrong\tV\ts\n"
		     "comment\ta b\tx\tother\tdpkg\tthree\t-\tpackaged\tweak\tV\ts\n");
	open_evidence(t, said, WD_ARRAY_SIZE(said), true, &x);
	assert_string_equal(list_items(&x, WD_ITEM_PACKAGED),
			    "k dpkg two  strong; k dpkg one  medium; other dpkg three  weak");
	assert_int_equal(find_item(&x, WD_ITEM_PACKAGED, "k", "dpkg", "one")->files, 1);
	assert_int_equal(find_item(&x, WD_ITEM_PACKAGED, "k", "dpkg", "two")->files, 2);
	assert_int_equal(find_item(&x, WD_ITEM_PACKAGED, "other", "dpkg", "three")->files, 2);
	assert_int_equal(x.e.origins.n, 3);
	close_evidence(t, &x);
}

/* A trap takes what is weaker than itself, and all that was only built there. */
static void strength_of_traps(void **state)
{
	static const char *const strengths[] = {"weak", "medium", "strong"};
	static const char *const left[] = {"c rpm   strong; b rpm   medium; a rpm   weak",
					   "c rpm   strong; b rpm   medium", "c rpm   strong"};
	static const struct said said[] = {F("f", COMMENT, "x"), F("f", COMMENT, "trap")};
	struct temproot *t = *state;

	for (size_t i = 0; i < WD_ARRAY_SIZE(strengths); i++) {
		struct evidence x;
		char table[1024];

		snprintf(table, sizeof(table),
			 "comment\t**\tx\ta\trpm\t-\t-\tpackaged\tweak\tV\ts\n"
			 "comment\t**\tx\tb\trpm\t-\t-\tpackaged\tmedium\tV\ts\n"
			 "comment\t**\tx\tc\trpm\t-\t-\tpackaged\tstrong\tV\ts\n"
			 "comment\t**\tx\td\trpm\t-\t-\tbuilt-on\tstrong\tV\ts\n"
			 "comment\t**\ttrap\tt\t-\t-\t-\ttrap\t%s\tV\ts\n",
			 strengths[i]);
		own_table(t, table);
		open_evidence(t, said, WD_ARRAY_SIZE(said), true, &x);
		assert_string_equal(list_items(&x, WD_ITEM_PACKAGED), left[i]);
		assert_string_equal(list_items(&x, WD_ITEM_BUILT_ON), "");
		assert_true(find_item(&x, WD_ITEM_TRAP, "t", "", "") != NULL);
		close_evidence(t, &x);
	}
}

/* The stronger decides, of equal ones the first row; K is weak and decides nothing. */
static void what_decides(void **state)
{
	static const struct said said[] = {F("f", COMMENT, "x")};
	struct temproot *t = *state;
	struct evidence x;

	own_table(t, "comment\t**\tx\ta\trpm\tnever\t9\tpackaged\tstrong\tK\ts\n"
		     "comment\t**\tx\tb\trpm\tfirst\t-\tpackaged\tmedium\tR\ts\n"
		     "comment\t**\tx\tc\trpm\tsecond\t-\tpackaged\tmedium\tV\ts\n");
	open_evidence(t, said, 1, true, &x);
	assert_string_equal(origin_text(&x), "b rpm first  package= source= version= arch=");
	assert_int_equal(find_item(&x, WD_ITEM_PACKAGED, "a", "rpm", "never")->strength,
			 WD_ITEM_WEAK);
	close_evidence(t, &x);
}

/* One item for each version; its node is the first by path, whatever the order of nodes. */
static void items_and_files(void **state)
{
	static const struct said said[] = {
		F("z", COMMENT, "v1"), F("a/deep/er", COMMENT, "v1"), F("a-b/x", COMMENT, "v1"),
		F("b", COMMENT, "v2"), F("b", COMMENT, "v2 again"),   F("c", STRING, "v1")};
	struct temproot *t = *state;
	struct evidence x;
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;

	own_table(t, "comment\t**\tv([0-9])\tk\trpm\td\t$1.0\tpackaged\tmedium\tV\ts\n");
	open_evidence(t, said, WD_ARRAY_SIZE(said), true, &x);
	assert_string_equal(list_items(&x, WD_ITEM_PACKAGED),
			    "k rpm d 1.0 medium; k rpm d 2.0 medium");
	assert_int_equal(x.e.items.v[0].files, 3);
	assert_int_equal(x.e.items.v[1].files, 1);
	wd_tree_path(x.tree, x.e.items.v[0].node, &path);
	assert_true(wd_blob_is(wd_buf_view(&path), "a-b/x"));
	assert_string_equal(x.e.items.v[0].value, "v1");
	assert_int_equal(x.e.examined, 5);
	assert_int_equal(x.e.origins.n, 4);
	for (size_t i = 0; i < 4; i++)
		assert_ptr_equal(wd_evidence_origin(&x.e, x.e.origins.v[i].node),
				 &x.e.origins.v[i]);
	assert_null(wd_evidence_origin(&x.e, WD_NODE_ROOT));
	close_evidence(t, &x);
}

/* ---- Texts and places */

static void release_files(void **state)
{
	struct temproot *t = *state;
	struct evidence x;

	temproot_file(t, "root/etc/debian_version", "bookworm/sid\n");
	temproot_file(t, "root/etc/lsb-release",
		      "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\n"
		      "DISTRIB_DESCRIPTION=\"Ubuntu 22.04.3 LTS\"\n");
	temproot_file(t, "root/etc/issue", "Ubuntu 22.04.3 LTS \\n \\l\r\n\n");
	temproot_link(t, "issue", "root/etc/issue.net");
	open_evidence(t, NULL, 0, false, &x);
	assert_string_equal(list_items(&x, WD_ITEM_PACKAGED),
			    "issue dpkg ubuntu 22.04 medium; lsb-release dpkg ubuntu 22.04 medium; "
			    "release-file dpkg   medium");
	assert_int_equal(find_item(&x, WD_ITEM_PACKAGED, "issue", "dpkg", "ubuntu")->files, 1);
	assert_null(wd_evidence_release(&x.e, "debian"));
	close_evidence(t, &x);
}

static void repositories(void **state)
{
	struct temproot *t = *state;
	struct evidence x;

	temproot_file(t, "root/etc/apk/repositories",
		      "#https://dl-cdn.alpinelinux.org/alpine/v3.13/main\n"
		      "https://dl-cdn.alpinelinux.org/alpine/v3.14/main\n"
		      "@edge http://mirror.example/alpine/v3.14/community\n");
	temproot_file(t, "root/etc/apk/keys/alpine-devel@lists.alpinelinux.org-1.rsa.pub", "");
	temproot_file(t, "root/etc/apt/sources.list",
		      "deb http://deb.debian.org/debian bookworm main\n# deb x trixie\n");
	temproot_file(t, "root/etc/apt/sources.list.d/d.sources",
		      "Suites: trixie trixie-updates\n");
	open_evidence(t, NULL, 0, false, &x);
	assert_string_equal(
		list_items(&x, WD_ITEM_PACKAGED),
		"keys apk alpine  strong; repositories apk alpine 3.14 strong; "
		"repositories dpkg debian 12 medium; repositories dpkg debian 13 medium");
	close_evidence(t, &x);
}

static void layouts(void **state)
{
	struct temproot *t = *state;
	struct evidence x;

	temproot_mkdir(t, "root/usr/lib/x86_64-linux-gnu");
	temproot_mkdir(t, "root/usr/lib/my-linux-gnu");
	temproot_file(t, "root/etc/dpkg/origins/debian", "Vendor: Debian\n");
	temproot_link(t, "debian", "root/etc/dpkg/origins/default");
	temproot_file(t, "root/usr/share/doc/a/copyright", "");
	temproot_file(t, "root/usr/share/doc/b/copyright", "");
	temproot_link(t, "../../../../usr/bin/x",
		      "root/usr/lib/.build-id/0a/bcdef0123456789abcdef0123456789abcdef0");
	temproot_file(t, "root/usr/lib/.build-id/0a/short", "");
	open_evidence(t, NULL, 0, false, &x);
	assert_string_equal(list_items(&x, WD_ITEM_PACKAGED),
			    "build-id-links rpm   strong; origin dpkg   strong; doc dpkg   medium; "
			    "layout dpkg   medium; origin dpkg debian  medium");
	assert_int_equal(find_item(&x, WD_ITEM_PACKAGED, "doc", "dpkg", "")->files, 2);
	assert_int_equal(find_item(&x, WD_ITEM_PACKAGED, "layout", "dpkg", "")->files, 1);
	assert_int_equal(find_item(&x, WD_ITEM_PACKAGED, "build-id-links", "rpm", "")->files, 1);
	close_evidence(t, &x);
}

static void expect_error(const struct evidence *x, const char *path, int status)
{
	size_t n = 0;

	for (size_t i = 0; i < x->cat.errors.n; i++)
		if (strcmp(x->cat.errors.v[i].path, path) == 0) {
			assert_int_equal(x->cat.errors.v[i].status, status);
			n++;
		}
	if (n != 1)
		fail_msg("%s: %zu errors", path, n);
}

static void hostile_texts(void **state)
{
	static char big[64 * 1024 + 2], line[2048];
	static const char nul[] = "a\0x1\nx2\0\n";
	struct temproot *t = *state;
	struct evidence x;
	char fifo[128];

	own_table(t, "text\tt/*\tx([0-9])\tk\trpm\td\t$1\tpackaged\tmedium\tV\ts\n"
		     "text\tt/fifo t/big\ty\tl\trpm\td\t-\tpackaged\tmedium\tV\ts\n");
	memset(big, '\n', sizeof(big) - 1);
	memcpy(big, "x9", 2);
	temproot_bytes(t, "root/t/big", big, sizeof(big) - 1);
	memset(line, '.', sizeof(line));
	memcpy(line + 1022, "x7x8", 4);
	temproot_bytes(t, "root/t/line", line, sizeof(line));
	temproot_bytes(t, "root/t/nul", nul, sizeof(nul) - 1);
	temproot_file(t, "root/t/empty", "");
	temproot_mkdir(t, "root/t/dir");
	temproot_link(t, "/nowhere", "root/t/dangling");
	temproot_link(t, "loop", "root/t/loop");
	temproot_link(t, "/etc/hostname", "root/t/outside");
	snprintf(fifo, sizeof(fifo), "%s/root/t/fifo", t->path);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	open_evidence(t, NULL, 0, true, &x);
	assert_int_equal(x.status, 0);
	assert_string_equal(list_items(&x, WD_ITEM_PACKAGED),
			    "k rpm d 1 medium; k rpm d 2 medium; k rpm d 7 medium");
	assert_int_equal(x.cat.errors.n, 2);
	expect_error(&x, "t/big", WD_ELIMIT);
	expect_error(&x, "t/fifo", WD_ENOTREG);
	close_evidence(t, &x);
}

/* ---- Releases by libraries */

static void expect_release(const struct evidence *x, const char *distro, const char *version)
{
	const struct wd_library_release *r = wd_evidence_release(&x->e, distro);

	if (!r || !version) {
		if (r || version)
			fail_msg("%s: %s", distro, r ? r->version : "none");
		return;
	}
	assert_string_equal(r->version, version);
	assert_int_equal(x->e.items.v[r->item].use, WD_ITEM_RELEASE);
	assert_true(x->e.items.v[r->item].strength < WD_ITEM_STRONG);
}

static void libraries(void **state)
{
	/* three releases of Alpine have that musl; packages are not all rebuilt for a release */
	static const struct said said[] = {
		F("lib/ld-musl-x86_64.so.1", STRING, "1.2.2"),
		F("bin/old", COMMENT, "GCC: (Alpine 9.3.0) 9.3.0"),
		F("bin/new", COMMENT, "GCC: (Alpine 10.3.1_git20210424) 10.3.1 20210424"),
	};
	struct temproot *t = *state;
	struct evidence x;

	open_evidence(t, said, 1, false, &x);
	expect_release(&x, "alpine", NULL);
	close_evidence(t, &x);
	open_evidence(t, said, 2, false, &x);
	expect_release(&x, "alpine", NULL);
	close_evidence(t, &x);
	open_evidence(t, said, 3, false, &x);
	expect_release(&x, "alpine", "3.14");
	expect_release(&x, "debian", NULL);
	expect_release(&x, "", NULL);
	close_evidence(t, &x);
	temproot_file(t, "root/etc/debian_version", "12.15\n");
	temproot_file(t, "root/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30", "");
	open_evidence(t, NULL, 0, false, &x);
	expect_release(&x, "debian", "12");
	assert_null(find_item(&x, WD_ITEM_PACKAGED, "release-file", "dpkg", "debian"));
	close_evidence(t, &x);
}

/* A library that says whose it is tells no other distribution's release. */
static void libraries_of_others(void **state)
{
	static const struct said said[] = {
		F("lib/libcrypto.so.3", STRING, "OpenSSL 3.5.1 1 Jul 2025"),
		F("lib/libcrypto.so.3", DEBUGLINK, "libcrypto.so.3.5.1-3.5.1-3.el9.x86_64.debug"),
		F("x/lib/libc.so.6", BANNER,
		  "GNU C Library (Ubuntu GLIBC 2.31-0ubuntu9) stable release version 2.31."),
	};
	struct temproot *t = *state;
	struct evidence x;

	open_evidence(t, said, 1, false, &x);
	expect_release(&x, "debian", "13");
	close_evidence(t, &x);
	open_evidence(t, said, 3, false, &x);
	expect_release(&x, "debian", NULL);
	expect_release(&x, "alpine", NULL);
	expect_release(&x, "ubuntu", "20.04");
	close_evidence(t, &x);
}

/* What is later than all that a release has is not of it; what is earlier may have survived. */
static void releases_too_early(void **state)
{
	static const struct said said[] = {
		F("lib/libc.so.6", BANNER,
		  "GNU C Library (Debian GLIBC 2.39-7) stable release version 2.39."),
	};
	static const struct said other[] = {
		F("lib/libc.so.6", BANNER, "GNU C Library stable release version 2.39."),
	};
	struct temproot *t = *state;
	struct evidence x;

	open_evidence(t, said, WD_ARRAY_SIZE(said), false, &x);
	assert_true(wd_evidence_excludes(&x.e, "debian", "10"));
	assert_true(wd_evidence_excludes(&x.e, "debian", "12"));
	assert_false(wd_evidence_excludes(&x.e, "debian", "13"));
	assert_false(wd_evidence_excludes(&x.e, "debian", ""));
	assert_false(wd_evidence_excludes(&x.e, "ubuntu", "18.04"));
	close_evidence(t, &x);

	/* which does not say whose it is */
	open_evidence(t, other, WD_ARRAY_SIZE(other), false, &x);
	assert_false(wd_evidence_excludes(&x.e, "debian", "12"));
	close_evidence(t, &x);
}

static void one_of_several(void **state)
{
	static const struct wd_item item = {.distro = "rhel|centos|rocky"}, none = {.distro = ""};

	(void)state;
	assert_true(wd_item_is_for(&item, "rhel") && wd_item_is_for(&item, "rocky"));
	assert_false(wd_item_is_for(&item, "rhe") || wd_item_is_for(&item, "rhel|centos"));
	assert_false(wd_item_is_for(&item, "") || wd_item_is_for(&none, ""));
}

/* ---- Candidates */

static void candidates(void **state)
{
	static const char *const programs[] = {"bin/x",		 "bin/x.1.2", "lib/a.so.6",
					       "lib/python3.11", "lib/.py",   "bin/pyx"};
	struct temproot *t = *state;
	wd_node_id *nodes = NULL;
	struct evidence x;
	size_t n = 0;

	own_table(t, "skip\tpy\ts\nskip\ttxt\ts\n");
	for (size_t i = 0; i < WD_ARRAY_SIZE(programs); i++) {
		char path[64];

		snprintf(path, sizeof(path), "root/%s", programs[i]);
		temproot_file(t, path, "");
	}
	temproot_file(t, "root/bin/a.py", "");
	temproot_file(t, "root/bin/b.x.txt", "");
	temproot_mkdir(t, "root/bin/dir");
	temproot_link(t, "x", "root/bin/link");
	open_evidence(t, NULL, 0, true, &x);
	assert_true(wd_tree_find(x.tree, WD_BLOB("bin/ghost"), true) != WD_NODE_NONE);
	assert_int_equal(wd_evidence_candidates(x.tree, &x.signals, &nodes, &n), 0);
	assert_int_equal(n, WD_ARRAY_SIZE(programs));
	for (size_t i = 0; i < n; i++) {
		wd_node_id node = wd_tree_find(x.tree, wd_blob_str(programs[i]), false);
		bool found = false;

		for (size_t k = 0; k < n; k++)
			found |= nodes[k] == node;
		if (!found)
			fail_msg("%s is none", programs[i]);
		assert_true(i == 0 || nodes[i - 1] < nodes[i]);
	}
	free(nodes);
	close_evidence(t, &x);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, temproot_setup, temproot_teardown)
	const struct CMUnitTest tests[] = {
		T(first_row_of_a_kind),
		T(strength_of_traps),
		T(what_decides),
		T(items_and_files),
		T(release_files),
		T(repositories),
		T(layouts),
		T(hostile_texts),
		T(libraries),
		T(libraries_of_others),
		T(releases_too_early),
		T(one_of_several),
		T(candidates),
	};

	return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
