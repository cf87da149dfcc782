/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The index's module: its tables, whodistro-index(5). Reading, the whole file is in memory already;
 * its schema must be ours to the letter, and SQLite refuses everything but reading these tables.
 */
#include "provenance/index-sqlite.h"

extern const struct wd_index_ops wd_index_module;

#define HEAP_MAX (256 << 20)

/*
 * Names and versions are as the databases had them: bytes that may be no text. Without row ids, a
 * table is one tree in order of its key. The key of `directory` begins with the path, so that one
 * seek finds what all sources have there.
 */
static const char *const schema[][2] = {
	{"source",
	 "CREATE TABLE source(id INTEGER PRIMARY KEY, path BLOB, given BLOB, kind BLOB,"
	 " distro INTEGER, packages INTEGER, files INTEGER, digests INTEGER, builds INTEGER)"},
	{"distro", "CREATE TABLE distro(id INTEGER PRIMARY KEY, os BLOB, version BLOB, purl BLOB)"},
	{"package", "CREATE TABLE package(source INTEGER, id INTEGER, distro INTEGER, name BLOB,"
		    " version BLOB, arch BLOB, origin BLOB, files INTEGER, core INTEGER,"
		    " PRIMARY KEY(source, id)) WITHOUT ROWID"},
	{"directory", "CREATE TABLE directory(path BLOB, source INTEGER, entries BLOB,"
		      " PRIMARY KEY(path, source)) WITHOUT ROWID"},
	{"digest", "CREATE TABLE digest(size INTEGER, digest BLOB, source INTEGER,"
		   " package INTEGER, PRIMARY KEY(size, digest, source, package)) WITHOUT ROWID"},
	{"build", "CREATE TABLE build(build BLOB, source INTEGER, package INTEGER,"
		  " PRIMARY KEY(build, source, package)) WITHOUT ROWID"},
};

static const char *const sql[STATEMENTS] = {
	/* each stands under its name: NOLINTNEXTLINE(bugprone-suspicious-missing-comma) */
	[SELECT_SOURCES] = "SELECT id, path, given, kind, distro, packages, files, digests, builds"
			   " FROM source ORDER BY id",
	[SELECT_DISTROS] = "SELECT id, os, version, purl FROM distro ORDER BY id",
	[SELECT_DIR] = "SELECT source, entries FROM directory WHERE path = ? ORDER BY source",
	[SELECT_DIGEST] = "SELECT source, package FROM digest WHERE size = ? AND digest = ?",
	[SELECT_BUILD] = "SELECT source, package FROM build WHERE build = ?",
	[SELECT_SIZED] = "SELECT length(digest) FROM digest WHERE size = ?",
	[SELECT_PACKAGE] = "SELECT distro, name, version, arch, origin, files, core"
			   " FROM package WHERE source = ? AND id = ?",
	[FIND_SOURCE] = "SELECT id FROM source WHERE path = ? AND given = ?",
	[FIND_DISTRO] = "SELECT id FROM distro WHERE os = ? AND version = ? AND purl = ?",
	[INSERT_SOURCE] = "INSERT INTO source(path, given, kind) VALUES(?,?,?)",
	[COUNT_SOURCE] = "UPDATE source SET distro = ?, packages = ?, files = ?, digests = ?,"
			 " builds = ? WHERE id = ?",
	[INSERT_DISTRO] = "INSERT INTO distro VALUES(NULL,?,?,?)",
	[INSERT_PACKAGE] = "INSERT INTO package VALUES(?,?,?,?,?,?,?,?,?)",
	[INSERT_DIR] = "INSERT INTO directory VALUES(?,?,?)",
	[INSERT_DIGEST] = "INSERT OR IGNORE INTO digest VALUES(?,?,?,?)",
	[INSERT_BUILD] = "INSERT OR IGNORE INTO build VALUES(?,?,?)",
};

int wd_index_status(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		return -EIO;
	default:
		return WD_ECORRUPT;
	}
}

static const char *index_why(struct wd_index *ix)
{
	return sqlite3_errmsg(ix->db);
}

void wd_index_close(struct wd_index *ix)
{
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(ix->statements[i]);
	sqlite3_close(ix->db);
	free(ix);
}

/* The statement, reset; NULL where it cannot be prepared. */
sqlite3_stmt *wd_index_statement(struct wd_index *ix, enum statement which)
{
	sqlite3_stmt **s = &ix->statements[which];

	if (*s)
		sqlite3_reset(*s);
	else
		sqlite3_prepare_v3(ix->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, s, NULL);
	return *s;
}

int wd_index_bind(sqlite3_stmt *s, int at, struct wd_blob b)
{
	return sqlite3_bind_blob64(s, at, b.ptr ? b.ptr : "", b.len, SQLITE_STATIC);
}

