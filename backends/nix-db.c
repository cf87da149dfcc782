/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Table ValidPaths of Nix' libstore/schema.sql: id, path, deriver, narSize, sigs. Stores of Nix
 * before 2.0 lack sigs.
 */
#include "nix-db.h"

#include "common.h"
#include "sqlite-fd.h"

#include <inttypes.h>

#define DB_NAME "var/nix/db/db.sqlite"
#define ROWS_MAX (1u << 20)
#define TEXT_MAX (512u << 20)
#define STORE_DIR "/nix/store/"
#define HASH_LENGTH 32

enum { ID, PATH, DERIVER, NAR_SIZE, SIGS };

struct reader {
	struct wd_nix_db *db;
	struct wd_sqlite sqlite;
	struct wd_faults faults;
	sqlite3_stmt *stmt;
};

/* A value of the row at hand; the null blob where it is not text. */
static struct wd_blob column(const struct reader *r, int i)
{
	if (i >= sqlite3_column_count(r->stmt) || sqlite3_column_type(r->stmt, i) != SQLITE_TEXT)
		return WD_BLOB_NULL;
	return wd_blob(sqlite3_column_text(r->stmt, i), (size_t)sqlite3_column_bytes(r->stmt, i));
}

/* HASH-NAME of a path in the store, or the null blob */
static struct wd_blob store_name(struct wd_blob path)
{
	struct wd_blob name = wd_blob_skip(path, sizeof(STORE_DIR) - 1);

	return wd_blob_starts(path, WD_BLOB(STORE_DIR)) && wd_nix_is_store_name(name)
		       ? name
		       : WD_BLOB_NULL;
}

static struct wd_blob deriver_name(struct wd_blob path)
{
	struct wd_blob name = store_name(path);

	if (!wd_blob_ends(name, WD_BLOB(".drv")) || name.len <= HASH_LENGTH + 5)
		return WD_BLOB_NULL;
	return wd_blob_head(wd_blob_skip(name, HASH_LENGTH + 1), name.len - HASH_LENGTH - 5);
}

/* "KEY:SIGNATURE KEY:SIGNATURE…" */
static struct wd_blob first_signer(struct wd_blob sigs)
{
	ptrdiff_t colon = wd_blob_chr(sigs, ':');

	return wd_blob_head(sigs, colon < 0 ? 0 : (size_t)colon);
}

static uint32_t add_text(struct wd_nix_db *db, struct wd_blob s)
{
	uint32_t at = (uint32_t)db->text.len;

	if (s.len && memchr(s.ptr, '\0', s.len))
		s = WD_BLOB_NULL;
	wd_buf_blob(&db->text, s);
	wd_buf_byte(&db->text, '\0');
	return at;
}

static int take_row(struct reader *r)
{
	struct wd_nix_db *db = r->db;
	struct wd_blob name = store_name(column(r, PATH));
	struct wd_nix_row row = {.size = WD_SIZE_UNKNOWN};

	if (!name.len)
		return wd_fault(&r->faults, WD_ECORRUPT, "path %" PRId64 ": not in the store",
				(int64_t)sqlite3_column_int64(r->stmt, ID));
	if (db->rows.n == ROWS_MAX || db->text.len > TEXT_MAX)
		return WD_ELIMIT;
	row.name = add_text(db, name);
	row.deriver = add_text(db, deriver_name(column(r, DERIVER)));
	row.signer = add_text(db, first_signer(column(r, SIGS)));
	if (sqlite3_column_type(r->stmt, NAR_SIZE) == SQLITE_INTEGER &&
	    sqlite3_column_int64(r->stmt, NAR_SIZE) > 0)
		row.size = (uint64_t)sqlite3_column_int64(r->stmt, NAR_SIZE);
	return db->text.status < 0 ? db->text.status : wd_array_push(&db->rows, row);
}

static int fail(struct reader *r, int code)
{
	int status = code == SQLITE_NOMEM ? -ENOMEM : WD_ECORRUPT;
	int e = wd_fault(&r->faults, status, "SQLite: %s", sqlite3_errmsg(r->sqlite.db));

	return e < 0 ? e : status;
}

