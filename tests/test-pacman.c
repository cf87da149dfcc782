/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pacman backend on databases made here, a defect or oddity each. */
#include "backend-log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <zlib.h>

#include <cmocka.h>

#define DB "var/lib/pacman/local"
#define PKG DB "/a-1:2.0-3/"
#define MD5_HEX "0cc175b9c0f1b6a831c399e269772661"
#define SHA256_HEX "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define DESC "%NAME%\na\n\n%VERSION%\n1:2.0-3\n\n"
#define GOT_A "P a 1:2.0-3 - - - - - 0\n"
#define FILES "%FILES%\netc/\netc/a.conf\nusr/\nusr/bin/\nusr/bin/a b\nusr/bin/l\n\n"
#define BACKUP "%BACKUP%\netc/a.conf\t" MD5_HEX "\netc/none\t" MD5_HEX "\n\n"

static void expect(void **state, uint32_t want, const char *expected)
{
	assert_string_equal(backend_log_load(*state, DB, want), expected);
}

static void put(void **state, const char *desc, const char *files)
{
	backend_log_puts(*state, DB "/ALPM_DB_VERSION", "9\n");
	backend_log_puts(*state, PKG "desc", desc);
	backend_log_puts(*state, PKG "files", files);
}

static void put_mtree(void **state, const char *text)
{
	Bytef packed[4096];
	z_stream z = {.next_in = (Bytef *)text, .avail_in = (uInt)strlen(text)};

	z.next_out = packed;
	z.avail_out = sizeof(packed);
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	backend_log_put(*state, PKG "mtree", packed, sizeof(packed) - z.avail_out);
	deflateEnd(&z);
}

static void fields(void **state)
{
	put(state,
	    "%NAME%\na\n\n%VERSION%\n1:2.0-3\n\n%BASE%\na-base\n\n%DESC%\n%URL%\n\n%URL%\nhttps://"
	    "a\n\n"
	    "%ARCH%\nx86_64\n\n%BUILDDATE%\n1\n\n%PACKAGER%\nM "
	    "<m@archlinux.org>\n\n%SIZE%\n4096\n\n"
	    "%DEPENDS%\nglibc\nbash\n\n%NEW%\nx\n",
	    "");
	expect(state, 0,
	       "F local\nP a 1:2.0-3 x86_64 a-base M <m@archlinux.org> https://a 4096 0\nR ok");
}

static void files(void **state)
{
	put(state, DESC, FILES BACKUP);
	expect(state, 0,
	       "F local\n" GOT_A "C etc 40000 0 - 0: -\nC etc/a.conf 0 1 - 1:" MD5_HEX " -\n"
	       "C usr 40000 0 - 0: -\nC usr/bin 40000 0 - 0: -\nC usr/bin/a b 0 0 - 0: -\n"
	       "C usr/bin/l 0 0 - 0: -\nR ok");
}

static void mtree(void **state)
{
	put(state, DESC, FILES BACKUP);
	put_mtree(state, "#mtree\n/set type=file uid=0 gid=0 mode=644\n./.PKGINFO time=1.0 size=9\n"
			 "./etc time=1.0 mode=755 type=dir\n"
			 "./etc/a.conf time=1.0 size=1 md5digest=" MD5_HEX
			 " sha256digest=" SHA256_HEX "\n./usr/bin mode=755 type=dir\n"
			 "./usr/bin/a\\040b mode=4755 size=70000 sha256digest=" SHA256_HEX
			 "\n./usr/bin/l mode=777 type=link link=a\\040b\n");
	expect(state, WD_WANT_DIGESTS,
	       "F local\n" GOT_A "C etc 40755 0 - 0: -\nC etc/a.conf 100644 1 1 8:" SHA256_HEX
	       " -\nC usr 40000 0 - 0: -\nC usr/bin 40755 0 - 0: -\n"
	       "C usr/bin/a b 104755 0 70000 8:" SHA256_HEX
	       " -\nC usr/bin/l 120777 0 - 0: a b\nR ok");
}

