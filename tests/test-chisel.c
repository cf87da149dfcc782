/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The chisel backend on manifests made here, a defect or oddity each. */
#include "backend-log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <zstd.h>

#include <cmocka.h>

#define WALL "var/lib/chisel/manifest.wall"
#define HASH_A "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define HASH_B "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"
#define HEAD(count) "{\"jsonwall\":\"1.0\",\"schema\":\"1.0\",\"count\":" count "}\n"
#define PKG(name)                                                                                  \
	"{\"kind\":\"package\",\"name\":\"" name "\",\"version\":\"2:1.0-3ubuntu1\","              \
	"\"sha256\":\"" HASH_B "\",\"arch\":\"amd64\"}\n"
#define PATH(path, slices, rest)                                                                   \
	"{\"kind\":\"path\",\"path\":\"" path "\",\"mode\":\"0644\",\"slices\":[" slices "]" rest  \
	"}\n"
#define HASHED ",\"sha256\":\"" HASH_A "\",\"size\":1"
#define P(name) "P " name " 2:1.0-3ubuntu1 amd64 - - - - 0\n"
#define F "F jsonwall\n"

static const char *load(struct backend_log *log, const char *text)
{
	size_t len = strlen(text), bound = ZSTD_compressBound(len);
	char *packed = malloc(bound);

	assert_non_null(packed);
	len = ZSTD_compress(packed, bound, text, len, 1);
	assert_false(ZSTD_isError(len));
	backend_log_put(log, WALL, packed, len);
	free(packed);
	return backend_log_load(log, WALL, 0);
}

static void expect(void **state, const char *text, const char *expected)
{
	assert_string_equal(load(*state, text), expected);
}

static void kinds(void **state)
{
	expect(state,
	       HEAD("10") "{\"kind\":\"content\",\"slice\":\"a_bins\",\"path\":\"/usr/bin/"
			  "a\"}\n" PKG("a")
				  PKG("b") "{\"kind\":\"path\",\"path\":\"/tmp/"
					   "\",\"mode\":\"01777\",\"slices\":[\"a_bins\"]}\n"
					   "{\"kind\":\"path\",\"path\":\"/"
					   "lib\",\"mode\":\"0777\",\"slices\":[\"a_bins\"],"
					   "\"link\":\"usr/lib\"}\n" PATH(
						   "/usr/bin/a", "\"a_bins\"",
						   HASHED) PATH("/usr/bin/empty", "\"a_bins\"",
								",\"sha256\":\"" HASH_A "\"")
						   PATH("/var/lib/chisel/manifest.wall", "\"b_m\"",
							"") "{\"kind\":\"slice\",\"name\":\"a_"
							    "bins\"}\n",
	       F P("a") "C tmp 41777 0 - 0: -\n"
			"C lib 120777 0 - 0: usr/lib\n"
			"C usr/bin/a 100644 0 1 8:" HASH_A " -\n"
			"C usr/bin/empty 100644 0 0 8:" HASH_A
			" -\n" P("b") "C var/lib/chisel/manifest.wall 100644 0 - 0: -\nR ok");
}

/* What a slice's script left is what is on disk. */
static void final_digest(void **state)
{
	expect(state,
	       HEAD("3") PKG("a") PATH("/f", "\"a_x\"", HASHED ",\"final_sha256\":\"" HASH_B "\""),
	       F P("a") "C f 100644 0 1 8:" HASH_B " -\nR ok");
}

static void owners(void **state)
{
	expect(state, HEAD("4") PKG("a") PKG("b") PATH("/f", "\"a_x\",\"a_y\",\"b_x\"", HASHED),
	       F P("a") "C f 100644 0 1 8:" HASH_A " -\n" P("b") "C f 100644 0 1 8:" HASH_A
								 " -\nR ok");
}

static void hard_links(void **state)
{
	expect(state,
	       HEAD("6") PKG("a") PATH("/f", "\"a_x\"", HASHED ",\"inode\":1")
		       PATH("/g", "\"a_x\"", HASHED ",\"inode\":1")
			       PATH("/h", "\"a_x\"", HASHED ",\"inode\":2")
				       PATH("/i", "\"a_x\"",
					    ",\"sha256\":\"" HASH_B "\",\"size\":1,\"inode\":2"),
	       F P("a") "C f 100644 0 1 8:" HASH_A " -\n"
			"C g 100644 0 1 8:" HASH_A " -\n"
			"C h 100644 0 1 8:" HASH_A " -\n"
			"C i 100644 0 1 8:" HASH_B " -\n"
			"E corrupt - line 6: differs from line 5, of which it is a hard link\nR "
			"ok");
}