/* Numbers that do not grow are the mark of a tree whose pages run in a circle. */
static int take_rows(struct reader *r)
{
	int64_t last = INT64_MIN;
	int status = 0, code = SQLITE_ROW;

	while (status == 0 && (code = sqlite3_step(r->stmt)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(r->stmt, ID);

		if (last != INT64_MIN && id <= last) {
			status = wd_fault(&r->faults, WD_ECORRUPT,
					  "SQLite: path %" PRId64 " after path %" PRId64, id, last);
			return status < 0 ? status : WD_ECORRUPT;
		}
		last = id;
		status = take_row(r);
	}
	return status == 0 && code != SQLITE_DONE ? fail(r, code) : status;
}

static int prepare(struct reader *r)
{
	static const char *const queries[] = {
		"SELECT id, path, deriver, narSize, sigs FROM main.ValidPaths NOT INDEXED ORDER BY "
		"id",
		"SELECT id, path, deriver, narSize FROM main.ValidPaths NOT INDEXED ORDER BY id",
	};
	int code = SQLITE_ERROR;

	for (size_t i = 0; code == SQLITE_ERROR && i < WD_ARRAY_SIZE(queries); i++)
		code = sqlite3_prepare_v2(r->sqlite.db, queries[i], -1, &r->stmt, NULL);
	return code == SQLITE_OK ? 0 : fail(r, code);
}

static int compare_rows(const void *a, const void *b, void *ctx)
{
	const char *text = ctx;

	return strcmp(text + ((const struct wd_nix_row *)a)->name,
		      text + ((const struct wd_nix_row *)b)->name);
}

static void sort_rows(struct wd_nix_db *db)
{
	size_t n = 0;

	if (db->rows.n == 0)
		return;
	qsort_r(db->rows.v, db->rows.n, sizeof(*db->rows.v), compare_rows, db->text.ptr);
	for (size_t i = 0; i < db->rows.n; i++)
		if (n == 0 || compare_rows(&db->rows.v[n - 1], &db->rows.v[i], db->text.ptr) != 0)
			db->rows.v[n++] = db->rows.v[i];
	db->rows.n = n;
}

/* Whether a failure is the database's, so that the store is read without it. */
static bool is_survivable(int status)
{
	return status == WD_ECORRUPT || status == WD_ELIMIT || status == WD_EUNSUPPORTED;
}

static int read_open(struct wd_nix_db *db, const struct wd_request *req, struct wd_sink *sink,
		     int fd, const char *path)
{
	struct reader r = {
		.db = db,
		.sqlite = {.req = req, .sink = sink, .table = "ValidPaths", .error_path = path},
		.faults = {.sink = sink, .path = path},
	};
	int status = wd_sqlite_open(&r.sqlite, fd, DB_NAME);

	if (status == 0)
		status = prepare(&r);
	if (status == 0)
		status = take_rows(&r);
	sqlite3_finalize(r.stmt);
	wd_sqlite_close(&r.sqlite);
	if (status == WD_ELIMIT)
		wd_fault(&r.faults, status, "%s", wd_status_text(status));
	db->present = status == 0;
	if (!db->present)
		db->rows.n = 0;
	return is_survivable(status) ? 0 : status;
}

int wd_nix_db_read(struct wd_nix_db *db, const struct wd_request *req, struct wd_sink *sink)
{
	WD_CLEANUP_FD int fd = wd_request_open(req, DB_NAME);
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;
	int r;

	if (fd == WD_EABSENT)
		return 0;
	wd_buf_printf(&path, "%s/" DB_NAME, req->path);
	wd_buf_byte(&path, '\0');
	if (path.status < 0)
		return path.status;
	if (fd < 0)
		return wd_sink_error(sink, fd, path.ptr, "%s", wd_status_text(fd));
	r = read_open(db, req, sink, fd, path.ptr);
	sort_rows(db);
	return r;
}

void wd_nix_db_done(struct wd_nix_db *db)
{
	wd_buf_done(&db->text);
	wd_array_done(&db->rows);
}

void wd_nix_db_libraries(char *buf, size_t size)
{
	snprintf(buf, size, "SQLite %s", sqlite3_libversion());
}
