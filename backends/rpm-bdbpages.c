/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packages as a Berkeley DB, without libdb: the btree of rpm 5 (Yocto until 2017, Mandriva's
 * heirs), the formats of Berkeley DB 6 and 18, which libdb 5.3 refuses, files with checksums; and
 * every other one where this was built without libdb.
 *
 * All records are wanted, so no tree is walked and no bucket looked up: each page that holds
 * records tells so itself, and one that was freed is made P_INVALID (__db_free()). What a page says
 * is checked where it is used; damage costs its records.
 *
 * Keys are package numbers of 4 bytes: in the byte order of the machine in rpm 4, big-endian in
 * rpm 5, so that the btree is in their order. They count up from 1, so the byte order that makes
 * them smaller is the one. Number 0 is rpm 4's counter, not a package.
 */
#include "rpm-bdb.h"

#include "base/array.h"

#include <inttypes.h>

struct ref {
	uint32_t hnum;
	uint32_t page;
	uint32_t index; /* of the data */
};

struct pages {
	struct wd_rpm_bdb_file file;
	WD_ARRAY(struct ref) refs;
	size_t next;
	/*
	 * Overflow pages that were read. An honest page belongs to one record; this keeps chains
	 * from running in a circle, and many records from sharing one that is long.
	 */
	bool *used;
};

struct item {
	uint8_t type;
	const uint8_t *data; /* on the page */
	uint32_t len;
	uint32_t page; /* off the page; len is the whole length */
};

static void fill_offpage(const struct wd_rpm_bdb_file *f, const uint8_t *raw, struct item *ret)
{
	ret->page = wd_rpm_bdb_u32(f, raw + 4);
	ret->len = wd_rpm_bdb_u32(f, raw + 8);
}

static bool hash_item(const struct wd_rpm_bdb_file *f, const uint8_t *raw, uint32_t room,
		      struct item *ret)
{
	*ret = (struct item){.type = raw[0], .data = raw + 1, .len = room - 1};
	if (ret->type != H_OFFPAGE)
		return true;
	if (room != BDB_OFFPAGE_SIZE)
		return false;
	fill_offpage(f, raw, ret);
	return true;
}

static bool btree_item(const struct wd_rpm_bdb_file *f, const uint8_t *raw, uint32_t room,
		       struct item *ret)
{
	if (room < 3)
		return false;
	*ret = (struct item){.type = raw[2], .data = raw + 3, .len = wd_rpm_bdb_u16(f, raw)};
	if ((ret->type & ~B_DELETE) != B_OVERFLOW)
		return ret->len <= room - 3;
	if (room < BDB_OFFPAGE_SIZE)
		return false;
	fill_offpage(f, raw, ret);
	return true;
}

/* False where the page is damaged there. Its offsets are inside the page: see entries_of(). */
static bool get_item(const struct wd_rpm_bdb_file *f, const uint8_t *page, uint32_t index,
		     struct item *ret)
{
	const uint8_t *at = page + f->overhead + (size_t)2 * index;
	uint32_t low = f->overhead + 2 * wd_rpm_bdb_u16(f, page + 20);
	uint32_t offset = wd_rpm_bdb_u16(f, at), end = f->page_size;

	if (!f->btree && index)
		end = wd_rpm_bdb_u16(f, at - 2);
	if (end > f->page_size || offset < low || offset >= end)
		return false;
	return f->btree ? btree_item(f, page + offset, end - offset, ret)
			: hash_item(f, page + offset, end - offset, ret);
}

/* The number of entries, 0 where the page holds no records, -1 where it is damaged. */
static int entries_of(const struct wd_rpm_bdb_file *f, const uint8_t *page, uint32_t number)
{
	uint32_t entries = wd_rpm_bdb_u16(f, page + 20);
	uint8_t type = page[25];

	if (f->btree ? type != P_LBTREE : type != P_HASH && type != P_HASH_UNSORTED)
		return 0;
	if (wd_rpm_bdb_u32(f, page + 8) != number || entries % 2 ||
	    f->overhead + 2 * entries > f->page_size)
		return -1;
	return (int)entries;
}

