/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libdb trusts the offsets and links inside the pages of a file: a wrong one makes it read beyond
 * the page or follow a chain for ever. This looks at every page once before libdb does. The layout
 *is that of Berkeley DB 5.3's dbinc/db_page.h:
 *
 *	page	8 LSN, 4 number, 4 previous, 4 next, 2 entries, 2 high free byte, 1 level, 1 type
 *	meta	8 LSN, 4 number, 4 magic, 4 version, 4 page size, 1 encryption, 1 type (page 0);
 *		last page number at 32
 *	hash page: after the page header the 2-byte offsets of the items, which fill the page from
 *		its end downwards: item n reaches from its offset to that of item n - 1
 *	overflow page: the "high free byte" is the number of data bytes
 *	hash meta, from 72: last bucket; from 96, 32 "spares". Bucket b begins at page
 *		b + spares[log2(b + 1), rounded up]
 */
#include "rpm-bdb.h"

#include <inttypes.h>
#include <sys/mman.h>

#define BDB_HASH_MAGIC 0x061561
#define BDB_BTREE_MAGIC 0x053162
#define BDB_META_SIZE 512
#define BDB_PAGE_HEAD 26
#define BDB_PAGE_MIN 512
#define BDB_PAGE_MAX 65536
/* 4 GiB at rpm's page size */
#define BDB_PAGES_MAX (1u << 20)
#define BDB_WALKED (1u << 31)

enum bdb_page_type {
	P_INVALID = 0,
	P_HASH_UNSORTED = 2,
	P_OVERFLOW = 7,
	P_HASH = 13,
};

enum bdb_item_type {
	H_KEYDATA = 1,
	H_OFFPAGE = 3,
};
/* type, 3 unused, page, total length */
#define BDB_OFFPAGE_SIZE 12

