/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void write_entry(struct archive *a, const struct pack_entry *e)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, e->path);
	archive_entry_set_mode(entry, e->mode ? e->mode : AE_IFREG | 0644);
	if (e->target)
		archive_entry_set_symlink(entry, e->target);
	if (e->hardlink)
		archive_entry_set_hardlink(entry, e->hardlink);
	else if (!e->target)
		archive_entry_set_size(entry, (la_int64_t)e->data.len);
	assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
	if (e->data.len)
		assert_int_equal(archive_write_data(a, e->data.ptr, e->data.len), e->data.len);
	archive_entry_free(entry);
}

struct wd_buf pack_archive(const char *format, const char *filter, const struct pack_entry *entries,
			   size_t n)
{
	struct archive *a = archive_write_new();
	struct wd_buf out = WD_BUF_INIT;
	size_t used = 0, room = 1 << 20;

	for (size_t i = 0; i < n; i++)
		room += entries[i].data.len + 4096;
	assert_int_equal(wd_buf_reserve(&out, room), 0);
	assert_int_equal(archive_write_set_format_by_name(a, format), ARCHIVE_OK);
	if (strcmp(filter, "none") != 0)
		assert_int_equal(archive_write_add_filter_by_name(a, filter), ARCHIVE_OK);
	assert_int_equal(archive_write_set_bytes_in_last_block(a, 1), ARCHIVE_OK);
	assert_int_equal(archive_write_open_memory(a, out.ptr, out.cap, &used), ARCHIVE_OK);
	for (size_t i = 0; i < n; i++)
		write_entry(a, &entries[i]);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	out.len = used;
	return out;
}

struct wd_buf pack(const char *filter, struct wd_blob bytes)
{
	return pack_archive("raw", filter, &(struct pack_entry){.path = "x", .data = bytes}, 1);
}
