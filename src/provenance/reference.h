/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What reference indexes say of a tree: which packages of which learnt distributions have its
 * paths, its contents and its build-ids.
 *
 * How well a distribution fits is scored over the whole rootfs. A package is there as far as its
 * files are (its `share`; documentation, manuals and message catalogs, which images leave out, do
 * not count). A file speaks for a distribution as much as the package is there that has its path;
 * in full where the package has its contents or build-id, and not at all where it has others. What
 * several distributions have is divided among them by that, so that what all have says nothing.
 */
#ifndef WD_PROVENANCE_REFERENCE_H
#define WD_PROVENANCE_REFERENCE_H

#include "pkgdb/catalog.h"
#include "pkgdb/descriptor.h"
#include "provenance/distro.h"
#include "rootfs/contents.h"

struct wd_reference_source {
	uint32_t id;
	uint32_t distro;	    /* of most packages: index into distros, or UINT32_MAX */
	uint32_t path, given, kind; /* in strings */
	uint64_t packages, files, digests, builds;
};

struct wd_reference_distro {
	uint32_t id;
	uint32_t os, version, purl; /* in strings */
};

/* An index that was opened: what it holds. */
struct wd_reference {
	const char *path; /* borrowed */
	int fd;
	struct wd_strpool strings;
	WD_ARRAY(struct wd_reference_source) sources; /* in order of id */
	WD_ARRAY(struct wd_reference_distro) distros; /* in order of id */
	bool digests, builds;			      /* it has some */
	uint32_t unfenced; /* WD_FENCE_* flags that a worker which read it was without */
	char *why;	   /* what is wrong with it, where opening it failed; or NULL */
};

/*
 * Opens an index and reads what it holds; with `check`, looks at the structure of all of it.
 * 0 or a negative status, with ref->why. Release with wd_reference_done() in either case.
 */
int wd_reference_open(struct wd_reference *ref, const char *path, const char *module_dir,
		      bool check);
void wd_reference_done(struct wd_reference *ref);

/* How a package has a file. */
enum wd_match_flag {
	WD_MATCH_PATH = 1,
	WD_MATCH_KNOWN = 2,   /* a digest of it is known for this path */
	WD_MATCH_DIGEST = 4,  /* a file of the package has the same contents */
	WD_MATCH_BUILD = 8,   /* or the same build-id */
	WD_MATCH_DIFFERS = 16 /* PATH and KNOWN, and the contents are others */
};

struct wd_match {
	wd_node_id node;
	uint32_t package; /* in the answer's packages */
	uint8_t flags;
};

struct wd_ref_package {
	uint32_t ref, source, id;	      /* which index has it, and where */
	uint32_t candidate;		      /* index into candidates */
	uint32_t name, version, arch, origin; /* in strings */
	uint32_t files, core;		      /* as learnt */
	uint32_t matched, matched_core;	      /* of these: paths that are there */
	uint32_t agree, differ;		      /* files whose contents were compared */
	double share;			      /* how much of it is there: 0 to 1 */
};

/* A learnt distribution, of one kind of package. */
struct wd_candidate {
	uint32_t os, version, purl; /* in strings */
	uint64_t paths;		    /* files whose paths it has */
	uint64_t only;		    /* of these, whose paths no other candidate has */
	uint64_t agree, differ;	    /* files whose contents (or build-ids) were compared */
	uint64_t proven;	    /* programs whose contents or build-ids it alone has */
	uint64_t disproven;	    /* programs at its paths with other contents */
	uint64_t at;		    /* programs and libraries whose paths it has */
	double score;
	double system; /* programs and libraries that it explains, as far as it does */
	double ahead;  /* files that this one explains better than the best candidate does, */
	double behind; /* and that the best one explains better */
};

struct wd_answer {
	struct wd_strpool strings;
	WD_ARRAY(struct wd_ref_package) packages;
	WD_ARRAY(struct wd_match) matches;	  /* in order of node and package, each once */
	WD_ARRAY(struct wd_candidate) candidates; /* best first */
	uint64_t files;				  /* of the tree: all but directories */
	uint64_t system;	/* of these, programs and libraries (wd_index_is_system()) */
	struct wd_strpool keys; /* of packages; */
	struct wd_contents contents;
};

