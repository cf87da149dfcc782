/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unpack.h"

#include "base/status.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>

#define READ_SIZE (64u << 10)

static int fault(struct wd_unpack *u)
{
	return archive_errno(u->a) == ENOMEM ? -ENOMEM : WD_ECORRUPT;
}

/*
 * What is compressed within what is compressed is a bomb whose inner layers no limit on the
 * outermost one can bound. libarchive counts the file itself as a layer.
 */
static bool is_nested(struct archive *a)
{
	return archive_filter_count(a) > 2;
}

int wd_unpack_open(struct wd_unpack *u, int fd, uint64_t max)
{
	struct archive_entry *entry;
	int r;

	*u = (struct wd_unpack){.a = archive_read_new(), .left = max};
	if (!u->a)
		return -ENOMEM;
	archive_read_support_filter_gzip(u->a);
	archive_read_support_filter_xz(u->a);
	archive_read_support_filter_zstd(u->a);
	archive_read_support_filter_lz4(u->a);
	archive_read_support_filter_bzip2(u->a);
	archive_read_support_format_raw(u->a);
	archive_read_support_format_empty(u->a);
	if (archive_read_open_fd(u->a, fd, READ_SIZE) != ARCHIVE_OK)
		return fault(u);
	if (is_nested(u->a)) {
		archive_set_error(u->a, EINVAL, "compressed twice");
		return WD_EUNSUPPORTED;
	}
	r = archive_read_next_header(u->a, &entry);
	u->empty = r == ARCHIVE_EOF;
	return r == ARCHIVE_OK || u->empty ? 0 : fault(u);
}

int wd_unpack_next(struct wd_unpack *u, struct wd_blob *ret)
{
	const void *block;
	la_int64_t at;
	size_t len;
	int r = u->empty ? ARCHIVE_EOF : archive_read_data_block(u->a, &block, &len, &at);

	if (r == ARCHIVE_EOF)
		return 0;
	if (r != ARCHIVE_OK)
		return fault(u);
	if (len > u->left)
		return WD_ELIMIT;
	u->left -= len;
	*ret = wd_blob(block, len);
	return 1;
}

const char *wd_unpack_fault(const struct wd_unpack *u)
{
	const char *why = u->a ? archive_error_string(u->a) : NULL;

	return why ? why : "damaged";
}

void wd_unpack_done(struct wd_unpack *u)
{
	archive_read_free(u->a);
	u->a = NULL;
}