static int add_ref(struct wd_rpm_source *src, uint32_t page, uint32_t index, const struct item *key)
{
	struct pages *p = src->state;
	struct ref ref = {.page = page, .index = index};

	if (key->type != H_KEYDATA || key->len != sizeof(ref.hnum))
		return wd_rpm_bad(src, WD_ECORRUPT,
				  "Berkeley DB page %" PRIu32 ": key of type %u and %" PRIu32
				  " bytes",
				  page, key->type, key->len);
	if (p->refs.n == WD_RPM_PACKAGES_MAX)
		return wd_rpm_fail(src, WD_ELIMIT, "more than %u packages", WD_RPM_PACKAGES_MAX);
	memcpy(&ref.hnum, key->data, sizeof(ref.hnum));
	return ref.hnum ? wd_array_push(&p->refs, ref) : 0;
}

static int scan_page(struct wd_rpm_source *src, uint32_t number)
{
	const struct pages *p = src->state;
	const uint8_t *page = wd_rpm_bdb_page(&p->file, number);
	int entries = entries_of(&p->file, page, number), r = 0;

	for (uint32_t i = 0; entries > 0 && r == 0 && i < (uint32_t)entries; i += 2) {
		struct item key, data;

		if (!get_item(&p->file, page, i, &key) || !get_item(&p->file, page, i + 1, &data))
			entries = -1;
		else if (!p->file.btree || !((key.type | data.type) & B_DELETE))
			r = add_ref(src, number, i + 1, &key);
	}
	if (entries < 0)
		return wd_rpm_bad(src, WD_ECORRUPT, "Berkeley DB page %" PRIu32 " is damaged",
				  number);
	return r;
}

