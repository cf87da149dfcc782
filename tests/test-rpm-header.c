/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Headers, made with librpm, with what is right and what is wrong about them. */
#include "rpm-collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <rpm/header.h>
#include <rpm/rpmfiles.h>
#include <rpm/rpmtag.h>

static Header named(const char *name)
{
	Header h = headerNew();

	headerPutString(h, RPMTAG_NAME, name);
	headerPutString(h, RPMTAG_VERSION, "1.0");
	headerPutString(h, RPMTAG_RELEASE, "2.el8");
	return h;
}

static void put_u32(Header h, rpmTagVal tag, uint32_t a, uint32_t b)
{
	headerPutUint32(h, tag, (uint32_t[]){a, b}, 2);
}

static void put_strings(Header h, rpmTagVal tag, const char *a, const char *b)
{
	const char *strings[] = {a, b};

	headerPutStringArray(h, tag, strings, 2);
}

/* Two files: /usr/bin/a and /etc/b */
static Header with_files(void)
{
	Header h = named("pkg");

	put_strings(h, RPMTAG_BASENAMES, "a", "b");
	put_strings(h, RPMTAG_DIRNAMES, "/usr/bin/", "/etc/");
	put_u32(h, RPMTAG_DIRINDEXES, 0, 1);
	return h;
}

/* Puts the header between two good ones, in an NDB database, and consumes it. */
static void check(Header h, const char *out, const char *error)
{
	Header headers[] = {named("before"), h, named("zzz")};
	struct wd_rpm_record records[3];
	WD_CLEANUP_BUF struct wd_buf image = WD_BUF_INIT;
	WD_CLEANUP_BUF struct wd_buf expected = WD_BUF_INIT;
	struct collect c;

	for (uint32_t i = 0; i < 3; i++) {
		unsigned size = 0;
		char *blob = headerExport(headers[i], &size);

		records[i] = (struct wd_rpm_record){i + 1, {blob, size, size, 0}};
		headerFree(headers[i]);
	}
	rpmdb_ndb_image(&image, &(struct rpmdb_set){records, 3});
	for (size_t i = 0; i < 3; i++)
		wd_buf_done(&records[i].blob);
	scratch_write("db", wd_buf_view(&image));
	wd_buf_printf(&expected, "P before 1.0-2.el8 0\n%sP zzz 1.0-2.el8 0\n", out);
	collect_init(&c);
	assert_int_equal(collect_load(&c, scratch("db")), 0);
	assert_string_equal(collect_text(&c.out), collect_text(&expected));
	assert_string_equal(c.errors.len ? collect_text(&c.errors) : "", error);
	collect_done(&c);
}

static void test_plain(void **state)
{
	(void)state;
	check(with_files(),
	      "P pkg 1.0-2.el8 0\n"
	      "C /usr/bin/|a 0 0 -1  \n"
	      "C /etc/|b 0 0 -1  \n",
	      "");
}

static void test_everything(void **state)
{
	Header h = with_files();

	(void)state;
	put_u32(h, RPMTAG_FILEFLAGS, RPMFILE_DOC | RPMFILE_LICENSE,
		RPMFILE_CONFIG | RPMFILE_NOREPLACE | RPMFILE_GHOST);
	headerPutChar(h, RPMTAG_FILESTATES, "\0\1", 2);
	headerPutUint16(h, RPMTAG_FILEMODES, (uint16_t[]){0100644, 0120777}, 2);
	put_u32(h, RPMTAG_FILESIZES, 4294967295, 5);
	put_strings(h, RPMTAG_FILELINKTOS, "", "../x");
	put_strings(h, RPMTAG_FILEDIGESTS, "00112233445566778899AABBCCDDEEFF", "");
	check(h,
	      "P pkg 1.0-2.el8 0\n"
	      "C /usr/bin/|a 6 100644 4294967295 00112233445566778899aabbccddeeff \n"
	      "C /etc/|b 89 120777 5  ../x\n",
	      "");
}

static void test_states(void **state)
{
	static const struct {
		const char *states;
		const char *out;
	} cases[] = {
		{"\2\3", "P pkg 1.0-2.el8 0\nC /usr/bin/|a 40 0 -1  \nC /etc/|b 40 0 -1  \n"},
		{"\4\377", "P pkg 1.0-2.el8 0\nC /usr/bin/|a 100 0 -1  \nC /etc/|b 0 0 -1  \n"},
	};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(cases); i++) {
		Header h = with_files();

		headerPutChar(h, RPMTAG_FILESTATES, cases[i].states, 2);
		check(h, cases[i].out, "");
	}
}

