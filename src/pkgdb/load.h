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
 * Gathers until every worker is through, and frees the load. `tick` is called whenever something
 * has come, and at least ten times a second; a negative return ends the load and is returned.
 * 0, -ENOMEM or what `tick` returned.
 */
int wd_load_finish(struct wd_load *load, int (*tick)(void *ctx, struct wd_load *load), void *ctx);

/* For `tick`: the databases being filled, from 0; NULL behind the last. */
struct wd_db *wd_load_db(struct wd_load *load, size_t i);

#endif
