/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What backends of databases that consist of many small files do alike: the names of a directory,
 * whole files below it, errors of which there may be too many, and package URLs.
 *
 * Everything is opened one component at a time below a descriptor of the request, and no symbolic
 * link is followed.
 */
#ifndef WD_COMMON_H
#define WD_COMMON_H

#include "base/buf.h"
#include "pkgdb/backend.h"

/* Errors reported for one file or directory; a last one says that there were more. */
#define WD_FAULTS_MAX 20

struct wd_faults {
	struct wd_sink *sink;
	const char *path; /* for wd_sink_error(); NULL: the database itself */
	unsigned int n;
};

/* Reports an error. Returns 0 to go on, or the sink's failure. */
int wd_fault(struct wd_faults *f, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The names in a directory in byte order, without those that begin with a dot. */
struct wd_names {
	struct wd_buf text;
	char **name; /* into text */
	size_t count;
};

/* 0, WD_ELIMIT where there are more than `max`, or a negated errno. */
int wd_names_read(int dir, size_t max, struct wd_names *ret);
void wd_names_done(struct wd_names *n);

/*
 * A descriptor of a directory in `dir`; WD_EABSENT where nothing, or something that is neither a
 * directory nor a link, has that name; WD_ENOTREG for a link; a negated errno.
 */
int wd_dir_open(int dir, const char *name);

/*
 * Puts a regular file of at most `max` bytes into buf, in place of what it held. 0, WD_EABSENT,
 * WD_ENOTREG, WD_ELIMIT, -ENOMEM or a negated errno.
 */
int wd_file_read(int dir, const char *name, size_t max, struct wd_buf *buf);

/* As wd_file_read(), by a path relative to the database's directory. */
int wd_file_read_beside(const struct wd_request *req, const char *path, size_t max,
			struct wd_buf *buf);

/* Puts the directory and the last component of a path into a claim. */
static inline void wd_claim_path(struct wd_claim *c, struct wd_blob path)
{
	ptrdiff_t slash = wd_blob_rchr(path, '/');

	c->dir = slash < 0 ? WD_BLOB_NULL : wd_blob_head(path, (size_t)slash);
	c->name = wd_blob_skip(path, (size_t)(slash + 1));
}

#endif
