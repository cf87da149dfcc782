/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pkgdb/keep.h"

#include "base/glob.h"

#include <string.h>

static struct wd_blob last_component(struct wd_blob path)
{
	return wd_blob_skip(path, (size_t)(wd_blob_rchr(path, '/') + 1));
}

int wd_keep_add(struct wd_keep *k, struct wd_blob pattern)
{
	struct wd_keep_pattern p = {.pattern = strndup(pattern.ptr, pattern.len)};

	if (!p.pattern)
		return -ENOMEM;
	p.last = last_component(wd_blob_str(p.pattern));
	if (wd_array_push(&k->list, p) < 0) {
		free(p.pattern);
		return -ENOMEM;
	}
	return 0;
}

static int add_joined(struct wd_keep *k, const char *front, struct wd_blob dir, struct wd_blob rest)
{
	WD_CLEANUP_BUF struct wd_buf b = WD_BUF_INIT;

	wd_buf_str(&b, front);
	wd_buf_blob(&b, dir);
	if (dir.len)
		wd_buf_byte(&b, '/');
	wd_buf_blob(&b, rest);
	return b.status < 0 ? b.status : wd_keep_add(k, wd_buf_view(&b));
}

/* The last n components of a directory; all of it where it has no more. */
static struct wd_blob tail_of(struct wd_blob dir, unsigned n)
{
	size_t at = dir.len;

	while (at > 0 && n > 0)
		n -= dir.ptr[--at] == '/';
	return wd_blob_skip(dir, n ? 0 : at + 1);
}

/*
 * A file below the directory of a database, wherever the directory really is: what a link of its
 * name leads to mostly has the same name. Of a database that is a directory, which has a common
 * name (local, pkg), two components have to match.
 */
static int add_below(struct wd_keep *k, struct wd_blob dir, struct wd_blob rest, bool is_dir)
{
	struct wd_blob tail = tail_of(dir, is_dir ? 2 : 1);

	if (wd_blob_equal(tail, dir) || wd_blob_chr(tail, '*') >= 0)
		return add_joined(k, "", dir, rest);
	return add_joined(k, "**/", tail, rest);
}

static int add_probe(struct wd_keep *k, const struct wd_descriptor *d, struct wd_blob probe)
{
	bool is_dir = wd_blob_ends(probe, WD_BLOB("/"));
	struct wd_blob dir = wd_blob_head(probe, probe.len - is_dir);
	ptrdiff_t slash = wd_blob_rchr(dir, '/');
	int r = 0;

	if (!is_dir) {
		struct wd_blob name = last_component(dir);

		dir = wd_blob_head(dir, slash < 0 ? 0 : (size_t)slash);
		r = add_below(k, dir, name, false);
	}
	for (size_t i = 0; r == 0 && i < d->reads.n; i++)
		r = add_below(k, dir, wd_blob_str(d->reads.v[i]), is_dir);
	return r;
}

int wd_keep_add_backends(struct wd_keep *k, const struct wd_descriptors *backends)
{
	int r = 0;

	for (size_t i = 0; i < backends->list.n; i++) {
		const struct wd_descriptor *d = backends->list.v[i];

		for (size_t p = 0; r == 0 && !d->broken && p < d->probes.n; p++)
			r = add_probe(k, d, wd_blob_str(d->probes.v[p]));
	}
	return r;
}

static int cmp_patterns(const void *a, const void *b)
{
	const struct wd_keep_pattern *x = a, *y = b;
	bool lx = wd_glob_is_literal(x->last), ly = wd_glob_is_literal(y->last);

	if (lx != ly)
		return ly - lx;
	return lx && !wd_blob_equal(x->last, y->last) ? wd_blob_cmp(x->last, y->last)
						      : strcmp(x->pattern, y->pattern);
}

void wd_keep_ready(struct wd_keep *k)
{
	size_t n = 0;

	if (k->list.n)
		qsort(k->list.v, k->list.n, sizeof(*k->list.v), cmp_patterns);
	for (size_t i = 1; i < k->list.n; i++) {
		if (strcmp(k->list.v[n].pattern, k->list.v[i].pattern) == 0)
			free(k->list.v[i].pattern);
		else
			k->list.v[++n] = k->list.v[i];
	}
	k->list.n = k->list.n ? n + 1 : 0;
	k->nliteral = 0;
	while (k->nliteral < k->list.n && wd_glob_is_literal(k->list.v[k->nliteral].last))
		k->nliteral++;
}

static bool matches(const struct wd_keep_pattern *p, struct wd_blob path)
{
	return wd_glob_path(wd_blob_str(p->pattern), path, NULL);
}

/* The first literal one whose last component is not before the name. */
static size_t lower_bound(const struct wd_keep *k, struct wd_blob name)
{
	size_t lo = 0, hi = k->nliteral;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (wd_blob_cmp(k->list.v[mid].last, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool wd_keep_wants(const struct wd_keep *k, struct wd_blob path)
{
	struct wd_blob name = last_component(path);

	for (size_t i = lower_bound(k, name);
	     i < k->nliteral && wd_blob_equal(k->list.v[i].last, name); i++)
		if (matches(&k->list.v[i], path))
			return true;
	for (size_t i = k->nliteral; i < k->list.n; i++)
		if (wd_glob_name(k->list.v[i].last, name) && matches(&k->list.v[i], path))
			return true;
	return false;
}

void wd_keep_done(struct wd_keep *k)
{
	for (size_t i = 0; i < k->list.n; i++)
		free(k->list.v[i].pattern);
	wd_array_done(&k->list);
}
