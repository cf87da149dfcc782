/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files with section headers. In files of debug information, these alone tell where things are. */
#include "base/cleanup.h"
#include "elf-file.h"

/*
 * A file name, NUL, padding and a checksum.
 * https://sourceware.org/gdb/current/onlinedocs/gdb.html/Separate-Debug-Files.html
 */
static void take_debuglink(struct wd_elf_file *f, struct wd_elf_part part)
{
	struct wd_blob name = wd_elf_string(f, wd_elf_bytes(f, part, sizeof(f->debuglink)));

	if (!wd_elf_is_line(name) || wd_blob_chr(name, '/') >= 0)
		return;
	memcpy(f->debuglink, name.ptr, name.len);
	wd_elf_fact(f, WD_FACT_DEBUGLINK, name);
}

/* A path, NUL and a build-id: what dwz(1) writes. */
static void take_debugaltlink(struct wd_elf_file *f, struct wd_elf_part part)
{
	struct wd_blob path = wd_elf_string(f, wd_elf_bytes(f, part, WD_FACT_MAX));

	if (wd_elf_is_line(path))
		wd_elf_fact(f, WD_FACT_DEBUGALTLINK, path);
}

/* Strings one after another, each ended by NUL: what compilers and linkers say that they are. */
static void take_comment(struct wd_elf_file *f, struct wd_elf_part part)
{
	struct wd_blob rest = wd_elf_bytes(f, part, WD_ELF_COMMENT), text;

	for (int n = 0; n < WD_ELF_COMMENTS && wd_blob_token(&rest, '\0', &text);) {
		if (!wd_elf_is_line(text))
			continue;
		f->is_rust |= wd_blob_starts(text, WD_BLOB("rustc "));
		wd_elf_fact(f, WD_FACT_COMMENT, text);
		n++;
	}
}

static void take_go(struct wd_elf_file *f, struct wd_elf_part part)
{
	(void)part;
	f->is_go = true;
}

static void take_text(struct wd_elf_file *f, struct wd_elf_part part)
{
	if (wd_elf_has_text(f->name))
		wd_elf_text(f, part);
}

/* Sections that are looked into, and those that are a fact by being there. The first counts. */
static const struct {
	const char *name;
	void (*take)(struct wd_elf_file *f, struct wd_elf_part part);
	bool is_fact;
} known[] = {
	{".interp", wd_elf_interp, false},
	{".rodata", take_text, false},
	{".comment", take_comment, false},
	{".comment.SUSE.OPTs", NULL, true},
	{".gnu_debuglink", take_debuglink, false},
	{".gnu_debugaltlink", take_debugaltlink, false},
	{".gnu_debugdata", NULL, true},
	{".gnu.build.attributes", wd_elf_annobin, true},
	{".annobin.notes", NULL, true},
	{".go.buildinfo", take_go, true},
	{".note.package", wd_elf_package, false},
	{".note.dlopen", NULL, true},
};

struct sections {
	struct wd_elf_file *f;
	size_t names;  /* index of the table of names */
	uint32_t seen; /* of `known` */
};

static struct wd_elf_part part_of(const GElf_Shdr *s)
{
	return (struct wd_elf_part){s->sh_offset, s->sh_size, s->sh_addralign};
}

static void take_known(struct sections *all, size_t which, const GElf_Shdr *s)
{
	if (all->seen >> which & 1)
		return;
	all->seen |= 1u << which;
	if (known[which].is_fact)
		wd_elf_fact(all->f, WD_FACT_SECTION, wd_blob_str(known[which].name));
	if (known[which].take && !(s->sh_flags & SHF_COMPRESSED))
		known[which].take(all->f, part_of(s));
}

/* Notes that say nothing of an origin, or are taken by their names. */
static bool is_other_note(const char *name)
{
	static const char *const names[] = {".gnu.build.attributes", ".note.ABI-tag",
					    ".note.gnu.property", ".note.package"};

	for (size_t i = 0; i < WD_ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void take_dynamic(struct wd_elf_file *f, const GElf_Shdr *s)
{
	Elf_Scn *link = elf_getscn(f->elf, s->sh_link);
	GElf_Shdr strings;

	if (link && gelf_getshdr(link, &strings) && strings.sh_type == SHT_STRTAB)
		wd_elf_dynamic(f, part_of(s), part_of(&strings));
	else
		f->damaged = true;
}

static void take_by_type(struct wd_elf_file *f, const GElf_Shdr *s, const char *name)
{
	if (s->sh_type == SHT_DYNAMIC && !f->has_dynamic)
		take_dynamic(f, s);
	else if (s->sh_type == SHT_NOTE && !is_other_note(name))
		wd_elf_notes(f, part_of(s));
}

static void take_section(struct sections *all, Elf_Scn *scn)
{
	const char *name;
	GElf_Shdr s;

	if (!gelf_getshdr(scn, &s)) {
		all->f->damaged = true;
		return;
	}
	if (s.sh_type == SHT_NOBITS || s.sh_type == SHT_NULL)
		return;
	name = all->names ? elf_strptr(all->f->elf, all->names, s.sh_name) : "";
	if (!name) {
		all->f->damaged = true;
		name = "";
	}
	take_by_type(all->f, &s, name);
	for (size_t i = 0; i < WD_ARRAY_SIZE(known); i++)
		if (strcmp(name, known[i].name) == 0)
			take_known(all, i, &s);
}

/*
 * The table of names, or 0 where there is none that can be read whole: libelf would read, or
 * unpack, as much of it as its header says.
 */
static size_t names_section(struct wd_elf_file *f)
{
	GElf_Shdr s;
	Elf_Scn *scn;
	size_t index;

	if (elf_getshdrstrndx(f->elf, &index) < 0 || index == SHN_UNDEF)
		return 0;
	scn = elf_getscn(f->elf, index);
	if (!scn || !gelf_getshdr(scn, &s) || s.sh_type != SHT_STRTAB ||
	    s.sh_size > WD_ELF_SECTION_NAMES || s.sh_flags & SHF_COMPRESSED) {
		f->damaged = true;
		return 0;
	}
	return index;
}

void wd_elf_sections(struct wd_elf_file *f)
{
	struct sections all = {.f = f, .names = names_section(f)};
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(f->elf, scn)) && f->status == 0)
		take_section(&all, scn);
}
