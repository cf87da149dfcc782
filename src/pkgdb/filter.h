/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The system calls that a worker may make: everything else ends it. */
#ifndef WD_PKGDB_FILTER_H
#define WD_PKGDB_FILTER_H

#include <stdbool.h>

/* Whether the kernel can end a process for a call that a filter does not allow. */
bool wd_filter_available(void);

enum wd_filter {
	WD_FILTER_LOAD,	 /* while a module is loaded: anything else fails, and does not kill */
	WD_FILTER_READ,	 /* while it reads */
	WD_FILTER_WRITE, /* the same, of those that write to files they were handed or made in
			    memory */
	WD_FILTERS
};

/*
 * Builds a filter, in the parent, so that the workers which are forked from then on need not:
 * `landlock` for those whose files Landlock holds, so that openat2() needs no filter. Only a wish:
 * wd_filter_raise() builds what it does not find.
 */
void wd_filter_prepare(enum wd_filter filter, bool landlock);

/* Puts the calling process behind the filter, for good. It must have no_new_privs. */
bool wd_filter_raise(enum wd_filter filter, bool landlock);

#endif