/* A line that is bad costs itself. */
static void bad_line(void **state)
{
	static const struct {
		const char *line, *message;
	} cases[] = {
		{"{\"kind\":\"path\"\n", "line 3: not a JSON object"},
		{"[]\n", "line 3: not a JSON object"},
		{"\n", "line 3: not a JSON object"},
		{"{\"kind\":\"pony\"}\n", "line 3: object of no known kind"},
		{"{\"kind\":\"package\"}\n", "line 3: package without name"},
		{PKG("a"), "line 3: package that was there before"},
		{PATH("f", "\"a_x\"", HASHED), "line 3: not an absolute path"},
		{PATH("/f", "", HASHED), "line 3: path in no slice"},
		{PATH("/f", "7", HASHED), "line 3: slice is not \"package_name\""},
		{PATH("/f", "\"a-x\"", HASHED), "line 3: slice is not \"package_name\""},
		{PATH("/f", "\"_x\"", HASHED), "line 3: slice is not \"package_name\""},
		{PATH("/f", "\"c_x\"", HASHED), "line 3: slice of an unknown package"},
		{PATH("/f", "\"a_x\"", ",\"sha256\":\"1234\""), "line 3: sha256 is none"},
		{PATH("/f", "\"a_x\"", ",\"sha256\":\"" HASH_A "\",\"size\":-1"),
		 "line 3: size is no number"},
		{PATH("/f", "\"a_x\"", ",\"inode\":1e99"), "line 3: inode is no number"},
		{"{\"kind\":\"path\",\"path\":\"/f\",\"mode\":\"0999\",\"slices\":[\"a_x\"]}\n",
		 "line 3: mode is no octal number"},
		{"{\"kind\":\"path\",\"path\":\"/f\",\"mode\":\"070000\",\"slices\":[\"a_x\"]}\n",
		 "line 3: mode is no octal number"},
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(cases); i++) {
		char text[2048], expected[1024];

		snprintf(text, sizeof(text), "%s%s%s%s", HEAD("4"), PKG("a"), cases[i].line,
			 PATH("/z", "\"a_x\"", HASHED));
		snprintf(expected, sizeof(expected), "E corrupt - %s\n", cases[i].message);
		load(*state, text);
		if (!strstr(((struct backend_log *)*state)->text.ptr, expected))
			fail_msg("%s", ((struct backend_log *)*state)->text.ptr);
		snprintf(expected, sizeof(expected), "%sC z 100644 0 1 8:%s -\n", P("a"), HASH_A);
		assert_non_null(strstr(((struct backend_log *)*state)->text.ptr, expected));
	}
}

static void long_line(void **state)
{
	struct wd_buf text = WD_BUF_INIT;

	wd_buf_str(&text, HEAD("4") PKG("a") "{\"kind\":\"");
	for (size_t i = 0; i < 200000; i++)
		wd_buf_byte(&text, 'x');
	wd_buf_str(&text, "\"}\n" PATH("/z", "\"a_x\"", HASHED));
	wd_buf_byte(&text, '\0');
	expect(state, text.ptr,
	       F "E corrupt - line 3: too long\n" P("a") "C z 100644 0 1 8:" HASH_A " -\nR ok");
	wd_buf_done(&text);
}

static void many_errors(void **state)
{
	struct wd_buf text = WD_BUF_INIT;
	const char *log;
	int lines = 0;

	wd_buf_str(&text, HEAD("100"));
	for (int i = 0; i < 99; i++)
		wd_buf_str(&text, "x\n");
	wd_buf_byte(&text, '\0');
	log = load(*state, text.ptr);
	assert_non_null(strstr(log, "E corrupt - further errors are not shown\nR ok"));
	for (; *log; log++)
		lines += *log == '\n';
	assert_int_equal(lines, 22);
	wd_buf_done(&text);
}

