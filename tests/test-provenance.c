/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * os-release, the rules of the data tables, package URLs, attribution, style and the verdict: on
 * tables of our own, with dpkg databases read by the real backend.
 */
#include "base/status.h"
#include "pkgdb/descriptor.h"
#include "provenance/purl.h"
#include "provenance/subject.h"
#include "temproot.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

static void os_release(void **state)
{
	static const struct {
		const char *text, *id, *version, *pretty;
	} table[] = {
		{"ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME='A B'\n", "debian", "12", "A B"},
		{"ID=debian", "debian", "", ""},
		{"# ID=no\n\n  ID=x  \r\nVERSION_ID=1\r\n", "x", "1", ""},
		{"ID=a\nID=b\n", "b", "", ""},
		{"PRETTY_NAME=\"a \\\"b\\\" \\$c \\\\ \\`d\"\n", "", "", "a \"b\" $c \\ `d"},
		{"PRETTY_NAME='a \\\" b'\n", "", "", "a \\\" b"},
		{"PRETTY_NAME=a\\ b\n", "", "", "a b"},
		{"PRETTY_NAME=\"a=b\"\n", "", "", "a=b"},
		{"PRETTY_NAME=\"open\n", "", "", "open"},
		{"PRETTY_NAME=\"\nID=x\n", "x", "", "\""},
		{"PRETTY_NAME=\"\"\nID=''\n", "", "", ""},
		{"PRETTY_NAME=x\\\n", "", "", "x\\"},
		{"ID\n=x\nID =y\nXID=z\n", "", "", ""},
		{"", "", "", ""},
	};
	struct temproot *t = *state;
	struct wd_root root;

	assert_int_equal(wd_root_open(t->path, &root), 0);
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		struct wd_os_release os;

		temproot_file(t, "etc/os-release", table[i].text);
		assert_int_equal(wd_os_release_read(&root, &os), 0);
		assert_true(os.present && os.status == 0);
		assert_string_equal(os.id, table[i].id);
		assert_string_equal(os.version_id, table[i].version);
		assert_string_equal(os.pretty_name, table[i].pretty);
		assert_string_equal(os.codename, "");
		wd_os_release_done(&os);
	}
	wd_root_done(&root);
}

static void os_release_files(void **state)
{
	static const char nul[] = "ID=a\0b\nVERSION_ID=1\n";
	static char big[64 * 1024 + 1];
	struct temproot *t = *state;
	struct wd_os_release os;
	struct wd_root root;

	assert_int_equal(wd_root_open(t->path, &root), 0);
	assert_int_equal(wd_os_release_read(&root, &os), 0);
	assert_true(!os.present && os.status == 0 && *os.id == '\0');
	wd_os_release_done(&os);
	temproot_bytes(t, "usr/lib/os-release", nul, sizeof(nul) - 1);
	temproot_link(t, "/nowhere", "etc/os-release");
	assert_int_equal(wd_os_release_read(&root, &os), 0);
	assert_string_equal(os.path, "usr/lib/os-release");
	assert_string_equal(os.id, "ab");
	assert_string_equal(os.version_id, "1");
	wd_os_release_done(&os);
	assert_int_equal(unlinkat(t->fd, "etc/os-release", 0), 0);
	memset(big, '#', sizeof(big));
	memcpy(big, "ID=big\n", 7);
	for (size_t over = 0; over < 2; over++) {
		temproot_bytes(t, "etc/os-release", big, sizeof(big) - 1 + over);
		assert_int_equal(wd_os_release_read(&root, &os), 0);
		assert_int_equal(os.status, over ? WD_ELIMIT : 0);
		assert_int_equal(os.present, !over);
		assert_string_equal(os.id, over ? "" : "big");
		wd_os_release_done(&os);
	}
	assert_int_equal(unlinkat(t->fd, "etc/os-release", 0), 0);
	temproot_mkdir(t, "etc/os-release");
	assert_int_equal(wd_os_release_read(&root, &os), 0);
	assert_int_equal(os.status, WD_ENOTREG);
	wd_os_release_done(&os);
	wd_root_done(&root);
}

/* ---- A subject: the root filesystem and the tables that a test wrote */

