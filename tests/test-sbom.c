/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sbom backend on documents made here, after those that images have. */
#include "backend-log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MELANGE "var/lib/db/sbom/a-1-r0.spdx.json"
#define SHA1_A "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"
#define SHA256_A "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define SPDX(members) "{\"spdxVersion\":\"SPDX-2.3\"," members "}"
#define PURL(url)                                                                                  \
	",\"externalRefs\":[{\"referenceType\":\"cpe23Type\",\"referenceLocator\":\"cpe:2.3:a\"}," \
	"{\"referenceCategory\":\"PACKAGE_MANAGER\",\"referenceType\":\"purl\","                   \
	"\"referenceLocator\":\"" url "\"}]"
#define PKG(id, name, version, rest)                                                               \
	"{\"SPDXID\":\"" id "\",\"name\":\"" name "\",\"versionInfo\":\"" version "\"" rest "}"
#define REL(a, type, b)                                                                            \
	"{\"spdxElementId\":\"" a "\",\"relationshipType\":\"" type                                \
	"\",\"relatedSpdxElement\":\"" b "\"}"
#define FILE_(id, name, algorithm, sum)                                                            \
	"{\"SPDXID\":\"" id "\",\"fileName\":\"" name                                              \
	"\",\"checksums\":[{\"algorithm\":\"" algorithm "\",\"checksumValue\":\"" sum "\"}]}"
#define A PKG("A", "a", "1-r0", PURL("pkg:apk/wolfi/a@1-r0?arch=x86_64"))

static void expect_at(void **state, const char *path, const char *text, const char *expected)
{
	backend_log_puts(*state, path, text);
	assert_string_equal(backend_log_load(*state, path, 0), expected);
}

static void expect(void **state, const char *text, const char *expected)
{
	expect_at(state, MELANGE, text, expected);
}

/* What a package was built from is not in the image (melange). */
static void sources(void **state)
{
	expect(state,
	       SPDX("\"packages\":[" A
		    "," PKG("Y", "a.yaml", "f00", PURL("pkg:github/w/os@f00#a.yaml")) "," PKG("S", "upstream", "1", PURL("pkg:github/a/a@1")) "," PKG(
			    "T", "cc", "1",
			    PURL("pkg:generic/cc@1")) "],\"relationships\":[" REL("A",
										  "DESCRIBED_BY",
										  "Y") "," REL("A",
											       "GEN"
											       "ERA"
											       "TED"
											       "_FR"
											       "OM",
											       "S") "," REL("T",
													    "BUILD_TOOL_OF",
													    "A") "," REL("A",
															 "CONTAINS",
															 "Nowhere") "]"),
	       "F spdx\nP a 1-r0 x86_64 - - - - 80\nR ok");
}

/* Unless it is in there all the same. */
static void contained_source(void **state)
{
	expect(state,
	       SPDX("\"packages\":[" A "," PKG("S", "s", "2", "") "],\"relationships\":[" REL(
		       "A", "GENERATED_FROM", "S") "," REL("S", "CONTAINED_BY", "A") "]"),
	       "F spdx\nP a 1-r0 x86_64 - - - - 80\nP s 2 - - - - - 80\nR ok");
}

static void images(void **state)
{
	expect(state,
	       SPDX("\"packages\":[" PKG(
		       "I", "img", "sha256:1",
		       PURL("pkg:oci/img@sha256%3A1")) "," PKG("O", "wolfi", "1",
							       ",\"primaryPackagePurpose\":"
							       "\"OPERATING-SYSTEM\"") ","
										       "{\"SPDXID\""
										       ":\"D\","
										       "\"name\":"
										       "\"/"
										       "src\"}," A
										       "]"),
	       "F spdx\nP a 1-r0 x86_64 - - - - 80\nR ok");
}

