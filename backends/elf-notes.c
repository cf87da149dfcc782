/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Notes: the package, the build-id, the tools that annobin names. */
#include "base/buf.h"
#include "elf-file.h"
#include "json-doc.h"

/* https://systemd.io/PACKAGE_METADATA_FOR_EXECUTABLE_FILES/ */
#define NOTE_PACKAGE 0xcafe1a7eu
#define NOTE_GO_BUILD_ID 4

#define MEMBERS_MAX 64

/* False where a key or a value cannot stand in words that tabs separate. */
static bool put_word(struct wd_buf *out, const cJSON *member)
{
	struct wd_blob key = wd_blob_str(member->string), value = wd_json_text(member);

	if (!value.ptr)
		return true; /* a number or an object, which no package has been seen to state */
	if (!wd_elf_is_line(key) || wd_blob_chr(key, '=') >= 0 ||
	    (value.len && !wd_elf_is_line(value)))
		return false;
	if (out->len)
		wd_buf_byte(out, '\t');
	wd_buf_blob(out, key);
	wd_buf_byte(out, '=');
	wd_buf_blob(out, value);
	return true;
}

/* JSON, padded with NULs. One that is none, or that would not fit, says nothing. */
static void tell_package(struct wd_elf_file *f, struct wd_blob text)
{
	WD_CLEANUP_BUF struct wd_buf words = WD_BUF_INIT;
	WD_CLEANUP_JSON cJSON *json = NULL;
	const cJSON *member;
	bool ok;
	int n = 0;

	while (text.len && text.ptr[text.len - 1] == '\0')
		text.len--;
	if (f->has_package || text.len == 0 || text.len > WD_FACT_MAX)
		return;
	json = wd_json_parse(text, &(size_t){0});
	ok = cJSON_IsObject(json);
	cJSON_ArrayForEach(member, json) ok = ok && n++ < MEMBERS_MAX && put_word(&words, member);
	if (!ok || words.status < 0 || words.len == 0 || words.len > WD_FACT_MAX)
		return;
	f->has_package = true;
	wd_elf_fact(f, WD_FACT_NOTE, wd_buf_view(&words));
}

static void tell_build_id(struct wd_elf_file *f, struct wd_blob id)
{
	WD_CLEANUP_BUF struct wd_buf hex = WD_BUF_INIT;

	if (*f->build_id || id.len == 0 || id.len > WD_ELF_BUILD_ID)
		return;
	wd_buf_hex(&hex, id);
	if (hex.status < 0)
		return;
	memcpy(f->build_id, hex.ptr, hex.len);
	wd_elf_fact(f, WD_FACT_BUILD_ID, wd_buf_view(&hex));
}

static void take_note(struct wd_elf_file *f, uint32_t type, struct wd_blob name,
		      struct wd_blob desc)
{
	if (type == NOTE_PACKAGE && wd_blob_equal(name, WD_BLOB("FDO\0")))
		tell_package(f, desc);
	else if (type == NT_GNU_BUILD_ID && wd_blob_equal(name, WD_BLOB("GNU\0")))
		tell_build_id(f, desc);
	else if (type == NOTE_GO_BUILD_ID && wd_blob_equal(name, WD_BLOB("Go\0\0")))
		f->is_go = true;
}

static bool take_notes(struct wd_elf_file *f, struct wd_elf_part part, Elf_Type type)
{
	Elf_Data *data = wd_elf_data(f, part, f->notes_left, type);
	size_t at = 0, name = 0, desc = 0;
	GElf_Nhdr n;

	while (data && at < data->d_size) {
		at = gelf_getnote(data, at, &n, &name, &desc);
		if (at == 0)
			return false;
		take_note(f, n.n_type, wd_blob((char *)data->d_buf + name, n.n_namesz),
			  wd_blob((char *)data->d_buf + desc, n.n_descsz));
	}
	return true;
}

/* patchelf(1) aligns notes to 8 bytes from outside, which are laid out for 4 inside. */
void wd_elf_notes(struct wd_elf_file *f, struct wd_elf_part part)
{
	if (f->note_parts_left == 0 || f->notes_left == 0)
		return;
	if ((part.align != 8 || !take_notes(f, part, ELF_T_NHDR8)) &&
	    !take_notes(f, part, ELF_T_NHDR))
		f->damaged = true;
	f->note_parts_left--;
	f->notes_left -= part.size < f->notes_left ? part.size : f->notes_left;
}

/* Some emitters leave out the head of the note. */
void wd_elf_package(struct wd_elf_file *f, struct wd_elf_part part)
{
	struct wd_blob text = wd_elf_bytes(f, part, WD_FACT_MAX);

	if (wd_blob_starts(text, WD_BLOB("{")))
		tell_package(f, text);
	else
		wd_elf_notes(f, part);
}

/*
 * annobin's notes carry everything in their names: "GA", '$' for a string, what it is about (5: the
 * tool), the string. https://fedoraproject.org/wiki/Toolchain/Watermark
 */
static bool is_tool(struct wd_blob name)
{
	return wd_blob_starts(name, WD_BLOB("GA$\5")) && name.len > 4;
}

/* The notes of every object file come one after another; a few tools made them all. */
void wd_elf_annobin(struct wd_elf_file *f, struct wd_elf_part part)
{
	Elf_Data *data = wd_elf_data(f, part, WD_ELF_COMMENT, ELF_T_NHDR);
	struct wd_blob seen[WD_ELF_COMMENTS];
	size_t at = 0, name = 0, desc = 0, n = 0, i;
	GElf_Nhdr head;

	/* what was cut off at its end is no damage */
	while (data && n < WD_ELF_COMMENTS && at < data->d_size &&
	       (at = gelf_getnote(data, at, &head, &name, &desc)) != 0) {
		struct wd_blob tool = wd_blob((char *)data->d_buf + name, head.n_namesz);

		if (!is_tool(tool))
			continue;
		tool = wd_blob_skip(tool, 4);
		tool = wd_blob_head(tool, strnlen(tool.ptr, tool.len));
		for (i = 0; i < n && !wd_blob_equal(seen[i], tool); i++)
			;
		if (i < n || !wd_elf_is_line(tool))
			continue;
		seen[n++] = tool;
		wd_elf_fact(f, WD_FACT_ANNOBIN, tool);
	}
}
