/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nix' database of valid store paths, read whole. */
#ifndef WD_NIX_DB_H
#define WD_NIX_DB_H

#include "base/array.h"
#include "base/buf.h"
#include "pkgdb/backend.h"

struct wd_nix_row {
	uint64_t size; /* of the path as an archive (narSize), or WD_SIZE_UNKNOWN */
	/* offsets into the text; each ends with NUL */
	uint32_t name, deriver, signer;
};

struct wd_nix_db {
	bool present;
	struct wd_buf text;
	WD_ARRAY(struct wd_nix_row) rows; /* in byte order of their names, none twice */
};

/*
 * Reads var/nix/db/db.sqlite below the directory of the request. Where there is none, or none that
 * can be read, which is reported, db->present stays false. 0 or a negative status that ends the
 * load. wd_nix_db_done() must follow in either case.
 */
int wd_nix_db_read(struct wd_nix_db *db, const struct wd_request *req, struct wd_sink *sink);
void wd_nix_db_done(struct wd_nix_db *db);

/* HASH-NAME: the last component of the path */
static inline struct wd_blob wd_nix_db_name(const struct wd_nix_db *db,
					    const struct wd_nix_row *row)
{
	return wd_blob_str(db->text.ptr + row->name);
}

/* The name of the derivation that built it, without hash and suffix; empty where not recorded. */
static inline struct wd_blob wd_nix_db_deriver(const struct wd_nix_db *db,
					       const struct wd_nix_row *row)
{
	return wd_blob_str(db->text.ptr + row->deriver);
}

/* The name of the key of its first signature; empty where there is none. */
static inline struct wd_blob wd_nix_db_signer(const struct wd_nix_db *db,
					      const struct wd_nix_row *row)
{
	return wd_blob_str(db->text.ptr + row->signer);
}

/* Whether a name is HASH-NAME as in a store. */
bool wd_nix_is_store_name(struct wd_blob name);

/* "SQLite VERSION", for wd_backend.libraries */
void wd_nix_db_libraries(char *buf, size_t size);

#endif
