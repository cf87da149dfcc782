/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A database in memory for a backend's load(), and a sink that checks what it gets.
 *
 * The input is the database file. Further files, and the only ones where the database is a
 * directory, follow as a line "@@ PATH" behind a newline and then their bytes, up to the next such
 * line. PATH is relative to what the request opens from.
 */
#ifndef WD_TESTS_FUZZ_REQUEST_H
#define WD_TESTS_FUZZ_REQUEST_H

#include "fuzz.h"
#include "pkgdb/backend.h"

#define FUZZ_FILES_MAX 64

struct fuzz_file {
	struct wd_blob path;
	struct wd_blob bytes;
};

struct fuzz_request {
	struct wd_request req;
	char path[64];
	struct fuzz_file files[FUZZ_FILES_MAX];
	size_t nfiles;
};

/* `path` as in descriptors: with a slash at its end for a directory. The input is borrowed. */
void fuzz_request_init(struct fuzz_request *f, const char *path, struct wd_blob input);
void fuzz_request_done(struct fuzz_request *f);

struct fuzz_sink {
	struct wd_sink sink;
	bool in_package;
};

void fuzz_sink_init(struct fuzz_sink *s);

#endif
