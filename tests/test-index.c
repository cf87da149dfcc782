/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What both sides of a reference index share: the entries of directories, and names of these. */
#include "base/status.h"
#include "provenance/index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void entries(void **state)
{
	static const struct {
		const char *name;
		struct wd_index_owner owners[3];
		size_t n;
	} table[] = {
		{"a", {{1, false}}, 1},
		{"ab", {{1, true}}, 1},
		{"abc", {{70000, false}, {2, true}, {4000000000u, false}}, 3},
		{"abd", {{1, false}}, 1},
		{"b", {{0, true}, {1, true}}, 2},
		{"\xff", {{5, false}}, 1},
	};
	struct wd_packer p = {.out = WD_BUF_INIT, .name = WD_BUF_INIT};
	struct wd_unpacker u = {.name = WD_BUF_INIT};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++)
		wd_pack(&p, wd_blob_str(table[i].name), table[i].owners, table[i].n);
	assert_int_equal(p.out.status, 0);
	u.in = wd_cursor(wd_buf_view(&p.out));
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		assert_int_equal(wd_unpack(&u), 1);
		assert_true(wd_blob_is(wd_buf_view(&u.name), table[i].name));
		assert_int_equal(u.nowners, table[i].n);
		for (size_t k = 0; k < table[i].n; k++) {
			assert_int_equal(u.owners[k].package, table[i].owners[k].package);
			assert_int_equal(u.owners[k].digest, table[i].owners[k].digest);
		}
	}
	assert_int_equal(wd_unpack(&u), 0);
	wd_buf_done(&u.name);
	wd_packer_done(&p);
}

/* Every beginning of good entries, and entries that no packer makes. */
static void bad_entries(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} table[] = {
		{"\x00\x01"
		 "b\x00\x00\x01"
		 "a\x00",
		 8}, /* out of order */
		{"\x00\x01"
		 "a\x00\x01\x00\x00",
		 7}, /* a name twice */
		{"\x01\x01"
		 "a\x00",
		 4}, /* shares with nothing */
		{"\x00\x03"
		 "a/b\x00",
		 6},		     /* no name */
		{"\x00\x00\x00", 3}, /* an empty one */
		{"\x00\x01"
		 "a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		 13}, /* a number too long */
		{"\x00\xff\xff\xff\xff\x0f"
		 "a",
		 7}, /* a name too long */
		{"\x00\x01"
		 "a\x01\x01\x01",
		 6}, /* owners without end */
	};
	struct wd_index_owner owner = {300, true};
	struct wd_packer p = {.out = WD_BUF_INIT, .name = WD_BUF_INIT};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		struct wd_unpacker u = {.in = wd_cursor(wd_blob(table[i].bytes, table[i].len)),
					.name = WD_BUF_INIT};
		int r = 1;

		while (r > 0)
			r = wd_unpack(&u);
		assert_int_equal(r, WD_ECORRUPT);
		wd_buf_done(&u.name);
	}
	wd_pack(&p, WD_BLOB("libc.so.6"), &owner, 1);
	for (size_t n = 1; n < p.out.len; n++) {
		struct wd_unpacker u = {.in = wd_cursor(wd_blob(p.out.ptr, n)),
					.name = WD_BUF_INIT};

		assert_int_equal(wd_unpack(&u), WD_ECORRUPT);
		wd_buf_done(&u.name);
	}
	wd_packer_done(&p);
}

static void directories(void **state)
{
	static const struct {
		const char *dir, *as_learnt;
		bool core, system;
	} table[] = {
		{"", "", true, false},
		{"bin", "usr/bin", true, true},
		{"usr/bin", "usr/bin", true, true},
		{"binaries", "binaries", true, false},
		{"lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", true, true},
		{"lib64", "usr/lib64", true, true},
		{"usr/lib/x86_64-linux-gnu/gconv", "usr/lib/x86_64-linux-gnu/gconv", true, false},
		{"opt/lib", "opt/lib", true, false},
		{"usr/share/doc/libc6", "usr/share/doc/libc6", false, false},
		{"usr/share/man", "usr/share/man", false, false},
		{"usr/share/docs", "usr/share/docs", true, false},
		{"usr/share", "usr/share", true, false},
	};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		WD_CLEANUP_BUF struct wd_buf out = WD_BUF_INIT;

		wd_index_dir(wd_blob_str(table[i].dir), &out);
		assert_true(wd_blob_is(wd_buf_view(&out), table[i].as_learnt));
		assert_int_equal(wd_index_is_core(wd_buf_view(&out)), table[i].core);
		assert_int_equal(wd_index_is_system(wd_buf_view(&out)), table[i].system);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries),
		cmocka_unit_test(bad_entries),
		cmocka_unit_test(directories),
	};

	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
