/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The opkg backend on databases made here, a defect or oddity each. */
#include "backend-log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define DB "usr/lib/opkg/status"
#define INFO "usr/lib/opkg/info/"
#define MD5_HEX "0cc175b9c0f1b6a831c399e269772661"
#define SHA256_HEX "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define STANZA(name) "Package: " name "\nVersion: 1\nStatus: install user installed\n"
#define GOT(name) "P " name " 1 - - - - - 0\n"

static void expect(void **state, const char *status, const char *expected)
{
	backend_log_puts(*state, DB, status);
	assert_string_equal(backend_log_load(*state, DB, 0), expected);
}

static void list(void **state, const char *text)
{
	backend_log_puts(*state, INFO "a.list", text);
}

/* The fields of OpenWrt's status and control files. */
static void openwrt(void **state)
{
	list(state, "/bin/a\n/etc/config/a\n");
	backend_log_puts(
		*state, INFO "a.control",
		"Package: a\nVersion: 9\nDepends: libc\nSource: package/utils/a\n"
		"SourceName: a-source\nLicense: GPL-2.0\nSection: base\nURL: https://a.example/\n"
		"Maintainer: M <m@openwrt.org>\nArchitecture: x86_64\nInstalled-Size: 4096\n"
		"Description:  A\n more\n");
	expect(state,
	       "Package: a\nVersion: 1.36.1-r2\nDepends: libc\nStatus: install hold,user "
	       "installed\n"
	       "Essential: yes\nArchitecture: aarch64_generic\nConffiles:\n "
	       "/etc/config/a " SHA256_HEX
	       "\nInstalled-Time: 1\nAlternatives: 200:/bin/ash:/bin/a\n\n",
	       "F status\nP a 1.36.1-r2 aarch64_generic a-source M <m@openwrt.org> "
	       "https://a.example/ 4096 60\nC bin/a 0 0 - 0: -\n"
	       "C etc/config/a 0 11 - 8:" SHA256_HEX " -\nR ok");
}

/* Yocto's lists have modes and targets, its control files another Source. */
static void yocto(void **state)
{
	list(state,
	     "/usr/\t040755\n/usr/bin/a\t0100755\n/usr/bin/b\t0120777\t/usr/bin/a\n/usr/x/\n");
	backend_log_puts(*state, INFO "a.control",
			 "package: a\nmaintainer: Poky\nSource: a-tools_1.0.bb\nHomepage: h\n");
	expect(state, STANZA("a"),
	       "F status\nP a 1 - a-tools Poky h - 0\nC usr 40755 0 - 0: -\nC usr/bin/a 100755 0 - "
	       "0: -\n"
	       "C usr/bin/b 120777 0 - 0: /usr/bin/a\nC usr/x 40000 0 - 0: -\nR ok");
	list(state, "");
	backend_log_puts(*state, INFO "a.control", "Source: https://a.example/a.tar file://b\n");
	expect(state, STANZA("a"), "F status\n" GOT("a") "R ok");
	backend_log_puts(*state, INFO "a.control", "Source: https://x\nOE: a-recipe\n");
	expect(state, STANZA("a"), "F status\nP a 1 - a-recipe - - - 0\nR ok");
}

static void states(void **state)
{
	static const struct {
		const char *word;
		unsigned int flags;
	} cases[] = {{"config-files", 1},    {"half-installed", 2},   {"unpacked", 4},
		     {"half-configured", 8}, {"post-inst-failed", 8}, {"removal-failed", 2}};
	char text[128], want[128];

	list(state, "");
	for (size_t i = 0; i < WD_ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text), "Package: a\nStatus: install ok %s\n", cases[i].word);
		snprintf(want, sizeof(want), "F status\nP a - - - - - - %x\nR ok", cases[i].flags);
		expect(state, text, want);
	}
	expect(state, "Package: a\nStatus: unknown ok not-installed\n", "F status\nR ok");
	expect(state, "", "F status\nR ok");
	expect(state, "\n \n" STANZA("b") "\n\n", "F status\nP b 1 - - - - - 80\nR ok");
}

static void bad_stanzas(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"Version: 1\nStatus: install ok installed\n",
		 "line 1: stanza without the name of a package"},
		{"\nPackage: ../a\nStatus: install ok installed\n",
		 "line 2: stanza without the name of a package"},
		{"Package: .\nStatus: install ok installed\n",
		 "line 1: stanza without the name of a package"},
		{"Package: x\n", "line 1: no Status of three words"},
		{"Package: x\nStatus: install installed\n", "line 1: no Status of three words"},
		{"Package: x\nStatus: install ok gone\n", "line 1: unknown Status"},
	};
	char text[256], want[256];

	list(state, "");
	for (size_t i = 0; i < WD_ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text), "%s\n" STANZA("a"), cases[i].text);
		snprintf(want, sizeof(want), "F status\nE corrupt - %s\n" GOT("a") "R ok",
			 cases[i].error);
		expect(state, text, want);
	}
	expect(state, STANZA("a") "what\n",
	       "F status\nE corrupt - line 4: not \"Field: value\"\n" GOT("a") "R ok");
	expect(state, STANZA("a") " lost\n: x\n",
	       "F status\nE corrupt - line 5: not \"Field: value\"\n" GOT("a") "R ok");
}