static uint32_t get32(const struct wd_rpm_bdb_file *f, const uint8_t *p)
{
	if (f->big_endian)
		return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static uint32_t get16(const struct wd_rpm_bdb_file *f, const uint8_t *p)
{
	return f->big_endian ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

bool wd_rpm_bdb_probe(struct wd_blob head)
{
	const uint8_t *magic = (const uint8_t *)head.ptr + 12;

	for (int big = 0; big < 2; big++) {
		uint32_t m = get32(&(struct wd_rpm_bdb_file){.big_endian = big}, magic);

		if (m == BDB_HASH_MAGIC || m == BDB_BTREE_MAGIC)
			return true;
	}
	return false;
}

static bool page_size_valid(uint32_t size)
{
	return size >= BDB_PAGE_MIN && size <= BDB_PAGE_MAX && (size & (size - 1)) == 0;
}

static int bdb_read_meta(struct wd_rpm_source *src, struct wd_rpm_bdb_file *f)
{
	uint8_t meta[BDB_META_SIZE];
	uint32_t magic;

	if (wd_rpm_pread(src->req->fd, meta, sizeof(meta), 0) < 0)
		return wd_rpm_fail(src, WD_ECORRUPT, "Berkeley DB meta page: truncated");
	magic = get32(f, meta + 12);
	if (magic != BDB_HASH_MAGIC && magic != BDB_BTREE_MAGIC) {
		f->big_endian = true;
		magic = get32(f, meta + 12);
	}
	if (magic != BDB_HASH_MAGIC)
		return wd_rpm_fail(src, WD_EUNSUPPORTED,
				   "Berkeley DB btree (rpm 5), not the hash of rpm 4");
	f->page_size = get32(f, meta + 20);
	if (!page_size_valid(f->page_size))
		return wd_rpm_fail(src, WD_ECORRUPT, "Berkeley DB meta page: page size %" PRIu32,
				   f->page_size);
	f->last = get32(f, meta + 32);
	if (f->last >= src->size / f->page_size)
		return wd_rpm_fail(src, WD_ECORRUPT,
				   "Berkeley DB meta page: last page %" PRIu32 " of %" PRIu32
				   " bytes in a file of %" PRIu64 " bytes",
				   f->last, f->page_size, src->size);
	if (f->last >= BDB_PAGES_MAX)
		return wd_rpm_fail(src, WD_ELIMIT, "Berkeley DB of %" PRIu32 " pages", f->last);
	return 0;
}

static int bdb_map(struct wd_rpm_source *src, struct wd_rpm_bdb_file *f)
{
	size_t size = ((size_t)f->last + 1) * f->page_size;
	void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, src->req->fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	f->map = map;
	f->size = size;
	return 0;
}

void wd_rpm_bdb_file_done(struct wd_rpm_bdb_file *f)
{
	if (f->map)
		munmap((void *)f->map, f->size);
	f->map = NULL;
}

/* The header of a page, or NULL where there is no such page. */
static const uint8_t *page_at(const struct wd_rpm_bdb_file *f, uint32_t number)
{
	return number <= f->last ? f->map + (size_t)number * f->page_size : NULL;
}

static bool is_hash(uint8_t type)
{
	return type == P_HASH || type == P_HASH_UNSORTED;
}

/* The item types beside these two are those of duplicate keys, which rpm never allowed. */
static bool item_valid(const struct wd_rpm_bdb_file *f, const uint8_t *item, uint32_t len)
{
	const uint8_t *page;

	if (item[0] == H_KEYDATA)
		return true;
	if (item[0] != H_OFFPAGE || len != BDB_OFFPAGE_SIZE)
		return false;
	page = page_at(f, get32(f, item + 4));
	return page && page[25] == P_OVERFLOW;
}

/* Pairs of key and data, each item inside the page and none empty. */
static bool hash_page_valid(const struct wd_rpm_bdb_file *f, const uint8_t *page)
{
	uint32_t entries = get16(f, page + 20);
	uint32_t low = BDB_PAGE_HEAD + 2 * entries;
	uint32_t end = f->page_size;

	if (entries % 2 || low > f->page_size)
		return false;
	for (uint32_t i = 0; i < entries; i++) {
		uint32_t offset = get16(f, page + BDB_PAGE_HEAD + (size_t)2 * i);

		if (offset < low || offset >= end)
			return false;
		if (!item_valid(f, page + offset, end - offset))
			return false;
		end = offset;
	}
	return true;
}

/* Chains are of one kind of page. Pages of other types are not read, but see bucket_valid(). */
static bool page_valid(const struct wd_rpm_bdb_file *f, const uint8_t *page)
{
	const uint8_t *next = page_at(f, get32(f, page + 16));

	if (is_hash(page[25]))
		return next && (next == f->map || is_hash(next[25])) && hash_page_valid(f, page);
	if (page[25] == P_OVERFLOW)
		return next && (next == f->map || next[25] == P_OVERFLOW) &&
		       get16(f, page + 22) <= f->page_size - BDB_PAGE_HEAD;
	return true;
}

/* A bucket that nothing was put into may be a page that was never written. */
static bool bucket_valid(const struct wd_rpm_bdb_file *f, uint32_t bucket)
{
	uint32_t group = bucket ? 32 - (uint32_t)__builtin_clz(bucket) : 0;
	const uint8_t *page = page_at(f, bucket + get32(f, f->map + 96 + (size_t)4 * group));

	if (!page || page == f->map)
		return false;
	return is_hash(page[25]) ||
	       (page[25] == P_INVALID && get32(f, page + 16) == 0 && get16(f, page + 20) == 0);
}

static int bdb_check_buckets(struct wd_rpm_source *src, const struct wd_rpm_bdb_file *f)
{
	uint32_t last = get32(f, f->map + 72);

	if (last > f->last)
		return wd_rpm_fail(src, WD_ECORRUPT, "Berkeley DB meta page: bucket %" PRIu32,
				   last);
	for (uint32_t b = 0; b <= last; b++)
		if (!bucket_valid(f, b))
			return wd_rpm_fail(src, WD_ECORRUPT,
					   "Berkeley DB bucket %" PRIu32 " has no page", b);
	return 0;
}

static int bdb_check_pages(struct wd_rpm_source *src, const struct wd_rpm_bdb_file *f,
			   uint32_t *links)
{
	for (uint32_t n = 1; n <= f->last; n++) {
		const uint8_t *page = page_at(f, n);
		bool chained = is_hash(page[25]) || page[25] == P_OVERFLOW;

		links[n] = chained ? get32(f, page + 16) : 0;
		if (!page_valid(f, page))
			return wd_rpm_fail(src, WD_ECORRUPT,
					   "Berkeley DB page %" PRIu32 " is damaged", n);
	}
	return 0;
}

/*
 * Takes each chain apart as it is walked. A link is replaced by the number of the walk (with
 * the top bit set), so that a page met again tells an earlier walk, which ended, from this one.
 */
static int bdb_find_circle(struct wd_rpm_source *src, uint32_t *links, uint32_t last)
{
	for (uint32_t walk = 1; walk <= last; walk++) {
		uint32_t mark = walk | BDB_WALKED;
		uint32_t n = walk;

		while (n && !(links[n] & BDB_WALKED)) {
			uint32_t next = links[n];

			links[n] = mark;
			n = next;
		}
		if (n && links[n] == mark)
			return wd_rpm_fail(src, WD_ECORRUPT,
					   "Berkeley DB pages run in a circle at page %" PRIu32, n);
	}
	return 0;
}

static int bdb_check_links(struct wd_rpm_source *src, const struct wd_rpm_bdb_file *f)
{
	WD_CLEANUP_FREE uint32_t *links = calloc((size_t)f->last + 1, sizeof(*links));
	int r;

	if (!links)
		return -ENOMEM;
	r = bdb_check_pages(src, f, links);
	return r < 0 ? r : bdb_find_circle(src, links, f->last);
}

int wd_rpm_bdb_check(struct wd_rpm_source *src, struct wd_rpm_bdb_file *ret)
{
	struct wd_rpm_bdb_file f = {0};
	int r = bdb_read_meta(src, &f);

	if (r == 0)
		r = bdb_map(src, &f);
	if (r == 0)
		r = bdb_check_buckets(src, &f);
	if (r == 0)
		r = bdb_check_links(src, &f);
	if (r < 0)
		wd_rpm_bdb_file_done(&f);
	else
		*ret = f;
	return r;
}
