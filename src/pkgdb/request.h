/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is behind the functions of a worker's struct wd_request. */
#ifndef WD_PKGDB_REQUEST_H
#define WD_PKGDB_REQUEST_H

#include "pkgdb/backend.h"
#include "rootfs/image.h"

/* Files are opened and listed below an open directory, which is borrowed. */
void wd_request_from_dir(struct wd_request *req, int dir_fd);

/* Files are those of a directory of an image, which is borrowed. */
void wd_request_from_image(struct wd_request *req, const struct wd_image *image, wd_node_id dir);

#endif
