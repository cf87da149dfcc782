/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The bytes of a file that may be compressed (gzip, xz, zstd, lz4, bzip2), a block at a time,
 * through libarchive.
 */
#ifndef WD_UNPACK_H
#define WD_UNPACK_H

#include "base/blob.h"

struct archive;

struct wd_unpack {
	struct archive *a;
	uint64_t left; /* of what it may unpack to */
	bool empty;    /* nothing to read at all */
};

/*
 * Begins at the offset of `fd`, which is borrowed until wd_unpack_done(). A file that unpacks to
 * more than `max` bytes is cut there. 0, WD_ECORRUPT, WD_EUNSUPPORTED (compressed twice) or
 * -ENOMEM; call wd_unpack_done() in every case.
 */
int wd_unpack_open(struct wd_unpack *u, int fd, uint64_t max);

/*
 * The next block, borrowed until the next call. 1; 0 at the end; WD_ELIMIT beyond `max`;
 * WD_ECORRUPT; -ENOMEM.
 */
int wd_unpack_next(struct wd_unpack *u, struct wd_blob *ret);

/* What was wrong, for people. */
const char *wd_unpack_fault(const struct wd_unpack *u);

void wd_unpack_done(struct wd_unpack *u);

#endif