static void bad_mtree(void **state)
{
	put(state, DESC, "%FILES%\nusr/\n\n");
	backend_log_puts(*state, PKG "mtree", "\x1f\x8b\x08 not gzip");
	assert_non_null(strstr(backend_log_load(*state, DB, WD_WANT_DIGESTS),
			       "E corrupt var/lib/pacman/local/a-1:2.0-3/mtree "));
	assert_non_null(strstr(backend_log_load(*state, DB, WD_WANT_DIGESTS),
			       GOT_A "C usr 40000 0 - 0: -\nR ok"));
	put_mtree(state, "no mtree\n\001\002");
	assert_non_null(strstr(backend_log_load(*state, DB, WD_WANT_DIGESTS), "E corrupt "));
}

static void bad_desc(void **state)
{
	put(state, "%NAME%\nb\n\n%VERSION%\n2\n\n%SIZE%\nbig\n\nwhat\n%URL%\nu\n", "");
	expect(state, 0,
	       "F local\nE corrupt " PKG "desc line 2: not what the directory is named\n"
	       "E corrupt " PKG "desc line 5: not what the directory is named\n"
	       "E corrupt " PKG "desc line 8: size is no number\n"
	       "E corrupt " PKG "desc line 10: not \"%KEY%\"\nP a 1:2.0-3 - - - u - 0\nR ok");
	backend_log_put(*state, PKG "desc", "%URL%\n\0\n", 8);
	expect(state, 0, "F local\nE corrupt " PKG "desc line 2: NUL byte\n" GOT_A "R ok");
}

static void bad_files(void **state)
{
	put(state, DESC,
	    "%FILES%\n/abs\n/\nok\n\n%BACKUP%\nok\nok\t0cc1\n\t" MD5_HEX "\nok\t" MD5_HEX "\n");
	expect(state, 0,
	       "F local\n" GOT_A "E corrupt " PKG "files line 7: not a path and its MD5\n"
	       "E corrupt " PKG "files line 8: not a path and its MD5\n"
	       "E corrupt " PKG "files line 9: not a path and its MD5\n"
	       "E corrupt " PKG "files line 2: not a relative path\n"
	       "E corrupt " PKG "files line 3: not a relative path\n"
	       "C ok 0 1 - 1:" MD5_HEX " -\nR ok");
}

static void bad_directories(void **state)
{
	backend_log_puts(*state, DB "/nohyphen/desc", "");
	backend_log_puts(*state, DB "/one-hyphen/desc", "");
	backend_log_puts(*state, DB "/-1-1/desc", "");
	backend_log_puts(*state, DB "/file-1-1", "");
	backend_log_puts(*state, DB "/a-1:2.0-3/other", "");
	expect(state, 0,
	       "F local\nE corrupt - -1-1: not \"name-version-release\"\n"
	       "E absent " PKG "desc package without description\nP a 1:2.0-3 - - - - - 80\n"
	       "E corrupt - nohyphen: not \"name-version-release\"\n"
	       "E corrupt - one-hyphen: not \"name-version-release\"\nR ok");
}

static void versions(void **state)
{
	static const char *const bad[] = {"10\n", "x", ""};

	put(state, DESC, "");
	for (size_t i = 0; i < WD_ARRAY_SIZE(bad); i++) {
		backend_log_puts(*state, DB "/ALPM_DB_VERSION", bad[i]);
		expect(state, 0,
		       "F local\nE unsupported - ALPM_DB_VERSION is not 9: a layout that is not "
		       "known\nR unsupported");
	}
	backend_log_puts(*state, DB "/ALPM_DB_VERSION", "8\n");
	expect(state, 0, "F local\n" GOT_A "R ok");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, backend_log_setup, backend_log_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(fields),	TEST(files),	 TEST(mtree),		TEST(bad_mtree),
		TEST(bad_desc), TEST(bad_files), TEST(bad_directories), TEST(versions),
	};

	return cmocka_run_group_tests_name("pacman", tests, NULL, NULL);
}
