/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Differences of packages; those of files are in diff-files.c. */
#include "provenance/diff.h"

#include "base/status.h"
#include "pkgdb/compare.h"
#include "provenance/diff-files.h"

#include <stdlib.h>
#include <string.h>

const char *wd_change_name(enum wd_change_bit bit)
{
	static const char *const names[] = {
#define X(id, word) word,
		WD_CHANGES(X)
#undef X
	};

	return names[bit];
}

/* ---- Which package of one side is which of the other */

static const char *backend_of(const struct wd_catalog *cat, uint32_t package)
{
	return cat->dbs.v[cat->packages.v[package].db]->backend->name;
}

static int compare_field(const struct wd_catalog *x, uint32_t a, const struct wd_catalog *y,
			 uint32_t b, enum wd_package_field field)
{
	return wd_blob_cmp(wd_package_field(x, &x->packages.v[a], field),
			   wd_package_field(y, &y->packages.v[b], field));
}

/* Two packages of this order are versions of one. */
static int compare_identity(const struct wd_catalog *x, uint32_t a, const struct wd_catalog *y,
			    uint32_t b)
{
	int c = compare_field(x, a, y, b, WD_PACKAGE_NAME);

	if (c == 0)
		c = compare_field(x, a, y, b, WD_PACKAGE_ARCH);
	return c ? c : strcmp(backend_of(x, a), backend_of(y, b));
}

static int compare_all(const struct wd_catalog *x, uint32_t a, const struct wd_catalog *y,
		       uint32_t b)
{
	int c = compare_identity(x, a, y, b);

	return c ? c : compare_field(x, a, y, b, WD_PACKAGE_VERSION);
}

static int cmp_packages(const void *a, const void *b, void *ctx)
{
	const struct wd_catalog *cat = ctx;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int c = compare_all(cat, x, cat, y);

	return c ? c : (x > y) - (x < y);
}

/* What packages are installed, in order. */
struct sorted {
	const struct wd_catalog *cat;
	uint32_t *v;
	size_t n;
};

static int sort_packages(const struct wd_catalog *cat, struct sorted *ret)
{
	*ret = (struct sorted){cat, calloc(cat->packages.n + 1, sizeof(uint32_t)), 0};
	if (!ret->v)
		return -ENOMEM;
	for (uint32_t i = 0; i < cat->packages.n; i++)
		if (!(cat->packages.v[i].flags & WD_PACKAGE_CONFIG_FILES) &&
		    !cat->dbs.v[cat->packages.v[i].db]->derived)
			ret->v[ret->n++] = i;
	qsort_r(ret->v, ret->n, sizeof(*ret->v), cmp_packages, (void *)cat);
	return 0;
}

/* The end of the run of packages from `at` that are versions of one. */
static size_t run_end(const struct sorted *s, size_t at)
{
	size_t end = at + 1;

	while (end < s->n && compare_identity(s->cat, s->v[at], s->cat, s->v[end]) == 0)
		end++;
	return end;
}

static int add(struct wd_diff *d, enum wd_change change, uint32_t a, uint32_t b)
{
	struct wd_package_change c = {change, a, b};

	return wd_array_push(&d->packages, c);
}

/*
 * One version on each side is a change from one to the other. Of packages that are installed in
 * several versions at once, those that both sides have are the same, and the rest came or went.
 */
static int pair_runs(struct wd_diff *d, const struct sorted *x, size_t i, size_t iend,
		     const struct sorted *y, size_t k, size_t kend)
{
	int r = 0;

	if (iend - i == 1 && kend - k == 1)
		return compare_all(x->cat, x->v[i], y->cat, y->v[k]) == 0
			       ? 0
			       : add(d, WD_CHANGE_CHANGED, x->v[i], y->v[k]);
	while (r == 0 && (i < iend || k < kend)) {
		int c = i == iend   ? 1
			: k == kend ? -1
				    : compare_all(x->cat, x->v[i], y->cat, y->v[k]);

		if (c < 0)
			r = add(d, WD_CHANGE_REMOVED, x->v[i], WD_PACKAGE_NONE);
		else if (c > 0)
			r = add(d, WD_CHANGE_ADDED, WD_PACKAGE_NONE, y->v[k]);
		i += c <= 0;
		k += c >= 0;
	}
	return r;
}

static int pair_packages(struct wd_diff *d, const struct sorted *x, const struct sorted *y)
{
	size_t i = 0, k = 0;
	int r = 0;

	while (r == 0 && (i < x->n || k < y->n)) {
		int c = i == x->n   ? 1
			: k == y->n ? -1
				    : compare_identity(x->cat, x->v[i], y->cat, y->v[k]);
		size_t iend = c <= 0 ? run_end(x, i) : i;
		size_t kend = c >= 0 ? run_end(y, k) : k;

		r = pair_runs(d, x, i, iend, y, k, kend);
		i = iend;
		k = kend;
	}
	return r;
}

