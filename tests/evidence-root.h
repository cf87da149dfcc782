/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A root filesystem of a test's, what is said of its files, and the evidence that is gathered from
 * it. Every failure fails the test.
 */
#ifndef WD_TESTS_EVIDENCE_ROOT_H
#define WD_TESTS_EVIDENCE_ROOT_H

#include "provenance/signals.h"
#include "temproot.h"

/* What a file says. */
struct said {
	const char *path;
	enum wd_fact_kind kind;
	const char *value;
};
#define F(p, k, v)                                                                                 \
	{                                                                                          \
		p, WD_FACT_##k, v                                                                  \
	}

struct evidence {
	struct wd_root root;
	struct wd_tree *tree;
	struct wd_catalog cat;
	struct wd_signals signals;
	struct wd_evidence_list e;
	unsigned line; /* of the table, where status says that it is broken */
	int status;    /* of wd_evidence_gather() */
};

/* The directory of the tables: data/ in the temporary root, or the sources'. */
const char *data_path(const struct temproot *t, bool ours);

/*
 * Makes the files that are spoken of in "root", scans that, puts what is said into the catalog, and
 * gathers by "data/signals.tsv" of the temporary root (`ours`) or by the real table.
 */
void open_evidence(struct temproot *t, const struct said *said, size_t n, bool ours,
		   struct evidence *x);
/* Empties the temporary root, too. */
void close_evidence(struct temproot *t, struct evidence *x);

/* NULL where there is none. */
const struct wd_item *find_item(const struct evidence *x, enum wd_item_use use, const char *kind,
				const char *family, const char *distro);

/* "KIND FAMILY DISTRO VERSION STRENGTH" of every item of a use, separated by "; ". */
const char *list_items(const struct evidence *x, enum wd_item_use use);

/* "KIND FAMILY DISTRO VERSION package=… source=… version=… arch=…" of the only one, or "none". */
const char *origin_text(const struct evidence *x);

#endif
