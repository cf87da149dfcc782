/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The flatpak backend on installations made here, a defect or oddity each. */
#include "backend-log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#define DIR "var/lib/flatpak"
#define A DIR "/app/org.a.A/x86_64/stable/c1"
#define METADATA "[Application]\nname=org.a.A\nruntime=org.r.R/x86_64/1\n"
#define METAINFO A "/files/share/metainfo/org.a.A.metainfo.xml"
#define CLAIM_A "C " A " 0 400 - 0: -\n"

static void expect(void **state, const char *expected)
{
	assert_string_equal(backend_log_load(*state, DIR, 0), expected);
}

static void deployed(void **state)
{
	struct backend_log *log = *state;

	backend_log_puts(log, A "/metadata",
			 "# c\n[Context]\nname=no\n[Application]\n name = org.a.A \n"
			 "runtime=org.r.R/x86_64/1\n\n[X]\nname=no\n");
	backend_log_put(log, A "/deploy", "flathub\0c1\0", 11);
	backend_log_puts(
		log, METAINFO,
		"<?xml version=\"1.0\"?><component><id>org.a.A</id><name>A</name>"
		"<developer_name>Dev &amp; Co</developer_name>"
		"<developer_name xml:lang=\"de\">Nein</developer_name>"
		"<url type=\"bugtracker\">no</url><url type=\"homepage\"> https://a.org/ </url>"
		"<releases><release version=\"2.1\"><description><p>version</p></description>"
		"</release><release version=\"2.0\"/></releases></component>");
	backend_log_puts(log, DIR "/runtime/org.r.R/x86_64/23.08/c2/metadata",
			 "[Runtime]\nname=org.r.R\n");
	assert_int_equal(symlinkat("c1", log->fd, DIR "/app/org.a.A/x86_64/stable/active"), 0);
	assert_int_equal(symlinkat("x86_64/stable", log->fd, DIR "/app/org.a.A/current"), 0);
	expect(state, "F deploy\nP org.a.A 2.1 x86_64 - - https://a.org/ - 0\n" CLAIM_A
		      "P org.r.R 23.08 x86_64 - - - - 0\n"
		      "C " DIR "/runtime/org.r.R/x86_64/23.08/c2 0 400 - 0: -\nR ok");
}

static void appdata(void **state)
{
	backend_log_puts(*state, A "/metadata", METADATA);
	backend_log_puts(
		*state, A "/files/share/appdata/org.a.A.appdata.xml",
		"<application><id type=\"desktop\">org.a.A.desktop</id><developer><name>D</name>"
		"</developer><releases><release/><release version=\"3\"/></releases>"
		"</application>");
	expect(state, "F deploy\nP org.a.A 3 x86_64 - - - - 0\n" CLAIM_A "R ok");
}

static void bad_metadata(void **state)
{
	static const char *const bad[] = {"", "name=org.a.A\n", "[Application]\n",
					  "[Application]\nname=\n", "[Other]\nname=org.a.A\n"};

	for (size_t i = 0; i < WD_ARRAY_SIZE(bad); i++) {
		backend_log_puts(*state, A "/metadata", bad[i]);
		expect(state, "F deploy\nE corrupt " A " metadata: no name\nR ok");
	}
	backend_log_put(*state, A "/metadata", "[Runtime]\nname=a\0b\n", 20);
	expect(state, "F deploy\nE corrupt " A " metadata: no name\nR ok");
}

static void bad_files(void **state)
{
	struct backend_log *log = *state;

	backend_log_puts(log, A "/metadata", METADATA);
	backend_log_puts(log, A "/deploy", "no end");
	backend_log_puts(log, METAINFO,
			 "<!DOCTYPE a [<!ENTITY b \"c\">]><component>&b;</component>");
	expect(state, "F deploy\nE corrupt " A " deploy: no remote\n"
		      "E corrupt " A " org.a.A.metainfo.xml: line 1: declares an entity\n"
		      "P org.a.A - x86_64 - - - - 0\n" CLAIM_A "R ok");
	unlinkat(log->fd, A "/deploy", 0);
	backend_log_puts(log, METAINFO, "<html/>");
	expect(state, "F deploy\n"
		      "E corrupt " A " org.a.A.metainfo.xml: line 1: not an AppStream component\n"
		      "P org.a.A - x86_64 - - - - 0\n" CLAIM_A "R ok");
	unlinkat(log->fd, METAINFO, 0);
	assert_int_equal(symlinkat("/etc/passwd", log->fd, METAINFO), 0);
	expect(state, "F deploy\nE not-regular " A " org.a.A.metainfo.xml: not a regular file\n"
		      "P org.a.A - x86_64 - - - - 0\n" CLAIM_A "R ok");
	unlinkat(log->fd, A "/metadata", 0);
	expect(state, "F deploy\nE absent " A " metadata: not there\nR ok");
}

/* A name that would lead elsewhere is no file's. */
static void odd_names(void **state)
{
	backend_log_puts(*state, A "/metadata", "[Application]\nname=../../x\n");
	expect(state, "F deploy\nP ../../x - x86_64 - - - - 0\n" CLAIM_A "R ok");
}

static void nothing(void **state)
{
	backend_log_puts(*state, DIR "/repo/config", "");
	expect(state, "R absent");
	backend_log_puts(*state, DIR "/app/org.a.A/x86_64/note", "");
	backend_log_puts(*state, DIR "/app/note", "");
	expect(state, "F deploy\nR ok");
}

static void component(void **state)
{
	struct backend_log *log = *state;

	backend_log_puts(
		log, "app/a/metadata.xml",
		"<component><id>org.a.A</id><releases><release version=\"1.2\"/></releases>"
		"</component>");
	assert_string_equal(backend_log_load(log, "app/a/metadata.xml", 0),
			    "F metainfo\nP org.a.A 1.2 - - - - - 0\nC app/a 0 400 - 0: -\nR ok");
	backend_log_puts(log, "app/a/metadata.xml", "<component/>");
	assert_string_equal(backend_log_load(log, "app/a/metadata.xml", 0),
			    "F metainfo\nR not-mine");
	backend_log_puts(log, "app/a/metadata.xml", "<component>");
	assert_string_equal(
		backend_log_load(log, "app/a/metadata.xml", 0),
		"F metainfo\nE corrupt - AppStream: line 1: no element found\nR corrupt");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, backend_log_setup, backend_log_teardown)
	const struct CMUnitTest tests[] = {
		TEST(deployed),	 TEST(appdata), TEST(bad_metadata), TEST(bad_files),
		TEST(odd_names), TEST(nothing), TEST(component),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
