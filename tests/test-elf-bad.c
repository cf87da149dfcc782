/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ELF files with one defect each. What is not damaged is still stated; nothing is read beyond the
 * file, and nothing takes long, whatever sizes stand in it.
 */
#include "elf-facts.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#define ID "\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef\x01"
#define PLAIN(name, bytes)                                                                         \
	{                                                                                          \
		name, bytes, sizeof(bytes) - 1                                                     \
	}

static const struct elf_plan whole = {
	.is64 = true,
	.type = ET_DYN,
	.interp = "/lib/ld.so",
	.dyn = {{DT_NEEDED, "libc.so.6", 0}, {DT_SONAME, "libp.so.1", 0}, {DT_RUNPATH, "/opt", 0}},
	.notes = {{".note.gnu.build-id", "GNU", 4, NT_GNU_BUILD_ID, ID, 20}},
	.sections = {PLAIN(".gnu_debuglink", "p.debug\0\1\2\3\4"),
		     PLAIN(".comment", "GCC: (Debian 12.2.0-14) 12.2.0\0"),
		     PLAIN(".gnu_debugaltlink", "/usr/lib/debug/.dwz/p.debug\0" ID)},
};

enum { E64_SHOFF = 40, E64_PHOFF = 32, E64_PHNUM = 56, E64_SHNUM = 60, E64_SHSTRNDX = 62 };

static struct elf_place *place(struct elf_image *im, const char *section)
{
	return &im->sections[elf_section(im, section)];
}

static void set_bytes(struct elf_image *im, const char *section, size_t at, struct wd_blob bytes)
{
	struct elf_place *p = place(im, section);

	assert_true(at + bytes.len <= p->size);
	memcpy(im->bytes.ptr + p->offset + at, bytes.ptr, bytes.len);
}

static void empty(struct elf_image *im)
{
	im->bytes.len = 0;
}

static void magic_only(struct elf_image *im)
{
	im->bytes.len = SELFMAG;
}

static void cut_in_header(struct elf_image *im)
{
	im->bytes.len = 63;
}

static void cut_behind_header(struct elf_image *im)
{
	im->bytes.len = 64;
}

static void cut_in_sections(struct elf_image *im)
{
	im->bytes.len = im->shoff + 64;
}

static void no_class(struct elf_image *im)
{
	im->bytes.ptr[EI_CLASS] = 7;
}

static void no_byte_order(struct elf_image *im)
{
	im->bytes.ptr[EI_DATA] = 7;
}

static void no_version(struct elf_image *im)
{
	im->bytes.ptr[EI_VERSION] = 7;
}

static void sections_beyond(struct elf_image *im)
{
	elf_poke(im, E64_SHOFF, 8, 1ull << 40);
}

static void sections_at_the_end_of_all(struct elf_image *im)
{
	elf_poke(im, E64_SHOFF, 8, UINT64_MAX - 8);
}

static void too_many_sections(struct elf_image *im)
{
	elf_poke(im, E64_SHNUM, 2, 0xfeff);
}

/* The number of sections in the size of the first. */
static void sections_counted_elsewhere(struct elf_image *im)
{
	elf_poke(im, E64_SHNUM, 2, 0);
	elf_poke(im, im->shoff + 32, 8, 1ull << 26);
}

static void names_elsewhere(struct elf_image *im)
{
	elf_poke(im, E64_SHSTRNDX, 2, SHN_XINDEX);
	elf_poke(im, im->shoff + 40, 4, 0x7fffffff);
}

static void names_no_section(struct elf_image *im)
{
	elf_poke(im, E64_SHSTRNDX, 2, 0xfe00);
}

static void names_beyond(struct elf_image *im)
{
	elf_poke_section(im, ".shstrtab", ELF_SH_OFFSET, 1ull << 40);
}

static void names_huge(struct elf_image *im)
{
	elf_poke_section(im, ".shstrtab", ELF_SH_SIZE, 1ull << 32);
}

static void names_compressed(struct elf_image *im)
{
	elf_poke_section(im, ".shstrtab", ELF_SH_FLAGS, SHF_COMPRESSED);
}

static void name_beyond(struct elf_image *im)
{
	elf_poke_section(im, ".gnu_debuglink", ELF_SH_NAME, 0x7fffffff);
}

static void link_beyond(struct elf_image *im)
{
	elf_poke_section(im, ".gnu_debuglink", ELF_SH_OFFSET, im->bytes.len - 1);
}

