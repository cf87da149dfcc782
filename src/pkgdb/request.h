/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is behind the functions of a worker's struct wd_request. */
#ifndef WD_PKGDB_REQUEST_H
#define WD_PKGDB_REQUEST_H

#include "pkgdb/backend.h"

/* Files are opened and listed below an open directory, which is borrowed. */
void wd_request_from_dir(struct wd_request *req, int dir_fd);

#endif
