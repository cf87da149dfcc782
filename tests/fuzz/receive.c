/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pkgdb/limits.h"
#include "pkgdb/worker.h"
#include "records.h"

static void read_claims(const struct wd_db *db)
{
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;

	for (size_t i = 0; i < db->claims.n; i++) {
		const struct wd_cat_claim *c = &db->claims.v[i];

		FUZZ_CHECK(c->package < db->npackages);
		fuzz_touch(wd_claim_name(db, c));
		fuzz_touch(wd_claim_dir(db, c));
		path.len = 0;
		wd_claim_db_path(db, c, &path);
		fuzz_touch(wd_buf_view(&path));
		if (c->digest_len)
			fuzz_touch(wd_blob(wd_pool_at(&db->bytes, c->digest), c->digest_len));
		if (c->target_len)
			fuzz_touch(wd_blob(wd_pool_at(&db->bytes, c->target), c->target_len));
	}
	fuzz_found += db->claims.n;
}

static void read_catalog(const struct wd_catalog *cat)
{
	for (size_t i = 0; i < cat->packages.n; i++) {
		FUZZ_CHECK(wd_package_field(cat, &cat->packages.v[i], WD_PACKAGE_NAME).len > 0);
		for (unsigned f = 0; f < WD_PACKAGE_FIELD_COUNT; f++)
			fuzz_touch(wd_package_field(cat, &cat->packages.v[i],
						    (enum wd_package_field)f));
	}
	fuzz_found += cat->packages.n;
	FUZZ_CHECK(cat->errors.n <= WD_LIMIT_ERRORS);
	for (size_t i = 0; i < cat->errors.n; i++) {
		FUZZ_CHECK(cat->errors.v[i].status < 0);
		fuzz_touch(wd_blob_str(cat->errors.v[i].path));
		fuzz_touch(wd_blob_str(cat->errors.v[i].message));
	}
	for (size_t i = 0; i < cat->facts.n; i++)
		fuzz_touch(wd_strpool_get(&cat->strings, cat->facts.v[i].value));
	fuzz_found += cat->facts.n;
}

static void read_examined(const struct wd_catalog *cat)
{
	for (size_t i = 0; i < cat->examined.n; i++) {
		const struct wd_examined *e = wd_catalog_examined(cat, cat->examined.v[i].node);

		FUZZ_CHECK(e && e->node == cat->examined.v[i].node);
		FUZZ_CHECK(e->status <= 0 && e->fact + e->nfacts <= cat->facts.n);
	}
}

/* Packages that files name, beside those of the database. */
static void derive(struct wd_catalog *cat)
{
	for (size_t i = 0; i < 2 && cat->nrecorded; i++) {
		struct wd_cat_package copy = cat->packages.v[0];
		uint32_t package;

		FUZZ_CHECK(wd_catalog_derive(cat, NULL, &copy, &package) == 0);
		FUZZ_CHECK(package == cat->nrecorded + i && cat->dbs.n == cat->ndatabases + 1);
	}
}

static void read_worker(const struct wd_worker *w)
{
	for (size_t i = 0; i < WD_ARRAY_SIZE(w->about); i++)
		fuzz_touch(wd_blob_str(w->about[i]));
	fuzz_touch(wd_buf_view(&w->compared));
	fuzz_found += w->compared.len;
}

int fuzz_receive(int fd)
{
	struct wd_catalog cat = {0};
	struct wd_db *db = wd_db_new(NULL, "db");
	struct wd_worker w = {.db = db, .pipe = fd, .pid = -1};

	FUZZ_CHECK(db);
	while (wd_worker_read(&w, &cat) > 0)
		;
	FUZZ_CHECK(wd_catalog_take_facts(&cat, db) == 0);
	FUZZ_CHECK(wd_array_push(&cat.dbs, db) == 0);
	FUZZ_CHECK(wd_catalog_finish(&cat) == 0);
	derive(&cat);
	read_claims(db);
	read_catalog(&cat);
	read_examined(&cat);
	read_worker(&w);
	if (!w.done)
		w.status = WD_ECRASHED;
	wd_worker_done(&w);
	wd_catalog_done(&cat);
	return w.status;
}
