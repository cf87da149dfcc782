/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A layer that is a directory, handed over as the tar would be that it was unpacked from. */
#include "base/cleanup.h"
#include "pkgdb/decode.h"
#include "rootfs/layerdir.h"

#include <errno.h>
#include <unistd.h>

#define COPY_SIZE (256 * 1024)

struct handing {
	const struct wd_archive_job *job;
	int (*unreadable)(void *ctx, struct wd_blob path, int status);
};

/* A file that became shorter meanwhile, or that cannot be read to its end, ends in zeros. */
static int copy_file(const struct handing *h, const struct wd_layer_entry *e, int fd)
{
	const struct wd_archive_job *job = h->job;
	WD_CLEANUP_FREE char *block = malloc(COPY_SIZE);
	uint64_t at = 0;
	int r = block ? 0 : -ENOMEM;

	while (r == 0 && at < e->size) {
		size_t want = e->size - at < COPY_SIZE ? (size_t)(e->size - at) : COPY_SIZE;
		ssize_t n = TEMP_FAILURE_RETRY(pread(fd, block, want, (off_t)at));

		if (n < 0)
			r = h->unreadable(job->ctx, e->path, -errno);
		if (n <= 0)
			break;
		if (*job->budget < (uint64_t)n)
			return WD_ELIMIT;
		*job->budget -= (uint64_t)n;
		r = job->events->data(job->ctx, at, wd_blob(block, (size_t)n));
		at += (uint64_t)n;
	}
	return r < 0 ? r : job->events->end(job->ctx, 0);
}

/* 0 is a whiteout's alone. */
static uint32_t whiteout_or_device(const struct wd_layer_entry *e, dev_t rdev)
{
	return e->whiteout ? 0 : rdev ? (uint32_t)rdev : UINT32_MAX;
}

static int on_walked(void *ctx, const struct wd_layer_entry *e,
		     const struct wd_layerdir_detail *detail, int fd)
{
	const struct handing *h = ctx;
	const struct wd_archive_job *job = h->job;
	char head[WD_ARCHIVE_HEAD];
	ssize_t n = fd < 0 ? 0 : TEMP_FAILURE_RETRY(pread(fd, head, sizeof(head), 0));
	struct wd_archive_entry entry = {.path = e->path,
					 .target = e->target,
					 .size = e->size,
					 .mode = e->mode,
					 .rdev = whiteout_or_device(e, detail->rdev),
					 .uid = detail->uid,
					 .gid = detail->gid,
					 .mtime = detail->mtime,
					 .caps = detail->caps,
					 .hard_link = e->hard_link,
					 .unreadable = e->size > 0 && n <= 0};
	int want = job->events->entry(job->ctx, &entry, wd_blob(head, n > 0 ? (size_t)n : 0));

	return want == WD_ARCHIVE_DATA ? copy_file(h, e, fd) : want;
}

static int on_fault(void *ctx, struct wd_blob path, int status)
{
	const struct handing *h = ctx;

	return h->unreadable(h->job->ctx, path, status);
}

int wd_decode_directory(int fd, const char *dir, const char *below,
			const struct wd_archive_job *job,
			int (*unreadable)(void *ctx, struct wd_blob path, int status))
{
	static const struct wd_layerdir_events events = {on_walked, on_fault};
	struct handing h = {job, unreadable};

	return wd_layerdir_walk(fd, dir, below, &events, &h);
}
