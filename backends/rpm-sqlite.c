/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rpmdb.sqlite: table Packages(hnum INTEGER PRIMARY KEY, blob BLOB), as rpm's
 * lib/backend/sqlite.c makes it. Blobs come through the incremental interface, which takes nothing
 * but a real table.
 */
#include "rpm-storage.h"
#include "sqlite-fd.h"

#include <inttypes.h>

struct sqlite {
	struct wd_sqlite base;
	sqlite3_stmt *stmt;
	sqlite3_blob *blob;
	int64_t last; /* hnum */
	bool any;
};

static int sqlite_fail(struct wd_rpm_source *src, int code)
{
	struct sqlite *s = src->state;
	int status = code == SQLITE_NOMEM ? -ENOMEM : WD_ECORRUPT;

	return wd_rpm_fail(src, status, "SQLite: %s", sqlite3_errmsg(s->base.db));
}

static int sqlite_prepare(struct sqlite *s)
{
	return sqlite3_prepare_v2(s->base.db,
				  "SELECT hnum FROM main.Packages NOT INDEXED ORDER BY hnum", -1,
				  &s->stmt, NULL);
}

static void sqlite_close(struct wd_rpm_source *src)
{
	struct sqlite *s = src->state;

	sqlite3_blob_close(s->blob);
	sqlite3_finalize(s->stmt);
	wd_sqlite_close(&s->base);
	free(s);
	src->state = NULL;
}

static int sqlite_open(struct wd_rpm_source *src)
{
	const char *slash = strrchr(src->req->path, '/');
	struct sqlite *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	src->state = s;
	s->base = (struct wd_sqlite){.req = src->req, .sink = src->sink, .table = "Packages"};
	r = wd_sqlite_open(&s->base, src->req->fd, slash ? slash + 1 : src->req->path);
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
	return sqlite3_blob_open(s->base.db, "main", "Packages", "blob", hnum, 0, &s->blob);
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
				  sqlite3_errmsg(s->base.db));
	len = sqlite3_blob_bytes(s->blob);
	if (len < 0 || (unsigned)len > WD_RPM_BLOB_MAX)
		return wd_rpm_bad(src, WD_ELIMIT, "package record %" PRId64 ": %d bytes of header",
				  hnum, len);
	if (wd_buf_reserve(&rec->blob, (size_t)len) < 0)
		return -ENOMEM;
	code = sqlite3_blob_read(s->blob, rec->blob.ptr, len, 0);
	if (code != SQLITE_OK)
		return wd_rpm_bad(src, WD_ECORRUPT, "package record %" PRId64 ": SQLite: %s", hnum,
				  sqlite3_errmsg(s->base.db));
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
	.probe = wd_sqlite_probe,
	.open = sqlite_open,
	.next = sqlite_next,
	.close = sqlite_close,
};
