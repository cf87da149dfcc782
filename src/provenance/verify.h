/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files against what the databases record of them, as rpm -V and debsums do for theirs. What is
 * compared, and when, follows rpm's lib/verify.c: of links the target and not the mode; size,
 * digest, time and capabilities of regular files only; of ghosts nothing of the contents; what a
 * package asks not to be verified is not.
 */
#ifndef WD_PROVENANCE_VERIFY_H
#define WD_PROVENANCE_VERIFY_H

#include "provenance/accounts.h"
#include "provenance/subject.h"
#include "rootfs/contents.h"

/* difference, word in reports, letter of `rpm -V` */
#define WD_DIFFERENCES(X)                                                                          \
	X(SIZE, "size", 'S')                                                                       \
	X(MODE, "mode", 'M')                                                                       \
	X(DIGEST, "digest", '5')                                                                   \
	X(DEVICE, "device", 'D')                                                                   \
	X(LINK, "link", 'L')                                                                       \
	X(USER, "user", 'U')                                                                       \
	X(GROUP, "group", 'G')                                                                     \
	X(MTIME, "mtime", 'T')                                                                     \
	X(CAPS, "caps", 'P')                                                                       \
	X(TYPE, "type", 'M')

enum wd_difference_bit {
#define X(id, word, letter) WD_DIFFERENCE_BIT_##id,
	WD_DIFFERENCES(X)
#undef X
		WD_DIFFERENCE_COUNT
};
enum wd_difference {
#define X(id, word, letter) WD_DIFFERS_##id = 1 << WD_DIFFERENCE_BIT_##id,
	WD_DIFFERENCES(X)
#undef X
};

/*
 *	SAME		nothing differs
 *	MODIFIED	something does
 *	REPLACED	the contents are those that another package records for the same path
 *	MISSING		recorded as installed, and not there
 *	UNREADABLE	there, and could not be looked at or read
 *	EXTRA		not recorded, in a directory that one package owns alone
 *	UNRECORDED	a package: the digests of its files are not recorded, or not of all, or it is
 *			not even recorded which files are its own
 */
#define WD_FINDINGS(X)                                                                             \
	X(SAME, "same")                                                                            \
	X(MODIFIED, "modified")                                                                    \
	X(REPLACED, "replaced")                                                                    \
	X(MISSING, "missing")                                                                      \
	X(UNREADABLE, "unreadable")                                                                \
	X(EXTRA, "extra")                                                                          \
	X(UNRECORDED, "unrecorded")

enum wd_finding_kind {
#define X(id, word) WD_FINDING_##id,
	WD_FINDINGS(X)
#undef X
		WD_FINDING_COUNT
};
const char *wd_finding_name(enum wd_finding_kind kind);

struct wd_finding {
	enum wd_finding_kind kind;
	uint32_t differs;  /* WD_DIFFERS_* */
	uint32_t unknown;  /* of these, what could not be compared though it is recorded */
	uint32_t replacer; /* REPLACED: the other package */
	int status;	   /* UNREADABLE: a negated errno */
};

/* Of a package: its files with contents that were compared, and those of them with a digest. */
struct wd_recorded {
	uint32_t files, digests;
};

struct wd_verify {
	const struct wd_subject *s;
	struct wd_contents contents;
	uint32_t *content_of; /* of node n: 1 + its index in the list */
	size_t nnodes;
	WD_ARRAY(char *) texts;
	uint64_t uncomparable[WD_HASH_ALGOS]; /* paths with a digest that cannot be computed here */
	struct wd_accounts users, groups;
	uint64_t counts[WD_FINDING_COUNT]; /* by the functions below that look for a finding */
	struct wd_recorded *recorded;	   /* of each package: by wd_verify_claim() */
	uint32_t *holder; /* of node n: the package that alone records it, or WD_PACKAGE_NONE */
	/* packages whose digest is that of the node which was asked about before */
	wd_node_id replaced;
	uint32_t replacers[2];
};

/*
 * Looks at every claimed file of a subject with owners, digests and attributes, and reads those of
 * which digests are recorded. `ops` as for wd_contents_read(); algorithms that it lacks are not
 * compared. 0 or -ENOMEM. Release with wd_verify_done() in every case.
 */
int wd_verify_read(const struct wd_subject *s, const struct wd_hash_ops *ops,
		   void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx,
		   struct wd_verify *ret);
void wd_verify_done(struct wd_verify *v);

/*
 * One claim against its node. What differs is appended to `expected` and `found`, as words
 * "size=10" in the order of the letters.
 */
void wd_verify_claim(struct wd_verify *v, wd_node_id node, const struct wd_owner *owner,
		     struct wd_finding *ret, struct wd_buf *expected, struct wd_buf *found);

/* What was computed of a node's contents; the null blob where that was not asked or failed. */
struct wd_blob wd_verify_digest(const struct wd_verify *v, wd_node_id node, unsigned algo);

/*
 * Adds what could not be looked at or read, or compared for want of an algorithm, to the errors of
 * its subject, `s`: that makes a result incomplete.
 */
void wd_verify_errors(const struct wd_verify *v, struct wd_subject *s);

/*
 * Whether an unowned node is extra; *ret_package is whose directory it is in.
 */
bool wd_verify_extra(struct wd_verify *v, wd_node_id node, uint32_t *ret_package);

/*
 * Whether a package is unrecorded, after wd_verify_claim() of all that it owns; what is recorded is
 * appended to `found`, as words.
 */
bool wd_verify_unrecorded(struct wd_verify *v, uint32_t package, struct wd_buf *found);

#endif