static struct wd_blob column_blob(sqlite3_stmt *s, int at)
{
	const void *p = sqlite3_column_blob(s, at);

	return wd_blob(p, p ? (size_t)sqlite3_column_bytes(s, at) : 0);
}

/* A number of the file that must fit; false otherwise. */
static bool column_u32(sqlite3_stmt *s, int at, uint32_t *ret)
{
	sqlite3_int64 n = sqlite3_column_int64(s, at);

	*ret = (uint32_t)n;
	return n >= 0 && n <= UINT32_MAX;
}

static uint64_t column_u64(sqlite3_stmt *s, int at)
{
	sqlite3_int64 n = sqlite3_column_int64(s, at);

	return n < 0 ? 0 : (uint64_t)n;
}

/* ---- Opening */

/* Whether the schema is ours and nothing besides. */
int wd_index_check_schema(struct wd_index *ix)
{
	sqlite3_stmt *s = NULL;
	size_t found = 0, rows = 0;
	int rc = sqlite3_prepare_v2(ix->db, "SELECT name, sql FROM sqlite_schema", -1, &s, NULL);

	while (rc == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
		rows++;
		for (size_t i = 0; i < WD_ARRAY_SIZE(schema); i++)
			found += wd_blob_is(column_blob(s, 0), schema[i][0]) &&
				 wd_blob_is(column_blob(s, 1), schema[i][1]);
	}
	rc = sqlite3_finalize(s);
	if (rc != SQLITE_OK)
		return wd_index_status(rc);
	return found == WD_ARRAY_SIZE(schema) && rows == found ? 0 : WD_ECORRUPT;
}

int wd_index_pragma(struct wd_index *ix, const char *text, int *ret)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(ix->db, text, -1, &s, NULL);

	if (rc == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		*ret = sqlite3_column_int(s, 0);
	rc = sqlite3_finalize(s);
	return wd_index_status(rc);
}

static int authorize(void *ctx, int action, const char *a, const char *b, const char *db,
		     const char *trigger)
{
	(void)ctx;
	(void)b;
	(void)db;
	if (trigger)
		return SQLITE_DENY;
	if (action == SQLITE_SELECT || action == SQLITE_FUNCTION)
		return SQLITE_OK;
	if (action == SQLITE_PRAGMA)
		return sqlite3_stricmp(a, "quick_check") == 0 ? SQLITE_OK : SQLITE_DENY;
	for (size_t i = 0; action == SQLITE_READ && a && i < WD_ARRAY_SIZE(schema); i++)
		if (sqlite3_stricmp(a, schema[i][0]) == 0)
			return SQLITE_OK;
	return SQLITE_DENY;
}