static void files(void **state)
{
	const char *expected = "F spdx\nP a 1-r0 x86_64 - - - - 0\n"
			       "C lib/libattr.so.1 0 0 - 8:" SHA256_A " -\n"
			       "C lib/x 0 0 - 2:" SHA1_A " -\nR ok";
	const char *list =
		"\"files\":[{\"SPDXID\":\"F1\",\"fileName\":\"/lib/libattr.so.1\",\"checksums\":["
		"{\"algorithm\":\"SHA1\",\"checksumValue\":\"" SHA1_A "\"},"
		"{\"algorithm\":\"SHA256\",\"checksumValue\":\"" SHA256_A "\"},"
		"{\"algorithm\":\"ADLER32\",\"checksumValue\":\"0\"}]}," FILE_(
			"F2", "lib/x", "SHA1", SHA1_A) "," FILE_("F3", "/nobody", "SHA1",
								 SHA1_A) "]";
	struct wd_buf text = WD_BUF_INIT;

	wd_buf_printf(
		&text,
		"{\"spdxVersion\":\"SPDX-2.3\",%s,\"packages\":[%s],\"relationships\":[%s,%s]}%c",
		list, A, REL("A", "CONTAINS", "F1"), REL("F2", "CONTAINED_BY", "A"), 0);
	expect(state, text.ptr, expected);
	text.len = 0;
	wd_buf_printf(
		&text,
		"{\"spdxVersion\":\"SPDX-2.2\",%s,\"packages\":[%s],\"relationships\":[%s]}%c",
		list,
		PKG("A", "a", "1-r0",
		    PURL("pkg:apk/wolfi/a@1-r0?arch=x86_64") ",\"hasFiles\":[\"F1\",\"F2\",\"F9\","
							     "7]"),
		REL("A", "CONTAINS", "F1"), 0);
	expect(state, text.ptr, expected);
	wd_buf_done(&text);
}

#define COMPONENT                                                                                                          \
	SPDX("\"packages\":[" PKG("R", "redis", "7-0", PURL("pkg:bitnami/redis@7-0?arch=arm64&distro=debian-12")) "," PKG( \
		"J", "jar", "1",                                                                                           \
		PURL("pkg:maven/o/jar@1")) "],\"files\":[" FILE_("F", "share/a.jar", "SHA1",                               \
								 SHA1_A) "],\"relationships\":"                            \
									 "[" REL("R", "CONTAINS",                          \
										 "J") "," REL("J",                         \
											      "CO"                         \
											      "NT"                         \
											      "AI"                         \
											      "N"                          \
											      "S",                         \
											      "F") "]")
/* A component owns its directory where the names agree. */
static void bitnami(void **state)
{
	const char *jar = "P jar 1 - - - - - 0\n";
	char expected[512];

	snprintf(expected, sizeof(expected),
		 "F spdx\nP redis 7-0 arm64 - - - - 0\nC opt/bitnami/redis 0 400 - 0: -\n%s"
		 "C opt/bitnami/redis/share/a.jar 0 0 - 2:%s -\nR ok",
		 jar, SHA1_A);
	expect_at(state, "opt/bitnami/redis/.spdx-redis.spdx", COMPONENT, expected);
	snprintf(expected, sizeof(expected),
		 "F spdx\nP redis 7-0 arm64 - - - - 80\n%s"
		 "C opt/bitnami/common/share/a.jar 0 0 - 2:%s -\nR ok",
		 jar, SHA1_A);
	expect_at(state, "opt/bitnami/common/.spdx-redis.spdx", COMPONENT, expected);
	snprintf(expected, sizeof(expected),
		 "F spdx\nP redis 7-0 arm64 - - - - 80\n%s"
		 "C opt/bitnami/x/redis/share/a.jar 0 0 - 2:%s -\nR ok",
		 jar, SHA1_A);
	expect_at(state, "opt/bitnami/x/redis/.spdx-redis.spdx", COMPONENT, expected);
	/* elsewhere nobody knows what the names are relative to */
	expect_at(state, "usr/share/spdx/redis.json", COMPONENT,
		  "F spdx\nP redis 7-0 arm64 - - - - 80\nP jar 1 - - - - - 0\nR ok");
}

static struct wd_package_copy {
	char field[WD_PACKAGE_FIELD_COUNT][128];
} seen;

static int keep_package(struct wd_sink *sink, const struct wd_package *pkg)
{
	(void)sink;
	for (int i = 0; i < WD_PACKAGE_FIELD_COUNT; i++)
		snprintf(seen.field[i], sizeof(seen.field[i]), "%.*s",
			 WD_BLOB_PRINTF(pkg->field[i]));
	return 0;
}

