/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Scope-bound release of locals, and the explicit transfer of what they hold.
 *
 *	WD_CLEANUP_FD int fd = openat(…);
 *	…
 *	*ret_fd = WD_TAKE_FD(fd);
 */
#ifndef WD_BASE_CLEANUP_H
#define WD_BASE_CLEANUP_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define WD_CLEANUP(func) __attribute__((cleanup(func)))

static inline void wd_cleanup_free(void *p)
{
	free(*(void **)p);
}

/* Closes without disturbing errno, so that it may run between a failure and its report. */
static inline void wd_cleanup_fd(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

#define WD_CLEANUP_FREE WD_CLEANUP(wd_cleanup_free)
#define WD_CLEANUP_FD WD_CLEANUP(wd_cleanup_fd)

/* The pointer, with the variable set to NULL. */
#define WD_TAKE_PTR(p)                                                                             \
	({                                                                                         \
		__typeof__(p) wd_taken_ = (p);                                                     \
		(p) = NULL;                                                                        \
		wd_taken_;                                                                         \
	})

/* The descriptor, with the variable set to -1. */
#define WD_TAKE_FD(fd)                                                                             \
	({                                                                                         \
		int wd_taken_ = (fd);                                                              \
		(fd) = -1;                                                                         \
		wd_taken_;                                                                         \
	})

#define WD_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
