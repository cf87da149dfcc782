/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The dpkg backend on databases made here, a defect or oddity each. Everything that it pushes is
 * written down as text and compared as a whole:
 *
 *	F format
 *	P name version arch source source-version release size flags
 *	C path mode flags digest recorded
 *	A path target
 *	E code path message
 *	R code
 */
#include "base/buf.h"
#include "request-dir.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#define MD5_A "0cc175b9c0f1b6a831c399e269772661"
#define MD5_B "92eb5ffee6ae2fec3ad71c777531578f"
#define HEAD(name) "Package: " name "\nStatus: install ok installed\nArchitecture: amd64\n"
#define STANZA(name) HEAD(name) "Version: 1-2\n"

extern const struct wd_backend wd_backend_v2;

struct fixture {
	char root[32];
	int dir; /* root, as var/lib/dpkg */
	struct wd_buf log;
	struct wd_sink sink;
	struct request_dir from;
};

static struct fixture *self(struct wd_sink *sink)
{
	return (struct fixture *)((char *)sink - offsetof(struct fixture, sink));
}

#define OR_DASH(b) WD_BLOB_PRINTF((b).len ? (b) : WD_BLOB("-"))

static int on_package(struct wd_sink *sink, const struct wd_package *pkg)
{
	static const int shown[] = {WD_PACKAGE_NAME,	       WD_PACKAGE_VERSION,
				    WD_PACKAGE_ARCH,	       WD_PACKAGE_SOURCE,
				    WD_PACKAGE_SOURCE_VERSION, WD_PACKAGE_RELEASE};
	struct wd_buf *log = &self(sink)->log;

	wd_buf_byte(log, 'P');
	for (size_t i = 0; i < WD_ARRAY_SIZE(shown); i++)
		wd_buf_printf(log, " %.*s", OR_DASH(pkg->field[shown[i]]));
	wd_buf_printf(log, " %lld %x\n", (long long)pkg->size, pkg->flags);
	return 0;
}

static int on_claim(struct wd_sink *sink, const struct wd_claim *c)
{
	struct wd_buf *log = &self(sink)->log;

	wd_buf_printf(log, "C %.*s%s%.*s %o %x ", WD_BLOB_PRINTF(c->dir), c->dir.len ? "/" : "",
		      WD_BLOB_PRINTF(c->name), c->mode, c->flags);
	wd_buf_hex(log, c->digest);
	wd_buf_printf(log, "%s %.*s\n", c->digest.len ? "" : "-", OR_DASH(c->recorded));
	return 0;
}

static int on_alias(struct wd_sink *sink, struct wd_blob path, struct wd_blob target)
{
	wd_buf_printf(&self(sink)->log, "A %.*s %.*s\n", WD_BLOB_PRINTF(path),
		      WD_BLOB_PRINTF(target));
	return 0;
}

static int on_format(struct wd_sink *sink, const char *format)
{
	wd_buf_printf(&self(sink)->log, "F %s\n", format);
	return 0;
}

static int on_error(struct wd_sink *sink, int status, const char *path, const char *message)
{
	wd_buf_printf(&self(sink)->log, "E %s %s %s\n", wd_status_name(status), path ? path : "-",
		      message);
	return 0;
}

