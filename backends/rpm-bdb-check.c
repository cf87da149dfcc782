/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libdb trusts the offsets and links inside the pages of a file: a wrong one makes it read beyond
 * the page or follow a chain for ever. This looks at every page once before libdb does. See
 * rpm-bdb.h for the layout; beyond that:
 *
 *	hash meta, from 72: last bucket; from 96, 32 "spares". Bucket b begins at page
 *		b + spares[log2(b + 1), rounded up]
 */
#include "rpm-bdb.h"

#include <inttypes.h>

#define BDB_WALKED (1u << 31)

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
	page = wd_rpm_bdb_page(f, wd_rpm_bdb_u32(f, item + 4));
	return page && page[25] == P_OVERFLOW;
}

/* Pairs of key and data, each item inside the page and none empty. */
static bool hash_page_valid(const struct wd_rpm_bdb_file *f, const uint8_t *page)
{
	uint32_t entries = wd_rpm_bdb_u16(f, page + 20);
	uint32_t low = WD_RPM_BDB_PAGE_HEAD + 2 * entries;
	uint32_t end = f->page_size;

	if (entries % 2 || low > f->page_size)
		return false;
	for (uint32_t i = 0; i < entries; i++) {
		uint32_t offset = wd_rpm_bdb_u16(f, page + WD_RPM_BDB_PAGE_HEAD + (size_t)2 * i);

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
	const uint8_t *next = wd_rpm_bdb_page(f, wd_rpm_bdb_u32(f, page + 16));

	if (is_hash(page[25]))
		return next && (next == f->map || is_hash(next[25])) && hash_page_valid(f, page);
	if (page[25] == P_OVERFLOW)
		return next && (next == f->map || next[25] == P_OVERFLOW) &&
		       wd_rpm_bdb_u16(f, page + 22) <= f->page_size - WD_RPM_BDB_PAGE_HEAD;
	return true;
}

/* A bucket that nothing was put into may be a page that was never written. */
static bool bucket_valid(const struct wd_rpm_bdb_file *f, uint32_t bucket)
{
	uint32_t group = bucket ? 32 - (uint32_t)__builtin_clz(bucket) : 0;
	const uint8_t *page =
		wd_rpm_bdb_page(f, bucket + wd_rpm_bdb_u32(f, f->map + 96 + (size_t)4 * group));

	if (!page || page == f->map)
		return false;
	return is_hash(page[25]) || (page[25] == P_INVALID && wd_rpm_bdb_u32(f, page + 16) == 0 &&
				     wd_rpm_bdb_u16(f, page + 20) == 0);
}

static int bdb_check_buckets(struct wd_rpm_source *src, const struct wd_rpm_bdb_file *f)
{
	uint32_t last = wd_rpm_bdb_u32(f, f->map + 72);

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
		const uint8_t *page = wd_rpm_bdb_page(f, n);
		bool chained = is_hash(page[25]) || page[25] == P_OVERFLOW;

		links[n] = chained ? wd_rpm_bdb_u32(f, page + 16) : 0;
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

int wd_rpm_bdb_check(struct wd_rpm_source *src, const struct wd_rpm_bdb_file *f)
{
	int r = bdb_check_buckets(src, f);

	return r < 0 ? r : bdb_check_links(src, f);
}
