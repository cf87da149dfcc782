/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The catalog: what all package databases of one root filesystem say, as they say it. Paths are
 * not resolved here and ownership is not decided here.
 *
 * Everything placed in the catalog lives in its pools and dies with it.
 */
#ifndef WD_PKGDB_CATALOG_H
#define WD_PKGDB_CATALOG_H

#include "base/buf.h"
#include "base/pool.h"
#include "pkgdb/backend.h"

struct wd_descriptor;

struct wd_cat_package {
	uint32_t field[WD_PACKAGE_FIELD_COUNT]; /* in catalog->strings */
	uint64_t size;
	uint64_t epoch;
	uint32_t flags;
	uint32_t db;	/* index into catalog->dbs */
	uint32_t claim; /* first claim in the database's list; they are consecutive */
	uint32_t nclaims;
	uint32_t distro; /* set by provenance: index into its list of distros */
};

struct wd_cat_claim {
	uint32_t package; /* index into catalog->packages */
	uint32_t dir;	  /* in db->dirs */
	uint32_t name;	  /* in db->bytes */
	uint32_t target;  /* in db->bytes, target_len bytes */
	uint32_t recorded;
	uint32_t digest; /* in db->bytes, digest_len bytes; detail_len bytes of detail follow */
	uint32_t node;	 /* set by provenance: the node of the path in the tree */
	uint16_t name_len;
	uint16_t target_len;
	uint16_t recorded_len;
	uint16_t detail_len;
	uint16_t mode;
	uint16_t flags;
	uint8_t digest_algo;
	uint8_t digest_len;
	uint64_t size;
};

struct wd_cat_alias {
	uint32_t path; /* in db->bytes */
	uint32_t target;
	uint16_t path_len;
	uint16_t target_len;
};

/* What a file says of itself; see WD_FACTS. */
struct wd_fact {
	uint32_t value; /* in catalog->strings */
	enum wd_fact_kind kind;
};

/* A file that was examined. */
struct wd_examined {
	uint32_t node; /* of the tree */
	uint32_t fact; /* first fact in the list; they are consecutive */
	uint32_t nfacts;
	int status; /* of examine(): WD_ECORRUPT where it is not what its magic says */
};

struct wd_db {
	const struct wd_descriptor *backend;
	char *path;	  /* canonical, relative to the root */
	uint32_t format;  /* in catalog->strings */
	uint32_t fences;  /* WD_FENCE_* flags that held in its worker */
	bool complete;	  /* read to its end without an error */
	bool derived;	  /* no database: see wd_catalog_derive() */
	bool has_trees;	  /* some claims are for whole trees */
	uint32_t package; /* first package in catalog->packages (after wd_catalog_finish()) */
	uint32_t npackages;
	struct wd_strpool dirs;
	struct wd_pool bytes;
	WD_ARRAY(struct wd_cat_package) packages; /* moved away by wd_catalog_finish() */
	WD_ARRAY(struct wd_cat_claim) claims;
	WD_ARRAY(struct wd_cat_alias) aliases;
	WD_ARRAY(struct wd_fact) facts; /* moved away by wd_catalog_take_facts() */
	WD_ARRAY(struct wd_examined) examined;
	/* set by provenance: how many claims have their nodes, and the node of each directory */
	size_t nresolved;
	WD_ARRAY(uint32_t) dir_nodes;
};

struct wd_cat_error {
	char *path;    /* relative to the root; the catalog's */
	char *message; /* what is wrong; the catalog's */
	int status;
};

struct wd_catalog {
	struct wd_strpool strings;
	WD_ARRAY(struct wd_db *) dbs;
	WD_ARRAY(struct wd_cat_package) packages;
	/* databases and their packages, after wd_catalog_finish(); derived ones stand behind */
	size_t ndatabases;
	size_t nrecorded;
	WD_ARRAY(struct wd_cat_error) errors;
	bool errors_lost;  /* see wd_catalog_error() */
	uint64_t received; /* bytes of records, from all workers */
	WD_ARRAY(struct wd_fact) facts;
	WD_ARRAY(struct wd_examined) examined; /* in order of node */
	uint32_t unfenced;		       /* WD_FENCE_* flags that some worker was without */
	uint32_t examine_fences; /* WD_FENCE_* flags that held in all workers that examined files */
};

void wd_catalog_done(struct wd_catalog *cat);

/*
 * A new database with a copy of the path; the backend is borrowed. NULL out of memory. It is the
 * caller's until it stands in cat->dbs.
 */
struct wd_db *wd_db_new(const struct wd_descriptor *backend, const char *path);
void wd_db_free(struct wd_db *db);

/* Gathers the packages of all databases into cat->packages. 0, -ENOMEM or WD_ELIMIT. */
int wd_catalog_finish(struct wd_catalog *cat);

/*
 * After wd_catalog_finish(): adds a package that no database records and a file or a reference
 * index names. It stands behind the packages of databases (cat->nrecorded), in a database of its
 * own kind with `derived` set and no path, which is made for `source` (borrowed; name and purl
 * type) where there is none, and is none of the rootfs' databases. Of *pkg the fields (in
 * cat->strings), size, flags and distro are taken. 0, -ENOMEM or WD_ELIMIT.
 */
int wd_catalog_derive(struct wd_catalog *cat, const struct wd_descriptor *source,
		      const struct wd_cat_package *pkg, uint32_t *ret_package);

/* Moves what a worker found in files into the catalog. 0 or -ENOMEM. */
int wd_catalog_take_facts(struct wd_catalog *cat, struct wd_db *db);

/* The facts about a node, or NULL where it was not examined. */
const struct wd_examined *wd_catalog_examined(const struct wd_catalog *cat, uint32_t node);

/*
 * Adds an error; `fmt` NULL takes the status's own text, `path` is NULL where there was no memory for
 * it. Out of memory the error is lost, and errors_lost set: the result may not pass for complete.
 */
void wd_catalog_error(struct wd_catalog *cat, const char *path, int status, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static inline struct wd_blob wd_package_field(const struct wd_catalog *cat,
					      const struct wd_cat_package *pkg,
					      enum wd_package_field f)
{
	return wd_strpool_get(&cat->strings, pkg->field[f]);
}

static inline struct wd_blob wd_claim_name(const struct wd_db *db, const struct wd_cat_claim *c)
{
	/* a database of nothing but directories has no bytes */
	return c->name_len ? wd_blob(wd_pool_at(&db->bytes, c->name), c->name_len) : WD_BLOB("");
}

static inline struct wd_blob wd_claim_dir(const struct wd_db *db, const struct wd_cat_claim *c)
{
	return wd_strpool_get(&db->dirs, c->dir);
}

/* The path as the database spells it: what was diverted from, where it was. Appended to buf. */
void wd_claim_db_path(const struct wd_db *db, const struct wd_cat_claim *c, struct wd_buf *buf);

/* Whether a claim can make its package an owner: not where rpm says it was never installed. */
static inline bool wd_claim_is_effective(const struct wd_cat_claim *c)
{
	return !(c->flags & (WD_CLAIM_NOTINSTALLED | WD_CLAIM_REPLACED | WD_CLAIM_WRONGCOLOR));
}

#endif
