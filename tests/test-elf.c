/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What ELF files say of their origin: of this system's programs and of small files written here,
 * held against what readelf(1) shows.
 */
#include "elf-facts.h"

#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

static bool is_elf(int fd)
{
	char magic[SELFMAG];

	return pread(fd, magic, SELFMAG, 0) == SELFMAG && memcmp(magic, ELFMAG, SELFMAG) == 0;
}

/*
 * Without its section headers, a program says the same as far as its segments hold it. Go's linker
 * leaves the build-id out of them.
 */
static void cut_sections(const char *path, int fd, const struct elf_facts *whole)
{
	static const char *const kept[] = {"build-id", "interp", "runpath", "soname", "note"};
	WD_CLEANUP_BUF struct wd_buf bytes = WD_BUF_INIT;
	Elf64_Ehdr *head;
	struct elf_facts cut;

	assert_int_equal(wd_buf_read_fd(&bytes, fd, 1 << 28), 0);
	head = (void *)bytes.ptr;
	if (head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_type == ET_REL ||
	    elf_states(whole, "shape go"))
		return;
	head->e_shoff = head->e_shnum = head->e_shstrndx = 0;
	cut = elf_examine(
		&(struct wd_file){.path = path, .fd = -1, .data = bytes.ptr, .size = bytes.len});
	assert_int_equal(cut.status, 0);
	elf_expect(&cut, "shape no-sections");
	for (size_t i = 0; i < whole->lines.n; i++)
		for (size_t k = 0; k < WD_ARRAY_SIZE(kept); k++)
			if (strncmp(whole->lines.v[i], kept[k], strlen(kept[k])) == 0 &&
			    !elf_states(&cut, whole->lines.v[i]))
				fail_msg("%s: not without sections: %s", path, whole->lines.v[i]);
	elf_facts_done(&cut);
}

static void hold_file(const char *path, unsigned *count)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	struct elf_facts f;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < 1 << 26 &&
	    is_elf(fd)) {
		f = elf_examine_both(path, fd);
		if (f.status != 0)
			fail_msg("%s: %s", path, wd_status_text(f.status));
		elf_hold_against_readelf(path, &f);
		cut_sections(path, fd, &f);
		elf_facts_done(&f);
		++*count;
	}
	if (fd >= 0)
		close(fd);
}

/* Programs and libraries of the system that this runs on, whatever it is. */
static void of_the_system(void **state)
{
	static const char *const patterns[] = {
		"/usr/bin/[a-f]*",
		"/usr/lib/systemd/s*",
		"/usr/lib/*-linux-*/lib[a-f]*.so.*",
		"/usr/lib64/lib[a-f]*.so.*",
		"/usr/lib/ld-*.so*",
		"/usr/lib/*-linux-*/ld-*.so*",
	};
	unsigned count = 0;

	(void)state;
	if (!elf_have_readelf())
		skip();
	for (size_t i = 0; i < WD_ARRAY_SIZE(patterns); i++) {
		unsigned limit = count + 60;
		glob_t g;

		if (glob(patterns[i], 0, NULL, &g) != 0)
			continue;
		for (size_t k = 0; k < g.gl_pathc && count < limit; k++)
			hold_file(g.gl_pathv[k], &count);
		globfree(&g);
	}
	print_message("# %u files\n", count);
	assert_true(count > 10);
}

/* ---- Small files */

#define ID "\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef\x01"
#define ID_REST "cdef0123456789abcdef0123456789abcdef01.debug"
#define PACKAGE_JSON                                                                               \
	"{\"type\":\"deb\",\"os\":\"debian\",\"name\":\"p\",\"version\":\"1:2.3-4\"}\0\0\0"
#define PLAIN(name, bytes)                                                                         \
	{                                                                                          \
		name, bytes, sizeof(bytes) - 1                                                     \
	}
#define NOTE(section, name, type, bytes)                                                           \
	{                                                                                          \
		section, name, sizeof(name), type, bytes, sizeof(bytes) - 1                        \
	}