static void expect_fields(void **state, const char *purl, const char *version,
			  const char *distribution, const char *origin)
{
	struct backend_log *log = *state;
	const struct wd_sink_ops *before = log->sink.ops;
	struct wd_sink_ops ops = *before;
	char text[1024];

	ops.package = keep_package;
	log->sink.ops = &ops;
	snprintf(text, sizeof(text),
		 SPDX("\"packages\":[" PKG("A", "a", "9",
					   PURL("%s") ",\"supplier\":\"Organization: S\"") "]"),
		 purl);
	backend_log_puts(log, MELANGE, text);
	backend_log_load(log, MELANGE, 0);
	log->sink.ops = before;
	assert_string_equal(seen.field[WD_PACKAGE_PURL], purl);
	assert_string_equal(seen.field[WD_PACKAGE_VENDOR], "S");
	assert_string_equal(seen.field[WD_PACKAGE_VERSION], version);
	assert_string_equal(seen.field[WD_PACKAGE_DISTRIBUTION], distribution);
	assert_string_equal(seen.field[WD_PACKAGE_ORIGIN], origin);
}

static void package_urls(void **state)
{
	expect_fields(state,
		      "pkg:docker/dhi/"
		      "python@3.14.3-debian13?platform=linux%2Famd64&os_name=debian&os_version=13",
		      "3.14.3-debian13", "debian-13", "dhi");
	expect_fields(state,
		      "pkg:deb/debian/libc6@1%3A2.36-9%2Bdeb12u1?arch=amd64&distro=debian-12",
		      "1:2.36-9+deb12u1", "debian-12", "debian");
	assert_string_equal(seen.field[WD_PACKAGE_RELEASE], "9+deb12u1");
	assert_string_equal(seen.field[WD_PACKAGE_ARCH], "amd64");
	expect_fields(state, "pkg:rpm/redhat/bind@9.11-1.el8?epoch=32&distro=rhel-8.4",
		      "32:9.11-1.el8", "rhel-8.4", "redhat");
	expect_fields(state, "pkg:npm/%40angular/core@1.0#a/b", "1.0", "", "@angular");
	expect_fields(state, "pkg:npm/@types/node", "9", "", "@types");
	expect_fields(state, "pkg://golang/github.com/a/b@v1?x", "v1", "", "github.com/a");
	expect_fields(state, "pkg:generic/a%zz%4", "9", "", "");
}

static void bad_purl(void **state)
{
	static const char *const bad[] = {"x", "pkg:", "pkg:apk", "pkg:/a", "pkg:apk/"};

	for (size_t i = 0; i < WD_ARRAY_SIZE(bad); i++) {
		char text[1024], expected[256];

		snprintf(text, sizeof(text),
			 SPDX("\"packages\":[" PKG("A", "a", "9", PURL("%s")) "]"), bad[i]);
		snprintf(expected, sizeof(expected),
			 "F spdx\nE corrupt - no package URL: %s\nP a 9 - - - - - 80\nR ok",
			 bad[i]);
		expect(state, text, expected);
	}
}

static void bad_items(void **state)
{
	static const struct {
		const char *members, *message;
	} cases[] = {
		{"\"packages\":[" A ",{\"name\":\"b\"}]", "package without SPDXID"},
		{"\"packages\":[" A ",7]", "package without SPDXID"},
		{"\"packages\":[" A "],\"files\":[{}]", "file without SPDXID"},
		{"\"packages\":[" A "," A "]", "SPDXID that is there twice: A"},
		{"\"packages\":[" A "],\"files\":[" FILE_("A", "/f", "SHA1", SHA1_A) "]",
		 "SPDXID that is there twice: A"},
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(cases); i++) {
		char text[1024], expected[256];

		snprintf(text, sizeof(text), SPDX("%s"), cases[i].members);
		snprintf(expected, sizeof(expected),
			 "F spdx\nE corrupt - %s\nP a 1-r0 x86_64 - - - - 80\nR ok",
			 cases[i].message);
		expect(state, text, expected);
	}
	expect(state, SPDX("\"packages\":[{\"SPDXID\":\"B\",\"versionInfo\":\"1\"}," A "]"),
	       "F spdx\nE corrupt - package without name: B\nP a 1-r0 x86_64 - - - - 80\nR ok");
	expect(state, SPDX("\"packages\":7,\"files\":{},\"relationships\":null"), "F spdx\nR ok");
	expect(state,
	       SPDX("\"packages\":[" A "],\"files\":[" FILE_(
		       "F", "/f", "SHA1",
		       "zz") ",{\"SPDXID\":\"G\"}],"
			     "\"relationships\":[" REL("A", "CONTAINS", "F") "," REL(
				     "A", "CONTAINS", "G") "," REL("F", "CONTAINS", "A") ",7]"),
	       "F spdx\nE corrupt - file /f: checksum is none\nE corrupt - file without name\n"
	       "P a 1-r0 x86_64 - - - - 0\nC f 0 0 - 0: -\nR ok");
}

