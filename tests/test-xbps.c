/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The xbps backend on property lists made here, a defect or oddity each. */
#include "backend-log.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DIR "var/db/xbps/"
#define DB DIR "pkgdb-0.38.plist"
#define HEAD                                                                                       \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                             \
	"<!DOCTYPE plist PUBLIC \"-//Apple Computer//DTD PLIST 1.0//EN\" "                         \
	"\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"                                    \
	"<plist version=\"1.0\">\n"
#define FOOT "</plist>\n"
#define S(key, value) "<key>" key "</key><string>" value "</string>\n"
#define PKG(name, rest) "<key>" name "</key><dict>" rest "</dict>\n"
#define INSTALLED(name, pkgver) PKG(name, S("pkgver", pkgver) S("state", "installed"))
#define A "a-1_1"
#define GOT_A "P a 1_1 - - - - - "
#define SHA "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void expect_raw(void **state, const char *text, const char *expected)
{
	backend_log_puts(*state, DB, text);
	assert_string_equal(backend_log_load(*state, DB, 0), expected);
}

static void expect(void **state, const char *packages, const char *expected)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;

	wd_buf_printf(&text, HEAD "<dict>\n%s</dict>\n" FOOT, packages);
	wd_buf_byte(&text, '\0');
	expect_raw(state, text.ptr, expected);
}

/* Package a with this dict in its .a-files.plist, and what is pushed behind the package. */
static void expect_files(void **state, const char *dict, const char *expected)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;

	wd_buf_printf(&text, HEAD "<dict>%s</dict>" FOOT, dict);
	wd_buf_byte(&text, '\0');
	backend_log_puts(*state, DIR ".a-files.plist", text.ptr);
	text.len = 0;
	wd_buf_printf(&text, "F plist\n" GOT_A "0\n%sR ok", expected);
	wd_buf_byte(&text, '\0');
	expect(state, INSTALLED("a", A), text.ptr);
}

static void fields(void **state)
{
	expect(state,
	       PKG("gcc-libs",
		   S("architecture", "x86_64") "<key>automatic-install</key><true/>" S(
			   "homepage",
			   "https://x.org/") "<key>installed_size</key>"
					     "<integer>4096</integer>" S("maintainer",
									 "A &lt;a@b.c&gt; &#38; B")
						     S("pkgver", "gcc-libs-13.2.0_2") S(
							     "state",
							     "installed") "<key>run_depends</"
									  "key><array><string>musl&"
									  "gt;=1</string></"
									  "array>" S("source-"
										     "revisions",
										     "gcc:1a2b3c")),
	       "F plist\nP gcc-libs 13.2.0_2 x86_64 gcc A <a@b.c> & B https://x.org/ 4096 80\nR "
	       "ok");
	expect(state, "", "F plist\nR ok");
	expect_raw(state, HEAD "<dict/>" FOOT, "F plist\nR ok");
}

static void states(void **state)
{
	expect(state,
	       PKG("a", S("pkgver", A) S("state", "unpacked"))
		       PKG("b", S("pkgver", "b-1_1") S("state", "half-removed")) PKG(
			       "c", S("pkgver", "c-1_1") S("state", "not-installed"))
			       PKG("d", S("pkgver", "d-1_1")
						S("state", "installed") "<key>hold</key><true/>")
				       PKG("e", S("pkgver", "e-1_1") S("state", "gone"))
					       PKG("f", S("pkgver", "f-1_1")),
	       "F plist\n" GOT_A "84\nP b 1_1 - - - - - 82\nP d 1_1 - - - - - a0\n"
	       "E corrupt - package \"e\": unknown state\nE corrupt - package \"f\": unknown "
	       "state\n"
	       "R ok");
}

static void versions(void **state)
{
	static const char *const bad[] = {"a",	   "a-1",  "a_1", "-1_1",     "a-x_1",	"a-1_",
					  "a-1_x", "a-_1", "",	  "../a-1_1", "a-1_1_x"};

	expect(state, INSTALLED("x-y", "x-y-r1.2_10"), "F plist\nP x-y r1.2_10 - - - - - 80\nR ok");
	for (size_t i = 0; i < WD_ARRAY_SIZE(bad); i++) {
		char text[256];

		snprintf(text, sizeof(text), INSTALLED("k", "%s") INSTALLED("a", A), bad[i]);
		expect(state, text,
		       "F plist\nE corrupt - package \"k\": pkgver is not "
		       "NAME-VERSION_REVISION\n" GOT_A "80\nR ok");
	}
}

static void files(void **state)
{
	expect_files(
		state,
		"<key>conf_files</key><array><dict>" S("file", "/etc/a.conf")
			S("sha256", SHA) "</dict></array><key>dirs</key><array><dict>" S(
				"file",
				"/usr/bin") "</dict></array>"
					    "<key>files</key><array><dict>" S(
						    "file",
						    "/usr/bin/a &amp; b") "<key>mutable</key>"
									  "<true/>" S("sha256", SHA) "<key>size</key><integer>12</integer></dict><dict>" S(
										  "file",
										  "/usr/c") "</"
											    "dict><"
											    "/array"
											    "><key>"
											    "links<"
											    "/key><"
											    "array>"
											    "<dict"
											    ">" S("file",
												  "/usr/bin/l")
												    S("target",
												      "/usr/bin/a") "</dict></array>",
		"C /etc/a.conf 100000 1 - 8:" SHA " -\nC /usr/bin 40000 0 - 0: -\n"
		"C /usr/bin/a & b 100000 0 12 8:" SHA " -\nC /usr/c 100000 0 - 0: -\n"
		"C /usr/bin/l 120000 0 - 0: -\n");
}

