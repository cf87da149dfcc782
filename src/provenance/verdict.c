/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/verdict.h"

#include "provenance/count.h"

#include <string.h>

const char *wd_lineage_name(enum wd_lineage_kind kind)
{
	static const char *const names[] = {
#define X(id, name) name,
		WD_LINEAGES(X)
#undef X
	};

	return names[kind];
}

void wd_verdict_done(struct wd_verdict *v)
{
	for (size_t i = 0; i < v->lineages.n; i++)
		wd_lineage_done(&v->lineages.v[i]);
	wd_array_done(&v->lineages);
	free(v->summary);
	v->summary = NULL;
}

struct judge {
	const struct wd_case *c;
	struct wd_verdict *v;
};

static const struct wd_distro *distro_of(const struct judge *j, size_t lineage)
{
	return &j->c->distros->list.v[j->v->lineages.v[lineage].distro];
}

static bool is_declared(const struct judge *j)
{
	return j->c->os->present && *j->c->os->id;
}

/* Packages first, then os-release, then the C library that programs run with, then files. */
static int cmp_lineages(const void *a, const void *b, void *ctx)
{
	const struct wd_lineage *x = a, *y = b;
	const struct wd_distro *list = ctx;
	int c;

	if (x->packages != y->packages)
		return x->packages > y->packages ? -1 : 1;
	if (x->declared != y->declared || x->libc != y->libc)
		return x->declared > y->declared || (x->declared == y->declared && x->libc) ? -1
											    : 1;
	if (x->confidence != y->confidence)
		return x->confidence > y->confidence ? -1 : 1;
	if (x->files != y->files)
		return x->files > y->files ? -1 : 1;
	c = strcmp(list[x->distro].label, list[y->distro].label);
	return c ? c : strcmp(list[x->distro].name, list[y->distro].name);
}

static int count(struct judge *j)
{
	size_t ndistros = j->c->distros->list.n;
	WD_CLEANUP_FREE struct wd_tally *tallies = calloc(ndistros, sizeof(*tallies));
	/* what one lineage weighs is for data formats, for which all files were looked at */
	bool weigh = j->v->lineages.n > 1;
	int r = tallies ? wd_count_files(j->c->owners, j->c->evidence,
					 j->c->lineages->distro_of_item, ndistros, weigh,
					 &j->v->files, tallies)
			: -ENOMEM;

	for (size_t i = 0; r == 0 && i < j->v->lineages.n; i++) {
		j->v->lineages.v[i].files = tallies[j->v->lineages.v[i].distro].files;
		j->v->lineages.v[i].bytes = tallies[j->v->lineages.v[i].distro].bytes;
	}
	return r;
}

/* Whether packages of this distro are what the rootfs' os-release lets one expect. */
static bool agrees(const struct judge *j, const struct wd_distro *d)
{
	const struct wd_os_release *os = j->c->os;

	if (!wd_distros_expected(j->c->distros, os, d->id))
		return false;
	return strcmp(d->id, os->id) != 0 || wd_versions_agree(d->version_id, os->version_id);
}

/* More owners of one file than these only somebody who means harm makes. */
#define OWNERS_MAX 64

/* The derivative of the first lineage that a package owning the node is of, or 0. */
static int find_derivative_at(const struct judge *j, wd_node_id node, int *ret)
{
	const struct wd_owners *o = j->c->owners;
	struct wd_owner_list owners = {0};
	int r = wd_owners_get(o, node, false, &owners);

	for (size_t i = 0; i < owners.list.n && i < OWNERS_MAX; i++) {
		uint32_t distro = o->cat->packages.v[owners.list.v[i].package].distro;

		for (size_t k = 1; k < j->v->lineages.n; k++)
			if (j->v->lineages.v[k].distro == distro &&
			    wd_distros_descends(j->c->distros, distro_of(j, k)->id,
						distro_of(j, 0)->id))
				*ret = (int)k;
	}
	wd_array_done(&owners.list);
	return r;
}

/*
 * Where os-release is gone, a derivative is still told from its parent, whose packages it ships:
 * the package that brought os-release is its own.
 */
static int find_recorded(const struct judge *j, int *ret)
{
	static const char *const paths[] = WD_OS_RELEASE_PATHS;
	int r = 0;

	*ret = 0;
	for (size_t i = 0; r == 0 && *ret == 0 && i < WD_ARRAY_SIZE(paths); i++) {
		wd_node_id node = wd_tree_find(j->c->owners->tree, wd_blob_str(paths[i]), true);

		if (node != WD_NODE_NONE)
			r = find_derivative_at(j, node, ret);
	}
	return r;
}

/*
 * The lineage that the papers are for: that of most packages; but a derivative that os-release
 * declares, or whose os-release was there, is it where it ships its parent's packages. *ret is -1
 * where there are no papers of a lineage. 0 or -ENOMEM.
 */