static void link_wraps(struct elf_image *im)
{
	elf_poke_section(im, ".gnu_debuglink", ELF_SH_SIZE, UINT64_MAX - 16);
}

static void link_without_end(struct elf_image *im)
{
	elf_poke_section(im, ".gnu_debuglink", ELF_SH_SIZE, 7);
}

static void link_is_path(struct elf_image *im)
{
	set_bytes(im, ".gnu_debuglink", 0, WD_BLOB("../../p"));
}

static void link_has_escape(struct elf_image *im)
{
	set_bytes(im, ".gnu_debuglink", 0, WD_BLOB("\033[31m"));
}

static void link_empty(struct elf_image *im)
{
	set_bytes(im, ".gnu_debuglink", 0, WD_BLOB("\0"));
}

static void comment_huge(struct elf_image *im)
{
	elf_poke_section(im, ".comment", ELF_SH_SIZE, 1ull << 30);
}

static void comment_compressed(struct elf_image *im)
{
	elf_poke_section(im, ".comment", ELF_SH_FLAGS, SHF_COMPRESSED);
}

static void comment_is_nothing(struct elf_image *im)
{
	elf_poke_section(im, ".comment", ELF_SH_TYPE, SHT_NOBITS);
}

static void altlink_without_end(struct elf_image *im)
{
	elf_poke_section(im, ".gnu_debugaltlink", ELF_SH_SIZE, 5);
}

static void note_name_huge(struct elf_image *im)
{
	elf_poke(im, place(im, ".note.gnu.build-id")->offset, 4, 0xffffffff);
}

static void note_value_huge(struct elf_image *im)
{
	elf_poke(im, place(im, ".note.gnu.build-id")->offset + 4, 4, 0xfffffff0);
}

static void note_both_huge(struct elf_image *im)
{
	note_name_huge(im);
	note_value_huge(im);
}

static void note_cut(struct elf_image *im)
{
	elf_poke_section(im, ".note.gnu.build-id", ELF_SH_SIZE, 11);
}

static void note_beyond(struct elf_image *im)
{
	elf_poke_section(im, ".note.gnu.build-id", ELF_SH_OFFSET, 1ull << 40);
}

static void build_id_empty(struct elf_image *im)
{
	elf_poke(im, place(im, ".note.gnu.build-id")->offset + 4, 4, 0);
	elf_poke_section(im, ".note.gnu.build-id", ELF_SH_SIZE, 16);
}

static void interp_without_end(struct elf_image *im)
{
	elf_poke_section(im, ".interp", ELF_SH_SIZE, 4);
}

static void soname_beyond(struct elf_image *im)
{
	/* behind DT_STRTAB, DT_STRSZ and DT_NEEDED */
	elf_poke(im, place(im, ".dynamic")->offset + 3 * 16 + 8, 8, 1ull << 33);
}

static void strings_without_end(struct elf_image *im)
{
	elf_poke_section(im, ".dynstr", ELF_SH_SIZE, 14);
}

static void strings_are_dynamic(struct elf_image *im)
{
	elf_poke_section(im, ".dynamic", ELF_SH_LINK, elf_section(im, ".dynamic") + 1);
}

static void strings_no_section(struct elf_image *im)
{
	elf_poke_section(im, ".dynamic", ELF_SH_LINK, 0x7fffffff);
}

static void dynamic_beyond(struct elf_image *im)
{
	elf_poke_section(im, ".dynamic", ELF_SH_SIZE, 1ull << 32);
}

/* Of files without section headers */
static void segments_beyond(struct elf_image *im)
{
	elf_poke(im, E64_PHOFF, 8, 1ull << 40);
}

static void too_many_segments(struct elf_image *im)
{
	elf_poke(im, E64_PHNUM, 2, 0xfffe);
}

static void segments_counted_elsewhere(struct elf_image *im)
{
	elf_poke(im, E64_PHNUM, 2, PN_XNUM);
}

static void note_segment_beyond(struct elf_image *im)
{
	elf_poke_segment(im, PT_NOTE, ELF_P_OFFSET, im->bytes.len - 4);
}

static void interp_segment_huge(struct elf_image *im)
{
	elf_poke_segment(im, PT_INTERP, ELF_P_FILESZ, UINT64_MAX);
}

static void dynamic_segment_beyond(struct elf_image *im)
{
	elf_poke_segment(im, PT_DYNAMIC, ELF_P_OFFSET, UINT64_MAX - 16);
}

