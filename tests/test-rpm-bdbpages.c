/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Berkeley DB files that libdb writes, read page by page without it. */
#include "rpm-collect.h"

#include <db.h>
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define PAGE 512
#define SMALL_LEN 40
#define BIG_LEN 1200

/* How libdb shall write a file. */
struct kind {
	DBTYPE type;
	int lorder;
	uint32_t flags;
	bool big_keys; /* rpm 5: big-endian in any file */
	const char *subdb;
	const char *password;
};

static const struct kind hash = {.type = DB_HASH, .lorder = 1234};
static const struct kind btree = {.type = DB_BTREE, .lorder = 1234};

/* ---- Writing */

static DB *create(const struct kind *kind)
{
	DB *db;

	unlink(scratch("db"));
	assert_int_equal(db_create(&db, NULL, 0), 0);
	assert_int_equal(db->set_lorder(db, kind->lorder), 0);
	assert_int_equal(db->set_pagesize(db, PAGE), 0);
	if (kind->password)
		assert_int_equal(db->set_encrypt(db, kind->password, DB_ENCRYPT_AES), 0);
	if (kind->flags)
		assert_int_equal(db->set_flags(db, kind->flags), 0);
	assert_int_equal(
		db->open(db, NULL, scratch("db"), kind->subdb, kind->type, DB_CREATE, 0644), 0);
	return db;
}

static uint32_t key_of(const struct kind *kind, uint32_t number)
{
	bool big = kind->big_keys || kind->lorder == 4321;

	return big == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) ? number : __builtin_bswap32(number);
}

static void put(DB *db, const struct kind *kind, uint32_t number, const void *bytes, size_t len)
{
	uint32_t key = key_of(kind, number);
	DBT k = {.data = &key, .size = sizeof(key)};
	DBT v = {.data = (void *)bytes, .size = (u_int32_t)len};

	assert_int_equal(db->put(db, NULL, &k, &v, 0), 0);
}

static void del(DB *db, const struct kind *kind, uint32_t number)
{
	uint32_t key = key_of(kind, number);
	DBT k = {.data = &key, .size = sizeof(key)};

	assert_int_equal(db->del(db, NULL, &k, 0), 0);
}

/* The record of a number: all lengths from none to many overflow pages. */
static size_t record(uint32_t number, char *buf)
{
	size_t len = (size_t)number * number % 9000;

	memset(buf, 'a' + (int)(number % 26), len);
	return len;
}

static void put_record(DB *db, const struct kind *kind, uint32_t number)
{
	char buf[9000];

	put(db, kind, number, buf, record(number, buf));
}

/* rpm 4's counter, a small record, 1, and one of three overflow pages, 2. */
static void write_sample(const struct kind *kind)
{
	char buf[BIG_LEN];
	DB *db = create(kind);

	memset(buf, 's', SMALL_LEN);
	put(db, kind, 0, "\2\0\0\0", 4);
	put(db, kind, 1, buf, SMALL_LEN);
	memset(buf, 'x', sizeof(buf));
	put(db, kind, 2, buf, sizeof(buf));
	assert_int_equal(db->close(db, 0), 0);
}

/* ---- Reading */

static void describe(struct wd_buf *out, uint32_t number, const char *bytes, size_t len)
{
	uint32_t sum = 2166136261u;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (uint8_t)bytes[i]) * 16777619u;
	wd_buf_printf(out, "%u:%zu:%08x\n", number, len, sum);
}

static int read_by(const struct wd_rpm_storage *storage, struct collect *c, const char *path)
{
	WD_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct wd_request req = {.path = path, .fd = fd};
	struct wd_rpm_record rec = {.blob = WD_BUF_INIT};
	struct wd_rpm_source src;
	int r = wd_rpm_source_init(&src, &req, &c->sink);

	assert_int_equal(r, 0);
	r = storage->open(&src);
	if (r < 0)
		return r;
	while ((r = storage->next(&src, &rec)) > 0) {
		describe(&c->out, rec.hnum, rec.blob.ptr, rec.blob.len);
		wd_buf_done(&rec.blob);
	}
	wd_buf_done(&rec.blob);
	storage->close(&src);
	return r;
}

static int read_pages(struct collect *c)
{
	return read_by(&wd_rpm_bdb_pages, c, scratch("db"));
}