static int diff_packages(struct wd_diff *d)
{
	struct sorted x = {0}, y = {0};
	int r = sort_packages(&d->a->cat, &x);

	if (r == 0)
		r = sort_packages(&d->b->cat, &y);
	if (r == 0)
		r = pair_packages(d, &x, &y);
	free(x.v);
	free(y.v);
	return r;
}

/* ---- Up or down */

struct question {
	WD_ARRAY(struct wd_version_pair) pairs;
	WD_ARRAY(size_t) changes; /* of the pair with the same index */
};

static char *copy_version(const struct wd_subject *s, uint32_t package)
{
	struct wd_blob v =
		wd_package_field(&s->cat, &s->cat.packages.v[package], WD_PACKAGE_VERSION);

	return strndup(v.len ? v.ptr : "", v.len);
}

static int ask(const struct wd_diff *d, size_t change, struct question *q)
{
	const struct wd_package_change *c = &d->packages.v[change];
	struct wd_version_pair pair = {copy_version(d->a, c->a), copy_version(d->b, c->b), 0};
	int r = pair.a && pair.b ? wd_array_push(&q->pairs, pair) : -ENOMEM;

	if (r < 0) {
		free((char *)pair.a);
		free((char *)pair.b);
		return r;
	}
	return wd_array_push(&q->changes, change);
}

static void question_done(struct question *q)
{
	for (size_t i = 0; i < q->pairs.n; i++) {
		free((char *)q->pairs.v[i].a);
		free((char *)q->pairs.v[i].b);
	}
	wd_array_done(&q->pairs);
	wd_array_done(&q->changes);
}

static bool of_backend(const struct wd_diff *d, const struct wd_package_change *c,
		       const struct wd_descriptor *backend)
{
	return c->change == WD_CHANGE_CHANGED &&
	       d->b->cat.dbs.v[d->b->cat.packages.v[c->b].db]->backend == backend;
}

/* What came of it is less than the databases have to say. */
static void say_unordered(struct wd_diff *d, size_t change, int status)
{
	struct wd_catalog *cat = &d->b->cat;
	const char *path = cat->dbs.v[cat->packages.v[d->packages.v[change].b].db]->path;

	wd_catalog_error(cat, *path ? path : ".", status, "versions were not compared: %s",
			 wd_status_text(status));
}

/* All pairs of one backend, in one worker. Without an answer they stay changed. */
static int order_versions(struct wd_diff *d, const struct wd_descriptor *backend)
{
	struct question q = {0};
	int r = 0, answered = WD_EUNSUPPORTED;

	for (size_t i = 0; r == 0 && i < d->packages.n; i++)
		if (of_backend(d, &d->packages.v[i], backend))
			r = ask(d, i, &q);
	if (r == 0 && q.pairs.n)
		answered = wd_versions_compare(backend, q.pairs.v, q.pairs.n);
	for (size_t i = 0; answered == 0 && i < q.pairs.n; i++)
		if (q.pairs.v[i].order)
			d->packages.v[q.changes.v[i]].change =
				q.pairs.v[i].order < 0 ? WD_CHANGE_UPGRADED : WD_CHANGE_DOWNGRADED;
	if (answered < 0 && answered != WD_EUNSUPPORTED)
		say_unordered(d, q.changes.v[0], answered);
	question_done(&q);
	return r;
}

/* ---- */

static void count_changes(struct wd_diff *d)
{
	for (size_t i = 0; i < d->packages.n; i++)
		d->counts[__builtin_ctz(d->packages.v[i].change)]++;
	for (size_t i = 0; i < d->files.n; i++)
		for (int bit = 0; bit < WD_CHANGE_COUNT; bit++)
			d->counts[bit] += d->files.v[i].changes >> bit & 1;
}

int wd_diff_make(struct wd_subject *a, struct wd_subject *b, const struct wd_hash_ops *ops,
		 struct wd_diff *ret)
{
	const struct wd_descriptors *backends = b->options.backends;
	int r;

	*ret = (struct wd_diff){.a = a, .b = b};
	r = wd_package_sizes(&a->owners, &ret->sizes_a);
	if (r == 0)
		r = wd_package_sizes(&b->owners, &ret->sizes_b);
	if (r == 0)
		r = diff_packages(ret);
	for (size_t i = 0; r == 0 && i < backends->list.n; i++)
		r = order_versions(ret, backends->list.v[i]);
	if (r == 0)
		r = wd_diff_files(ret, ops);
	if (r == 0)
		count_changes(ret);
	return r;
}

void wd_diff_done(struct wd_diff *d)
{
	wd_array_done(&d->packages);
	wd_array_done(&d->files);
	free(d->sizes_a);
	free(d->sizes_b);
	d->sizes_a = d->sizes_b = NULL;
}
