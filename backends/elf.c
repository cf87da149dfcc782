/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ELF files: where programs, libraries and kernel modules say that they come from.
 * https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html
 */
#include "base/cleanup.h"
#include "elf-file.h"

#include <cjson/cJSON.h>
#include <elfutils/version.h>
#include <unistd.h>

void wd_elf_fact(struct wd_elf_file *f, enum wd_fact_kind kind, struct wd_blob value)
{
	if (f->status == 0)
		f->status = wd_sink_fact(f->sink, kind, value);
}

static void shape(struct wd_elf_file *f, const char *word)
{
	wd_elf_fact(f, WD_FACT_SHAPE, wd_blob_str(word));
}

bool wd_elf_is_line(struct wd_blob text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
			return false;
	return text.len > 0;
}

static bool is_inside(const struct wd_elf_file *f, struct wd_elf_part part)
{
	return part.offset <= f->file->size && part.size <= f->file->size - part.offset;
}

Elf_Data *wd_elf_data(struct wd_elf_file *f, struct wd_elf_part part, uint64_t max, Elf_Type type)
{
	Elf_Data *data;

	if (part.size == 0)
		return NULL;
	data = is_inside(f, part) ? elf_getdata_rawchunk(f->elf, (int64_t)part.offset,
							 part.size < max ? part.size : max, type)
				  : NULL;
	if (!data || !data->d_buf) {
		f->damaged = true;
		return NULL;
	}
	return data;
}

struct wd_blob wd_elf_bytes(struct wd_elf_file *f, struct wd_elf_part part, uint64_t max)
{
	const Elf_Data *data = wd_elf_data(f, part, max, ELF_T_BYTE);

	return data ? wd_blob(data->d_buf, data->d_size) : WD_BLOB_NULL;
}

struct wd_blob wd_elf_string(struct wd_elf_file *f, struct wd_blob bytes)
{
	ptrdiff_t end = wd_blob_chr(bytes, '\0');

	if (end < 0) {
		f->damaged |= bytes.len > 0;
		return WD_BLOB_NULL;
	}
	return wd_blob_head(bytes, (size_t)end);
}

/*
 * debhelper names debug files by the build-id without its first byte, which is the directory;
 * OpenEmbedded puts a file of the same name into .debug/.
 */
static void tell_debuglink(struct wd_elf_file *f)
{
	struct wd_blob link = wd_blob_str(f->debuglink), id = wd_blob_str(f->build_id);

	if (id.len > 2 && wd_blob_ends(link, WD_BLOB(".debug")) &&
	    wd_blob_equal(wd_blob_head(link, link.len - strlen(".debug")), wd_blob_skip(id, 2)))
		shape(f, "debuglink=build-id");
	else if (link.len && wd_blob_equal(link, f->name))
		shape(f, "debuglink=file");
}

/* libc.so.6 has an interpreter too, so that it can be run, and a name to be linked by. */
static void tell_shape(struct wd_elf_file *f)
{
	bool executable = f->ehdr.e_type == ET_EXEC || f->is_pie ||
			  (f->ehdr.e_type == ET_DYN && f->has_interp && !f->has_soname);

	if (executable)
		shape(f, "executable");
	else if (f->ehdr.e_type == ET_DYN)
		shape(f, "library");
	if (executable && !f->has_interp && !f->has_needed)
		shape(f, "static");
	if (!f->sections)
		shape(f, "no-sections");
	if (f->is_go)
		shape(f, "go");
	if (f->is_rust)
		shape(f, "rust");
	tell_debuglink(f);
}

/*
 * libelf allocates for as many sections as the header says. More than 65,279 are counted in the
 * first section's size instead; object files have so many, and nothing that is installed.
 */
static bool counts_sections_elsewhere(const struct wd_elf_file *f)
{
	char raw[sizeof(Elf64_Ehdr)];
	union {
		Elf32_Ehdr e32;
		Elf64_Ehdr e64;
	} head;
	Elf_Data from = {.d_buf = raw, .d_type = ELF_T_EHDR, .d_version = EV_CURRENT};
	Elf_Data to = {.d_buf = &head, .d_size = sizeof(head), .d_version = EV_CURRENT};
	bool is64;

	if (f->file->data)
		memcpy(raw, f->file->data, sizeof(raw));
	else if (pread(f->file->fd, raw, sizeof(raw), 0) != sizeof(raw))
		return true;
	is64 = raw[EI_CLASS] == ELFCLASS64;
	from.d_size = is64 ? sizeof(head.e64) : sizeof(head.e32);
	if (is64)
		return !elf64_xlatetom(&to, &from, (unsigned char)raw[EI_DATA]) ||
		       (head.e64.e_shnum == 0 && head.e64.e_shoff != 0);
	return !elf32_xlatetom(&to, &from, (unsigned char)raw[EI_DATA]) ||
	       (head.e32.e_shnum == 0 && head.e32.e_shoff != 0);
}

static void end_elf(Elf **elf)
{
	elf_end(*elf);
}

static int read_elf(struct wd_elf_file *f)
{
	size_t count = 0;

	if (elf_kind(f->elf) != ELF_K_ELF || !gelf_getehdr(f->elf, &f->ehdr))
		return WD_ECORRUPT;
	if (f->ehdr.e_type == ET_CORE)
		return 0;
	f->sections = f->ehdr.e_shnum != 0;
	if (f->sections && elf_getshdrnum(f->elf, &count) == 0 && count)
		wd_elf_sections(f);
	else
		wd_elf_segments(f);
	f->damaged |= f->sections && count == 0; /* cut off */
	tell_shape(f);
	if (f->status < 0)
		return f->status;
	return f->damaged ? WD_ECORRUPT : 0;
}

static int examine(const struct wd_file *file, struct wd_sink *sink)
{
	struct wd_elf_file f = {.file = file,
				.sink = sink,
				.text_left = WD_ELF_TEXT,
				.notes_left = WD_ELF_NOTES,
				.note_parts_left = WD_ELF_NOTE_SECTIONS};
	__attribute__((cleanup(end_elf))) Elf *elf = NULL;
	struct wd_blob path = wd_blob_str(file->path);

	if (elf_version(EV_CURRENT) == EV_NONE || file->size < sizeof(Elf64_Ehdr) ||
	    counts_sections_elsewhere(&f))
		return WD_ECORRUPT;
	/* libelf writes to memory only where it was opened for writing */
	f.elf = elf = file->data ? elf_memory((char *)(uintptr_t)file->data, file->size)
				 : elf_begin(file->fd, ELF_C_READ, NULL);
	if (!elf)
		return WD_ECORRUPT;
	f.name = wd_blob_skip(path, (size_t)(wd_blob_rchr(path, '/') + 1));
	return read_elf(&f);
}

/* libelf does not say its version when it runs; this is the one compiled against. */
static void libraries(char *buf, size_t size)
{
	snprintf(buf, size, "libelf 0.%d, cJSON %s", _ELFUTILS_VERSION, cJSON_Version());
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "elf",
	.version = "1",
	.libraries = libraries,
	.examine = examine,
};
