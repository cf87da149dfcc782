/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The door to a root filesystem: the only code that opens, stats or reads links below it.
 *
 * Every path is resolved by the kernel inside the root (openat2 with RESOLVE_IN_ROOT and
 * RESOLVE_NO_MAGICLINKS), so that an absolute link or ".." in the rootfs never reaches the host.
 * Where the kernel or a container forbids openat2, a walk that holds a descriptor for each
 * component does the same. Nothing here ever opens a FIFO, device or socket for reading.
 */
#ifndef WD_ROOTFS_ROOT_H
#define WD_ROOTFS_ROOT_H

#include "base/blob.h"
#include "base/buf.h"

#include <sys/stat.h>

struct wd_image;

struct wd_root {
	int fd;			      /* O_PATH; -1 where it is an image */
	dev_t dev;		      /* of the root directory */
	const struct wd_image *image; /* see image.h; or NULL */
};

/*
 * Opens a root filesystem. Returns 0, -ENOENT, -ENOTDIR, -EACCES or another negated errno.
 * Release with wd_root_done().
 */
int wd_root_open(const char *path, struct wd_root *ret_root);
void wd_root_done(struct wd_root *root);

/*
 * Whether an open file is of a filesystem that the kernel makes up as it is read (/proc, /sys): no
 * part of a root filesystem, wherever it is mounted.
 */
bool wd_is_made_up(int fd);

/*
 * Opens a path inside a root: symbolic links are followed, absolute ones from the root; ".." at
 * the root stays there. `flags` are open(2)'s; O_CLOEXEC, O_NOCTTY and O_NONBLOCK are added.
 * Returns a descriptor, or a negated errno (-ELOOP for a symlink loop). Opens whatever is there:
 * use it with O_PATH or O_DIRECTORY, and wd_open_in_root() to read.
 */
int wd_openat_in_root(int root_fd, const char *path, int flags);

/*
 * Opens a regular file or a directory inside a root for reading, and nothing else: a FIFO, a
 * device, a socket or what wd_is_made_up() is WD_ENOTREG and is not opened even for an instant.
 * *ret_st, where not NULL, is the stat of what was opened. Returns a descriptor, WD_EABSENT,
 * WD_ENOTREG or a negated errno.
 */
int wd_open_in_root(int root_fd, const char *path, struct stat *ret_st);

/*
 * As wd_open_in_root(), and refuses (-EXDEV) every path that leaves `dir_fd`, instead of
 * restarting at it.
 */
int wd_open_beneath(int dir_fd, const char *path, struct stat *ret_st);

/*
 * Opens the regular file `name` (one component, never followed) of an open directory for reading.
 * *ret_st, where not NULL, is its stat. Returns a descriptor, WD_EABSENT, WD_ENOTREG or a negated
 * errno.
 */
int wd_open_child(int dir_fd, const char *name, struct stat *ret_st);

/*
 * Whether a regular file may be a program or a library: data files are many, and small ones that
 * are neither executable nor called .so are none.
 */
bool wd_may_be_program(struct wd_blob name, uint32_t mode, uint64_t size);

/*
 * As wd_open_child(), for a file that may be a program or a library: any other is WD_ENOTREG
 * without being opened. *ret_st is its stat.
 */
int wd_open_program(int dir_fd, const char *name, struct stat *ret_st);

/*
 * As wd_open_in_root(), for a root of either kind. Of an image, what is not known to be read
 * (pkgdb/keep.h) is WD_ENOTKEPT.
 */
int wd_root_open_file(const struct wd_root *root, const char *path, struct stat *ret_st);

/* Reads a whole small file of the rootfs. 0, WD_ELIMIT above max, or as wd_open_in_root(). */
int wd_root_read(const struct wd_root *root, const char *path, size_t max, struct wd_buf *buf);

/*
 * A private file system view is not needed: opens the subdirectory `name` (one component, never
 * followed) of an open directory, without touching its access time where that is allowed.
 * Returns a descriptor, -ELOOP for a link, or another negated errno.
 */
int wd_open_subdir(int dir_fd, const char *name);

/*
 * Whether an absolute path leads into a root filesystem, or to an image, both by name: as it is
 * written, since a link in a root filesystem may lead from there to anywhere, or where it really
 * ends. No path does where the root filesystem is "/".
 */
bool wd_root_holds(const char *rootfs, const char *path);

#endif