static void nothing_loaded(struct elf_image *im)
{
	elf_poke_segment(im, PT_LOAD, ELF_P_TYPE, PT_NULL);
}

static void loads_wrap(struct elf_image *im)
{
	elf_poke_segment(im, PT_LOAD, ELF_P_OFFSET, UINT64_MAX - 64);
}

/* What each defect costs: kinds of facts. "all" is everything. */
static const struct defect {
	const char *name;
	void (*spoil)(struct elf_image *im);
	int status;
	const char *lost; /* words, separated by spaces */
} defects[] = {
	{"empty", empty, WD_ECORRUPT, "all"},
	{"magic only", magic_only, WD_ECORRUPT, "all"},
	{"cut in header", cut_in_header, WD_ECORRUPT, "all"},
	{"cut behind header", cut_behind_header, WD_ECORRUPT, "all"},
	{"cut in sections", cut_in_sections, WD_ECORRUPT, "debuglink comment debugaltlink"},
	{"no class", no_class, WD_ECORRUPT, "all"},
	{"no byte order", no_byte_order, WD_ECORRUPT, "all"},
	{"no version", no_version, WD_ECORRUPT, "all"},
	{"sections beyond", sections_beyond, WD_ECORRUPT, "debuglink comment debugaltlink"},
	{"sections at the end of all", sections_at_the_end_of_all, WD_ECORRUPT,
	 "debuglink comment debugaltlink"},
	{"too many sections", too_many_sections, WD_ECORRUPT, "debuglink comment debugaltlink"},
	{"sections counted elsewhere", sections_counted_elsewhere, WD_ECORRUPT, "all"},
	{"names elsewhere", names_elsewhere, WD_ECORRUPT, "interp debuglink comment debugaltlink"},
	{"names no section", names_no_section, WD_ECORRUPT,
	 "interp debuglink comment debugaltlink"},
	{"names beyond", names_beyond, WD_ECORRUPT, "interp debuglink comment debugaltlink"},
	{"names huge", names_huge, WD_ECORRUPT, "interp debuglink comment debugaltlink"},
	{"names compressed", names_compressed, WD_ECORRUPT,
	 "interp debuglink comment debugaltlink"},
	{"name beyond", name_beyond, WD_ECORRUPT, "debuglink"},
	{"link beyond", link_beyond, WD_ECORRUPT, "debuglink"},
	{"link wraps", link_wraps, WD_ECORRUPT, "debuglink"},
	{"link without end", link_without_end, WD_ECORRUPT, "debuglink"},
	{"link is path", link_is_path, 0, "debuglink"},
	{"link has escape", link_has_escape, 0, "debuglink"},
	{"link empty", link_empty, 0, "debuglink"},
	{"comment huge", comment_huge, WD_ECORRUPT, "comment"},
	{"comment compressed", comment_compressed, 0, "comment"},
	{"comment is nothing", comment_is_nothing, 0, "comment"},
	{"altlink without end", altlink_without_end, WD_ECORRUPT, "debugaltlink"},
	{"note name huge", note_name_huge, WD_ECORRUPT, "build-id"},
	{"note value huge", note_value_huge, WD_ECORRUPT, "build-id"},
	{"note both huge", note_both_huge, WD_ECORRUPT, "build-id"},
	{"note cut", note_cut, WD_ECORRUPT, "build-id"},
	{"note beyond", note_beyond, WD_ECORRUPT, "build-id"},
	{"build-id empty", build_id_empty, 0, "build-id"},
	{"interp without end", interp_without_end, WD_ECORRUPT, "interp"},
	{"soname beyond", soname_beyond, WD_ECORRUPT, "soname"},
	{"strings without end", strings_without_end, WD_ECORRUPT, "soname runpath"},
	{"strings are dynamic", strings_are_dynamic, WD_ECORRUPT, "soname runpath"},
	{"strings no section", strings_no_section, WD_ECORRUPT, "soname runpath"},
	{"dynamic beyond", dynamic_beyond, WD_ECORRUPT, "soname runpath"},
};

