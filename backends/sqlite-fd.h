/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hostile SQLite database through descriptors. The file system that SQLite sees consists of the
 * database and the write-ahead log beside it. SQLite's own recovery replays the log, into its
 * memory: every write fails, and nothing is opened by name. The schema is as hostile as the rest:
 * SQLite is told so, and may read one table and no other.
 */
#ifndef WD_SQLITE_FD_H
#define WD_SQLITE_FD_H

#include "base/buf.h"
#include "pkgdb/backend.h"

#include <sqlite3.h>

struct wd_sqlite {
	sqlite3 *db;
	const struct wd_request *req;
	struct wd_sink *sink;
	const char *table;	/* the one that may be read */
	const char *error_path; /* for wd_sink_error() */
	sqlite3_vfs vfs;
	int main_fd; /* borrowed */
	int wal_fd;  /* -1: there is none */
};

/*
 * Opens a database whose descriptor is main_fd and whose name below the directory of the request
 * is `name`, for reading s->table. s->req, sink, table and error_path are set; the rest is zeros.
 * 0, or a negative status; what is wrong with the database is reported. wd_sqlite_close() must
 * follow in either case.
 */
int wd_sqlite_open(struct wd_sqlite *s, int main_fd, const char *name);
void wd_sqlite_close(struct wd_sqlite *s);

/* Whether a file that begins so is a SQLite database. */
bool wd_sqlite_probe(struct wd_blob head);

#endif