static void test_digest_algorithm(void **state)
{
	static const char hex[] =
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
	Header h = with_files();

	(void)state;
	headerPutUint32(h, RPMTAG_FILEDIGESTALGO, (uint32_t[]){8}, 1);
	put_strings(h, RPMTAG_FILEDIGESTS, hex, "00112233445566778899aabbccddeeff");
	check(h,
	      "P pkg 1.0-2.el8 0\n"
	      "C /usr/bin/|a 0 0 -1 "
	      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f \n"
	      "C /etc/|b 0 0 -1  \n",
	      "corrupt: package record 2 (pkg): FILEDIGESTS has an entry that is no digest of "
	      "FILEDIGESTALGO\n");
}

/* SM3 has a private number, or another; what has none is not passed on. */
static void test_digest_numbers(void **state)
{
	static const char hex[] =
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
	static const uint32_t known[] = {105}, unknown[] = {15, 99, 109};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(known); i++) {
		Header h = with_files();

		headerPutUint32(h, RPMTAG_FILEDIGESTALGO, &known[i], 1);
		put_strings(h, RPMTAG_FILEDIGESTS, hex, "");
		check(h,
		      "P pkg 1.0-2.el8 0\n"
		      "C /usr/bin/|a 0 0 -1 "
		      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f \n"
		      "C /etc/|b 0 0 -1  \n",
		      "");
	}
	for (size_t i = 0; i < WD_ARRAY_SIZE(unknown); i++) {
		Header h = with_files();

		headerPutUint32(h, RPMTAG_FILEDIGESTALGO, &unknown[i], 1);
		put_strings(h, RPMTAG_FILEDIGESTS, hex, hex);
		check(h, "P pkg 1.0-2.el8 0\nC /usr/bin/|a 0 0 -1  \nC /etc/|b 0 0 -1  \n",
		      "unsupported: package record 2 (pkg): FILEDIGESTALGO names an algorithm that "
		      "is not known\n");
	}
}

static void test_long_sizes(void **state)
{
	Header h = with_files();

	(void)state;
	headerPutUint64(h, RPMTAG_LONGFILESIZES, (uint64_t[]){1ull << 40, 7}, 2);
	check(h, "P pkg 1.0-2.el8 0\nC /usr/bin/|a 0 0 1099511627776  \nC /etc/|b 0 0 7  \n", "");
}

static void test_epoch(void **state)
{
	static const struct {
		uint32_t epoch;
		const char *out;
	} cases[] = {
		{0, "P pkg 0:1.0-2.el8 0\n"},
		{4294967295, "P pkg 4294967295:1.0-2.el8 0\n"},
	};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(cases); i++) {
		Header h = named("pkg");

		headerPutUint32(h, RPMTAG_EPOCH, &cases[i].epoch, 1);
		check(h, cases[i].out, "");
	}
}

static void test_old_filenames(void **state)
{
	Header h = named("old");

	(void)state;
	put_strings(h, RPMTAG_OLDFILENAMES, "/usr/bin/a", "/");
	put_u32(h, RPMTAG_FILEFLAGS, 0, RPMFILE_CONFIG);
	check(h, "P old 1.0-2.el8 0\nC /usr/bin/|a 0 0 -1  \nC /| 1 0 -1  \n", "");
}

static void test_keys_are_no_packages(void **state)
{
	(void)state;
	check(named("gpg-pubkey"), "", "");
}

static void test_no_name(void **state)
{
	Header h = headerNew();

	(void)state;
	headerPutString(h, RPMTAG_VERSION, "1");
	check(h, "", "corrupt: package record 2: no NAME\n");
}

#define NO_LIST "P pkg 1.0-2.el8 80\n"
#define RECORD "corrupt: package record 2 (pkg): "

