/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The repodata backend on documents made here, a defect or oddity each. */
#include "backend-log.h"
#include "pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define FILELISTS "x-filelists.xml"
#define PRIMARY "x-primary.xml"
#define HEAD                                                                                       \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                             \
	"<filelists xmlns=\"http://linux.duke.edu/metadata/filelists\" packages=\"1\">\n"
#define VERSION_TAG "<version epoch=\"0\" ver=\"1\" rel=\"2.fc40\"/>\n"
#define BASH "<package pkgid=\"0\" name=\"bash\" arch=\"x86_64\">\n" VERSION_TAG
#define PKG(name) "P " name " 1-2.fc40 x86_64 - - - - 0\n"
#define CLAIM(path) "C " path " 0 0 - 0: -\n"

static void expect(void **state, const char *path, const char *text, const char *expected)
{
	backend_log_puts(*state, path, text);
	assert_string_equal(backend_log_load(*state, path, 0), expected);
}

static const char filelists_text[] =
	HEAD BASH "<file>/usr/bin/bash</file>\n<file type=\"dir\">/etc/&lt;a&gt; &#233;</file>\n"
		  "<file type=\"ghost\">/var/log/x</file>\n</package>\n"
		  "<package pkgid=\"1\" name=\"s\" arch=\"src\">" VERSION_TAG
		  "<file>s.spec</file></package>\n"
		  "<package pkgid=\"2\" name=\"e\" arch=\"noarch\">"
		  "<version epoch=\"3\" ver=\"1\" rel=\"\"/></package>\n</filelists>\n";
static const char filelists_log[] = "F filelists\n" PKG("bash")
	CLAIM("/usr/bin/bash") "C /etc/<a> \xc3\xa9 40000 0 - 0: -\nC /var/log/x 0 8 - 0: -\n"
			       "P e 3:1 noarch - - - - 0\nR ok";

static void filelists(void **state)
{
	static const char *const filters[] = {"gzip", "xz", "zstd", "lz4", "bzip2"};

	expect(state, FILELISTS, filelists_text, filelists_log);
	expect(state, FILELISTS, HEAD "</filelists>", "F filelists\nR ok");
	for (size_t i = 0; i < WD_ARRAY_SIZE(filters); i++) {
		WD_CLEANUP_BUF struct wd_buf packed = pack(filters[i], wd_blob_str(filelists_text));

		backend_log_put(*state, FILELISTS, packed.ptr, packed.len);
		assert_string_equal(backend_log_load(*state, FILELISTS, 0), filelists_log);
	}
}

static void primary(void **state)
{
	expect(state, PRIMARY,
	       "<metadata xmlns=\"http://linux.duke.edu/metadata/common\" "
	       "xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\">\n"
	       "<package type=\"rpm\"><name>bash</name><arch>x86_64</arch>"
	       "<version epoch=\"1\" ver=\"5.2\" rel=\"6.fc40\"/>"
	       "<summary>name <b>bold</b></summary><description>d</description>"
	       "<packager> Fedora\nProject </packager><url>https://e.org</url>"
	       "<size package=\"1\" installed=\"200\" archive=\"3\"/>"
	       "<location href=\"x.rpm\"/><format><rpm:license>GPL</rpm:license>"
	       "<rpm:vendor>V</rpm:vendor><rpm:sourcerpm>bash-x-5.2-6.fc40.src.rpm</rpm:sourcerpm>"
	       "<rpm:provides><rpm:entry name=\"bash\"/><rpm:entry name=\"file\"/></rpm:provides>"
	       "<file>/usr/bin/bash</file></format></package>\n"
	       "<package type=\"rpm\"><name></name></package></metadata>\n",
	       "F primary\nP bash 1:5.2-6.fc40 x86_64 bash-x Fedora\nProject https://e.org 200 "
	       "0\n" CLAIM("/usr/bin/bash") "E corrupt - package 2: no name\nR ok");
}

static void bad_documents(void **state)
{
	expect(state, FILELISTS, "", "E corrupt - line 1: no element found\nR corrupt");
	expect(state, FILELISTS, "no XML", "E corrupt - line 1: syntax error\nR corrupt");
	expect(state, FILELISTS, "<otherdata/>", "R not-mine");
	expect(state, FILELISTS, HEAD BASH "<file>/a</file>\n<file>/b",
	       "F filelists\nE corrupt - line 6: no element found\nR corrupt");
	expect(state, FILELISTS, HEAD BASH "<file>/a</file></package>\n<package></filelists>\n",
	       "F filelists\n" PKG("bash")
		       CLAIM("a") "E corrupt - line 6: mismatched tag\nR corrupt");
	expect(state, FILELISTS,
	       HEAD BASH "<file></file><file>/a</file></package><package><file>/b</file></package>"
			 "</filelists>\n",
	       "F filelists\nE corrupt - package 1: an empty path\n" PKG("bash")
		       CLAIM("a") "E corrupt - package 2: no name\nR ok");
}