static const char distros[] = "distro\tacme\tAcme Linux\tdistro\tacme\t-\ts\n"
			      "distro\tkid\tKid Linux\tdistro\tkid\tacme\ts\n"
			      "distro\tvend.example\tVendor\tvendor\t-\t-\ts\n"
			      "id\trpm\twrong\tpackager=.\ts\n"
			      "id\tdpkg\tvend.example\torigin=^vend$\ts\n"
			      "id\trpm,dpkg\tkid\tversion=kid[0-9]*$\ts\n"
			      "id\t*\tacme\tpackager=@acme\\.example && version=^[0-9]\ts\n"
			      "id\tdpkg\t@os-release\tpackager=nobody\ts\n"
			      "id\tdpkg\tbroken\tpackager=(\ts\n"
			      "id\tdpkg\tempty\torigin=.*\ts\n"
			      "version\tacme\t$1\texact\tversion=[+]acme([0-9.]+)e\ts\n"
			      "version\tacme\t$1\tfloor\tversion=[+]acme([0-9.]+)f\ts\n"
			      "release\tacme\t$1\tname=^acme-release$ && version=^([0-9.]+)\ts\n"
			      "codename\tacme\t3\tcedar\ts\n";
static const char generated[] = "dpkg\tgen/one\tpkg:a\tgenerated\ts\n"
				"dpkg\tgen/*.x\tpkg:$1\tgenerated\ts\n"
				"dpkg\tgen/first\tpkg:none path:none target pkg:b\tgenerated\ts\n"
				"dpkg\tgen/path\tpath:usr//bin/a\tinferred\ts\n"
				"dpkg\tgen/link\ttarget\tgenerated\ts\n"
				"rpm\tgen/scope\tpkg:a\tgenerated\ts\n"
				"*\tgen/any\tpkg:a\tgenerated\ts\n"
				"dpkg\tgen/order\tpkg:a\tgenerated\ts\n"
				"dpkg\tgen/order\tpkg:b\tgenerated\ts\n"
				"dpkg\tgen/listless\tlistless:a removed:a listless:c\tinferred\ts\n"
				"dpkg\tgen/removed\tpkg:gone\tgenerated\ts\n"
				"dpkg\tgen/arch\tpkg:a:arm64 pkg:b:amd64\tgenerated\ts\n"
				"dpkg\tgen/deep/**\tpkg:b\tinferred\ts\n"
				"dpkg\tusr/bin/a\tpkg:b\tgenerated\ts\n"
				"dpkg\tgen/chain\tpath:gen/path\tgenerated\ts\n"
				"dpkg\tgen/self\tpath:gen/self\tgenerated\ts\n";
static const char programs[] = "package-manager\tusr/bin/pm\ts\nshell\tbin/sh\ts\n"
			       "loader\tlib/ld-*.so\ts\nlibc\tlib/libc.so\ts\n";

static const char signals[] =
	"text\tetc/is\t^Acme ([0-9]+)\tissue\tdpkg\tacme\t$1\tpackaged\tmedium\tV\ts\n";

struct subject {
	struct wd_subject s;
	struct wd_descriptors backends;
	char data[80];
	int status;
};

static void open_subject(struct temproot *t, bool all, struct subject *x)
{
	const char *build = getenv("WD_BUILDDIR");
	struct wd_subject_options o = {.scan = all,
				       .owners = all,
				       .attribute = all,
				       .evidence = all ? WD_EVIDENCE_ALL : WD_EVIDENCE_NONE};
	static char root[80];
	char path[512];

	*x = (struct subject){.status = 0};
	snprintf(path, sizeof(path), "%s/backends", build ? build : ".");
	assert_int_equal(wd_descriptors_read(&x->backends, path), 0);
	snprintf(x->data, sizeof(x->data), "%s/data", t->path);
	snprintf(root, sizeof(root), "%s/root", t->path);
	o.backends = &x->backends;
	o.data_dir = x->data;
	temproot_mkdir(t, "root");
	x->status = wd_subject_open(&x->s, root, &o);
}

static void close_subject(struct subject *x)
{
	wd_subject_done(&x->s);
	wd_descriptors_done(&x->backends);
}

static void put_tables(struct temproot *t)
{
	temproot_clear(t);
	temproot_file(t, "data/distros.tsv", distros);
	temproot_file(t, "data/generated.tsv", generated);
	temproot_file(t, "data/programs.tsv", programs);
	temproot_file(t, "data/signals.tsv", signals);
}

