/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/tsv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#define TSV_MAX (16 * 1024 * 1024)

int wd_tsv_open(struct wd_tsv *t, const char *dir, const char *name)
{
	char path[4096];
	WD_CLEANUP_FD int fd = -1;
	int r;

	*t = (struct wd_tsv){.text = WD_BUF_INIT};
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = wd_buf_read_fd(&t->text, fd, TSV_MAX);
	t->rest = wd_buf_view(&t->text);
	return r;
}

void wd_tsv_done(struct wd_tsv *t)
{
	wd_buf_done(&t->text);
}

size_t wd_tsv_next(struct wd_tsv *t, struct wd_blob columns[WD_TSV_COLUMNS])
{
	struct wd_blob line;
	size_t n = 0;

	do {
		if (!wd_blob_token(&t->rest, '\n', &line))
			return 0;
		t->line++;
	} while (line.len == 0 || line.ptr[0] == '#');
	for (size_t i = 0; i < WD_TSV_COLUMNS; i++)
		columns[i] = WD_BLOB_NULL;
	while (n + 1 < WD_TSV_COLUMNS && wd_blob_token(&line, '\t', &columns[n]))
		n++;
	if (line.len)
		columns[n++] = line;
	return n;
}
