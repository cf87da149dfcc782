/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What packages take on disk. */
#ifndef WD_PROVENANCE_SIZES_H
#define WD_PROVENANCE_SIZES_H

#include "provenance/owners.h"

struct wd_package_size {
	uint64_t bytes;	  /* of its regular files */
	uint64_t files;	  /* that its database records and that are there, directories left out */
	uint64_t missing; /* that should be there, and are not */
};

/*
 * Counts for each package of the catalog, by its index, what its database records and is there; a
 * file of two packages is each one's. Needs a tree with sizes. 0 or -ENOMEM. Free *ret.
 */
int wd_package_sizes(const struct wd_owners *o, struct wd_package_size **ret);

#endif
