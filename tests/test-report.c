/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes in reports: what a terminal, JSON, CSV and NUL-separated output make of them; files. */
#include "base/status.h"
#include "report/format.h"
#include "report/out.h"
#include "report/text.h"
#include "temproot.h"

#include <cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#define B(literal) WD_BLOB(literal)
#define FFFD "\xef\xbf\xbd"

static void utf8(void **state)
{
	static const struct {
		struct wd_blob bytes;
		size_t length; /* of the first character; 0: none */
	} table[] = {
		{{"", 0}, 0},
		{{"\0", 1}, 1},
		{{"a\xff", 2}, 1},
		{{"\x7f", 1}, 1},
		{{"\x80", 1}, 0},
		{{"\xbf", 1}, 0},
		{{"\xc0\x80", 2}, 0}, /* overlong */
		{{"\xc1\xbf", 2}, 0},
		{{"\xc2\x80", 2}, 2},
		{{"\xc2", 1}, 0}, /* truncated */
		{{"\xc2\x7f", 2}, 0},
		{{"\xc2\xc0", 2}, 0},
		{{"\xdf\xbf", 2}, 2},
		{{"\xe0\x9f\xbf", 3}, 0},
		{{"\xe0\xa0\x80", 3}, 3},
		{{"\xe0\xa0", 2}, 0},
		{{"\xe2\x82\xac", 3}, 3},
		{{"\xe2\x82\x2c", 3}, 0},
		{{"\xed\x9f\xbf", 3}, 3},
		{{"\xed\xa0\x80", 3}, 0}, /* surrogates */
		{{"\xed\xbf\xbf", 3}, 0},
		{{"\xee\x80\x80", 3}, 3},
		{{"\xef\xbf\xbf", 3}, 3},
		{{"\xf0\x8f\xbf\xbf", 4}, 0},
		{{"\xf0\x90\x80\x80", 4}, 4},
		{{"\xf0\x90\x80", 3}, 0},
		{{"\xf0\x90\x80\xc0", 4}, 0},
		{{"\xf4\x8f\xbf\xbf", 4}, 4},
		{{"\xf4\x90\x80\x80", 4}, 0}, /* above U+10FFFF */
		{{"\xf5\x80\x80\x80", 4}, 0},
		{{"\xf8\x88\x80\x80\x80", 5}, 0},
		{{"\xfe", 1}, 0},
		{{"\xff", 1}, 0},
	};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		struct wd_blob s = table[i].bytes;

		if (wd_utf8_length(s) != table[i].length)
			fail_msg("%zu: %zu", i, wd_utf8_length(s));
		if (s.len && s.len == table[i].length)
			assert_true(wd_utf8_valid(s));
		if (s.len && table[i].length == 0)
			assert_false(wd_utf8_valid(s));
	}
	assert_true(wd_utf8_valid(B("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7")));
	assert_false(wd_utf8_valid(B("a\xc3\xa4\xff")));
	assert_true(wd_utf8_valid(WD_BLOB_NULL));
}

static void text_escape(void **state)
{
	static const struct {
		struct wd_blob bytes;
		const char *text;
		size_t columns;
	} table[] = {
		{{"plain", 5}, "plain", 5},
		{{"a\\b", 3}, "a\\\\b", 4},
		{{"a\nb", 3}, "a\\x0ab", 6},
		{{"\0", 1}, "\\x00", 4},
		{{"\x1b[2J", 4}, "\\x1b[2J", 7},
		{{"\x7f", 1}, "\\x7f", 4},
		{{"\xff", 1}, "\\xff", 4},
		{{"\xc3\xa4", 2}, "\xc3\xa4", 1},
		{{"\xc2\x9b"
		  "31m",
		  5},
		 "\\xc2\\x9b31m",
		 11}, /* C1's CSI */
		{{"\xc2\xa0", 2}, "\xc2\xa0", 1},
		{{"\xd8\x9c", 2}, "\\xd8\\x9c", 8},		       /* ARABIC LETTER MARK */
		{{"\xf3\xa0\x81\x81", 4}, "\\xf3\\xa0\\x81\\x81", 16}, /* TAG LATIN CAPITAL A */
		{{"\xe2\x82", 2}, "\\xe2\\x82", 8},
		{{"", 0}, "", 0},
	};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		WD_CLEANUP_BUF struct wd_buf b = WD_BUF_INIT;

		assert_int_equal(wd_text_escape(&b, table[i].bytes), table[i].columns);
		if (!wd_blob_is(wd_buf_view(&b), table[i].text))
			fail_msg("%.*s, not %s", WD_BLOB_PRINTF(wd_buf_view(&b)), table[i].text);
	}
}

