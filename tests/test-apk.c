/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The apk backend on databases made here, a defect or oddity each. */
#include "backend-log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define DB "lib/apk/db/installed"
/* base64 of the bytes 0x00 to 0x13, and to 0x1f */
#define SHA1_TEXT "Q1AAECAwQFBgcICQoLDA0ODxAREhM="
#define SHA1_HEX "000102030405060708090a0b0c0d0e0f10111213"
#define SHA256_TEXT "Q2AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define SHA256_HEX SHA1_HEX "1415161718191a1b1c1d1e1f"
#define PKG_A "P:a\nV:1-r0\n"
#define GOT_A "P a 1-r0 - - - - - 0\n"

static void expect(void **state, const char *text, const char *expected)
{
	backend_log_puts(*state, DB, text);
	assert_string_equal(backend_log_load(*state, DB, 0), expected);
}

static void fields(void **state)
{
	expect(state,
	       "C:Q1zwvKMnYs1b6ZdPTBJ0Z7D5P3jyA=\nP:musl\nV:1.2.5-r0\nA:x86_64\nS:1\nI:655360\n"
	       "T:the musl c library\nU:https://musl.libc.org/\nL:MIT\no:musl\n"
	       "m:Timo <timo@alpinelinux.org>\nt:1\nc:abc\np:so:libc.musl-x86_64.so.1=1\nr:libc\n\n"
	       "P:b\nV:2\nm:\nU:\nX:unknown letter\n",
	       "F installed\nP musl 1.2.5-r0 x86_64 musl Timo <timo@alpinelinux.org> "
	       "https://musl.libc.org/ 655360 0\nP b 2 - - - - - 0\nR ok");
	expect(state, "", "F installed\nR ok");
	expect(state, "\n\n" PKG_A "\n\n\n", "F installed\n" GOT_A "R ok");
}

static void files(void **state)
{
	expect(state,
	       PKG_A "F:\nF:usr/bin\nM:0:0:1777\nR:x\nZ:" SHA1_TEXT
		     "\nR:su\na:0:0:4755\nZ:" SHA256_TEXT "\nR:link\na:0:0:777\nZ:" SHA1_TEXT
		     "\nR:xattr\na:0:0:755:" SHA1_TEXT "\n",
	       "F installed\n" GOT_A "C  40755 0 - 0: -\nC usr/bin 41777 0 - 0: -\n"
	       "C usr/bin/x 100644 0 - 2:" SHA1_HEX " -\nC usr/bin/su 104755 0 - 8:" SHA256_HEX
	       " -\n"
	       "C usr/bin/link 0 0 - 2:" SHA1_HEX " -\nC usr/bin/xattr 100755 0 - 0: -\nR ok");
}

static void marks(void **state)
{
	expect(state, PKG_A "f:f\nF:d\n\nP:b\nf:sx\n\nP:c\nf:S\nF:d\nR:x\nZ:" SHA1_TEXT "\n",
	       "F installed\nP a 1-r0 - - - - - 2\nC d 40755 0 - 0: -\nP b - - - - - - 8\n"
	       "P c - - - - - - 0\nC d 40755 0 - 0: -\nC d/x 100644 0 - 0: -\nR ok");
}

static void bad_lines(void **state)
{
	expect(state, "P:a\nx\nV:1-r0\n",
	       "F installed\nE corrupt - line 2: not \"X:value\"\n" GOT_A "R ok");
	expect(state, "V:1\nF:d\nR:x\n\n" PKG_A,
	       "F installed\nE corrupt - line 4: end of a package without name (P:)\n" GOT_A
	       "R ok");
	expect(state, PKG_A "R:x\na:0:0:755\nF:d\nR:\nZ:x\nR:y/z\nR:ok\n",
	       "F installed\nE corrupt - line 3: file (R:) before any directory (F:)\n" GOT_A
	       "C d 40755 0 - 0: -\nE corrupt - line 6: not the name of a file\n"
	       "E corrupt - line 8: not the name of a file\nC d/ok 100644 0 - 0: -\nR ok");
	expect(state, PKG_A "F:d\nP:b\n",
	       "F installed\n" GOT_A "E corrupt - line 4: field of a package behind its files\n"
	       "C d 40755 0 - 0: -\nR ok");
	expect(state, PKG_A "I:many\n",
	       "F installed\nE corrupt - line 3: installed size is no number\n" GOT_A "R ok");
}

