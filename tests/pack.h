/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compression for tests, through libarchive's writer. Every failure fails the test. */
#ifndef WD_TESTS_PACK_H
#define WD_TESTS_PACK_H

#include "base/buf.h"

/* The bytes through a filter of libarchive: "gzip", "xz", "zstd", "lz4". The caller's. */
struct wd_buf pack(const char *filter, struct wd_blob bytes);

#endif
