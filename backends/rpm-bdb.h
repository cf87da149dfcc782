/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Berkeley DB files as pages, what the reader of libdb and our own share. The layout is that of
 * src/dbinc/db_page.h of Berkeley DB 5.3 and 6.2, the same from version 3.1 on:
 *
 *	page	8 LSN, 4 number, 4 previous, 4 next, 2 entries, 2 high free byte, 1 level, 1 type;
 *		where the file has checksums, 2 unused and 4 checksum; then the 2-byte offsets of
 *		the items, which fill the page from its end downwards
 *	meta	(page 0) 8 LSN, 4 number, 4 magic, 4 version, 4 page size, 1 encryption, 1 type,
 *		1 flags, 1 unused, 4 first free page, 4 last page, 4 partitions, 4 keys,
 *		4 records, 4 flags of the access method
 *	hash	item n reaches from its offset to that of item n - 1: 1 type, then data, or, off
 *		the page, 3 unused, 4 page, 4 length
 *	btree	a leaf's item: 2 length, 1 type, then data, or, off the page, 1 unused, 4 page,
 *		4 length
 *	overflow	the "high free byte" is the number of data bytes, right behind the header
 */
#ifndef WD_RPM_BDB_H
#define WD_RPM_BDB_H

#include "rpm-storage.h"

#define WD_RPM_BDB_PAGE_HEAD 26
/* DB_HASHOLDVER, DB_BTREEOLDVER in every db.h since 3.1; Berkeley DB 6 and 18 write 10 for both */
#define WD_RPM_BDB_HASH_OLDEST 7
#define WD_RPM_BDB_BTREE_OLDEST 8
#define WD_RPM_BDB_NEWEST 10

enum bdb_page_type {
	P_INVALID = 0,
	P_HASH_UNSORTED = 2,
	P_LBTREE = 5,
	P_OVERFLOW = 7,
	P_HASH = 13,
};

enum bdb_item_type {
	H_KEYDATA = 1,
	H_OFFPAGE = 3,
	B_KEYDATA = 1,
	B_OVERFLOW = 3,
	B_DELETE = 0x80,
};
/* of either access method */
#define BDB_OFFPAGE_SIZE 12

/* A file whose meta page was checked: all its pages, mapped. */
struct wd_rpm_bdb_file {
	const uint8_t *map;
	size_t size;
	bool big_endian;
	bool btree;
	uint32_t version;
	uint32_t page_size;
	uint32_t overhead; /* bytes of a page before its items' offsets */
	uint32_t last;	   /* page number */
};

static inline uint32_t wd_rpm_bdb_u32(const struct wd_rpm_bdb_file *f, const uint8_t *p)
{
	if (f->big_endian)
		return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline uint32_t wd_rpm_bdb_u16(const struct wd_rpm_bdb_file *f, const uint8_t *p)
{
	return f->big_endian ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

/* The header of a page, or NULL where there is no such page. */
static inline const uint8_t *wd_rpm_bdb_page(const struct wd_rpm_bdb_file *f, uint32_t number)
{
	return number <= f->last ? f->map + (size_t)number * f->page_size : NULL;
}

/*
 * Whether a file that begins with WD_RPM_HEAD_SIZE bytes of `head` is a Berkeley DB hash or btree:
 * then *ret has byte order, access method and version, and nothing else.
 */
bool wd_rpm_bdb_magic(struct wd_blob head, struct wd_rpm_bdb_file *ret);

/* Checks the meta page and maps the file. 0, or a negative status, said through the sink. */
int wd_rpm_bdb_open(struct wd_rpm_source *src, struct wd_rpm_bdb_file *ret);

void wd_rpm_bdb_file_done(struct wd_rpm_bdb_file *f);

/*
 * Checks the inside of all pages of a hash, and that no chain of them runs in a circle: what must
 * hold before libdb, which checks little, may read it. 0, or a negative status, said through the
 * sink.
 */
int wd_rpm_bdb_check(struct wd_rpm_source *src, const struct wd_rpm_bdb_file *f);

#endif
