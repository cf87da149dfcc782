/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loading all databases of a root filesystem: probe every backend's paths, start a worker for each
 * hit, and gather what they send. Between start and finish the caller scans the tree.
 */
#ifndef WD_PKGDB_LOAD_H
#define WD_PKGDB_LOAD_H

#include "pkgdb/catalog.h"
#include "pkgdb/descriptor.h"
#include "rootfs/tree.h"

struct wd_load;

/*
 * Probes the paths that are no patterns and starts the workers. Call it before any thread is
 * started, since it forks. Errors of single databases go to the catalog. 0 or -ENOMEM. Everything
 * given is borrowed until wd_load_finish().
 */
int wd_load_start(const struct wd_root *root, const struct wd_descriptors *backends, uint32_t want,
		  struct wd_catalog *cat, struct wd_load **ret);

/*
 * Gathers until every worker is through. `tick` is called whenever something has come, and at
 * least ten times a second; a negative return ends the load and is returned.
 * 0, -ENOMEM or what `tick` returned.
 */
int wd_load_gather(struct wd_load *load, int (*tick)(void *ctx, struct wd_load *load), void *ctx);

/*
 * Whether any backend probes for a pattern that begins with `**`, which only a full scan finds.
 */
bool wd_load_needs_scan(const struct wd_descriptors *backends);

/*
 * Probes the patterns on the tree and gathers from their workers too, a few at a time. Call it
 * with no other thread running. 0 or as wd_load_gather().
 */
int wd_load_patterns(struct wd_load *load, struct wd_tree *tree,
		     int (*tick)(void *ctx, struct wd_load *load), void *ctx);

/* Ends all workers and frees the load, where one of the above failed. */
void wd_load_abort(struct wd_load *load);

/*
 * Loads a backend's module in a worker to ask what it is. *ret_version and *ret_libraries are the
 * caller's to free, "" where unknown; what is wrong with the module goes to the catalog's errors.
 * 0, or the negative status of the module.
 */
int wd_load_about(const struct wd_descriptor *backend, struct wd_catalog *cat, char **ret_version,
		  char **ret_libraries);

/* Puts the databases into the catalog and frees the load. 0 or -ENOMEM. */
int wd_load_finish(struct wd_load *load);

/*
 * Loads a source: an ordinary file of the user (a package, a list of packages), by every backend
 * whose descriptor takes files of its name. Its database is in the catalog then, and what is wrong
 * with it in the catalog's errors; the caller calls wd_catalog_finish(). Call it before any thread
 * is started. 0; WD_ENOTMINE where no backend takes the name; WD_ENOTREG; the negated errno of
 * opening it; -ENOMEM; or what `tick` returned.
 */
int wd_load_source(const struct wd_descriptors *backends, const char *path, uint32_t want,
		   struct wd_catalog *cat, int (*tick)(void *ctx, struct wd_load *load), void *ctx);

/* For `tick`: the databases being filled, from 0; NULL behind the last. */
struct wd_db *wd_load_db(struct wd_load *load, size_t i);

#endif