static int by_number(const void *pa, const void *pb)
{
	const struct ref *a = pa, *b = pb;

	if (a->hnum != b->hnum)
		return a->hnum < b->hnum ? -1 : 1;
	if (a->page != b->page)
		return a->page < b->page ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

static void swap_keys(struct pages *p)
{
	uint32_t as_is = 0, swapped = 0;

	for (size_t i = 0; i < p->refs.n; i++) {
		uint32_t hnum = p->refs.v[i].hnum, other = __builtin_bswap32(hnum);

		as_is = hnum > as_is ? hnum : as_is;
		swapped = other > swapped ? other : swapped;
	}
	for (size_t i = 0; swapped < as_is && i < p->refs.n; i++)
		p->refs.v[i].hnum = __builtin_bswap32(p->refs.v[i].hnum);
}

/* Sorts the records; of several with one number, the first is kept. */
static int sort_refs(struct wd_rpm_source *src)
{
	struct pages *p = src->state;
	size_t kept = 0;
	int r = 0;

	swap_keys(p);
	if (p->refs.n)
		qsort(p->refs.v, p->refs.n, sizeof(*p->refs.v), by_number);
	for (size_t i = 0; i < p->refs.n && r == 0; i++) {
		if (kept && p->refs.v[kept - 1].hnum == p->refs.v[i].hnum)
			r = wd_rpm_bad(src, WD_ECORRUPT,
				       "Berkeley DB: second record of package %" PRIu32,
				       p->refs.v[i].hnum);
		else
			p->refs.v[kept++] = p->refs.v[i];
	}
	p->refs.n = kept;
	return r;
}

static void pages_close(struct wd_rpm_source *src)
{
	struct pages *p = src->state;

	wd_rpm_bdb_file_done(&p->file);
	wd_array_done(&p->refs);
	free(p->used);
	free(p);
	src->state = NULL;
}

static int pages_open(struct wd_rpm_source *src)
{
	struct pages *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	src->state = p;
	r = wd_rpm_bdb_open(src, &p->file);
	if (r == 0) {
		p->used = calloc((size_t)p->file.last + 1, sizeof(*p->used));
		r = p->used ? 0 : -ENOMEM;
	}
	for (uint32_t n = 1; r == 0 && n <= p->file.last; n++)
		r = scan_page(src, n);
	if (r == 0)
		r = sort_refs(src);
	if (r < 0)
		pages_close(src);
	return r;
}

/* An overflow page that was not met before and has data, or NULL. */
static const uint8_t *overflow_page(struct pages *p, uint32_t number, uint32_t *ret_len)
{
	const struct wd_rpm_bdb_file *f = &p->file;
	const uint8_t *page = number ? wd_rpm_bdb_page(f, number) : NULL;
	uint32_t len;

	if (!page || page[25] != P_OVERFLOW || p->used[number] ||
	    wd_rpm_bdb_u32(f, page + 8) != number)
		return NULL;
	len = wd_rpm_bdb_u16(f, page + 22);
	if (len == 0 || len > f->page_size - f->overhead)
		return NULL;
	p->used[number] = true;
	*ret_len = len;
	return page;
}

/* What is wrong, or NULL. */
static const char *read_chain(struct pages *p, const struct item *item, struct wd_buf *blob)
{
	uint32_t number = item->page;

	while (blob->len < item->len) {
		uint32_t len;
		const uint8_t *page = overflow_page(p, number, &len);

		if (!page || len > item->len - blob->len)
			return "damaged chain of overflow pages";
		wd_buf_append(blob, page + p->file.overhead, len);
		number = wd_rpm_bdb_u32(&p->file, page + 16);
	}
	return number ? "chain of overflow pages longer than the record" : NULL;
}

static int read_ref(struct wd_rpm_source *src, const struct ref *ref, struct wd_buf *blob)
{
	struct pages *p = src->state;
	struct item item;
	const char *fault = NULL;

	get_item(&p->file, wd_rpm_bdb_page(&p->file, ref->page), ref->index, &item);
	if (item.len > WD_RPM_BLOB_MAX)
		return wd_rpm_bad(src, WD_ELIMIT,
				  "package record %" PRIu32 ": %" PRIu32 " bytes of header",
				  ref->hnum, item.len);
	if (item.len > p->file.size)
		fault = "longer than the file";
	else if (wd_buf_reserve(blob, item.len) < 0)
		return -ENOMEM;
	else if (item.type == H_KEYDATA)
		wd_buf_append(blob, item.data, item.len);
	else if (item.type == H_OFFPAGE)
		fault = read_chain(p, &item, blob);
	else
		return wd_rpm_bad(src, WD_EUNSUPPORTED,
				  "package record %" PRIu32 ": Berkeley DB item of type %u",
				  ref->hnum, item.type);
	if (!fault)
		return 1;
	blob->len = 0;
	return wd_rpm_bad(src, WD_ECORRUPT, "package record %" PRIu32 ": Berkeley DB: %s",
			  ref->hnum, fault);
}

static int pages_next(struct wd_rpm_source *src, struct wd_rpm_record *rec)
{
	struct pages *p = src->state;
	int r = 0;

	while (r == 0 && p->next < p->refs.n) {
		const struct ref *ref = &p->refs.v[p->next++];

		rec->hnum = ref->hnum;
		r = read_ref(src, ref, &rec->blob);
	}
	return r;
}

static bool hash_probe(struct wd_blob head)
{
	struct wd_rpm_bdb_file f;

	return wd_rpm_bdb_magic(head, &f) && !f.btree;
}

static bool btree_probe(struct wd_blob head)
{
	struct wd_rpm_bdb_file f;

	return wd_rpm_bdb_magic(head, &f) && f.btree;
}

const struct wd_rpm_storage wd_rpm_bdb_pages = {
	.format = "bdb",
	.probe = hash_probe,
	.open = pages_open,
	.next = pages_next,
	.close = pages_close,
};

const struct wd_rpm_storage wd_rpm_bdb_btree = {
	.format = "bdb-btree",
	.probe = btree_probe,
	.open = pages_open,
	.next = pages_next,
	.close = pages_close,
};