static const struct defect segment_defects[] = {
	{"segments beyond", segments_beyond, WD_ECORRUPT, "all"},
	{"too many segments", too_many_segments, WD_ECORRUPT, "all"},
	{"segments counted elsewhere", segments_counted_elsewhere, WD_ECORRUPT, "all"},
	{"note beyond", note_segment_beyond, WD_ECORRUPT, "build-id"},
	{"note name huge", note_name_huge, WD_ECORRUPT, "build-id"},
	{"interp huge", interp_segment_huge, WD_ECORRUPT, "interp"},
	{"dynamic beyond", dynamic_segment_beyond, WD_ECORRUPT, "soname runpath"},
	{"nothing loaded", nothing_loaded, WD_ECORRUPT, "soname runpath"},
	{"loads wrap", loads_wrap, WD_ECORRUPT, "soname runpath"},
	{"soname beyond", soname_beyond, WD_ECORRUPT, "soname"},
};

static const char *const facts[] = {"build-id",	 "interp",  "soname",	   "runpath",
				    "debuglink", "comment", "debugaltlink"};

static bool has_word(const char *words, const char *word)
{
	struct wd_blob rest = wd_blob_str(words), one;

	while (wd_blob_word(&rest, &one))
		if (wd_blob_is(one, word) || wd_blob_is(one, "all"))
			return true;
	return false;
}

static void try(struct backend_log *log, const struct elf_plan *plan, const struct defect *d)
{
	struct elf_image im;
	struct elf_facts f;

	elf_make(plan, &im);
	d->spoil(&im);
	f = elf_examine_image(log, "lib/libp.so.1", &im);
	if (f.status != d->status)
		fail_msg("%s: %s", d->name, wd_status_text(f.status));
	for (size_t i = 0; i < WD_ARRAY_SIZE(facts); i++) {
		bool lost = has_word(d->lost, facts[i]) || (plan->no_sections && i >= 4);

		if (elf_states_any(&f, facts[i]) == lost)
			fail_msg("%s: %s is %s", d->name, facts[i], lost ? "stated" : "lost");
	}
	elf_facts_done(&f);
	elf_image_done(&im);
}

static void one_defect(void **state)
{
	const struct defect none = {"none", comment_is_nothing, 0, "comment"};

	try(*state, &whole, &none);
	for (size_t i = 0; i < WD_ARRAY_SIZE(defects); i++)
		try(*state, &whole, &defects[i]);
}

static void one_defect_in_segments(void **state)
{
	struct elf_plan plan = whole;

	plan.no_sections = true;
	for (size_t i = 0; i < WD_ARRAY_SIZE(segment_defects); i++)
		try(*state, &plan, &segment_defects[i]);
}

static void examine_copy(const struct elf_image *im, size_t len, int *ret_status)
{
	/* of its own, so that sanitizers see what is read behind its end */
	char *copy = len ? memcpy(malloc(len), im->bytes.ptr, len) : malloc(1);
	struct elf_facts f = elf_examine(
		&(struct wd_file){.path = "lib/libc.so.6", .fd = -1, .data = copy, .size = len});

	*ret_status = f.status;
	elf_facts_done(&f);
	free(copy);
}

/* Cut at every length; the section headers stand last. */
static void cut_anywhere(void **state)
{
	struct elf_image im;
	int status;

	(void)state;
	elf_make(&whole, &im);
	for (size_t len = 0; len < im.bytes.len; len++) {
		examine_copy(&im, len, &status);
		if (status != WD_ECORRUPT)
			fail_msg("%zu of %zu bytes: %s", len, im.bytes.len, wd_status_text(status));
	}
	examine_copy(&im, im.bytes.len, &status);
	assert_int_equal(status, 0);
	elf_image_done(&im);
}

/* Each byte of both classes and orders, with some values that matter: no more than a status. */
static void any_byte(void **state)
{
	static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	int status;

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		struct elf_plan plan = whole;
		struct elf_image im;

		plan.is64 = i & 1;
		plan.big_endian = i & 2;
		plan.no_sections = i & 4;
		elf_make(&plan, &im);
		for (size_t at = SELFMAG; at < im.bytes.len; at++) {
			char old = im.bytes.ptr[at];

			for (size_t k = 0; k < sizeof(values); k++) {
				im.bytes.ptr[at] = (char)values[k];
				examine_copy(&im, im.bytes.len, &status);
				assert_true(status == 0 || status == WD_ECORRUPT);
			}
			im.bytes.ptr[at] = old;
		}
		elf_image_done(&im);
	}
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void in_time(struct backend_log *log, const char *name, int fd)
{
	struct stat st;
	double start = seconds();
	struct elf_facts f;

	assert_int_equal(fstat(fd, &st), 0);
	f = elf_examine(
		&(struct wd_file){.path = "lib/libc.so.6", .fd = fd, .size = (uint64_t)st.st_size});
	assert_true(f.status == 0 || f.status == WD_ECORRUPT);
	elf_facts_done(&f);
	close(fd);
	if (seconds() - start > 2 && !getenv("WD_SANITIZED"))
		fail_msg("%s: %.1f s", name, seconds() - start);
	assert_int_equal(unlinkat(log->fd, "slow", 0), 0);
}