/* "NAME VERSION MAINTAINER [ORIGIN]" a line becomes a status file. */
static void put_status(struct temproot *t, const char *path, const char *packages)
{
	WD_CLEANUP_BUF struct wd_buf b = WD_BUF_INIT;
	struct wd_blob rest = wd_blob_str(packages), line, f[4];

	while (wd_blob_token(&rest, '\n', &line)) {
		for (int i = 0; i < 4; i++) {
			f[i] = WD_BLOB("");
			wd_blob_word(&line, &f[i]);
		}
		wd_buf_printf(&b,
			      "Package: %.*s\nStatus: install ok installed\nArchitecture: amd64\n"
			      "Version: %.*s\nMaintainer: M <%.*s>\n",
			      WD_BLOB_PRINTF(f[0]), WD_BLOB_PRINTF(f[1]), WD_BLOB_PRINTF(f[2]));
		if (f[3].len)
			wd_buf_printf(&b, "Origin: %.*s\n", WD_BLOB_PRINTF(f[3]));
		wd_buf_byte(&b, '\n');
	}
	temproot_bytes(t, path, b.ptr, b.len);
}

static void put_root(struct temproot *t, const char *os, const char *packages)
{
	put_tables(t);
	if (os)
		temproot_file(t, "root/etc/os-release", os);
	if (packages)
		put_status(t, "root/var/lib/dpkg/status", packages);
}

/* The labels of all packages' distributions. */
static void expect_labels(struct temproot *t, const char *expected)
{
	WD_CLEANUP_BUF struct wd_buf b = WD_BUF_INIT;
	struct subject x;

	open_subject(t, false, &x);
	assert_int_equal(x.status, 0);
	for (size_t i = 0; i < x.s.cat.packages.n; i++) {
		const struct wd_cat_package *p = &x.s.cat.packages.v[i];

		wd_buf_printf(&b, "%.*s=%s ",
			      WD_BLOB_PRINTF(wd_package_field(&x.s.cat, p, WD_PACKAGE_NAME)),
			      x.s.distros.list.v[p->distro].label);
	}
	if (!wd_blob_is(wd_buf_view(&b), expected))
		fail_msg("%.*s, not %s", WD_BLOB_PRINTF(wd_buf_view(&b)), expected);
	close_subject(&x);
}

#define ACME "@acme.example"
#define OS(version) "ID=acme\nVERSION_ID=" version "\n"

static void distro_rules(void **state)
{
	static const struct {
		const char *os, *packages, *labels;
	} table[] = {
		{NULL, "a 1+acme3e m" ACME "\n", "a=acme:3 "},
		{OS("5"), "a 1+acme3e m" ACME "\n", "a=acme:3 "},
		{OS("5"), "a 1+acme3f m" ACME "\n", "a=acme:5 "},
		{OS("5"), "a 1+acme5f m" ACME "\n", "a=acme:5 "},
		{OS("5"), "a 1+acme7f m" ACME "\n", "a=acme:7 "},
		{OS("9"), "a 1+acme10f m" ACME "\n", "a=acme:10 "},
		{OS("10"), "a 1+acme9f m" ACME "\n", "a=acme:10 "},
		{"ID=acme\n", "a 1+acme3f m" ACME "\n", "a=acme "},
		{OS("5"), "a 1 m" ACME "\n", "a=acme:5 "},
		{"ID=other\nVERSION_ID=5\n", "a 1 m" ACME "\n", "a=acme "},
		{NULL, "a 1 m" ACME "\nacme-release 4.2-1 m" ACME "\n",
		 "a=acme:4.2 acme-release=acme:4.2 "},
		{NULL, "a 1 m" ACME "\nb 1+acme3f m" ACME "\nc 1+acme2f m" ACME "\n",
		 "a=acme:3 b=acme:3 c=acme:3 "},
		{OS("5"), "a 1 m" ACME " vend\n", "a=vend.example "},
		{OS("5"), "a 1kid2 m" ACME "\n", "a=kid "},
		{OS("5"), "a 1 m@else.example\n", "a= "},
		{OS("5"), "a 1 nobody\n", "a=acme:5 "},
		{"ID=other\n", "a 1 nobody\nb 1+acme3e m" ACME "\n", "a=acme b=acme:3 "},
		{NULL, "a 1 nobody\nb 1+acme3e m" ACME "\n", "a=acme b=acme:3 "},
		{NULL, "a 1 nobody\n", "a= "},
		{NULL, "a 1 nobody\nb 1 m" ACME " vend\n", "a= b=vend.example "},
		{OS("8.4"), "a 1+acme8e m" ACME "\nb 1 m" ACME "\n", "a=acme:8 b=acme:8 "},
		{OS("8.4"), "b 1 m" ACME "\n", "b=acme:8.4 "},
	};
	struct temproot *t = *state;

	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		put_root(t, table[i].os, table[i].packages);
		expect_labels(t, table[i].labels);
	}
}

