/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The meta page of a Berkeley DB file. */
#include "rpm-bdb.h"

#include <inttypes.h>
#include <sys/mman.h>

#define BDB_HASH_MAGIC 0x061561
#define BDB_BTREE_MAGIC 0x053162
#define BDB_META_SIZE 512
#define BDB_PAGE_MIN 512
#define BDB_PAGE_MAX 65536
/* 4 GiB at rpm's page size */
#define BDB_PAGES_MAX (1u << 20)

#define DBMETA_CHKSUM 0x01
#define PG_CHKSUM_SIZE 6
#define BTM_RECNO 0x002
#define BTM_SUBDB 0x020
#define BTM_COMPRESS 0x080
#define DB_HASH_SUBDB 0x02

bool wd_rpm_bdb_magic(struct wd_blob head, struct wd_rpm_bdb_file *ret)
{
	const uint8_t *p = (const uint8_t *)head.ptr;

	for (int big = 0; big < 2; big++) {
		struct wd_rpm_bdb_file f = {.big_endian = big};
		uint32_t magic = wd_rpm_bdb_u32(&f, p + 12);

		f.btree = magic == BDB_BTREE_MAGIC;
		f.version = wd_rpm_bdb_u32(&f, p + 16);
		if (magic == BDB_HASH_MAGIC || f.btree) {
			*ret = f;
			return true;
		}
	}
	return false;
}

/* What makes the pages something else than what rpm-bdb.h describes, or NULL. */
static const char *unsupported(const struct wd_rpm_bdb_file *f, const uint8_t *meta)
{
	uint32_t flags = wd_rpm_bdb_u32(f, meta + 48);

	if (meta[24])
		return "encrypted";
	if (wd_rpm_bdb_u32(f, meta + 36) > 1 || meta[26] & ~DBMETA_CHKSUM)
		return "partitioned";
	if (f->btree && flags & BTM_COMPRESS)
		return "compressed";
	if (flags & (f->btree ? BTM_SUBDB : DB_HASH_SUBDB))
		return "several databases in one file";
	return f->btree && flags & BTM_RECNO ? "numbered records" : NULL;
}

static int check_kind(struct wd_rpm_source *src, const struct wd_rpm_bdb_file *f,
		      const uint8_t *meta)
{
	uint32_t oldest = f->btree ? WD_RPM_BDB_BTREE_OLDEST : WD_RPM_BDB_HASH_OLDEST;
	const char *why = unsupported(f, meta);

	if (f->version < oldest || f->version > WD_RPM_BDB_NEWEST)
		return wd_rpm_fail(src, WD_EUNSUPPORTED, "Berkeley DB %s of version %" PRIu32,
				   f->btree ? "btree" : "hash", f->version);
	if (why)
		return wd_rpm_fail(src, WD_EUNSUPPORTED, "Berkeley DB: %s", why);
	return 0;
}

static bool page_size_valid(uint32_t size)
{
	return size >= BDB_PAGE_MIN && size <= BDB_PAGE_MAX && (size & (size - 1)) == 0;
}

static int read_meta(struct wd_rpm_source *src, struct wd_rpm_bdb_file *f)
{
	uint8_t meta[BDB_META_SIZE];
	int r;

	if (wd_rpm_pread(src->req->fd, meta, sizeof(meta), 0) < 0)
		return wd_rpm_fail(src, WD_ECORRUPT, "Berkeley DB meta page: truncated");
	if (!wd_rpm_bdb_magic(wd_blob(meta, sizeof(meta)), f))
		return WD_ENOTMINE;
	r = check_kind(src, f, meta);
	if (r < 0)
		return r;
	f->overhead = WD_RPM_BDB_PAGE_HEAD + (meta[26] & DBMETA_CHKSUM ? PG_CHKSUM_SIZE : 0);
	f->page_size = wd_rpm_bdb_u32(f, meta + 20);
	if (!page_size_valid(f->page_size))
		return wd_rpm_fail(src, WD_ECORRUPT, "Berkeley DB meta page: page size %" PRIu32,
				   f->page_size);
	f->last = wd_rpm_bdb_u32(f, meta + 32);
	if (f->last >= src->size / f->page_size)
		return wd_rpm_fail(src, WD_ECORRUPT,
				   "Berkeley DB meta page: last page %" PRIu32 " of %" PRIu32
				   " bytes in a file of %" PRIu64 " bytes",
				   f->last, f->page_size, src->size);
	if (f->last >= BDB_PAGES_MAX)
		return wd_rpm_fail(src, WD_ELIMIT, "Berkeley DB of %" PRIu32 " pages", f->last);
	return 0;
}

int wd_rpm_bdb_open(struct wd_rpm_source *src, struct wd_rpm_bdb_file *ret)
{
	struct wd_rpm_bdb_file f;
	int r = read_meta(src, &f);
	void *map;

	if (r < 0)
		return r;
	f.size = ((size_t)f.last + 1) * f.page_size;
	map = mmap(NULL, f.size, PROT_READ, MAP_PRIVATE, src->req->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	f.map = map;
	*ret = f;
	return 0;
}

void wd_rpm_bdb_file_done(struct wd_rpm_bdb_file *f)
{
	if (f->map)
		munmap((void *)f->map, f->size);
	f->map = NULL;
}
