/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The storages of rpm databases: which one it is, what each must refuse, and WAL replay. */
#include "rpm-collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <sys/stat.h>

#define ALL "1:first header\n2:second, somewhat longer header\n7:third\n"
#define FIRST_HALF "1:first header\n"

/* The first slot page, then blob by blob, as rpmdb_ndb_image() lays them out. */
#define SLOT(n) (32 + 16 * (n))
#define BLOB_1 4096
#define BLOB_1_SIZE 48
#define BLOB_2 (BLOB_1 + BLOB_1_SIZE)

static struct wd_buf borrowed(const char *s)
{
	return (struct wd_buf){(char *)s, strlen(s), strlen(s), 0};
}

static const struct rpmdb_set *sample(void)
{
	static struct wd_rpm_record records[3];
	static const struct rpmdb_set set = {records, 3};

	records[0] = (struct wd_rpm_record){1, borrowed("first header")};
	records[1] = (struct wd_rpm_record){2, borrowed("second, somewhat longer header")};
	records[2] = (struct wd_rpm_record){7, borrowed("third")};
	return &set;
}

static void check(const char *file, int status, const char *out, const char *error)
{
	struct collect c;

	collect_init(&c);
	assert_int_equal(collect_storage(&c, scratch(file)), status);
	assert_string_equal(collect_text(&c.out), out);
	if (error && !strstr(collect_text(&c.errors), error))
		fail_msg("\"%s\" not in \"%s\"", error, collect_text(&c.errors));
	if (!error)
		assert_string_equal(collect_text(&c.errors), "");
	collect_done(&c);
}

static void test_all_storages(void **state)
{
	static const char *const storages[] = {"ndb",	 "bdb-le",     "bdb-be",    "bdb-btree",
					       "sqlite", "sqlite-wal", "sqlite-log"};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(storages); i++) {
		assert_int_equal(rpmdb_write(storages[i], scratch("db"), sample()), 0);
		check("db", 0, ALL, NULL);
	}
}

/* Several pages of NDB slots, hundreds of Berkeley DB buckets. */
static void test_many_packages(void **state)
{
	static const char *const storages[] = {"ndb", "bdb-le", "bdb-be", "bdb-btree", "sqlite"};
	static struct wd_rpm_record records[3000];
	WD_CLEANUP_BUF struct wd_buf expected = WD_BUF_INIT;
	char blob[300];

	(void)state;
	memset(blob, 'x', sizeof(blob));
	for (uint32_t i = 0; i < WD_ARRAY_SIZE(records); i++) {
		records[i] = (struct wd_rpm_record){3 * i + 1, {blob, i % 300, i % 300, 0}};
		wd_buf_printf(&expected, "%u:%.*s\n", 3 * i + 1, (int)(i % 300), blob);
	}
	for (size_t i = 0; i < WD_ARRAY_SIZE(storages); i++) {
		struct rpmdb_set set = {records, WD_ARRAY_SIZE(records)};

		assert_int_equal(rpmdb_write(storages[i], scratch("db"), &set), 0);
		check("db", 0, collect_text(&expected), NULL);
	}
}

static void test_empty_storages(void **state)
{
	static const char *const storages[] = {"ndb",	    "bdb-le", "bdb-be",
					       "bdb-btree", "sqlite", "sqlite-wal"};
	struct rpmdb_set none = {0};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(storages); i++) {
		assert_int_equal(rpmdb_write(storages[i], scratch("db"), &none), 0);
		check("db", 0, "", NULL);
	}
}

static void test_not_mine(void **state)
{
	(void)state;
	scratch_write("db", WD_BLOB(""));
	check("db", WD_ENOTMINE, "", NULL);
	scratch_write("db", WD_BLOB("SQLite format 2 and more"));
	check("db", WD_ENOTMINE, "", NULL);
	scratch_write("db", WD_BLOB("RpmP"));
	check("db", WD_ENOTMINE, "", NULL);
	scratch_write("db", WD_BLOB("#!/bin/sh\necho no database at all, only text\n"));
	check("db", WD_ENOTMINE, "", NULL);
}