/* What breaks the tie is what most packages of the same database are. */
static void distro_tie_by_database(void **state)
{
	struct temproot *t = *state;

	put_root(t, NULL, "b 1+acme3e m" ACME "\nc 1 nobody\n");
	put_status(t, "root/var/lib/dpkg/status.d/a", "a 1 nobody\n");
	expect_labels(t, "b=acme:3 c=acme a= ");
}

static void distro_names(void **state)
{
	struct temproot *t = *state;
	struct subject x;
	const struct wd_distro *d;

	put_root(t, NULL, "a 1+acme3e m" ACME "\n");
	open_subject(t, false, &x);
	d = &x.s.distros.list.v[x.s.cat.packages.v[0].distro];
	assert_string_equal(d->name, "Acme Linux 3 (cedar)");
	assert_string_equal(d->codename, "cedar");
	assert_string_equal(d->purl, "acme");
	close_subject(&x);
}

static void bad_tables(void **state)
{
	static const struct {
		const char *table, *row;
	} rows[] = {
		{"distros", "what\tx\n"},
		{"distros", "distro\tx\tX\tsomething\tx\t-\ts\n"},
		{"distros", "id\tdpkg\tx\n"},
		{"distros", "id\tdpkg\tx\tpackager\ts\n"},
		{"distros", "id\tdpkg\tx\tcolour=red\ts\n"},
		{"distros", "id\tdpkg\tx\tname=a && =b\ts\n"},
		{"distros", "id\tdpkg\tx\tname=a && name=b && name=c && name=d && name=e\ts\n"},
		{"distros", "version\tx\t$1\tabout\tname=a\ts\n"},
		{"distros", "version\tx\t$1\texact\t\ts\n"},
		{"distros", "release\tx\t$1\n"},
		{"generated", "dpkg\tx\tpkg:a\n"},
		{"generated", "dpkg\tx\tpkg:a\tguessed\ts\n"},
		{"generated", "dpkg\t\tpkg:a\tgenerated\ts\n"},
		{"generated", "dpkg\tx\t\tgenerated\ts\n"},
	};
	struct temproot *t = *state;

	for (size_t i = 0; i < WD_ARRAY_SIZE(rows); i++) {
		char path[64], text[256], want[160];
		struct subject x;

		put_root(t, NULL, "a 1 m\n");
		snprintf(path, sizeof(path), "data/%s.tsv", rows[i].table);
		snprintf(text, sizeof(text), "# note\n\n%s", rows[i].row);
		temproot_file(t, path, text);
		open_subject(t, true, &x);
		snprintf(want, sizeof(want), "%s/%s:3: row is not understood", t->path, path);
		if (x.status != WD_ECORRUPT || strcmp(x.s.data_error, want) != 0)
			fail_msg("%s: %d %s", rows[i].row, x.status, x.s.data_error);
		close_subject(&x);
	}
}

/* ---- Package URLs, by the purl-spec */

