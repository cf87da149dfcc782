/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pkgdb/catalog.h"

#include <string.h>

struct wd_db *wd_db_new(const struct wd_descriptor *backend, const char *path)
{
	struct wd_db *db = calloc(1, sizeof(*db));

	if (!db)
		return NULL;
	db->backend = backend;
	db->path = strdup(path);
	if (!db->path) {
		free(db);
		return NULL;
	}
	return db;
}

void wd_db_free(struct wd_db *db)
{
	if (!db)
		return;
	free(db->path);
	wd_strpool_done(&db->dirs);
	wd_pool_done(&db->bytes);
	wd_array_done(&db->packages);
	wd_array_done(&db->claims);
	wd_array_done(&db->aliases);
	wd_array_done(&db->facts);
	wd_array_done(&db->examined);
	wd_array_done(&db->dir_nodes);
	free(db);
}

void wd_catalog_done(struct wd_catalog *cat)
{
	for (size_t i = 0; i < cat->dbs.n; i++)
		wd_db_free(cat->dbs.v[i]);
	for (size_t i = 0; i < cat->errors.n; i++) {
		free(cat->errors.v[i].path);
		free(cat->errors.v[i].message);
	}
	wd_array_done(&cat->dbs);
	wd_array_done(&cat->packages);
	wd_array_done(&cat->errors);
	wd_array_done(&cat->facts);
	wd_array_done(&cat->examined);
	wd_strpool_done(&cat->strings);
}

static int cmp_examined(const void *a, const void *b)
{
	const struct wd_examined *x = a, *y = b;

	return x->node < y->node ? -1 : x->node > y->node;
}

int wd_catalog_take_facts(struct wd_catalog *cat, struct wd_db *db)
{
	uint32_t first = (uint32_t)cat->facts.n;

	if (cat->facts.n + db->facts.n > UINT32_MAX ||
	    wd_array_reserve(&cat->facts, db->facts.n) < 0 ||
	    wd_array_reserve(&cat->examined, db->examined.n) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < db->facts.n; i++)
		cat->facts.v[cat->facts.n++] = db->facts.v[i];
	for (size_t i = 0; i < db->examined.n; i++) {
		cat->examined.v[cat->examined.n] = db->examined.v[i];
		cat->examined.v[cat->examined.n++].fact += first;
	}
	db->facts.n = 0;
	db->examined.n = 0;
	if (cat->examined.n)
		qsort(cat->examined.v, cat->examined.n, sizeof(*cat->examined.v), cmp_examined);
	return 0;
}

const struct wd_examined *wd_catalog_examined(const struct wd_catalog *cat, uint32_t node)
{
	const struct wd_examined key = {.node = node};

	return cat->examined.n
		       ? bsearch(&key, cat->examined.v, cat->examined.n, sizeof(key), cmp_examined)
		       : NULL;
}

static int take_packages(struct wd_catalog *cat, uint32_t index)
{
	struct wd_db *db = cat->dbs.v[index];
	size_t n = db->packages.n;

	if (cat->packages.n + n > UINT32_MAX || wd_array_reserve(&cat->packages, n) < 0)
		return -ENOMEM;
	db->package = (uint32_t)cat->packages.n;
	db->npackages = (uint32_t)n;
	if (n)
		memcpy(cat->packages.v + cat->packages.n, db->packages.v,
		       n * sizeof(*db->packages.v));
	for (size_t i = 0; i < n; i++)
		cat->packages.v[cat->packages.n + i].db = index;
	for (size_t i = 0; i < db->claims.n; i++)
		db->claims.v[i].package += db->package;
	cat->packages.n += n;
	wd_array_done(&db->packages);
	return 0;
}

int wd_catalog_finish(struct wd_catalog *cat)
{
	for (uint32_t i = 0; i < cat->dbs.n; i++) {
		int r = take_packages(cat, i);

		if (r < 0)
			return r;
	}
	cat->ndatabases = cat->dbs.n;
	cat->nrecorded = cat->packages.n;
	return 0;
}

/* The derived database of a source. They are few. */
static int derived_db(struct wd_catalog *cat, const struct wd_descriptor *source, uint32_t *ret)
{
	struct wd_db *db;

	for (size_t i = cat->ndatabases; i < cat->dbs.n; i++) {
		if (cat->dbs.v[i]->backend == source) {
			*ret = (uint32_t)i;
			return 0;
		}
	}
	db = wd_db_new(source, "");
	if (!db || wd_array_push(&cat->dbs, db) < 0) {
		wd_db_free(db);
		return -ENOMEM;
	}
	db->derived = true;
	db->package = (uint32_t)cat->packages.n;
	*ret = (uint32_t)cat->dbs.n - 1;
	return 0;
}

int wd_catalog_derive(struct wd_catalog *cat, const struct wd_descriptor *source,
		      const struct wd_cat_package *pkg, uint32_t *ret_package)
{
	struct wd_cat_package copy = *pkg;
	int r = derived_db(cat, source, &copy.db);

	copy.claim = copy.nclaims = 0;
	if (r == 0 && cat->packages.n >= UINT32_MAX - 1)
		r = WD_ELIMIT;
	if (r == 0)
		r = wd_array_push(&cat->packages, copy);
	if (r < 0)
		return r;
	cat->dbs.v[copy.db]->npackages++;
	*ret_package = (uint32_t)cat->packages.n - 1;
	return 0;
}

void wd_catalog_error(struct wd_catalog *cat, const char *path, int status, const char *fmt, ...)
{
	WD_CLEANUP_BUF struct wd_buf message = WD_BUF_INIT;
	struct wd_cat_error e = {.status = status, .path = path ? strdup(path) : NULL};

	if (fmt) {
		va_list ap;

		va_start(ap, fmt);
		wd_buf_vprintf(&message, fmt, ap);
		va_end(ap);
	} else {
		wd_buf_str(&message, wd_status_text(status));
	}
	wd_buf_byte(&message, '\0');
	e.message = message.status < 0 ? NULL : WD_TAKE_PTR(message.ptr);
	if (!e.path || !e.message || wd_array_push(&cat->errors, e) < 0) {
		cat->errors_lost = true;
		free(e.path);
		free(e.message);
	}
}

void wd_claim_db_path(const struct wd_db *db, const struct wd_cat_claim *c, struct wd_buf *buf)
{
	if (c->recorded_len) {
		wd_buf_append(buf, wd_pool_at(&db->bytes, c->recorded), c->recorded_len);
		return;
	}
	wd_buf_blob(buf, wd_claim_dir(db, c));
	if (c->dir != 0 && c->name_len)
		wd_buf_byte(buf, '/');
	wd_buf_blob(buf, wd_claim_name(db, c));
}
