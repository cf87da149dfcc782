/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The debfile backend on packages made here, a defect or oddity each. */
#include "backend-log.h"
#include "pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#define DEB "x.deb"
#define CONTROL                                                                                    \
	"Package: x\nVersion: 1:2-3\nArchitecture: amd64\nMaintainer: M <m@example.org>\n"         \
	"Source: y (2-1)\nInstalled-Size: 4\nDescription: d\n long\n"
#define PKG "P x 1:2-3 amd64 y M <m@example.org> - 4096 0\n"

static const struct pack_entry data_entries[] = {
	{.path = "./", .mode = S_IFDIR | 0755},
	{.path = "./usr/", .mode = S_IFDIR | 0755},
	{.path = "./usr/f", .data = {"abc", 3}},
	{.path = "./usr/link", .mode = S_IFLNK | 0777, .target = "f"},
	{.path = "./usr/same", .hardlink = "./usr/f"},
	{.path = "./dev", .mode = S_IFIFO | 0600},
};
/* FIPS 180-2, B.1 */
#define ABC "8:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define CLAIMS(digest)                                                                             \
	"C  40755 0 - 0: -\nC ./usr 40755 0 - 0: -\nC ./usr/f 100644 0 3 " digest                  \
	" -\nC ./usr/link 120777 0 - 0: f\nC ./usr/same 100644 0 3 " digest                        \
	" -\nC ./dev 10600 0 - 0: -\n"

static struct wd_buf tar_of(const char *filter, const char *path, struct wd_blob data)
{
	return pack_archive("gnutar", filter, &(struct pack_entry){.path = path, .data = data}, 1);
}

static struct wd_buf data_tar(const char *filter)
{
	return pack_archive("gnutar", filter, data_entries, WD_ARRAY_SIZE(data_entries));
}

/* Loads an ar archive of these members, with debian-binary before them. */
static const char *load(void **state, const struct pack_entry *members, size_t n, uint32_t want)
{
	struct pack_entry all[8] = {{.path = "debian-binary", .data = WD_BLOB("2.0\n")}};
	WD_CLEANUP_BUF struct wd_buf ar = WD_BUF_INIT;

	for (size_t i = 0; i < n; i++)
		all[i + 1] = members[i];
	ar = pack_archive("arsvr4", "none", all, n + 1);
	backend_log_put(*state, DEB, ar.ptr, ar.len);
	return backend_log_load(*state, DEB, want);
}

/* Loads a package with this control.tar and data.tar. */
static const char *load_tars(void **state, const struct wd_buf *control, const struct wd_buf *data)
{
	const struct pack_entry members[] = {
		{.path = "control.tar.gz", .data = wd_buf_view(control)},
		{.path = "data.tar", .data = wd_buf_view(data)},
	};

	return load(state, members, 2, WD_WANT_DIGESTS);
}

static void good(void **state)
{
	static const char *const filters[] = {"none", "gzip", "xz", "zstd", "bzip2", "lzma"};

	for (size_t i = 0; i < WD_ARRAY_SIZE(filters); i++) {
		WD_CLEANUP_BUF struct wd_buf control =
			tar_of(filters[i], i % 2 ? "control" : "./control", wd_blob_str(CONTROL));
		WD_CLEANUP_BUF struct wd_buf data = data_tar(filters[i]);
		const struct pack_entry members[] = {
			{.path = "_extra", .data = WD_BLOB("later versions may add some")},
			{.path = "control.tar.x", .data = wd_buf_view(&control)},
			{.path = "data.tar.x", .data = wd_buf_view(&data)},
			{.path = "more", .data = WD_BLOB("x")},
		};

		assert_string_equal(load(state, members, 4, WD_WANT_DIGESTS),
				    "F deb\n" PKG CLAIMS(ABC) "R ok");
		assert_string_equal(load(state, members, 4, 0), "F deb\n" PKG CLAIMS("0:") "R ok");
	}
}

static void expect_control(void **state, const char *control, const char *expected)
{
	WD_CLEANUP_BUF struct wd_buf c = tar_of("gzip", "./control", wd_blob_str(control));
	WD_CLEANUP_BUF struct wd_buf data = data_tar("none");

	assert_string_equal(load_tars(state, &c, &data), expected);
}

static void bad_control(void **state)
{
	expect_control(state, "", "F deb\nE corrupt - control.tar.gz: control is empty\nR corrupt");
	expect_control(state, "Package: x\n",
		       "F deb\nE corrupt - control: line 1: stanza without 'Version' field\n"
		       "R corrupt");
	expect_control(state, "Package: x\nVersion: 1\nno field\n",
		       "F deb\nE corrupt - control: line 3: field name 'no' must be followed by "
		       "colon\nR corrupt");
	expect_control(state, CONTROL "\nPackage: z\nVersion: 1\n",
		       "F deb\n" PKG
		       "E corrupt - control: line 10: a second stanza\n" CLAIMS(ABC) "R ok");
}

