/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The portage backend on databases made here, a defect or oddity each. */
#include "backend-log.h"
#include "common.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#define DB "var/db/pkg"
#define MD5 "0cc175b9c0f1b6a831c399e269772661"

static void expect(void **state, const char *expected)
{
	assert_string_equal(backend_log_load(*state, DB, 0), expected);
}

/* A package with these CONTENTS and what is pushed of them. */
static void expect_contents(void **state, const char *contents, const char *expected)
{
	WD_CLEANUP_BUF struct wd_buf all = WD_BUF_INIT;

	backend_log_puts(*state, DB "/app-misc/a-1/CONTENTS", contents);
	wd_buf_printf(&all, "F vdb\nP app-misc/a 1 - - - - - 0\n%sR ok", expected);
	wd_buf_byte(&all, '\0');
	expect(state, all.ptr);
}

/* A package of that name alone, and what it is cut into; NULL: refused. */
static void expect_split(void **state, const char *pf, const char *expected)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;

	backend_log_teardown(state);
	assert_int_equal(backend_log_setup(state), 0);
	wd_buf_printf(&text, DB "/c/%s/SLOT", pf);
	wd_buf_byte(&text, '\0');
	backend_log_puts(*state, text.ptr, "0\n");
	text.len = 0;
	if (expected)
		wd_buf_printf(&text, "F vdb\nP c/%s - - - - - 80\nR ok", expected);
	else
		wd_buf_printf(&text, "F vdb\nE corrupt " DB "/c/%s ", pf);
	wd_buf_byte(&text, '\0');
	assert_memory_equal(backend_log_load(*state, DB, 0), text.ptr, text.len - 1 - !expected);
}

static void fields(void **state)
{
	struct backend_log *log = *state;

	backend_log_puts(log, DB "/sys-libs/glibc-2.38-r10/CONTENTS", "");
	backend_log_puts(log, DB "/sys-libs/glibc-2.38-r10/CHOST", "x86_64-pc-linux-gnu\n");
	backend_log_puts(log, DB "/sys-libs/glibc-2.38-r10/SIZE", "61234567\n");
	backend_log_puts(log, DB "/sys-libs/glibc-2.38-r10/HOMEPAGE",
			 "https://www.gnu.org/software/libc/ https://x.org/\n");
	backend_log_puts(log, DB "/app-misc/b-2/SIZE", "many\n");
	expect(state, "F vdb\nP app-misc/b 2 - - - - - 80\nP sys-libs/glibc 2.38-r10 x86_64 - - "
		      "https://www.gnu.org/software/libc/ 61234567 0\nR ok");
}

/* PMS 3.1.2 and 3.2; each agrees with portage.versions.catpkgsplit() */
static void names(void **state)
{
	static const char *const good[][2] = {
		{"a-1", "a 1"},
		{"a-1-r1", "a 1-r1"},
		{"a-b-c-1.2.3", "a-b-c 1.2.3"},
		{"a-1.2b_alpha1_p20200101-r3", "a 1.2b_alpha1_p20200101-r3"},
		{"a_b+-9999", "a_b+ 9999"},
		{"font-adobe-100dpi-1.0.3", "font-adobe-100dpi 1.0.3"},
		{"r1-1", "r1 1"},
		{"a-r1-1", "a-r1 1"},
		{"a-1_rc", "a 1_rc"},
		{"db-4.8.30-r2", "db 4.8.30-r2"},
		{"7zip-23.01", "7zip 23.01"},
		{"1-2", "1 2"},
	};
	static const char *const bad[] = {
		"a",	"a-",	 "a-r1",  "a-1-",   "a-1.",    "a-1..2",    "a-1-r",	"a-1-rx",
		"a-b",	"a-1B",	 "a-1ab", "a-1_x1", "a-1_p1x", "a-1-2",	    "a-1-r1-2", "-1",
		"+a-1", "a.b-1", "a b-1", "a-v1",   "1",       "a-1-r1-r2",
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(good); i++)
		expect_split(state, good[i][0], good[i][1]);
	for (size_t i = 0; i < WD_ARRAY_SIZE(bad); i++)
		expect_split(state, bad[i], NULL);
}