static void purls(void **state)
{
	static const struct {
		const char *type, *name, *version, *arch;
		struct wd_distro distro;
		uint64_t epoch;
		const char *purl;
	} table[] = {
#define D(i, v, n) {.id = (char *)i, .version_id = (char *)v, .purl = (char *)n}
		{"deb", "libc6", "2.36-9+deb12u14", "amd64", D("debian", "12", "debian"), 0,
		 "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64&distro=debian-12"},
		{"deb", "attr", "1:2.4.47-2", "i386", D("debian", "", "debian"), 0,
		 "pkg:deb/debian/attr@1:2.4.47-2?arch=i386&distro=debian"},
		{"deb", "g++", "4:12.2.0-3~x", "", D("ubuntu", "24.04", "ubuntu"), 0,
		 "pkg:deb/ubuntu/g%2B%2B@4:12.2.0-3~x?distro=ubuntu-24.04"},
		{"rpm", "curl", "7.50.3-1.fc25", "i386", D("fedora", "25", "fedora"), 0,
		 "pkg:rpm/fedora/curl@7.50.3-1.fc25?arch=i386&distro=fedora-25"},
		{"rpm", "bind", "32:9.11-1.el8", "x86_64", D("rhel", "8", "redhat"), 32,
		 "pkg:rpm/redhat/bind@9.11-1.el8?arch=x86_64&distro=rhel-8&epoch=32"},
		{"deb", "x", "", "", D("", "", ""), 0, "pkg:deb/x"},
		{"rpm", "a/b c@%?#&", "1^git", "", D("", "", "n"), 0,
		 "pkg:rpm/n/a%2Fb%20c%40%25%3F%23%26@1%5Egit"},
		{"rpm", "\xc3\xa4", "1", "a b", D("", "", ""), 0, "pkg:rpm/%C3%A4@1?arch=a%20b"},
	};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		struct wd_descriptor backend = {.name = (char *)"x", .purl = (char *)table[i].type};
		struct wd_db *db = wd_db_new(&backend, "db");
		struct wd_cat_package pkg = {.epoch = table[i].epoch};
		WD_CLEANUP_BUF struct wd_buf b = WD_BUF_INIT;
		struct wd_catalog cat = {0};

		wd_strpool_intern(&cat.strings, wd_blob_str(table[i].name),
				  &pkg.field[WD_PACKAGE_NAME]);
		wd_strpool_intern(&cat.strings, wd_blob_str(table[i].version),
				  &pkg.field[WD_PACKAGE_VERSION]);
		wd_strpool_intern(&cat.strings, wd_blob_str(table[i].arch),
				  &pkg.field[WD_PACKAGE_ARCH]);
		assert_int_equal(wd_array_push(&cat.dbs, db), 0);
		wd_purl(&cat, &pkg, &table[i].distro, &b);
		if (!wd_blob_is(wd_buf_view(&b), table[i].purl))
			fail_msg("%.*s, not %s", WD_BLOB_PRINTF(wd_buf_view(&b)), table[i].purl);
		wd_catalog_done(&cat);
	}
}

/* ---- Attribution */

static void put_files(struct temproot *t)
{
	static const char *const files[] = {
		"usr/bin/a",  "usr/bin/stray", "usr/lib/b",   "gen/one",   "gen/a.x",
		"gen/none.x", "gen/first",     "gen/path",    "gen/scope", "gen/any",
		"gen/order",  "gen/listless",  "gen/removed", "gen/arch",  "gen/deep/er/file",
		"gen/chain",  "gen/self"};
	char path[64];

	put_root(t, NULL, "a 1 m\nb 1 m\n");
	for (size_t i = 0; i < WD_ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "root/%s", files[i]);
		temproot_file(t, path, "");
	}
	temproot_file(
		t, "root/var/lib/dpkg/status",
		"Package: a\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n"
		"Package: b\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n"
		"Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: "
		"1\n");
	temproot_file(t, "root/var/lib/dpkg/info/a.list", "/usr/bin/a\n/usr/missing\n");
	temproot_file(t, "root/var/lib/dpkg/info/b.list", "/usr/lib/b\n");
	put_status(t, "root/var/lib/dpkg/status.d/c", "c 1 m\n");
	temproot_link(t, "a", "root/usr/bin/beside");
	temproot_link(t, "beside", "root/usr/bin/twice");
	temproot_link(t, "../lib/b", "root/usr/bin/far");
	temproot_link(t, "stray", "root/usr/bin/to-stray");
	temproot_link(t, "missing", "root/usr/to-missing");
	temproot_link(t, "/usr/lib/b", "root/gen/link");
}