static void bad_files(void **state)
{
	static const struct {
		const char *dict, *fault;
	} bad[] = {
		{S("sha256", SHA), "no file"},
		{S("file", "/a") S("sha256", "00"), "sha256 is not one"},
		{S("file", "/a") S("sha256", SHA "00"), "sha256 is not one"},
		{S("file", "/a") S("size", "many"), "size is not a number"},
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(bad); i++) {
		char text[512], expected[512];

		snprintf(text, sizeof(text),
			 "<key>files</key><array><dict/><dict>%s</dict><dict>" S(
				 "file", "/usr/b") "</dict></array>",
			 bad[i].dict);
		snprintf(expected, sizeof(expected),
			 "E corrupt " DIR ".a-files.plist files: entry 1: no file\n"
			 "E corrupt " DIR ".a-files.plist files: entry 2: %s\n"
			 "C /usr/b 100000 0 - 0: -\n",
			 bad[i].fault);
		expect_files(state, text, expected);
	}
	/* what is not known is passed over */
	expect_files(state,
		     "<key>files</key><string>x</string><key>more</key><array><dict>" S(
			     "file", "/x") "</dict></array>",
		     "");
}

static void broken_files_list(void **state)
{
	backend_log_puts(*state, DIR ".a-files.plist", "<plist>\n<dict><key>files</key>");
	expect(state, INSTALLED("a", A) INSTALLED("b", "b-1_1"),
	       "F plist\n" GOT_A "0\n"
	       "E corrupt " DIR ".a-files.plist line 2: no element found\n"
	       "P b 1_1 - - - - - 80\nR ok");
}

static void alternatives(void **state)
{
#define OFFER(link) "<key>alternatives</key><dict><key>sh</key><array>" link "</array></dict>"
	expect(state,
	       "<key>_XBPS_ALTERNATIVES_</key><dict><key>sh</key><array><string>b</string>"
	       "<string>a</string></array><key>vi</key><array><string>none</string></array></"
	       "dict>" PKG("a", OFFER("<string>sh:/usr/bin/a</string>") S("pkgver", A)
					S("state", "installed"))
		       PKG("b",
			   OFFER("<string>sh:/usr/bin/b</string><string>/etc/sh:/usr/etc/b</string>"
				 "<string>sh</string>") S("pkgver", "b-1_1")
				   S("state", "installed")),
	       "F plist\n" GOT_A "80\nP b 1_1 - - - - - 80\nA /usr/bin/sh /usr/bin/b\n"
	       "A /etc/sh /usr/etc/b\nE corrupt - alternative \"sh\": not LINK:TARGET\nR ok");
}

static void bad_lists(void **state)
{
	static const struct {
		const char *text, *expected;
	} bad[] = {
		{"", "line 1: no element found"},
		{HEAD "<dict>", "line 4: no element found"},
		{"x", "line 1: syntax error"},
		{HEAD "<array/>" FOOT, "line 4: the outermost value is not a dict"},
		{HEAD "<string>x</string>" FOOT, "line 4: the outermost value is not a dict"},
		{HEAD "<dict><string>x</string></dict>" FOOT, "line 4: value without key"},
		{HEAD "<dict><dict/></dict>" FOOT, "line 4: value without key"},
		{HEAD "<dict><key/></dict>" FOOT, "line 4: empty key"},
		{HEAD "<dict><key>a<b/></key></dict>" FOOT, "line 4: an element in a key or value"},
		{HEAD "<key>a</key>" FOOT, "line 4: key outside a dict"},
		{HEAD "<dict><key>a</key><b/></dict>" FOOT,
		 "line 4: not an element of a property list"},
		{HEAD "<dict><key>a</key><string>\x80</string></dict>" FOOT,
		 "line 4: not well-formed (invalid token)"},
		{"<!DOCTYPE plist [<!ENTITY a \"b\">]>\n<plist><dict/></plist>",
		 "line 1: declares an entity"},
		{"<!DOCTYPE plist [<!ENTITY % a SYSTEM \"file:///etc/passwd\">%a;]>\n<plist/>",
		 "line 1: declares an entity"},
		{HEAD "<dict><key>&x;</key></dict>" FOOT, "line 4: unknown entity"},
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(bad); i++) {
		char expected[256];

		snprintf(expected, sizeof(expected), "F plist\nE corrupt - %s\nR corrupt",
			 bad[i].expected);
		expect_raw(state, bad[i].text, expected);
	}
	expect_raw(state, "\x1f\x8b\x08", "F plist\nR unsupported");
}

/* Every value a dict in the one before. */
static void nesting(void **state)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;

	wd_buf_str(&text, HEAD "<dict>");
	for (size_t i = 0; i < 100000; i++)
		wd_buf_str(&text, "<key>a</key><dict>");
	wd_buf_byte(&text, '\0');
	expect_raw(state, text.ptr,
		   "F plist\nE corrupt - line 4: values nested too deep\nR corrupt");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, backend_log_setup, backend_log_teardown)
	const struct CMUnitTest tests[] = {
		TEST(fields),	    TEST(states),    TEST(versions),
		TEST(files),	    TEST(bad_files), TEST(broken_files_list),
		TEST(alternatives), TEST(bad_lists), TEST(nesting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
