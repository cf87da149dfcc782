/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * NDB, SUSE's storage: Packages.db. The format is that of rpm's lib/backend/ndb/rpmpkg.c; all
 * integers are little-endian, and blocks are 16 bytes:
 *
 *	header	"RpmP", version (0), generation, pages of slots, next package index, 12 unused
 *	slots	in pages of 4096 bytes from the start of the file; the header stands in place of
 *		the first two: "Slot", package index, first block, blocks; first block 0: free
 *	blob	"BlbS", package index, time, length; the bytes, zero-padded so that the tail ends
 *		with a block; Adler-32 of all before, length, "BlbE"
 *
 * Unlike rpm, which gives the whole database up upon a bad slot, a slot costs its own package.
 */
#include "rpm-storage.h"

#include <inttypes.h>
#include <zlib.h>

#define NDB_VERSION 0
#define NDB_PAGE 4096
#define NDB_BLOCK 16
#define NDB_SLOT 16
#define NDB_HEADER 32
#define NDB_BLOB_HEAD 16
#define NDB_BLOB_TAIL 12

struct ndb_slot {
	uint32_t pkgidx;
	uint32_t blkoff;
	uint32_t blkcnt;
};

struct ndb {
	struct ndb_slot *slots;
	size_t count;
	size_t cap;
	size_t next;
	uint32_t pages; /* of slots */
};

static bool ndb_probe(struct wd_blob head)
{
	return wd_blob_starts(head, WD_BLOB("RpmP"));
}

static int ndb_read_header(struct wd_rpm_source *src, struct ndb *db)
{
	char bytes[NDB_HEADER];
	struct wd_cursor c = wd_cursor(wd_blob(bytes, sizeof(bytes)));
	uint32_t version;

	if (wd_rpm_pread(src->req->fd, bytes, sizeof(bytes), 0) < 0)
		return wd_rpm_fail(src, WD_ECORRUPT, "NDB header: truncated");
	wd_cursor_bytes(&c, 4);
	version = wd_cursor_le32(&c);
	wd_cursor_bytes(&c, 4);
	db->pages = wd_cursor_le32(&c);
	if (version != NDB_VERSION)
		return wd_rpm_fail(src, WD_EUNSUPPORTED, "NDB version %" PRIu32, version);
	if (db->pages == 0 || db->pages > src->size / NDB_PAGE)
		return wd_rpm_fail(src, WD_ECORRUPT,
				   "NDB header: %" PRIu32 " pages of slots in a file of %" PRIu64
				   " bytes",
				   db->pages, src->size);
	return 0;
}

/* Why a slot cannot be right, or NULL. */
static const char *slot_defect(const struct wd_rpm_source *src, const struct ndb *db,
			       const struct ndb_slot *s)
{
	uint64_t end = ((uint64_t)s->blkoff + s->blkcnt) * NDB_BLOCK;

	if (s->pkgidx == 0)
		return "package index 0";
	if ((uint64_t)s->blkoff * NDB_BLOCK < (uint64_t)db->pages * NDB_PAGE)
		return "blob inside the slots";
	if ((uint64_t)s->blkcnt * NDB_BLOCK < NDB_BLOB_HEAD + NDB_BLOB_TAIL)
		return "blob too short";
	if (end > src->size)
		return "blob beyond the end of the file";
	return NULL;
}