/*
 * One defect each in the image of sample(): n bytes at an offset, and what remains readable.
 */
struct ndb_case {
	const char *what;
	size_t offset;
	const char *bytes;
	size_t len;
	int status;
	const char *out;
	const char *error;
};

#define BYTES(s) (s), sizeof(s) - 1
#define WITHOUT_1 "2:second, somewhat longer header\n7:third\n"
#define WITHOUT_2 "1:first header\n7:third\n"
#define WITHOUT_7 "1:first header\n2:second, somewhat longer header\n"

static const struct ndb_case ndb_cases[] = {
	{"version", 4, BYTES("\1"), WD_EUNSUPPORTED, "", "NDB version 1"},
	{"no slot pages", 12, BYTES("\0"), WD_ECORRUPT, "", "0 pages of slots"},
	{"slot pages beyond the end", 12, BYTES("\xff\xff\xff\xff"), WD_ECORRUPT, "",
	 "4294967295 pages of slots"},
	{"slot magic", SLOT(0), BYTES("slot"), 0, WITHOUT_1, "slot at offset 32: bad magic"},
	{"package index 0", SLOT(0) + 4, BYTES("\0"), 0, WITHOUT_1, "package index 0"},
	{"blob in slots", SLOT(1) + 8, BYTES("\xff\0"), 0, WITHOUT_2, "blob inside the slots"},
	{"blob beyond the end", SLOT(2) + 12, BYTES("\x04"), 0, WITHOUT_7,
	 "blob beyond the end of the file"},
	{"blob far beyond the end", SLOT(2) + 8, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff"), 0,
	 WITHOUT_7, "blob beyond the end of the file"},
	{"blob too short", SLOT(2) + 12, BYTES("\1"), 0, WITHOUT_7, "blob too short"},
	{"slot too short for its blob", SLOT(1) + 12, BYTES("\2"), 0, WITHOUT_2, "bad magic"},
	{"second slot", SLOT(2) + 4, BYTES("\2"), 0, WITHOUT_7, "package 2: second slot"},
	{"two slots for one blob", SLOT(1) + 8, BYTES("\0\1\0\0\3"), 0, WITHOUT_2, "overlaps"},
	{"blob inside another", SLOT(1) + 8, BYTES("\1\1\0\0\2"), 0, WITHOUT_2, "overlaps"},
	{"head magic", BLOB_1, BYTES("b"), 0, WITHOUT_1, "offset 4096 (package 1): bad magic"},
	{"another's blob", BLOB_1 + 4, BYTES("\2"), 0, WITHOUT_1, "another package's index"},
	{"length too great", BLOB_1 + 12, BYTES("\x50"), 0, WITHOUT_1, "wrong length"},
	{"length one off", BLOB_1 + 12, BYTES("\x0b"), 0, WITHOUT_1, "wrong length"},
	{"content", BLOB_1 + 20, BYTES("#"), 0, WITHOUT_1, "wrong checksum"},
	{"padding", BLOB_1 + 28, BYTES("#"), 0, WITHOUT_1, "wrong checksum"},
	{"checksum", BLOB_2 - 12, BYTES("\1"), 0, WITHOUT_1, "wrong checksum"},
	{"tail length", BLOB_2 - 8, BYTES("\1"), 0, WITHOUT_1, "wrong length"},
	{"tail magic", BLOB_2 - 1, BYTES("S"), 0, WITHOUT_1, "bad magic"},
};

static void test_ndb_defects(void **state)
{
	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(ndb_cases); i++) {
		const struct ndb_case *c = &ndb_cases[i];
		WD_CLEANUP_BUF struct wd_buf image = WD_BUF_INIT;

		print_message("  %s\n", c->what);
		rpmdb_ndb_image(&image, sample());
		memcpy(image.ptr + c->offset, c->bytes, c->len);
		scratch_write("db", wd_buf_view(&image));
		check("db", c->status, c->out, c->error);
	}
}

