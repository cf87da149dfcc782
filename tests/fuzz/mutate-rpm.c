/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changes rpm headers as headers: random bytes die in headerImport(), which checks the index. A
 * blob (rpm's lib/header.c) is two big-endian numbers, of index entries and of data bytes; the
 * entries, of tag, type, offset and count; the data. It is taken apart, one entry is changed, and
 * put together again with offsets and alignment right; now and then a number is spoilt afterwards.
 */
#include "fuzz.h"

#include <rpm/rpmtag.h>

#define ENTRIES_MAX 64
#define INTRO 8
#define ENTRY 16
#define REGION_TAG 63 /* RPMTAG_HEADERIMMUTABLE */
#define REGION_COUNT 16

struct entry {
	uint32_t tag, type, offset, count;
	const uint8_t *data; /* borrowed */
	size_t len;
};

struct header {
	struct entry entries[ENTRIES_MAX];
	size_t n;
	bool region;
	uint8_t *scratch; /* changed data of one entry */
};

static const uint8_t type_sizes[] = {
	[RPM_CHAR_TYPE] = 1,  [RPM_INT8_TYPE] = 1,	   [RPM_INT16_TYPE] = 2,
	[RPM_INT32_TYPE] = 4, [RPM_INT64_TYPE] = 8,	   [RPM_STRING_TYPE] = 0,
	[RPM_BIN_TYPE] = 1,   [RPM_STRING_ARRAY_TYPE] = 0, [RPM_I18NSTRING_TYPE] = 0,
};

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_be32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static uint32_t size_of(uint32_t type)
{
	return type < sizeof(type_sizes) ? type_sizes[type] : 0;
}

/* The bytes that `count` values of a type take at most of what is there. */
static size_t data_len(const struct entry *e, size_t room)
{
	size_t unit = size_of(e->type), len = 0;
	uint32_t strings = 0;

	if (unit)
		return (uint64_t)e->count * unit < room ? (size_t)e->count * unit : room;
	while (len < room && strings < e->count)
		strings += e->data[len++] == '\0';
	return len;
}

static bool take_apart(struct header *h, const uint8_t *data, size_t size)
{
	uint32_t n = size >= INTRO ? be32(data) : 0;
	size_t start = INTRO + (size_t)n * ENTRY;

	if (n == 0 || n > 0xffff || start >= size)
		return false;
	for (uint32_t i = 0; i < n && h->n < ENTRIES_MAX; i++) {
		const uint8_t *at = data + INTRO + (size_t)i * ENTRY;
		struct entry e = {be32(at), be32(at + 4), be32(at + 8), be32(at + 12), NULL, 0};

		h->region |= e.tag == REGION_TAG;
		if (e.tag == REGION_TAG || e.offset >= size - start)
			continue;
		e.data = data + start + e.offset;
		e.len = data_len(&e, size - start - e.offset);
		h->entries[h->n++] = e;
	}
	return h->n > 0;
}

/* Appends one entry's data, aligned to its type. 0 where there is no room. */
static size_t place(uint8_t *out, size_t at, size_t end, struct entry *e)
{
	size_t unit = size_of(e->type), pad = unit > 1 ? (unit - at % unit) % unit : 0;

	if (pad + e->len > end - at)
		return 0;
	memset(out + at, 0, pad);
	memcpy(out + at + pad, e->data, e->len);
	e->offset = (uint32_t)(at + pad);
	return at + pad + e->len;
}

static void put_entry(uint8_t *at, const struct entry *e)
{
	put_be32(at, e->tag);
	put_be32(at + 4, e->type);
	put_be32(at + 8, e->offset);
	put_be32(at + 12, e->count);
}

/* The new size, or 0 where it does not fit. */
static size_t put_together(struct header *h, uint8_t *out, size_t max)
{
	size_t n = h->n + h->region, start = INTRO + n * ENTRY, at = 0;
	struct entry region = {REGION_TAG, RPM_BIN_TYPE, 0, REGION_COUNT, NULL, 0};

	if (start + REGION_COUNT >= max)
		return 0;
	for (size_t i = 0; i < h->n; i++) {
		at = place(out + start, at, max - start - REGION_COUNT, &h->entries[i]);
		if (at == 0)
			return 0;
		put_entry(out + INTRO + (i + h->region) * ENTRY, &h->entries[i]);
	}
	if (h->region) {
		/* the trailer of the region says, negative, how many entries it has */
		region.offset = (uint32_t)at;
		put_entry(out + INTRO, &region);
		region.offset = (uint32_t) - (int32_t)(n * ENTRY);
		put_entry(out + start + at, &region);
		at += REGION_COUNT;
	}
	put_be32(out, (uint32_t)n);
	put_be32(out + 4, (uint32_t)at);
	return start + at;
}

static uint32_t some_tag(uint32_t *seed)
{
	static const uint32_t tags[] = {
		RPMTAG_NAME,	       RPMTAG_VERSION,
		RPMTAG_RELEASE,	       RPMTAG_EPOCH,
		RPMTAG_SIZE,	       RPMTAG_LONGSIZE,
		RPMTAG_VENDOR,	       RPMTAG_PACKAGER,
		RPMTAG_ARCH,	       RPMTAG_SOURCERPM,
		RPMTAG_GROUP,	       RPMTAG_BASENAMES,
		RPMTAG_DIRINDEXES,     RPMTAG_DIRNAMES,
		RPMTAG_FILEFLAGS,      RPMTAG_FILEMODES,
		RPMTAG_FILESTATES,     RPMTAG_FILESIZES,
		RPMTAG_FILELINKTOS,    RPMTAG_FILEDIGESTS,
		RPMTAG_LONGFILESIZES,  RPMTAG_OLDFILENAMES,
		RPMTAG_FILEDIGESTALGO, RPMTAG_FILEUSERNAME,
		RPMTAG_FILEGROUPNAME,  RPMTAG_FILEMTIMES,
		RPMTAG_FILERDEVS,      RPMTAG_FILEVERIFYFLAGS,
		RPMTAG_FILECAPS,
	};

	return tags[fuzz_random(seed, WD_ARRAY_SIZE(tags))];
}

static uint32_t some_number(uint32_t *seed)
{
	static const uint32_t numbers[] = {0,	1,     2,	   3,	       7,
					   255, 65535, 0x7fffffff, 0xffffffff, 0x80000000};

	return numbers[fuzz_random(seed, WD_ARRAY_SIZE(numbers))];
}

/* Bytes changed by libFuzzer; a string keeps its end, an array gets the count of what it holds. */
static void change_data(struct header *h, struct entry *e)
{
	size_t unit = size_of(e->type), max = e->len + 64;

	h->scratch = malloc(max);
	if (!h->scratch)
		return;
	memcpy(h->scratch, e->data, e->len);
	e->len = LLVMFuzzerMutate(h->scratch, e->len, max);
	e->data = h->scratch;
	if (unit) {
		e->count = (uint32_t)(e->len / unit);
		e->len = e->count * unit;
	} else if (e->len) {
		h->scratch[e->len - 1] = '\0';
	}
	for (size_t i = e->count = unit ? e->count : 0; !unit && i < e->len; i++)
		e->count += h->scratch[i] == '\0';
}

static void change(struct header *h, uint32_t *seed)
{
	struct entry *e = &h->entries[fuzz_random(seed, (uint32_t)h->n)];
	struct entry *other = &h->entries[fuzz_random(seed, (uint32_t)h->n)];

	switch (fuzz_random(seed, 8)) {
	case 0:
		e->tag = some_tag(seed);
		break;
	case 1:
		e->type = fuzz_random(seed, 11);
		break;
	case 2:
		e->count =
			fuzz_random(seed, 2) ? some_number(seed) : e->count + 1 - 2 * (*seed & 1);
		break;
	case 3:
		*e = h->entries[--h->n];
		h->n += h->n == 0;
		break;
	case 4:
		if (h->n < ENTRIES_MAX) {
			h->entries[h->n] = *e;
			h->entries[h->n++].tag = some_tag(seed);
		}
		break;
	case 5:
		e->data = other->data;
		e->len = other->len;
		e->count = other->count;
		break;
	default:
		change_data(h, e);
		break;
	}
}

/* One number of the index, wrong. */
static void spoil(uint8_t *out, size_t size, uint32_t *seed)
{
	uint32_t n = be32(out);
	size_t at = (size_t)fuzz_random(seed, 2 + n * 4) * 4;

	if (at + 4 <= size)
		put_be32(out + at, fuzz_random(seed, 2) ? some_number(seed) : be32(out + at) + 1);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	WD_CLEANUP_FREE uint8_t *out = malloc(max_size);
	struct header h = {.n = 0};
	uint32_t state = seed;
	size_t n = 0;

	if (out && take_apart(&h, data, size)) {
		if (fuzz_random(&state, 4) == 0)
			h.region = !h.region;
		change(&h, &state);
		n = put_together(&h, out, max_size);
	}
	free(h.scratch);
	if (n == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	if (fuzz_random(&state, 8) == 0)
		spoil(out, n, &state);
	memcpy(data, out, n);
	return n;
}
