/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The system calls that a worker may make: everything else ends it. */
#ifndef WD_PKGDB_FILTER_H
#define WD_PKGDB_FILTER_H

#include <stdbool.h>

/* Whether the kernel can end a process for a call that a filter does not allow. */
bool wd_filter_available(void);

/*
 * Builds a filter, in the parent, so that the workers which are forked from then on need not:
 * `writes` for workers that write to files which they were handed or made in memory; `landlock` for
 * those whose files Landlock holds. Only a wish: wd_filter_load() builds what it does not find.
 */
void wd_filter_prepare(bool writes, bool landlock);

/* Puts the calling process behind the filter, for good. It must have no_new_privs. */
bool wd_filter_load(bool writes, bool landlock);

#endif