/* A file that ends inside the last blob keeps the others. */
static void test_ndb_truncated(void **state)
{
	WD_CLEANUP_BUF struct wd_buf image = WD_BUF_INIT;

	(void)state;
	rpmdb_ndb_image(&image, sample());
	scratch_write("db", wd_blob(image.ptr, image.len - 1));
	check("db", 0, WITHOUT_7, "blob beyond the end of the file");
	scratch_write("db", wd_blob(image.ptr, 4095));
	check("db", WD_ECORRUPT, "", "1 pages of slots");
	scratch_write("db", wd_blob(image.ptr, 20));
	check("db", WD_ECORRUPT, "", "truncated");
}

static void test_ndb_gives_up(void **state)
{
	WD_CLEANUP_BUF struct wd_buf image = WD_BUF_INIT;

	(void)state;
	rpmdb_ndb_image(&image, sample());
	for (size_t i = 0; i < 2 * WD_RPM_BAD_MAX; i++)
		wd_buf_append(&image, "no slot of NDB, ", 16);
	image.ptr[12] = 3;
	scratch_write("db", wd_buf_view(&image));
	check("db", WD_ECORRUPT, "", "gave up");
}

static void patch(const char *file, long offset, struct wd_blob bytes)
{
	FILE *f = fopen(scratch(file), "r+");

	assert_non_null(f);
	assert_int_equal(fseek(f, offset, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, f), bytes.len);
	assert_int_equal(fclose(f), 0);
}

static void test_bdb_refused(void **state)
{
	(void)state;
	assert_int_equal(rpmdb_write("bdb-le", scratch("db"), sample()), 0);
	patch("db", 20, WD_BLOB("\1"));
	check("db", WD_ECORRUPT, "", "page size 4097");
	assert_int_equal(rpmdb_write("bdb-le", scratch("db"), sample()), 0);
	patch("db", 16, WD_BLOB("\4"));
	check("db", WD_EUNSUPPORTED, "", "Berkeley DB hash of version 4");
	assert_int_equal(rpmdb_write("bdb-le", scratch("db"), sample()), 0);
	assert_int_equal(truncate(scratch("db"), 4096 + 2048), 0);
	check("db", WD_ECORRUPT, "", "meta page: last page");
	assert_int_equal(truncate(scratch("db"), 100), 0);
	check("db", WD_ECORRUPT, "", "truncated");
}

/* Sparse, and far greater than its meta page says: only the pages it counts are looked at. */
static void test_bdb_sparse(void **state)
{
	(void)state;
	assert_int_equal(rpmdb_write("bdb-le", scratch("db"), sample()), 0);
	assert_int_equal(truncate(scratch("db"), (off_t)10 << 30), 0);
	check("db", 0, ALL, NULL);
	patch("db", 32, WD_BLOB("\xff\xff\x1f\0"));
	check("db", WD_ELIMIT, "", "2097151 pages");
}

