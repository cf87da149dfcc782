/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inventory backend on lists made here, after osv-scalibr's and trivy's test data. */
#include "backend-log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COS "etc/cos-package-info.json"
#define BOTTLEROCKET "usr/share/bottlerocket/application-inventory.json"
#define ZLIB                                                                                       \
	"{\"category\":\"sys-libs\",\"name\":\"zlib\",\"version\":\"17162.336.17\","               \
	"\"ebuild_version\":\"1.2.11-r5\"}"
#define ZLIB_LINE "P zlib 17162.336.17 - sys-libs/zlib - - - 80\n"
#define GLIBC(epoch)                                                                               \
	"{\"Name\":\"glibc\",\"Publisher\":\"bottlerocket-core-kit\",\"Version\":\"2.40\","        \
	"\"Release\":\"1.br1\",\"Epoch\":\"" epoch "\",\"ApplicationType\":\"Unspecified\","       \
	"\"Architecture\":\"x86_64\",\"Url\":\"http://www.gnu.org/\"}"

static void expect(void **state, const char *path, const char *text, const char *expected)
{
	backend_log_puts(*state, path, text);
	assert_string_equal(backend_log_load(*state, path, 0), expected);
}

static void container_optimized_os(void **state)
{
	expect(state, COS,
	       "{\"installedPackages\":[" ZLIB ",{\"name\":\"x\",\"version\":\"1\"}],"
	       "\"buildTimePackages\":[{\"name\":\"gcc\"}]}",
	       "F cos-package-info\n" ZLIB_LINE "P x 1 - - - - - 80\nR ok");
}

static void bottlerocket(void **state)
{
	expect(state, BOTTLEROCKET,
	       "{\"Content\":[" GLIBC("1") "," GLIBC("0") ",{\"Name\":\"bare\"}]}",
	       "F application-inventory\n"
	       "P glibc 1:2.40-1.br1 x86_64 - - http://www.gnu.org/ - 80\n"
	       "P glibc 2.40-1.br1 x86_64 - - http://www.gnu.org/ - 80\n"
	       "P bare - - - - - - 80\nR ok");
}

static void bad_items(void **state)
{
	static const char *const bad[] = {"{}",		 "7", "[]", "null", "{\"name\":\"\"}",
					  "{\"name\":7}"};

	for (size_t i = 0; i < WD_ARRAY_SIZE(bad); i++) {
		char text[512];

		snprintf(text, sizeof(text), "{\"installedPackages\":[%s,%s]}", bad[i], ZLIB);
		expect(state, COS, text,
		       "F cos-package-info\nE corrupt - installedPackages 1: no name\n" ZLIB_LINE
		       "R ok");
	}
	expect(state, BOTTLEROCKET, "{\"Content\":[" GLIBC("x") "," GLIBC("4294967296") "]}",
	       "F application-inventory\nE corrupt - glibc: epoch is no number\n"
	       "E corrupt - glibc: epoch is no number\nR ok");
}

static void many_errors(void **state)
{
	struct wd_buf text = WD_BUF_INIT;
	const char *log;
	int lines = 0;

	wd_buf_str(&text, "{\"Content\":[");
	for (int i = 0; i < 99; i++)
		wd_buf_str(&text, "1,");
	wd_buf_append(&text, "1]}", 4);
	backend_log_puts(*state, BOTTLEROCKET, text.ptr);
	for (log = backend_log_load(*state, BOTTLEROCKET, 0); *log; log++)
		lines += *log == '\n';
	assert_int_equal(lines, 22);
	wd_buf_done(&text);
}

static void bad_files(void **state)
{
	expect(state, COS, "{}", "R not-mine");
	expect(state, COS, "[]", "R not-mine");
	expect(state, COS, "{\"installedPackages\":{}}", "R not-mine");
	expect(state, COS, "", "E corrupt - byte 0: not JSON\nR corrupt");
	expect(state, COS, "{\"installedPackages\":[", "E corrupt - byte 21: not JSON\nR corrupt");
	assert_string_equal(backend_log_load(*state, "etc", 0), "R not-mine");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, backend_log_setup, backend_log_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(container_optimized_os),
		TEST(bottlerocket),
		TEST(bad_items),
		TEST(many_errors),
		TEST(bad_files),
	};

	return cmocka_run_group_tests_name("inventory", tests, NULL, NULL);
}