/* One array too short, too long, of another type or out of range: the claims of that package. */
static void test_unequal_arrays(void **state)
{
	Header h;

	(void)state;
	h = with_files();
	headerPutUint16(h, RPMTAG_FILEMODES, (uint16_t[]){0100644}, 1);
	check(h, NO_LIST, RECORD "FILEMODES has 1 entries for 2 files\n");
	h = with_files();
	headerPutUint32(h, RPMTAG_FILEFLAGS, (uint32_t[]){1, 2, 3}, 3);
	check(h, NO_LIST, RECORD "FILEFLAGS has 3 entries for 2 files\n");
	h = with_files();
	headerPutStringArray(h, RPMTAG_FILEDIGESTS, (const char *[]){""}, 1);
	check(h, NO_LIST, RECORD "FILEDIGESTS has 1 entries for 2 files\n");
	h = with_files();
	headerPutChar(h, RPMTAG_FILESTATES, "\0", 1);
	check(h, NO_LIST, RECORD "FILESTATES has 1 entries for 2 files\n");
	h = named("pkg");
	put_u32(h, RPMTAG_FILEFLAGS, 1, 2);
	check(h, NO_LIST, RECORD "FILEFLAGS has 2 entries for 0 files\n");
}

static void test_bad_directories(void **state)
{
	Header h = named("pkg");

	(void)state;
	put_strings(h, RPMTAG_BASENAMES, "a", "b");
	check(headerCopy(h), NO_LIST, RECORD "BASENAMES without DIRINDEXES\n");
	put_u32(h, RPMTAG_DIRINDEXES, 0, 2);
	check(headerCopy(h), NO_LIST, RECORD "DIRINDEXES has 0 where DIRNAMES has 0 entries\n");
	put_strings(h, RPMTAG_DIRNAMES, "/a/", "/b/");
	check(h, NO_LIST, RECORD "DIRINDEXES has 2 where DIRNAMES has 2 entries\n");
}

/* librpm lets any tag have any type. */
static void test_wrong_type(void **state)
{
	Header h = with_files();
	struct rpmtd_s td = {
		.tag = RPMTAG_FILEMODES,
		.type = RPM_INT8_TYPE,
		.count = 2,
		.data = (void *)"ab",
	};

	(void)state;
	headerPut(h, &td, HEADERPUT_DEFAULT);
	check(h, NO_LIST, RECORD "FILEMODES has type 2\n");
}

static void check_blob(struct wd_blob blob, const char *error)
{
	struct wd_rpm_record record = {9, {(char *)blob.ptr, blob.len, blob.len, 0}};
	WD_CLEANUP_BUF struct wd_buf image = WD_BUF_INIT;
	struct collect c;

	rpmdb_ndb_image(&image, &(struct rpmdb_set){&record, 1});
	scratch_write("db", wd_buf_view(&image));
	collect_init(&c);
	assert_int_equal(collect_load(&c, scratch("db")), 0);
	assert_int_equal(c.out.len, 0);
	assert_string_equal(collect_text(&c.errors), error);
	collect_done(&c);
}

/* Intros that librpm would read beyond the blob for, or overflow upon. */
static void test_bad_blobs(void **state)
{
	(void)state;
	check_blob(WD_BLOB(""), "corrupt: package record 9: not a valid rpm header (0 bytes)\n");
	check_blob(WD_BLOB("\0\0\0"),
		   "corrupt: package record 9: not a valid rpm header (3 bytes)\n");
	check_blob(WD_BLOB("\0\0\0\0\0\0\0\0"),
		   "corrupt: package record 9: not a valid rpm header (8 bytes)\n");
	check_blob(WD_BLOB("\x10\0\0\1\0\0\0\0................"),
		   "corrupt: package record 9: not a valid rpm header (24 bytes)\n");
	check_blob(WD_BLOB("\0\0\0\1\0\0\0\4................abcd"),
		   "corrupt: package record 9: not a valid rpm header (28 bytes)\n");
}

static int cleanup(void **state)
{
	(void)state;
	scratch_remove();
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_digest_algorithm),
		cmocka_unit_test(test_digest_numbers),
		cmocka_unit_test(test_long_sizes),
		cmocka_unit_test(test_epoch),
		cmocka_unit_test(test_old_filenames),
		cmocka_unit_test(test_keys_are_no_packages),
		cmocka_unit_test(test_no_name),
		cmocka_unit_test(test_unequal_arrays),
		cmocka_unit_test(test_bad_directories),
		cmocka_unit_test(test_wrong_type),
		cmocka_unit_test(test_bad_blobs),
	};

	return cmocka_run_group_tests_name("rpm headers", tests, NULL, cleanup);
}
