/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A file system for SQLite that consists of two descriptors: the database, and the write-ahead
 * log beside it. SQLite's own recovery replays the log, into its memory: every write fails, and
 * nothing is opened by name.
 */
#ifndef WD_RPM_SQLITE_VFS_H
#define WD_RPM_SQLITE_VFS_H

#include "rpm-storage.h"

#include <sqlite3.h>

#define WD_RPM_VFS_NAME "whodistro-rpm"
/* SQLite derives the names of the log and the journal from it. */
#define WD_RPM_VFS_MAIN "/rpmdb"

struct wd_rpm_vfs {
	sqlite3_vfs vfs;
	int main_fd; /* borrowed */
	int wal_fd;  /* -1: there is none */
};

/* Opens the log, where there is one, and registers the file system. 0 or a negative status. */
int wd_rpm_vfs_init(struct wd_rpm_vfs *v, struct wd_rpm_source *src);

/* Also after a failed or no init, where *v is all zeros. */
void wd_rpm_vfs_done(struct wd_rpm_vfs *v);

#endif
