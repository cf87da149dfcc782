/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The conda backend on prefixes made here. */
#include "backend-log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define META "opt/conda/conda-meta"
#define RECORD META "/a-1.0-h1_0.json"
#define HASH_A "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define HASH_B "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"
#define HEAD                                                                                       \
	"\"name\":\"a\",\"version\":\"1.0\",\"build\":\"h1_0\",\"subdir\":\"linux-64\","           \
	"\"channel\":\"https://conda.anaconda.org/conda-forge/linux-64\""
#define PATHS(list) "{" HEAD ",\"paths_data\":{\"paths_version\":1,\"paths\":[" list "]}}"
#define F "F conda-meta\n"
#define P "P a 1.0 linux-64 - - - - 0\n"

static void expect(void **state, const char *text, const char *expected)
{
	backend_log_puts(*state, RECORD, text);
	assert_string_equal(backend_log_load(*state, META, 0), expected);
}

static void paths(void **state)
{
	expect(state,
	       "{" HEAD ",\"files\":[\"bin/a\",\"lib/a.pyc\",\"bin/a\"],\"paths_data\":{\"paths\":["
	       "{\"_path\":\"bin/a\",\"path_type\":\"hardlink\",\"sha256\":\"" HASH_A
	       "\",\"sha256_in_prefix\":\"" HASH_A "\",\"size_in_bytes\":7},"
	       "{\"_path\":\"lib/l\",\"path_type\":\"softlink\",\"sha256\":\"" HASH_A
	       "\",\"size_in_bytes\":7},"
	       "{\"_path\":\"var/empty\",\"path_type\":\"directory\"}]}}",
	       F P "C opt/conda/bin/a 100000 0 7 8:" HASH_A " -\n"
		   "C opt/conda/lib/l 120000 0 - 0: -\n"
		   "C opt/conda/var/empty 40000 0 - 0: -\n"
		   "C opt/conda/lib/a.pyc 0 0 - 0: -\nR ok");
}

/* What the package had before its prefix was replaced is not what is there. */
static void replaced_prefix(void **state)
{
	expect(state,
	       PATHS("{\"_path\":\"x\",\"path_type\":\"hardlink\",\"sha256\":\"" HASH_A
		     "\",\"size_in_bytes\":7,\"prefix_placeholder\":\"/p\"},"
		     "{\"_path\":\"y\",\"path_type\":\"hardlink\",\"sha256\":\"" HASH_A
		     "\",\"sha256_in_prefix\":\"" HASH_B
		     "\",\"size_in_bytes\":7,\"prefix_placeholder\":\"/p\"}"),
	       F P "C opt/conda/x 100000 0 - 0: -\nC opt/conda/y 100000 0 - 8:" HASH_B " -\nR ok");
}

/* conda before 4.3 */
static void only_files(void **state)
{
	expect(state, "{" HEAD ",\"files\":[\"bin/a\",7,\"\"]}",
	       F P "C opt/conda/bin/a 0 0 - 0: -\nR ok");
	backend_log_puts(*state, "conda-meta/b.json", "{\"name\":\"b\",\"files\":[\"bin/b\"]}");
	assert_string_equal(backend_log_load(*state, "conda-meta", 0),
			    F "P b - - - - - - 0\nC bin/b 0 0 - 0: -\nR ok");
}

static void bad_entries(void **state)
{
	expect(state,
	       PATHS("{},7,{\"_path\":\"x\",\"sha256\":\"12\"},{\"_path\":\"y\",\"size_in_bytes\":-"
		     "1}"),
	       F P "E corrupt " RECORD " path without name\nE corrupt " RECORD
		   " path without name\nE corrupt " RECORD " path x: sha256 is none\n"
		   "C opt/conda/x 100000 0 - 0: -\nC opt/conda/y 100000 0 - 0: -\nR ok");
}

/* A bad record costs itself. */
static void bad_records(void **state)
{
	struct backend_log *log = *state;

	backend_log_puts(log, META "/history", "==> 2026 <==\n");
	backend_log_puts(log, META "/b.json", "{");
	backend_log_puts(log, META "/c.json", "{\"version\":\"1\"}");
	backend_log_puts(log, META "/d.json", "[]");
	backend_log_puts(log, META "/e.json/x", "");
	expect(state, "{" HEAD "}",
	       F P "E corrupt " META "/b.json byte 0: not JSON\nE corrupt " META
		   "/c.json no name\nE corrupt " META "/d.json no name\nE not-regular " META
		   "/e.json not a regular file\nR ok");
}

static void no_records(void **state)
{
	backend_log_puts(*state, META "/history", "");
	assert_string_equal(backend_log_load(*state, META, 0), "R absent");
	assert_string_equal(backend_log_load(*state, META "/history", 0), "R not-mine");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, backend_log_setup, backend_log_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(paths),	   TEST(replaced_prefix), TEST(only_files),
		TEST(bad_entries), TEST(bad_records),	  TEST(no_records),
	};

	return cmocka_run_group_tests_name("conda", tests, NULL, NULL);
}
