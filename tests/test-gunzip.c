/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gzip by ISA-L, in pieces of all sizes, against what libarchive's writer compressed. */
#include "archive-gzip.h"
#include "base/cleanup.h"
#include "base/status.h"
#include "pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct feeding {
	struct wd_blob rest;
	size_t piece; /* bytes at a time */
	int fails;    /* what follows, instead of the end */
};

static ssize_t from(void *ctx, const void **ret)
{
	struct feeding *f = ctx;
	size_t n = f->rest.len < f->piece ? f->rest.len : f->piece;

	if (n == 0)
		return f->fails;
	*ret = f->rest.ptr;
	f->rest = wd_blob_skip(f->rest, n);
	return (ssize_t)n;
}

/* All of it into `out`; 0, or the status that it ended with. */
static int unpack(struct feeding *f, struct wd_buf *out)
{
	struct wd_gunzip *z = wd_gunzip_new(from, f);
	const void *piece;
	ssize_t n;

	assert_non_null(z);
	out->len = 0;
	while ((n = wd_gunzip_pull(z, &piece)) > 0)
		wd_buf_blob(out, wd_blob(piece, (size_t)n));
	if (n == 0)
		assert_int_equal(wd_gunzip_pull(z, &piece), 0);
	wd_gunzip_free(z);
	return (int)n;
}

static void expect(struct wd_blob packed, int status, struct wd_blob plain)
{
	static const size_t pieces[] = {1, 7, 1000, SIZE_MAX};
	WD_CLEANUP_BUF struct wd_buf out = WD_BUF_INIT;

	/* each call costs: few bytes at a time only of what is small */
	for (size_t i = packed.len > 10000 ? 2 : 0; i < WD_ARRAY_SIZE(pieces); i++) {
		struct feeding f = {packed, pieces[i], 0};

		assert_int_equal(unpack(&f, &out), status);
		if (status == 0)
			assert_true(wd_blob_equal(wd_buf_view(&out), plain));
	}
}

static void append(struct wd_buf *to, const struct wd_buf *more)
{
	wd_buf_blob(to, wd_buf_view(more));
}

/* Some that compresses, some that does not, over more than a window and what is given at once. */
static struct wd_buf sample(size_t size)
{
	struct wd_buf b = WD_BUF_INIT;
	uint32_t x = 1;

	for (size_t i = 0; i < size; i++) {
		x = x * 1103515245 + 12345;
		wd_buf_byte(&b, (char)(i / 5000 % 2 ? 'a' + i % 7 : x >> 16));
	}
	assert_int_equal(b.status, 0);
	return b;
}

static void members(void **state)
{
	static const size_t sizes[] = {0, 1, 100, 32768, 262144, 262145, 1000000};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(sizes); i++) {
		WD_CLEANUP_BUF struct wd_buf plain = sample(sizes[i]);
		WD_CLEANUP_BUF struct wd_buf packed = pack("gzip", wd_buf_view(&plain));
		WD_CLEANUP_BUF struct wd_buf none = pack("gzip", WD_BLOB(""));
		WD_CLEANUP_BUF struct wd_buf all = WD_BUF_INIT, twice = WD_BUF_INIT;

		expect(wd_buf_view(&packed), 0, wd_buf_view(&plain));
		append(&all, &none);
		append(&all, &packed);
		append(&all, &none);
		append(&all, &packed);
		append(&twice, &plain);
		append(&twice, &plain);
		expect(wd_buf_view(&all), 0, wd_buf_view(&twice));
		wd_buf_blob(&all, wd_blob("\0\0\0 what no member begins with", 30));
		expect(wd_buf_view(&all), 0, wd_buf_view(&twice));
	}
}

/* RFC 1952, 2.3: with the fields that a header can have. */
static void header_fields(void **state)
{
	static const char bytes[] = "\x1f\x8b\x08\x1c\0\0\0\0\0\3\5\0extraname\0comment\0"
				    "\x4b\4\0\x43\xbe\xb7\xe8\1\0\0\0";
	/* the header's own check sum, too, which is not looked at */
	static const char sum[] = "\x1f\x8b\x08\x1e\0\0\0\0\0\3\5\0extraname\0comment\0\x03\xa5"
				  "\x4b\4\0\x43\xbe\xb7\xe8\1\0\0\0";
	static const char other[] = "\x1f\x8b\x07\0\0\0\0\0\0\3\x4b\4\0\x43\xbe\xb7\xe8\1\0\0\0";

	(void)state;
	expect(wd_blob(bytes, sizeof(bytes) - 1), 0, WD_BLOB("a"));
	expect(wd_blob(sum, sizeof(sum) - 1), 0, WD_BLOB("a"));
	expect(wd_blob(other, sizeof(other) - 1), WD_ECORRUPT, WD_BLOB_NULL);
}

static void cut_short(void **state)
{
	WD_CLEANUP_BUF struct wd_buf plain = sample(1500);
	WD_CLEANUP_BUF struct wd_buf packed = pack("gzip", wd_buf_view(&plain));

	(void)state;
	expect(WD_BLOB(""), 0, WD_BLOB(""));
	for (size_t n = 1; n < packed.len; n += n < 100 || n + 20 > packed.len ? 1 : 97)
		expect(wd_blob(packed.ptr, n), WD_ECORRUPT, WD_BLOB_NULL);
}

/*
 * Of any byte behind the header and what a stored block's first one leaves open (RFC 1951, 3.2.4).
 */
static void damage(void **state)
{
	WD_CLEANUP_BUF struct wd_buf plain = sample(1500);
	WD_CLEANUP_BUF struct wd_buf packed = pack("gzip", wd_buf_view(&plain));

	(void)state;
	for (size_t at = 11; at < packed.len; at += at < 200 || at + 20 > packed.len ? 1 : 53) {
		packed.ptr[at] ^= 0x10;
		expect(wd_buf_view(&packed), WD_ECORRUPT, WD_BLOB_NULL);
		packed.ptr[at] ^= 0x10;
	}
}

static void source_fails(void **state)
{
	WD_CLEANUP_BUF struct wd_buf packed = pack("gzip", WD_BLOB("text"));
	WD_CLEANUP_BUF struct wd_buf out = WD_BUF_INIT;
	struct feeding f = {wd_blob(packed.ptr, 15), 4, WD_ELIMIT};

	(void)state;
	assert_int_equal(unpack(&f, &out), WD_ELIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members),	cmocka_unit_test(header_fields),
		cmocka_unit_test(cut_short),	cmocka_unit_test(damage),
		cmocka_unit_test(source_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
