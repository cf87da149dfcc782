/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changes Berkeley DB files as pages (rpm-bdb.h has their layout): of a random byte most lie where
 * nothing looks. A field of one page, an item, a chain, or whole pages.
 */
#include "fuzz.h"
#include "rpm-bdb.h"

struct image {
	struct wd_rpm_bdb_file f;
	uint8_t *data;
	size_t size, max;
	uint32_t pages;
	uint32_t seed;
};

static uint32_t pick(struct image *m, uint32_t n)
{
	return fuzz_random(&m->seed, n);
}

static void put16(const struct image *m, uint8_t *p, uint32_t v)
{
	p[m->f.big_endian] = (uint8_t)v;
	p[!m->f.big_endian] = (uint8_t)(v >> 8);
}

static void put32(const struct image *m, uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[m->f.big_endian ? 3 - i : i] = (uint8_t)(v >> (8 * i));
}

static bool read_image(struct image *m)
{
	struct wd_blob all = wd_blob(m->data, m->size);

	if (m->size < 512 || !wd_rpm_bdb_magic(wd_blob_head(all, WD_RPM_HEAD_SIZE), &m->f))
		return false;
	m->f.page_size = wd_rpm_bdb_u32(&m->f, m->data + 20);
	if (m->f.page_size < 512 || m->f.page_size > 65536)
		return false;
	m->pages = (uint32_t)(m->size / m->f.page_size);
	return m->pages > 1;
}

static uint8_t *page(struct image *m, uint32_t n)
{
	return m->data + (size_t)n * m->f.page_size;
}

static uint32_t some_number(struct image *m)
{
	static const uint32_t numbers[] = {0, 1, 2, 12, 26, 27, 255, 65535, 0x7fffffff, 0xffffffff};

	switch (pick(m, 3)) {
	case 0:
		return numbers[pick(m, WD_ARRAY_SIZE(numbers))];
	case 1:
		return pick(m, m->pages + 1);
	default:
		return pick(m, m->f.page_size + 1);
	}
}

static void change_head(struct image *m, uint8_t *p)
{
	static const uint8_t types[] = {P_INVALID,  P_HASH_UNSORTED, P_LBTREE,
					P_OVERFLOW, P_HASH,	     3};

	switch (pick(m, 6)) {
	case 0:
		p[25] = types[pick(m, sizeof(types))];
		break;
	case 1:
		put16(m, p + 20, pick(m, 2) ? some_number(m) : wd_rpm_bdb_u16(&m->f, p + 20) + 2);
		break;
	case 2:
		put16(m, p + 22, some_number(m));
		break;
	default:
		/* own number, previous, next page */
		put32(m, p + 8 + 4 * (size_t)pick(m, 3), pick(m, m->pages + 1));
		break;
	}
}

/* An item's offset, or what it begins with: type, page and length where it is off the page. */
static void change_item(struct image *m, uint8_t *p)
{
	static const uint8_t types[] = {H_KEYDATA, H_OFFPAGE, 2, B_DELETE | B_KEYDATA};
	uint32_t n = wd_rpm_bdb_u16(&m->f, p + 20) % (m->f.page_size / 2 - 16);
	uint8_t *index = p + WD_RPM_BDB_PAGE_HEAD + 2 * (size_t)pick(m, n + 1);
	uint32_t offset = wd_rpm_bdb_u16(&m->f, index);
	uint8_t *item = p + offset;

	if (pick(m, 4) == 0 || offset + BDB_OFFPAGE_SIZE > m->f.page_size) {
		put16(m, index, pick(m, 2) ? some_number(m) : offset + pick(m, 5) - 2);
		return;
	}
	switch (pick(m, 4)) {
	case 0:
		item[m->f.btree ? 2 : 0] = types[pick(m, sizeof(types))];
		break;
	case 1:
		put32(m, item + 4, pick(m, m->pages + 1));
		break;
	case 2:
		put32(m, item + 8, some_number(m));
		break;
	default:
		LLVMFuzzerMutate(item, BDB_OFFPAGE_SIZE, BDB_OFFPAGE_SIZE);
		break;
	}
}

static void change_meta(struct image *m)
{
	/* version, page size, encryption to flags, last page, records, flags */
	static const uint8_t fields[] = {16, 20, 24, 32, 44, 48};

	put32(m, m->data + fields[pick(m, sizeof(fields))], some_number(m));
}

/* Another page at the end, a copy of one that keeps its number or has the right one. */
static void add_page(struct image *m, uint32_t from)
{
	if (m->size + m->f.page_size > m->max)
		return;
	m->size = (size_t)m->pages * m->f.page_size;
	memcpy(page(m, m->pages), page(m, from), m->f.page_size);
	put32(m, page(m, m->pages) + 8, pick(m, 2) ? from : m->pages);
	put32(m, m->data + 32, m->pages);
	m->size += m->f.page_size;
}

static void change(struct image *m)
{
	uint32_t n = 1 + pick(m, m->pages - 1);

	switch (pick(m, 16)) {
	case 0:
		change_meta(m);
		break;
	case 1:
		add_page(m, n);
		break;
	case 2:
		memcpy(page(m, n), page(m, 1 + pick(m, m->pages - 1)), m->f.page_size);
		put32(m, page(m, n) + 8, n);
		break;
	case 3:
		LLVMFuzzerMutate(page(m, n), m->f.page_size, m->f.page_size);
		break;
	case 4:
	case 5:
	case 6:
	case 7:
	case 8:
		change_head(m, page(m, n));
		break;
	default:
		change_item(m, page(m, n));
		break;
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	struct image m = {.data = data, .size = size, .max = max_size, .seed = seed};

	if (!read_image(&m) || pick(&m, 64) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	for (uint32_t left = 1 + pick(&m, 3); left; left--)
		change(&m);
	return m.size;
}
