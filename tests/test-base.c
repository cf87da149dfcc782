/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Base types: blobs, buffers, pools, tables, patterns, statuses. */
#include "base/buf.h"
#include "base/glob.h"
#include "base/pool.h"
#include "base/status.h"
#include "base/tsv.h"
#include "temproot.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#define B(literal) WD_BLOB(literal)
#define assert_blob(b, s) assert_true(wd_blob_equal(b, wd_blob_str(s)))

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Takes a text apart and joins the pieces with '|'. */
static void expect_pieces(struct wd_blob text, char sep, const char *expected)
{
	WD_CLEANUP_BUF struct wd_buf b = WD_BUF_INIT;
	struct wd_blob piece;

	while (sep ? wd_blob_token(&text, sep, &piece) : wd_blob_word(&text, &piece)) {
		wd_buf_blob(&b, piece);
		wd_buf_byte(&b, '|');
	}
	assert_blob(wd_buf_view(&b), expected);
	assert_int_equal(text.len, 0);
}

static void blob_pieces(void **state)
{
	(void)state;
	expect_pieces(B(""), '\n', "");
	expect_pieces(WD_BLOB_NULL, '\n', "");
	expect_pieces(B("a\nb\n"), '\n', "a|b|");
	expect_pieces(B("a\nb"), '\n', "a|b|");
	expect_pieces(B("\n\na"), '\n', "||a|");
	expect_pieces(B("\n"), '\n', "|");
	expect_pieces(B("  one\t two  "), 0, "one|two|");
	expect_pieces(B(" \t "), 0, "");
	expect_pieces(WD_BLOB_NULL, 0, "");
}

static void blob_slices(void **state)
{
	static const char text[] = "a/b/c";
	struct wd_blob b = wd_blob_str(text);

	(void)state;
	assert_int_equal(wd_blob_chr(b, '/'), 1);
	assert_int_equal(wd_blob_rchr(b, '/'), 3);
	assert_int_equal(wd_blob_chr(b, 'x'), -1);
	assert_int_equal(wd_blob_chr(WD_BLOB_NULL, 'x'), -1);
	assert_int_equal(wd_blob_rchr(WD_BLOB_NULL, 'x'), -1);
	assert_blob(wd_blob_skip(b, 4), "c");
	assert_blob(wd_blob_skip(b, 99), "");
	assert_blob(wd_blob_head(b, 99), "a/b/c");
	assert_null(wd_blob_skip(WD_BLOB_NULL, 1).ptr);
	assert_blob(wd_blob_trim(B(" \t\r\n x y \n")), "x y");
	assert_blob(wd_blob_trim(B(" \n")), "");
	assert_true(wd_blob_starts(b, B("a/")) && !wd_blob_starts(B("a"), B("a/")));
	assert_true(wd_blob_ends(b, B("/c")) && !wd_blob_ends(B("c"), B("/c")));
	assert_true(wd_blob_starts(b, WD_BLOB_NULL) && wd_blob_ends(b, WD_BLOB_NULL));
}

static void blob_order(void **state)
{
	static const char *const sorted[] = {"",   "a", "a-",	"a.b",	"a/b",
					     "aa", "b", "\x7f", "\x80", "\xff"};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(sorted); i++)
		for (size_t k = 0; k < WD_ARRAY_SIZE(sorted); k++) {
			int c = wd_blob_cmp(wd_blob_str(sorted[i]), wd_blob_str(sorted[k]));

			assert_int_equal((c > 0) - (c < 0), (i > k) - (i < k));
		}
	assert_true(wd_blob_equal(WD_BLOB_NULL, B("")));
	assert_false(wd_blob_equal(B("a\0b"), B("a\0c")));
}

static void blob_u64(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t value;
	} table[] = {
		{"0", true, 0},
		{"007", true, 7},
		{"18446744073709551615", true, UINT64_MAX},
		{"18446744073709551616", false, 0},
		{"18446744073709551620", false, 0},
		{"184467440737095516150", false, 0},
		{"99999999999999999999999", false, 0},
		{"", false, 0},
		{"-1", false, 0},
		{"+1", false, 0},
		{" 1", false, 0},
		{"1 ", false, 0},
		{"0x1", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		uint64_t v = 42;

		assert_int_equal(wd_blob_u64(wd_blob_str(table[i].text), &v), table[i].ok);
		assert_int_equal(v, table[i].ok ? table[i].value : 42);
	}
}

