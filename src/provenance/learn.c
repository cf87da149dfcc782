/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/learn.h"

#include "base/status.h"
#include "pkgdb/descriptor.h"

/* One path of one package. */
struct item {
	const char *name; /* in a pool of the catalog or the tree */
	uint32_t dir;	  /* in learner.dirs */
	uint32_t package; /* in its source */
	uint16_t name_len;
	bool digest;
};

struct digest {
	uint64_t size;
	struct wd_blob bytes;
	uint32_t package;
};

struct build {
	uint8_t bytes[WD_DIGEST_MAX];
	uint32_t len;
	uint32_t package;
};

struct learned {
	uint32_t id; /* in the source; 0: nothing of it */
	uint32_t files, core;
};

struct learner {
	const struct wd_index_ops *ops;
	struct wd_index *ix;
	struct wd_lesson *lesson;
	struct wd_strpool dirs;
	WD_ARRAY(struct item) items;
	WD_ARRAY(struct digest) digests;
	WD_ARRAY(struct build) builds;
	struct learned *packages; /* of the catalog's */
	uint32_t npackages;	  /* in the source */
	uint32_t *of_dir;	  /* directory of a database, or node: 1 + its id in dirs */
	struct wd_buf work;
	uint32_t *start; /* items of the directory of rank n, as in wd_owners */
	uint32_t *rank;	 /* ids of dirs in byte order; then, by id, the rank */
};

/* ---- What the catalog has */

static int dir_id(struct learner *l, struct wd_blob dir, uint32_t *ret)
{
	l->work.len = 0;
	wd_index_dir(dir, &l->work);
	if (l->work.status < 0)
		return l->work.status;
	return wd_strpool_intern(&l->dirs, wd_buf_view(&l->work), ret);
}

/* The directory that a claim stands in, looked up once for each that the database names. */
static int claim_dir(struct learner *l, const struct wd_db *db, const struct wd_cat_claim *c,
		     uint32_t *ret)
{
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;
	uint32_t *known =
		&l->of_dir[l->lesson->tree ? wd_tree_node(l->lesson->tree, c->node)->parent
					   : c->dir];
	int r = 0;

	if (*known == 0) {
		if (l->lesson->tree)
			wd_tree_path(l->lesson->tree,
				     wd_tree_node(l->lesson->tree, c->node)->parent, &path);
		else
			wd_buf_blob(&path, wd_claim_dir(db, c));
		r = path.status < 0 ? path.status : dir_id(l, wd_buf_view(&path), ret);
		*known = r < 0 ? 0 : *ret + 1;
	}
	*ret = *known - 1;
	return r;
}

/* Directories are everybody's, and what was never installed is not there to be found. */
static bool is_file(const struct learner *l, const struct wd_cat_claim *c)
{
	const struct wd_node *n;

	if (!wd_claim_is_effective(c) || c->flags & WD_CLAIM_TREE || c->name_len == 0 ||
	    (c->mode && wd_type_of_mode(c->mode) == WD_TYPE_DIR))
		return false;
	if (!l->lesson->tree)
		return true;
	if (c->node == WD_NODE_NONE)
		return false;
	n = wd_tree_node(l->lesson->tree, c->node);
	return n->type != WD_TYPE_DIR && n->ghost == WD_NODE_NONE;
}

static uint64_t size_of(const struct learner *l, const struct wd_cat_claim *c)
{
	const struct wd_node *n;

	if (c->size != WD_SIZE_UNKNOWN || !l->lesson->tree)
		return c->size;
	n = wd_tree_node(l->lesson->tree, c->node);
	return n->flags & WD_NODE_STAT && !(n->flags & WD_NODE_GHOST) ? n->size : WD_SIZE_UNKNOWN;
}

/* A file is looked for by its size before it is read, and an empty one says nothing. */
static int take_digest(struct learner *l, const struct wd_db *db, const struct wd_cat_claim *c,
		       uint32_t package, bool *ret)
{
	struct digest d = {.size = size_of(l, c), .package = package};

	*ret = c->digest_len && d.size != WD_SIZE_UNKNOWN && d.size > 0 && d.size <= INT64_MAX;
	if (!*ret)
		return 0;
	d.bytes = wd_blob(wd_pool_at(&db->bytes, c->digest), c->digest_len);
	return wd_array_push(&l->digests, d);
}

