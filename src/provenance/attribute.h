/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attribution of what no database lists, by data/generated.tsv and by what links lead to. */
#ifndef WD_PROVENANCE_ATTRIBUTE_H
#define WD_PROVENANCE_ATTRIBUTE_H

#include "base/tsv.h"
#include "provenance/owners.h"

/*
 * Attributes the nodes of the whole tree. 0, -ENOMEM, or a negated errno where the table cannot
 * be read; a row that is not understood is WD_ECORRUPT with its line in *ret_line.
 */
int wd_attribute_all(struct wd_owners *o, const char *data_dir, unsigned *ret_line);

/* Attributes one node only, for a tree that was not scanned. */
int wd_attribute_one(struct wd_owners *o, const char *data_dir, wd_node_id node,
		     unsigned *ret_line);

#endif
