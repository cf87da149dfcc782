/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Learning: what a catalog knows of its packages goes into a reference index. */
#ifndef WD_PROVENANCE_LEARN_H
#define WD_PROVENANCE_LEARN_H

#include "provenance/distro.h"
#include "provenance/index.h"
#include "rootfs/tree.h"

struct wd_lesson {
	const struct wd_catalog *cat;
	/* Every package's distribution. Packages of entry 0 (unknown) are left out. */
	const struct wd_distros *distros;
	/*
	 * A rootfs' tree, on which the claims have their nodes: sizes and build-ids of its files
	 * (cat->facts) are learnt with them. NULL where the source is no rootfs.
	 */
	const struct wd_tree *tree;
	/* path, given and kind are set; the rest is what was learnt */
	struct wd_index_source source;
	uint64_t unknown; /* packages that were left out */
};

/*
 * Adds a source to an index that is open for writing, in place of what was learnt from it before.
 * Without any file nothing is added: source.files is 0. 0, -ENOMEM, or the index's failure.
 */
int wd_learn(const struct wd_index_ops *ops, struct wd_index *ix, struct wd_lesson *lesson);

#endif
