/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A set of paths: entries in order, and an open-addressed table of them at most half full. */
#include "dpkg-internal.h"

#include <sys/auxv.h>

#define SLOTS_MIN 64u

/* The kernel's gift to this process: a database cannot be made to collide on purpose. */
static uint64_t random_seed(void)
{
	const void *random = (const void *)getauxval(AT_RANDOM); // NOLINT
	uint64_t seed = 0x9e3779b97f4a7c15u;

	if (random)
		memcpy(&seed, random, sizeof(seed));
	return seed;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint32_t hash_path(uint64_t seed, struct wd_blob path)
{
	uint64_t h = seed ^ path.len, word;

	for (; path.len >= sizeof(word); path = wd_blob_skip(path, sizeof(word))) {
		memcpy(&word, path.ptr, sizeof(word));
		h = mix(h ^ word, 0xa0761d6478bd642fu ^ seed);
	}
	word = 0;
	if (path.len)
		memcpy(&word, path.ptr, path.len);
	h = mix(h ^ word, 0xe7037ed1a0b428dbu ^ seed);
	return (uint32_t)(h ^ h >> 32);
}

void wd_dpkg_paths_done(struct wd_dpkg_paths *p)
{
	free(p->entry);
	free(p->slot);
	*p = (struct wd_dpkg_paths){0};
}

/* The slot of a path: its own, or the free one where it belongs. */
static uint32_t *find_slot(const struct wd_dpkg_paths *p, uint32_t hash, struct wd_blob path)
{
	for (size_t i = hash & (p->slots - 1);; i = (i + 1) & (p->slots - 1)) {
		const struct wd_dpkg_path *e;

		if (p->slot[i] == 0)
			return &p->slot[i];
		e = &p->entry[p->slot[i] - 1];
		if (e->hash == hash && wd_blob_equal(e->path, path))
			return &p->slot[i];
	}
}

static int resize(struct wd_dpkg_paths *p, size_t slots)
{
	if (slots > p->slots_cap) {
		uint32_t *slot = reallocarray(p->slot, slots, sizeof(*slot));

		if (!slot)
			return -ENOMEM;
		p->slot = slot;
		p->slots_cap = slots;
	}
	p->slots = slots;
	memset(p->slot, 0, slots * sizeof(*p->slot));
	for (size_t i = 0; i < p->count; i++)
		*find_slot(p, p->entry[i].hash, p->entry[i].path) = (uint32_t)i + 1;
	return 0;
}

int wd_dpkg_paths_reset(struct wd_dpkg_paths *p, size_t expected)
{
	size_t slots = SLOTS_MIN;

	if (!p->slot)
		p->seed = random_seed();
	while (slots < expected * 2 && slots < WD_DPKG_PATHS_MAX)
		slots *= 2;
	p->count = 0;
	return resize(p, slots);
}

ptrdiff_t wd_dpkg_paths_find(const struct wd_dpkg_paths *p, struct wd_blob path)
{
	if (p->count == 0)
		return -1;
	return (ptrdiff_t)*find_slot(p, hash_path(p->seed, path), path) - 1;
}

ptrdiff_t wd_dpkg_paths_match(const struct wd_dpkg_paths *p, const struct wd_dpkg_path *key)
{
	if (p->count == 0)
		return -1;
	return (ptrdiff_t)*find_slot(p, key->hash, key->path) - 1;
}

static int reserve(struct wd_dpkg_paths *p)
{
	size_t cap = p->cap ? p->cap * 2 : 256;
	struct wd_dpkg_path *entry;

	if (p->count == WD_DPKG_PATHS_MAX)
		return WD_ELIMIT;
	if (p->count < p->cap)
		return 0;
	entry = reallocarray(p->entry, cap, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	p->entry = entry;
	p->cap = cap;
	return 0;
}

ptrdiff_t wd_dpkg_paths_add(struct wd_dpkg_paths *p, struct wd_blob path)
{
	uint32_t hash = hash_path(p->seed, path);
	uint32_t *slot = find_slot(p, hash, path);
	ptrdiff_t slash;
	int r;

	if (*slot)
		return (ptrdiff_t)*slot - 1;
	r = reserve(p);
	if (r < 0)
		return r;
	slash = wd_blob_rchr(path, '/');
	p->entry[p->count] = (struct wd_dpkg_path){
		.path = path, .hash = hash, .dirlen = slash < 0 ? 0 : (uint32_t)slash};
	*slot = (uint32_t)++p->count;
	if (p->count * 2 > p->slots) {
		r = resize(p, p->slots * 2);
		if (r < 0)
			return r;
	}
	return (ptrdiff_t)p->count - 1;
}

struct wd_blob wd_dpkg_path_clean(struct wd_blob path)
{
	while (path.len &&
	       (path.ptr[0] == '/' || (path.len > 1 && path.ptr[0] == '.' && path.ptr[1] == '/')))
		path = wd_blob_skip(path, 1);
	while (path.len && path.ptr[path.len - 1] == '/')
		path.len--;
	if (wd_blob_is(path, "."))
		path.len = 0;
	return path;
}

const char *wd_dpkg_path_fault(struct wd_blob path)
{
	struct wd_blob rest = path, component;

	if (memchr(path.ptr, '\0', path.len))
		return "NUL byte in a path";
	/* most paths hold no ".." at all */
	if (!memmem(path.ptr, path.len, "..", 2))
		return NULL;
	while (wd_blob_token(&rest, '/', &component)) {
		if (wd_blob_is(component, ".."))
			return "path with a \"..\" component";
	}
	return NULL;
}