static void header(void **state)
{
	expect(state, "", F "R not-mine");
	expect(state, "x\n", F "R not-mine");
	expect(state, "{\"kind\":\"package\"}\n", F "R not-mine");
	expect(state, "{\"jsonwall\":\"2.0\",\"schema\":\"1.0\",\"count\":1}\n",
	       F "E unsupported - line 1: jsonwall 2.0, schema 1.0\nR unsupported");
	expect(state, "{\"jsonwall\":\"1.0\",\"schema\":\"2.0\",\"count\":1}\n",
	       F "E unsupported - line 1: jsonwall 1.0, schema 2.0\nR unsupported");
	expect(state, "{\"jsonwall\":\"1.0\",\"schema\":\"1.0\"}\n",
	       F "E corrupt - line 1: no count of lines\nR ok");
	expect(state, HEAD("3") PKG("a"),
	       F P("a") "E corrupt - line 1: counts 3 lines where there are 2\nR ok");
}

static void not_zstd(void **state)
{
	backend_log_puts(*state, WALL, HEAD("1"));
	assert_string_equal(backend_log_load(*state, WALL, 0), F "R not-mine");
	backend_log_puts(*state, WALL, "");
	assert_string_equal(backend_log_load(*state, WALL, 0), F "R not-mine");
	assert_string_equal(backend_log_load(*state, "var/lib/chisel", 0), "R not-mine");
}

/* What came before the end of a manifest that is cut off, or before other bytes, stands. */
static void cut_off(void **state)
{
	struct backend_log *log = *state;
	char packed[4096], text[] = HEAD("3") PKG("a") PATH("/f", "\"a_x\"", HASHED);
	size_t len = ZSTD_compress(packed, sizeof(packed), text, strlen(text), 1);

	assert_false(ZSTD_isError(len));
	backend_log_put(log, WALL, packed, len - 1);
	assert_string_equal(backend_log_load(log, WALL, 0), F "R corrupt");
	memcpy(packed + len, "garbage", 7);
	backend_log_put(log, WALL, packed, len + 7);
	assert_string_equal(backend_log_load(log, WALL, 0),
			    F P("a") "C f 100644 0 1 8:" HASH_A " -\nR corrupt");
}

/* A small file that says it needs a window of gigabytes, and one that has gigabytes of lines. */
static void bombs(void **state)
{
	static const size_t line = 64 << 10, lines = (300 << 20) / (64 << 10);
	struct backend_log *log = *state;
	ZSTD_CCtx *ctx = ZSTD_createCCtx();
	char *text = malloc(line), *packed = malloc(line);
	ZSTD_outBuffer out = {packed, line, 0};

	assert_true(ctx && text && packed);
	memset(text, 'x', line);
	text[line - 1] = '\n';
	for (size_t i = 0; i < lines; i++) {
		ZSTD_inBuffer in = {text, line, 0};

		if (i == 0)
			memcpy(text, HEAD("9"), strlen(HEAD("9")));
		assert_false(ZSTD_isError(ZSTD_compressStream2(ctx, &out, &in, ZSTD_e_continue)));
		assert_int_equal(in.pos, line);
		memset(text, 'x', strlen(HEAD("9")));
	}
	assert_int_equal(ZSTD_compressStream2(ctx, &out, &(ZSTD_inBuffer){"", 0, 0}, ZSTD_e_end),
			 0);
	backend_log_put(log, WALL, packed, out.pos);
	assert_non_null(strstr(backend_log_load(log, WALL, 0), "R limit"));
	/* RFC 8878, 3.1.1.1.2: exponent 20, a window of 1 GiB, in a frame without its size */
	backend_log_put(log, WALL, "\x28\xb5\x2f\xfd\x00\xa0\x01\x00\x00", 9);
	assert_string_equal(backend_log_load(log, WALL, 0), F "R limit");
	ZSTD_freeCCtx(ctx);
	free(text);
	free(packed);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, backend_log_setup, backend_log_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kinds),	TEST(final_digest), TEST(owners),      TEST(hard_links),
		TEST(bad_line), TEST(long_line),    TEST(many_errors), TEST(header),
		TEST(not_zstd), TEST(cut_off),	    TEST(bombs),
	};

	return cmocka_run_group_tests_name("chisel", tests, NULL, NULL);
}
