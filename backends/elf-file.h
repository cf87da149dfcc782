/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One ELF file under examination, and what its parts share. libelf reads the structures; which
 * bytes of a file are read, and how many, is decided here.
 */
#ifndef WD_ELF_FILE_H
#define WD_ELF_FILE_H

#include "pkgdb/backend.h"

#include <gelf.h>

/* What is read of one file at most. Real files have far less, of .rodata up to some megabytes. */
#define WD_ELF_SEGMENTS 4096
#define WD_ELF_SECTION_NAMES (4u << 20)
#define WD_ELF_NOTES (256u << 10) /* of all notes together */
#define WD_ELF_NOTE_SECTIONS 64
#define WD_ELF_DYNAMIC (64u << 10)
#define WD_ELF_COMMENT (16u << 10)
#define WD_ELF_COMMENTS 32 /* strings of .comment, or of annobin */
#define WD_ELF_TEXT (8u << 20)
#define WD_ELF_BUILD_ID 64

/* A part of the file, as its headers describe it. Not checked. */
struct wd_elf_part {
	uint64_t offset;
	uint64_t size;
	uint64_t align;
};

struct wd_elf_file {
	const struct wd_file *file;
	struct wd_sink *sink;
	Elf *elf;
	GElf_Ehdr ehdr;
	struct wd_blob name; /* the last component of its path */
	int status;	     /* of the sink, sticky */
	bool damaged;	     /* something that should be there is not, or lies outside the file */
	bool sections;	     /* section headers are there */
	bool has_interp;
	bool has_dynamic;
	bool has_needed;
	bool has_soname;
	bool is_pie;
	bool is_go;
	bool is_rust;
	bool has_package;	  /* a NOTE was stated */
	uint64_t text_left;	  /* of WD_ELF_TEXT */
	uint64_t notes_left;	  /* of WD_ELF_NOTES */
	unsigned note_parts_left; /* of WD_ELF_NOTE_SECTIONS */
	char build_id[2 * WD_ELF_BUILD_ID + 1];
	char debuglink[256];
};

/* States a fact, unless the sink has failed before. */
void wd_elf_fact(struct wd_elf_file *f, enum wd_fact_kind kind, struct wd_blob value);

/* Whether a text is one line that can be shown: not empty and without control characters. */
bool wd_elf_is_line(struct wd_blob text);

/*
 * The first `max` bytes of a part, in host order where `type` has one; NULL, and the file damaged,
 * where the part is not wholly inside the file. NULL without damage where it is empty.
 */
Elf_Data *wd_elf_data(struct wd_elf_file *f, struct wd_elf_part part, uint64_t max, Elf_Type type);
/* As bytes; the null blob for NULL. */
struct wd_blob wd_elf_bytes(struct wd_elf_file *f, struct wd_elf_part part, uint64_t max);

/*
 * The string at the beginning of bytes; the null blob, and the file damaged, where no NUL ends it.
 */
struct wd_blob wd_elf_string(struct wd_elf_file *f, struct wd_blob bytes);

/* elf-sections.c, elf-segments.c: a file with section headers, and one that has none. */
void wd_elf_sections(struct wd_elf_file *f);
void wd_elf_segments(struct wd_elf_file *f);

/* elf-dynamic.c: the interpreter's path; and the dynamic section with its string table. */
void wd_elf_interp(struct wd_elf_file *f, struct wd_elf_part part);
void wd_elf_dynamic(struct wd_elf_file *f, struct wd_elf_part part, struct wd_elf_part strings);

/* elf-notes.c: notes of any kind, the section .note.package, annobin's. */
void wd_elf_notes(struct wd_elf_file *f, struct wd_elf_part part);
void wd_elf_package(struct wd_elf_file *f, struct wd_elf_part part);
void wd_elf_annobin(struct wd_elf_file *f, struct wd_elf_part part);

/* elf-text.c: what programs and libraries of some names tell in .rodata. */
bool wd_elf_has_text(struct wd_blob name);
void wd_elf_text(struct wd_elf_file *f, struct wd_elf_part part);

#endif
