/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files without section headers (OpenWrt cuts them off): program headers must do. */
#include "elf-file.h"

static struct wd_elf_part part_of(const GElf_Phdr *p)
{
	return (struct wd_elf_part){p->p_offset, p->p_filesz, p->p_align};
}

/* The bytes of the file from an address in memory to the end of its segment. */
static struct wd_elf_part find_address(struct wd_elf_file *f, size_t count, uint64_t address)
{
	uint64_t offset;
	GElf_Phdr p;

	for (size_t i = 0; i < count; i++)
		if (gelf_getphdr(f->elf, (int)i, &p) && p.p_type == PT_LOAD &&
		    address >= p.p_vaddr && address - p.p_vaddr < p.p_filesz &&
		    !__builtin_add_overflow(p.p_offset, address - p.p_vaddr, &offset))
			return (struct wd_elf_part){offset, p.p_filesz - (address - p.p_vaddr), 1};
	return (struct wd_elf_part){0};
}

static struct wd_elf_part find_strings(struct wd_elf_file *f, size_t count, struct wd_elf_part part)
{
	Elf_Data *data = wd_elf_data(f, part, WD_ELF_DYNAMIC, ELF_T_DYN);
	uint64_t address = 0, size = 0;
	struct wd_elf_part strings;
	GElf_Dyn d;

	for (int i = 0; data && gelf_getdyn(data, i, &d) && d.d_tag != DT_NULL; i++) {
		if (d.d_tag == DT_STRTAB)
			address = d.d_un.d_ptr;
		else if (d.d_tag == DT_STRSZ)
			size = d.d_un.d_val;
	}
	strings = find_address(f, count, address);
	if (size < strings.size)
		strings.size = size;
	return strings;
}

/* Of segments that there is one of, the first counts, as for the kernel. */
static void take_segment(struct wd_elf_file *f, size_t count, const GElf_Phdr *p, bool text)
{
	switch (p->p_type) {
	case PT_INTERP:
		if (!f->has_interp)
			wd_elf_interp(f, part_of(p));
		break;
	case PT_NOTE:
		wd_elf_notes(f, part_of(p));
		break;
	case PT_DYNAMIC:
		if (!f->has_dynamic)
			wd_elf_dynamic(f, part_of(p), find_strings(f, count, part_of(p)));
		break;
	case PT_LOAD:
		/* without sections, constants stand somewhere in what is not written to */
		if (text && !(p->p_flags & PF_W))
			wd_elf_text(f, part_of(p));
		break;
	default:
		break;
	}
}

void wd_elf_segments(struct wd_elf_file *f)
{
	bool text = wd_elf_has_text(f->name);
	GElf_Phdr p;
	size_t count;

	if (elf_getphdrnum(f->elf, &count) < 0 || count > WD_ELF_SEGMENTS) {
		f->damaged = true;
		return;
	}
	for (size_t i = 0; i < count && f->status == 0; i++) {
		if (!gelf_getphdr(f->elf, (int)i, &p)) {
			f->damaged = true;
			return;
		}
		take_segment(f, count, &p, text);
	}
}
