/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A layer that is a directory of a container store, walked as the tar that it was unpacked from.
 * What the filesystem has instead of a tar's entries is translated back:
 *
 * - overlayfs' whiteouts, character devices 0/0, or empty files with the attribute overlay.whiteout
 *   in a directory whose overlay.opaque is "x", and its opaque directories (Linux,
 *   Documentation/filesystems/overlayfs.rst). fuse-overlayfs writes what tars have: .wh.NAME;
 * - user.containers.override_stat, where containers/storage keeps the type, mode and owner that an
 *   unprivileged user cannot give a file (pkg/idtools, FormatContainersOverrideXattrDevice);
 * - a root that is whole, as vfs drivers have for each layer: what differs from the one below.
 */
#ifndef WD_ROOTFS_LAYERDIR_H
#define WD_ROOTFS_LAYERDIR_H

#include "rootfs/image.h"

/* What else a tar would say of an entry. */
struct wd_layerdir_detail {
	int64_t mtime; /* seconds */
	uint32_t uid, gid;
	dev_t rdev;
	struct wd_blob caps; /* the attribute security.capability of a regular file */
};

struct wd_layerdir_events {
	/*
	 * An entry, each directory before what is in it. `fd` is for reading the contents of a
	 * regular file, and the walk's; -1 for anything else, and for a file that cannot be opened.
	 */
	int (*entry)(void *ctx, const struct wd_layer_entry *e,
		     const struct wd_layerdir_detail *detail, int fd);
	/* What cannot be read. */
	int (*fault)(void *ctx, struct wd_blob path, int status);
};

/*
 * Walks `path` below dir_fd; where `below` is not NULL, what differs from that one. No link is
 * followed. 0, -ENOMEM, or a negative return of an event, which ends the walk.
 */
int wd_layerdir_walk(int dir_fd, const char *path, const char *below,
		     const struct wd_layerdir_events *events, void *ctx);

#endif