static int add_build(struct learner *l, struct wd_blob hex, uint32_t package)
{
	struct build b = {.package = package};
	int n = wd_blob_unhex(hex, b.bytes, sizeof(b.bytes));

	if (n <= 0)
		return 0;
	b.len = (uint32_t)n;
	return wd_array_push(&l->builds, b);
}

/* A package file's build-ids come as words of its claims, a rootfs' from examining its files. */
static int take_builds(struct learner *l, const struct wd_db *db, const struct wd_cat_claim *c,
		       uint32_t package)
{
	const struct wd_catalog *cat = l->lesson->cat;
	const struct wd_examined *e = NULL;
	struct wd_blob words = WD_BLOB_NULL, word;
	int r = 0;

	if (c->detail_len)
		words = wd_blob(wd_pool_at(&db->bytes, c->digest) + c->digest_len, c->detail_len);
	while (r == 0 && wd_blob_word(&words, &word))
		if (wd_blob_starts(word, WD_BLOB("build-id=")))
			r = add_build(l, wd_blob_skip(word, strlen("build-id=")), package);
	if (l->lesson->tree)
		e = wd_catalog_examined(cat, c->node);
	for (uint32_t i = 0; r == 0 && e && i < e->nfacts; i++)
		if (cat->facts.v[e->fact + i].kind == WD_FACT_BUILD_ID)
			r = add_build(
				l, wd_strpool_get(&cat->strings, cat->facts.v[e->fact + i].value),
				package);
	return r;
}

static int take_claim(struct learner *l, const struct wd_db *db, const struct wd_cat_claim *c)
{
	struct learned *p = &l->packages[c->package];
	struct item item = {.name_len = c->name_len};
	struct wd_blob name = wd_claim_name(db, c);
	int r;

	if (!is_file(l, c))
		return 0;
	if (!p->id)
		p->id = ++l->npackages;
	if (l->lesson->tree)
		name = wd_tree_name(l->lesson->tree, c->node);
	item.package = p->id;
	item.name = name.ptr;
	item.name_len = (uint16_t)name.len;
	r = claim_dir(l, db, c, &item.dir);
	if (r == 0)
		r = take_digest(l, db, c, p->id, &item.digest);
	if (r == 0)
		r = take_builds(l, db, c, p->id);
	return r < 0 ? r : wd_array_push(&l->items, item);
}

static bool is_known(const struct learner *l, uint32_t package)
{
	return l->lesson->cat->packages.v[package].distro != 0;
}

static int take_db(struct learner *l, const struct wd_db *db)
{
	size_t n = l->lesson->tree ? l->lesson->tree->nodes.n : db->dirs.entries.n + 1;
	int r = wd_array_reserve(&l->items, db->claims.n);

	free(l->of_dir);
	l->of_dir = calloc(n, sizeof(*l->of_dir));
	if (!l->of_dir)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < db->claims.n; i++)
		if (is_known(l, db->claims.v[i].package))
			r = take_claim(l, db, &db->claims.v[i]);
	return r;
}

static int take_all(struct learner *l)
{
	const struct wd_catalog *cat = l->lesson->cat;
	int r = 0;

	l->packages = calloc(cat->packages.n + 1, sizeof(*l->packages));
	if (!l->packages)
		return -ENOMEM;
	for (uint32_t i = 0; i < cat->nrecorded; i++)
		l->lesson->unknown += !is_known(l, i);
	for (size_t i = 0; r == 0 && i < cat->ndatabases; i++)
		r = take_db(l, cat->dbs.v[i]);
	return l->items.n > UINT32_MAX - 1 ? WD_ELIMIT : r;
}

/* ---- Order: the index is written from its beginning to its end */

static int cmp_dirs(const void *a, const void *b, void *ctx)
{
	const struct wd_strpool *dirs = ctx;

	return wd_blob_cmp(wd_strpool_get(dirs, *(const uint32_t *)a),
			   wd_strpool_get(dirs, *(const uint32_t *)b));
}

static int cmp_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int c = wd_blob_cmp(wd_blob(x->name, x->name_len), wd_blob(y->name, y->name_len));

	if (c)
		return c;
	return x->package < y->package ? -1 : x->package > y->package;
}

static int cmp_digests(const void *a, const void *b)
{
	const struct digest *x = a, *y = b;
	int c;

	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	c = wd_blob_cmp(x->bytes, y->bytes);
	return c ? c : (x->package > y->package) - (x->package < y->package);
}

