/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rpmfile backend on packages made here with librpm, a defect each. */
#include "backend-log.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <rpm/header.h>

#define RPM "x.rpm"
#define LEAD_SIZE 96
#define LOG "F rpm\nP p 1-2 x86_64 s - - - 0\nC /usr/bin//f 100755 0 3 0: -\n"

static void put_number(struct wd_buf *b, uint32_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		wd_buf_byte(b, (char)(n >> shift));
}

static void put_zeros(struct wd_buf *b, size_t n)
{
	while (n--)
		wd_buf_byte(b, '\0');
}

static void put_lead(struct wd_buf *b, uint16_t type)
{
	wd_buf_append(b, "\xed\xab\xee\xdb\3\0", 6);
	wd_buf_byte(b, (char)(type >> 8));
	wd_buf_byte(b, (char)type);
	put_zeros(b, LEAD_SIZE - 8);
}

/* A header with what stands in front of it; consumes it. */
static void put_header(struct wd_buf *b, Header h)
{
	unsigned size = 0;
	char *blob = headerExport(h, &size);

	wd_buf_append(b, "\x8e\xad\xe8\x01\0\0\0\0", 8);
	wd_buf_append(b, blob, size);
	free(blob);
	headerFree(h);
}

static Header signature(void)
{
	Header h = headerNew();

	headerPutUint32(h, RPMTAG_SIGSIZE, (uint32_t[]){7}, 1);
	headerPutString(h, RPMTAG_SHA1HEADER, "x");
	return h;
}

static Header package(void)
{
	Header h = headerNew();

	headerPutString(h, RPMTAG_NAME, "p");
	headerPutString(h, RPMTAG_VERSION, "1");
	headerPutString(h, RPMTAG_RELEASE, "2");
	headerPutString(h, RPMTAG_ARCH, "x86_64");
	headerPutString(h, RPMTAG_SOURCERPM, "s-1-2.src.rpm");
	headerPutStringArray(h, RPMTAG_BASENAMES, (const char *[]){"f"}, 1);
	headerPutStringArray(h, RPMTAG_DIRNAMES, (const char *[]){"/usr/bin/"}, 1);
	headerPutUint32(h, RPMTAG_DIRINDEXES, (uint32_t[]){0}, 1);
	headerPutUint32(h, RPMTAG_FILESIZES, (uint32_t[]){3}, 1);
	headerPutUint16(h, RPMTAG_FILEMODES, (uint16_t[]){0100755}, 1);
	return h;
}

/* *ret_header: where the magic of the main header stands. */
static struct wd_buf whole(size_t *ret_header)
{
	struct wd_buf b = WD_BUF_INIT;

	put_lead(&b, 0);
	put_header(&b, signature());
	put_zeros(&b, (8 - b.len % 8) % 8);
	*ret_header = b.len;
	put_header(&b, package());
	wd_buf_str(&b, "payload");
	assert_int_equal(b.status, 0);
	return b;
}

static const char *load(void **state, struct wd_blob bytes)
{
	backend_log_put(*state, RPM, bytes.ptr, bytes.len);
	return backend_log_load(*state, RPM, 0);
}

static void good(void **state)
{
	size_t at;
	WD_CLEANUP_BUF struct wd_buf b = whole(&at);

	assert_string_equal(load(state, wd_buf_view(&b)), LOG "R ok");
}

static void cut_off(void **state)
{
	size_t at;
	WD_CLEANUP_BUF struct wd_buf b = whole(&at);

	for (size_t len = 0; len < b.len - strlen("payload"); len++) {
		const char *log = load(state, wd_blob(b.ptr, len));

		if (len < 8)
			assert_string_equal(log, "R not-mine");
		else
			assert_non_null(strstr(log, ": truncated\nR corrupt"));
	}
}

static void patched(void **state, bool in_signature, size_t offset, uint32_t value,
		    const char *expected)
{
	size_t at;
	WD_CLEANUP_BUF struct wd_buf b = whole(&at), number = WD_BUF_INIT;
	const char *log;

	put_number(&number, value);
	memcpy(b.ptr + (in_signature ? LEAD_SIZE : at) + offset, number.ptr, 4);
	log = load(state, wd_buf_view(&b));
	if (!strstr(log, expected))
		fail_msg("%s", log);
}

static void bad_headers(void **state)
{
	patched(state, true, 0, 0, "F rpm\nE corrupt - byte 96: no signature header\nR corrupt");
	patched(state, true, 8, 0xffffffff, "F rpm\nE limit - byte 96: header too large\nR limit");
	patched(state, true, 12, 0xffffffff, "F rpm\nE limit - byte 96: header too large\nR limit");
	patched(state, true, 12, 0x100000, "F rpm\nE corrupt - byte 96: truncated\nR corrupt");
	patched(state, true, 12, 0, "no header\nR corrupt");
	patched(state, false, 0, 0, "no header\nR corrupt");
	patched(state, false, 8, 0x10000, "header too large\nR limit");
	patched(state, false, 8, 0xffff, "truncated\nR corrupt");
	patched(state, false, 12, 0x4000001, "header too large\nR limit");
	patched(state, false, 8, 0, "not a valid rpm header");
	/* type and offset of the first entry */
	patched(state, false, 20, 99, "not a valid rpm header");
	patched(state, false, 24, 0x7fffffff, "not a valid rpm header");
}

static void other_files(void **state)
{
	WD_CLEANUP_BUF struct wd_buf b = WD_BUF_INIT;

	put_lead(&b, 1);
	put_header(&b, signature());
	assert_string_equal(load(state, wd_buf_view(&b)),
			    "F rpm\nE unsupported - a source package\nR unsupported");
	assert_string_equal(load(state, WD_BLOB("!<arch>\ndebian-binary")), "R not-mine");
	assert_string_equal(load(state, WD_BLOB("")), "R not-mine");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, backend_log_setup, backend_log_teardown)
	const struct CMUnitTest tests[] = {
		TEST(good),
		TEST(cut_off),
		TEST(bad_headers),
		TEST(other_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
