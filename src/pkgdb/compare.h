/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order of versions, asked of a backend's module in a fenced worker. */
#ifndef WD_PKGDB_COMPARE_H
#define WD_PKGDB_COMPARE_H

#include "pkgdb/descriptor.h"

struct wd_version_pair {
	const char *a, *b;
	int8_t order; /* the answer: -1, 0 or 1 for a before, equal to and behind b */
};

/*
 * Answers all pairs. 0; WD_EUNSUPPORTED where the backend knows no order; -ENOMEM, or why the
 * module or its worker failed. On failure the pairs are as before.
 */
int wd_versions_compare(const struct wd_descriptor *backend, struct wd_version_pair *pairs,
			size_t n);

#endif
