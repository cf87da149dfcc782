/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes small ELF files of either class and byte order, for tests. Whether they are what they
 * should be, readelf(1) says.
 */
#ifndef WD_TESTS_ELF_MAKE_H
#define WD_TESTS_ELF_MAKE_H

#include "base/buf.h"

#include <elf.h>

struct elf_dyn {
	int64_t tag;
	const char *string; /* its value, in .dynstr; or NULL */
	uint64_t value;
};

struct elf_note {
	const char *section;
	const char *name; /* with its NUL */
	uint32_t name_len;
	uint32_t type;
	const void *desc;
	uint32_t desc_len;
};

/* What the file is to hold: NULL and 0 for what it is to lack. */
struct elf_plan {
	bool is64;
	bool big_endian;
	bool no_sections; /* program headers only */
	uint16_t type;
	const char *interp;
	struct elf_dyn dyn[6]; /* up to one without string and value */
	struct elf_note notes[4];
	struct {
		const char *name;
		const void *data;
		size_t size;
	} sections[6]; /* plain ones */
};

#define ELF_SECTIONS 24

struct elf_image {
	struct elf_plan plan;
	struct wd_buf bytes;
	size_t phoff;
	size_t shoff; /* also where the table was left out */
	unsigned nsegments;
	unsigned nsections;
	struct elf_place {
		const char *name;
		uint32_t type;
		uint64_t flags;
		size_t offset;
		size_t size;
		uint32_t link;
	} sections[ELF_SECTIONS];
};

void elf_make(const struct elf_plan *plan, struct elf_image *ret);
void elf_image_done(struct elf_image *image);

/* The index of a section; fails the test where there is none. */
unsigned elf_section(const struct elf_image *image, const char *name);

/* Overwrites `width` bytes in the file's byte order. */
void elf_poke(struct elf_image *image, size_t at, unsigned width, uint64_t value);

/* Where a field of a section's or program's header stands, and how wide it is. */
enum elf_field { ELF_SH_NAME, ELF_SH_TYPE, ELF_SH_FLAGS, ELF_SH_OFFSET, ELF_SH_SIZE, ELF_SH_LINK };
void elf_poke_section(struct elf_image *image, const char *name, enum elf_field field,
		      uint64_t value);
enum elf_pfield { ELF_P_TYPE, ELF_P_OFFSET, ELF_P_FILESZ };
void elf_poke_segment(struct elf_image *image, uint32_t type, enum elf_pfield field,
		      uint64_t value);

#endif