static const struct elf_plan library = {
	.is64 = true,
	.type = ET_DYN,
	.dyn = {{DT_NEEDED, "libc.so.6", 0},
		{DT_SONAME, "libp.so.1", 0},
		{DT_RUNPATH, "/opt/a:/opt/b", 0}},
	.notes = {NOTE(".note.gnu.build-id", "GNU", NT_GNU_BUILD_ID, ID),
		  NOTE(".note.package", "FDO", 0xcafe1a7e, PACKAGE_JSON)},
	.sections = {PLAIN(".gnu_debuglink", ID_REST "\0\0\0\0\x12\x34\x56\x78"),
		     PLAIN(".comment", "GCC: (Debian 12.2.0-14) 12.2.0\0GCC: (GNU) 1.2\0"),
		     PLAIN(".gnu_debugaltlink",
			   "/usr/lib/debug/.dwz/x86_64-linux-gnu/p.debug\0" ID)},
};

static void expect_library(const struct elf_facts *f, bool sections)
{
	elf_expect(f, "build-id abcdef0123456789abcdef0123456789abcdef01");
	elf_expect(f, "note type=deb\tos=debian\tname=p\tversion=1:2.3-4");
	elf_expect(f, "soname libp.so.1");
	elf_expect(f, "runpath /opt/a");
	elf_expect(f, "runpath /opt/b");
	elf_expect(f, "shape library");
	elf_expect(f, sections ? "debuglink " ID_REST : "shape no-sections");
	if (!sections)
		return;
	elf_expect(f, "debugaltlink /usr/lib/debug/.dwz/x86_64-linux-gnu/p.debug");
	elf_expect(f, "comment GCC: (Debian 12.2.0-14) 12.2.0");
	elf_expect(f, "comment GCC: (GNU) 1.2");
	elf_expect(f, "shape debuglink=build-id");
}

/* Both classes, both byte orders, with section headers and without. */
static void classes(void **state)
{
	struct backend_log *log = *state;

	for (unsigned i = 0; i < 8; i++) {
		struct elf_plan plan = library;
		struct elf_image im;
		struct elf_facts f;
		char path[64];

		plan.is64 = i & 1;
		plan.big_endian = i & 2;
		plan.no_sections = i & 4;
		elf_make(&plan, &im);
		f = elf_examine_image(log, "libp.so.1.0", &im);
		assert_int_equal(f.status, 0);
		expect_library(&f, !plan.no_sections);
		snprintf(path, sizeof(path), "%s/libp.so.1.0", log->root);
		if (elf_have_readelf() && !plan.no_sections)
			elf_hold_against_readelf(path, &f);
		assert_int_equal(f.lines.n, plan.no_sections ? 7 : 11);
		elf_facts_done(&f);
		elf_image_done(&im);
	}
}

/* What a file is, by what it has. */
static void shapes(void **state)
{
	static const struct {
		struct elf_plan plan;
		const char *path;
		const char *words; /* sorted */
	} table[] = {
		{{.type = ET_EXEC}, "p", "executable static"},
		{{.type = ET_EXEC, .interp = "/lib/ld.so"}, "p", "executable"},
		{{.type = ET_EXEC, .dyn = {{DT_NEEDED, "libc.so", 0}}}, "p", "executable"},
		{{.type = ET_DYN, .interp = "/lib/ld.so"}, "p", "executable"},
		{{.type = ET_DYN, .dyn = {{DT_FLAGS_1, NULL, DF_1_PIE}}}, "p", "executable static"},
		{{.type = ET_DYN, .dyn = {{DT_SONAME, "ld.so", 0}}}, "p", "library"},
		{{.type = ET_DYN, .interp = "/ld.so", .dyn = {{DT_SONAME, "libc.so", 0}}},
		 "p",
		 "library"},
		{{.type = ET_REL}, "p.ko", ""},
		{{.type = ET_CORE}, "core", ""},
		{{.type = ET_EXEC, .sections = {PLAIN(".go.buildinfo", "x")}},
		 "p",
		 "executable go static"},
		{{.type = ET_EXEC, .notes = {NOTE(".note.go.buildid", "Go\0", 4, "abcd")}},
		 "p",
		 "executable go static"},
		{{.type = ET_DYN, .sections = {PLAIN(".comment", "rustc version 1.63.0\0")}},
		 "p",
		 "library rust"},
		{{.type = ET_DYN, .sections = {PLAIN(".gnu_debuglink", "libp.so.1\0\0\0\1\2\3\4")}},
		 "usr/lib/libp.so.1",
		 "debuglink=file library"},
		{{.type = ET_DYN, .sections = {PLAIN(".gnu_debuglink", "libp.so.1\0\0\0\1\2\3\4")}},
		 "usr/lib/libp.so.1.2",
		 "library"},
		{{.type = ET_DYN,
		  .sections = {PLAIN(".gnu_debuglink", ID_REST "\0\0\0\0\1\2\3\4")}},
		 "p",
		 "library"},
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		WD_CLEANUP_BUF struct wd_buf words = WD_BUF_INIT;
		struct elf_plan plan = table[i].plan;
		struct elf_image im;
		struct elf_facts f;

		plan.is64 = true;
		elf_make(&plan, &im);
		f = elf_examine_image(*state, table[i].path, &im);
		assert_int_equal(f.status, 0);
		for (size_t k = 0; k < f.lines.n; k++)
			if (strncmp(f.lines.v[k], "shape ", 6) == 0)
				wd_buf_printf(&words, "%s%s", words.len ? " " : "",
					      f.lines.v[k] + 6);
		wd_buf_byte(&words, '\0');
		if (strcmp(words.ptr, table[i].words) != 0)
			fail_msg("%zu: %s, not %s", i, words.ptr, table[i].words);
		elf_facts_done(&f);
		elf_image_done(&im);
	}
}