void wd_index_harden(sqlite3 *db)
{
	static const struct {
		int what, on;
	} flags[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},
		{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
		{SQLITE_DBCONFIG_ENABLE_VIEW, 0},
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(flags); i++)
		sqlite3_db_config(db, flags[i].what, flags[i].on, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_exec(db, "PRAGMA cell_size_check=1; PRAGMA temp_store=MEMORY", NULL, NULL, NULL);
}

/* Whether it is an index, of this version, and whole. */
static int check_kind(struct wd_index *ix, struct wd_buf *why)
{
	int application = 0, version = 0;
	int r = wd_index_pragma(ix, "PRAGMA application_id", &application);

	if (r == 0)
		r = wd_index_pragma(ix, "PRAGMA user_version", &version);
	if (r < 0) {
		wd_buf_str(why, index_why(ix));
	} else if (application != WD_INDEX_APPLICATION) {
		wd_buf_str(why, "SQLite, and no reference index");
		r = WD_ENOTMINE;
	} else if (version != WD_INDEX_VERSION) {
		wd_buf_printf(why, "a reference index of version %d; this program reads %d",
			      version, WD_INDEX_VERSION);
		r = WD_EUNSUPPORTED;
	} else {
		r = wd_index_check_schema(ix);
		wd_buf_str(why, r == WD_ECORRUPT ? "its tables are not those of an index"
						 : index_why(ix));
	}
	return r;
}

static int open_bytes(struct wd_index *ix, const void *bytes, size_t size)
{
	char text[64];
	int rc = sqlite3_open_v2(":memory:", &ix->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
				 NULL);

	if (rc != SQLITE_OK)
		return wd_index_status(rc);
	wd_index_harden(ix->db);
	rc = sqlite3_deserialize(ix->db, "main", (unsigned char *)(uintptr_t)bytes,
				 (sqlite3_int64)size, (sqlite3_int64)size,
				 SQLITE_DESERIALIZE_READONLY);
	if (rc != SQLITE_OK)
		return wd_index_status(rc);
	/* pages are used where they stand, instead of copied */
	sqlite3_snprintf(sizeof(text), text, "PRAGMA mmap_size=%lld", (sqlite3_int64)size);
	return wd_index_exec(ix, text);
}

static int index_open(const void *bytes, size_t size, struct wd_index **ret, struct wd_buf *why)
{
	struct wd_index *ix;
	int r;

	if (size < 512 || memcmp(bytes, "SQLite format 3", 16) != 0) {
		wd_buf_str(why, "no SQLite file, which a reference index is");
		return WD_ENOTMINE;
	}
	ix = calloc(1, sizeof(*ix));
	if (!ix)
		return -ENOMEM;
	sqlite3_hard_heap_limit64(HEAP_MAX);
	r = open_bytes(ix, bytes, size);
	if (r < 0)
		wd_buf_str(why, ix->db ? index_why(ix) : "");
	else
		r = check_kind(ix, why);
	if (r == 0)
		r = wd_index_status(sqlite3_set_authorizer(ix->db, authorize, NULL));
	if (r < 0) {
		wd_index_close(ix);
		return r;
	}
	*ret = ix;
	return 0;
}

/* ---- Making */

int wd_index_exec(struct wd_index *ix, const char *text)
{
	return wd_index_status(sqlite3_exec(ix->db, text, NULL, NULL, NULL));
}

int wd_index_create(struct wd_index *ix)
{
	char text[96];
	int r = 0;

	for (size_t i = 0; r == 0 && i < WD_ARRAY_SIZE(schema); i++)
		r = wd_index_exec(ix, schema[i][1]);
	sqlite3_snprintf(sizeof(text), text, "PRAGMA application_id=%d; PRAGMA user_version=%d",
			 WD_INDEX_APPLICATION, WD_INDEX_VERSION);
	return r < 0 ? r : wd_index_exec(ix, text);
}

/* ---- Reading */

static int index_check(struct wd_index *ix)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(ix->db, "PRAGMA quick_check(1)", -1, &s, NULL);
	bool ok = rc == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW &&
		  wd_blob_is(column_blob(s, 0), "ok");

	sqlite3_finalize(s);
	return ok ? 0 : WD_ECORRUPT;
}

/* Runs a statement to its end, or until `row` returns anything but 0. */
int wd_index_each(struct wd_index *ix, sqlite3_stmt *s, int (*row)(sqlite3_stmt *s, void *ctx),
		  void *ctx)
{
	int rc = SQLITE_ERROR, r = 0;

	if (!s)
		return wd_index_status(sqlite3_errcode(ix->db));
	while (r == 0 && (rc = sqlite3_step(s)) == SQLITE_ROW)
		r = row(s, ctx);
	sqlite3_reset(s);
	return r ? r < 0 ? r : 0 : wd_index_status(rc);
}

struct source_call {
	int (*each)(void *ctx, const struct wd_index_source *s);
	void *ctx;
};

static int source_row(sqlite3_stmt *s, void *ctx)
{
	const struct source_call *c = ctx;
	struct wd_index_source src = {.path = column_blob(s, 1),
				      .given = column_blob(s, 2),
				      .kind = column_blob(s, 3),
				      .packages = column_u64(s, 5),
				      .files = column_u64(s, 6),
				      .digests = column_u64(s, 7),
				      .builds = column_u64(s, 8)};

	if (!column_u32(s, 0, &src.id) || !column_u32(s, 4, &src.distro))
		return WD_ECORRUPT;
	return c->each(c->ctx, &src);
}

static int index_sources(struct wd_index *ix,
			 int (*each)(void *ctx, const struct wd_index_source *s), void *ctx)
{
	struct source_call c = {each, ctx};

	return wd_index_each(ix, wd_index_statement(ix, SELECT_SOURCES), source_row, &c);
}

struct distro_call {
	int (*each)(void *ctx, const struct wd_index_distro *d);
	void *ctx;
};

static int distro_row(sqlite3_stmt *s, void *ctx)
{
	const struct distro_call *c = ctx;
	struct wd_index_distro d = {
		.os = column_blob(s, 1), .version = column_blob(s, 2), .purl = column_blob(s, 3)};

	return column_u32(s, 0, &d.id) ? c->each(c->ctx, &d) : WD_ECORRUPT;
}

static int index_distros(struct wd_index *ix,
			 int (*each)(void *ctx, const struct wd_index_distro *d), void *ctx)
{
	struct distro_call c = {each, ctx};

	return wd_index_each(ix, wd_index_statement(ix, SELECT_DISTROS), distro_row, &c);
}

struct dir_call {
	int (*each)(void *ctx, uint32_t source, struct wd_blob entries);
	void *ctx;
};

