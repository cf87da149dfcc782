/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The contents backend on lists made here, a defect or oddity each. */
#include "backend-log.h"
#include "pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define LIST "Contents-amd64"

static void expect_packed(void **state, struct wd_blob bytes, const char *expected)
{
	backend_log_put(*state, LIST, bytes.ptr, bytes.len);
	assert_string_equal(backend_log_load(*state, LIST, 0), expected);
}

static void expect(void **state, const char *text, const char *expected)
{
	expect_packed(state, wd_blob_str(text), expected);
}

#define CLAIM(path) "C " path " 0 0 - 0: -\n"
#define PKG(name) "P " name " - - - - - - 0\n"

/* Debian 12's spelling of a line, of one with several packages and of paths with blanks. */
static const char sample[] =
	"bin/ls                                                  utils/coreutils\n"
	"etc/a b/c d.css web/shellinabox\n"
	"usr/bin/ls\t\t\tutils/coreutils\n"
	"usr/lib/x/y   contrib/net/one,utils/coreutils,two\n"
	"var/tail  non-free/libs/one";
static const char sample_log[] =
	"F contents\n" PKG("coreutils") CLAIM("bin/ls") CLAIM("usr/bin/ls") CLAIM("usr/lib/x/y")
		PKG("shellinabox") CLAIM("etc/a b/c d.css") PKG("one") CLAIM("usr/lib/x/y")
			PKG("two") CLAIM("usr/lib/x/y") PKG("one") CLAIM("var/tail") "R ok";

static void lines(void **state)
{
	expect(state, sample, sample_log);
	expect(state, "", "F contents\nR ok");
	expect(state, "top  a/b\r\n\n./usr//x/ a/b\n/bin/y a/b\n",
	       "F contents\n" PKG("b") CLAIM("top") "C ./usr//x 0 0 - 0: -\n"
						    "C /bin/y 0 0 - 0: -\nR ok");
}

static void compressed(void **state)
{
	static const char *const filters[] = {"gzip", "xz", "zstd", "lz4", "bzip2"};

	for (size_t i = 0; i < WD_ARRAY_SIZE(filters); i++) {
		WD_CLEANUP_BUF struct wd_buf packed = pack(filters[i], wd_blob_str(sample));

		expect_packed(state, wd_buf_view(&packed), sample_log);
	}
}

static void head(void **state)
{
	expect(state,
	       "This file maps each file available in the Debian GNU/Linux system to\n"
	       "the package from which it originates.\n\nbin/no  x/no\n"
	       "FILE                                                    LOCATION\n"
	       "bin/ls    utils/coreutils\nbad\n",
	       "F contents\nE corrupt - line 7: not PATH [SECTION/]PACKAGE\n" PKG("coreutils")
		       CLAIM("bin/ls") "R ok");
	expect(state, "FILE LOCATION\n", "F contents\nR ok");
}

static void bad_lines(void **state)
{
	expect(state, "a x/p\nbad\n x/only\nb x/\nc x/p,,x/q\nd x/p;q\ne /p\nf x/p\n",
	       "F contents\nE corrupt - line 2: not PATH [SECTION/]PACKAGE\n"
	       "E corrupt - line 3: not PATH [SECTION/]PACKAGE\n"
	       "E corrupt - line 4: not PATH [SECTION/]PACKAGE\n"
	       "E corrupt - line 5: not PATH [SECTION/]PACKAGE\n"
	       "E corrupt - line 6: not PATH [SECTION/]PACKAGE\n"
	       "E corrupt - line 7: not PATH [SECTION/]PACKAGE\n" PKG("p") CLAIM("a") CLAIM("c")
		       CLAIM("f") PKG("q") CLAIM("c") "R ok");
}

/* Nothing is handed over for what is another kind of file. */
static void not_mine(void **state)
{
	static const char *const texts[] = {
		"<!DOCTYPE html>\n<html>\n",
		"\x7f"
		"ELF\n",
		"\n",
		"word\n",
		"Package: x\nVersion: 1\n<p>\n",
		"usr/bin/x  <b>\n",
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(texts); i++)
		expect(state, texts[i],
		       i == 4 ? "F contents\nE corrupt - line 3: not PATH [SECTION/]PACKAGE\n" PKG(
					"x") CLAIM("Package:") PKG("1") CLAIM("Version:") "R ok"
			      : "R not-mine");
}

