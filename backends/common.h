/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What backends of databases that consist of many small files do alike: the names of a directory,
 * whole files, errors of which there may be too many, and claims of a path.
 */
#ifndef WD_COMMON_H
#define WD_COMMON_H

#include "base/buf.h"
#include "pkgdb/backend.h"

#include <dirent.h>

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

/* A name's type, DT_*. */
static inline unsigned char wd_name_type(const struct wd_names *n, size_t i)
{
	return (unsigned char)n->name[i][-1]; /* it stands in front of the name */
}

/*
 * The directory is a path of wd_request_list(). 0, WD_ELIMIT where there are more than `max` names,
 * or as wd_request_list().
 */
int wd_names_read(const struct wd_request *req, const char *dir, size_t max, struct wd_names *ret);
void wd_names_done(struct wd_names *n);

/*
 * Puts a regular file of at most `max` bytes, by a path of wd_request_open(), into buf, in place of
 * what it held. 0, WD_EABSENT, WD_ENOTREG, WD_ELIMIT, -ENOMEM or a negated errno.
 */
int wd_file_read(const struct wd_request *req, const char *path, size_t max, struct wd_buf *buf);

/* Puts the directory and the last component of a path into a claim. */
static inline void wd_claim_path(struct wd_claim *c, struct wd_blob path)
{
	ptrdiff_t slash = wd_blob_rchr(path, '/');

	c->dir = slash < 0 ? WD_BLOB_NULL : wd_blob_head(path, (size_t)slash);
	c->name = wd_blob_skip(path, (size_t)(slash + 1));
}

#endif
