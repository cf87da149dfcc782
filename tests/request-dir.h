/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For tests that link a backend: requests that a directory answers. */
#ifndef WD_TESTS_REQUEST_DIR_H
#define WD_TESTS_REQUEST_DIR_H

#include "pkgdb/backend.h"

struct request_dir {
	struct wd_request req;
	int root;   /* the caller's: what req.path is relative to */
	int beside; /* what req.open() and req.list() start from */
};

/*
 * Sets req.path, req.fd, req.is_dir and what answers the request, for a file or directory below
 * `root`. False where it is not there.
 */
bool request_dir_open(struct request_dir *r, int root, const char *path);
void request_dir_close(struct request_dir *r);

#endif