/* Records 1 to `last` without those that `without` divides, and no error. */
static void check_records(uint32_t last, uint32_t without)
{
	WD_CLEANUP_BUF struct wd_buf want = WD_BUF_INIT;
	struct collect c;
	char buf[9000];

	for (uint32_t n = 1; n <= last; n++)
		if (!without || n % without)
			describe(&want, n, buf, record(n, buf));
	collect_init(&c);
	assert_int_equal(read_pages(&c), 0);
	assert_string_equal(collect_text(&c.errors), "");
	assert_string_equal(collect_text(&c.out), collect_text(&want));
	collect_done(&c);
}

enum { FIRST = 1, SECOND = 2 };

/* Which records of the sample come out, and the error, where there is one. */
static void check(int status, unsigned int records, const char *error)
{
	WD_CLEANUP_BUF struct wd_buf want = WD_BUF_INIT;
	struct collect c;
	char buf[BIG_LEN];

	memset(buf, 's', SMALL_LEN);
	if (records & FIRST)
		describe(&want, 1, buf, SMALL_LEN);
	memset(buf, 'x', BIG_LEN);
	if (records & SECOND)
		describe(&want, 2, buf, BIG_LEN);
	wd_buf_byte(&want, '\0');
	collect_init(&c);
	assert_int_equal(read_pages(&c), status);
	assert_string_equal(collect_text(&c.out), want.ptr);
	if (error && !strstr(collect_text(&c.errors), error))
		fail_msg("\"%s\" not in \"%s\"", error, collect_text(&c.errors));
	if (!error)
		assert_string_equal(collect_text(&c.errors), "");
	collect_done(&c);
}

/* ---- What must be read */

static const struct kind *const kinds[] = {
	&(struct kind){.type = DB_HASH, .lorder = 1234},
	&(struct kind){.type = DB_HASH, .lorder = 4321},
	&(struct kind){.type = DB_HASH, .lorder = 1234, .flags = DB_CHKSUM},
	&(struct kind){.type = DB_BTREE, .lorder = 1234},
	&(struct kind){.type = DB_BTREE, .lorder = 4321},
	&(struct kind){.type = DB_BTREE, .lorder = 1234, .big_keys = true},
	&(struct kind){.type = DB_BTREE, .lorder = 4321, .flags = DB_CHKSUM},
};

static void test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(kinds); i++) {
		write_sample(kinds[i]);
		check(0, FIRST | SECOND, NULL);
	}
}

/* Trees of several levels, buckets that split, freed pages and pages that are used again. */
static void test_many(void **state)
{
	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(kinds); i++) {
		DB *db = create(kinds[i]);

		for (uint32_t n = 1; n <= 600; n++)
			put_record(db, kinds[i], n);
		for (uint32_t n = 3; n <= 600; n += 3)
			del(db, kinds[i], n);
		assert_int_equal(db->close(db, 0), 0);
		check_records(600, 3);
	}
}

static void test_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(kinds); i++) {
		DB *db = create(kinds[i]);

		assert_int_equal(db->close(db, 0), 0);
		check(0, 0, NULL);
	}
}

static void patch(long offset, struct wd_blob bytes)
{
	FILE *f = fopen(scratch("db"), "r+");

	assert_non_null(f);
	assert_int_equal(fseek(f, offset, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, f), bytes.len);
	assert_int_equal(fclose(f), 0);
}

/* Berkeley DB 6 changed the version and fields of the meta page that stand behind what is read. */
static void test_versions(void **state)
{
	static const struct {
		const struct kind *kind;
		struct wd_blob version;
		const char *error;
	} cases[] = {
		{&hash, {"\7", 1}, NULL},
		{&hash, {"\12", 1}, NULL},
		{&btree, {"\10", 1}, NULL},
		{&btree, {"\12", 1}, NULL},
		{&hash, {"\6", 1}, "Berkeley DB hash of version 6"},
		{&hash, {"\13", 1}, "Berkeley DB hash of version 11"},
		{&btree, {"\7", 1}, "Berkeley DB btree of version 7"},
		{&btree, {"\11\1", 2}, "Berkeley DB btree of version 265"},
	};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(cases); i++) {
		write_sample(cases[i].kind);
		patch(16, cases[i].version);
		check(cases[i].error ? WD_EUNSUPPORTED : 0, cases[i].error ? 0 : FIRST | SECOND,
		      cases[i].error);
	}
}

