/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of the gathering of evidence share: items in the making. */
#ifndef WD_PROVENANCE_EVIDENCE_GATHER_H
#define WD_PROVENANCE_EVIDENCE_GATHER_H

#include "provenance/signals.h"

#define WD_GATHER_NONE UINT32_MAX

/* Beside each item. */
struct wd_found {
	wd_node_id last;     /* counted last: a file counts once */
	struct wd_buf first; /* path of the item's node */
};

struct wd_gather {
	struct wd_tree *tree;
	struct wd_catalog *cat;
	struct wd_evidence_list *e;
	struct wd_signals *signals;
	struct wd_strpool keys; /* row, use, distro, version: id of the string - 1 is the item */
	WD_ARRAY(struct wd_found) found;
	uint32_t *seen; /* release row: 1 + its item, 0 where it was not seen */
	/* release row: the latest version of its library in files that are surely its
	   distribution's; the strings are the evidence's */
	const char **latest;
	struct wd_buf work;
	int status; /* of wd_gather_keep(), sticky */
};

/* A copy that lives as long as the evidence; "", and g->status set, out of memory. */
const char *wd_gather_keep(struct wd_gather *g, struct wd_blob s);

/*
 * A row matched `text` in a file, and shows `value` there: counts its item, or items. *item is the
 * item where it is known already; set where it was WD_GATHER_NONE.
 */
int wd_gather_signal(struct wd_gather *g, uint32_t row, enum wd_item_use use, wd_node_id node,
		     struct wd_blob path, struct wd_blob text, struct wd_blob value,
		     uint32_t *item);

/* evidence-files.c: facts. evidence-places.c: paths, and texts. 0, -ENOMEM or WD_ELIMIT. */
int wd_gather_files(struct wd_gather *g);
int wd_gather_paths(struct wd_gather *g);
int wd_gather_texts(struct wd_gather *g);

#endif
