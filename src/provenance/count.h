/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WD_PROVENANCE_COUNT_H
#define WD_PROVENANCE_COUNT_H

#include "provenance/verdict.h"

/*
 * Counts what is on disk (directories left out) by basis, and what is missing. by_distro[i], of
 * `ndistros`, is raised for each file that distro i explains. 0 or -ENOMEM.
 */
int wd_count_files(const struct wd_owners *o, size_t ndistros, struct wd_file_counts *ret,
		   uint64_t *by_distro);

#endif