static void test_bdb_damaged_pages(void **state)
{
	static const struct {
		long offset;
		struct wd_blob bytes;
		const char *error;
	} cases[] = {
		{16, {"\1\0\0\0", 4}, "circle"},	   /* next: itself */
		{16, {"\xff\0\0\0", 4}, "is damaged"},	   /* next: beyond the last page */
		{20, {"\3\0", 2}, "is damaged"},	   /* entries: not pairs */
		{20, {"\xfe\xff", 2}, "is damaged"},	   /* entries: more than fit */
		{26, {"\xff\xff", 2}, "is damaged"},	   /* first item: outside */
		{26, {"\x1a\0", 2}, "is damaged"},	   /* first item: in the index */
		{4090, {"\4\4\4\4\4\4", 6}, "is damaged"}, /* item types: duplicates */
		{25, {"\5", 1}, "bucket 0 has no page"},   /* type */
	};
	struct stat st;

	(void)state;
	assert_int_equal(rpmdb_write("bdb-le", scratch("db"), sample()), 0);
	assert_int_equal(stat(scratch("db"), &st), 0);
	for (size_t i = 0; i < WD_ARRAY_SIZE(cases); i++) {
		assert_int_equal(rpmdb_write("bdb-le", scratch("db"), sample()), 0);
		for (long page = 4096; page < st.st_size; page += 4096)
			patch("db", page + cases[i].offset, cases[i].bytes);
		check("db", WD_ECORRUPT, "", cases[i].error);
	}
}