static void conffiles(void **state)
{
	list(state, "/etc/b\n//etc/a\n/etc/c\n");
	expect(state,
	       STANZA("a") "Conffiles:\n /etc/a " MD5_HEX "\n\t/etc/gone " MD5_HEX "\n /etc/b\n",
	       "F status\n" GOT("a") "C etc/b 0 11 - 0: -\nC etc/a 0 11 - 1:" MD5_HEX " -\n"
				     "C etc/c 0 0 - 0: -\nC etc/gone 100000 11 - 1:" MD5_HEX
				     " -\nR ok");
	expect(state,
	       "Conffiles:\n etc/a " MD5_HEX "\n /etc/a 0cc1\n /etc/a " MD5_HEX
	       " x\n" STANZA("a") "Conffiles:\n /etc/b\n",
	       "F status\nE corrupt - line 2: not a conffile: absolute path and digest\n"
	       "E corrupt - line 3: digest of a conffile is neither MD5 nor SHA-256\n"
	       "E corrupt - line 4: not a conffile: absolute path and digest\n" GOT(
		       "a") "C etc/b 0 0 - 0: -\nC etc/a 0 0 - 0: -\nC etc/c 0 0 - 0: -\nR ok");
	backend_log_puts(*state, INFO "a.conffiles", "/etc/c\n");
	expect(state, STANZA("a"),
	       "F status\n" GOT(
		       "a") "C etc/b 0 0 - 0: -\nC etc/a 0 0 - 0: -\nC etc/c 0 11 - 0: -\nR ok");
}

static void bad_lists(void **state)
{
	list(state, "/a\nb\n\n\t0100644\n/c\t0100648\n/d\t0644\n/e\t07777777\n/f\t\n");
	expect(state, STANZA("a"),
	       "F status\n" GOT(
		       "a") "C a 0 0 - 0: -\n"
			    "E corrupt " INFO "a.list line 2: not an absolute path\n"
			    "E corrupt " INFO "a.list line 4: not an absolute path\n"
			    "E corrupt " INFO "a.list line 5: mode is not octal\nC c 0 0 - 0: -\n"
			    "E corrupt " INFO "a.list line 6: mode is not octal\nC d 0 0 - 0: -\n"
			    "E corrupt " INFO "a.list line 7: mode is not octal\nC e 0 0 - 0: -\n"
			    "C f 0 0 - 0: -\nR ok");
	backend_log_put(*state, INFO "a.list", "/a\0b\n", 5);
	expect(state, STANZA("a"),
	       "F status\n" GOT("a") "E corrupt " INFO "a.list line 1: not an absolute path\nR ok");
	backend_log_puts(*state, INFO "b.list/x", "");
	expect(state, STANZA("b"),
	       "F status\nE not-regular " INFO
	       "b.list not a regular file\nP b 1 - - - - - 80\nR ok");
}

/* Each file has its own count, and the status file's goes on where it stopped. */
static void many_errors(void **state)
{
	struct wd_buf text = WD_BUF_INIT, want = WD_BUF_INIT;

	for (int i = 0; i < 30; i++)
		wd_buf_str(&text, "x\n");
	wd_buf_byte(&text, '\0');
	list(state, text.ptr);
	wd_buf_str(&want, "F status\n" GOT("a"));
	for (int i = 0; i < 20; i++)
		wd_buf_printf(&want, "E corrupt " INFO "a.list line %d: not an absolute path\n",
			      i + 1);
	wd_buf_str(&want, "E corrupt " INFO "a.list line 21: further errors are not shown\n"
			  "E corrupt - line 5: stanza without the name of a package\nR ok");
	wd_buf_byte(&want, '\0');
	expect(state, STANZA("a") "\nx: y\n", want.ptr);
	wd_buf_done(&text);
	wd_buf_done(&want);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, backend_log_setup, backend_log_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(openwrt),	 TEST(yocto),	  TEST(states),	     TEST(bad_stanzas),
		TEST(conffiles), TEST(bad_lists), TEST(many_errors),
	};

	return cmocka_run_group_tests_name("opkg", tests, NULL, NULL);
}