/* 100 MB of a control file; and of something in front of it. */
static void large_control(void **state)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT, data = data_tar("none"), tar = WD_BUF_INIT;

	wd_buf_str(&text, CONTROL);
	assert_int_equal(wd_buf_reserve(&text, 300u << 20), 0);
	memset(text.ptr + text.len, 'x', 300u << 20);
	text.len += 100u << 20;
	tar = tar_of("gzip", "./control", wd_buf_view(&text));
	assert_string_equal(load_tars(state, &tar, &data),
			    "F deb\nE limit - control.tar.gz: control is too long\nR limit");
	wd_buf_done(&tar);
	text.len += 200u << 20;
	tar = tar_of("gzip", "./postinst", wd_buf_view(&text));
	assert_string_equal(load_tars(state, &tar, &data),
			    "F deb\nE limit - control.tar.gz: unpacks to too much\nR limit");
}

static void bad_members(void **state)
{
	WD_CLEANUP_BUF struct wd_buf c = tar_of("gzip", "./control", wd_blob_str(CONTROL));
	WD_CLEANUP_BUF struct wd_buf other = tar_of("gzip", "./controls", wd_blob_str(CONTROL));
	WD_CLEANUP_BUF struct wd_buf d = data_tar("gzip");
	const struct pack_entry control = {.path = "control.tar.gz", .data = wd_buf_view(&c)},
				without = {.path = "control.tar.gz", .data = wd_buf_view(&other)},
				data = {.path = "data.tar.gz", .data = wd_buf_view(&d)},
				junk = {.path = "data.tar.gz", .data = WD_BLOB("no archive")};

	assert_string_equal(load(state, (struct pack_entry[]){control}, 1, 0),
			    "F deb\n" PKG "E corrupt - archive: no data.tar\nR corrupt");
	assert_string_equal(load(state, NULL, 0, 0),
			    "F deb\nE corrupt - archive: no control.tar\nR corrupt");
	assert_string_equal(load(state, (struct pack_entry[]){data, control}, 2, 0),
			    "F deb\nE corrupt - data.tar.gz: stands in front of control.tar\n"
			    "R corrupt");
	assert_string_equal(load(state, (struct pack_entry[]){control, control}, 2, 0),
			    "F deb\n" PKG "E corrupt - control.tar.gz: a second one\nR corrupt");
	assert_string_equal(
		load(state, (struct pack_entry[]){control, data, data}, 3, 0),
		"F deb\n" PKG CLAIMS("0:") "E corrupt - data.tar.gz: a second one\nR corrupt");
	assert_string_equal(load(state, (struct pack_entry[]){without, data}, 2, 0),
			    "F deb\nE corrupt - control.tar.gz: no control in it\nR corrupt");
	assert_string_equal(load(state, (struct pack_entry[]){control, junk}, 2, 0),
			    "F deb\n" PKG "E corrupt - data.tar.gz at byte 0: Unrecognized archive "
			    "format\nR corrupt");
}

static void other_files(void **state)
{
	const struct pack_entry later = {.path = "debian-binary", .data = WD_BLOB("3.0\n")},
				empty = {.path = "debian-binary"},
				other = {.path = "a.o", .data = WD_BLOB("2.0\n")};
	static const struct {
		int entry;
		const char *expected;
	} table[] = {
		{0, "F deb\nE unsupported - debian-binary: another version\nR unsupported"},
		{1, "F deb\nE corrupt - debian-binary: no version in it\nR corrupt"},
		{2, "R not-mine"},
	};
	const struct pack_entry entries[] = {later, empty, other};

	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		WD_CLEANUP_BUF struct wd_buf ar =
			pack_archive("arsvr4", "none", &entries[table[i].entry], 1);

		backend_log_put(*state, DEB, ar.ptr, ar.len);
		assert_string_equal(backend_log_load(*state, DEB, 0), table[i].expected);
	}
	backend_log_puts(*state, DEB, "");
	assert_string_equal(backend_log_load(*state, DEB, 0), "R not-mine");
	backend_log_puts(*state, DEB, "0.939000\n123\n");
	assert_string_equal(backend_log_load(*state, DEB, 0), "R not-mine");
}

/* Wherever the file ends: no claim is made up, and what was read stands. */
static void cut_off(void **state)
{
	WD_CLEANUP_BUF struct wd_buf c = tar_of("xz", "./control", wd_blob_str(CONTROL));
	WD_CLEANUP_BUF struct wd_buf d = data_tar("none"), ar = WD_BUF_INIT;
	const struct pack_entry members[] = {
		{.path = "debian-binary", .data = WD_BLOB("2.0\n")},
		{.path = "control.tar.xz", .data = wd_buf_view(&c)},
		{.path = "data.tar", .data = wd_buf_view(&d)},
	};
	static const char whole[] = "F deb\n" PKG CLAIMS(ABC);

	ar = pack_archive("arsvr4", "none", members, 3);
	for (size_t len = 0; len < ar.len; len += 7) {
		const char *log, *at;

		backend_log_put(*state, DEB, ar.ptr, len);
		log = backend_log_load(*state, DEB, WD_WANT_DIGESTS);
		at = strstr(log, "E ");
		at = at && (at == log || at[-1] == '\n') ? at : strstr(log, "R ");
		assert_int_equal(strncmp(log, whole, (size_t)(at - log)), 0);
		/* behind the last entry there is padding alone */
		if (len + d.len / 2 < ar.len)
			assert_null(strstr(log, "R ok"));
	}
}