static void blob_unhex(void **state)
{
	uint8_t out[4] = {0};

	(void)state;
	assert_int_equal(wd_blob_unhex(B("00fFA5"), out, 4), 3);
	assert_memory_equal(out, "\x00\xff\xa5", 3);
	assert_int_equal(wd_blob_unhex(B("00112233"), out, 4), 4);
	assert_int_equal(wd_blob_unhex(B("0011223344"), out, 4), -1);
	assert_int_equal(wd_blob_unhex(B("0"), out, 4), -1);
	assert_int_equal(wd_blob_unhex(B("0g"), out, 4), -1);
	assert_int_equal(wd_blob_unhex(B("g0"), out, 4), -1);
	assert_int_equal(wd_blob_unhex(B("\0\0"), out, 4), -1);
	assert_int_equal(wd_blob_unhex(WD_BLOB_NULL, out, 0), 0);
}

static void cursor(void **state)
{
	struct wd_cursor c = wd_cursor(B("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a"
					 "\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13"));

	(void)state;
	assert_int_equal(wd_cursor_u8(&c), 1);
	assert_int_equal(wd_cursor_le16(&c), 0x0302);
	assert_int_equal(wd_cursor_le32(&c), 0x07060504);
	assert_int_equal(wd_cursor_be32(&c), 0x08090a0b);
	assert_true(wd_cursor_le64(&c) == 0x131211100f0e0d0c);
	assert_int_equal(wd_cursor_bytes(&c, 0).len, 0);
	assert_false(c.failed);
	assert_int_equal(wd_cursor_u8(&c), 0);
	assert_true(c.failed);
	assert_null(wd_cursor_bytes(&c, 0).ptr); /* the failure stays */
}

static void cursor_bounds(void **state)
{
	struct wd_cursor c = wd_cursor(B("abc")), null = wd_cursor(WD_BLOB_NULL);

	(void)state;
	assert_int_equal(wd_cursor_le32(&c), 0);
	assert_true(c.failed);
	assert_int_equal(c.pos, 0);
	c = wd_cursor(B("abc"));
	assert_null(wd_cursor_bytes(&c, SIZE_MAX).ptr);
	assert_true(c.failed);
	assert_int_equal(wd_cursor_le64(&null), 0);
	assert_true(null.failed);
}

static void buf_append(void **state)
{
	WD_CLEANUP_BUF struct wd_buf b = WD_BUF_INIT;

	(void)state;
	wd_buf_append(&b, NULL, 0);
	assert_null(b.ptr);
	wd_buf_str(&b, "a");
	wd_buf_printf(&b, "%d-%s", 12, "x");
	wd_buf_hex(&b, B("\x00\x7f\xff"));
	assert_blob(wd_buf_view(&b), "a12-x007fff");
	for (int i = 0; i < 1000; i++)
		wd_buf_byte(&b, '.');
	wd_buf_printf(&b, "%0500d", 7);
	assert_int_equal(b.len, 11 + 1000 + 500);
	assert_int_equal(b.ptr[b.len - 1], '7');
}

static void buf_sticky(void **state)
{
	WD_CLEANUP_BUF struct wd_buf b = WD_BUF_INIT;

	(void)state;
	wd_buf_str(&b, "kept");
	assert_int_equal(wd_buf_reserve(&b, SIZE_MAX), -ENOMEM);
	assert_int_equal(wd_buf_reserve(&b, 1), -ENOMEM);
	for (int i = 0; i < 100; i++)
		wd_buf_str(&b, "not this");
	wd_buf_printf(&b, "%0100d", 1);
	assert_int_equal(b.status, -ENOMEM);
	assert_blob(wd_buf_view(&b), "kept");
	wd_buf_done(&b);
	wd_buf_str(&b, "again");
	assert_int_equal(b.status, 0);
	assert_blob(wd_buf_view(&b), "again");
}

static void buf_number(void **state)
{
	WD_CLEANUP_BUF struct wd_buf b = WD_BUF_INIT;

	(void)state;
	wd_buf_number(&b, 0, 10, 1);
	wd_buf_byte(&b, ' ');
	wd_buf_number(&b, UINT64_MAX, 10, 1);
	wd_buf_byte(&b, ' ');
	wd_buf_number(&b, UINT64_MAX, 8, 1);
	wd_buf_byte(&b, ' ');
	wd_buf_number(&b, 0644, 8, 4);
	assert_blob(wd_buf_view(&b), "0 18446744073709551615 1777777777777777777777 0644");
}