static int setup(void **state)
{
	static const struct wd_sink_ops ops = {on_package, on_claim, on_alias, on_format, on_error};
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	strcpy(f->root, "/tmp/test-dpkg-XXXXXX");
	f->sink.ops = &ops;
	f->dir = mkdtemp(f->root) ? open(f->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	*state = f;
	return f->dir < 0 || mkdirat(f->dir, "info", 0755) < 0 ||
	       mkdirat(f->dir, "alternatives", 0755) < 0 || mkdirat(f->dir, "status.d", 0755) < 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	nftw(f->root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	close(f->dir);
	wd_buf_done(&f->log);
	free(f);
	return 0;
}

static void put_bytes(struct fixture *f, const char *path, const void *bytes, size_t len)
{
	int fd = openat(f->dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static void put(struct fixture *f, const char *path, const char *text)
{
	put_bytes(f, path, text, strlen(text));
}

/* Loads the database, `path` below the fixture, and returns the log. */
static const char *load(struct fixture *f, const char *path, uint32_t want)
{
	int r;

	f->log.len = 0;
	f->from.req.want = want;
	assert_true(request_dir_open(&f->from, f->dir, path));
	r = wd_backend_v2.load(&f->from.req, &f->sink);
	request_dir_close(&f->from);
	wd_buf_printf(&f->log, "R %s", r < 0 ? wd_status_name(r) : "ok");
	wd_buf_byte(&f->log, '\0');
	assert_int_equal(f->log.status, 0);
	return f->log.ptr;
}

static void expect(struct fixture *f, const char *path, uint32_t want, const char *expected)
{
	assert_string_equal(load(f, path, want), expected);
}

/* The status file, one list for each of packages a, b and c, and what comes out. */
static void expect_status(struct fixture *f, const char *status, const char *expected)
{
	put(f, "info/a.list", "/.\n/usr\n/usr/bin\n/usr/bin/a\n");
	put(f, "info/b.list", "/etc/b.conf\n");
	put(f, "info/c.list", "");
	put(f, "status", status);
	expect(f, "status", 0, expected);
}

#define CLAIMS_A "C  40000 0 - -\nC usr 40000 0 - -\nC usr/bin 40000 0 - -\nC usr/bin/a 0 0 - -\n"
#define CLAIMS_B "C etc/b.conf 0 0 - -\n"

static void fields(void **state)
{
	expect_status(*state,
		      HEAD("c") "version: 2:1.0-3~x+b1\nSource: big (1.0-3~x)\nEssential: yes\n"
				"Installed-Size: 3\nDescription: x\n y\n .\n z\n",
		      "F status\nP c 2:1.0-3~x+b1 amd64 big 1.0-3~x 3~x+b1 3072 40\nR ok");
	expect_status(*state, HEAD("c") "Version: 1.0\nSource: big\nConffiles:\n",
		      "F status\nP c 1.0 amd64 big 1.0 - -1 0\nR ok");
}

static void separators(void **state)
{
	const char *expected = "F status\nP a 1-2 amd64 a 1-2 2 -1 0\n" CLAIMS_A
			       "P b 1-2 amd64 b 1-2 2 -1 0\n" CLAIMS_B "R ok";

	expect_status(*state, STANZA("a") "\n" STANZA("b"), expected);
	expect_status(*state, "\n\n" STANZA("a") "\n\n\n" STANZA("b") "\n\n", expected);
	expect_status(*state, STANZA("a") "\n" HEAD("b") "Version: 1-2", expected);
	expect_status(*state,
		      "Package: a\r\nStatus: install ok installed\r\nVersion: 1-2\r\n"
		      "Architecture: amd64\r\n\r\n" STANZA("b"),
		      expected);
	expect_status(*state, "", "F status\nR ok");
}

static void expect_fault(struct fixture *f, const char *stanza, const char *message)
{
	char status[1024], expected[1024];

	snprintf(status, sizeof(status), "%s\n%s\n%s", STANZA("a"), stanza, STANZA("b"));
	snprintf(expected, sizeof(expected), "F status\n%sE corrupt - %s\n%sR ok",
		 "P a 1-2 amd64 a 1-2 2 -1 0\n" CLAIMS_A, message,
		 "P b 1-2 amd64 b 1-2 2 -1 0\n" CLAIMS_B);
	expect_status(f, status, expected);
}

/* A malformed stanza costs itself. */
static void malformed_stanzas(void **state)
{
	struct fixture *f = *state;

	expect_fault(f, "Version: 1\n", "line 6: stanza without 'Package' field");
	expect_fault(f, "Package: ../x\n",
		     "line 6: invalid package name: must start with an alphanumeric character");
	expect_fault(f, HEAD("x"), "line 6: stanza without 'Version' field");
	expect_fault(f, HEAD("x") "Version: 1:\n",
		     "line 9: 'Version' field value '1:': nothing after colon in version number");
	expect_fault(f, HEAD("x") "Version: 1 2\n",
		     "line 9: 'Version' field value '1 2': version string has embedded spaces");
	expect_fault(f, HEAD("x") "garbage\n", "line 9: newline in field name 'garbage'");
	expect_fault(f, HEAD("x") "gar bage\n",
		     "line 9: field name 'gar' must be followed by colon");
	expect_fault(f, STANZA("x") "package: y\n", "line 10: duplicate value for 'package' field");
	expect_fault(f, "Package: x\nStatus: install ok\n",
		     "line 7: '' is not a known word in 'Status' field");
	expect_fault(f, "Package: x\nStatus: install ok installed now\n",
		     "line 7: junk after the third word in 'Status' field");
}

static void nul_bytes(void **state)
{
	static const char status[] = "Package: x\nStatus: in\0stall ok installed\n\n" STANZA("c");
	struct fixture *f = *state;

	put(f, "info/c.list", "");
	put_bytes(f, "status", status, sizeof(status) - 1);
	expect(f, "status", 0,
	       "F status\nE corrupt - line 2: NUL byte\nP c 1-2 amd64 c 1-2 2 -1 0\nR ok");
}

/* A file that is none: errors are counted, not repeated for ever. */
static void garbage(void **state)
{
	struct fixture *f = *state;
	struct wd_buf text = WD_BUF_INIT;
	unsigned int errors = 0;

	for (int i = 0; i < 5000; i++)
		wd_buf_str(&text, "x\n\n");
	put_bytes(f, "status", text.ptr, text.len);
	wd_buf_done(&text);
	for (const char *p = load(f, "status", 0); (p = strstr(p, "\nE ")); p++)
		errors++;
	assert_int_equal(errors, 21);
	assert_non_null(strstr(f->log.ptr, "further errors in this file are not shown"));
}

static void states(void **state)
{
	static const struct {
		const char *status;
		uint32_t flags;
	} rows[] = {
		{"install ok half-installed", WD_PACKAGE_HALF_INSTALLED},
		{"install reinstreq unpacked", WD_PACKAGE_UNPACKED},
		{"install ok half-configured", WD_PACKAGE_HALF_CONFIGURED},
		{"install ok triggers-awaited", WD_PACKAGE_TRIGGERS},
		{"install ok triggers-pending", WD_PACKAGE_TRIGGERS},
		{"hold ok unpacked", WD_PACKAGE_HOLD | WD_PACKAGE_UNPACKED},
	};
	char status[256], expected[256];

	for (size_t i = 0; i < WD_ARRAY_SIZE(rows); i++) {
		snprintf(status, sizeof(status), "Package: b\nStatus: %s\nVersion: 1\n",
			 rows[i].status);
		snprintf(expected, sizeof(expected),
			 "F status\nP b 1 - b 1 - -1 %x\n" CLAIMS_B "R ok", rows[i].flags);
		expect_status(*state, status, expected);
	}
	expect_status(*state, "Package: b\nStatus: unknown ok not-installed\n", "F status\nR ok");
	/* control files, which somebody else than dpkg put there, are of what was unpacked */
	expect_status(*state, "Package: b\nVersion: 1\n\nPackage: a\nVersion: 2\n",
		      "F status\nP b 1 - b 1 - -1 0\n" CLAIMS_B "P a 2 - a 2 - -1 0\n" CLAIMS_A
		      "R ok");
	expect_status(*state, "Package: a\n",
		      "F status\nE corrupt - line 1: stanza without 'Version' field\nR ok");
	/* its unpacking was cut short: no version, no list, and no reason to complain */
	expect_status(*state, "Package: x\nStatus: install reinstreq half-installed\n",
		      "F status\nP x - - x - - -1 82\nR ok");
}

static void removed(void **state)
{
	struct fixture *f = *state;

	put(f, "info/r.list", "/etc\n/etc/r.conf\n/etc/r.d\n");
	put(f, "status",
	    "Package: r\nStatus: deinstall ok config-files\nVersion: 1\nConffiles:\n"
	    " /etc/r.conf " MD5_A
	    "\n\nPackage: s\nStatus: deinstall ok config-files\nVersion: 1\nConffiles:\n"
	    " /etc/s " MD5_B "\n");
	expect(f, "status", 0,
	       "F status\nP r 1 - r 1 - -1 1\nC etc/r.conf 100000 11 " MD5_A
	       " -\nP s 1 - s 1 - -1 1\nC etc/s 100000 11 " MD5_B " -\nR ok");
}

static void conffiles(void **state)
{
	struct fixture *f = *state;

	put(f, "info/x.list", "/etc\n/etc/a b\n/etc/old\n/etc/new\n");
	put(f, "status",
	    STANZA("x") "Conffiles:\n /etc/a b " MD5_A "\n /etc/old " MD5_B
			" obsolete\n /etc/new newconffile\n /etc/unlisted " MD5_A
			"\n /etc/gone " MD5_B " obsolete\n /etc/rm " MD5_B
			" obsolete remove-on-upgrade\n /etc/bad 12\n /etc/../x " MD5_A "\n");
	expect(f, "status", 0,
	       "F status\nE corrupt - line 12: malformed line in 'Conffiles' field\n"
	       "E corrupt - line 13: path with a \"..\" component\nP x 1-2 amd64 x 1-2 2 -1 0\n"
	       "C etc 40000 0 - -\nC etc/a b 100000 11 " MD5_A " -\nC etc/old 100000 211 " MD5_B
	       " -\nC etc/new 100000 11 - -\nC etc/unlisted 100000 11 " MD5_A " -\nR ok");
}

/* The last entry of a directory may stand far from it: symbolic links come last in a package. */
static void directories(void **state)
{
	struct fixture *f = *state;

	put(f, "info/x.list", "/.\n/opt\n/usr/lib\n/usr/lib/x/\n/opt/y\n/usr/lib/x/z\n");
	put(f, "status", STANZA("x"));
	expect(f, "status", 0,
	       "F status\nP x 1-2 amd64 x 1-2 2 -1 0\nC  40000 0 - -\nC opt 40000 0 - -\n"
	       "C usr/lib 40000 0 - -\nC usr/lib/x 40000 0 - -\nC opt/y 0 0 - -\n"
	       "C usr/lib/x/z 0 0 - -\nR ok");
}

static void odd_lists(void **state)
{
	struct fixture *f = *state;
	static const char nul[] = "/a\0b\n/c\n";

	put(f, "info/x.list", "/usr/../etc/passwd\n\n../up\n/..\n/a..b\n/a..b\n/last");
	put(f, "status", STANZA("x"));
	expect(f, "status", 0,
	       "F status\nE corrupt ./info/x.list line 1: path with a \"..\" component\n"
	       "E corrupt ./info/x.list line 2: empty file name\n"
	       "E corrupt ./info/x.list line 3: path with a \"..\" component\n"
	       "E corrupt ./info/x.list line 4: path with a \"..\" component\n"
	       "E corrupt ./info/x.list line 7: missing final newline\n"
	       "P x 1-2 amd64 x 1-2 2 -1 0\nC a..b 0 0 - -\nC last 0 0 - -\nR ok");
	put_bytes(f, "info/x.list", nul, sizeof(nul) - 1);
	expect(f, "status", 0,
	       "F status\nE corrupt ./info/x.list line 1: NUL byte in a path\n"
	       "P x 1-2 amd64 x 1-2 2 -1 0\nC c 0 0 - -\nR ok");
}

/* Not regular: reported, never waited for or followed. */
static void special_files(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkfifoat(f->dir, "info/a.list", 0644), 0);
	assert_int_equal(symlinkat("/etc/passwd", f->dir, "info/b.list"), 0);
	put(f, "info/c.list", "/c\n");
	put(f, "status", STANZA("a") "\n" STANZA("b") "\n" STANZA("c"));
	expect(f, "status", 0,
	       "F status\nE not-regular ./info/a.list not a regular file\n"
	       "P a 1-2 amd64 a 1-2 2 -1 80\nE not-regular ./info/b.list not a regular file\n"
	       "P b 1-2 amd64 b 1-2 2 -1 80\nP c 1-2 amd64 c 1-2 2 -1 0\nC c 0 0 - -\nR ok");
}

static void missing_lists(void **state)
{
	struct fixture *f = *state;

	put(f, "info/b.list", "");
	put(f, "status", STANZA("a") "\n" STANZA("b"));
	expect(f, "status", 0,
	       "F status\nE absent ./info/a.list the file list of package 'a' is missing\n"
	       "P a 1-2 amd64 a 1-2 2 -1 80\nP b 1-2 amd64 b 1-2 2 -1 0\nR ok");
	/* none at all, or no info/: a database without lists, as status.d is */
	for (int i = 0; i < 2; i++) {
		unlinkat(f->dir, i ? "info" : "info/b.list", i ? AT_REMOVEDIR : 0);
		expect(f, "status", 0,
		       "F status\n"
		       "P a 1-2 amd64 a 1-2 2 -1 80\nP b 1-2 amd64 b 1-2 2 -1 80\nR ok");
	}
}

static void multi_arch(void **state)
{
	struct fixture *f = *state;

	put(f, "info/m:amd64.list", "/amd64\n");
	put(f, "info/m:i386.list", "/i386\n");
	put(f, "info/m:i386.md5sums", MD5_A "  i386\n");
	put(f, "info/old.list", "/old\n");
	put(f, "info/f.list", "/f\n");
	put(f, "info/f:amd64.list", "/wrong\n");
	put(f, "status",
	    STANZA("m") "Multi-Arch: same\n\nPackage: m\nStatus: install ok "
			"installed\nArchitecture: i386\n"
			"Version: 1-2\nMulti-Arch: same\n\n" STANZA(
				"old") "Multi-Arch: same\n\n" STANZA("f") "Multi-Arch: foreign\n");
	expect(f, "status", WD_WANT_DIGESTS,
	       "F status\nP m 1-2 amd64 m 1-2 2 -1 0\nC amd64 0 0 - -\nP m 1-2 i386 m 1-2 2 -1 0\n"
	       "C i386 100000 0 " MD5_A
	       " -\nP old 1-2 amd64 old 1-2 2 -1 0\nC old 0 0 - -\nP f 1-2 amd64 f 1-2 2 -1 0\n"
	       "C f 0 0 - -\nR ok");
}

static void md5sums(void **state)
{
	struct fixture *f = *state;
	const char *errors = "E corrupt ./info/x.md5sums line 4: not \"digest  path\"\n"
			     "E corrupt ./info/x.md5sums line 5: path with a \"..\" component\n";
	char expected[1024];

	put(f, "info/x.list", "/usr\n/usr/a\n/usr/b\\c\n/etc/c\n");
	put(f, "info/x.md5sums",
	    MD5_A "  usr/a\n\\" MD5_B "  usr/b\\\\c\n" MD5_B " *etc/c\nnonsense\n" MD5_A
		  "  ../x\n" MD5_A "  not/listed\n");
	put(f, "status", STANZA("x") "Conffiles:\n /etc/c " MD5_A "\n");
	snprintf(
		expected, sizeof(expected),
		"F status\n%sP x 1-2 amd64 x 1-2 2 -1 0\nC usr 40000 0 - -\nC usr/a 100000 0 " MD5_A
		" -\nC usr/b\\c 100000 0 " MD5_B " -\nC etc/c 100000 11 " MD5_A " -\nR ok",
		errors);
	expect(f, "status", WD_WANT_DIGESTS, expected);
	expect(f, "status", 0,
	       "F status\nP x 1-2 amd64 x 1-2 2 -1 0\nC usr 40000 0 - -\nC usr/a 0 0 - -\n"
	       "C usr/b\\c 0 0 - -\nC etc/c 100000 11 " MD5_A " -\nR ok");
}

static void diversions(void **state)
{
	struct fixture *f = *state;
	const char *list = "/bin/local\n/bin/sh\n/bin/sh.distrib\n";

	put(f, "info/a.list", list);
	put(f, "info/dash.list", list);
	put(f, "diversions", "/bin/sh\n/bin/sh.distrib\ndash\n/bin/local\n/opt/local/l\n:\n");
	put(f, "status", STANZA("a") "\n" STANZA("dash"));
	expect(f, "status", 0,
	       "F status\nP a 1-2 amd64 a 1-2 2 -1 0\nC opt/local/l 0 20 - bin/local\n"
	       "C bin/sh.distrib 0 20 - bin/sh\nC bin/sh.distrib 0 0 - -\n"
	       "P dash 1-2 amd64 dash 1-2 2 -1 0\nC opt/local/l 0 20 - bin/local\n"
	       "C bin/sh 0 0 - -\nC bin/sh.distrib 0 0 - -\nR ok");
}

static void odd_diversions(void **state)
{
	struct fixture *f = *state;

	put(f, "info/a.list", "/x\n");
	put(f, "diversions", "/x\n/y\n:\n/y\n/z\n:\n/p\n/../q\n:\n/only\n/two\n");
	put(f, "status", STANZA("a"));
	expect(f, "status", 0,
	       "F status\nE corrupt ./diversions line 4: conflicting diversions\n"
	       "E corrupt ./diversions line 7: path with a \"..\" component\n"
	       "E corrupt ./diversions line 10: diversion of 2 lines instead of 3\n"
	       "P a 1-2 amd64 a 1-2 2 -1 0\nC y 0 20 - x\nR ok");
}

static void statoverride(void **state)
{
	struct fixture *f = *state;

	put(f, "info/x.list", "/d\n/d/f\n/conf\n/unknown\n");
	put(f, "statoverride",
	    "root root 2755 /d\nroot #12 4711 /conf\nroot root 755 /unknown\nroot root 9 /d/f\n"
	    "root root 17777 /d/f\nshort 755\nroot root 755 /d\n");
	put(f, "status", STANZA("x") "Conffiles:\n /conf " MD5_A "\n");
	expect(f, "status", 0,
	       "F status\nE corrupt ./statoverride line 4: not \"user group mode path\"\n"
	       "E corrupt ./statoverride line 5: not \"user group mode path\"\n"
	       "E corrupt ./statoverride line 6: not \"user group mode path\"\n"
	       "E corrupt ./statoverride line 7: second override of one path\n"
	       "P x 1-2 amd64 x 1-2 2 -1 0\nC d 42755 0 - -\nC d/f 0 0 - -\nC conf 104711 11 " MD5_A
	       " -\nC unknown 0 0 - -\nR ok");
}

static void alternatives(void **state)
{
	struct fixture *f = *state;

	put(f, "alternatives/awk",
	    "auto\n/usr/bin/awk\nawk.1\n/man/awk.1\nnawk\n/usr/bin/nawk\n\n/usr/bin/mawk\n5\n"
	    "/man/mawk.1\n\n/usr/bin/gawk\n10\n\n/usr/bin/gawk\n\n");
	put(f, "alternatives/vi", "manual\n/bin/vi\n\n/bin/ed\n-100\n/bin/vim\n1\n\n");
	put(f, "alternatives/empty", "");
	put(f, "alternatives/z.dpkg-tmp", "x");
	put(f, "status", "");
	expect(f, "status", 0,
	       "F status\nA /usr/bin/awk /etc/alternatives/awk\n"
	       "A /man/awk.1 /etc/alternatives/awk.1\nA /usr/bin/nawk /etc/alternatives/nawk\n"
	       "A /etc/alternatives/awk /usr/bin/gawk\nA /etc/alternatives/nawk /usr/bin/gawk\n"
	       "A /bin/vi /etc/alternatives/vi\nA /etc/alternatives/vi /bin/vim\n"
	       "A /etc/alternatives/vi /bin/ed\nR ok");
}

static void odd_alternatives(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{"auto\n", "line 2: truncated"},
		{"maybe\n/bin/x\n\n", "line 1: neither \"auto\" nor \"manual\""},
		{"auto\nbin/x\n\n", "line 2: not an absolute path"},
		{"auto\n/bin/x\ns\n", "line 4: truncated"},
		{"auto\n/bin/x\na/b\n/s\n\n", "line 3: slash in a name"},
		{"auto\n/bin/x\ns\n/s\n\n/bin/y\n5\n", "line 8: truncated"},
		{"auto\n/bin/x\n\n/bin/y\nfive\n\n", "line 5: priority is not a number"},
		{"auto\n/bin/x\n\n/../y\n5\n\n", "line 4: path with a \"..\" component"},
	};
	struct fixture *f = *state;
	char expected[256];

	put(f, "status", "");
	for (size_t i = 0; i < WD_ARRAY_SIZE(rows); i++) {
		put(f, "alternatives/x", rows[i].text);
		snprintf(expected, sizeof(expected),
			 "F status\nE corrupt ./alternatives/x %s\nR ok", rows[i].error);
		expect(f, "status", 0, expected);
	}
}

#define CONTROL(name) "Package: " name "\nVersion: 1\nArchitecture: all\n"

static void statusd(void **state)
{
	struct fixture *f = *state;

	put(f, "status.d/base", CONTROL("base-files"));
	put(f, "status.d/base.md5sums", MD5_A "  etc/x\n\\" MD5_B "  a\\nb\n");
	put(f, "status.d/libssl1", CONTROL("libssl1.1"));
	put(f, "status.d/libssl1.1.md5sums", MD5_A "  ./usr/lib/s\n");
	put(f, "status.d/netbase", CONTROL("netbase"));
	put(f, "status.d/netbase.postinst", "#!/bin/sh\n");
	assert_int_equal(mkdirat(f->dir, "status.d/tzdata", 0755), 0);
	put(f, "status.d/tzdata/control", CONTROL("tzdata"));
	put(f, "status.d/tzdata/md5sums", MD5_B "  usr/tz\n");
	expect(f, "status.d", 0,
	       "F statusd\nP base-files 1 all base-files 1 - -1 0\nC etc/x 100000 0 " MD5_A
	       " -\nC a\nb 100000 0 " MD5_B
	       " -\nP libssl1.1 1 all libssl1.1 1 - -1 0\nC usr/lib/s 100000 0 " MD5_A
	       " -\nP netbase 1 all netbase 1 - -1 80\nP tzdata 1 all tzdata 1 - -1 0\n"
	       "C usr/tz 100000 0 " MD5_B " -\nR ok");
}

static void odd_statusd(void **state)
{
	struct fixture *f = *state;

	put(f, "status.d/a", "");
	put(f, "status.d/b", "nonsense");
	put(f, "status.d/c", CONTROL("c") "\n" CONTROL("d"));
	put(f, "status.d/c.md5sums", "nonsense\n" MD5_A "  c");
	assert_int_equal(mkdirat(f->dir, "status.d/d", 0755), 0);
	assert_int_equal(mkfifoat(f->dir, "status.d/e", 0644), 0);
	assert_int_equal(symlinkat("/etc/passwd", f->dir, "status.d/f"), 0);
	expect(f, "status.d", 0,
	       "F statusd\nE corrupt status.d/a no stanza\n"
	       "E corrupt status.d/b line 1: newline in field name 'nonsense'\n"
	       "E corrupt status.d/c.md5sums line 1: not \"digest  path\"\nP c 1 all c 1 - -1 0\n"
	       "C c 100000 0 " MD5_A " -\nE corrupt status.d/c line 5: second stanza in one file\n"
	       "E absent status.d/d/control not there\n"
	       "E not-regular status.d/e not a regular file\n"
	       "E not-regular status.d/f not a regular file\nR ok");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fields),		TEST(separators),    TEST(malformed_stanzas),
		TEST(nul_bytes),	TEST(garbage),	     TEST(states),
		TEST(removed),		TEST(conffiles),     TEST(directories),
		TEST(odd_lists),	TEST(special_files), TEST(missing_lists),
		TEST(multi_arch),	TEST(md5sums),	     TEST(diversions),
		TEST(odd_diversions),	TEST(statoverride),  TEST(alternatives),
		TEST(odd_alternatives), TEST(statusd),	     TEST(odd_statusd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
