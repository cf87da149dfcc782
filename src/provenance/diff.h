/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What differs between two root filesystems: packages, by the version order of their own package
 * managers; files, by their canonical paths.
 */
#ifndef WD_PROVENANCE_DIFF_H
#define WD_PROVENANCE_DIFF_H

#include "base/hash.h"
#include "provenance/sizes.h"
#include "provenance/subject.h"

/*
 * Of packages:
 *	ADDED, REMOVED
 *	UPGRADED, DOWNGRADED	by the order of their package manager
 *	CHANGED			another version, and no order is known
 * Of files:
 *	NEW, GONE
 *	OWNER		other packages own it
 *	UNOWNED		it had an owner, and has none
 *	MODIFIED	type, permissions, size, target of a link or contents
 * Of the root filesystem:
 *	LINEAGE		its distribution, lineage or style
 */
#define WD_CHANGES(X)                                                                              \
	X(ADDED, "added")                                                                          \
	X(REMOVED, "removed")                                                                      \
	X(UPGRADED, "upgraded")                                                                    \
	X(DOWNGRADED, "downgraded")                                                                \
	X(CHANGED, "changed")                                                                      \
	X(NEW, "new")                                                                              \
	X(GONE, "gone")                                                                            \
	X(OWNER, "owner")                                                                          \
	X(UNOWNED, "unowned")                                                                      \
	X(MODIFIED, "modified")                                                                    \
	X(LINEAGE, "lineage")

enum wd_change_bit {
#define X(id, word) WD_CHANGE_BIT_##id,
	WD_CHANGES(X)
#undef X
		WD_CHANGE_COUNT
};
enum wd_change {
#define X(id, word) WD_CHANGE_##id = 1 << WD_CHANGE_BIT_##id,
	WD_CHANGES(X)
#undef X
};
const char *wd_change_name(enum wd_change_bit bit);

struct wd_package_change {
	enum wd_change change;
	uint32_t a, b; /* in the catalogs; WD_PACKAGE_NONE on the side that lacks it */
};

struct wd_file_change {
	uint32_t changes; /* WD_CHANGE_* */
	wd_node_id a, b;  /* WD_NODE_NONE on the side that lacks it */
};

/* By which files are compared that nothing else tells apart. Images are opened with these. */
#define WD_DIFF_ALGOS (1u << WD_DIGEST_SHA256)

struct wd_diff {
	struct wd_subject *a, *b;
	WD_ARRAY(struct wd_package_change) packages; /* by name, architecture, backend, version */
	WD_ARRAY(struct wd_file_change) files;	     /* in byte order of path */
	struct wd_package_size *sizes_a, *sizes_b;   /* by package */
	uint64_t counts[WD_CHANGE_COUNT];
};

/*
 * Compares two subjects that were opened with scan, stat, owners, attribute and digests. Files of
 * one size whose contents no database settles are read, by `ops`. 0 or a negative status. Release
 * with wd_diff_done() in every case.
 */
int wd_diff_make(struct wd_subject *a, struct wd_subject *b, const struct wd_hash_ops *ops,
		 struct wd_diff *ret);
void wd_diff_done(struct wd_diff *d);

#endif