/* Limits: a file of exactly `max` bytes fits, one byte more does not and leaves no trace. */
static void buf_read_fd(void **state)
{
	struct temproot *t = *state;
	static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 65535, 65536, 65537, 200000};
	static char bytes[200000];

	memset(bytes, 'x', sizeof(bytes));
	for (size_t i = 0; i < WD_ARRAY_SIZE(sizes); i++) {
		WD_CLEANUP_BUF struct wd_buf b = WD_BUF_INIT;
		WD_CLEANUP_FD int fd = -1;

		temproot_bytes(t, "f", bytes, sizes[i]);
		fd = openat(t->fd, "f", O_RDONLY | O_CLOEXEC);
		wd_buf_str(&b, "head");
		if (sizes[i]) {
			assert_int_equal(wd_buf_read_fd(&b, fd, sizes[i] - 1), WD_ELIMIT);
			assert_blob(wd_buf_view(&b), "head");
		}
		assert_int_equal(wd_buf_read_fd(&b, fd, sizes[i]), 0);
		assert_int_equal(b.len, 4 + sizes[i]);
		assert_int_equal(wd_buf_read_fd(&b, fd, 1 << 20), 0);
		assert_int_equal(b.len, 4 + 2 * sizes[i]);
	}
}

static void buf_read_odd(void **state)
{
	struct temproot *t = *state;
	WD_CLEANUP_BUF struct wd_buf b = WD_BUF_INIT;
	WD_CLEANUP_FD int sparse = openat(t->fd, "s", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	WD_CLEANUP_FD int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	int fds[2];

	assert_int_equal(ftruncate(sparse, 10ll << 30), 0);
	assert_int_equal(wd_buf_read_fd(&b, sparse, 100000), WD_ELIMIT);
	assert_int_equal(wd_buf_read_fd(&b, zero, 100000), WD_ELIMIT);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(wd_buf_read_fd(&b, fds[0], 100), -ESPIPE);
	assert_int_equal(wd_buf_read_fd(&b, t->fd, 100), -EISDIR);
	assert_int_equal(wd_buf_read_fd(&b, -1, 100), -EBADF);
	assert_int_equal(b.len, 0);
	close(fds[0]);
	close(fds[1]);
}

static void pool_chunks(void **state)
{
	struct wd_pool p = {0};
	char *big = calloc(1, WD_POOL_CHUNK + 1);
	uint32_t a, b, c, d, e;

	(void)state;
	assert_non_null(big);
	memset(big, 'b', WD_POOL_CHUNK + 1);
	assert_int_equal(wd_pool_add(&p, wd_blob(big, WD_POOL_CHUNK + 1), &a), WD_ELIMIT);
	assert_int_equal(wd_pool_add(&p, B(""), &a), 0);
	/* fills a chunk exactly */
	assert_int_equal(wd_pool_add(&p, wd_blob(big, WD_POOL_CHUNK), &b), 0);
	assert_int_equal(wd_pool_add(&p, B("next"), &c), 0);
	assert_int_equal(wd_pool_add(&p, wd_blob(big, WD_POOL_CHUNK - 4), &d), 0);
	assert_int_equal(wd_pool_add(&p, B(""), &e), 0);
	assert_memory_equal(wd_pool_at(&p, b), big, WD_POOL_CHUNK);
	assert_memory_equal(wd_pool_at(&p, c), "next", 4);
	assert_memory_equal(wd_pool_at(&p, d), big, WD_POOL_CHUNK - 4);
	assert_non_null(wd_pool_at(&p, a));
	assert_non_null(wd_pool_at(&p, e)); /* a reference behind a full chunk is one, too */
	assert_true(b != c && c != d);
	wd_pool_done(&p);
	free(big);
}

/* A text of its own, of up to 56 bytes. */
static int numbered_text(uint32_t i, char text[64])
{
	return snprintf(text, 64, "%u%0*u", i, (int)(i % 50 + 1), 7u);
}

/* What was stored stays where it is and what it is while the pool grows. */
static void pool_stays(void **state)
{
	struct wd_pool p = {0};
	static uint32_t refs[30000];
	char text[64];
	const char *first;

	(void)state;
	for (uint32_t i = 0; i < 30000; i++) {
		int n = numbered_text(i, text);

		assert_int_equal(wd_pool_add(&p, wd_blob(text, (size_t)n), &refs[i]), 0);
		if (i == 0)
			first = wd_pool_at(&p, refs[0]);
	}
	assert_ptr_equal(first, wd_pool_at(&p, refs[0]));
	assert_true(p.chunks.n > 2);
	for (uint32_t i = 0; i < 30000; i++) {
		int n = numbered_text(i, text);

		assert_memory_equal(wd_pool_at(&p, refs[i]), text, (size_t)n);
	}
	wd_pool_done(&p);
}

static void strpool(void **state)
{
	struct wd_strpool p = {0};
	char text[32];
	uint32_t id;

	(void)state;
	assert_int_equal(wd_strpool_find(&p, B("x")), 0);
	assert_int_equal(wd_strpool_intern(&p, B(""), &id), 0);
	assert_int_equal(id, 0);
	assert_int_equal(wd_strpool_get(&p, 0).len, 0);
	for (int round = 0; round < 2; round++)
		for (uint32_t i = 1; i <= 5000; i++) {
			snprintf(text, sizeof(text), "name-%u", i);
			assert_int_equal(wd_strpool_intern(&p, wd_blob_str(text), &id), 0);
			assert_int_equal(id, i);
			assert_blob(wd_strpool_get(&p, id), text);
		}
	assert_int_equal(p.entries.n, 5000);
	assert_int_equal(wd_strpool_find(&p, B("name-5000")), 5000);
	assert_int_equal(wd_strpool_find(&p, B("name-5001")), 0);
	assert_int_equal(wd_strpool_intern(&p, B("a\0b"), &id), 0);
	assert_int_equal(wd_strpool_find(&p, B("a\0c")), 0);
	assert_int_equal(wd_strpool_find(&p, B("a\0b")), id);
	wd_strpool_done(&p);
	assert_int_equal(wd_strpool_find(&p, B("name-1")), 0);
}

/*
 * Names come from hostile databases. Against a hash that only mixes each word in turn, pairs of
 * words that differ in bit 63, then in bits 63 and 31, leave the same state whatever the seed is.
 */
static void strpool_collisions(void **state)
{
	struct wd_strpool p = {0};
	char name[16 * 16];
	double start = seconds();
	uint32_t id;

	(void)state;
	for (uint32_t i = 0; i < 1u << 16; i++) {
		memset(name, 'a', sizeof(name));
		for (unsigned k = 0; k < 16; k++)
			if (i >> k & 1) {
				name[16 * k + 7] ^= (char)0x80;
				name[16 * k + 15] ^= (char)0x80;
				name[16 * k + 11] ^= (char)0x80;
			}
		assert_int_equal(wd_strpool_intern(&p, wd_blob(name, sizeof(name)), &id), 0);
	}
	assert_int_equal(p.entries.n, 1u << 16);
	wd_strpool_done(&p);
	assert_true(seconds() - start < 20);
}

static void tsv(void **state)
{
	struct temproot *t = *state;
	struct wd_blob col[WD_TSV_COLUMNS];
	struct wd_tsv table;

	assert_int_equal(wd_tsv_open(&table, t->path, "none"), -ENOENT);
	wd_tsv_done(&table);
	temproot_file(t, "t", "# note\n\na\tb\n\t\tc\n1\t2\t3\t4\t5\t6\t7\t8\t9\tA\tB\tC\tD\nlast");
	assert_int_equal(wd_tsv_open(&table, t->path, "t"), 0);
	assert_int_equal(wd_tsv_next(&table, col), 2);
	assert_int_equal(table.line, 3);
	assert_blob(col[0], "a");
	assert_blob(col[1], "b");
	assert_int_equal(col[2].len, 0);
	assert_int_equal(wd_tsv_next(&table, col), 3);
	assert_blob(col[0], "");
	assert_blob(col[2], "c");
	assert_int_equal(wd_tsv_next(&table, col), 12);
	assert_blob(col[11], "C\tD");
	assert_int_equal(wd_tsv_next(&table, col), 1);
	assert_int_equal(table.line, 6);
	assert_blob(col[0], "last");
	assert_int_equal(wd_tsv_next(&table, col), 0);
	wd_tsv_done(&table);
}

static void glob_names(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool match;
	} table[] = {
		/* clang-format off */
		{"", "", true},		  {"", "a", false},	    {"a", "", false},
		{"a", "a", true},	  {"a", "ab", false},	    {"?", "", false},
		{"?", "a", true},	  {"?", "\xff", true},	    {"*", "", true},
		{"*", "abc", true},	  {"a*", "a", true},	    {"*a", "ba", true},
		{"*a", "ab", false},	  {"a*b*c", "aXbXc", true}, {"a*b*c", "aXbX", false},
		{"a**b", "ab", true},	  {"*.so.*", "x.so.1", true}, {"*.so.*", ".so.", true},
		{"*a?", "aab", true},	  {"*a?", "a", false},	    {"*ab", "aaab", true},
		{"[abc]", "b", true},	  {"[abc]", "d", false},    {"[a-c]", "b", true},
		{"[a-c]", "d", false},	  {"[!a-c]", "d", true},    {"[!a-c]", "b", false},
		{"[]a]", "]", true},	  {"[]a]", "a", true},	    {"[]a]", "b", false},
		{"[a-]", "-", true},	  {"[-a]", "-", true},	    {"[a-]", "b", false},
		{"[\x80-\xff]", "\xc3", true}, {"[\x80-\xff]", "a", false}, {"[a]", "", false},
		{"[", "[", true},	  {"[", "a", false},	    {"[abc", "[abc", true},
		{"[abc", "a", false},	  {"[]", "[]", true},	    {"a[", "a[", true},
		{"*[0-9]", "lib9", true}, {"*[0-9]", "lib9x", false}, {"[[]*", "[x", true},
		{".*", ".", true},	  {"*", ".hidden", true},   {"\\*", "\\x", true},
		/* clang-format on */
	};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++)
		if (wd_glob_name(wd_blob_str(table[i].pattern), wd_blob_str(table[i].name)) !=
		    table[i].match)
			fail_msg("'%s' and '%s'", table[i].pattern, table[i].name);
	assert_true(wd_glob_is_literal(B("a.b-c]")));
	assert_false(wd_glob_is_literal(B("a[b")) || wd_glob_is_literal(B("*")));
}

