/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What must hold of a Berkeley DB hash file before libdb, which checks little, may read it. */
#ifndef WD_RPM_BDB_H
#define WD_RPM_BDB_H

#include "rpm-storage.h"

/* A file that was checked: all its pages, mapped. */
struct wd_rpm_bdb_file {
	const uint8_t *map;
	size_t size;
	bool big_endian;
	uint32_t page_size;
	uint32_t last; /* page number */
};

/*
 * Maps the file, checks the meta page and the inside of all others, and that no chain of pages
 * runs in a circle. Returns 0, or a negative status, said through the sink.
 */
int wd_rpm_bdb_check(struct wd_rpm_source *src, struct wd_rpm_bdb_file *ret);

void wd_rpm_bdb_file_done(struct wd_rpm_bdb_file *f);

/* Whether a file that begins with `head` is a Berkeley DB, of whatever access method. */
bool wd_rpm_bdb_probe(struct wd_blob head);

#endif