/* Strings of files of some names; elsewhere, and under other names, they say nothing. */
static void texts(void **state)
{
	static const struct {
		const char *path;
		struct wd_blob text;
		const char *line; /* NULL: nothing */
	} table[] = {
		{"lib/libc.so.6",
		 WD_BLOB("x\0GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n"
			 "Copyright\nCompiled by GNU CC version 12.2.0.\n\0"),
		 "banner GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36."},
		{"lib/libc-2.31.so", WD_BLOB("\nCompiled by GNU CC version 10.2.1 20210110.\n\0"),
		 "comment Compiled by GNU CC version 10.2.1 20210110."},
		{"lib/libm.so.6", WD_BLOB("\0GNU C Library (Debian GLIBC 2.36-9)\0"), NULL},
		{"lib/ld-linux-x86-64.so.2",
		 WD_BLOB("\0ld.so (Debian GLIBC 2.41-12) stable release version 2.41.\n\0"),
		 "banner ld.so (Debian GLIBC 2.41-12) stable release version 2.41."},
		{"usr/bin/iconv", WD_BLOB("%s\0(Ubuntu GLIBC 2.31-0ubuntu9) \0x"),
		 "banner (Ubuntu GLIBC 2.31-0ubuntu9)"},
		{"usr/bin/iconv", WD_BLOB("%s\0no (parenthesis) \0x"), NULL},
		{"lib/ld-musl-x86_64.so.1", WD_BLOB("\0musl libc (x86_64)\nVersion %s\n\0"),
		 "banner musl libc (x86_64)"},
		{"lib/libc.musl-x86_64.so.1", WD_BLOB("\0\061.2.5\0"), "string 1.2.5"},
		{"usr/lib/libcrypto.so.3", WD_BLOB("\0OPENSSLDIR: \"/usr/lib/ssl\"\0"),
		 "string OPENSSLDIR: \"/usr/lib/ssl\""},
		{"usr/lib/libcrypto.so.3", WD_BLOB("\0platform: debian-amd64\0"),
		 "string platform: debian-amd64"},
		{"usr/bin/perl", WD_BLOB("\0DEBPKG:debian/db_file_ver - x\0"),
		 "string DEBPKG:debian/db_file_ver - x"},
		{"usr/bin/run-parts", WD_BLOB("\0Debian run-parts program, version 5.7\n\0"),
		 "string Debian run-parts program, version 5.7"},
		{"usr/bin/x86_64-linux-gnu-gcc-12", WD_BLOB("\0(Debian 12.2.0-14) \0"),
		 "string (Debian 12.2.0-14)"},
		/* control characters, and a string without an end */
		{"usr/bin/perl", WD_BLOB("\0DEBPKG:\033[31mred\0"), NULL},
		{"usr/bin/perl", WD_BLOB("\0DEBPKG:end"), "string DEBPKG:end"},
	};

	for (unsigned i = 0; i < 2 * WD_ARRAY_SIZE(table); i++) {
		size_t k = i / 2;
		struct elf_plan plan = {
			.is64 = true,
			.type = ET_DYN,
			.no_sections = i % 2,
			.sections = {{".rodata", table[k].text.ptr, table[k].text.len}}};
		struct elf_image im;
		struct elf_facts f;

		elf_make(&plan, &im);
		f = elf_examine_image(*state, table[k].path, &im);
		assert_int_equal(f.status, 0);
		if (table[k].line)
			elf_expect(&f, table[k].line);
		else if (elf_states_any(&f, "banner") || elf_states_any(&f, "string"))
			fail_msg("%s: %s", table[k].path, f.lines.v[0]);
		elf_facts_done(&f);
		elf_image_done(&im);
	}
}