static void cyclonedx(void **state)
{
	expect(state,
	       "{\"bomFormat\":\"CycloneDX\",\"metadata\":{\"component\":{\"name\":\"img\"}},"
	       "\"components\":["
	       "{\"type\":\"operating-system\",\"name\":\"debian\",\"version\":\"12\"},"
	       "{\"type\":\"library\",\"name\":\"libc6\",\"version\":\"2\",\"purl\":\"pkg:deb/"
	       "debian/libc6@2.36-9?arch=amd64\","
	       "\"components\":[{\"type\":\"file\",\"name\":\"/lib/"
	       "libc.so.6\",\"hashes\":[{\"alg\":\"SHA-256\",\"content\":\"" SHA256_A "\"}]},"
	       "{\"type\":\"library\",\"group\":\"g\",\"name\":\"inner\",\"version\":\"1\"}]},"
	       "{\"type\":\"file\",\"name\":\"/nobody\"},{\"type\":\"library\"},7]}",
	       "F cyclonedx\nP libc6 2.36-9 amd64 - - - - 0\nC lib/libc.so.6 0 0 - 8:" SHA256_A
	       " -\n"
	       "P g/inner 1 - - - - - 80\nE corrupt - component without name\n"
	       "E corrupt - component that is no object\nR ok");
}

static void long_names(void **state)
{
	struct wd_buf text = WD_BUF_INIT;

	wd_buf_str(&text,
		   "{\"spdxVersion\":\"SPDX-2.3\",\"packages\":[" A "],\"relationships\":[" REL(
			   "A", "CONTAINS", "F") "],\"files\":[{\"SPDXID\":\"F\",\"fileName\":\"/");
	for (int i = 0; i < 5000; i++)
		wd_buf_byte(&text, 'x');
	wd_buf_append(&text, "\"}]}", 5);
	expect(state, text.ptr,
	       "F spdx\nE corrupt - file name of 5001 bytes\nP a 1-r0 x86_64 - - - - 0\nR ok");
	wd_buf_done(&text);
}

static void other_documents(void **state)
{
	expect(state, "{\"name\":\"x\"}", "R absent");
	expect(state, "[]", "R absent");
	expect(state, "{\"spdxVersion\":\"SPDX-3.0\"}", "R unsupported");
	expect(state, "{\"@context\":\"https://spdx.org/rdf/3.0.1/spdx-context.jsonld\"}",
	       "R unsupported");
	expect(state, "", "E corrupt - byte 0: not JSON\nR corrupt");
	expect(state, "SPDXVersion: SPDX-2.3\n", "E corrupt - byte 0: not JSON\nR corrupt");
	expect(state, "{\"spdxVersion\":\"SPDX-2.3\"", "E corrupt - byte 24: not JSON\nR corrupt");
	expect(state, SPDX("\"a\":1") "x", "E corrupt - byte 32: not JSON\nR corrupt");
}

static void deep(void **state)
{
	struct wd_buf text = WD_BUF_INIT;

	for (int i = 0; i < 100000; i++)
		wd_buf_str(&text, "{\"components\":[");
	wd_buf_byte(&text, '\0');
	backend_log_puts(*state, MELANGE, text.ptr);
	assert_non_null(strstr(backend_log_load(*state, MELANGE, 0), "R corrupt"));
	wd_buf_done(&text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, backend_log_setup, backend_log_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sources),	 TEST(contained_source), TEST(images),	   TEST(files),
		TEST(bitnami),	 TEST(package_urls),	 TEST(bad_purl),   TEST(bad_items),
		TEST(cyclonedx), TEST(other_documents),	 TEST(long_names), TEST(deep),
	};

	return cmocka_run_group_tests_name("sbom", tests, NULL, NULL);
}
