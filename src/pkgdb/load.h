/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loading all databases of a root filesystem: probe every backend's paths, start a worker for each
 * hit, and gather what they send. Between start and finish the caller scans the tree.
 */
#ifndef WD_PKGDB_LOAD_H
#define WD_PKGDB_LOAD_H

#include "pkgdb/catalog.h"
#include "pkgdb/descriptor.h"
#include "rootfs/root.h"

struct wd_load;

/*
 * Probes and starts the workers. Call it before any thread is started, since it forks. Errors of
 * single databases go to the catalog. 0 or -ENOMEM. Everything given is borrowed until
 * wd_load_finish() or wd_load_free().
 */
int wd_load_start(const struct wd_root *root, const struct wd_descriptors *backends, uint32_t want,
		  struct wd_catalog *cat, struct wd_load **ret);

/*
 * Gathers until every worker is through, and frees the load. `tick`, where not NULL, is called
 * about ten times a second. 0 or -ENOMEM.
 */
int wd_load_finish(struct wd_load *load, void (*tick)(void *ctx), void *ctx);

#endif