static void of_sources(void **state)
{
	backend_log_puts(*state, "Contents-source.gz", "debian/control  x\n");
	assert_string_equal(backend_log_load(*state, "Contents-source.gz", 0), "R unsupported");
}

static void long_line(void **state)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;

	wd_buf_str(&text, "a x/p\n");
	for (size_t i = 0; i < 3u << 20; i++)
		wd_buf_byte(&text, 'y');
	wd_buf_str(&text, " x/long\nb x/p\nbad\n");
	expect_packed(state, wd_buf_view(&text),
		      "F contents\nE limit - line 2: longer than 1048576 bytes\n"
		      "E corrupt - line 4: not PATH [SECTION/]PACKAGE\n" PKG("p") CLAIM("a")
			      CLAIM("b") "R ok");
	/* without an end */
	wd_buf_done(&text);
	for (size_t i = 0; i < 3u << 20; i++)
		wd_buf_byte(&text, i < 6 ? "a x/p\n"[i] : 'y');
	expect_packed(state, wd_buf_view(&text),
		      "F contents\nE limit - line 2: longer than 1048576 bytes\n" PKG("p")
			      CLAIM("a") "R ok");
}

/* The head of what was cut is kept, and no half of a line. */
static void cut_off(void **state)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT, packed = WD_BUF_INIT;
	const char *log;

	for (unsigned i = 0; i < 200000; i++)
		wd_buf_printf(&text, "usr/%u/%x x/p\n", i, i * 2654435761u);
	packed = pack("gzip", wd_buf_view(&text));
	backend_log_put(*state, LIST, packed.ptr, packed.len / 2);
	log = backend_log_load(*state, LIST, 0);
	assert_non_null(strstr(log, "E corrupt - line "));
	assert_non_null(strstr(log, ": truncated gzip input\nP p "));
	assert_non_null(strstr(log, CLAIM("usr/50000/b307da50")));
	assert_non_null(strstr(log, "\nR corrupt"));
	/* damage in the middle (of xz: libarchive does not look at gzip's checksum) */
	wd_buf_done(&packed);
	packed = pack("xz", wd_buf_view(&text));
	packed.ptr[packed.len / 2] ^= 0x55;
	backend_log_put(*state, LIST, packed.ptr, packed.len);
	log = backend_log_load(*state, LIST, 0);
	assert_non_null(strstr(log, "\nE corrupt - line "));
	assert_non_null(strstr(log, CLAIM("usr/50000/b307da50")));
	assert_non_null(strstr(log, "\nR corrupt"));
}

static void nested(void **state)
{
	WD_CLEANUP_BUF struct wd_buf once = pack("gzip", wd_blob_str(sample));
	WD_CLEANUP_BUF struct wd_buf twice = pack("xz", wd_buf_view(&once));

	expect_packed(state, wd_buf_view(&twice),
		      "E unsupported - compressed twice\nR unsupported");
}

/* More than 2 GiB of text, of a file of 2 MB: gzip's parts, one behind the other. */
static void bomb(void **state)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT, packed = WD_BUF_INIT, all = WD_BUF_INIT;
	const char *log;

	if (getenv("WD_SANITIZED") && *getenv("WD_SANITIZED"))
		return; /* a minute there */
	wd_buf_str(&text, "a x/p\n");
	assert_int_equal(wd_buf_reserve(&text, 32u << 20), 0);
	memset(text.ptr + text.len, '\n', text.cap - text.len);
	text.len = text.cap;
	packed = pack("gzip", wd_buf_view(&text));
	for (size_t n = 0; n <= (2048u << 20) / text.len; n++)
		wd_buf_blob(&all, wd_buf_view(&packed));
	assert_true(all.status == 0 && all.len < 4u << 20);
	backend_log_put(*state, LIST, all.ptr, all.len);
	log = backend_log_load(*state, LIST, 0);
	assert_non_null(strstr(log, ": too much text\nP p "));
	assert_non_null(strstr(log, "\nR limit"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, backend_log_setup, backend_log_teardown)
	const struct CMUnitTest tests[] = {
		TEST(lines),	  TEST(compressed), TEST(head),	   TEST(bad_lines), TEST(not_mine),
		TEST(of_sources), TEST(long_line),  TEST(cut_off), TEST(nested),    TEST(bomb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