static int cmp_builds(const void *a, const void *b)
{
	const struct build *x = a, *y = b;
	int c = wd_blob_cmp(wd_blob(x->bytes, x->len), wd_blob(y->bytes, y->len));

	return c ? c : (x->package > y->package) - (x->package < y->package);
}

/* Brings the items into the order of their directories by counting. */
static int sort_by_dir(struct learner *l)
{
	size_t ndirs = l->dirs.entries.n + 1; /* id 0 is the root directory */
	WD_CLEANUP_FREE uint32_t *order = calloc(ndirs, sizeof(*order));
	struct item *sorted = calloc(l->items.n + 1, sizeof(*sorted));

	l->rank = calloc(ndirs, sizeof(*l->rank));
	l->start = calloc(ndirs + 2, sizeof(*l->start));
	if (!order || !l->rank || !l->start || !sorted) {
		free(sorted);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < ndirs; i++)
		order[i] = i;
	qsort_r(order, ndirs, sizeof(*order), cmp_dirs, &l->dirs);
	for (uint32_t i = 0; i < ndirs; i++)
		l->rank[order[i]] = i;
	for (size_t i = 0; i < l->items.n; i++)
		l->start[l->rank[l->items.v[i].dir] + 2]++;
	for (size_t i = 2; i <= ndirs + 1; i++)
		l->start[i] += l->start[i - 1];
	for (size_t i = 0; i < l->items.n; i++)
		sorted[l->start[l->rank[l->items.v[i].dir] + 1]++] = l->items.v[i];
	free(l->items.v);
	l->items.v = sorted;
	l->items.cap = l->items.n + 1;
	return 0;
}

/* A package that has one path twice (a diversion, two spellings of a directory) has it once. */
static uint32_t drop_doubles(struct item *items, uint32_t n)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (kept && cmp_items(&items[kept - 1], &items[i]) == 0)
			items[kept - 1].digest |= items[i].digest;
		else
			items[kept++] = items[i];
	}
	return kept;
}

static int sort_all(struct learner *l)
{
	int r = sort_by_dir(l);

	for (size_t d = 0; r == 0 && d <= l->dirs.entries.n; d++)
		if (l->start[d + 1] - l->start[d] > 1)
			qsort(l->items.v + l->start[d], l->start[d + 1] - l->start[d],
			      sizeof(*l->items.v), cmp_items);
	if (r == 0 && l->digests.n)
		qsort(l->digests.v, l->digests.n, sizeof(*l->digests.v), cmp_digests);
	if (r == 0 && l->builds.n)
		qsort(l->builds.v, l->builds.n, sizeof(*l->builds.v), cmp_builds);
	return r;
}

/* ---- Writing */

static int pack_dir(struct learner *l, struct wd_packer *p, const struct item *items, uint32_t n)
{
	struct wd_index_owner owners[WD_INDEX_OWNERS];
	uint32_t i = 0;

	p->out.len = p->name.len = 0;
	p->package = 0;
	while (i < n) {
		struct wd_blob name = wd_blob(items[i].name, items[i].name_len);
		size_t nowners = 0;

		for (; i < n && wd_blob_equal(name, wd_blob(items[i].name, items[i].name_len)); i++)
			if (nowners < WD_INDEX_OWNERS)
				owners[nowners++] =
					(struct wd_index_owner){items[i].package, items[i].digest};
		wd_pack(p, name, owners, nowners);
		l->lesson->source.files++;
	}
	return p->out.status;
}

static void count_files(const struct item *items, uint32_t n, struct learned **by_id, bool core)
{
	for (uint32_t i = 0; i < n; i++) {
		by_id[items[i].package]->files++;
		by_id[items[i].package]->core += core;
	}
}

static int write_dirs(struct learner *l, struct learned **by_id)
{
	struct wd_packer p = {.out = WD_BUF_INIT, .name = WD_BUF_INIT};
	WD_CLEANUP_FREE uint32_t *order = calloc(l->dirs.entries.n + 1, sizeof(*order));
	int r = order ? 0 : -ENOMEM;

	for (uint32_t i = 0; r == 0 && i <= l->dirs.entries.n; i++)
		order[l->rank[i]] = i;
	for (size_t d = 0; r == 0 && d <= l->dirs.entries.n; d++) {
		struct wd_blob path = wd_strpool_get(&l->dirs, order[d]);
		struct item *items = l->items.v + l->start[d];
		uint32_t n = drop_doubles(items, l->start[d + 1] - l->start[d]);

		if (n == 0)
			continue;
		count_files(items, n, by_id, wd_index_is_core(path));
		r = pack_dir(l, &p, items, n);
		if (r == 0)
			r = l->ops->add_dir(l->ix, l->lesson->source.id, path, wd_buf_view(&p.out));
	}
	wd_packer_done(&p);
	return r;
}

