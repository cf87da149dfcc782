/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Examining files: a few fenced workers that look into the files whose first bytes are the magic
 * of a backend, and send what the files say of their own origin. They are forked before the scan,
 * while the process is small, and get their work when the tree is known.
 *
 * A file that makes a worker crash or hang costs itself: it is named in the catalog's errors and a
 * new worker goes on behind it. A file that is not what its magic says is counted, not an error.
 */
#ifndef WD_PKGDB_EXAMINE_H
#define WD_PKGDB_EXAMINE_H

#include "pkgdb/catalog.h"
#include "pkgdb/descriptor.h"
#include "rootfs/tree.h"

struct wd_examine;

/*
 * Forks the workers; call it before any thread is started. *ret is NULL where no backend examines
 * files. 0, -ENOMEM or a negated errno. The root and the backends are borrowed until finish.
 */
int wd_examine_start(const struct wd_root *root, const struct wd_descriptors *backends,
		     struct wd_examine **ret);

/*
 * Hands the regular files `nodes` (ascending) of the tree to the workers, which begin at once. The
 * tree is borrowed until finish. Call it at most once. 0, -ENOMEM or a negated errno.
 */
int wd_examine_files(struct wd_examine *ex, const struct wd_tree *tree, const wd_node_id *nodes,
		     size_t n);

/*
 * Waits until all is examined and puts the facts into the catalog (cat->facts, cat->examined);
 * frees `ex` in every case, also where it got no files. `tick`, where not NULL, is called at least
 * ten times a second; a negative return ends it and is returned. Call it with no other thread
 * running: it forks the successors of workers that died. 0, -ENOMEM or what `tick` returned.
 */
int wd_examine_finish(struct wd_examine *ex, struct wd_catalog *cat, int (*tick)(void *ctx),
		      void *ctx);

#endif
