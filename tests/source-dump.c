/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loads one source as `learn` does, in a fenced worker, and prints what came, a line each, for
 * comparison with native tools:
 *
 *	source-dump [-d] DIR FILE	DIR: the backends; -d asks for digests
 *
 *	P name version arch source source_version vendor packager
 *	C package path mode(octal) size algo:digest target detail
 *	E code message
 *	R backend format complete|incomplete, or why the file was not loaded
 */
#include "pkgdb/load.h"

#include <inttypes.h>
#include <stdio.h>

static int tick(void *ctx, struct wd_load *load)
{
	(void)ctx;
	(void)load;
	return 0;
}

static void print_package(const struct wd_catalog *cat, const struct wd_cat_package *pkg)
{
	static const int shown[] = {WD_PACKAGE_NAME,	       WD_PACKAGE_VERSION,
				    WD_PACKAGE_ARCH,	       WD_PACKAGE_SOURCE,
				    WD_PACKAGE_SOURCE_VERSION, WD_PACKAGE_VENDOR,
				    WD_PACKAGE_PACKAGER};

	printf("P");
	for (size_t i = 0; i < WD_ARRAY_SIZE(shown); i++)
		printf("\t%.*s", WD_BLOB_PRINTF(wd_package_field(cat, pkg, shown[i])));
	printf("\n");
}

static void print_claim(const struct wd_catalog *cat, const struct wd_db *db,
			const struct wd_cat_claim *c)
{
	WD_CLEANUP_BUF struct wd_buf line = WD_BUF_INIT;
	const struct wd_cat_package *pkg = &cat->packages.v[c->package];

	wd_buf_printf(&line, "C\t%.*s\t",
		      WD_BLOB_PRINTF(wd_package_field(cat, pkg, WD_PACKAGE_NAME)));
	wd_claim_db_path(db, c, &line);
	wd_buf_printf(&line, "\t%o\t%" PRId64 "\t%d:", c->mode, (int64_t)c->size, c->digest_algo);
	if (c->digest_len)
		wd_buf_hex(&line, wd_blob(wd_pool_at(&db->bytes, c->digest), c->digest_len));
	wd_buf_byte(&line, '\t');
	if (c->target_len)
		wd_buf_append(&line, wd_pool_at(&db->bytes, c->target), c->target_len);
	wd_buf_byte(&line, '\t');
	if (c->detail_len)
		wd_buf_append(&line, wd_pool_at(&db->bytes, c->digest + c->digest_len),
			      c->detail_len);
	printf("%.*s\n", (int)line.len, line.ptr);
}

static void print_db(const struct wd_catalog *cat, const struct wd_db *db)
{
	for (uint32_t i = 0; i < db->npackages; i++)
		print_package(cat, &cat->packages.v[db->package + i]);
	for (size_t i = 0; i < db->claims.n; i++)
		print_claim(cat, db, &db->claims.v[i]);
	printf("R\t%s\t%.*s\t%s\n", db->backend->name,
	       WD_BLOB_PRINTF(wd_strpool_get(&cat->strings, db->format)),
	       db->complete ? "complete" : "incomplete");
}

int main(int argc, char **argv)
{
	bool digests = argc == 4 && strcmp(argv[1], "-d") == 0;
	struct wd_descriptors backends = {0};
	struct wd_catalog cat = {0};
	int r;

	if (argc != 3 + digests || wd_descriptors_read(&backends, argv[argc - 2]) < 0)
		return 2;
	r = wd_load_source(&backends, argv[argc - 1], digests ? WD_WANT_DIGESTS : 0, &cat, tick,
			   NULL);
	if (r == 0)
		r = wd_catalog_finish(&cat);
	for (size_t i = 0; i < cat.dbs.n; i++)
		print_db(&cat, cat.dbs.v[i]);
	for (size_t i = 0; i < cat.errors.n; i++)
		printf("E\t%s\t%s\n", wd_status_name(cat.errors.v[i].status),
		       cat.errors.v[i].message);
	if (r < 0)
		printf("R\t%s\n", wd_status_name(r));
	wd_catalog_done(&cat);
	wd_descriptors_done(&backends);
	return 0;
}