/* A number of the header of a tar's first entry, and its checksum (tar(5)). */
static void set_number(struct wd_buf *tar, size_t field, const char *octal)
{
	char *h = tar->ptr;
	unsigned sum = 0;

	memcpy(h + field, octal, 12);
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
}

static void lying_sizes(void **state)
{
	static const char *const sizes[] = {"00000100000", "77777777777",
					    "\x80\0\0\0\x7f\xff\xff\xff"
					    "\xff\xff\xff\xff"};
	WD_CLEANUP_BUF struct wd_buf c = tar_of("gzip", "./control", wd_blob_str(CONTROL));

	for (size_t i = 0; i < WD_ARRAY_SIZE(sizes); i++) {
		WD_CLEANUP_BUF struct wd_buf data = tar_of("none", "./f", WD_BLOB("abc"));
		const char *log;

		set_number(&data, 124, sizes[i]);
		log = load_tars(state, &c, &data);
		assert_non_null(strstr(log, "F deb\n" PKG "E corrupt - data.tar at byte "));
		assert_null(strstr(log, "\nC "));
	}
}

/* Gigabytes of nothing before "abc", and behind it: dpkg would not unpack them. */
static void sparse(void **state)
{
	static const char *const offsets[] = {"77777777774", "00000000000"};
	WD_CLEANUP_BUF struct wd_buf c = tar_of("gzip", "./control", wd_blob_str(CONTROL));

	for (size_t i = 0; i < WD_ARRAY_SIZE(offsets); i++) {
		WD_CLEANUP_BUF struct wd_buf data = tar_of("none", "./f", WD_BLOB("abc"));

		data.ptr[156] = 'S';
		set_number(&data, 386, offsets[i]);
		set_number(&data, 398, "00000000003");
		set_number(&data, 483, "77777777777");
		assert_string_equal(load_tars(state, &c, &data),
				    "F deb\n" PKG "E corrupt - data.tar: a sparse file, which no "
				    "package of dpkg's has\nR corrupt");
	}
}

static void links(void **state)
{
	WD_CLEANUP_BUF struct wd_buf c = tar_of("gzip", "./control", wd_blob_str(CONTROL));
	const struct pack_entry entries[] = {
		{.path = "./a", .hardlink = "./a"},
		{.path = "./b", .hardlink = "./c"},
		{.path = "./c", .data = WD_BLOB("abc")},
		{.path = "./c", .data = WD_BLOB("")},
		{.path = "./d", .mode = S_IFREG | 0644, .hardlink = "./c"},
	};
	WD_CLEANUP_BUF struct wd_buf data =
		pack_archive("gnutar", "none", entries, WD_ARRAY_SIZE(entries));
	/* sha256sum </dev/null */
	static const char nothing[] =
		"8:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	WD_CLEANUP_BUF struct wd_buf expected = WD_BUF_INIT;

	wd_buf_printf(&expected,
		      "F deb\n" PKG
		      "E corrupt - data.tar: ./a is a link to ./a, which is not in front of it\n"
		      "E corrupt - data.tar: ./b is a link to ./c, which is not in front of it\n"
		      "C ./c 100644 0 3 " ABC " -\nC ./c 100644 0 0 %s -\n"
		      "C ./d 100644 0 0 %s -\nR ok",
		      nothing, nothing);
	wd_buf_byte(&expected, '\0');
	assert_string_equal(load_tars(state, &c, &data), expected.ptr);
}

static void nested(void **state)
{
	WD_CLEANUP_BUF struct wd_buf c = tar_of("gzip", "./control", wd_blob_str(CONTROL));
	WD_CLEANUP_BUF struct wd_buf once = data_tar("gzip");
	WD_CLEANUP_BUF struct wd_buf twice = pack("xz", wd_buf_view(&once));

	assert_string_equal(load_tars(state, &c, &twice),
			    "F deb\n" PKG
			    "E unsupported - data.tar: compressed twice\nR unsupported");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, backend_log_setup, backend_log_teardown)
	const struct CMUnitTest tests[] = {
		TEST(good),	   TEST(bad_control), TEST(large_control), TEST(bad_members),
		TEST(other_files), TEST(cut_off),     TEST(lying_sizes),   TEST(links),
		TEST(nested),	   TEST(sparse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
