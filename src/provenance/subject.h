/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One root filesystem under inspection: everything that is known of it, and how to get there. */
#ifndef WD_PROVENANCE_SUBJECT_H
#define WD_PROVENANCE_SUBJECT_H

#include "pkgdb/examine.h"
#include "pkgdb/container.h"
#include "pkgdb/load.h"
#include "provenance/attribute.h"
#include "provenance/reference.h"
#include "provenance/signals.h"
#include "provenance/verdict.h"

/* Which files are looked into for evidence of where they are from. */
enum wd_subject_evidence {
	WD_EVIDENCE_NONE,
	WD_EVIDENCE_UNOWNED, /* those that nobody owns */
	WD_EVIDENCE_ALL,
};

struct wd_subject_options {
	const struct wd_descriptors *backends;
	const char *data_dir;
	struct wd_choice choice; /* of images: which one is meant, */
	uint64_t max_bytes;	 /* what it may decompress to; 0: WD_MAX_BYTES, */
	bool deleted;		 /* and whether what layers took away is shown in its place */
	bool scan;		 /* read the whole tree: needed to list or count files */
	bool stat;		 /* sizes and modes of all files */
	bool digests;		 /* ask the databases for digests */
	bool attributes;	 /* and for owners, times and capabilities of files */
	uint32_t contents;	 /* digests that may be asked of files; see base/hash.h */
	bool cross;		 /* enter other filesystems */
	bool owners;		 /* meet the claims with the tree */
	bool attribute;		 /* and attribute what nobody claims */
	bool plain;		 /* only the databases that stand at fixed places */
	/* also text files and layout; with the lineages. Needs scan and owners */
	enum wd_subject_evidence evidence;
	bool later;		/* evidence is for wd_subject_gather() to gather */
	const char *module_dir; /* where the modules of indexes and images are */
	/* with evidence and attribute: indexes to ask */
	struct wd_reference *references;
	size_t nreferences;
	/* Called about ten times a second during long work, where not NULL. */
	void (*progress)(void *ctx, const char *phase, unsigned entries);
	void *progress_ctx;
};

struct wd_subject {
	const char *name; /* as the user gave it; borrowed */
	struct wd_subject_options options;
	struct wd_root root;
	struct wd_container *container; /* where it is an image; or NULL */
	const struct wd_image *image;	/* the container's that is shown; or NULL */
	struct wd_subject *gone; /* what layers took away, once evidence is gathered; or NULL */
	struct wd_tree *tree;	 /* its own, or the image's */
	struct wd_catalog cat;
	struct wd_os_release os;
	struct wd_owners owners;
	struct wd_distros distros;
	struct wd_examine *examine; /* at work */
	bool examining;		    /* it has its files */
	struct wd_signals signals;
	bool has_signals; /* they were read */
	struct wd_evidence_list evidence;
	struct wd_libc libc;
	struct wd_lineages lineages;
	struct wd_answer answer; /* of the reference indexes */
	char *data_error; /* which data table is broken, and where; or what is wrong with an image
			   */
};

/*
 * Opens a root filesystem and does the work that is asked for, and the distro of every package.
 * Everything in the rootfs that could not be read is in subject->cat.errors.
 * 0, or a negative status for no result at all: -ENOENT, -ENOTDIR, -EACCES, -ENOMEM; for a broken
 * data table also data_error. Release with wd_subject_done() in every case.
 */
int wd_subject_open(struct wd_subject *s, const char *path,
		    const struct wd_subject_options *options);
void wd_subject_done(struct wd_subject *s);

/*
 * What the files say of themselves; and with it, whose they are. Once, for a subject that was
 * opened with `later`. 0 or as above.
 */
int wd_subject_gather(struct wd_subject *s);

/*
 * Before what was read passes for a result: 0, or -ENOMEM where something of it, or an error, was
 * lost out of memory since wd_subject_open().
 */
int wd_subject_whole(const struct wd_subject *s);

/* For wd_subject_open(): all that comes when root and tree are there. As above. */
int wd_subject_read(struct wd_subject *s);

/*
 * Looks for databases among what the layers of an image took away: s->gone, where there are any
 * such files. 0 or as above.
 */
int wd_subject_open_gone(struct wd_subject *s);

/* For wd_subject_open(): opens the root filesystem of an image. As above. */
int wd_subject_open_image(struct wd_subject *s, const char *path);

/*
 * Puts into the catalog what the files `nodes` (ascending) of an image said of themselves when it
 * was read. 0 or -ENOMEM.
 */
int wd_subject_image_facts(struct wd_subject *s, const wd_node_id *nodes, size_t n);

/*
 * The WD_FENCE_* flags that held in all workers which read anything of the subject; where there
 * were none, those that would have.
 */
uint32_t wd_subject_fences(const struct wd_subject *s);

/* Style, counts and the verdict. 0 or as above. Needs evidence and attribute; call it once. */
int wd_subject_judge(struct wd_subject *s, struct wd_verdict *ret);

/*
 * The ownership map for paths that end in one of `names`, for a subject opened without `owners`:
 * all that a look-up needs while the answer is in a database. Replaces the map before.
 * 0 or -ENOMEM.
 */
int wd_subject_own_names(struct wd_subject *s, const struct wd_blob *names, size_t nnames);

/*
 * The distro that a file which nobody owns is of by its own word, an index into the list; 0 where
 * it says nothing or was not looked into.
 */
uint32_t wd_subject_own_word(const struct wd_subject *s, wd_node_id node);

#endif
