/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rpmdb-write.h"

#include <db.h>
#include <sqlite3.h>
#include <stdio.h>
#include <zlib.h>

#define NDB_PAGE 4096
#define NDB_BLOCK 16
#define NDB_BLOB_EXTRA 28 /* head and tail */

static void le32(struct wd_buf *b, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		wd_buf_byte(b, (char)(v >> (8 * i)));
}

static uint32_t ndb_blocks(const struct wd_rpm_record *r)
{
	return (uint32_t)((r->blob.len + NDB_BLOB_EXTRA + NDB_BLOCK - 1) / NDB_BLOCK);
}

static void ndb_blob(struct wd_buf *out, const struct wd_rpm_record *r)
{
	size_t start = out->len;
	size_t end = start + (size_t)ndb_blocks(r) * NDB_BLOCK - 12;
	uLong sum;

	wd_buf_str(out, "BlbS");
	le32(out, r->hnum);
	le32(out, 0); /* time */
	le32(out, (uint32_t)r->blob.len);
	wd_buf_blob(out, wd_buf_view(&r->blob));
	while (out->len < end)
		wd_buf_byte(out, 0);
	sum = adler32_z(adler32(0, NULL, 0), (const Bytef *)out->ptr + start, end - start);
	le32(out, (uint32_t)sum);
	le32(out, (uint32_t)r->blob.len);
	wd_buf_str(out, "BlbE");
}

void rpmdb_ndb_image(struct wd_buf *out, const struct rpmdb_set *set)
{
	size_t pages = ((set->count + 2) * 16 + NDB_PAGE - 1) / NDB_PAGE;
	uint32_t block = (uint32_t)(pages * NDB_PAGE / NDB_BLOCK);

	wd_buf_str(out, "RpmP");
	le32(out, 0); /* version */
	le32(out, 1); /* generation */
	le32(out, (uint32_t)pages);
	le32(out, set->count ? set->records[set->count - 1].hnum + 1 : 1);
	for (int i = 0; i < 12; i++)
		wd_buf_byte(out, 0);
	for (size_t i = 0; i < pages * NDB_PAGE / 16 - 2; i++) {
		const struct wd_rpm_record *r = i < set->count ? &set->records[i] : NULL;

		wd_buf_str(out, "Slot");
		le32(out, r ? r->hnum : 0);
		le32(out, r ? block : 0);
		le32(out, r ? ndb_blocks(r) : 0);
		block += r ? ndb_blocks(r) : 0;
	}
	for (size_t i = 0; i < set->count; i++)
		ndb_blob(out, &set->records[i]);
}

static int write_ndb(const char *path, const struct rpmdb_set *set)
{
	WD_CLEANUP_BUF struct wd_buf out = WD_BUF_INIT;
	FILE *f = fopen(path, "w");
	bool ok;

	rpmdb_ndb_image(&out, set);
	if (!f)
		return -1;
	ok = out.status == 0 && fwrite(out.ptr, 1, out.len, f) == out.len;
	return fclose(f) == 0 && ok ? 0 : -1;
}

static int bdb_put(DB *db, uint32_t number, const void *data, size_t len)
{
	int swapped = 0;
	DBT key = {.data = &number, .size = sizeof(number)};
	DBT value = {.data = (void *)data, .size = (u_int32_t)len};

	db->get_byteswapped(db, &swapped);
	if (swapped)
		number = __builtin_bswap32(number);
	return db->put(db, NULL, &key, &value, 0);
}

static int write_bdb(const char *path, const struct rpmdb_set *set, int lorder, DBTYPE type)
{
	uint32_t last = set->count ? set->records[set->count - 1].hnum : 0;
	DB *db;
	int r = db_create(&db, NULL, 0);

	if (r)
		return -1;
	db->set_lorder(db, lorder);
	db->set_pagesize(db, 4096);
	r = db->open(db, NULL, path, NULL, type, DB_CREATE, 0644);
	if (r == 0)
		r = bdb_put(db, 0, &last, sizeof(last));
	for (size_t i = 0; i < set->count && r == 0; i++)
		r = bdb_put(db, set->records[i].hnum, set->records[i].blob.ptr,
			    set->records[i].blob.len);
	if (r)
		fprintf(stderr, "%s: %s\n", path, db_strerror(r));
	return db->close(db, 0) == 0 && r == 0 ? 0 : -1;
}

