/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The homebrew backend on cellars made here. */
#include "backend-log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define CELLAR "home/linuxbrew/.linuxbrew/Cellar"
#define RECEIPT "/INSTALL_RECEIPT.json"
#define TAB                                                                                        \
	"{\"homebrew_version\":\"4.4.0\",\"arch\":\"x86_64\",\"source\":{\"tap\":\"homebrew/"      \
	"core\"}}"
#define F "F cellar\n"

static void kegs(void **state)
{
	backend_log_puts(*state, CELLAR "/jq/1.7.1" RECEIPT, TAB);
	backend_log_puts(*state, CELLAR "/python@3.12/3.12.1_1" RECEIPT, TAB);
	backend_log_puts(*state, CELLAR "/python@3.12/3.12.2" RECEIPT, "{}");
	assert_string_equal(backend_log_load(*state, CELLAR, 0),
			    F "P jq 1.7.1 x86_64 - - - - 0\nC " CELLAR "/jq/1.7.1 0 400 - 0: -\n"
			      "P python@3.12 3.12.1_1 x86_64 - - - - 0\nC " CELLAR
			      "/python@3.12/3.12.1_1 0 400 - 0: -\n"
			      "P python@3.12 3.12.2 - - - - - 0\nC " CELLAR
			      "/python@3.12/3.12.2 0 400 - 0: -\nR ok");
}

/* A directory of that name is a cellar by its receipts alone. */
static void wine(void **state)
{
	struct backend_log *log = *state;

	backend_log_puts(log, "srv/Cellar/Pomerol/1990/label.txt", "");
	backend_log_puts(log, "srv/Cellar/list.txt", "");
	assert_string_equal(backend_log_load(log, "srv/Cellar", 0), "R absent");
	assert_string_equal(backend_log_load(log, "srv/Cellar/list.txt", 0), "R not-mine");
	assert_int_equal(mkdirat(log->fd, "empty", 0755), 0);
	assert_string_equal(backend_log_load(log, "empty", 0), "R absent");
}

/* The keg is there whatever its receipt says; links to kegs are none. */
static void bad_receipts(void **state)
{
	struct backend_log *log = *state;

	backend_log_puts(log, CELLAR "/a/1" RECEIPT, "{");
	backend_log_puts(log, CELLAR "/b/1" RECEIPT "/x", "");
	backend_log_puts(log, CELLAR "/c/1/x", "");
	backend_log_puts(log, CELLAR "/d/1" RECEIPT, "7");
	assert_int_equal(symlinkat("/etc/passwd", log->fd, CELLAR "/c/1" RECEIPT), 0);
	assert_int_equal(symlinkat("1", log->fd, CELLAR "/a/2"), 0);
	assert_int_equal(symlinkat("a", log->fd, CELLAR "/z"), 0);
	assert_string_equal(backend_log_load(log, CELLAR, 0),
			    "E corrupt " CELLAR "/a/1" RECEIPT " byte 0: not JSON\n" F
			    "P a 1 - - - - - 0\nC " CELLAR "/a/1 0 400 - 0: -\n"
			    "E not-regular " CELLAR "/b/1" RECEIPT " not a regular file\n"
			    "P b 1 - - - - - 0\nC " CELLAR "/b/1 0 400 - 0: -\n"
			    "E not-regular " CELLAR "/c/1" RECEIPT " not a regular file\n"
			    "P c 1 - - - - - 0\nC " CELLAR "/c/1 0 400 - 0: -\n"
			    "P d 1 - - - - - 0\nC " CELLAR "/d/1 0 400 - 0: -\nR ok");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, backend_log_setup, backend_log_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(kegs), TEST(wine), TEST(bad_receipts)};

	return cmocka_run_group_tests_name("homebrew", tests, NULL, NULL);
}
