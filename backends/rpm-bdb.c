/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packages as a Berkeley DB hash, by libdb: what rpm wrote until 4.16. Keys are package numbers
 * of 4 bytes in the byte order of the file; number 0 is rpm's counter, not a package.
 *
 * libdb opens files by name, and where this runs nothing can be opened. So its calls that take a
 * name are replaced: whatever it opens is the descriptor of the request. The hooks are of the whole
 * process, which is a worker's.
 */
#include "rpm-bdb.h"

#include <db.h>
#include <fcntl.h>
#include <inttypes.h>

/* An absolute name, which libdb looks up in no directory of its own. */
#define BDB_NAME "/Packages"

struct bdb {
	struct wd_rpm_bdb_file file;
	DB *db;
	uint32_t *hnums;
	size_t count;
	size_t cap;
	size_t next;
	bool swapped; /* the file has the other byte order */
};

static int hooked_fd = -1;
static const struct wd_rpm_bdb_file *hooked_file;

/* A duplicate shares the offset, and libdb expects a new file's: it read()s the first bytes. */
static int hook_open(const char *name, int flags, ...)
{
	(void)name;
	if ((flags & O_ACCMODE) != O_RDONLY) {
		errno = EROFS;
		return -1;
	}
	if (lseek(hooked_fd, 0, SEEK_SET) < 0)
		return -1;
	return fcntl(hooked_fd, F_DUPFD_CLOEXEC, 0);
}

static int hook_exists(const char *name, int *isdir)
{
	(void)name;
	if (isdir)
		*isdir = 0;
	return 0;
}

/* Pages come from the mapping: no system call for each, and nothing but what was checked. */
static ssize_t hook_pread(int fd, void *buf, size_t len, off_t offset)
{
	(void)fd;
	if (offset < 0 || (uint64_t)offset >= hooked_file->size)
		return 0;
	if (len > hooked_file->size - (size_t)offset)
		len = hooked_file->size - (size_t)offset;
	memcpy(buf, hooked_file->map + offset, len);
	return (ssize_t)len;
}

static ssize_t hook_pwrite(int fd, const void *buf, size_t len, off_t offset)
{
	(void)fd;
	(void)buf;
	(void)len;
	(void)offset;
	errno = EROFS;
	return -1;
}

static ssize_t hook_write(int fd, const void *buf, size_t len)
{
	return hook_pwrite(fd, buf, len, 0);
}

static int hook_unlink(const char *name)
{
	(void)name;
	errno = EROFS;
	return -1;
}

/* A fd of -1 takes them away. */
static void set_hooks(int fd, const struct wd_rpm_bdb_file *file)
{
	bool on = fd >= 0;

	hooked_fd = fd;
	hooked_file = file;
	db_env_set_func_open(on ? hook_open : NULL);
	db_env_set_func_exists(on ? hook_exists : NULL);
	db_env_set_func_pread(on ? hook_pread : NULL);
	db_env_set_func_write(on ? hook_write : NULL);
	db_env_set_func_pwrite(on ? hook_pwrite : NULL);
	db_env_set_func_unlink(on ? hook_unlink : NULL);
}

/* Without it, libdb writes to stderr. What matters comes back as an error number. */
static void swallow(const DB_ENV *env, const char *prefix, const char *message)
{
	(void)env;
	(void)prefix;
	(void)message;
}

static int bdb_status(int r)
{
	return r == ENOMEM ? -ENOMEM : r == DB_OLD_VERSION ? WD_EUNSUPPORTED : WD_ECORRUPT;
}

static void bdb_close(struct wd_rpm_source *src)
{
	struct bdb *b = src->state;

	if (b->db)
		b->db->close(b->db, DB_NOSYNC);
	set_hooks(-1, NULL);
	wd_rpm_bdb_file_done(&b->file);
	free(b->hnums);
	free(b);
	src->state = NULL;
}

static int bdb_open_file(struct wd_rpm_source *src, struct bdb *b)
{
	int r;

	set_hooks(src->req->fd, &b->file);
	r = db_create(&b->db, NULL, 0);
	if (r)
		return -ENOMEM;
	b->db->set_errcall(b->db, swallow);
	r = b->db->open(b->db, NULL, BDB_NAME, NULL, DB_HASH, DB_RDONLY, 0);
	if (r)
		return wd_rpm_fail(src, bdb_status(r), "Berkeley DB: %s", db_strerror(r));
	return 0;
}

