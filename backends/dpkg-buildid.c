/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dpkg-buildid.h"

#include <gelf.h>

#define NOTES_MAX (64u << 10) /* bytes of one segment or section; real ones have some hundreds */
#define ID_MAX 64	      /* bytes; --build-id=sha1 makes 20, Go's linker up to 83 as text */

bool wd_dpkg_is_elf(struct wd_blob head)
{
	return head.len >= sizeof(Elf32_Ehdr) && memcmp(head.ptr, ELFMAG, SELFMAG) == 0;
}

/* libelf refuses a file whose section headers lie behind its end. Zeros need no byte order. */
static void forget_sections(struct wd_buf *head)
{
	if (head->ptr[EI_CLASS] == ELFCLASS64 && head->len >= sizeof(Elf64_Ehdr)) {
		memset(head->ptr + offsetof(Elf64_Ehdr, e_shoff), 0, sizeof(Elf64_Off));
		memset(head->ptr + offsetof(Elf64_Ehdr, e_shnum), 0, 2 * sizeof(Elf64_Half));
	} else {
		memset(head->ptr + offsetof(Elf32_Ehdr, e_shoff), 0, sizeof(Elf32_Off));
		memset(head->ptr + offsetof(Elf32_Ehdr, e_shnum), 0, 2 * sizeof(Elf32_Half));
	}
}

static bool find_note(Elf *elf, uint64_t offset, uint64_t size, Elf_Type type, struct wd_buf *hex)
{
	Elf_Data *data = size > NOTES_MAX || offset > INT64_MAX
				 ? NULL
				 : elf_getdata_rawchunk(elf, (int64_t)offset, size, type);
	size_t at = 0, name, desc;
	GElf_Nhdr n;

	while (data && (at = gelf_getnote(data, at, &n, &name, &desc)) > 0) {
		const char *bytes = data->d_buf;

		if (n.n_type != NT_GNU_BUILD_ID || n.n_descsz == 0 || n.n_descsz > ID_MAX ||
		    !wd_blob_equal(wd_blob(bytes + name, n.n_namesz), WD_BLOB("GNU\0")))
			continue;
		wd_buf_hex(hex, wd_blob(bytes + desc, n.n_descsz));
		return true;
	}
	return false;
}

/* patchelf(1) aligns notes to 8 bytes from outside, which are laid out for 4 inside. */
static bool find_notes(Elf *elf, uint64_t offset, uint64_t size, uint64_t align, struct wd_buf *hex)
{
	return (align == 8 && find_note(elf, offset, size, ELF_T_NHDR8, hex)) ||
	       find_note(elf, offset, size, ELF_T_NHDR, hex);
}

static bool in_segments(Elf *elf, struct wd_buf *hex)
{
	size_t n = 0;
	GElf_Phdr p;

	if (elf_getphdrnum(elf, &n) < 0)
		return false;
	for (size_t i = 0; i < n && i < UINT16_MAX && gelf_getphdr(elf, (int)i, &p); i++)
		if (p.p_type == PT_NOTE && find_notes(elf, p.p_offset, p.p_filesz, p.p_align, hex))
			return true;
	return false;
}

static bool in_sections(Elf *elf, struct wd_buf *hex)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr s;

	while ((scn = elf_nextscn(elf, scn)) && gelf_getshdr(scn, &s))
		if (s.sh_type == SHT_NOTE &&
		    find_notes(elf, s.sh_offset, s.sh_size, s.sh_addralign, hex))
			return true;
	return false;
}

bool wd_dpkg_build_id(struct wd_buf *head, uint64_t size, struct wd_buf *hex)
{
	bool found = false;
	Elf *elf;

	if (!wd_dpkg_is_elf(wd_buf_view(head)) || elf_version(EV_CURRENT) == EV_NONE)
		return false;
	if (size > head->len)
		forget_sections(head);
	elf = elf_memory(head->ptr, head->len);
	if (elf && elf_kind(elf) == ELF_K_ELF)
		found = in_segments(elf, hex) || in_sections(elf, hex);
	elf_end(elf);
	return found;
}