/* annobin's notes, as they stand in a library of Amazon Linux 2023; other notes of its are not. */
static void annobin(void **state)
{
	struct elf_plan plan = {
		.is64 = true,
		.type = ET_DYN,
		.notes = {NOTE(".gnu.build.attributes",
			       "GA$\1"
			       "3p1113",
			       0x100, ""),
			  NOTE(".other",
			       "GA$\5"
			       "annobin gcc 11.4.1 20230605",
			       0x100, "")},
		.sections = {PLAIN(".gnu_debugdata", "x")},
	};
	struct elf_image im;
	struct elf_facts f;

	elf_make(&plan, &im);
	/* one section of both notes */
	elf_poke_section(&im, ".gnu.build.attributes", ELF_SH_SIZE,
			 im.sections[1].offset + im.sections[1].size - im.sections[0].offset);
	f = elf_examine_image(*state, "libp.so", &im);
	assert_int_equal(f.status, 0);
	elf_expect(&f, "annobin annobin gcc 11.4.1 20230605");
	elf_expect(&f, "section .gnu.build.attributes");
	elf_expect(&f, "section .gnu_debugdata");
	assert_int_equal(f.lines.n, 4);
	elf_facts_done(&f);
	elf_image_done(&im);
}

/* The note as others write it; and what is none, which costs the note alone. */
static void packages(void **state)
{
	static const struct {
		const char *json;
		const char *line; /* NULL: none */
		bool bare;
	} table[] = {
		{"{\"type\":\"rpm\",\"osCpe\":\"cpe:/o:fedoraproject:fedora:40\"}",
		 "note type=rpm\tosCpe=cpe:/o:fedoraproject:fedora:40", false},
		{"{\"type\":\"apk\",\"os\":\"wolfi\"}", "note type=apk\tos=wolfi", true},
		{"{\"name\":\"\",\"size\":12,\"more\":{\"a\":\"b\"},\"type\":\"deb\"}",
		 "note name=\ttype=deb", false},
		{"{\"type\":\"de", NULL, false},
		{"[\"type\",\"deb\"]", NULL, false},
		{"\"type\"", NULL, false},
		{"{}", NULL, false},
		{"{\"type\":\"a\\tname=b\"}", NULL, false},
		{"{\"type\":\"a\\nb\"}", NULL, false},
		{"{\"ty\\tpe\":\"a\"}", NULL, false},
		{"{\"ty=pe\":\"a\"}", NULL, false},
		{"{\"type\":\"a\"} and more", NULL, false},
		{"{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", NULL, true},
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		struct elf_plan plan = {.is64 = true, .type = ET_DYN};
		struct elf_image im;
		struct elf_facts f;

		if (table[i].bare) {
			plan.sections[0].name = ".note.package";
			plan.sections[0].data = table[i].json;
			plan.sections[0].size = strlen(table[i].json);
		} else {
			plan.notes[0] = (struct elf_note){
				".note.package", "FDO",		4,
				0xcafe1a7e,	 table[i].json, (uint32_t)strlen(table[i].json)};
		}
		elf_make(&plan, &im);
		f = elf_examine_image(*state, "p", &im);
		assert_int_equal(f.status, 0);
		if (table[i].line)
			elf_expect(&f, table[i].line);
		else if (elf_states_any(&f, "note"))
			fail_msg("%s: %s", table[i].json, f.lines.v[0]);
		elf_facts_done(&f);
		elf_image_done(&im);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_the_system),
		cmocka_unit_test_setup_teardown(classes, backend_log_setup, backend_log_teardown),
		cmocka_unit_test_setup_teardown(shapes, backend_log_setup, backend_log_teardown),
		cmocka_unit_test_setup_teardown(texts, backend_log_setup, backend_log_teardown),
		cmocka_unit_test_setup_teardown(annobin, backend_log_setup, backend_log_teardown),
		cmocka_unit_test_setup_teardown(packages, backend_log_setup, backend_log_teardown),
	};

	return cmocka_run_group_tests_name("elf", tests, NULL, NULL);
}
