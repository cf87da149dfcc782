/* SPDX-License-Identifier: GPL-3.0-or-later */
/* os-release(5): what a root filesystem says that it is. */
#ifndef WD_PROVENANCE_OSRELEASE_H
#define WD_PROVENANCE_OSRELEASE_H

#include "rootfs/root.h"

/* Where it is, the first before the second, relative to the root. */
#define WD_OS_RELEASE_PATHS                                                                        \
	{                                                                                          \
		"etc/os-release", "usr/lib/os-release"                                             \
	}

struct wd_os_release {
	bool present;
	const char *path; /* which of the two, relative to the root; static */
	int status;	  /* why it could not be read, where that is not its absence */
	/* all "" where not given; owned, released by wd_os_release_done() */
	char *id;
	char *id_like;
	char *version_id;
	char *codename;
	char *name;
	char *pretty_name;
};

/*
 * Reads etc/os-release, or usr/lib/os-release where that is not there. 0 or -ENOMEM; a file that
 * cannot be read is in ret->status.
 */
int wd_os_release_read(const struct wd_root *root, struct wd_os_release *ret);
void wd_os_release_done(struct wd_os_release *os);

#endif