static void contents(void **state)
{
	expect_contents(state,
			"dir /usr\nobj /usr/bin/a b " MD5
			" 1700000000\nsym /usr/x y -> ../a -> b 17\n"
			"fif /run/p\ndev /dev/null\n\ndir /a dir\n"
			"sym /old -> t (1, 2L, 3L, 4, 5, 6, 7L, 8, 9, 10)\n",
			"C usr 40000 0 - 0: -\nC /usr/bin/a b 100000 0 - 1:" MD5 " -\n"
			"C /usr/x y -> ../a 120000 0 - 0: b\nC /run/p 10000 0 - 0: -\n"
			"C /dev/null 0 0 - 0: -\nC a dir 40000 0 - 0: -\n"
			"C old 120000 0 - 0: t\n");
}

static void bad_contents(void **state)
{
	static const struct {
		const char *line, *fault;
	} bad[] = {
		{"obj", "neither obj, sym, dir, fif nor dev"},
		{"obj ", "obj without time"},
		{"obj /a", "obj without time"},
		{"obj /a " MD5, "obj without time"},
		{"obj /a " MD5 " x", "obj without time"},
		{"obj /a 0cc1 1", "obj without MD5"},
		{"obj " MD5 " 1", "obj without MD5"},
		{"obj /a  1", "obj without MD5"},
		{"sym /a -> b", "sym without time"},
		{"sym /a b 1", "sym without target"},
		{"sym /a ->  1", "sym without target"},
		{"sym  -> b 1", "sym without target"},
		{"sym /a -> b 1)", "sym without time"},
		{"dir ", "no path"},
		{"bin /a", "neither obj, sym, dir, fif nor dev"},
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(bad); i++) {
		char text[256], expected[256];

		snprintf(text, sizeof(text), "dir /a\n%s\ndir /b\n", bad[i].line);
		snprintf(expected, sizeof(expected),
			 "C a 40000 0 - 0: -\nE corrupt " DB "/app-misc/a-1 CONTENTS: line 2: %s\n"
			 "C b 40000 0 - 0: -\n",
			 bad[i].fault);
		expect_contents(state, text, expected);
	}
}

static void many_faults(void **state)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;
	const char *got;
	unsigned int errors = 0;

	for (size_t i = 0; i < 1000; i++)
		wd_buf_str(&text, "x\n");
	wd_buf_byte(&text, '\0');
	backend_log_puts(*state, DB "/app-misc/a-1/CONTENTS", text.ptr);
	got = backend_log_load(*state, DB, 0);
	assert_non_null(strstr(got, "further errors are not shown"));
	for (const char *p = got; (p = strstr(p, "\nE ")); p++)
		errors++;
	assert_int_equal(errors, WD_FAULTS_MAX + 1);
}

/* What Portage passes over, too. */
static void passed_over(void **state)
{
	struct backend_log *log = *state;

	backend_log_puts(log, DB "/.cache/a-1/CONTENTS", "");
	backend_log_puts(log, DB "/CVS/a-1/CONTENTS", "");
	backend_log_puts(log, DB "/app-misc/-MERGING-a-1/CONTENTS", "");
	backend_log_puts(log, DB "/app-misc/.a-1.lock", "");
	backend_log_puts(log, DB "/app-misc/note", "");
	backend_log_puts(log, DB "/world", "");
	expect(state, "F vdb\nR ok");
}

static void odd_files(void **state)
{
	struct backend_log *log = *state;

	backend_log_puts(log, DB "/app-misc/a-1/SIZE/x", "");
	backend_log_puts(log, DB "/app-misc/b-1/x", "");
	assert_int_equal(symlinkat("/etc/passwd", log->fd, DB "/app-misc/b-1/CONTENTS"), 0);
	assert_int_equal(symlinkat("b-1", log->fd, DB "/app-misc/c-1"), 0);
	assert_int_equal(symlinkat("app-misc", log->fd, DB "/app-office"), 0);
	assert_int_equal(mkdirat(log->fd, DB "/no category", 0755), 0);
	expect(state, "F vdb\n"
		      "E not-regular " DB "/app-misc/a-1 SIZE: not a regular file\n"
		      "P app-misc/a 1 - - - - - 80\n"
		      "E not-regular " DB "/app-misc/b-1 CONTENTS: not a regular file\n"
		      "P app-misc/b 1 - - - - - 80\n"
		      "E not-regular " DB "/app-misc/c-1 not a regular file\n"
		      "E not-regular - app-office: not a regular file\n"
		      "E corrupt - no category: not a category\nR ok");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, backend_log_setup, backend_log_teardown)
	const struct CMUnitTest tests[] = {
		TEST(fields),	   TEST(names),	      TEST(contents),  TEST(bad_contents),
		TEST(many_faults), TEST(passed_over), TEST(odd_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