static void test_unsupported(void **state)
{
	(void)state;
	write_sample(&(struct kind){.type = DB_BTREE, .lorder = 1234, .subdb = "sub"});
	check(WD_EUNSUPPORTED, 0, "several databases in one file");
	write_sample(&(struct kind){.type = DB_BTREE, .lorder = 1234, .password = "p"});
	check(WD_EUNSUPPORTED, 0, "encrypted");
	write_sample(&btree);
	patch(48, WD_BLOB("\x80"));
	check(WD_EUNSUPPORTED, 0, "compressed");
	write_sample(&btree);
	patch(48, WD_BLOB("\2"));
	check(WD_EUNSUPPORTED, 0, "numbered records");
	write_sample(&hash);
	patch(36, WD_BLOB("\2"));
	check(WD_EUNSUPPORTED, 0, "partitioned");
}

/* ---- What must not be believed: one defect each */

static long page_of_type(uint8_t type)
{
	uint8_t page[PAGE];
	FILE *f = fopen(scratch("db"), "r");
	long at = 0;

	assert_non_null(f);
	while (fread(page, 1, PAGE, f) == PAGE &&
	       (at == 0 || page[25] != type || (type != 7 && page[20] == 0)))
		at += PAGE;
	assert_true(!feof(f) && at);
	fclose(f);
	return at;
}

struct defect {
	uint8_t type; /* of the page, the first of them with entries */
	long offset;  /* in it; negative: from its end */
	struct wd_blob bytes;
	unsigned int records;
	const char *error;
};

static void check_defects(const struct kind *kind, const struct defect *d, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		long at;

		write_sample(kind);
		at = page_of_type(d[i].type);
		patch(d[i].offset < 0 ? at + PAGE + d[i].offset : at + d[i].offset, d[i].bytes);
		check(0, d[i].records, d[i].error);
	}
}

static void test_meta(void **state)
{
	(void)state;
	write_sample(&btree);
	patch(20, WD_BLOB("\1"));
	check(WD_ECORRUPT, 0, "page size 513");
	write_sample(&btree);
	patch(32, WD_BLOB("\xff"));
	check(WD_ECORRUPT, 0, "last page 255");
	write_sample(&btree);
	assert_int_equal(truncate(scratch("db"), 100), 0);
	check(WD_ECORRUPT, 0, "truncated");
	write_sample(&btree);
	assert_int_equal(truncate(scratch("db"), (off_t)10 << 30), 0);
	check(0, FIRST | SECOND, NULL);
	patch(32, WD_BLOB("\xff\xff\x1f"));
	check(WD_ELIMIT, 0, "2097151 pages");
}

/*
 * From the end of the page downwards, key and data of three records: 8 and 8 bytes, 8 and 44, 8 and
 * 12. The first three bytes of each are length and type.
 */
static void test_btree_pages(void **state)
{
	static const struct defect defects[] = {
		{5, 8, {"\77", 1}, 0, "is damaged"},	 /* another page's number */
		{5, 20, {"\5", 1}, 0, "is damaged"},	 /* entries: no pairs */
		{5, 20, {"\xf4\1", 2}, 0, "is damaged"}, /* entries: more than fit */
		{5, 26, {"\0\2", 2}, 0, "is damaged"},	 /* item 0: behind the page */
		{5, 26, {"\x1f\0", 2}, 0, "is damaged"}, /* item 0: in the index */
		{5, 32, {"\xff\1", 2}, 0, "is damaged"}, /* item 3: no room for its head */
		{5, -8, {"\5", 1}, FIRST | SECOND, "key of type 1 and 5 bytes"},
		{5, -8, {"\x0f", 1}, 0, "is damaged"}, /* longer than the page */
		{5, -6, {"\2", 1}, FIRST | SECOND, "key of type 2 and 4 bytes"},
		{7, 25, {"\5", 1}, FIRST, "damaged chain"},	  /* not an overflow page */
		{7, 8, {"\77", 1}, FIRST, "damaged chain"},	  /* another page's number */
		{7, 22, {"\0\0", 2}, FIRST, "damaged chain"},	  /* empty */
		{7, 22, {"\xe7\1", 2}, FIRST, "damaged chain"},	  /* more than fits */
		{7, 22, {"\1\0", 2}, FIRST, "damaged chain"},	  /* too short in all */
		{7, 16, {"\0\0\0\0", 4}, FIRST, "damaged chain"}, /* ends too early */
		{7, 16, {"\xff\xff\0\0", 4}, FIRST, "damaged chain"},
	};

	(void)state;
	check_defects(&btree, defects, WD_ARRAY_SIZE(defects));
}