static void expect_owner(struct subject *x, const char *path, const char *package,
			 const char *basis)
{
	wd_node_id node = wd_tree_find(x->s.tree, wd_blob_str(path), false);
	struct wd_owner_list owners = {0};
	struct wd_blob name = WD_BLOB("-");
	const struct wd_catalog *cat = &x->s.cat;

	assert_true(node != WD_NODE_NONE);
	assert_int_equal(wd_owners_get(&x->s.owners, node, false, &owners), 0);
	if (owners.list.n)
		name = wd_package_field(cat, &cat->packages.v[owners.list.v[0].package],
					WD_PACKAGE_NAME);
	if (owners.list.n > 1 || !wd_blob_is(name, package) ||
	    strcmp(wd_basis_name(wd_owners_basis(&x->s.owners, node)), basis) != 0)
		fail_msg("%s: %.*s by %s", path, WD_BLOB_PRINTF(name),
			 wd_basis_name(wd_owners_basis(&x->s.owners, node)));
	wd_array_done(&owners.list);
}

static void attribution(void **state)
{
	static const struct {
		const char *path, *package, *basis;
	} table[] = {
		{"usr/bin/a", "a", "database"},	     {"usr/bin/stray", "-", "none"},
		{"usr/bin/beside", "a", "inferred"}, {"usr/bin/twice", "a", "inferred"},
		{"usr/bin/far", "-", "none"},	     {"usr/bin/to-stray", "-", "none"},
		{"usr/to-missing", "-", "none"},     {"gen/one", "a", "generated"},
		{"gen/a.x", "a", "generated"},	     {"gen/none.x", "-", "none"},
		{"gen/first", "b", "generated"},     {"gen/path", "a", "inferred"},
		{"gen/link", "b", "generated"},	     {"gen/scope", "-", "none"},
		{"gen/any", "a", "generated"},	     {"gen/order", "a", "generated"},
		{"gen/listless", "c", "inferred"},   {"gen/removed", "-", "none"},
		{"gen/arch", "b", "generated"},	     {"gen/deep/er/file", "b", "inferred"},
		{"gen/self", "-", "none"},	     {"usr/missing", "a", "database"},
	};
	struct temproot *t = *state;
	struct subject x;

	put_files(t);
	open_subject(t, true, &x);
	assert_int_equal(x.status, 0);
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++)
		expect_owner(&x, table[i].path, table[i].package, table[i].basis);
	close_subject(&x);
}

/* A package that has nothing but the root directory is one of a database without a single name. */
static void empty_package(void **state)
{
	struct temproot *t = *state;
	struct subject x;
	struct wd_verdict v;

	put_root(t, NULL, "a 1 m\n");
	temproot_file(t, "root/var/lib/dpkg/info/a.list", "/.\n");
	open_subject(t, true, &x);
	assert_int_equal(x.status, 0);
	assert_int_equal(x.s.cat.packages.n, 1);
	assert_int_equal(wd_subject_judge(&x.s, &v), 0);
	assert_int_equal(v.files.missing, 0);
	wd_verdict_done(&v);
	close_subject(&x);
}

/* ---- Verdict */

