/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WD_PROVENANCE_COUNT_H
#define WD_PROVENANCE_COUNT_H

#include "provenance/verdict.h"

/* What a distribution explains. */
struct wd_tally {
	uint64_t files;
	uint64_t bytes; /* of regular files whose sizes are known */
};

/*
 * Counts what is on disk (directories left out) by basis, and what is missing. tallies[i], of
 * `ndistros`, is raised for each file that distro i explains: one that a package of it owns, or
 * that nobody owns and that says by itself where it is from (distro_of_item, as in struct
 * wd_lineages). With `weigh`, sizes that the scan left out are found. 0 or -ENOMEM.
 */
int wd_count_files(const struct wd_owners *o, const struct wd_evidence_list *evidence,
		   const uint32_t *distro_of_item, size_t ndistros, bool weigh,
		   struct wd_file_counts *ret, struct wd_tally *tallies);

#endif
