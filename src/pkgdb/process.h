/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How every worker process begins: a fork that keeps nothing but what it is handed. */
#ifndef WD_PKGDB_PROCESS_H
#define WD_PKGDB_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

#define WD_PROCESS_FDS 3 /* the first descriptor that a process is handed; at most 8 of them */

/*
 * What the process does; it ends itself. `status` is 0, or a negated errno where the descriptors
 * could not be put in their places: it then only reports that.
 */
typedef void (*wd_process_main)(const void *arg, int status);

/*
 * Forks. The child dies with its parent, has no environment and default signals, /dev/null as 0, 1
 * and 2, the `n` descriptors from WD_PROCESS_FDS on, the writing end of a pipe behind them, and
 * nothing else open. 0 with *ret_pid and the reading end in *ret_pipe, which is close-on-exec; or a
 * negated errno.
 */
int wd_process_start(const int *fds, size_t n, wd_process_main run, const void *arg, pid_t *ret_pid,
		     int *ret_pipe);

/*
 * Kills a process of which nothing more is wanted. Its end is not waited for: what it had mapped
 * takes the kernel a while.
 */
void wd_process_dismiss(pid_t pid);

/* Waits until all that were dismissed are gone, and hold nothing of the rootfs open any more. */
void wd_process_wait_all(void);

#endif
