/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a worker gives up before it looks at hostile input. */
#ifndef WD_PKGDB_FENCE_H
#define WD_PKGDB_FENCE_H

#include "pkgdb/limits.h"

#include <stdint.h>

/* flag, word in reports */
#define WD_FENCES(X)                                                                               \
	X(NO_NEW_PRIVS, "no_new_privs")                                                            \
	X(RLIMITS, "rlimits")                                                                      \
	X(LANDLOCK, "landlock")                                                                    \
	X(SECCOMP, "seccomp")                                                                      \
	X(UNPRIVILEGED, "unprivileged")

enum wd_fence_bit {
#define X(id, name) WD_FENCE_BIT_##id,
	WD_FENCES(X)
#undef X
		WD_FENCE_COUNT
};
enum wd_fence {
#define X(id, name) WD_FENCE_##id = 1 << WD_FENCE_BIT_##id,
	WD_FENCES(X)
#undef X
};
#define WD_FENCE_ALL ((1u << WD_FENCE_COUNT) - 1)

/* The word of a fence bit. */
const char *wd_fence_name(enum wd_fence_bit bit);

/* In the parent: the WD_FENCE_* flags that its workers will have, as far as it can be foreseen. */
uint32_t wd_fence_available(void);

/*
 * The same, known and not foreseen: raised for trial in a process that does nothing else. A negated
 * errno where there can be none.
 */
int wd_fence_try(uint32_t *ret_held);

/* In the parent: what makes raising the fences of workers of a kind cheaper. */
void wd_fence_prepare(enum wd_work_kind kind);

/*
 * Fences the calling process in, for good. The outer fences go up before a module is loaded: no
 * new privileges, limits on memory, CPU time, file size, processes and descriptors; no file is
 * written, and there are no network, exec, processes and signals. The inner ones go up before its
 * load() is called, and before a byte of the input is looked at by anything but our own code: files
 * only below `dir_fd` (a directory, or one file), no rights of root but, where files are to be
 * opened, that to read them all the same, and no system calls beyond what reading takes. Both
 * return the WD_FENCE_* flags that hold from then on; what the kernel lacks is left out.
 */
uint32_t wd_fence_raise_outer(enum wd_work_kind kind);
uint32_t wd_fence_raise_inner(enum wd_work_kind kind, int dir_fd);

/* Whether these are enough to read anything: see wd_limits. 0 or WD_EFENCE. */
int wd_fence_check(uint32_t held);

#endif
