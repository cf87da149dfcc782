/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "elf-make.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BASE 0x10000 /* address of the file's first byte */

static void put(struct elf_image *im, unsigned width, uint64_t value)
{
	size_t at = im->bytes.len;

	wd_buf_append(&im->bytes, &(uint64_t){0}, width);
	elf_poke(im, at, width, value);
}

void elf_poke(struct elf_image *im, size_t at, unsigned width, uint64_t value)
{
	assert_true(im->bytes.status == 0 && at + width <= im->bytes.len);
	for (unsigned i = 0; i < width; i++) {
		unsigned shift = 8 * (im->plan.big_endian ? width - 1 - i : i);

		im->bytes.ptr[at + i] = (char)(value >> shift);
	}
}

/* An address, an offset or a size. */
static unsigned word(const struct elf_image *im)
{
	return im->plan.is64 ? 8 : 4;
}

static void put_word(struct elf_image *im, uint64_t value)
{
	put(im, word(im), value);
}

static void align(struct elf_image *im, size_t to)
{
	while (im->bytes.len % to)
		wd_buf_byte(&im->bytes, '\0');
}

static struct elf_place *begin(struct elf_image *im, const char *name, uint32_t type,
			       uint64_t flags)
{
	struct elf_place *p = &im->sections[im->nsections++];

	assert_true(im->nsections <= ELF_SECTIONS);
	align(im, 8);
	*p = (struct elf_place){
		.name = name, .type = type, .flags = flags, .offset = im->bytes.len};
	return p;
}

static void end(const struct elf_image *im, struct elf_place *p)
{
	p->size = im->bytes.len - p->offset;
}

static void put_notes(struct elf_image *im)
{
	for (size_t i = 0; i < WD_ARRAY_SIZE(im->plan.notes) && im->plan.notes[i].section; i++) {
		const struct elf_note *n = &im->plan.notes[i];
		struct elf_place *p = begin(im, n->section, SHT_NOTE, SHF_ALLOC);

		put(im, 4, n->name_len);
		put(im, 4, n->desc_len);
		put(im, 4, n->type);
		wd_buf_append(&im->bytes, n->name, n->name_len);
		align(im, 4);
		wd_buf_append(&im->bytes, n->desc, n->desc_len);
		align(im, 4);
		end(im, p);
	}
}

static void put_dynamic(struct elf_image *im)
{
	const struct elf_dyn *d = im->plan.dyn;
	struct elf_place *strings, *p;
	size_t at[WD_ARRAY_SIZE(im->plan.dyn)] = {0};

	if (!d[0].string && !d[0].value)
		return;
	strings = begin(im, ".dynstr", SHT_STRTAB, SHF_ALLOC);
	wd_buf_byte(&im->bytes, '\0');
	for (size_t i = 0; i < WD_ARRAY_SIZE(im->plan.dyn); i++) {
		at[i] = im->bytes.len - strings->offset;
		if (d[i].string)
			wd_buf_append(&im->bytes, d[i].string, strlen(d[i].string) + 1);
	}
	end(im, strings);
	p = begin(im, ".dynamic", SHT_DYNAMIC, SHF_ALLOC | SHF_WRITE);
	p->link = im->nsections - 1; /* the null section comes first */
	put_word(im, DT_STRTAB);
	put_word(im, BASE + strings->offset);
	put_word(im, DT_STRSZ);
	put_word(im, strings->size);
	for (size_t i = 0; i < WD_ARRAY_SIZE(im->plan.dyn) && (d[i].string || d[i].value); i++) {
		put_word(im, (uint64_t)d[i].tag);
		put_word(im, d[i].string ? at[i] : d[i].value);
	}
	put_word(im, DT_NULL);
	put_word(im, 0);
	end(im, p);
}

static void put_plain(struct elf_image *im)
{
	for (size_t i = 0; i < WD_ARRAY_SIZE(im->plan.sections) && im->plan.sections[i].name; i++) {
		bool data = strcmp(im->plan.sections[i].name, ".rodata") == 0;
		struct elf_place *p =
			begin(im, im->plan.sections[i].name, SHT_PROGBITS, data ? SHF_ALLOC : 0);

		wd_buf_append(&im->bytes, im->plan.sections[i].data, im->plan.sections[i].size);
		end(im, p);
	}
}

static void put_interp(struct elf_image *im)
{
	struct elf_place *p;

	if (!im->plan.interp)
		return;
	p = begin(im, ".interp", SHT_PROGBITS, SHF_ALLOC);
	wd_buf_append(&im->bytes, im->plan.interp, strlen(im->plan.interp) + 1);
	end(im, p);
}

static void put_segment(struct elf_image *im, size_t *at, uint32_t type, const struct elf_place *p)
{
	size_t start = im->bytes.len;
	uint64_t values[] = {p->offset, BASE + p->offset, BASE + p->offset, p->size, p->size};

	put(im, 4, type);
	if (im->plan.is64)
		put(im, 4, PF_R);
	for (size_t i = 0; i < WD_ARRAY_SIZE(values); i++)
		put_word(im, values[i]);
	if (!im->plan.is64)
		put(im, 4, PF_R);
	put_word(im, 4);
	memcpy(im->bytes.ptr + *at, im->bytes.ptr + start, im->bytes.len - start);
	*at += im->bytes.len - start;
	im->bytes.len = start;
	im->nsegments++;
}

