/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the dynamic linker is told: the interpreter, names and search paths. */
#include "elf-file.h"

void wd_elf_interp(struct wd_elf_file *f, struct wd_elf_part part)
{
	struct wd_blob path = wd_elf_string(f, wd_elf_bytes(f, part, WD_FACT_MAX));

	f->has_interp = true;
	if (wd_elf_is_line(path))
		wd_elf_fact(f, WD_FACT_INTERP, path);
}

static struct wd_blob string_at(struct wd_elf_file *f, struct wd_elf_part strings, uint64_t at)
{
	if (at >= strings.size) {
		f->damaged = true;
		return WD_BLOB_NULL;
	}
	strings.offset += at;
	strings.size -= at;
	return wd_elf_string(f, wd_elf_bytes(f, strings, WD_FACT_MAX));
}

static void tell_runpath(struct wd_elf_file *f, struct wd_blob paths)
{
	struct wd_blob path;

	while (wd_blob_token(&paths, ':', &path))
		if (wd_elf_is_line(path))
			wd_elf_fact(f, WD_FACT_RUNPATH, path);
}

/* Of entries that should stand once, the first counts. */
struct dynamic {
	uint64_t soname;
	uint64_t runpath;
	uint64_t rpath;
};

static void take_entry(struct wd_elf_file *f, const GElf_Dyn *d, struct dynamic *dyn)
{
	switch (d->d_tag) {
	case DT_NEEDED:
		f->has_needed = true;
		break;
	case DT_FLAGS_1:
		f->is_pie |= (d->d_un.d_val & DF_1_PIE) != 0;
		break;
	case DT_SONAME:
		dyn->soname = dyn->soname ? dyn->soname : d->d_un.d_val;
		break;
	case DT_RUNPATH:
		dyn->runpath = dyn->runpath ? dyn->runpath : d->d_un.d_val;
		break;
	case DT_RPATH:
		dyn->rpath = dyn->rpath ? dyn->rpath : d->d_un.d_val;
		break;
	default:
		break;
	}
}

void wd_elf_dynamic(struct wd_elf_file *f, struct wd_elf_part part, struct wd_elf_part strings)
{
	Elf_Data *data = wd_elf_data(f, part, WD_ELF_DYNAMIC, ELF_T_DYN);
	struct dynamic dyn = {0};
	struct wd_blob soname;
	GElf_Dyn entry;

	f->has_dynamic = true;
	for (int i = 0; data && gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++)
		take_entry(f, &entry, &dyn);
	if (dyn.soname) {
		soname = string_at(f, strings, dyn.soname);
		f->has_soname = true;
		if (wd_elf_is_line(soname))
			wd_elf_fact(f, WD_FACT_SONAME, soname);
	}
	/* the dynamic linker ignores DT_RPATH where there is DT_RUNPATH */
	if (dyn.runpath || dyn.rpath)
		tell_runpath(f, string_at(f, strings, dyn.runpath ? dyn.runpath : dyn.rpath));
}