static void entities(void **state)
{
	expect(state, FILELISTS,
	       "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;&lol;\">]>\n"
	       "<filelists>&lol2;</filelists>",
	       "E corrupt - line 1: declares an entity\nR corrupt");
	expect(state, FILELISTS,
	       "<!DOCTYPE x [\n<!ENTITY x SYSTEM \"file:///etc/passwd\">]>\n<filelists/>",
	       "E corrupt - line 2: declares an entity\nR corrupt");
	expect(state, FILELISTS, HEAD "&x;</filelists>",
	       "F filelists\nE corrupt - line 3: undefined entity\nR corrupt");
}

static void deep(void **state)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;

	wd_buf_str(&text, HEAD);
	for (size_t i = 0; i < 100000; i++)
		wd_buf_str(&text, "<x>");
	wd_buf_byte(&text, '\0');
	expect(state, FILELISTS, text.ptr,
	       "F filelists\nE corrupt - line 3: elements nested too deep\nR corrupt");
}

/* 64 MiB of one path, of one tag and of one comment. */
static void endless(void **state)
{
	static const struct {
		const char *start, *expected;
	} table[] = {
		{HEAD BASH "<file>/", "E limit - package 1: text too long\nE corrupt - line 5: no "
				      "element found\nR corrupt"},
		{HEAD BASH "<file type=\"",
		 "E limit - line 5: a tag or comment that is too long\nR limit"},
		{HEAD "<!-- ", "E limit - line 3: a tag or comment that is too long\nR limit"},
	};
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;

	assert_int_equal(wd_buf_reserve(&text, 64u << 20), 0);
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		WD_CLEANUP_BUF struct wd_buf packed = WD_BUF_INIT, expected = WD_BUF_INIT;

		text.len = 0;
		wd_buf_str(&text, table[i].start);
		memset(text.ptr + text.len, 'x', text.cap - text.len);
		packed = pack("gzip", wd_blob(text.ptr, text.cap));
		wd_buf_printf(&expected, "F filelists\n%s", table[i].expected);
		wd_buf_byte(&expected, '\0');
		backend_log_put(*state, FILELISTS, packed.ptr, packed.len);
		assert_string_equal(backend_log_load(*state, FILELISTS, 0), expected.ptr);
	}
}

/* More paths than are held back, all of them handed over; and the same, cut off. */
static void many(void **state)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT, log = WD_BUF_INIT, packed = WD_BUF_INIT;
	const char *got;

	wd_buf_str(&text, HEAD BASH);
	wd_buf_str(&log, "F filelists\n" PKG("bash"));
	for (unsigned i = 0; i < 200000; i++) {
		wd_buf_printf(&text, "<file>/usr/share/%u/%x</file>\n", i / 100, i * 2654435761u);
		wd_buf_printf(&log, "C /usr/share/%u/%x 0 0 - 0: -\n", i / 100, i * 2654435761u);
	}
	wd_buf_str(&text, "</package></filelists>");
	wd_buf_append(&log, "R ok", sizeof("R ok"));
	packed = pack("gzip", wd_buf_view(&text));
	backend_log_put(*state, FILELISTS, packed.ptr, packed.len);
	assert_string_equal(backend_log_load(*state, FILELISTS, 0), log.ptr);
	backend_log_put(*state, FILELISTS, packed.ptr, packed.len / 2);
	got = backend_log_load(*state, FILELISTS, 0);
	assert_memory_equal(got, log.ptr, log.len / 3);
	assert_non_null(strstr(got, "E corrupt - line "));
	assert_non_null(strstr(got, ": truncated gzip input\nR corrupt"));
}

static void nested(void **state)
{
	WD_CLEANUP_BUF struct wd_buf once = pack("gzip", wd_blob_str(filelists_text));
	WD_CLEANUP_BUF struct wd_buf twice = pack("zstd", wd_buf_view(&once));

	backend_log_put(*state, FILELISTS, twice.ptr, twice.len);
	assert_string_equal(backend_log_load(*state, FILELISTS, 0),
			    "E unsupported - compressed twice\nR unsupported");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, backend_log_setup, backend_log_teardown)
	const struct CMUnitTest tests[] = {
		TEST(filelists), TEST(primary), TEST(bad_documents), TEST(entities),
		TEST(deep),	 TEST(endless), TEST(many),	     TEST(nested),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