struct wd_question {
	struct wd_reference *refs;
	size_t nrefs;
	const char *module_dir;
	struct wd_tree *tree; /* scanned; with sizes, where contents are to be compared */
	/*
	 * Files of which contents are compared where an index knows some of their size: by node,
	 * not 0. NULL: none, as it is for an image.
	 */
	const uint8_t *wanted;
	struct wd_catalog *cat; /* its facts give the build-ids; gets the errors */
};

/*
 * Asks the indexes; reads files as needed. One that cannot be read to its end is in the catalog's
 * errors. Call it with no other thread running. 0 or -ENOMEM. Release with wd_answer_done().
 */
int wd_reference_ask(const struct wd_question *q, struct wd_answer *ret);
void wd_answer_done(struct wd_answer *a);

/* Counts and scores, once all matches are there: for wd_reference_ask(). 0 or -ENOMEM. */
int wd_answer_score(const struct wd_question *q, struct wd_answer *a);

/* The matches of a node: *ret_n from the one returned on. */
const struct wd_match *wd_answer_of(const struct wd_answer *a, wd_node_id node, size_t *ret_n);

/*
 * The match of a file that a candidate explains best: contents before paths, then the package that
 * is there most. NULL where it has none.
 */
const struct wd_match *wd_answer_choose(const struct wd_answer *a, wd_node_id node,
					uint32_t candidate);

/* What explains a file as well as the match that was chosen for it. */
struct wd_rivals {
	bool package; /* a package of another name */
	bool version; /* another version of the package */
};

/*
 * Of the same candidate: packages that have the path or the contents as well, and of which as much
 * is there: nearly all of their paths, or contents of as many files.
 */
struct wd_rivals wd_answer_rivals(const struct wd_answer *a, const struct wd_match *chosen);

/* A package of which less is there is not told from chance by its paths. */
#define WD_SHARE_MIN 0.8

/*
 * Whether the best candidate explains at least half of the programs and libraries, or, where these
 * are few, of all files; and is not refuted.
 */
bool wd_answer_fits(const struct wd_answer *a);

/*
 * Whether the best candidate's release is the root's, as far as paths tell, and not only the
 * nearest of those that were learnt: it has nearly all paths of programs and libraries (and of all
 * files, where these are few), or lacks hardly any of the packages that it has of them.
 * Neighbouring releases of Debian have 90 to 95 of 100 paths in common, and of their packages 93 to
 * 97 of 100; a release has 98 of its own system's, and 99 of its packages where nothing was
 * deleted.
 */
bool wd_answer_is_near(const struct wd_answer *a);

/* Whether nearly all programs at its paths are its own, so that its release is told by them. */
bool wd_candidate_is_release(const struct wd_candidate *c);

/*
 * Whether a candidate's release is the root's: by the programs that it alone has, or where there
 * are none, which only the best may lack, by paths. Else it is the nearest that was learnt.
 */
bool wd_answer_tells_release(const struct wd_answer *a, const struct wd_candidate *c);

/*
 * How sure it is that the best candidate is where the files are from. Texts are alike in many
 * distributions, and so are paths, so that more than `weak` takes programs that it alone has:
 * `strong` two, with nine of ten of those compared alike, and four times what any other candidate
 * has; `certain` ten, with all alike, and ten times what any other has. A neighbouring release that
 * nobody has learnt has many packages unchanged.
 */
enum wd_answer_confidence {
	WD_ANSWER_NONE,
	WD_ANSWER_WEAK,
	WD_ANSWER_STRONG,
	WD_ANSWER_CERTAIN,
};
enum wd_answer_confidence wd_answer_confidence(const struct wd_answer *a);
/* "weak", "strong", … */
const char *wd_answer_confidence_name(enum wd_answer_confidence confidence);

#endif
