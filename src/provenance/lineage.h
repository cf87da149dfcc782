/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lineages of a root filesystem: each distribution and release, or at least family of
 * distributions, that something in it is from. Three witnesses are heard:
 *
 *	declared	os-release
 *	recorded	packages of databases; third parties' are of no lineage
 *	shown		the files themselves, by their packaged evidence (see provenance/evidence.h)
 *
 * Of an image, what its layers took away is a fourth: os-release and databases that were there.
 *
 * whodistro-verdict(7) has the rules, in the same order as the code.
 */
#ifndef WD_PROVENANCE_LINEAGE_H
#define WD_PROVENANCE_LINEAGE_H

#include "provenance/distro.h"
#include "provenance/evidence.h"
#include "provenance/libc.h"
#include "provenance/owners.h"

#define WD_STRENGTHS(X)                                                                            \
	X(NONE, "none")                                                                            \
	X(WEAK, "weak")                                                                            \
	X(STRONG, "strong")                                                                        \
	X(CERTAIN, "certain")

/* How far a lineage may be believed. */
enum wd_strength {
#define X(id, name) WD_STRENGTH_##id,
	WD_STRENGTHS(X)
#undef X
};
const char *wd_strength_name(enum wd_strength strength);

/* "packaged", "built-on", "trap", "release" */
const char *wd_item_use_name(enum wd_item_use use);

/* The papers that later layers of an image took away. */
struct wd_deleted {
	const struct wd_catalog *cat;
	const struct wd_distros *distros; /* of the packages */
	const struct wd_os_release *os;
};

/* One thing that speaks for a lineage. */
struct wd_reason {
	/* "os-release", "database", "deleted", or an item's: borrowed from the evidence */
	const char *kind;
	char *path; /* relative to the root */
	char *value;
	enum wd_item_strength strength;
	uint32_t files; /* how many files show it; 0: os-release or a database */
};

#define WD_ITEM_NONE UINT32_MAX

struct wd_lineage {
	uint32_t distro; /* in the distros' list; with id "" where only the family is known */
	enum wd_strength confidence;
	enum wd_strength shown; /* what the files alone would give: at most strong */
	bool declared;
	bool deleted;	       /* what layers took away speaks for it, */
	bool recorded;	       /* packages of a database among that */
	bool refuted;	       /* os-release declares it, and files show that it was left behind */
	bool named;	       /* an item of evidence names its distribution */
	bool confirmed;	       /* and one its release, where os-release gives one */
	bool libc;	       /* programs run with its C library */
	uint32_t release_item; /* the item by which libraries tell its release; or WD_ITEM_NONE */
	uint64_t packages;
	uint64_t files; /* that it explains; set by the verdict, as is what follows */
	uint64_t bytes;
	WD_ARRAY(struct wd_reason) reasons; /* papers, then strongest first */
};

struct wd_lineages {
	WD_ARRAY(struct wd_lineage) list;
	/* of each item of the evidence: the distro whose files show it; 0: nobody's, built on */
	uint32_t *distro_of_item;
	/* of each item: the distro that may be said of a file for it, which is less where several
	   lineages may be meant, or os-release alone says which; 0: none */
	uint32_t *word_of_item;
	uint32_t libc_item; /* what the C library itself says; or WD_ITEM_NONE */
};

/*
 * Hears all witnesses; `deleted` may be NULL. Distributions that are new are added to `distros`. 0
 * or -ENOMEM. Everything given is borrowed until wd_lineages_done().
 */
int wd_lineages_find(const struct wd_owners *o, struct wd_distros *distros,
		     const struct wd_os_release *os, const struct wd_deleted *deleted,
		     const struct wd_evidence_list *evidence, struct wd_libc libc,
		     struct wd_lineages *ret);
void wd_lineages_done(struct wd_lineages *l);
void wd_lineage_done(struct wd_lineage *l);

/* How exactly an item says whose a file is. */
enum wd_precision { WD_NAMES_FAMILY, WD_NAMES_SEVERAL, WD_NAMES_ONE, WD_PRECISIONS };
enum wd_precision wd_item_precision(const struct wd_item *item);

/* Whether an item may be of a lineage of the distro, by what it names, or its family. */
bool wd_item_supports(const struct wd_item *item, const struct wd_distro *d);

/* The part of wd_lineages_find() that sets word_of_item, the last one. */
int wd_lineages_find_words(struct wd_lineages *l, struct wd_distros *distros,
			   const struct wd_os_release *os, const struct wd_evidence_list *e);

/* The part of wd_lineages_find() that hears the files, after the other two. */
int wd_lineages_hear_files(struct wd_lineages *l, const struct wd_owners *o,
			   struct wd_distros *distros, const struct wd_os_release *os,
			   const struct wd_evidence_list *evidence, struct wd_libc libc);

/* Adds a lineage to the list; its index, or -ENOMEM. */
int wd_lineages_add(struct wd_lineages *l, uint32_t distro);

/* Adds a reason; takes `path`. 0 or -ENOMEM. */
int wd_lineage_reason(struct wd_lineage *l, struct wd_reason reason, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