/* Every byte and every pair of bytes, as a JSON parser reads it back. */
static void json_strings(void **state)
{
	(void)state;
	for (unsigned i = 1; i < 0x10000; i++) {
		char bytes[4] = {'x', (char)(i >> 8), (char)i, 'y'};
		struct wd_blob s = i < 256 ? wd_blob(bytes + 2, 1) : wd_blob(bytes, 4);
		WD_CLEANUP_BUF struct wd_buf b = WD_BUF_INIT;
		WD_CLEANUP_FREE char *want = NULL;
		cJSON *parsed;

		if (i >= 256 && (i & 0xff) == 0)
			continue; /* cJSON's strings end at NUL */
		wd_json_string(&b, s);
		for (size_t k = 0; k < b.len; k++)
			assert_true((uint8_t)b.ptr[k] >= 0x20);
		assert_true(wd_utf8_valid(wd_buf_view(&b)));
		parsed = cJSON_ParseWithLength(b.ptr, b.len);
		want = wd_utf8_copy(s);
		assert_true(parsed && cJSON_IsString(parsed));
		assert_string_equal(parsed->valuestring, want);
		if (wd_utf8_valid(s))
			assert_true(wd_blob_is(s, want));
		else
			assert_non_null(strstr(want, FFFD));
		cJSON_Delete(parsed);
	}
}

static void json_texts(void **state)
{
	static const struct {
		struct wd_blob bytes;
		const char *json;
	} table[] = {
		{{"", 0}, "\"\""},
		{{NULL, 0}, "\"\""},
		{{"a\"b\\c/", 6}, "\"a\\\"b\\\\c/\""},
		{{"\b\f\n\r\t", 5}, "\"\\b\\f\\n\\r\\t\""},
		{{"\0\x1f\x7f", 3}, "\"\\u0000\\u001f\\u007f\""},
		{{"\xc3\xa4\xc3", 3}, "\"\xc3\xa4" FFFD "\""},
		{{"\xed\xa0\x80", 3}, "\"" FFFD FFFD FFFD "\""},
	};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		WD_CLEANUP_BUF struct wd_buf b = WD_BUF_INIT;

		wd_json_string(&b, table[i].bytes);
		if (!wd_blob_is(wd_buf_view(&b), table[i].json))
			fail_msg("%.*s, not %s", WD_BLOB_PRINTF(wd_buf_view(&b)), table[i].json);
	}
}

static void numbers(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} table[] = {
		{0, "0"},
		{7, "7"},
		{999, "999"},
		{1000, "1,000"},
		{12345, "12,345"},
		{123456, "123,456"},
		{1234567, "1,234,567"},
		{UINT64_MAX, "18,446,744,073,709,551,615"},
	};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		WD_CLEANUP_BUF struct wd_buf b = WD_BUF_INIT;

		wd_text_number(&b, table[i].n);
		assert_true(wd_blob_is(wd_buf_view(&b), table[i].text));
	}
}

/* ---- Formats: two rows of everything odd */

static const struct wd_column columns[] = {
	{.name = "path", .kind = WD_COLUMN_PATH},
	{.name = "size", .kind = WD_COLUMN_NUMBER},
	{.name = "flags", .kind = WD_COLUMN_LIST},
	{.name = "note", .kind = WD_COLUMN_TEXT, .optional = true},
};

static const struct wd_cell rows[2][4] = {
	{{.text = {"a,\"b\"\nc", 7}},
	 {.number = UINT64_MAX - 1},
	 {.text = {"x y", 3}},
	 {.text = {"n", 1}}},
	{{.text = {"\xff\r", 2}},
	 {.number = WD_SIZE_UNKNOWN},
	 {.text = {"", 0}},
	 {.text = {"", 0}}},
};