/* A file of holes, but for its header and what `fill` adds. */
static int holes(struct backend_log *log, const struct elf_image *im, uint64_t size)
{
	int fd;

	backend_log_put(log, "slow", im->bytes.ptr, im->bytes.len);
	fd = openat(log->fd, "slow", O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	return fd;
}

/* Thousands of segments that are all notes, all dynamic or all text, and lie over each other. */
static void overlapping_segments(void **state)
{
	static const uint32_t types[] = {PT_NOTE, PT_DYNAMIC, PT_LOAD, PT_INTERP};
	struct elf_plan plan = {.is64 = true, .type = ET_DYN, .no_sections = true};

	for (size_t t = 0; t < WD_ARRAY_SIZE(types); t++) {
		Elf64_Phdr head = {.p_type = types[t], .p_flags = PF_R, .p_align = 8};
		struct elf_image im;
		int fd;

		elf_make(&plan, &im);
		elf_poke(&im, E64_PHNUM, 2, 4096);
		fd = holes(*state, &im, 64 << 20);
		for (unsigned i = 0; i < 4096; i++) {
			head.p_offset = (1 << 20) + 16 * i;
			head.p_filesz = 32 << 20;
			head.p_vaddr = i;
			assert_int_equal(pwrite(fd, &head, sizeof(head),
						(off_t)(im.phoff + i * sizeof(head))),
					 sizeof(head));
		}
		in_time(*state, "segments", fd);
		elf_image_done(&im);
	}
}

/* As many sections as a header can count, all of one name, and none short. */
static void overlapping_sections(void **state)
{
	static const char *const names[] = {".comment", ".rodata", ".note.x",
					    ".gnu.build.attributes", ".dynamic"};
	static const uint32_t types[] = {SHT_PROGBITS, SHT_PROGBITS, SHT_NOTE, SHT_NOTE,
					 SHT_DYNAMIC};

	for (size_t t = 0; t < WD_ARRAY_SIZE(names); t++) {
		struct elf_plan plan = {
			.is64 = true, .type = ET_DYN, .sections = {{names[t], "abc", 4}}};
		struct elf_image im;
		Elf64_Shdr head;
		int fd;

		elf_make(&plan, &im);
		memcpy(&head, im.bytes.ptr + im.shoff + sizeof(head), sizeof(head));
		head.sh_type = types[t];
		head.sh_offset = 0;
		head.sh_size = 60 << 20;
		head.sh_link = 2;
		elf_poke(&im, E64_SHNUM, 2, 0xfe00);
		fd = holes(*state, &im, 64 << 20);
		for (unsigned i = 3; i < 0xfe00; i++)
			assert_int_equal(pwrite(fd, &head, sizeof(head),
						(off_t)(im.shoff + i * sizeof(head))),
					 sizeof(head));
		in_time(*state, names[t], fd);
		elf_image_done(&im);
	}
}

/* Texts and tables of terabytes, none of which is there. */
static void terabytes(void **state)
{
	static const char *const names[] = {
		".comment", ".rodata", ".shstrtab",	     ".dynstr",
		".dynamic", ".interp", ".note.gnu.build-id", ".gnu_debuglink"};

	for (size_t i = 0; i < WD_ARRAY_SIZE(names); i++) {
		struct elf_plan plan = whole;
		struct elf_image im;

		plan.sections[2].name = ".rodata";
		elf_make(&plan, &im);
		elf_poke_section(&im, names[i], ELF_SH_OFFSET, im.bytes.len);
		elf_poke_section(&im, names[i], ELF_SH_SIZE, (1ull << 40) - im.bytes.len);
		in_time(*state, names[i], holes(*state, &im, 1ull << 40));
		elf_image_done(&im);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, backend_log_setup, backend_log_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_defect), TEST(one_defect_in_segments), TEST(cut_anywhere),
		TEST(any_byte),	  TEST(overlapping_segments),	TEST(overlapping_sections),
		TEST(terabytes),
	};

	alarm(100);
	return cmocka_run_group_tests_name("elf-bad", tests, NULL, NULL);
}
