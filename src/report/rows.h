/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of whodistro/map/1 and whodistro/packages/1, made from a subject. */
#ifndef WD_REPORT_ROWS_H
#define WD_REPORT_ROWS_H

#include "provenance/sizes.h"
#include "provenance/subject.h"
#include "provenance/verify.h"
#include "report/format.h"

enum wd_map_column {
	WD_MAP_QUERY, /* owner only: the path as it was asked */
	WD_MAP_PATH,
	WD_MAP_TYPE,
	WD_MAP_SIZE,
	WD_MAP_MODE,
	WD_MAP_PACKAGE,
	WD_MAP_VERSION,
	WD_MAP_ARCH,
	WD_MAP_SOURCE,
	WD_MAP_DB,
	WD_MAP_DISTRO,
	WD_MAP_BASIS,
	WD_MAP_FLAGS,
	WD_MAP_DB_PATH,
	WD_MAP_DIGEST,
	WD_MAP_DIGEST_FOUND, /* what the file has, where that was asked */
	WD_MAP_DETAIL,
	WD_MAP_LAYER,
	WD_MAP_COLUMNS
};

/* Writes the rows of files. Zero it, then wd_rows_init(). */
struct wd_rows {
	const struct wd_subject *s;
	struct wd_writer *writer;
	bool one; /* only the first owner of each file */
	/* what was read of the files, or NULL; set with wd_rows_verify() */
	const struct wd_verify *verified;
	struct wd_blob query; /* for owner */
	struct wd_schema schema;
	struct wd_column columns[WD_MAP_COLUMNS];
	struct wd_owner_list owners;
	struct wd_buf scratch;
};

/*
 * Binds the rows to a writer, whose schema is set: `owner` with the path that was asked. Text
 * widths come from the packages of the subject.
 */
void wd_rows_init(struct wd_rows *rows, const struct wd_subject *s, struct wd_writer *writer,
		  bool owner);
void wd_rows_done(struct wd_rows *rows);

/* Before the first row: shows the digests, and with them which files are modified. */
void wd_rows_verify(struct wd_rows *rows, const struct wd_verify *verified);

/* Writes the rows of one node: one for each owner, one where there is none. 0 or negative. */
int wd_rows_write(struct wd_rows *rows, wd_node_id node, struct wd_blob path);

enum wd_packages_sort {
	WD_PACKAGES_BY_NAME, /* then architecture, version and database */
	WD_PACKAGES_BY_SIZE, /* the largest first */
	WD_PACKAGES_BY_FILES,
};

struct wd_packages_choice {
	/* Of each package, what is on disk, to stand in place of what is recorded; or NULL. */
	const struct wd_package_size *on_disk;
	enum wd_packages_sort sort;
	bool orphans; /* only those that record paths of which none is there; needs on_disk */
	bool foreign; /* only those that are not of the root filesystem's own distribution */
};

/* Writes the packages that databases record. 0 or negative. */
int wd_rows_packages(const struct wd_subject *s, const struct wd_packages_choice *choice,
		     struct wd_writer *writer);

#endif
