/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verdict on one root filesystem: which of its lineages it is, by which witness, how surely.
 * whodistro-verdict(7) has the rules, in the same order as the code.
 */
#ifndef WD_PROVENANCE_VERDICT_H
#define WD_PROVENANCE_VERDICT_H

#include "provenance/lineage.h"
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

struct wd_file_counts {
	uint64_t total; /* what is on disk and no directory */
	uint64_t owned;
	uint64_t generated;
	uint64_t inferred;
	uint64_t reference; /* a reference index names their package */
	uint64_t elf;	    /* no database owns them, and they name their package themselves */
	uint64_t unowned;
	uint64_t missing; /* recorded as installed, and not there */
};

struct wd_verdict {
	enum wd_style style;
	enum wd_lineage_kind lineage;
	enum wd_strength confidence;
	int distro; /* in the distros' list, or -1 */
	char *summary;
	struct wd_file_counts files;
	WD_ARRAY(struct wd_lineage) lineages; /* the verdict's first */
	/* CONTRADICTED: whether the files are what contradicts, and whom, in lineages; else -1 */
	bool by_files;
	int denied;
};

/* What the verdict is reached on. */
struct wd_case {
	const struct wd_owners *owners;
	struct wd_distros *distros;
	const struct wd_os_release *os;
	const struct wd_evidence_list *evidence;
	struct wd_lineages *lineages; /* the list is taken */
	struct wd_libc libc;
};

/* 0 or -ENOMEM. The style is set by the caller. Release with wd_verdict_done(). */
int wd_verdict_reach(const struct wd_case *c, struct wd_verdict *ret);
void wd_verdict_done(struct wd_verdict *v);

/* The sentence that a person can paste into a ticket; the caller's. NULL out of memory. */
char *wd_verdict_summary(const struct wd_case *c, const struct wd_verdict *v);

/*
 * Whether a database records the node as installed and it is not on disk: no ghost file, no
 * directory, and nothing below a directory that could not be looked into.
 */
bool wd_is_missing(const struct wd_owners *o, wd_node_id node);

#endif