static void render(const char *name, struct wd_out *out)
{
	const struct wd_schema schema = {
		.name = "s/1", .table = "s", .rootfs = "/r\xff", .columns = columns, .ncolumns = 4};
	struct wd_writer w = {
		.format = wd_format_find(name, "/nowhere"), .schema = &schema, .out = out};
	struct wd_catalog cat = {0};

	*out = (struct wd_out){.buf = WD_BUF_INIT, .fd = -1};
	assert_non_null(w.format);
	wd_catalog_error(&cat, "p\xff\n", WD_ECORRUPT, "m \"%s\"", "\x01");
	assert_int_equal(w.format->begin(&w), 0);
	for (; w.rows < 2; w.rows++)
		assert_int_equal(w.format->row(&w, rows[w.rows]), 0);
	assert_int_equal(w.format->end(&w, &cat), 0);
	assert_int_equal(out->buf.status, 0);
	wd_catalog_done(&cat);
}

static void expect_rendered(const char *name, struct wd_blob expected)
{
	struct wd_out out;

	render(name, &out);
	assert_int_equal(out.buf.len, expected.len);
	assert_memory_equal(out.buf.ptr, expected.ptr, expected.len);
	wd_buf_done(&out.buf);
}

static void formats(void **state)
{
	(void)state;
	expect_rendered("csv", B("path,size,flags\n\"a,\"\"b\"\"\nc\",18446744073709551614,x y\n"
				 "\"\xff\r\",,\n"));
	expect_rendered("nul", B("a,\"b\"\nc\0"
				 "18446744073709551614\0x y\0"
				 "\xff\r\0\0\0"));
	expect_rendered("ndjson", B("{\"path\":\"a,\\\"b\\\"\\nc\",\"size\":18446744073709551614,"
				    "\"flags\":[\"x\",\"y\"],\"note\":\"n\"}\n"
				    "{\"path\":\"" FFFD
				    "\\r\",\"path_hex\":\"ff0d\",\"size\":null,\"flags\":[]}\n"));
	assert_null(wd_format_find("xml", "/nowhere"));
	assert_null(wd_format_find("sqlite", "/nowhere"));
	assert_null(wd_format_find("../csv", "/nowhere"));
	assert_null(wd_format_find("", "/nowhere"));
}

static void format_json(void **state)
{
	struct wd_out out;
	cJSON *doc, *row, *error;

	(void)state;
	render("json", &out);
	doc = cJSON_ParseWithLength(out.buf.ptr, out.buf.len);
	assert_non_null(doc);
	assert_string_equal(cJSON_GetObjectItem(doc, "schema")->valuestring, "s/1");
	assert_string_equal(cJSON_GetObjectItem(doc, "rootfs")->valuestring, "/r" FFFD);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(doc, "rows")), 2);
	row = cJSON_GetArrayItem(cJSON_GetObjectItem(doc, "rows"), 1);
	assert_string_equal(cJSON_GetObjectItem(row, "path_hex")->valuestring, "ff0d");
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(row, "size")));
	assert_null(cJSON_GetObjectItem(row, "note"));
	error = cJSON_GetArrayItem(cJSON_GetObjectItem(doc, "errors"), 0);
	assert_string_equal(cJSON_GetObjectItem(error, "path")->valuestring, "p" FFFD "\n");
	assert_string_equal(cJSON_GetObjectItem(error, "code")->valuestring, "corrupt");
	assert_string_equal(cJSON_GetObjectItem(error, "message")->valuestring, "m \"\x01\"");
	cJSON_Delete(doc);
	wd_buf_done(&out.buf);
}

/* Nothing that a file name holds reaches a terminal as more than itself. */
static void format_text(void **state)
{
	struct wd_out out;

	(void)state;
	render("text", &out);
	assert_true(wd_utf8_valid(wd_buf_view(&out.buf)));
	assert_non_null(memmem(out.buf.ptr, out.buf.len, "a,\"b\"\\x0ac", 10));
	assert_non_null(memmem(out.buf.ptr, out.buf.len, "\\xff\\x0d", 8));
	assert_int_equal(wd_blob_chr(wd_buf_view(&out.buf), '\r'), -1);
	wd_buf_done(&out.buf);
}

/* ---- Files */

static size_t entries(struct temproot *t)
{
	DIR *dir = opendir(t->path);
	size_t n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void open_out(struct temproot *t, const char *name, struct wd_out *out, int status)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", t->path, name);
	assert_int_equal(wd_out_open(out, path, WD_COLOR_AUTO), status);
}