static void bad_modes(void **state)
{
	static const char *const bad[] = {"a:",	       "a:0:0",	   "a:0:0:",	  "a:0:0:8",
					  "a:x:0:644", "a:0::644", "a:0:0:10000", "a:0:0:0000644"};
	char text[128];

	for (size_t i = 0; i < WD_ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof(text), PKG_A "F:d\nR:x\n%s\n", bad[i]);
		expect(state, text,
		       "F installed\n" GOT_A "C d 40755 0 - 0: -\n"
		       "E corrupt - line 5: not \"uid:gid:mode\"\nC d/x 100644 0 - 0: -\nR ok");
	}
	expect(state, PKG_A "M:0:0:755\nF:d\na:0:0:755\nR:x\nM:0:0:755\n",
	       "F installed\nE corrupt - line 3: mode of nothing\n" GOT_A
	       "E corrupt - line 5: mode of nothing\nC d 40755 0 - 0: -\n"
	       "E corrupt - line 7: mode of nothing\nC d/x 100644 0 - 0: -\nR ok");
}

static void bad_digests(void **state)
{
	static const char *const bad[] = {
		"Q1",
		"Q1AAECAwQFBgcICQoLDA0ODxAREhM",
		"Q1AAECAwQFBgcICQoLDA0ODxAREhMA",
		"Q1AAECAwQFBgcICQoLDA0ODxAREh==",
		"Q1AAECAwQFBgcICQoLDA0ODxAREh!=",
		"Q2AAECAwQFBgcICQoLDA0ODxAREhM=",
	};
	char text[128];

	for (size_t i = 0; i < WD_ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof(text), PKG_A "F:d\nR:x\nZ:%s\n", bad[i]);
		expect(state, text,
		       "F installed\n" GOT_A "C d 40755 0 - 0: -\nE corrupt - line 5: digest is no "
		       "base64 of its length\nC d/x 100644 0 - 0: -\nR ok");
	}
	expect(state, PKG_A "F:d\nZ:" SHA1_TEXT "\nR:x\nZ:md5\n",
	       "F installed\n" GOT_A "E corrupt - line 4: digest of nothing\nC d 40755 0 - 0: -\n"
	       "E corrupt - line 6: digest of an unknown kind\nC d/x 100644 0 - 0: -\nR ok");
}

static void nul_byte(void **state)
{
	backend_log_put(*state, DB, "P:a\nV:1\0x\n", 10);
	assert_string_equal(backend_log_load(*state, DB, 0),
			    "F installed\nE corrupt - line 2: NUL byte\nP a - - - - - - 0\nR ok");
}

static void many_errors(void **state)
{
	struct wd_buf text = WD_BUF_INIT, want = WD_BUF_INIT;

	wd_buf_str(&text, "P:a\n");
	wd_buf_str(&want, "F installed\n");
	for (int i = 0; i < 50; i++)
		wd_buf_str(&text, "x\n");
	for (int i = 0; i < 20; i++)
		wd_buf_printf(&want, "E corrupt - line %d: not \"X:value\"\n", i + 2);
	wd_buf_str(&want, "E corrupt - line 22: further errors are not shown\n"
			  "P a - - - - - - 0\nR ok");
	wd_buf_byte(&text, '\0');
	wd_buf_byte(&want, '\0');
	expect(state, text.ptr, want.ptr);
	wd_buf_done(&text);
	wd_buf_done(&want);
}

static void other_formats(void **state)
{
	struct backend_log *log = *state;

	expect(state, "SQLite format 3", "R not-mine");
	expect(state, "x", "R not-mine");
	backend_log_puts(log, "lib/apk/db/installed.adb", "ADBd\x01");
	assert_string_equal(backend_log_load(log, "lib/apk/db/installed.adb", 0), "R absent");
	expect(state, "ADB.db",
	       "F adb\nE unsupported - binary database of apk-tools 3 (\"ADB.\"), which only \"apk "
	       "convdb\" writes: not read\nR unsupported");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(fields, backend_log_setup, backend_log_teardown),
		cmocka_unit_test_setup_teardown(files, backend_log_setup, backend_log_teardown),
		cmocka_unit_test_setup_teardown(marks, backend_log_setup, backend_log_teardown),
		cmocka_unit_test_setup_teardown(bad_lines, backend_log_setup, backend_log_teardown),
		cmocka_unit_test_setup_teardown(bad_modes, backend_log_setup, backend_log_teardown),
		cmocka_unit_test_setup_teardown(bad_digests, backend_log_setup,
						backend_log_teardown),
		cmocka_unit_test_setup_teardown(nul_byte, backend_log_setup, backend_log_teardown),
		cmocka_unit_test_setup_teardown(many_errors, backend_log_setup,
						backend_log_teardown),
		cmocka_unit_test_setup_teardown(other_formats, backend_log_setup,
						backend_log_teardown),
	};

	return cmocka_run_group_tests_name("apk", tests, NULL, NULL);
}
