/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rpmdb.sqlite: table Packages(hnum INTEGER PRIMARY KEY, blob BLOB), as rpm's
 * lib/backend/sqlite.c makes it. The schema is as hostile as the rest: SQLite is told so, only
 * this one table may be read, and blobs come through the incremental interface, which takes
 * nothing but a real table.
 */
#include "rpm-sqlite-vfs.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

/* Between the page cache, the schema and one blob that is being read. */
#define SQLITE_HEAP_MAX (128 << 20)
#define SQLITE_SQL_MAX (1 << 20)

struct sqlite {
	struct wd_rpm_vfs vfs;
	sqlite3 *db;
	sqlite3_stmt *stmt;
	sqlite3_blob *blob;
	int64_t last; /* hnum */
	bool any;
};

static bool sqlite_probe(struct wd_blob head)
{
	return head.len >= 16 && memcmp(head.ptr, "SQLite format 3", 16) == 0;
}

static int sqlite_fail(struct wd_rpm_source *src, int code)
{
	struct sqlite *s = src->state;
	int status = code == SQLITE_NOMEM ? -ENOMEM : WD_ECORRUPT;

	return wd_rpm_fail(src, status, "SQLite: %s",
			   s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(code));
}

static int authorize(void *arg, int action, const char *a, const char *b, const char *db,
		     const char *trigger)
{
	(void)arg;
	(void)b;
	(void)db;
	if (trigger)
		return SQLITE_DENY;
	if (action == SQLITE_SELECT)
		return SQLITE_OK;
	return action == SQLITE_READ && a && sqlite3_stricmp(a, "Packages") == 0 ? SQLITE_OK
										 : SQLITE_DENY;
}

/* EXCLUSIVE keeps the index of the write-ahead log in memory instead of a file beside it. */
static int sqlite_configure(sqlite3 *db)
{
	static const struct {
		int what, on;
	} flags[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},	       {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},   {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
		{SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(flags); i++)
		sqlite3_db_config(db, flags[i].what, flags[i].on, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, SQLITE_SQL_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	return sqlite3_exec(db,
			    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA temp_store=MEMORY;"
			    "PRAGMA query_only=1; PRAGMA cell_size_check=1",
			    NULL, NULL, NULL);
}

static int sqlite_prepare(struct sqlite *s)
{
	int r = sqlite3_open_v2(WD_RPM_VFS_MAIN, &s->db, SQLITE_OPEN_READONLY, WD_RPM_VFS_NAME);

	if (r == SQLITE_OK)
		r = sqlite_configure(s->db);
	if (r == SQLITE_OK)
		r = sqlite3_set_authorizer(s->db, authorize, NULL);
	if (r == SQLITE_OK)
		r = sqlite3_prepare_v2(s->db,
				       "SELECT hnum FROM main.Packages NOT INDEXED ORDER BY hnum",
				       -1, &s->stmt, NULL);
	return r;
}

static void sqlite_close(struct wd_rpm_source *src)
{
	struct sqlite *s = src->state;

	sqlite3_blob_close(s->blob);
	sqlite3_finalize(s->stmt);
	sqlite3_close(s->db);
	sqlite3_hard_heap_limit64(0);
	wd_rpm_vfs_done(&s->vfs);
	free(s);
	src->state = NULL;
}

/*
 * SQLite reads a last page that is cut short as if zeros followed. Only a log explains such a size
 * (file format, section 1.2: the main file is made of whole pages).
 */
static int check_size(struct wd_rpm_source *src, const struct wd_rpm_vfs *vfs)
{
	uint8_t be[2];
	struct stat st;
	unsigned page;

	if (vfs->wal_fd >= 0 || pread(vfs->main_fd, be, sizeof(be), 16) != sizeof(be) ||
	    fstat(vfs->main_fd, &st) < 0)
		return 0;
	page = be[0] << 8 | be[1];
	page = page == 1 ? 65536 : page;
	if (page == 0 || st.st_size % page == 0)
		return 0;
	return wd_rpm_bad(src, WD_ECORRUPT, "SQLite: cut off in the middle of its last page");
}

static int sqlite_open(struct wd_rpm_source *src)
{
	struct sqlite *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	src->state = s;
	sqlite3_hard_heap_limit64(SQLITE_HEAP_MAX);
	r = wd_rpm_vfs_init(&s->vfs, src);
	if (r == 0)
		r = check_size(src, &s->vfs);
	if (r == 0) {
		int code = sqlite_prepare(s);

		r = code == SQLITE_OK ? 0 : sqlite_fail(src, code);
	}
	if (r < 0)
		sqlite_close(src);
	return r;
}

static int sqlite_seek(struct sqlite *s, int64_t hnum)
{
	if (s->blob && sqlite3_blob_reopen(s->blob, hnum) == SQLITE_OK)
		return SQLITE_OK;
	sqlite3_blob_close(s->blob);
	s->blob = NULL;
	return sqlite3_blob_open(s->db, "main", "Packages", "blob", hnum, 0, &s->blob);
}

/* 1, or 0 with the defect reported, or a negative status. */
static int sqlite_read(struct wd_rpm_source *src, int64_t hnum, struct wd_rpm_record *rec)
{
	struct sqlite *s = src->state;
	int len, code;

	if (hnum <= 0 || hnum > UINT32_MAX)
		return wd_rpm_bad(src, WD_ECORRUPT, "package record %" PRId64 ": not a number",
				  hnum);
	code = sqlite_seek(s, hnum);
	if (code != SQLITE_OK)
		return wd_rpm_bad(src, WD_ECORRUPT, "package record %" PRId64 ": SQLite: %s", hnum,
				  sqlite3_errmsg(s->db));
	len = sqlite3_blob_bytes(s->blob);
	if (len < 0 || (unsigned)len > WD_RPM_BLOB_MAX)
		return wd_rpm_bad(src, WD_ELIMIT, "package record %" PRId64 ": %d bytes of header",
				  hnum, len);
	if (wd_buf_reserve(&rec->blob, (size_t)len) < 0)
		return -ENOMEM;
	code = sqlite3_blob_read(s->blob, rec->blob.ptr, len, 0);
	if (code != SQLITE_OK)
		return wd_rpm_bad(src, WD_ECORRUPT, "package record %" PRId64 ": SQLite: %s", hnum,
				  sqlite3_errmsg(s->db));
	rec->hnum = (uint32_t)hnum;
	rec->blob.len = (size_t)len;
	return 1;
}

/* Numbers that do not grow are the mark of a tree whose pages run in a circle. */
static int sqlite_next(struct wd_rpm_source *src, struct wd_rpm_record *rec)
{
	struct sqlite *s = src->state;
	int r = 0;

	while (r == 0) {
		int code = sqlite3_step(s->stmt);
		int64_t hnum;

		if (code == SQLITE_DONE)
			return 0;
		if (code != SQLITE_ROW)
			return sqlite_fail(src, code);
		hnum = sqlite3_column_int64(s->stmt, 0);
		if (s->any && hnum <= s->last)
			return wd_rpm_fail(src, WD_ECORRUPT,
					   "SQLite: package %" PRId64 " after package %" PRId64,
					   hnum, s->last);
		s->any = true;
		s->last = hnum;
		r = sqlite_read(src, hnum, rec);
	}
	return r;
}

const struct wd_rpm_storage wd_rpm_sqlite = {
	.format = "sqlite",
	.probe = sqlite_probe,
	.open = sqlite_open,
	.next = sqlite_next,
	.close = sqlite_close,
};