static void sql(const char *file, const char *text)
{
	sqlite3 *db;

	unlink(scratch(file));
	assert_int_equal(sqlite3_open(scratch(file), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void test_sqlite_schema(void **state)
{
	static const struct {
		const char *sql;
		const char *error;
	} cases[] = {
		{"CREATE TABLE Other(a)", "no such table"},
		{"CREATE TABLE Packages(a, b)", "no such column: hnum"},
		{"CREATE TABLE t(a INTEGER PRIMARY KEY, b);"
		 "CREATE VIEW Packages AS SELECT a AS hnum, b AS blob FROM t",
		 "SQLite: "},
		{"CREATE VIEW Packages AS WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 "
		 "FROM r) SELECT x AS hnum, 'x' AS blob FROM r",
		 "SQLite: "},
		{"CREATE VIRTUAL TABLE Packages USING fts5(hnum, blob)", "SQLite: "},
	};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(cases); i++) {
		sql("db", cases[i].sql);
		check("db", WD_ECORRUPT, "", cases[i].error);
	}
}

static void test_sqlite_rows(void **state)
{
	(void)state;
	sql("db", "CREATE TABLE Packages(hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL);"
		  "INSERT INTO Packages VALUES (-1, 'x'), (1, 'a'), (2, 7), (3, x'62'),"
		  "(4294967296, 'y')");
	check("db", 0, "1:a\n3:b\n", "package record 2: SQLite: cannot open value of type");
	check("db", 0, "1:a\n3:b\n", "package record 4294967296: not a number");
	sql("db", "CREATE TABLE Packages(hnum INTEGER, blob BLOB);"
		  "INSERT INTO Packages VALUES (5, 'x'), (1, 'a'), (1, 'b')");
	check("db", WD_ECORRUPT, "1:x\n", "package 1 after package 1");
	sql("db", "CREATE TABLE Packages(hnum INTEGER PRIMARY KEY, blob BLOB);"
		  "INSERT INTO Packages VALUES (1, zeroblob(70000000)), (2, 'b')");
	check("db", 0, "2:b\n", "limit: package record 1: 70000000 bytes");
}

/* The rows that SQLite itself finds in a copy of the files. */
static void native(struct wd_buf *out)
{
	static const char *const names[] = {"db", "db-wal"};
	sqlite3_stmt *s;
	sqlite3 *db;

	unlink(scratch("copy-shm"));
	for (size_t i = 0; i < WD_ARRAY_SIZE(names); i++) {
		WD_CLEANUP_BUF struct wd_buf bytes = WD_BUF_INIT;
		FILE *f = fopen(scratch(names[i]), "r");
		const char *copy = i ? "copy-wal" : "copy";

		unlink(scratch(copy));
		if (!f)
			continue;
		assert_int_equal(wd_buf_read_fd(&bytes, fileno(f), 1 << 24), 0);
		fclose(f);
		scratch_write(copy, wd_buf_view(&bytes));
	}
	assert_int_equal(sqlite3_open(scratch("copy"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT hnum, blob FROM Packages ORDER BY hnum", -1,
					    &s, NULL),
			 SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW)
		wd_buf_printf(out, "%d:%.*s\n", sqlite3_column_int(s, 0),
			      sqlite3_column_bytes(s, 1), (const char *)sqlite3_column_blob(s, 1));
	sqlite3_finalize(s);
	sqlite3_close(db);
}

static void check_as_native(void)
{
	WD_CLEANUP_BUF struct wd_buf expected = WD_BUF_INIT;

	native(&expected);
	check("db", 0, collect_text(&expected), NULL);
}

static void test_wal_damage(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(rpmdb_write("sqlite-log", scratch("db"), sample()), 0);
	assert_int_equal(stat(scratch("db-wal"), &st), 0);
	assert_true(st.st_size > 32);
	check_as_native();
	for (off_t len = st.st_size; len >= 0; len -= len > 64 ? 512 : 8) {
		assert_int_equal(truncate(scratch("db-wal"), len), 0);
		check_as_native();
	}
	check("db", 0, FIRST_HALF, NULL);
	unlink(scratch("db-wal"));
	check("db", 0, FIRST_HALF, NULL);
	scratch_write("db-wal", WD_BLOB("not a log at all, but long enough to have a header"));
	check_as_native();
}

static void test_wal_stale(void **state)
{
	(void)state;
	assert_int_equal(rpmdb_write("sqlite-log", scratch("db"), sample()), 0);
	patch("db-wal", 16, WD_BLOB("salt"));
	check_as_native();
	check("db", 0, FIRST_HALF, NULL);
	assert_int_equal(rpmdb_write("sqlite-log", scratch("db"), sample()), 0);
	patch("db-wal", 32 + 24 + 100, WD_BLOB("broken page"));
	check_as_native();
	assert_int_equal(rpmdb_write("sqlite", scratch("db"), sample()), 0);
	scratch_write("db-wal", WD_BLOB("a log beside a database that is not in WAL mode"));
	check("db", 0, ALL, NULL);
}

static void test_nothing_is_written(void **state)
{
	struct stat before, after;

	(void)state;
	assert_int_equal(rpmdb_write("sqlite-log", scratch("db"), sample()), 0);
	unlink(scratch("db-shm"));
	assert_int_equal(stat(scratch("db-wal"), &before), 0);
	check("db", 0, ALL, NULL);
	assert_int_equal(stat(scratch("db-wal"), &after), 0);
	assert_int_equal(before.st_size, after.st_size);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	assert_int_equal(stat(scratch("db-shm"), &after), -1);
}

static void test_hot_journal(void **state)
{
	(void)state;
	assert_int_equal(rpmdb_write("sqlite", scratch("db"), sample()), 0);
	scratch_write("db-journal", WD_BLOB("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"));
	check("db", 0, ALL, "unsupported: SQLite: an unfinished change");
	scratch_write("db-journal", WD_BLOB("\0\0\0\0\0\0\0\0"));
	check("db", 0, ALL, NULL);
	unlink(scratch("db-journal"));
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
		cmocka_unit_test(test_all_storages),	   cmocka_unit_test(test_many_packages),
		cmocka_unit_test(test_empty_storages),	   cmocka_unit_test(test_not_mine),
		cmocka_unit_test(test_ndb_defects),	   cmocka_unit_test(test_ndb_truncated),
		cmocka_unit_test(test_ndb_gives_up),	   cmocka_unit_test(test_bdb_refused),
		cmocka_unit_test(test_bdb_sparse),	   cmocka_unit_test(test_bdb_damaged_pages),
		cmocka_unit_test(test_sqlite_schema),	   cmocka_unit_test(test_sqlite_rows),
		cmocka_unit_test(test_wal_damage),	   cmocka_unit_test(test_wal_stale),
		cmocka_unit_test(test_nothing_is_written), cmocka_unit_test(test_hot_journal),
	};

	return cmocka_run_group_tests_name("rpm storages", tests, NULL, cleanup);
}