static int ndb_add_slot(struct wd_rpm_source *src, struct ndb *db, struct ndb_slot s)
{
	struct ndb_slot *grown;

	if (db->count == WD_RPM_PACKAGES_MAX)
		return wd_rpm_fail(src, WD_ELIMIT, "more than %u packages", WD_RPM_PACKAGES_MAX);
	if (db->count == db->cap) {
		db->cap = db->cap ? 2 * db->cap : NDB_PAGE / NDB_SLOT;
		grown = reallocarray(db->slots, db->cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		db->slots = grown;
	}
	db->slots[db->count++] = s;
	return 0;
}

static int ndb_read_slot(struct wd_rpm_source *src, struct ndb *db, uint64_t offset,
			 struct wd_blob bytes)
{
	struct wd_cursor c = wd_cursor(bytes);
	struct wd_blob magic = wd_cursor_bytes(&c, 4);
	struct ndb_slot s;
	const char *defect;

	s.pkgidx = wd_cursor_le32(&c);
	s.blkoff = wd_cursor_le32(&c);
	s.blkcnt = wd_cursor_le32(&c);
	if (!wd_blob_is(magic, "Slot"))
		return wd_rpm_bad(src, WD_ECORRUPT, "NDB slot at offset %" PRIu64 ": bad magic",
				  offset);
	if (s.blkoff == 0)
		return 0;
	defect = slot_defect(src, db, &s);
	if (defect)
		return wd_rpm_bad(src, WD_ECORRUPT,
				  "NDB slot at offset %" PRIu64 " (package %" PRIu32 "): %s",
				  offset, s.pkgidx, defect);
	return ndb_add_slot(src, db, s);
}

static int ndb_read_slots(struct wd_rpm_source *src, struct ndb *db)
{
	char page[NDB_PAGE];

	for (uint32_t i = 0; i < db->pages; i++) {
		uint64_t base = (uint64_t)i * NDB_PAGE;
		int r = wd_rpm_pread(src->req->fd, page, sizeof(page), base);

		if (r < 0)
			return r;
		for (size_t o = i ? 0 : NDB_HEADER; o < NDB_PAGE; o += NDB_SLOT) {
			r = ndb_read_slot(src, db, base + o, wd_blob(page + o, NDB_SLOT));
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int cmp_u32(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int by_offset(const void *pa, const void *pb)
{
	const struct ndb_slot *a = pa, *b = pb;
	int c = cmp_u32(a->blkoff, b->blkoff);

	return c ? c : cmp_u32(a->pkgidx, b->pkgidx);
}

static int by_package(const void *pa, const void *pb)
{
	const struct ndb_slot *a = pa, *b = pb;
	int c = cmp_u32(a->pkgidx, b->pkgidx);

	return c ? c : cmp_u32(a->blkoff, b->blkoff);
}

/* Two slots that share blocks: the one that begins first has them. Keeps reading linear. */
static int ndb_drop_overlaps(struct wd_rpm_source *src, struct ndb *db)
{
	uint64_t end = 0;
	size_t kept = 0;
	int r = 0;

	qsort(db->slots, db->count, sizeof(*db->slots), by_offset);
	for (size_t i = 0; i < db->count && r == 0; i++) {
		struct ndb_slot s = db->slots[i];

		if (s.blkoff < end) {
			r = wd_rpm_bad(src, WD_ECORRUPT,
				       "NDB package %" PRIu32 ": blob at block %" PRIu32
				       " overlaps another",
				       s.pkgidx, s.blkoff);
			continue;
		}
		end = (uint64_t)s.blkoff + s.blkcnt;
		db->slots[kept++] = s;
	}
	db->count = kept;
	return r;
}

/* Two slots of one package: rpm finds the one with the lower offset. */
static int ndb_drop_duplicates(struct wd_rpm_source *src, struct ndb *db)
{
	size_t kept = 0;
	int r = 0;

	qsort(db->slots, db->count, sizeof(*db->slots), by_package);
	for (size_t i = 0; i < db->count && r == 0; i++) {
		struct ndb_slot s = db->slots[i];

		if (kept && db->slots[kept - 1].pkgidx == s.pkgidx)
			r = wd_rpm_bad(src, WD_ECORRUPT, "NDB package %" PRIu32 ": second slot",
				       s.pkgidx);
		else
			db->slots[kept++] = s;
	}
	db->count = kept;
	return r;
}

static void ndb_close(struct wd_rpm_source *src)
{
	struct ndb *db = src->state;

	free(db->slots);
	free(db);
	src->state = NULL;
}

static int ndb_open(struct wd_rpm_source *src)
{
	struct ndb *db = calloc(1, sizeof(*db));
	int r;

	if (!db)
		return -ENOMEM;
	src->state = db;
	r = ndb_read_header(src, db);
	if (r == 0)
		r = ndb_read_slots(src, db);
	if (r == 0 && db->count)
		r = ndb_drop_overlaps(src, db);
	if (r == 0 && db->count)
		r = ndb_drop_duplicates(src, db);
	if (r < 0)
		ndb_close(src);
	return r;
}

/* Why the blob is not what the slot says, or NULL, with the length of the header in it. */
static const char *blob_defect(const struct ndb_slot *s, struct wd_blob head, struct wd_blob rest,
			       uint32_t *ret_len)
{
	struct wd_cursor h = wd_cursor(wd_blob_skip(head, 4));
	struct wd_cursor t = wd_cursor(wd_blob_skip(rest, rest.len - NDB_BLOB_TAIL));
	uint32_t pkgidx = wd_cursor_le32(&h);
	uint32_t len, sum;
	uLong adler;

	wd_cursor_le32(&h);
	len = wd_cursor_le32(&h);
	sum = wd_cursor_le32(&t);
	if (!wd_blob_starts(head, WD_BLOB("BlbS")) || !wd_blob_ends(rest, WD_BLOB("BlbE")))
		return "bad magic";
	if (pkgidx != s->pkgidx)
		return "another package's index";
	if (((uint64_t)len + NDB_BLOB_HEAD + NDB_BLOB_TAIL + NDB_BLOCK - 1) / NDB_BLOCK !=
		    s->blkcnt ||
	    wd_cursor_le32(&t) != len)
		return "wrong length";
	adler = adler32_z(adler32(0, NULL, 0), (const Bytef *)head.ptr, head.len);
	if (adler32_z(adler, (const Bytef *)rest.ptr, rest.len - NDB_BLOB_TAIL) != sum)
		return "wrong checksum";
	*ret_len = len;
	return NULL;
}

/* Head apart from the rest, so that the header begins where the buffer does. */
static int blob_read(int fd, uint64_t offset, char *head, struct wd_buf *rest, size_t len)
{
	int r = wd_buf_reserve(rest, len);

	if (r == 0)
		r = wd_rpm_pread(fd, head, NDB_BLOB_HEAD, offset);
	if (r == 0)
		r = wd_rpm_pread(fd, rest->ptr, len, offset + NDB_BLOB_HEAD);
	if (r == 0)
		rest->len = len;
	return r;
}

/* 1, or 0 with the defect reported, or a negative status. */
static int ndb_read_blob(struct wd_rpm_source *src, const struct ndb_slot *s,
			 struct wd_rpm_record *rec)
{
	uint64_t len = (uint64_t)s->blkcnt * NDB_BLOCK - NDB_BLOB_HEAD;
	uint64_t offset = (uint64_t)s->blkoff * NDB_BLOCK;
	char head[NDB_BLOB_HEAD];
	const char *defect;
	uint32_t header_len;
	int r;

	if (len > WD_RPM_BLOB_MAX)
		return wd_rpm_bad(src, WD_ELIMIT,
				  "NDB package %" PRIu32 ": %" PRIu64 " bytes of header", s->pkgidx,
				  len);
	r = blob_read(src->req->fd, offset, head, &rec->blob, (size_t)len);
	if (r < 0)
		return r;
	defect = blob_defect(s, wd_blob(head, sizeof(head)), wd_buf_view(&rec->blob), &header_len);
	if (defect) {
		rec->blob.len = 0;
		return wd_rpm_bad(src, WD_ECORRUPT,
				  "NDB blob at offset %" PRIu64 " (package %" PRIu32 "): %s",
				  offset, s->pkgidx, defect);
	}
	rec->hnum = s->pkgidx;
	rec->blob.len = header_len;
	return 1;
}

static int ndb_next(struct wd_rpm_source *src, struct wd_rpm_record *rec)
{
	struct ndb *db = src->state;
	int r = 0;

	while (r == 0 && db->next < db->count)
		r = ndb_read_blob(src, &db->slots[db->next++], rec);
	return r;
}

const struct wd_rpm_storage wd_rpm_ndb = {
	.format = "ndb",
	.probe = ndb_probe,
	.open = ndb_open,
	.next = ndb_next,
	.close = ndb_close,
};
