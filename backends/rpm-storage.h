/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The storages of an rpm database. Each holds the same thing, a set of header blobs keyed by a
 * package number ("hnum"), in another container; this interface reads them one by one, in the
 * order of that number, so that one header reader serves all.
 */
#ifndef WD_RPM_STORAGE_H
#define WD_RPM_STORAGE_H

#include "base/buf.h"
#include "pkgdb/backend.h"

/* rpm itself refuses headers above 256 MiB; the largest known real one is below 8 MiB. */
#define WD_RPM_BLOB_MAX (64u << 20)
#define WD_RPM_PACKAGES_MAX (1u << 20)
/* So many damaged packages are a damaged database: reading it ends there. */
#define WD_RPM_BAD_MAX 256
/* What probe() gets of the beginning of the file; zeros where a file is shorter, down to _MIN. */
#define WD_RPM_HEAD_SIZE 32
#define WD_RPM_HEAD_MIN 16

struct wd_rpm_record {
	uint32_t hnum;
	struct wd_buf blob; /* malloc()ed; the reader may take it away with WD_TAKE_PTR */
};

/* An open database. The storage reads req->fd by pread() only. */
struct wd_rpm_source {
	const struct wd_request *req;
	struct wd_sink *sink;
	uint64_t size; /* of the file in bytes */
	unsigned bad;  /* packages reported through wd_rpm_bad() */
	void *state;   /* the storage's own */
};

struct wd_rpm_storage {
	const char *format;
	bool (*probe)(struct wd_blob head);
	/*
	 * Returns 0 or a negative status for the whole database. After a failure nothing is left
	 * to close.
	 */
	int (*open)(struct wd_rpm_source *src);
	/*
	 * Puts the next header into rec, whose blob is empty: 1, 0 at the end, or a negative
	 * status. A record that cannot be read is reported and skipped.
	 */
	int (*next)(struct wd_rpm_source *src, struct wd_rpm_record *rec);
	void (*close)(struct wd_rpm_source *src);
};

/* wd_rpm_bdb is libdb's; where this was built without it, wd_rpm_bdb_pages reads its files, too. */
extern const struct wd_rpm_storage wd_rpm_bdb, wd_rpm_bdb_pages, wd_rpm_bdb_btree, wd_rpm_ndb,
	wd_rpm_sqlite;

/* The storage whose magic number the file begins with, or NULL where there is none. */
const struct wd_rpm_storage *wd_rpm_storage_find(const struct wd_rpm_source *src);

/* Fills *src for a request. Returns 0 or a negated errno. */
int wd_rpm_source_init(struct wd_rpm_source *src, const struct wd_request *req,
		       struct wd_sink *sink);

/*
 * Reports one package that cannot be read. Returns 0 to go on with the next one, or a negative
 * status that ends the load: the sink's, or WD_ECORRUPT after WD_RPM_BAD_MAX reports.
 */
int wd_rpm_bad(struct wd_rpm_source *src, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Reports what is wrong with the whole database. Returns `status`, or what the sink answered
 * where that is a failure.
 */
int wd_rpm_fail(struct wd_rpm_source *src, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Exactly len bytes at offset: 0, WD_ECORRUPT where the file ends before, or a negated errno. */
int wd_rpm_pread(int fd, void *buf, size_t len, uint64_t offset);

#endif
