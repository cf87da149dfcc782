/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verdict on one root filesystem, from os-release and the package databases.
 *
 * A lineage is a distribution and release that something speaks for. Rules:
 *
 *   - Each distribution that packages of a database are of is a lineage, third parties are not.
 *     So is what os-release declares. A guest (Nix, Guix), which lives on other systems too, is
 *     one only where there is no other, or where os-release names it.
 *   - The verdict's distribution is the lineage with the most packages; without packages, the
 *     declared one.
 *   - lineage: `declared` os-release says it and no database says otherwise; `recorded` there is
 *     a database and no os-release; `contradicted` most packages of the databases are another
 *     distribution's, or another release's, than os-release says; `none` neither is there.
 *     (`hidden`, from the files themselves, comes from evidence inside files.)
 *   - confidence of a lineage: `certain` os-release and packages speak for it; `strong` packages
 *     alone; `weak` os-release alone, since a copied text file is all it takes; `none` nothing.
 */
#ifndef WD_PROVENANCE_VERDICT_H
#define WD_PROVENANCE_VERDICT_H

#include "provenance/distro.h"
#include "provenance/owners.h"
#include "provenance/style.h"

#define WD_LINEAGES(X)                                                                             \
	X(NONE, "none")                                                                            \
	X(DECLARED, "declared")                                                                    \
	X(RECORDED, "recorded")                                                                    \
	X(HIDDEN, "hidden")                                                                        \
	X(CONTRADICTED, "contradicted")

enum wd_lineage_kind {
#define X(id, name) WD_LINEAGE_##id,
	WD_LINEAGES(X)
#undef X
};
const char *wd_lineage_name(enum wd_lineage_kind kind);

#define WD_STRENGTHS(X)                                                                            \
	X(NONE, "none")                                                                            \
	X(WEAK, "weak")                                                                            \
	X(STRONG, "strong")                                                                        \
	X(CERTAIN, "certain")

/* Of a lineage: its confidence. Of one evidence item: its strength, weak or strong. */
enum wd_strength {
#define X(id, name) WD_STRENGTH_##id,
	WD_STRENGTHS(X)
#undef X
};
const char *wd_strength_name(enum wd_strength strength);

struct wd_evidence {
	const char *kind; /* static: "os-release", "database" */
	char *path;	  /* relative to the root */
	char *value;
	enum wd_strength strength;
};

struct wd_lineage {
	uint32_t distro; /* in the distros' list */
	enum wd_strength confidence;
	uint64_t packages;
	uint64_t files;
	WD_ARRAY(struct wd_evidence) evidence;
};

struct wd_file_counts {
	uint64_t total; /* what is on disk and no directory */
	uint64_t owned;
	uint64_t generated;
	uint64_t inferred;
	uint64_t unowned;
	uint64_t missing; /* recorded as installed, and not there */
};

struct wd_verdict {
	enum wd_style style;
	enum wd_lineage_kind lineage;
	enum wd_strength confidence;
	int distro;	/* in the distros' list, or -1 */
	char *summary;
	struct wd_file_counts files;
	WD_ARRAY(struct wd_lineage) lineages; /* the verdict's first, then by packages */
};

/* 0 or -ENOMEM. The style is set by the caller. Release with wd_verdict_done(). */
int wd_verdict_reach(const struct wd_owners *o, struct wd_distros *distros,
		     const struct wd_os_release *os, struct wd_verdict *ret);
void wd_verdict_done(struct wd_verdict *v);

/*
 * Whether a database records the node as installed and it is not on disk: no ghost file, no
 * directory, and nothing below a directory that could not be looked into.
 */
bool wd_is_missing(const struct wd_owners *o, wd_node_id node);

#endif
