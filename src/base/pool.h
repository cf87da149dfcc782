/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Byte storage by 32-bit reference. Nothing moves and nothing is freed before the whole pool, so
 * pointers into it stay valid while other threads append under a lock of their own.
 *
 * A string pool interns on top of it: equal strings get equal ids, id 0 is the empty string.
 */
#ifndef WD_BASE_POOL_H
#define WD_BASE_POOL_H

#include "base/array.h"
#include "base/blob.h"

#define WD_POOL_CHUNK_BITS 18
#define WD_POOL_CHUNK (1u << WD_POOL_CHUNK_BITS)

struct wd_pool {
	WD_ARRAY(char *) chunks;
	uint32_t used; /* bytes used of the last chunk */
	uint32_t gone; /* chunks at the front that were forgotten */
};

void wd_pool_done(struct wd_pool *p);

/*
 * Copies the bytes; *ret_ref names them. Returns 0, -ENOMEM, or WD_ELIMIT where the bytes are
 * longer than a chunk or the pool is full (4 GiB).
 */
int wd_pool_add(struct wd_pool *p, struct wd_blob bytes, uint32_t *ret_ref);

/*
 * Releases, in whole chunks, what was added before `ref`; that may not be asked for any more.
 */
void wd_pool_forget(struct wd_pool *p, uint32_t ref);

static inline const char *wd_pool_at(const struct wd_pool *p, uint32_t ref)
{
	return p->chunks.v[ref >> WD_POOL_CHUNK_BITS] + (ref & (WD_POOL_CHUNK - 1));
}

/*
 * Hash of a string for tables. It is keyed with random bytes of this process, so that names in a
 * rootfs cannot be made to collide; nothing that is output may depend on it.
 */
uint32_t wd_hash(struct wd_blob bytes, uint32_t seed);

struct wd_strpool {
	struct wd_pool bytes;
	WD_ARRAY(struct wd_strpool_entry {
		const char *ptr;
		uint32_t len;
		uint32_t hash;
	}) entries;
	uint32_t *slots; /* ids, 0 = free; power of two */
	uint32_t nslots;
};

void wd_strpool_done(struct wd_strpool *p);

/* The id of a string, added where it is new. 0, -ENOMEM or WD_ELIMIT. */
int wd_strpool_intern(struct wd_strpool *p, struct wd_blob s, uint32_t *ret_id);

/* The id of a string, or 0 where it was never added (or is empty). */
uint32_t wd_strpool_find(const struct wd_strpool *p, struct wd_blob s);

/* The string of an id that this pool gave out; borrowed from the pool. */
static inline struct wd_blob wd_strpool_get(const struct wd_strpool *p, uint32_t id)
{
	if (id == 0)
		return WD_BLOB("");
	return wd_blob(p->entries.v[id - 1].ptr, p->entries.v[id - 1].len);
}

#endif