static int write_bdb_le(const char *path, const struct rpmdb_set *set)
{
	return write_bdb(path, set, 1234, DB_HASH);
}

static int write_bdb_be(const char *path, const struct rpmdb_set *set)
{
	return write_bdb(path, set, 4321, DB_HASH);
}

static int write_btree(const char *path, const struct rpmdb_set *set)
{
	return write_bdb(path, set, 1234, DB_BTREE);
}

static int sqlite_insert(sqlite3 *db, const struct rpmdb_set *set, size_t from, size_t to)
{
	sqlite3_stmt *s;
	int r = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);

	if (r == SQLITE_OK)
		r = sqlite3_prepare_v2(db, "INSERT INTO Packages VALUES (?, ?)", -1, &s, NULL);
	if (r != SQLITE_OK)
		return r;
	for (size_t i = from; i < to && r == SQLITE_OK; i++) {
		sqlite3_bind_int64(s, 1, set->records[i].hnum);
		sqlite3_bind_blob64(s, 2, set->records[i].blob.ptr, set->records[i].blob.len,
				    SQLITE_STATIC);
		sqlite3_step(s);
		r = sqlite3_reset(s);
	}
	sqlite3_finalize(s);
	return r == SQLITE_OK ? sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) : r;
}

/* `logged` packages, the last ones, stay in the log. */
static int write_sqlite(const char *path, const struct rpmdb_set *set, bool wal, size_t logged)
{
	sqlite3 *db = NULL;
	int r = sqlite3_open(path, &db);

	if (r == SQLITE_OK && wal)
		r = sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0", NULL,
				 NULL, NULL);
	if (r == SQLITE_OK)
		r = sqlite3_exec(db,
				 "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,"
				 "blob BLOB NOT NULL)",
				 NULL, NULL, NULL);
	if (r == SQLITE_OK)
		r = sqlite_insert(db, set, 0, set->count - logged);
	if (r == SQLITE_OK && logged) {
		sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
		sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		r = sqlite_insert(db, set, set->count - logged, set->count);
	}
	if (r != SQLITE_OK)
		fprintf(stderr, "%s: %s\n", path, sqlite3_errmsg(db));
	sqlite3_close(db);
	return r == SQLITE_OK ? 0 : -1;
}

static int write_sqlite_plain(const char *path, const struct rpmdb_set *set)
{
	return write_sqlite(path, set, false, 0);
}

static int write_sqlite_wal(const char *path, const struct rpmdb_set *set)
{
	return write_sqlite(path, set, true, 0);
}

static int write_sqlite_log(const char *path, const struct rpmdb_set *set)
{
	return write_sqlite(path, set, true, (set->count + 1) / 2);
}

static const struct {
	const char *name;
	int (*write)(const char *path, const struct rpmdb_set *set);
} writers[] = {
	{"ndb", write_ndb},
	{"bdb-le", write_bdb_le},
	{"bdb-be", write_bdb_be},
	{"bdb-btree", write_btree},
	{"sqlite", write_sqlite_plain},
	{"sqlite-wal", write_sqlite_wal},
	{"sqlite-log", write_sqlite_log},
};

int rpmdb_write(const char *storage, const char *path, const struct rpmdb_set *set)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
	char name[4096];

	for (size_t i = 0; i < WD_ARRAY_SIZE(suffixes); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
	}
	for (size_t i = 0; i < WD_ARRAY_SIZE(writers); i++)
		if (strcmp(writers[i].name, storage) == 0)
			return writers[i].write(path, set);
	fprintf(stderr, "no storage \"%s\"\n", storage);
	return -1;
}