static int bdb_add_hnum(struct wd_rpm_source *src, struct bdb *b, uint32_t hnum)
{
	uint32_t *grown;

	if (b->count == WD_RPM_PACKAGES_MAX)
		return wd_rpm_fail(src, WD_ELIMIT, "more than %u packages", WD_RPM_PACKAGES_MAX);
	if (b->count == b->cap) {
		b->cap = b->cap ? 2 * b->cap : 256;
		grown = reallocarray(b->hnums, b->cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		b->hnums = grown;
	}
	b->hnums[b->count++] = hnum;
	return 0;
}

static int bdb_add_key(struct wd_rpm_source *src, struct bdb *b, const DBT *key)
{
	uint32_t hnum;

	if (key->size != sizeof(hnum))
		return wd_rpm_bad(src, WD_ECORRUPT, "Berkeley DB: key of %" PRIu32 " bytes",
				  key->size);
	memcpy(&hnum, key->data, sizeof(hnum));
	if (b->swapped)
		hnum = __builtin_bswap32(hnum);
	return hnum ? bdb_add_hnum(src, b, hnum) : 0;
}

/* Partial reads of no bytes: the headers stay where they are. */
static int bdb_read_keys(struct wd_rpm_source *src, struct bdb *b)
{
	DBT key = {0}, data = {.flags = DB_DBT_PARTIAL};
	DBC *cursor;
	int r, status = 0;

	r = b->db->cursor(b->db, NULL, &cursor, 0);
	if (r)
		return wd_rpm_fail(src, bdb_status(r), "Berkeley DB: %s", db_strerror(r));
	while (status == 0 && (r = cursor->get(cursor, &key, &data, DB_NEXT)) == 0)
		status = bdb_add_key(src, b, &key);
	if (status == 0 && r != DB_NOTFOUND)
		status = wd_rpm_fail(src, bdb_status(r), "Berkeley DB: list of packages: %s",
				     db_strerror(r));
	cursor->close(cursor);
	return status;
}

static int by_number(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

	return (a > b) - (a < b);
}

static int bdb_sort_keys(struct wd_rpm_source *src, struct bdb *b)
{
	size_t kept = 0;
	int r = 0;

	if (b->count)
		qsort(b->hnums, b->count, sizeof(*b->hnums), by_number);
	for (size_t i = 0; i < b->count && r == 0; i++) {
		uint32_t hnum = b->hnums[i];

		if (kept && b->hnums[kept - 1] == hnum)
			r = wd_rpm_bad(src, WD_ECORRUPT,
				       "Berkeley DB: second record of package %" PRIu32, hnum);
		else
			b->hnums[kept++] = hnum;
	}
	b->count = kept;
	return r;
}

static int bdb_open(struct wd_rpm_source *src)
{
	struct bdb *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return -ENOMEM;
	src->state = b;
	r = wd_rpm_bdb_open(src, &b->file);
	if (r == 0)
		r = wd_rpm_bdb_check(src, &b->file);
	b->swapped = b->file.big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	if (r == 0)
		r = bdb_open_file(src, b);
	if (r == 0)
		r = bdb_read_keys(src, b);
	if (r == 0)
		r = bdb_sort_keys(src, b);
	if (r < 0)
		bdb_close(src);
	return r;
}

/*
 * The first call, with no room, tells the length. The buffer is cleared because libdb returns
 * success with the rest untouched where a chain of overflow pages is too short.
 */
static int bdb_get(struct wd_rpm_source *src, struct bdb *b, uint32_t hnum, struct wd_buf *blob)
{
	uint32_t number = b->swapped ? __builtin_bswap32(hnum) : hnum;
	DBT key = {.data = &number, .size = sizeof(number)};
	DBT data = {.flags = DB_DBT_USERMEM};
	int r = b->db->get(b->db, NULL, &key, &data, 0);

	if (r == DB_BUFFER_SMALL && data.size > WD_RPM_BLOB_MAX)
		return wd_rpm_bad(src, WD_ELIMIT,
				  "package record %" PRIu32 ": %" PRIu32 " bytes of header", hnum,
				  data.size);
	if (r == DB_BUFFER_SMALL && data.size <= src->size) {
		if (wd_buf_reserve(blob, data.size) < 0)
			return -ENOMEM;
		memset(blob->ptr, 0, data.size);
		data.data = blob->ptr;
		data.ulen = data.size;
		r = b->db->get(b->db, NULL, &key, &data, 0);
	}
	if (r)
		return wd_rpm_bad(src, WD_ECORRUPT, "package record %" PRIu32 ": Berkeley DB: %s",
				  hnum, db_strerror(r));
	blob->len = data.size;
	return 1;
}

static int bdb_next(struct wd_rpm_source *src, struct wd_rpm_record *rec)
{
	struct bdb *b = src->state;
	int r = 0;

	while (r == 0 && b->next < b->count) {
		rec->hnum = b->hnums[b->next++];
		r = bdb_get(src, b, rec->hnum, &rec->blob);
	}
	return r;
}

/* The versions that libdb 5.3 reads, without what rpm never asked for. */
static bool bdb_probe(struct wd_blob head)
{
	struct wd_rpm_bdb_file f;

	return wd_rpm_bdb_magic(head, &f) && !f.btree && f.version >= WD_RPM_BDB_HASH_OLDEST &&
	       f.version <= 9 && head.ptr[24] == 0 && head.ptr[26] == 0;
}

const struct wd_rpm_storage wd_rpm_bdb = {
	.format = "bdb",
	.probe = bdb_probe,
	.open = bdb_open,
	.next = bdb_next,
	.close = bdb_close,
};
