/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Evidence: what the files of a root filesystem say of the distribution that they come from, other
 * than its package databases and os-release. Three sources, by rows of data/signals.tsv:
 *
 *	facts	what backends' examine() found in files (WD_FACTS)
 *	text	lines of small text files: release files, etc/issue, repository lists
 *	path	that a path is there: layouts, keys, licence and documentation directories
 *
 * A signal speaks for a family (a `family` of data/distros.tsv: "dpkg", "rpm", …), and where it can
 * tell, for one distribution of it, or for one of several, and a release. Signals of one `kind` are
 * one witness, however often it speaks. Releases of a library or a compiler are no witness for any
 * distribution: they only tell the release of one that is known (wd_evidence_release()).
 */
#ifndef WD_PROVENANCE_EVIDENCE_H
#define WD_PROVENANCE_EVIDENCE_H

#include "pkgdb/catalog.h"
#include "rootfs/tree.h"

struct wd_signals;

enum wd_item_use {
	WD_ITEM_PACKAGED, /* the file was taken from that distribution: counts for a lineage */
	WD_ITEM_BUILT_ON, /* a compiler or a base of that distribution made it: never counts */
	WD_ITEM_TRAP,	  /* upstream's own build that looks like a distribution's: took BUILT_ON
			     and what is weaker than itself of the same files away */
	WD_ITEM_RELEASE,  /* a version of `kind`, a library, that `distro` has in its release
			     `version`: counts for no lineage; see wd_evidence_release() */
};

enum wd_item_strength { WD_ITEM_WEAK, WD_ITEM_MEDIUM, WD_ITEM_STRONG };
/* "weak", "medium", "strong" */
const char *wd_item_strength_name(enum wd_item_strength strength);

/*
 * All that says the same for the same reason is one item: one row of the table with one family,
 * distro and version. Strings are the evidence's, "" where nothing is said.
 */
struct wd_item {
	const char *kind; /* the witness: "note", "debuglink", "banner", "layout", "issue", … */
	const char *family;
	const char *distro;  /* os-release's ID; several separated by '|' where it is one of them
				and the signal cannot tell which ("rhel|centos|rocky") */
	const char *version; /* VERSION_ID, of each of these; packages survive in later releases
				unchanged, so that the file may be from a later one */
	const char *value;   /* what was seen, in the first such file */
	wd_node_id node;     /* that file: the first in byte order of path */
	uint32_t files;	     /* how many files show it */
	enum wd_item_strength strength; /* WEAK at most where nobody has checked the signal */
	enum wd_item_use use;
};

/*
 * Where one file comes from by its own contents: what the strongest of its packaged signals say
 * together. Only for files that have one.
 */
struct wd_origin {
	wd_node_id node;
	uint32_t item; /* the deciding one: its family, distro and version */
	/*
	 * Where the file tells it, else "". .gnu_debugaltlink names the binary package;
	 * .note.package the source package, its version and architecture; the file name of an rpm's
	 * debug file the latter two.
	 */
	const char *package;
	const char *version; /* of the source package */
	const char *arch;
	const char *source;
};

/* The only release of a distribution that has all the libraries seen. */
struct wd_library_release {
	const char *distro; /* or several, as of an item */
	const char *version;
	uint32_t item; /* the weakest of those that say so */
};

/* A release that files of its own distribution deny: a library is newer than it has it. */
struct wd_excluded_release {
	const char *distro; /* or several, as of an item */
	const char *version;
};

struct wd_evidence_list {
	struct wd_strpool strings;
	WD_ARRAY(struct wd_item) items; /* strongest first, then kind, family, distro, version */
	WD_ARRAY(struct wd_origin) origins; /* in order of node */
	WD_ARRAY(struct wd_library_release) releases;
	WD_ARRAY(struct wd_excluded_release) excluded;
	uint64_t examined; /* files that were looked into */
	uint64_t skipped;  /* of these, not what their magic says */
};

/*
 * The regular files that may hold programs, in order of node: those whose names do not end as the
 * names of other things do (rows `skip` of data/signals.tsv). 0 or -ENOMEM. Free *ret_nodes.
 */
int wd_evidence_candidates(struct wd_tree *tree, const struct wd_signals *signals,
			   wd_node_id **ret_nodes, size_t *ret_n);

/*
 * Gathers all evidence of a scanned tree whose facts are in the catalog. The expressions of the
 * signals are compiled as they are needed. A text file that cannot be read goes to the catalog's
 * errors. 0, -ENOMEM or WD_ELIMIT. Release with wd_evidence_done().
 */
int wd_evidence_gather(struct wd_tree *tree, struct wd_catalog *cat, struct wd_signals *signals,
		       struct wd_evidence_list *ret);
void wd_evidence_done(struct wd_evidence_list *e);

/* Adds an item, in its place, with copies of its strings. 0 or -ENOMEM. */
int wd_evidence_add(struct wd_evidence_list *e, const struct wd_item *item);

/* The origin of one node, or NULL. */
const struct wd_origin *wd_evidence_origin(const struct wd_evidence_list *e, wd_node_id node);

/* Whether an item speaks for a distribution: its `distro` is the id, or has it among several. */
bool wd_item_is_for(const struct wd_item *item, const char *id);

/*
 * For a lineage whose distribution is known and whose release nothing else tells: the release
 * that has the newest seen version of each of glibc, musl, openssl, libstdc++, …, or NULL where
 * these do not leave exactly one. At best as strong as its item, which is never STRONG.
 */
const struct wd_library_release *wd_evidence_release(const struct wd_evidence_list *e,
						     const char *distro);

/*
 * Whether files that say by a strong item that they are the distribution's have a later version of
 * a library than any that the release is known to have.
 */
bool wd_evidence_excludes(const struct wd_evidence_list *e, const char *distro,
			  const char *release);

#endif
