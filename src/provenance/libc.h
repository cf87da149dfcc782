/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The C library that the programs of a root filesystem run with. */
#ifndef WD_PROVENANCE_LIBC_H
#define WD_PROVENANCE_LIBC_H

#include "pkgdb/catalog.h"
#include "rootfs/tree.h"

struct wd_libc {
	wd_node_id loader; /* the dynamic loader; WD_NODE_NONE where there is none */
	wd_node_id libc;   /* the C library beside it, where that is another file; or NONE */
};

/*
 * The loader is the one that most examined programs name (PT_INTERP) and that is there; where no
 * examined program names one, a file of the rows `loader` of data/programs.tsv, and where there is
 * none either, the C library is one of the rows `libc`. 0, -ENOMEM, a negated errno where the table
 * cannot be read.
 */
int wd_libc_find(struct wd_tree *tree, const struct wd_catalog *cat, const char *data_dir,
		 struct wd_libc *ret);

#endif