/* The index's number for a distribution and a kind of package. */
static int distro_id(struct learner *l, const struct wd_cat_package *pkg, uint32_t *ret)
{
	const struct wd_distro *d = &l->lesson->distros->list.v[pkg->distro];
	struct wd_index_distro row = {
		.os = wd_blob_str(d->id),
		.version = wd_blob_str(d->version_id),
		.purl = wd_blob_str(l->lesson->cat->dbs.v[pkg->db]->backend->purl),
	};
	int r = l->ops->add_distro(l->ix, &row);

	*ret = row.id;
	return r;
}

/* The distribution that most of the packages are of stands with the source. */
static int write_package(struct learner *l, const struct wd_cat_package *pkg,
			 const struct learned *learned, uint64_t *votes, uint64_t *most)
{
	const struct wd_catalog *cat = l->lesson->cat;
	struct wd_index_package p = {
		.source = l->lesson->source.id,
		.id = learned->id,
		.name = wd_package_field(cat, pkg, WD_PACKAGE_NAME),
		.version = wd_package_field(cat, pkg, WD_PACKAGE_VERSION),
		.arch = wd_package_field(cat, pkg, WD_PACKAGE_ARCH),
		.origin = wd_package_field(cat, pkg, WD_PACKAGE_SOURCE),
		.files = learned->files,
		.core = learned->core,
	};
	int r = distro_id(l, pkg, &p.distro);

	if (r == 0 && ++votes[pkg->distro] > *most) {
		*most = votes[pkg->distro];
		l->lesson->source.distro = p.distro;
	}
	return r < 0 ? r : l->ops->add_package(l->ix, &p);
}

static int write_rest(struct learner *l)
{
	uint32_t source = l->lesson->source.id;
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->digests.n; i++)
		r = l->ops->add_digest(l->ix, source, l->digests.v[i].package, l->digests.v[i].size,
				       l->digests.v[i].bytes);
	for (size_t i = 0; r == 0 && i < l->builds.n; i++)
		r = l->ops->add_build(l->ix, source, l->builds.v[i].package,
				      wd_blob(l->builds.v[i].bytes, l->builds.v[i].len));
	return r;
}

static int write_all(struct learner *l)
{
	const struct wd_catalog *cat = l->lesson->cat;
	WD_CLEANUP_FREE struct learned **by_id = calloc(l->npackages + 1, sizeof(*by_id));
	WD_CLEANUP_FREE uint64_t *votes = calloc(l->lesson->distros->list.n, sizeof(*votes));
	uint64_t most = 0;
	int r = by_id && votes ? l->ops->add_source(l->ix, &l->lesson->source) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < cat->packages.n; i++)
		by_id[l->packages[i].id] = &l->packages[i];
	if (r == 0)
		r = write_dirs(l, by_id);
	for (size_t i = 0; r == 0 && i < cat->packages.n; i++)
		if (l->packages[i].id)
			r = write_package(l, &cat->packages.v[i], &l->packages[i], votes, &most);
	if (r == 0)
		r = write_rest(l);
	return r < 0 ? r : l->ops->count_source(l->ix, &l->lesson->source);
}

static void learner_done(struct learner *l)
{
	wd_strpool_done(&l->dirs);
	wd_array_done(&l->items);
	wd_array_done(&l->digests);
	wd_array_done(&l->builds);
	free(l->packages);
	free(l->of_dir);
	free(l->rank);
	free(l->start);
	wd_buf_done(&l->work);
}

int wd_learn(const struct wd_index_ops *ops, struct wd_index *ix, struct wd_lesson *lesson)
{
	struct learner l = {.ops = ops, .ix = ix, .lesson = lesson, .work = WD_BUF_INIT};
	struct wd_index_source *s = &lesson->source;
	int r;

	s->files = 0;
	lesson->unknown = 0;
	r = take_all(&l);
	if (r == 0 && l.items.n) {
		s->packages = l.npackages;
		s->digests = l.digests.n;
		s->builds = l.builds.n;
		r = sort_all(&l);
		if (r == 0)
			r = ops->forget(ix, s->path, s->given);
		if (r == 0)
			r = write_all(&l);
	}
	learner_done(&l);
	return r;
}