static void put_segments(struct elf_image *im)
{
	struct elf_place all = {.size = im->bytes.len};
	size_t at = im->phoff;

	put_segment(im, &at, PT_LOAD, &all);
	for (unsigned i = 0; i < im->nsections; i++) {
		const struct elf_place *p = &im->sections[i];

		if (p->type == SHT_NOTE)
			put_segment(im, &at, PT_NOTE, p);
		else if (p->type == SHT_DYNAMIC)
			put_segment(im, &at, PT_DYNAMIC, p);
		else if (strcmp(p->name, ".interp") == 0)
			put_segment(im, &at, PT_INTERP, p);
	}
}

static void put_section(struct elf_image *im, uint32_t name, const struct elf_place *p)
{
	put(im, 4, name);
	put(im, 4, p->type);
	put_word(im, p->flags);
	put_word(im, p->flags & SHF_ALLOC ? BASE + p->offset : 0);
	put_word(im, p->offset);
	put_word(im, p->size);
	put(im, 4, p->link);
	put(im, 4, 0);
	put_word(im, p->type == SHT_NULL ? 0 : 4);
	put_word(im, p->type != SHT_DYNAMIC ? 0 : 2 * word(im));
}

static void put_sections(struct elf_image *im)
{
	struct elf_place *names = begin(im, ".shstrtab", SHT_STRTAB, 0);
	uint32_t at[ELF_SECTIONS];

	wd_buf_byte(&im->bytes, '\0');
	for (unsigned i = 0; i < im->nsections; i++) {
		at[i] = (uint32_t)(im->bytes.len - names->offset);
		wd_buf_append(&im->bytes, im->sections[i].name, strlen(im->sections[i].name) + 1);
	}
	end(im, names);
	align(im, 8);
	im->shoff = im->bytes.len;
	put_section(im, 0, &(struct elf_place){.type = SHT_NULL});
	for (unsigned i = 0; i < im->nsections; i++)
		put_section(im, at[i], &im->sections[i]);
}

static void put_header(struct elf_image *im)
{
	bool s = !im->plan.no_sections;
	size_t len = im->bytes.len;

	im->bytes.len = 0;
	wd_buf_append(&im->bytes, ELFMAG, SELFMAG);
	wd_buf_byte(&im->bytes, im->plan.is64 ? ELFCLASS64 : ELFCLASS32);
	wd_buf_byte(&im->bytes, im->plan.big_endian ? ELFDATA2MSB : ELFDATA2LSB);
	wd_buf_byte(&im->bytes, EV_CURRENT);
	im->bytes.len = EI_NIDENT;
	put(im, 2, im->plan.type);
	put(im, 2,
	    im->plan.is64	  ? im->plan.big_endian ? EM_PPC64 : EM_X86_64
	    : im->plan.big_endian ? EM_PPC
				  : EM_386);
	put(im, 4, EV_CURRENT);
	put_word(im, 0);
	put_word(im, im->phoff);
	put_word(im, s ? im->shoff : 0);
	put(im, 4, 0);
	put(im, 2, im->phoff);
	put(im, 2, im->plan.is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr));
	put(im, 2, im->nsegments);
	put(im, 2, im->plan.is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr));
	put(im, 2, s ? im->nsections + 1 : 0);
	put(im, 2, s ? im->nsections : 0);
	im->bytes.len = len;
}

void elf_make(const struct elf_plan *plan, struct elf_image *im)
{
	static const char zeros[1024];

	*im = (struct elf_image){.plan = *plan, .bytes = WD_BUF_INIT};
	im->phoff = plan->is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
	wd_buf_append(&im->bytes, zeros, sizeof(zeros)); /* room for all program headers */
	put_interp(im);
	put_notes(im);
	put_dynamic(im);
	put_plain(im);
	put_segments(im);
	if (!plan->no_sections)
		put_sections(im);
	put_header(im);
	assert_int_equal(im->bytes.status, 0);
}

void elf_image_done(struct elf_image *im)
{
	wd_buf_done(&im->bytes);
}

unsigned elf_section(const struct elf_image *im, const char *name)
{
	for (unsigned i = 0; i < im->nsections; i++)
		if (strcmp(im->sections[i].name, name) == 0)
			return i;
	fail_msg("no section %s", name);
	return 0;
}

void elf_poke_section(struct elf_image *im, const char *name, enum elf_field field, uint64_t value)
{
	static const unsigned at64[] = {0, 4, 8, 24, 32, 40}, at32[] = {0, 4, 8, 16, 20, 24};
	size_t head = im->shoff + (elf_section(im, name) + 1) *
					  (im->plan.is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr));
	bool is_word = field == ELF_SH_FLAGS || field == ELF_SH_OFFSET || field == ELF_SH_SIZE;

	elf_poke(im, head + (im->plan.is64 ? at64 : at32)[field], is_word ? word(im) : 4, value);
}

void elf_poke_segment(struct elf_image *im, uint32_t type, enum elf_pfield field, uint64_t value)
{
	static const unsigned at64[] = {0, 8, 32}, at32[] = {0, 4, 16};
	size_t size = im->plan.is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

	for (unsigned i = 0; i < im->nsegments; i++) {
		size_t head = im->phoff + i * size;
		char raw[4];

		memcpy(raw, im->bytes.ptr + head, 4);
		if ((uint8_t)raw[im->plan.big_endian ? 3 : 0] == type)
			elf_poke(im, head + (im->plan.is64 ? at64 : at32)[field],
				 field == ELF_P_TYPE ? 4 : word(im), value);
	}
}