static int find_papers(struct judge *j, int *ret)
{
	const struct wd_lineage *list = j->v->lineages.v;
	size_t n = j->v->lineages.n;

	*ret = 0;
	j->v->lineage = is_declared(j) ? WD_LINEAGE_DECLARED : WD_LINEAGE_RECORDED;
	if (n == 0 || (list[0].packages == 0 && !list[0].declared)) {
		j->v->lineage = n			       ? WD_LINEAGE_HIDDEN
				: j->c->owners->cat->nrecorded ? WD_LINEAGE_RECORDED
							       : WD_LINEAGE_NONE;
		*ret = -1;
		return 0;
	}
	if (!is_declared(j))
		return find_recorded(j, ret);
	if (list[0].packages && !agrees(j, distro_of(j, 0))) {
		j->v->lineage = WD_LINEAGE_CONTRADICTED;
		return 0;
	}
	for (size_t i = 0; *ret == 0 && i < n; i++)
		if (list[i].declared)
			*ret = (int)i;
	return 0;
}

/* Whether two lineages are of one distribution, whatever the release. */
static bool is_same(const struct judge *j, size_t a, size_t b)
{
	return *distro_of(j, a)->id && strcmp(distro_of(j, a)->id, distro_of(j, b)->id) == 0;
}

/* Whether files of the one lineage are what the other's papers let one expect. */
static bool is_kin(const struct judge *j, size_t papers, size_t other)
{
	const struct wd_distro *p = distro_of(j, papers), *d = distro_of(j, other);

	if (!*d->id)
		return !*p->family || strcmp(p->family, d->family) == 0;
	if (is_same(j, papers, other))
		return !j->v->lineages.v[papers].refuted &&
		       wd_versions_agree(p->version_id, d->version_id);
	return wd_distros_descends(j->c->distros, p->id, d->id) ||
	       wd_distros_descends(j->c->distros, d->id, p->id) ||
	       (strcmp(p->id, j->c->os->id) == 0 &&
		wd_distros_expected(j->c->distros, j->c->os, d->id));
}

/* An os-release that nothing else speaks for: a text file that anybody can have put there. */
static bool is_alone(const struct judge *j, size_t papers)
{
	const struct wd_lineage *p = &j->v->lineages.v[papers];

	return !p->packages && p->shown == WD_STRENGTH_NONE;
}

/* Whether an item is strong enough to deny papers. */
static bool can_deny(const struct judge *j, size_t papers, uint32_t item)
{
	enum wd_item_strength least = is_alone(j, papers) ? WD_ITEM_MEDIUM : WD_ITEM_STRONG;

	return item != WD_ITEM_NONE && j->c->evidence->items.v[item].strength >= least;
}

/* Whether a package of the same distribution owns the node: then both speak of one package. */
static int is_owned_by(const struct judge *j, wd_node_id node, const char *id, bool *ret)
{
	const struct wd_owners *o = j->c->owners;
	struct wd_owner_list owners = {0};
	int r = node == WD_NODE_NONE ? 0 : wd_owners_get(o, node, false, &owners);

	*ret = false;
	for (size_t i = 0; i < owners.list.n; i++) {
		uint32_t distro = o->cat->packages.v[owners.list.v[i].package].distro;

		*ret |= strcmp(j->c->distros->list.v[distro].id, id) == 0;
	}
	wd_array_done(&owners.list);
	return r;
}

/*
 * The C library that programs run with is another's: the lineage that it is of, or -1. That a
 * package of the papers' own distribution brought it from another release is no contradiction.
 */
static int denied_by_libc(struct judge *j, size_t papers, int *ret)
{
	bool own = false;
	int r = 0;

	*ret = -1;
	for (size_t i = 0; i < j->v->lineages.n; i++)
		if (i != papers && j->v->lineages.v[i].libc &&
		    can_deny(j, papers, j->c->lineages->libc_item) && !is_kin(j, papers, i))
			*ret = (int)i;
	if (*ret >= 0 && is_same(j, papers, (size_t)*ret)) {
		r = is_owned_by(j, j->c->libc.libc, distro_of(j, papers)->id, &own);
		if (r == 0 && !own)
			r = is_owned_by(j, j->c->libc.loader, distro_of(j, papers)->id, &own);
		if (own)
			*ret = -1;
	}
	return r;
}

/* Whether packages of the papers' lineage own the node. */
static int is_in_question(const struct judge *j, wd_node_id node, uint32_t distro,
			  struct wd_owner_list *owners, bool *ret)
{
	const struct wd_owners *o = j->c->owners;
	int r = wd_owners_get(o, node, false, owners);

	*ret = false;
	for (size_t i = 0; r == 0 && i < owners->list.n; i++)
		*ret |= o->cat->packages.v[owners->list.v[i].package].distro == distro;
	return r;
}

