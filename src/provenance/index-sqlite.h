/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two halves of the index's module share. */
#ifndef WD_PROVENANCE_INDEX_SQLITE_H
#define WD_PROVENANCE_INDEX_SQLITE_H

#include "provenance/index.h"

#include "base/status.h"

#include <sqlite3.h>

enum statement {
	SELECT_SOURCES,
	SELECT_DISTROS,
	SELECT_DIR,
	SELECT_DIGEST,
	SELECT_BUILD,
	SELECT_SIZED,
	SELECT_PACKAGE,
	FIND_SOURCE,
	FIND_DISTRO,
	INSERT_SOURCE,
	COUNT_SOURCE,
	INSERT_DISTRO,
	INSERT_PACKAGE,
	INSERT_DIR,
	INSERT_DIGEST,
	INSERT_BUILD,
	STATEMENTS
};

struct wd_index {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
};

/* A status for one of SQLite's codes. */
int wd_index_status(int rc);
void wd_index_close(struct wd_index *ix);

/* The statement, reset; NULL where it cannot be prepared. */
sqlite3_stmt *wd_index_statement(struct wd_index *ix, enum statement which);
int wd_index_bind(sqlite3_stmt *s, int at, struct wd_blob b);

/* Runs a statement to its end, or until `row` returns anything but 0. */
int wd_index_each(struct wd_index *ix, sqlite3_stmt *s, int (*row)(sqlite3_stmt *s, void *ctx),
		  void *ctx);

/* Settings for a database that may be hostile. */
void wd_index_harden(sqlite3 *db);
/* The number that a pragma gives. */
int wd_index_pragma(struct wd_index *ix, const char *text, int *ret);
/* Whether the schema is ours and nothing besides. */
int wd_index_check_schema(struct wd_index *ix);
/* Runs statements that give no rows. */
int wd_index_exec(struct wd_index *ix, const char *text);
/* Makes the tables. */
int wd_index_create(struct wd_index *ix);

/* The part of the ops that writes. */
int wd_index_edit(const char *path, struct wd_index **ret);
int wd_index_forget(struct wd_index *ix, struct wd_blob path, struct wd_blob given);
int wd_index_add_source(struct wd_index *ix, struct wd_index_source *src);
int wd_index_count_source(struct wd_index *ix, const struct wd_index_source *src);
int wd_index_add_distro(struct wd_index *ix, struct wd_index_distro *d);
int wd_index_add_package(struct wd_index *ix, const struct wd_index_package *p);
int wd_index_add_dir(struct wd_index *ix, uint32_t source, struct wd_blob path,
		     struct wd_blob entries);
int wd_index_add_digest(struct wd_index *ix, uint32_t source, uint32_t package, uint64_t size,
			struct wd_blob digest);
int wd_index_add_build(struct wd_index *ix, uint32_t source, uint32_t package,
		       struct wd_blob build);
int wd_index_commit(struct wd_index *ix);

#endif