static void verdicts(void **state)
{
	static const struct {
		const char *os, *packages, *lineage, *confidence, *label;
		size_t lineages;
	} table[] = {
		{NULL, NULL, "none", "none", NULL, 0},
		{"NAME=x\n", NULL, "none", "none", NULL, 0},
		{OS("5"), NULL, "declared", "weak", "acme:5", 1},
		{OS("3"), "a 1+acme3e m" ACME "\n", "declared", "certain", "acme:3", 1},
		{NULL, "a 1+acme3e m" ACME "\n", "recorded", "strong", "acme:3", 1},
		{"NAME=x\n", "a 1+acme3e m" ACME "\n", "recorded", "strong", "acme:3", 1},
		{NULL, "a 1 m@else.example\n", "recorded", "none", NULL, 0},
		{"ID=other\nVERSION_ID=1\n", "a 1+acme3e m" ACME "\n", "contradicted", "strong",
		 "acme:3", 2},
		{OS("5"), "a 1+acme3e m" ACME "\n", "contradicted", "strong", "acme:3", 2},
		{OS("8.4"), "a 1+acme8e m" ACME "\n", "declared", "certain", "acme:8", 1},
		{OS("8"), "a 1+acme8.4e m" ACME "\n", "declared", "certain", "acme:8.4", 1},
		{OS("80"), "a 1+acme8e m" ACME "\n", "contradicted", "strong", "acme:8", 2},
		{"ID=acme\n", "a 1+acme8e m" ACME "\n", "declared", "certain", "acme:8", 1},
		{"ID=kid\nVERSION_ID=1\n", "a 1+acme8e m" ACME "\n", "declared", "weak", "kid:1",
		 2},
		{"ID=foo\nID_LIKE=\"bar acme\"\n", "a 1+acme8e m" ACME "\n", "declared", "weak",
		 "foo", 2},
		{"ID=foo\nID_LIKE=bar\n", "a 1+acme8e m" ACME "\n", "contradicted", "strong",
		 "acme:8", 2},
		{NULL, "a 1 m vend\n", "recorded", "none", NULL, 0},
		{OS("5"), "a 1 m vend\n", "declared", "weak", "acme:5", 1},
		{OS("3"), "a 1+acme3e m" ACME "\nb 1 m vend\nc 1 m vend\n", "declared", "certain",
		 "acme:3", 1},
		{OS("3"), "a 1+acme3e m" ACME "\nb 1+acme4e m" ACME "\nc 1+acme4e m" ACME "\n",
		 "contradicted", "strong", "acme:4", 2},
	};
	struct temproot *t = *state;

	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		struct wd_verdict v;
		struct subject x;
		const char *label = NULL;

		put_root(t, table[i].os, table[i].packages);
		open_subject(t, true, &x);
		assert_int_equal(x.status, 0);
		assert_int_equal(wd_subject_judge(&x.s, &v), 0);
		if (v.distro >= 0)
			label = x.s.distros.list.v[v.distro].label;
		if (strcmp(wd_lineage_name(v.lineage), table[i].lineage) != 0 ||
		    strcmp(wd_strength_name(v.confidence), table[i].confidence) != 0 ||
		    !label != !table[i].label || (label && strcmp(label, table[i].label) != 0))
			fail_msg("%zu: %s %s %s: %s", i, wd_lineage_name(v.lineage),
				 wd_strength_name(v.confidence), label, v.summary);
		assert_int_equal(v.lineages.n, table[i].lineages);
		assert_true(strlen(v.summary) > 10 && !strstr(v.summary, "(null)"));
		wd_verdict_done(&v);
		close_subject(&x);
	}
}

static void styles(void **state)
{
	static const struct {
		const char *path, *text, *style; /* added to what is there */
	} steps[] = {
		{"etc/motd", "x", "empty"},
		{"bin/script", "#!/bin/sh\n", "empty"},
		{"bin/go", "\177ELF.", "static"},
		{"lib/ld-x.so", "\177ELF.", "distroless"},
		{"lib/libc.so", "\177ELF.", "distroless"},
		{"bin/sh", "x", "minimal"},
		{"usr/bin/pm/x", "x", "minimal"}, /* a directory is no program */
		{"opt/pm", "x", "full"},
	};
	struct temproot *t = *state;

	put_root(t, NULL, NULL);
	for (size_t i = 0; i < WD_ARRAY_SIZE(steps); i++) {
		struct wd_verdict v;
		struct subject x;
		char path[64];

		snprintf(path, sizeof(path), "root/%s", steps[i].path);
		temproot_file(t, path, steps[i].text);
		assert_int_equal(fchmodat(t->fd, path, 0755, 0), 0);
		if (i == 7) { /* a link to a file is one, wherever that is */
			assert_int_equal(unlinkat(t->fd, "root/usr/bin/pm/x", 0), 0);
			assert_int_equal(unlinkat(t->fd, "root/usr/bin/pm", AT_REMOVEDIR), 0);
			temproot_link(t, "/opt/pm", "root/usr/bin/pm");
		}
		open_subject(t, true, &x);
		assert_int_equal(wd_subject_judge(&x.s, &v), 0);
		if (strcmp(wd_style_name(v.style), steps[i].style) != 0)
			fail_msg("%s: %s", steps[i].path, wd_style_name(v.style));
		wd_verdict_done(&v);
		close_subject(&x);
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, temproot_setup, temproot_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(os_release),
		CASE(os_release_files),
		CASE(distro_rules),
		CASE(distro_tie_by_database),
		CASE(distro_names),
		CASE(bad_tables),
		cmocka_unit_test(purls),
		CASE(attribution),
		CASE(empty_package),
		CASE(verdicts),
		CASE(styles),
	};

	return cmocka_run_group_tests_name("provenance", tests, NULL, NULL);
}