/* What the files in question say of themselves: how many, and of each distro. */
static int poll_files(const struct judge *j, size_t papers, uint64_t *ret_total,
		      uint64_t *by_distro)
{
	const struct wd_evidence_list *e = j->c->evidence;
	const struct wd_lineage *p = &j->v->lineages.v[papers];
	struct wd_owner_list owners = {0};
	int r = 0;

	*ret_total = 0;
	for (size_t i = 0; r == 0 && i < e->origins.n; i++) {
		const struct wd_origin *o = &e->origins.v[i];
		bool asked = true;

		if (p->packages)
			r = is_in_question(j, o->node, p->distro, &owners, &asked);
		if (r < 0 || !asked)
			continue;
		++*ret_total;
		if (can_deny(j, papers, o->item))
			by_distro[j->c->lineages->distro_of_item[o->item]]++;
	}
	wd_array_done(&owners.list);
	return r;
}

/* Whether a lineage can deny papers, as far as files speak for it. */
static bool is_rival(const struct judge *j, size_t papers, size_t other)
{
	const struct wd_lineage *l = &j->v->lineages.v[other];
	enum wd_strength least = is_alone(j, papers) ? WD_STRENGTH_WEAK : WD_STRENGTH_STRONG;

	return other != papers && l->shown >= least && !is_kin(j, papers, other) &&
	       !(j->v->lineages.v[papers].packages && is_same(j, papers, other));
}

/*
 * Most files that packages of the papers own, or without packages most files of all where none is
 * of the papers, say strongly that they are another's: the lineage, or -1. What was copied beside
 * them contradicts nothing. An os-release that nothing speaks for gives way to less; where no
 * program says anything, to what other files show.
 */
static int denied_by_files(struct judge *j, size_t papers, int *ret)
{
	WD_CLEANUP_FREE uint64_t *by_distro = calloc(j->c->distros->list.n, sizeof(*by_distro));
	uint64_t total = 0;
	const struct wd_lineage *p = &j->v->lineages.v[papers];
	int r = by_distro ? 0 : -ENOMEM;

	*ret = -1;
	if (!p->packages && p->named)
		return r;
	if (r == 0)
		r = poll_files(j, papers, &total, by_distro);
	for (size_t i = 0; r == 0 && *ret < 0 && i < j->v->lineages.n; i++)
		if (is_rival(j, papers, i) && (by_distro[j->v->lineages.v[i].distro] * 2 > total ||
					       (total == 0 && is_alone(j, papers))))
			*ret = (int)i;
	return r;
}

static int find_denial(struct judge *j, int papers, int *ret)
{
	int r = 0;

	*ret = -1;
	if (papers >= 0)
		r = denied_by_libc(j, (size_t)papers, ret);
	if (r == 0 && papers >= 0 && *ret < 0)
		r = denied_by_files(j, (size_t)papers, ret);
	return r;
}

/* A derivative that the files name surely is it, where the C library is its parent's. */
static size_t find_derivative(const struct judge *j)
{
	for (size_t i = 1; i < j->v->lineages.n; i++)
		if (j->v->lineages.v[i].shown == WD_STRENGTH_STRONG &&
		    wd_distros_descends(j->c->distros, distro_of(j, i)->id, distro_of(j, 0)->id))
			return i;
	return 0;
}

static void move_to_front(struct wd_verdict *v, size_t i)
{
	struct wd_lineage chosen = v->lineages.v[i];

	memmove(v->lineages.v + 1, v->lineages.v, i * sizeof(chosen));
	v->lineages.v[0] = chosen;
}

/* Papers decide, unless the files deny them; without papers the files do. */
static int choose(struct judge *j)
{
	struct wd_verdict *v = j->v;
	int papers, denial = -1, r = find_papers(j, &papers);

	if (r == 0)
		r = find_denial(j, papers, &denial);
	v->distro = v->denied = -1;
	if (r < 0 || v->lineages.n == 0)
		return r;
	if (denial >= 0) {
		v->lineage = WD_LINEAGE_CONTRADICTED;
		v->by_files = true;
		v->denied = papers < denial ? papers + 1 : papers;
		v->lineages.v[papers].confidence = WD_STRENGTH_WEAK;
		move_to_front(v, (size_t)denial);
	} else {
		move_to_front(v, papers >= 0 ? (size_t)papers : find_derivative(j));
	}
	v->distro = (int)v->lineages.v[0].distro;
	v->confidence = v->lineages.v[0].confidence;
	return 0;
}

int wd_verdict_reach(const struct wd_case *c, struct wd_verdict *ret)
{
	struct judge j = {c, ret};
	int r;

	ret->lineages.v = WD_TAKE_PTR(c->lineages->list.v);
	ret->lineages.n = c->lineages->list.n;
	ret->lineages.cap = c->lineages->list.cap;
	c->lineages->list.n = c->lineages->list.cap = 0;
	r = count(&j);
	if (r == 0 && ret->lineages.n)
		qsort_r(ret->lineages.v, ret->lineages.n, sizeof(*ret->lineages.v), cmp_lineages,
			c->distros->list.v);
	if (r == 0)
		r = choose(&j);
	if (r < 0)
		return r;
	ret->summary = wd_verdict_summary(c, ret);
	return ret->summary ? 0 : -ENOMEM;
}
