/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/pool.h"

#include "base/status.h"

#include <string.h>
#include <sys/random.h>
#include <unistd.h>

void wd_pool_done(struct wd_pool *p)
{
	for (size_t i = 0; i < p->chunks.n; i++)
		free(p->chunks.v[i]);
	wd_array_done(&p->chunks);
	p->used = p->gone = 0;
}

void wd_pool_forget(struct wd_pool *p, uint32_t ref)
{
	for (; p->gone < ref >> WD_POOL_CHUNK_BITS; p->gone++) {
		free(p->chunks.v[p->gone]);
		p->chunks.v[p->gone] = NULL;
	}
}

static int add_chunk(struct wd_pool *p)
{
	char *chunk;

	if (p->chunks.n >= UINT32_MAX >> WD_POOL_CHUNK_BITS)
		return WD_ELIMIT;
	chunk = malloc(WD_POOL_CHUNK);
	if (!chunk)
		return -ENOMEM;
	if (wd_array_push(&p->chunks, chunk) < 0) {
		free(chunk);
		return -ENOMEM;
	}
	p->used = 0;
	return 0;
}

int wd_pool_add(struct wd_pool *p, struct wd_blob bytes, uint32_t *ret_ref)
{
	if (bytes.len > WD_POOL_CHUNK)
		return WD_ELIMIT;
	if (p->chunks.n == 0 || bytes.len > WD_POOL_CHUNK - p->used) {
		int r = add_chunk(p);

		if (r < 0)
			return r;
	}
	*ret_ref = (uint32_t)((p->chunks.n - 1) << WD_POOL_CHUNK_BITS) + p->used;
	if (bytes.len)
		memcpy(p->chunks.v[p->chunks.n - 1] + p->used, bytes.ptr, bytes.len);
	p->used += (uint32_t)bytes.len;
	/* A full chunk must not give out the reference of the next one's first byte. */
	if (p->used == WD_POOL_CHUNK)
		return add_chunk(p);
	return 0;
}

static uint64_t hash_key[2];

/* Both halves of a 64 by 64 bit product, folded: what follows depends on every bit of both. */
static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 p = (unsigned __int128)a * b;

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

static void make_key(void)
{
	if (getrandom(hash_key, sizeof(hash_key), GRND_NONBLOCK) != sizeof(hash_key))
		hash_key[0] = (uint64_t)(uintptr_t)&hash_key ^ (uint64_t)getpid() << 32;
	hash_key[0] |= 1;
	hash_key[1] |= 1;
}

uint32_t wd_hash(struct wd_blob bytes, uint32_t seed)
{
	uint64_t h, w;
	size_t i = 0;

	if (hash_key[0] == 0)
		make_key();
	h = hash_key[1] ^ ((uint64_t)bytes.len << 32 | seed);
	for (; i + 8 <= bytes.len; i += 8) {
		memcpy(&w, bytes.ptr + i, 8);
		h = fold(h ^ w, hash_key[0] ^ h << 1);
	}
	w = 0;
	if (i < bytes.len)
		memcpy(&w, bytes.ptr + i, bytes.len - i);
	h = fold(h ^ w, hash_key[0]);
	return (uint32_t)(h ^ h >> 32);
}

void wd_strpool_done(struct wd_strpool *p)
{
	wd_pool_done(&p->bytes);
	wd_array_done(&p->entries);
	free(p->slots);
	*p = (struct wd_strpool){0};
}

/* The slot of the string, or the free slot where it would go. */
static uint32_t find_slot(const struct wd_strpool *p, struct wd_blob s, uint32_t hash)
{
	uint32_t i = hash & (p->nslots - 1);

	for (; p->slots[i]; i = (i + 1) & (p->nslots - 1)) {
		const struct wd_strpool_entry *e = &p->entries.v[p->slots[i] - 1];

		if (e->hash == hash && wd_blob_equal(wd_blob(e->ptr, e->len), s))
			break;
	}
	return i;
}

static int grow_slots(struct wd_strpool *p)
{
	uint32_t n = p->nslots ? p->nslots * 2 : 256;
	uint32_t *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t id = 1; id <= p->entries.n; id++) {
		uint32_t i = p->entries.v[id - 1].hash & (n - 1);

		while (slots[i])
			i = (i + 1) & (n - 1);
		slots[i] = id;
	}
	free(p->slots);
	p->slots = slots;
	p->nslots = n;
	return 0;
}

int wd_strpool_intern(struct wd_strpool *p, struct wd_blob s, uint32_t *ret_id)
{
	struct wd_strpool_entry e = {.len = (uint32_t)s.len, .hash = wd_hash(s, 0)};
	uint32_t slot, ref;
	int r = 0;

	if (s.len == 0) {
		*ret_id = 0;
		return 0;
	}
	if (p->entries.n * 2 >= p->nslots)
		r = grow_slots(p);
	if (r < 0)
		return r;
	slot = find_slot(p, s, e.hash);
	if (p->slots[slot] == 0) {
		r = wd_pool_add(&p->bytes, s, &ref);
		if (r < 0)
			return r;
		e.ptr = wd_pool_at(&p->bytes, ref);
		r = wd_array_push(&p->entries, e);
		if (r < 0)
			return r;
		p->slots[slot] = (uint32_t)p->entries.n;
	}
	*ret_id = p->slots[slot];
	return 0;
}

uint32_t wd_strpool_find(const struct wd_strpool *p, struct wd_blob s)
{
	if (s.len == 0 || p->nslots == 0)
		return 0;
	return p->slots[find_slot(p, s, wd_hash(s, 0))];
}
