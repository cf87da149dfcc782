/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ownership map: claims of all databases met with the nodes of the tree, and what nobody
 * claims attributed by the rules of data/generated.tsv.
 */
#ifndef WD_PROVENANCE_OWNERS_H
#define WD_PROVENANCE_OWNERS_H

#include "pkgdb/catalog.h"
#include "rootfs/tree.h"

/* How a file is known to be a package's; the words are those of map rows. */
#define WD_BASES(X)                                                                                \
	X(NONE, "none")                                                                            \
	X(DATABASE, "database")                                                                    \
	X(GENERATED, "generated")                                                                  \
	X(INFERRED, "inferred")                                                                    \
	X(REFERENCE, "reference")                                                                  \
	X(ELF, "elf")

enum wd_basis {
#define X(id, name) WD_BASIS_##id,
	WD_BASES(X)
#undef X
		WD_BASIS_COUNT
};
const char *wd_basis_name(enum wd_basis basis);

#define WD_PACKAGE_NONE UINT32_MAX

struct wd_claim_ref {
	uint32_t db;
	uint32_t claim;
};

/* Why an unclaimed node has an owner: a package, or whatever owns another node. */
struct wd_attribution {
	uint32_t package; /* WD_PACKAGE_NONE: see via */
	wd_node_id via;
	uint8_t basis; /* enum wd_basis */
};

struct wd_owners {
	struct wd_catalog *cat;
	struct wd_tree *tree;
	uint32_t *start; /* claims of node n: refs[start[n]] to refs[start[n + 1]] */
	struct wd_claim_ref *refs;
	bool *claimed;	    /* node n: whether one of them makes an owner; see wd_owners_mark() */
	uint32_t *tree_ref; /* of node n: 1 + the ref of the whole tree that it is in; NULL: none */
	size_t nnodes;	    /* nodes that `start` covers: those of the tree when it was built */
	WD_ARRAY(struct wd_attribution) attributions;
	uint32_t *attribution; /* of node n: 1 + index into attributions; 0: none */
	size_t nattribution;   /* nodes that `attribution` covers: it grows with the tree */
};

/* One owner of a node. */
struct wd_owner {
	uint32_t package; /* in catalog->packages */
	enum wd_basis basis;
	const struct wd_db *db;		  /* the database of the claim; */
	const struct wd_cat_claim *claim; /* NULL where the owner was attributed */
};
struct wd_owner_list {
	WD_ARRAY(struct wd_owner) list;
};

/*
 * Resolves on the tree what has come of a database since the last call, so that it can be done
 * while the rest is still being read. `names` as below. 0 or -ENOMEM.
 */
int wd_owners_resolve(struct wd_db *db, struct wd_tree *tree, const struct wd_blob *names,
		      size_t nnames);

/*
 * Resolves the claims of the catalog on the tree. What is claimed and not there becomes a ghost.
 * Where `names` is not NULL, only claims whose last component is one of its `nnames`: enough to
 * answer for paths that end so, since a last component is never followed.
 * 0 or -ENOMEM. Release with wd_owners_done(). The catalog and the tree are borrowed, and the
 * catalog's claims get their nodes.
 */
int wd_owners_build(struct wd_catalog *cat, struct wd_tree *tree, const struct wd_blob *names,
		    size_t nnames, struct wd_owners *ret);
void wd_owners_done(struct wd_owners *o);

/* Looks again which nodes have a claim that makes an owner: for who has changed flags of claims. */
void wd_owners_mark(struct wd_owners *o);

/*
 * The owners of a node, those from databases in order of database and package, each package once.
 * Claims that make no owner (see wd_claim_is_effective()) are left out unless `all`.
 * `list` is emptied first. 0 or -ENOMEM.
 */
int wd_owners_get(const struct wd_owners *o, wd_node_id node, bool all, struct wd_owner_list *list);

/* What the node is owned by, in one word. */
enum wd_basis wd_owners_basis(const struct wd_owners *o, wd_node_id node);

/* Attributes an unowned node. No-op where it has an owner. 0 or -ENOMEM. */
int wd_owners_attribute(struct wd_owners *o, wd_node_id node, struct wd_attribution a);

/* The same in place of an attribution that the node has: something better is known. */
int wd_owners_reattribute(struct wd_owners *o, wd_node_id node, struct wd_attribution a);

#endif
