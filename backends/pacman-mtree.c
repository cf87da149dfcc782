/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pacman-mtree.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <sys/stat.h>

/* The largest of Arch, of linux-firmware and texlive, unpack to less than 3 MiB. */
#define MTREE_MAX (64u << 20)
#define CHUNK (64u << 10)

static void close_archive(struct archive **a)
{
	archive_read_free(*a);
}
#define CLEANUP_ARCHIVE WD_CLEANUP(close_archive)

static int archive_fault(struct archive *a, char *fault, size_t size)
{
	const char *why = archive_error_string(a);

	snprintf(fault, size, "%s", why ? why : "damaged");
	return archive_errno(a) == ENOMEM ? -ENOMEM : WD_ECORRUPT;
}

/*
 * Decompresses as a step of its own, so that there is a limit to it: the mtree reader takes a
 * whole file before it hands out an entry.
 */
static int unpack(struct wd_buf *out, struct wd_blob packed, char *fault, size_t size)
{
	CLEANUP_ARCHIVE struct archive *a = archive_read_new();
	struct archive_entry *entry;
	la_ssize_t n;

	out->len = 0;
	if (!a)
		return -ENOMEM;
	archive_read_support_filter_gzip(a);
	archive_read_support_format_raw(a);
	if (archive_read_open_memory(a, packed.ptr, packed.len) != ARCHIVE_OK ||
	    archive_read_next_header(a, &entry) != ARCHIVE_OK)
		return archive_fault(a, fault, size);
	do {
		if (out->len >= MTREE_MAX)
			return WD_ELIMIT;
		if (wd_buf_reserve(out, CHUNK) < 0)
			return -ENOMEM;
		n = archive_read_data(a, out->ptr + out->len, CHUNK);
		if (n > 0)
			out->len += (size_t)n;
	} while (n > 0);
	return n < 0 ? archive_fault(a, fault, size) : 0;
}

static size_t keep(struct wd_buf *text, const char *s, size_t len)
{
	size_t at = text->len;

	wd_buf_append(text, s, len);
	return at;
}

static bool all_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

/* libarchive does not tell a digest that is not recorded from one that is all zeros. */
static int add_entry(struct wd_pacman_mtree *m, struct archive_entry *entry)
{
	const char *path = archive_entry_pathname(entry), *target = archive_entry_symlink(entry);
	const unsigned char *digest = archive_entry_digest(entry, ARCHIVE_ENTRY_DIGEST_SHA256);
	struct wd_pacman_entry e = {.size = WD_SIZE_UNKNOWN};

	if (!path)
		return 0;
	if (path[0] == '.' && path[1] == '/')
		path += 2;
	e.path_len = strlen(path);
	e.path = keep(&m->text, path, e.path_len);
	e.target_len = target ? strlen(target) : 0;
	e.target = keep(&m->text, target ? target : "", e.target_len);
	e.mode = (uint16_t)archive_entry_mode(entry);
	e.uid = (uint32_t)archive_entry_uid(entry);
	e.gid = (uint32_t)archive_entry_gid(entry);
	e.mtime = archive_entry_mtime_is_set(entry) ? archive_entry_mtime(entry) : -1;
	if (S_ISREG(e.mode) && archive_entry_size_is_set(entry))
		e.size = (uint64_t)archive_entry_size(entry);
	if (digest && !all_zero(digest, sizeof(e.sha256))) {
		memcpy(e.sha256, digest, sizeof(e.sha256));
		e.has_digest = true;
	}
	return m->text.status < 0 ? m->text.status : wd_array_push(&m->entries, e);
}

static int read_entries(struct wd_pacman_mtree *m, char *fault, size_t size)
{
	CLEANUP_ARCHIVE struct archive *a = archive_read_new();
	struct archive_entry *entry;
	int r, status = 0;

	if (!a)
		return -ENOMEM;
	archive_read_support_format_mtree(a);
	if (archive_read_open_memory(a, m->raw.ptr, m->raw.len) != ARCHIVE_OK)
		return archive_fault(a, fault, size);
	while (status == 0 &&
	       ((r = archive_read_next_header(a, &entry)) == ARCHIVE_OK || r == ARCHIVE_WARN))
		status = add_entry(m, entry);
	return status == 0 && r != ARCHIVE_EOF ? archive_fault(a, fault, size) : status;
}

static int compare(const void *pa, const void *pb, void *text)
{
	const struct wd_pacman_entry *a = pa, *b = pb;
	const char *base = text;

	return wd_blob_cmp(wd_blob(base + a->path, a->path_len),
			   wd_blob(base + b->path, b->path_len));
}

int wd_pacman_mtree_parse(struct wd_pacman_mtree *m, struct wd_blob packed, char *fault,
			  size_t fault_size)
{
	int r;

	m->text.len = 0;
	m->entries.n = 0;
	r = unpack(&m->raw, packed, fault, fault_size);
	if (r == 0)
		r = read_entries(m, fault, fault_size);
	if (m->entries.n)
		qsort_r(m->entries.v, m->entries.n, sizeof(*m->entries.v), compare, m->text.ptr);
	return r;
}

void wd_pacman_mtree_done(struct wd_pacman_mtree *m)
{
	wd_buf_done(&m->raw);
	wd_buf_done(&m->text);
	wd_array_done(&m->entries);
}

const struct wd_pacman_entry *wd_pacman_mtree_find(const struct wd_pacman_mtree *m,
						   struct wd_blob path)
{
	size_t low = 0, high = m->entries.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct wd_pacman_entry *e = &m->entries.v[mid];
		int c = wd_blob_cmp(path, wd_blob(m->text.ptr + e->path, e->path_len));

		if (c == 0)
			return e;
		if (c < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}