static int dir_row(sqlite3_stmt *s, void *ctx)
{
	const struct dir_call *c = ctx;
	uint32_t source;

	return column_u32(s, 0, &source) ? c->each(c->ctx, source, column_blob(s, 1)) : WD_ECORRUPT;
}

static int index_dir(struct wd_index *ix, struct wd_blob path,
		     int (*each)(void *ctx, uint32_t source, struct wd_blob entries), void *ctx)
{
	struct dir_call c = {each, ctx};
	sqlite3_stmt *s = wd_index_statement(ix, SELECT_DIR);

	if (s)
		wd_index_bind(s, 1, path);
	return wd_index_each(ix, s, dir_row, &c);
}

struct owner_call {
	int (*each)(void *ctx, uint32_t source, uint32_t package);
	void *ctx;
};

static int owner_row(sqlite3_stmt *s, void *ctx)
{
	const struct owner_call *c = ctx;
	uint32_t source, package;

	if (!column_u32(s, 0, &source) || !column_u32(s, 1, &package))
		return WD_ECORRUPT;
	return c->each(c->ctx, source, package);
}

static int index_digest(struct wd_index *ix, uint64_t size, struct wd_blob digest,
			int (*each)(void *ctx, uint32_t source, uint32_t package), void *ctx)
{
	struct owner_call c = {each, ctx};
	sqlite3_stmt *s = wd_index_statement(ix, SELECT_DIGEST);

	if (s) {
		sqlite3_bind_int64(s, 1, (sqlite3_int64)size);
		wd_index_bind(s, 2, digest);
	}
	return wd_index_each(ix, s, owner_row, &c);
}

static int index_build(struct wd_index *ix, struct wd_blob build,
		       int (*each)(void *ctx, uint32_t source, uint32_t package), void *ctx)
{
	struct owner_call c = {each, ctx};
	sqlite3_stmt *s = wd_index_statement(ix, SELECT_BUILD);

	if (s)
		wd_index_bind(s, 1, build);
	return wd_index_each(ix, s, owner_row, &c);
}

/* A digest's length tells its algorithm. */
static int sized_row(sqlite3_stmt *s, void *ctx)
{
	static const struct {
		int length, algo;
	} algos[] = {{16, 1}, {20, 2}, {32, 8}, {48, 9}, {64, 10}, {28, 11}};
	uint32_t *bits = ctx;

	for (size_t i = 0; i < WD_ARRAY_SIZE(algos); i++)
		if (algos[i].length == sqlite3_column_int(s, 0))
			*bits |= 1u << algos[i].algo;
	return 0;
}

static int index_sized(struct wd_index *ix, uint64_t size, uint32_t *ret_algos)
{
	sqlite3_stmt *s = wd_index_statement(ix, SELECT_SIZED);

	*ret_algos = 0;
	if (s)
		sqlite3_bind_int64(s, 1, (sqlite3_int64)size);
	return wd_index_each(ix, s, sized_row, ret_algos);
}

static int package_row(sqlite3_stmt *s, void *ctx)
{
	struct wd_index_package *p = ctx;

	p->name = column_blob(s, 1);
	p->version = column_blob(s, 2);
	p->arch = column_blob(s, 3);
	p->origin = column_blob(s, 4);
	return column_u32(s, 0, &p->distro) && column_u32(s, 5, &p->files) &&
			       column_u32(s, 6, &p->core)
		       ? 0
		       : WD_ECORRUPT;
}

/* What it returns borrows the row, which stays until the next call. */
static int index_package(struct wd_index *ix, struct wd_index_package *ret)
{
	sqlite3_stmt *s = wd_index_statement(ix, SELECT_PACKAGE);
	int rc;

	if (!s)
		return wd_index_status(sqlite3_errcode(ix->db));
	sqlite3_bind_int64(s, 1, ret->source);
	sqlite3_bind_int64(s, 2, ret->id);
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		return package_row(s, ret);
	return rc == SQLITE_DONE ? WD_ECORRUPT : wd_index_status(rc);
}

__attribute__((visibility("default"))) const struct wd_index_ops wd_index_module = {
	.open = index_open,
	.why = index_why,
	.close = wd_index_close,
	.check = index_check,
	.sources = index_sources,
	.distros = index_distros,
	.dir = index_dir,
	.digest = index_digest,
	.build = index_build,
	.sized = index_sized,
	.package = index_package,
	.edit = wd_index_edit,
	.forget = wd_index_forget,
	.add_source = wd_index_add_source,
	.count_source = wd_index_count_source,
	.add_distro = wd_index_add_distro,
	.add_package = wd_index_add_package,
	.add_dir = wd_index_add_dir,
	.add_digest = wd_index_add_digest,
	.add_build = wd_index_add_build,
	.commit = wd_index_commit,
};