/* Captures as "1|2|", or NULL where the path does not match. */
static void glob_paths(void **state)
{
	static const struct {
		const char *pattern, *path, *captures;
	} table[] = {
		{"", "", ""},
		{"", "a", NULL},
		{"a", "a", ""},
		{"a", "a/b", NULL},
		{"a/b", "a", NULL},
		{"*/b", "a/b", "a|"},
		{"*", "a/b", NULL},
		{"a/*.txt", "a/.txt", "|"},
		{"*-*", "a-b-c", "a|b-c|"},
		{"usr/lib/*/lib*.so.*", "usr/lib/x86/libc.so.6", "x86|c|6|"},
		{"**", "", "|"},
		{"**", "a/b", "a/b|"},
		{"**/c", "c", "|"},
		{"**/c", "a/b/c", "a/b|"},
		{"**/c", "a/b/c/d", NULL},
		{"a/**", "a", "|"},
		{"a/**", "a/b/c", "b/c|"},
		{"a/**", "ab", NULL},
		{"a/**/c", "a/c", "|"},
		{"a/**/c", "a/b/b/c", "b/b|"},
		{"a/**/*.py", "a/x.py", "|x|"},
		{"**/a/**/b", "a/x/a/y/b", "|x/a/y|"},
		{"**/a/**/b/**", "x/a/a/y/b/b/z", "x|a/y|b/z|"},
		{"**/a/b/**/c/**", "a/x/a/b/y", NULL},
		{"**/__pycache__/*.cpython-*.pyc", "u/l/__pycache__/os.cpython-311.pyc",
		 "u/l|os|311|"},
		{"a**/b", "axx/b", "|xx|"},
		{"*/*/*/*/*/*/*/*/*/*", "1/2/3/4/5/6/7/8/9/10", "1|2|3|4|5|6|7|8|9|"},
	};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		WD_CLEANUP_BUF struct wd_buf b = WD_BUF_INIT;
		struct wd_captures caps = {.n = 77};
		bool hit = wd_glob_path(wd_blob_str(table[i].pattern), wd_blob_str(table[i].path),
					&caps);

		for (size_t k = 0; hit && k < caps.n; k++)
			wd_buf_printf(&b, "%.*s|", WD_BLOB_PRINTF(caps.at[k]));
		if (hit != (table[i].captures != NULL) ||
		    (hit && !wd_blob_is(wd_buf_view(&b), table[i].captures)))
			fail_msg("'%s' on '%s': %s %.*s", table[i].pattern, table[i].path,
				 hit ? "match" : "no match", WD_BLOB_PRINTF(wd_buf_view(&b)));
		if (!hit)
			assert_int_equal(caps.n, 77);
		assert_int_equal(wd_glob_path(wd_blob_str(table[i].pattern),
					      wd_blob_str(table[i].path), NULL),
				 hit);
	}
}

