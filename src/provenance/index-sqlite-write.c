/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The half of the index's module that writes. */
#include "provenance/index-sqlite.h"

/*
 * No journal: the file is a new one, which takes its place only when it is whole, and a journal
 * would be left beside it by a signal. SQLite keeps one in its defensive mode whatever it is told.
 */
int wd_index_edit(const char *path, struct wd_index **ret)
{
	struct wd_index *ix = calloc(1, sizeof(*ix));
	int application = 0;
	int r;

	if (!ix)
		return -ENOMEM;
	r = wd_index_status(
		sqlite3_open_v2(path, &ix->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
	if (r == 0) {
		wd_index_harden(ix->db);
		sqlite3_db_config(ix->db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
		r = wd_index_exec(ix,
				  "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
				  "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-65536; BEGIN");
		sqlite3_db_config(ix->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	}
	if (r == 0)
		r = wd_index_pragma(ix, "PRAGMA application_id", &application);
	if (r == 0)
		r = application ? wd_index_check_schema(ix) : wd_index_create(ix);
	if (r < 0) {
		wd_index_close(ix);
		return r;
	}
	*ret = ix;
	return 0;
}

/* Inserts what was bound. */
static int insert(sqlite3_stmt *s)
{
	int rc = sqlite3_step(s);

	sqlite3_reset(s);
	return wd_index_status(rc);
}

static int id_row(sqlite3_stmt *s, void *ctx)
{
	*(sqlite3_int64 *)ctx = sqlite3_column_int64(s, 0);
	return 0;
}

static int forget_source(struct wd_index *ix, sqlite3_int64 id)
{
	static const char *const tables[] = {"package", "directory", "digest", "build"};
	char text[128];
	int r = 0;

	for (size_t i = 0; r == 0 && i < WD_ARRAY_SIZE(tables); i++) {
		sqlite3_snprintf(sizeof(text), text, "DELETE FROM %s WHERE source = %lld",
				 tables[i], id);
		r = wd_index_exec(ix, text);
	}
	sqlite3_snprintf(sizeof(text), text, "DELETE FROM source WHERE id = %lld", id);
	return r < 0 ? r : wd_index_exec(ix, text);
}

int wd_index_forget(struct wd_index *ix, struct wd_blob path, struct wd_blob given)
{
	sqlite3_stmt *s = wd_index_statement(ix, FIND_SOURCE);
	sqlite3_int64 id = -1;
	int r;

	if (s) {
		wd_index_bind(s, 1, path);
		wd_index_bind(s, 2, given);
	}
	r = wd_index_each(ix, s, id_row, &id);
	return r < 0 || id < 0 ? r : forget_source(ix, id);
}

static int inserted_id(struct wd_index *ix, uint32_t *ret)
{
	sqlite3_int64 id = sqlite3_last_insert_rowid(ix->db);

	if (id < 0 || id > UINT32_MAX)
		return WD_ELIMIT;
	*ret = (uint32_t)id;
	return 0;
}

int wd_index_add_source(struct wd_index *ix, struct wd_index_source *src)
{
	sqlite3_stmt *s = wd_index_statement(ix, INSERT_SOURCE);
	int r;

	if (!s)
		return wd_index_status(sqlite3_errcode(ix->db));
	wd_index_bind(s, 1, src->path);
	wd_index_bind(s, 2, src->given);
	wd_index_bind(s, 3, src->kind);
	r = insert(s);
	return r < 0 ? r : inserted_id(ix, &src->id);
}

int wd_index_count_source(struct wd_index *ix, const struct wd_index_source *src)
{
	sqlite3_stmt *s = wd_index_statement(ix, COUNT_SOURCE);
	const uint64_t counts[] = {src->packages, src->files, src->digests, src->builds};

	if (!s)
		return wd_index_status(sqlite3_errcode(ix->db));
	sqlite3_bind_int64(s, 1, src->distro);
	for (int i = 0; i < 4; i++)
		sqlite3_bind_int64(s, 2 + i, (sqlite3_int64)counts[i]);
	sqlite3_bind_int64(s, 6, src->id);
	return insert(s);
}

static int bind_distro(sqlite3_stmt *s, const struct wd_index_distro *d)
{
	if (!s)
		return WD_ECORRUPT;
	wd_index_bind(s, 1, d->os);
	wd_index_bind(s, 2, d->version);
	wd_index_bind(s, 3, d->purl);
	return 0;
}

int wd_index_add_distro(struct wd_index *ix, struct wd_index_distro *d)
{
	sqlite3_stmt *s = wd_index_statement(ix, FIND_DISTRO);
	sqlite3_int64 id = -1;
	int r = bind_distro(s, d);

	if (r == 0)
		r = wd_index_each(ix, s, id_row, &id);
	if (r < 0)
		return r;
	if (id >= 0 && id <= UINT32_MAX) {
		d->id = (uint32_t)id;
		return 0;
	}
	s = wd_index_statement(ix, INSERT_DISTRO);
	r = bind_distro(s, d);
	if (r == 0)
		r = insert(s);
	return r < 0 ? r : inserted_id(ix, &d->id);
}

int wd_index_add_package(struct wd_index *ix, const struct wd_index_package *p)
{
	sqlite3_stmt *s = wd_index_statement(ix, INSERT_PACKAGE);
	const struct wd_blob texts[] = {p->name, p->version, p->arch, p->origin};

	if (!s)
		return wd_index_status(sqlite3_errcode(ix->db));
	sqlite3_bind_int64(s, 1, p->source);
	sqlite3_bind_int64(s, 2, p->id);
	sqlite3_bind_int64(s, 3, p->distro);
	for (int i = 0; i < 4; i++)
		wd_index_bind(s, 4 + i, texts[i]);
	sqlite3_bind_int64(s, 8, p->files);
	sqlite3_bind_int64(s, 9, p->core);
	return insert(s);
}

int wd_index_add_dir(struct wd_index *ix, uint32_t source, struct wd_blob path,
		     struct wd_blob entries)
{
	sqlite3_stmt *s = wd_index_statement(ix, INSERT_DIR);

	if (!s)
		return wd_index_status(sqlite3_errcode(ix->db));
	wd_index_bind(s, 1, path);
	sqlite3_bind_int64(s, 2, source);
	wd_index_bind(s, 3, entries);
	return insert(s);
}

int wd_index_add_digest(struct wd_index *ix, uint32_t source, uint32_t package, uint64_t size,
			struct wd_blob digest)
{
	sqlite3_stmt *s = wd_index_statement(ix, INSERT_DIGEST);

	if (!s)
		return wd_index_status(sqlite3_errcode(ix->db));
	sqlite3_bind_int64(s, 1, (sqlite3_int64)size);
	wd_index_bind(s, 2, digest);
	sqlite3_bind_int64(s, 3, source);
	sqlite3_bind_int64(s, 4, package);
	return insert(s);
}

int wd_index_add_build(struct wd_index *ix, uint32_t source, uint32_t package, struct wd_blob build)
{
	sqlite3_stmt *s = wd_index_statement(ix, INSERT_BUILD);

	if (!s)
		return wd_index_status(sqlite3_errcode(ix->db));
	wd_index_bind(s, 1, build);
	sqlite3_bind_int64(s, 2, source);
	sqlite3_bind_int64(s, 3, package);
	return insert(s);
}

int wd_index_commit(struct wd_index *ix)
{
	return wd_index_exec(
		ix, "DELETE FROM distro WHERE id NOT IN (SELECT distro FROM package); COMMIT");
}
