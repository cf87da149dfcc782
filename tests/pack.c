/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct wd_buf pack(const char *filter, struct wd_blob bytes)
{
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	struct wd_buf out = WD_BUF_INIT;
	size_t used = 0;

	assert_int_equal(wd_buf_reserve(&out, bytes.len + 65536), 0);
	assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
	assert_int_equal(archive_write_add_filter_by_name(a, filter), ARCHIVE_OK);
	assert_int_equal(archive_write_set_bytes_in_last_block(a, 1), ARCHIVE_OK);
	assert_int_equal(archive_write_open_memory(a, out.ptr, out.cap, &used), ARCHIVE_OK);
	archive_entry_set_filetype(entry, AE_IFREG);
	assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(a, bytes.ptr, bytes.len), bytes.len);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_entry_free(entry);
	archive_write_free(a);
	out.len = used;
	return out;
}
