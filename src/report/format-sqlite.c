/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sqlite format, a module: one table of rows, `errors`, and `about` with the schema's name and
 * the rootfs. It is written in one transaction into the file that wd_out_commit() puts in place.
 */
#include "base/status.h"
#include "report/format.h"
#include "report/text.h"

#include <errno.h>
#include <sqlite3.h>

extern const struct wd_format wd_format_module;

struct state {
	sqlite3 *db;
	sqlite3_stmt *insert;
};

static int status_of(int rc)
{
	switch (rc) {
	case SQLITE_OK:
	case SQLITE_DONE:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	default:
		return -EIO;
	}
}

static const char *type_of(enum wd_column_kind kind)
{
	return kind == WD_COLUMN_NUMBER ? "INTEGER" : "TEXT";
}

static int exec(sqlite3 *db, struct wd_buf *sql)
{
	wd_buf_byte(sql, '\0');
	if (sql->status < 0)
		return sql->status;
	return status_of(sqlite3_exec(db, sql->ptr, NULL, NULL, NULL));
}

static int create_tables(struct state *s, const struct wd_schema *schema)
{
	WD_CLEANUP_BUF struct wd_buf sql = WD_BUF_INIT;
	char *about = sqlite3_mprintf("CREATE TABLE about(schema TEXT, rootfs TEXT);"
				      "INSERT INTO about VALUES(%Q, %Q);"
				      "CREATE TABLE errors(path TEXT, code TEXT, message TEXT);",
				      schema->name, schema->rootfs);

	if (!about)
		return -ENOMEM;
	wd_buf_str(&sql, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;");
	wd_buf_str(&sql, about);
	sqlite3_free(about);
	wd_buf_printf(&sql, "CREATE TABLE %s(", schema->table);
	for (size_t i = 0; i < schema->ncolumns; i++)
		wd_buf_printf(&sql, "%s\"%s\" %s", i ? ", " : "", schema->columns[i].name,
			      type_of(schema->columns[i].kind));
	wd_buf_str(&sql, ");");
	return exec(s->db, &sql);
}

static int prepare_insert(struct state *s, const struct wd_schema *schema)
{
	WD_CLEANUP_BUF struct wd_buf sql = WD_BUF_INIT;

	wd_buf_printf(&sql, "INSERT INTO %s VALUES(", schema->table);
	for (size_t i = 0; i < schema->ncolumns; i++)
		wd_buf_str(&sql, i ? ",?" : "?");
	wd_buf_byte(&sql, ')');
	if (sql.status < 0)
		return sql.status;
	return status_of(sqlite3_prepare_v2(s->db, sql.ptr, (int)sql.len, &s->insert, NULL));
}

static void state_free(struct state *s)
{
	sqlite3_finalize(s->insert);
	sqlite3_close(s->db);
	free(s);
}

static int sqlite_begin(struct wd_writer *w)
{
	struct state *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	r = status_of(sqlite3_open_v2(w->out->temp, &s->db,
				      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
	if (r == 0)
		r = create_tables(s, w->schema);
	if (r == 0)
		r = prepare_insert(s, w->schema);
	if (r < 0) {
		state_free(s);
		return r;
	}
	w->state = s;
	return 0;
}

/* A name that is no UTF-8 is a blob: its bytes are kept. */
static int bind_text(sqlite3_stmt *stmt, int at, struct wd_blob s)
{
	if (!wd_utf8_valid(s))
		return sqlite3_bind_blob64(stmt, at, s.ptr, s.len, SQLITE_STATIC);
	return sqlite3_bind_text64(stmt, at, s.ptr ? s.ptr : "", s.len, SQLITE_STATIC, SQLITE_UTF8);
}

static int sqlite_row(struct wd_writer *w, const struct wd_cell *cells)
{
	struct state *s = w->state;
	int rc = SQLITE_OK;

	for (size_t i = 0; rc == SQLITE_OK && i < w->schema->ncolumns; i++) {
		int at = (int)i + 1;

		if (w->schema->columns[i].kind != WD_COLUMN_NUMBER)
			rc = bind_text(s->insert, at, cells[i].text);
		else if (cells[i].number == WD_SIZE_UNKNOWN)
			rc = sqlite3_bind_null(s->insert, at);
		else
			rc = sqlite3_bind_int64(s->insert, at, (sqlite3_int64)cells[i].number);
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_step(s->insert);
	sqlite3_reset(s->insert);
	return status_of(rc);
}

static int write_errors(struct state *s, const struct wd_catalog *cat)
{
	int rc;

	sqlite3_finalize(s->insert);
	s->insert = NULL;
	rc = sqlite3_prepare_v2(s->db, "INSERT INTO errors VALUES(?,?,?)", -1, &s->insert, NULL);
	for (size_t i = 0; rc == SQLITE_OK && i < cat->errors.n; i++) {
		const struct wd_cat_error *e = &cat->errors.v[i];

		bind_text(s->insert, 1, wd_blob_str(e->path));
		bind_text(s->insert, 2, wd_blob_str(wd_status_name(e->status)));
		bind_text(s->insert, 3, wd_blob_str(e->message));
		rc = sqlite3_step(s->insert) == SQLITE_DONE ? SQLITE_OK : SQLITE_ERROR;
		sqlite3_reset(s->insert);
	}
	return status_of(rc);
}

static int sqlite_end(struct wd_writer *w, const struct wd_catalog *cat)
{
	struct state *s = w->state;
	int r = write_errors(s, cat);

	if (r == 0)
		r = status_of(sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL));
	state_free(s);
	w->state = NULL;
	return r;
}

__attribute__((visibility("default"))) const struct wd_format wd_format_module = {
	.name = "sqlite",
	.needs_file = true,
	.begin = sqlite_begin,
	.row = sqlite_row,
	.end = sqlite_end,
};
