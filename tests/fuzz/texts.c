/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The small files of a root filesystem that the program reads itself, in no worker: os-release, what
 * data/signals.tsv looks at, etc/passwd and etc/group, dpkg's configuration. The input is these
 * files, as request.h says; they are those of an image in memory, whose database records more.
 */
#include "pkgdb/descriptor.h"
#include "provenance/accounts.h"
#include "provenance/evidence.h"
#include "provenance/excluded.h"
#include "provenance/osrelease.h"
#include "provenance/signals.h"
#include "request.h"
#include "rootfs/image.h"

static struct wd_signals signals;

static struct wd_image *make_image(const struct fuzz_request *f)
{
	struct wd_image *image, *deleted;
	struct wd_layers *l;

	FUZZ_CHECK(wd_layers_new(&l) == 0 && wd_layers_begin(l, false) == 0);
	for (size_t i = 0; i < f->nfiles; i++) {
		struct wd_layer_entry e = {.path = f->files[i].path,
					   .size = f->files[i].bytes.len,
					   .mode = 0100644,
					   .bytes = f->files[i].bytes.ptr,
					   .tag = WD_TAG_NONE,
					   .detail = WD_DETAIL_NONE};

		wd_layers_add(l, &e);
	}
	FUZZ_CHECK(wd_layers_finish(l, &image, &deleted) == 0);
	wd_layers_free(l);
	wd_image_free(deleted);
	return image;
}

/* ---- What is missing, and was never to be there */

static void add_claim(struct wd_db *db, const char *dir, const char *name)
{
	struct wd_cat_claim c = {.node = UINT32_MAX, .name_len = (uint16_t)strlen(name)};

	FUZZ_CHECK(wd_strpool_intern(&db->dirs, wd_blob_str(dir), &c.dir) == 0);
	FUZZ_CHECK(wd_pool_add(&db->bytes, wd_blob_str(name), &c.name) == 0);
	FUZZ_CHECK(wd_array_push(&db->claims, c) == 0);
	db->packages.v[0].nclaims++;
}

static void add_database(struct wd_catalog *cat)
{
	static char name[] = "dpkg";
	static const struct wd_descriptor dpkg = {.name = name};
	struct wd_db *db = wd_db_new(&dpkg, "var/lib/dpkg/status");
	struct wd_cat_package p = {0};

	FUZZ_CHECK(db && wd_array_push(&cat->dbs, db) == 0);
	FUZZ_CHECK(wd_strpool_intern(&cat->strings, WD_BLOB("a"), &p.field[WD_PACKAGE_NAME]) == 0);
	FUZZ_CHECK(wd_array_push(&db->packages, p) == 0);
	add_claim(db, "etc", "passwd");
	add_claim(db, "usr/bin", "a");
	add_claim(db, "usr/share/doc/a", "README");
	add_claim(db, "usr/share/locale/de/LC_MESSAGES", "a.mo");
	add_claim(db, "usr/share/man/man1", "a.1");
	FUZZ_CHECK(wd_catalog_finish(cat) == 0);
}

static void check_excluded(struct wd_catalog *cat, struct wd_tree *tree)
{
	const struct wd_db *db = cat->dbs.v[0];
	struct wd_owners owners;

	FUZZ_CHECK(wd_owners_build(cat, tree, NULL, 0, &owners) == 0);
	FUZZ_CHECK(wd_excluded_mark(&owners) == 0);
	for (size_t i = 0; i < db->claims.n; i++) {
		const struct wd_cat_claim *c = &db->claims.v[i];

		if (wd_claim_is_effective(c))
			continue;
		FUZZ_CHECK(wd_tree_node(tree, c->node)->flags & WD_NODE_GHOST);
		fuzz_found++;
	}
	wd_owners_done(&owners);
}

/* ---- What the rest says */

static void check_accounts(const struct wd_root *root, const char *path)
{
	struct wd_accounts a;

	FUZZ_CHECK(wd_accounts_read(root, path, &a) == 0);
	for (size_t i = 0; i < a.list.n; i++) {
		uint64_t id = a.list.v[i].id;

		FUZZ_CHECK(id > UINT32_MAX ||
			   wd_accounts_match(&a, (uint32_t)id, a.list.v[i].name));
		FUZZ_CHECK(id > UINT32_MAX || wd_accounts_name(&a, (uint32_t)id).len);
	}
	fuzz_found += a.list.n;
	wd_accounts_done(&a);
}

static void check_item(const struct wd_evidence_list *e, const struct wd_item *item,
		       const struct wd_tree *tree)
{
	const struct wd_library_release *release = wd_evidence_release(e, item->distro);

	FUZZ_CHECK(*item->kind && item->files && item->node < tree->nodes.n);
	FUZZ_CHECK(wd_item_is_for(item, item->distro) || strchr(item->distro, '|') ||
		   !*item->distro);
	FUZZ_CHECK(!release || release->item < e->items.n);
	fuzz_touch(wd_blob_str(item->version));
	fuzz_touch(wd_blob_str(item->value));
}

static void check_evidence(struct wd_catalog *cat, struct wd_tree *tree)
{
	struct wd_evidence_list e;

	FUZZ_CHECK(wd_evidence_gather(tree, cat, &signals, &e) == 0);
	FUZZ_CHECK(wd_signals_status(&signals) == 0);
	for (size_t i = 0; i < e.items.n; i++)
		check_item(&e, &e.items.v[i], tree);
	for (size_t i = 0; i < e.origins.n; i++) {
		FUZZ_CHECK(e.origins.v[i].item < e.items.n);
		FUZZ_CHECK(wd_evidence_origin(&e, e.origins.v[i].node) == &e.origins.v[i]);
	}
	fuzz_found += e.items.n;
	wd_evidence_done(&e);
}

static void check_os_release(const struct wd_root *root)
{
	struct wd_os_release os;

	FUZZ_CHECK(wd_os_release_read(root, &os) == 0);
	fuzz_touch(wd_blob_str(os.pretty_name));
	fuzz_found += *os.id != '\0';
	wd_os_release_done(&os);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wd_catalog cat = {0};
	struct fuzz_request request;
	struct wd_image *image;
	unsigned line;

	if (signals.list.n == 0)
		FUZZ_CHECK(wd_signals_read(&signals, WD_SRCDIR "/data", &line) == 0);
	fuzz_request_init(&request, "root/", wd_blob(data, size));
	image = make_image(&request);
	add_database(&cat);
	check_excluded(&cat, image->tree);
	check_accounts(&image->root, "etc/passwd");
	check_accounts(&image->root, "etc/group");
	check_evidence(&cat, image->tree);
	check_os_release(&image->root);
	for (size_t i = 0; i < cat.errors.n; i++)
		FUZZ_CHECK(cat.errors.v[i].status < 0);
	wd_catalog_done(&cat);
	wd_image_free(image);
	fuzz_request_done(&request);
	return 0;
}
