/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The nix backend on stores and databases made here, a defect or oddity each. */
#include "backend-log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#define H "0123456789abcdfghijklmnpqrsvwxyz"
#define G "1123456789abcdfghijklmnpqrsvwxyz"
#define STORE "nix/store/"
#define DB "nix/var/nix/db/db.sqlite"
#define SCHEMA                                                                                     \
	"CREATE TABLE ValidPaths (id integer primary key autoincrement not null, path text "       \
	"unique "                                                                                  \
	"not null, hash text not null, registrationTime integer not null, deriver text, narSize "  \
	"integer, ultimate integer, sigs text, ca text);"
#define ROW(path, deriver, size, sigs)                                                             \
	"INSERT INTO ValidPaths (path, hash, registrationTime, deriver, narSize, sigs) VALUES "    \
	"('" path "', 'sha256:0', 1, " deriver ", " size ", " sigs ");"
#define CLAIM(entry) "C nix/store/" entry " 0 400 - 0: -\n"

static void entry(void **state, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), STORE "%s/x", name);
	backend_log_puts(*state, path, "");
}

static void sql(void **state, const char *text)
{
	struct backend_log *log = *state;
	char path[512];
	sqlite3 *db;

	backend_log_puts(log, DB, "");
	snprintf(path, sizeof(path), "%s/" DB, log->root);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void expect(void **state, const char *expected)
{
	assert_string_equal(backend_log_load(*state, "nix", 0), expected);
}

/* builtins.parseDrvName; the expected values are nix-instantiate's */
static void names(void **state)
{
	static const char *const cases[][2] = {
		{"apache-httpd-2.0.48", "apache-httpd 2.0.48"},
		{"a", "a -"},
		{"a-b", "a-b -"},
		{"a-1", "a 1"},
		{"a-1-b", "a 1-b"},
		{"a--b", "a -b"},
		{"a-_b", "a _b"},
		{"a-", "a- -"},
		{"python3.11-foo-1.2", "python3.11-foo 1.2"},
		{"7zz-23.01", "7zz 23.01"},
		{"-1", "-1 1"},
		{"glibc-2.34-210-bin", "glibc 2.34-210"},
		{"texlive-bin", "texlive-bin -"},
		{"a-1-bin-2", "a 1-bin-2"},
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(cases); i++) {
		char name[256], expected[512];

		backend_log_teardown(state);
		assert_int_equal(backend_log_setup(state), 0);
		snprintf(name, sizeof(name), H "-%s", cases[i][0]);
		entry(state, name);
		snprintf(expected, sizeof(expected),
			 "F store\nP %s - - - - - 0\n" CLAIM(H "-%s") "R ok", cases[i][1],
			 cases[i][0]);
		expect(state, expected);
	}
}

static void passed_over(void **state)
{
	entry(state, ".links");
	entry(state, H);
	entry(state, H "-");
	entry(state, H "x-1");
	entry(state, "e" H "-a-1");
	entry(state, "E123456789abcdfghijklmnpqrsvwxyz-a-1");
	entry(state, H "-a b");
	entry(state, H "-a-1.drv");
	entry(state, H "-a-1.lock");
	entry(state, H "-a-1.drv.chroot");
	entry(state, "short-a-1");
	expect(state, "F store\nR ok");
}

static void no_store(void **state)
{
	backend_log_puts(*state, "nix/x", "");
	expect(state, "R absent");
	backend_log_puts(*state, "nix/store", "");
	expect(state, "R absent");
	unlinkat(((struct backend_log *)*state)->fd, "nix/store", 0);
	assert_int_equal(symlinkat("/etc", ((struct backend_log *)*state)->fd, "nix/store"), 0);
	expect(state, "R not-regular");
}

static void guix(void **state)
{
	backend_log_puts(*state, "gnu/store/" H "-hello-2.12/x", "");
	assert_string_equal(backend_log_load(*state, "gnu/store", 0),
			    "F store\nP hello 2.12 - - - - - 0\nC gnu/store/" H
			    "-hello-2.12 0 400 - 0: -\nR ok");
}

static void database(void **state)
{
	entry(state, G "-b-1-doc");
	entry(state, H "-a-1");
	entry(state, H "-left-2");
	entry(state, H "-left-2.lock");
	entry(state, H "-q.lock");
	sql(state,
	    SCHEMA ROW("/nix/store/" H "-gone-3", "NULL", "NULL",
		       "NULL") ROW("/nix/store/" G "-b-1-doc", "'/nix/store/" H "-b-1.drv'", "99",
				   "'cache.nixos.org-1:abc= x:y='")
		    ROW("/nix/store/" H "-a-1", "'/nix/store/" H "-c-1.drv'", "'x'",
			"''") ROW("/nix/store/" H "-c-1.drv", "NULL", "5", "NULL")
			    ROW("/nix/store/" H "-q.lock", "'unknown-deriver'", "6", "NULL"));
	expect(state,
	       "F nixdb\nP a 1 - c - - - 0\n" CLAIM(H "-a-1") "P gone 3 - - - - - 0\n" CLAIM(
		       H
		       "-go"
		       "ne-"
		       "3") "P left 2 - - - - - 2\n" CLAIM(H
							   "-left-2") "P q.lock - - - - - 6 "
								      "0\n" CLAIM(
									      H
									      "-q.lock") "P b "
											 "1 - "
											 "b - "
											 "- 99 "
											 "0"
											 "\n" CLAIM(
												 G
												 "-"
												 "b"
												 "-"
												 "1"
												 "-"
												 "d"
												 "o"
												 "c") "R"
												      " "
												      "o"
												      "k");
}

/* As Nix before 2.0 has it; and one path twice, which its schema forbids. */
static void old_database(void **state)
{
	entry(state, H "-a-1");
	sql(state, "CREATE TABLE ValidPaths (id integer primary key, path text, hash text, "
		   "registrationTime integer, deriver text, narSize integer);"
		   "INSERT INTO ValidPaths VALUES (1, '/nix/store/" H "-a-1', 'x', 1, NULL, 7), "
		   "(2, '/nix/store/" H "-a-1', 'x', 1, NULL, 7);");
	expect(state, "F nixdb\nP a 1 - - - - 7 0\n" CLAIM(H "-a-1") "R ok");
}

static void bad_rows(void **state)
{
	entry(state, H "-a-1");
	sql(state, SCHEMA ROW("/etc/passwd", "NULL", "1", "NULL")
			   ROW("/nix/store/" H "-a-1", "x'00'", "-1", "NULL")
				   ROW("/nix/store/" H "-a-1/x", "NULL", "1", "NULL")
					   ROW("/nix/store/../" H "-a-1", "NULL", "1",
					       "NULL") "INSERT INTO ValidPaths (path, hash, "
						       "registrationTime) VALUES (x'2f', 'x', 1);");
	expect(state, "E corrupt " DB " path 1: not in the store\n"
		      "E corrupt " DB " path 3: not in the store\n"
		      "E corrupt " DB " path 4: not in the store\n"
		      "E corrupt " DB " path 5: not in the store\n"
		      "F nixdb\nP a 1 - - - - - 0\n" CLAIM(H "-a-1") "R ok");
}

/* The store is read without its database then. */
static void bad_databases(void **state)
{
	static const char *const bad[] = {
		"CREATE TABLE x (y);",
		"CREATE TABLE ValidPaths (y);",
		"CREATE TABLE x (id, path, deriver, narSize, sigs);"
		"CREATE VIEW ValidPaths AS SELECT * FROM x;",
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(bad); i++) {
		const char *got;

		backend_log_teardown(state);
		assert_int_equal(backend_log_setup(state), 0);
		entry(state, H "-a-1");
		sql(state, bad[i]);
		got = backend_log_load(*state, "nix", 0);
		assert_memory_equal(
			got, "E corrupt " DB " SQLite: ", strlen("E corrupt " DB " SQLite: "));
		assert_non_null(
			strstr(got, "\nF store\nP a 1 - - - - - 0\n" CLAIM(H "-a-1") "R ok"));
	}
}

static void odd_files(void **state)
{
	struct backend_log *log = *state;

	entry(state, H "-a-1");
	backend_log_puts(log, DB, "no database");
	expect(state, "E corrupt " DB " SQLite: file is not a database\nF store\n"
		      "P a 1 - - - - - 0\n" CLAIM(H "-a-1") "R ok");
	unlinkat(log->fd, DB, 0);
	assert_int_equal(mkfifoat(log->fd, DB, 0644), 0);
	expect(state, "E not-regular " DB " not a regular file\nF store\n"
		      "P a 1 - - - - - 0\n" CLAIM(H "-a-1") "R ok");
}

/* Cut anywhere, a database is damaged or whole, never trusted for what it lacks. */
static void truncated(void **state)
{
	struct backend_log *log = *state;
	struct stat st;

	entry(state, H "-a-1");
	sql(state, SCHEMA ROW("/nix/store/" H "-a-1", "NULL", "1", "NULL"));
	assert_int_equal(fstatat(log->fd, DB, &st, 0), 0);
	for (off_t size = st.st_size - 1; size > 0; size -= 997) {
		int fd = openat(log->fd, DB, O_WRONLY | O_CLOEXEC);
		const char *got;

		assert_int_equal(ftruncate(fd, size), 0);
		close(fd);
		got = backend_log_load(log, "nix", 0);
		assert_non_null(strstr(got, "E corrupt " DB));
		assert_non_null(strstr(got, CLAIM(H "-a-1") "R ok"));
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, backend_log_setup, backend_log_teardown)
	const struct CMUnitTest tests[] = {
		TEST(names),	 TEST(passed_over),  TEST(no_store), TEST(guix),
		TEST(database),	 TEST(old_database), TEST(bad_rows), TEST(bad_databases),
		TEST(odd_files), TEST(truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