static void glob_expand(void **state)
{
	struct wd_captures caps = {.at = {B("one"), B("two")}, .n = 2};
	WD_CLEANUP_BUF struct wd_buf b = WD_BUF_INIT;

	(void)state;
	wd_glob_expand(B("$1-$2-$3-$0-$-$12$"), &caps, &b);
	assert_blob(wd_buf_view(&b), "one-two--$0-$-one2$");
}

/* Names are hostile: no pattern may take exponential time. */
static void glob_worst_case(void **state)
{
	static char name[60000], path[60000];
	double start = seconds();

	(void)state;
	memset(name, 'a', sizeof(name));
	assert_false(wd_glob_name(B("a*a*a*a*a*a*a*a*b*c"), wd_blob(name, 255)));
	assert_false(wd_glob_name(B("*a*a*a*a*b?"), wd_blob(name, sizeof(name))));
	for (size_t i = 0; i < sizeof(path); i++)
		path[i] = i % 2 ? '/' : 'a';
	assert_false(wd_glob_path(B("**/b"), wd_blob(path, sizeof(path) - 1), NULL));
	assert_false(wd_glob_path(B("**/a/**/b"), wd_blob(path, sizeof(path) - 1), NULL));
	assert_false(wd_glob_path(B("**/a/**/a/**/a/**/a/**/b/**"), wd_blob(path, sizeof(path) - 1),
				  NULL));
	assert_true(seconds() - start < 20);
}

