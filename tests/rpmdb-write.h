/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes header blobs as an rpm database of a given storage: for fixtures only. */
#ifndef WD_TESTS_RPMDB_WRITE_H
#define WD_TESTS_RPMDB_WRITE_H

#include "rpm-storage.h"

struct rpmdb_set {
	struct wd_rpm_record *records;
	size_t count;
};

/*
 * Storage is one of "ndb", "bdb-le", "bdb-be" (byte order), "bdb-btree", "sqlite" (journal
 * DELETE), "sqlite-wal" (checkpointed, no log left) and "sqlite-log" (the second half of the
 * packages is in the write-ahead log only). Replaces what is at path. Returns 0 or -1, with
 * a message on stderr.
 */
int rpmdb_write(const char *storage, const char *path, const struct rpmdb_set *set);

/* The bytes of an NDB database. */
void rpmdb_ndb_image(struct wd_buf *out, const struct rpmdb_set *set);

#endif