static void expect_file(struct temproot *t, const char *name, const char *text)
{
	char *got = slurp(openat(t->fd, name, O_RDONLY | O_CLOEXEC));

	assert_string_equal(got, text);
	free(got);
}

static void out_file(void **state)
{
	struct temproot *t = *state;
	struct wd_out out;
	struct stat st;

	umask(027);
	temproot_file(t, "f", "old");
	open_out(t, "f", &out, 0);
	assert_false(out.terminal || out.color);
	wd_buf_str(&out.buf, "new");
	assert_int_equal(wd_out_check(&out), 0);
	expect_file(t, "f", "old"); /* until it is whole */
	assert_int_equal(wd_out_commit(&out), 0);
	wd_out_done(&out);
	expect_file(t, "f", "new");
	assert_int_equal(fstatat(t->fd, "f", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(entries(t), 1);
	umask(022);
}

/* A report that was given up leaves no trace, and the old one stays. */
static void out_abort(void **state)
{
	struct temproot *t = *state;
	struct wd_out out;

	temproot_file(t, "f", "old");
	for (int i = 0; i < 2; i++) {
		open_out(t, "f", &out, 0);
		wd_buf_str(&out.buf, "new");
		assert_int_equal(entries(t), 2);
		if (i)
			wd_out_abort_all(); /* as a signal handler does */
		else
			wd_out_done(&out);
		assert_int_equal(entries(t), 1);
		if (i)
			wd_out_done(&out);
		expect_file(t, "f", "old");
	}
	wd_out_abort_all();
	assert_int_equal(entries(t), 1);
}

/* What is large is written in between, and what is written last is not lost. */
static void out_large(void **state)
{
	struct temproot *t = *state;
	struct wd_out out;
	struct stat st;

	open_out(t, "f", &out, 0);
	for (int i = 0; i < 100000; i++) {
		wd_buf_str(&out.buf, "0123456789");
		assert_int_equal(wd_out_check(&out), 0);
		assert_true(out.buf.len < 200000);
	}
	assert_int_equal(wd_out_commit(&out), 0);
	wd_out_done(&out);
	assert_int_equal(fstatat(t->fd, "f", &st, 0), 0);
	assert_int_equal(st.st_size, 1000000);
}

static void out_refused(void **state)
{
	struct temproot *t = *state;
	struct wd_out out;

	open_out(t, "no/such/dir", &out, -ENOENT);
	wd_out_done(&out);
	temproot_mkdir(t, "dir");
	open_out(t, "dir", &out, -EISDIR);
	wd_out_done(&out);
	assert_int_equal(entries(t), 1);
}

/* A device is written to and stays one; a full one is an error. */
static void out_device(void **state)
{
	struct temproot *t = *state;
	struct wd_out out;
	struct stat st;

	temproot_link(t, "/dev/full", "full");
	temproot_link(t, "/dev/null", "null");
	open_out(t, "full", &out, 0);
	wd_buf_str(&out.buf, "text");
	assert_int_equal(wd_out_commit(&out), -ENOSPC);
	wd_out_done(&out);
	open_out(t, "full", &out, 0);
	for (int i = 0; i < 300000; i++)
		wd_buf_byte(&out.buf, 'x');
	assert_int_equal(wd_out_check(&out), -ENOSPC);
	wd_buf_str(&out.buf, "text");
	assert_int_equal(wd_out_commit(&out), -ENOSPC); /* it stays */
	wd_out_done(&out);
	open_out(t, "null", &out, 0);
	wd_buf_str(&out.buf, "text");
	assert_int_equal(wd_out_commit(&out), 0);
	wd_out_done(&out);
	assert_int_equal(entries(t), 2);
	assert_int_equal(fstatat(t->fd, "null", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat("/dev/full", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, temproot_setup, temproot_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8),
		cmocka_unit_test(text_escape),
		cmocka_unit_test(json_strings),
		cmocka_unit_test(json_texts),
		cmocka_unit_test(numbers),
		cmocka_unit_test(formats),
		cmocka_unit_test(format_json),
		cmocka_unit_test(format_text),
		CASE(out_file),
		CASE(out_abort),
		CASE(out_large),
		CASE(out_refused),
		CASE(out_device),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