static void statuses(void **state)
{
	static const struct {
		int status;
		const char *name;
	} table[] = {
#define X(id, name, text) {WD_E##id, name},
		WD_STATUS_CODES(X)
#undef X
			{-EACCES, "denied"},
		{-EPERM, "denied"},
		{-ELOOP, "loop"},
		{-EMFILE, "limit"},
		{-ENOMEM, "memory"},
		{-ENOENT, "absent"},
		{-EIO, "io"},
		{-WD_STATUS_BASE, "io"},
		{-WD_STATUS_END, "io"},
	};

	(void)state;
	assert_int_equal(WD_EABSENT, -1024);
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		assert_string_equal(wd_status_name(table[i].status), table[i].name);
		assert_true(strlen(wd_status_text(table[i].status)) > 3);
	}
	assert_string_equal(wd_status_text(WD_ENOTREG), "not a regular file");
	assert_string_equal(wd_status_text(-ENOSPC), "No space left on device");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blob_pieces),
		cmocka_unit_test(blob_slices),
		cmocka_unit_test(blob_order),
		cmocka_unit_test(blob_u64),
		cmocka_unit_test(blob_unhex),
		cmocka_unit_test(cursor),
		cmocka_unit_test(cursor_bounds),
		cmocka_unit_test(buf_append),
		cmocka_unit_test(buf_sticky),
		cmocka_unit_test(buf_number),
		cmocka_unit_test_setup_teardown(buf_read_fd, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(buf_read_odd, temproot_setup, temproot_teardown),
		cmocka_unit_test(pool_chunks),
		cmocka_unit_test(pool_stays),
		cmocka_unit_test(strpool),
		cmocka_unit_test(strpool_collisions),
		cmocka_unit_test_setup_teardown(tsv, temproot_setup, temproot_teardown),
		cmocka_unit_test(glob_names),
		cmocka_unit_test(glob_paths),
		cmocka_unit_test(glob_expand),
		cmocka_unit_test(glob_worst_case),
		cmocka_unit_test(statuses),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