static void test_hash_pages(void **state)
{
	static const struct defect defects[] = {
		{13, 8, {"\77", 1}, 0, "is damaged"},
		{13, 20, {"\5", 1}, 0, "is damaged"},
		{13, 26, {"\0\2", 2}, 0, "is damaged"},
		{13, 26, {"\x1f\0", 2}, 0, "is damaged"},
		{13, 28, {"\xff\1", 2}, 0, "is damaged"}, /* items overlap */
		{7, 22, {"\0\0", 2}, FIRST, "damaged chain"},
	};
	static const struct kind one_bucket = {.type = DB_HASH, .lorder = 1234};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(defects); i++) {
		struct collect c;
		long at;

		write_sample(&one_bucket);
		at = page_of_type(defects[i].type);
		patch(at + defects[i].offset, defects[i].bytes);
		collect_init(&c);
		assert_int_equal(read_pages(&c), 0);
		assert_non_null(strstr(collect_text(&c.errors), defects[i].error));
		collect_done(&c);
	}
}

/* A circle, and two records that name one chain. */
static void test_shared_chain(void **state)
{
	char buf[BIG_LEN], number[4] = {0};
	struct collect c;
	long at;
	DB *db;

	(void)state;
	write_sample(&btree);
	at = page_of_type(7);
	number[0] = (char)(at / PAGE);
	patch(at + 16, wd_blob(number, 4));
	check(0, FIRST, "damaged chain");

	db = create(&btree);
	memset(buf, 'x', sizeof(buf));
	put(db, &btree, 1, buf, sizeof(buf));
	put(db, &btree, 2, buf, sizeof(buf));
	assert_int_equal(db->close(db, 0), 0);
	at = page_of_type(5);
	/* item 3, below: 8 of key 1, 12 of data 1, 8 of key 2 */
	patch(at + PAGE - 8 - 12 - 8 - 12 + 4, wd_blob(number, 4));
	collect_init(&c);
	assert_int_equal(read_pages(&c), 0);
	assert_non_null(strstr(collect_text(&c.errors), "damaged chain"));
	collect_done(&c);
}

static void test_second_record(void **state)
{
	(void)state;
	write_sample(&btree);
	/* key 2, below three items of 8 bytes and one of 44 */
	patch(page_of_type(5) + PAGE - 3 * 8 - 44 - 8 + 3, WD_BLOB("\1"));
	check(0, FIRST, "second record of package 1");
}

/* ---- Real ones: what libdb reads is what is on the pages */

static void compare(const char *path)
{
	struct collect libdb, pages;

	collect_init(&libdb);
	collect_init(&pages);
	assert_int_equal(read_by(&wd_rpm_bdb, &libdb, path), 0);
	assert_int_equal(read_by(&wd_rpm_bdb_pages, &pages, path), 0);
	assert_string_equal(collect_text(&libdb.errors), "");
	assert_string_equal(collect_text(&pages.errors), "");
	assert_true(libdb.out.len > 0);
	assert_string_equal(collect_text(&libdb.out), collect_text(&pages.out));
	collect_done(&libdb);
	collect_done(&pages);
}

static void test_corpus(void **state)
{
	const char *source = getenv("WD_SRCDIR");
	glob_t found;
	char pattern[4096];

	(void)state;
	snprintf(pattern, sizeof(pattern), "%s/../shared/corpus/rpmdb/*/Packages",
		 source ? source : ".");
	if (glob(pattern, 0, NULL, &found) != 0)
		skip();
	for (size_t i = 0; i < found.gl_pathc; i++)
		compare(found.gl_pathv[i]);
	globfree(&found);
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove();
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),	     cmocka_unit_test(test_many),
		cmocka_unit_test(test_none),	     cmocka_unit_test(test_versions),
		cmocka_unit_test(test_unsupported),  cmocka_unit_test(test_meta),
		cmocka_unit_test(test_btree_pages),  cmocka_unit_test(test_hash_pages),
		cmocka_unit_test(test_shared_chain), cmocka_unit_test(test_second_record),
		cmocka_unit_test(test_corpus),
	};

	return cmocka_run_group_tests_name("rpm-bdbpages", tests, NULL, teardown);
}
