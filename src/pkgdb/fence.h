/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a worker gives up before it looks at hostile input. */
#ifndef WD_PKGDB_FENCE_H
#define WD_PKGDB_FENCE_H

#include <stdint.h>

/* flag, word in reports */
#define WD_FENCES(X)                                                                               \
	X(NO_NEW_PRIVS, "no_new_privs")                                                            \
	X(RLIMITS, "rlimits")                                                                      \
	X(LANDLOCK, "landlock")                                                                    \
	X(SECCOMP, "seccomp")

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

/* The word of a fence bit. */
const char *wd_fence_name(enum wd_fence_bit bit);

/*
 * Fences the calling process in, for good. The outer fences go up before a module is loaded, since
 * loading runs its code: no new privileges, limits on memory, CPU time, file size, processes; no
 * writing, no network, no exec; files may be read. The inner ones go up before its load() is
 * called: files only below `dir_fd` (a directory, or one file), and no system calls beyond what reading a database takes. Both
 * return the WD_FENCE_* flags that hold from then on; what the kernel lacks is left out.
 */
uint32_t wd_fence_raise_outer(void);
uint32_t wd_fence_raise_inner(int dir_fd);

/*
 * The outer fences of a worker that decodes archives: it may write to the file that it was given,
 * and take longer.
 */
uint32_t wd_fence_raise_decoder(void);

#endif
