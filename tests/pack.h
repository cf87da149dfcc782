/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Archives and compression for tests, through libarchive's writer. Every failure fails the test. */
#ifndef WD_TESTS_PACK_H
#define WD_TESTS_PACK_H

#include "base/buf.h"

/* The bytes through a filter of libarchive: "gzip", "xz", "zstd", "lz4", "bzip2". The caller's. */
struct wd_buf pack(const char *filter, struct wd_blob bytes);

struct pack_entry {
	const char *path;
	unsigned mode;	      /* st_mode; 0: a regular file of 0644 */
	const char *target;   /* of a symbolic link */
	const char *hardlink; /* path of an entry before it */
	struct wd_blob data;
};

/* An archive of a format ("arsvr4", "gnutar"), through a filter ("none" is one). */
struct wd_buf pack_archive(const char *format, const char *filter, const struct pack_entry *entries,
			   size_t n);

#endif
