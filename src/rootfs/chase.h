/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Path resolution inside a directory without openat2(): one O_PATH descriptor for each component,
 * so that no rename or symlink swap under the walk can lead it outside.
 */
#ifndef WD_ROOTFS_CHASE_H
#define WD_ROOTFS_CHASE_H

#include <stdbool.h>

/*
 * Resolves `path` from `dir_fd` as openat2() with RESOLVE_IN_ROOT (or, where `beneath`,
 * RESOLVE_BENEATH) and RESOLVE_NO_MAGICLINKS does, and opens it with `flags`.
 * Returns a descriptor or a negated errno: -ELOOP after 40 symbolic links, -EXDEV where `beneath`
 * and the path leaves dir_fd, -ENAMETOOLONG beyond 64 KiB of path or 512 directories of depth.
 */
int wd_chase(int dir_fd, const char *path, int flags, bool beneath);

#endif
