/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files say. Only an item that names one distribution makes that a lineage; one that names
 * several or only a family supports the lineage that is known already, and makes one without a name
 * where none is. The release is the C library's, else the latest that the strongest items name,
 * since packages survive into later releases unchanged, else what the versions of libraries leave.
 */
#include "provenance/lineage.h"

#include <string.h>

/*
 * Distributions and lineages beyond these, which only somebody who means harm puts into one rootfs,
 * are passed over: nothing below is quadratic.
 */
#define NAMES_MAX 64

/* A distribution that items name. */
struct named {
	const char *id;
	const char *family;
	enum wd_item_strength strength; /* of the best item */
	const char *release;		/* "" where no item names one */
	enum wd_item_strength release_strength;
	bool by_libc;  /* the C library names it and the release */
	uint32_t home; /* the distro of its lineage; 0: it is none */
};

struct hearing {
	struct wd_lineages *l;
	struct wd_distros *distros;
	const struct wd_os_release *os;
	const struct wd_owners *o;
	const struct wd_evidence_list *e;
	size_t npapers; /* lineages that papers made, also deleted ones: the first */
	struct named named[NAMES_MAX];
	size_t nnamed;
	uint32_t *index; /* of a distro: 1 + its lineage */
};

static bool counts(const struct wd_item *item)
{
	return item->use == WD_ITEM_PACKAGED;
}

/* The item that decides where a file is from, where it is at least that precise. */
static uint32_t item_of(const struct wd_evidence_list *e, wd_node_id node, enum wd_precision least)
{
	const struct wd_origin *o = node == WD_NODE_NONE ? NULL : wd_evidence_origin(e, node);

	return o && wd_item_precision(&e->items.v[o->item]) >= least ? o->item : WD_ITEM_NONE;
}

/* What the C library says or its loader, whichever is more precise. */
static uint32_t find_libc_item(const struct wd_evidence_list *e, struct wd_libc libc)
{
	uint32_t item = WD_ITEM_NONE;

	for (int least = WD_NAMES_ONE; item == WD_ITEM_NONE && least >= WD_NAMES_FAMILY; least--) {
		item = item_of(e, libc.libc, (enum wd_precision)least);
		if (item == WD_ITEM_NONE)
			item = item_of(e, libc.loader, (enum wd_precision)least);
	}
	return item;
}

static struct named *find_name(struct hearing *h, const char *id)
{
	for (size_t i = 0; i < h->nnamed; i++)
		if (strcmp(h->named[i].id, id) == 0)
			return &h->named[i];
	return NULL;
}

/* Items come strongest first: of equal ones the later release stands. */
static void hear_release(struct hearing *h, struct named *n, uint32_t i)
{
	const struct wd_item *item = &h->e->items.v[i];
	bool by_libc = i == h->l->libc_item && item->strength == WD_ITEM_STRONG;

	if (!*item->version || (n->by_libc && !by_libc))
		return;
	if (!by_libc && *n->release &&
	    (item->strength < n->release_strength ||
	     wd_version_cmp(wd_blob_str(item->version), wd_blob_str(n->release)) <= 0))
		return;
	n->release = item->version;
	n->release_strength = item->strength;
	n->by_libc = by_libc;
}

static void hear_names(struct hearing *h)
{
	for (uint32_t i = 0; i < h->e->items.n; i++) {
		const struct wd_item *item = &h->e->items.v[i];
		struct named *n;

		if (!counts(item) || wd_item_precision(item) != WD_NAMES_ONE ||
		    wd_distros_is_vendor(h->distros, item->distro))
			continue;
		n = find_name(h, item->distro);
		if (!n && h->nnamed < NAMES_MAX) {
			n = &h->named[h->nnamed++];
			*n = (struct named){.id = item->distro,
					    .family = item->family,
					    .strength = item->strength,
					    .release = ""};
		}
		if (n)
			hear_release(h, n, i);
	}
}

static const struct wd_distro *distro_of(const struct hearing *h, size_t lineage)
{
	return &h->distros->list.v[h->l->list.v[lineage].distro];
}

/* The lineage that papers made of this distribution: the first, or NULL. */
static struct wd_lineage *papers_of(struct hearing *h, const char *id)
{
	for (size_t i = 0; i < h->npapers; i++)
		if (strcmp(distro_of(h, i)->id, id) == 0)
			return &h->l->list.v[i];
	return NULL;
}

/* Whether papers or a strong item name another distribution of the family. */
static bool family_is_taken(struct hearing *h, const struct named *n)
{
	for (size_t i = 0; i < h->npapers; i++)
		if (strcmp(distro_of(h, i)->family, n->family) == 0 &&
		    !wd_distros_descends(h->distros, n->id, distro_of(h, i)->id))
			return true;
	for (size_t i = 0; i < h->nnamed; i++)
		if (&h->named[i] != n && h->named[i].strength == WD_ITEM_STRONG &&
		    strcmp(h->named[i].family, n->family) == 0 &&
		    !wd_distros_descends(h->distros, n->id, h->named[i].id))
			return true;
	return false;
}

/* The lineage of a distro, added where it is new; 0: there are too many. Negative: -ENOMEM. */
static int lineage_of(struct hearing *h, int distro, const char *family)
{
	struct wd_distro *d;
	int r;

	if (distro < 0)
		return distro;
	d = &h->distros->list.v[distro];
	if (!*d->family && *family) {
		char *copy = strdup(family);

		if (!copy)
			return -ENOMEM;
		free(d->family);
		d->family = copy;
	}
	if (h->index[distro])
		return distro;
	if (h->l->list.n >= h->npapers + NAMES_MAX)
		return 0;
	r = wd_lineages_add(h->l, (uint32_t)distro);
	if (r < 0)
		return r;
	h->index[distro] = (uint32_t)r + 1;
	return distro;
}

static int make_lineage(struct hearing *h, const struct named *n, const char *release)
{
	return lineage_of(
		h, wd_distros_intern(h->distros, wd_blob_str(n->id), wd_blob_str(release), h->os),
		n->family);
}

/*
 * Nobody is sure of a release that only weak items tell. *ret_item is that of a library, or NONE.
 */
static const char *find_release(const struct hearing *h, const struct named *n, uint32_t *ret_item)
{
	const struct wd_library_release *by_libraries;
	enum wd_item_strength least = n->strength == WD_ITEM_WEAK ? WD_ITEM_WEAK : WD_ITEM_MEDIUM;

	*ret_item = WD_ITEM_NONE;
	if (*n->release && n->release_strength >= least)
		return n->release;
	by_libraries = wd_evidence_release(h->e, n->id);
	if (!by_libraries || h->e->items.v[by_libraries->item].strength < least)
		return "";
	*ret_item = by_libraries->item;
	return by_libraries->version;
}

/* Whether a release is what papers say, or has survived into that. */
static bool fits(const struct hearing *h, const struct wd_lineage *papers, const char *release)
{
	const char *own = h->distros->list.v[papers->distro].version_id;

	return wd_versions_agree(own, release) ||
	       wd_version_cmp(wd_blob_str(release), wd_blob_str(own)) < 0;
}

/* Whether files of the distribution are newer than the release that papers say. */
static bool excluded(const struct hearing *h, const struct wd_lineage *papers)
{
	const struct wd_distro *d = &h->distros->list.v[papers->distro];

	return wd_evidence_excludes(h->e, d->id, d->version_id);
}

/*
 * Where the items of a distribution belong that name no release: to what the papers say, unless
 * the C library says otherwise, or all that the papers are is an os-release that was left behind.
 */
static int find_home(struct hearing *h, const struct named *n)
{
	struct wd_lineage *papers = papers_of(h, n->id);
	uint32_t release_item;
	const char *release = find_release(h, n, &release_item);
	bool current;
	int distro;

	for (size_t i = 0; n->by_libc && i < h->npapers; i++)
		if (strcmp(distro_of(h, i)->id, n->id) == 0 &&
		    wd_versions_agree(distro_of(h, i)->version_id, n->release))
			return (int)h->l->list.v[i].distro;
	current =
		papers && (papers->packages || (fits(h, papers, release) && !excluded(h, papers)));
	if (current && !n->by_libc) {
		distro = (int)papers->distro;
	} else {
		if (papers)
			papers->refuted = !current;
		distro = make_lineage(h, n, release);
	}
	if (distro > 0 && *release &&
	    wd_versions_agree(h->distros->list.v[distro].version_id, release))
		h->l->list.v[h->index[distro] - 1].release_item = release_item;
	return distro;
}

static int find_homes(struct hearing *h, bool weak)
{
	for (size_t i = 0; i < h->nnamed; i++) {
		struct named *n = &h->named[i];
		int home;

		if (!papers_of(h, n->id) &&
		    ((!weak && n->strength == WD_ITEM_WEAK) ||
		     (n->strength < WD_ITEM_STRONG && family_is_taken(h, n))))
			continue;
		home = find_home(h, n);
		if (home < 0)
			return home;
		n->home = (uint32_t)home;
	}
	return 0;
}

/* Whether the item is what a C library says of itself. */
static bool is_banner(const struct hearing *h, const struct wd_item *item)
{
	const struct wd_catalog *cat = h->o->cat;
	const struct wd_examined *x = wd_catalog_examined(cat, item->node);

	for (uint32_t i = 0; x && i < x->nfacts; i++)
		if (cat->facts.v[x->fact + i].kind == WD_FACT_BANNER &&
		    wd_blob_is(wd_strpool_get(&cat->strings, cat->facts.v[x->fact + i].value),
			       item->value))
			return true;
	return false;
}

/*
 * The distro of one item that names one. What is of an earlier release than its distribution's
 * lineage has survived there; what is of a later one was brought, as was another C library.
 */
static int place_named(struct hearing *h, const struct wd_item *item)
{
	const struct named *n = find_name(h, item->distro);
	const struct wd_distro *home;
	int distro;

	if (!n || !n->home)
		return wd_distros_intern(h->distros, wd_blob_str(item->distro),
					 wd_blob_str(item->version), h->os);
	home = &h->distros->list.v[n->home];
	if (item->strength < WD_ITEM_STRONG || wd_versions_agree(item->version, home->version_id) ||
	    (wd_version_cmp(wd_blob_str(item->version), wd_blob_str(home->version_id)) <= 0 &&
	     !is_banner(h, item)))
		return (int)n->home;
	distro = make_lineage(h, n, item->version);
	return distro ? distro : (int)n->home;
}

/* Of lineages that an item may be of: whose C library it is, what is recorded, what is named. */
static int likelihood(const struct wd_lineage *l)
{
	return l->libc * 4 + (l->packages > 0) * 2 + l->named;
}

static bool is_likelier(const struct wd_lineage *a, const struct wd_lineage *b)
{
	int x = likelihood(a), y = likelihood(b);

	return x > y || (x == y && a->packages > b->packages);
}

static uint32_t supported(const struct hearing *h, const struct wd_item *item)
{
	const struct wd_lineage *best = NULL;

	for (size_t i = 0; i < h->l->list.n; i++) {
		const struct wd_lineage *l;

		if (i == NAMES_MAX && i < h->npapers)
			i = h->npapers;
		if (i == h->l->list.n)
			break;
		l = &h->l->list.v[i];
		if (wd_item_supports(item, distro_of(h, i)) && (!best || is_likelier(l, best)))
			best = l;
	}
	return best ? best->distro : 0;
}

static int place_unnamed(struct hearing *h, const struct wd_item *item, bool weak)
{
	uint32_t known = supported(h, item);
	int distro;

	if (known || !*item->family)
		return (int)known;
	distro = wd_distros_intern_group(h->distros, wd_blob_str(item->family),
					 wd_blob_str(item->distro), wd_blob_str(item->version));
	return item->strength > WD_ITEM_WEAK || weak ? lineage_of(h, distro, item->family) : distro;
}

static void mark_libc(struct hearing *h)
{
	uint32_t distro =
		h->l->libc_item == WD_ITEM_NONE ? 0 : h->l->distro_of_item[h->l->libc_item];

	for (size_t i = 0; distro && i < h->l->list.n; i++)
		h->l->list.v[i].libc = h->l->list.v[i].distro == distro;
}

/* An item names the distribution of a lineage, and perhaps its release. */
static void mark_named(struct hearing *h, const struct wd_item *item, int distro)
{
	const char *release = h->distros->list.v[distro].version_id;
	struct wd_lineage *l = h->index[distro] ? &h->l->list.v[h->index[distro] - 1] : NULL;

	if (!l)
		return;
	l->named = true;
	l->confirmed |= !*release || l->release_item != WD_ITEM_NONE ||
			(item->strength > WD_ITEM_WEAK && *item->version &&
			 wd_versions_agree(release, item->version));
}

/*
 * Gives every item its distro, the precise ones first: those that name a release among them.
 * `weak` where there is nothing better to make a lineage of.
 */
static int place_items(struct hearing *h, bool weak)
{
	int r = find_homes(h, weak);

	for (int p = WD_PRECISIONS * 2 - 1; r >= 0 && p >= 0; p--) {
		for (size_t i = 0; r >= 0 && i < h->e->items.n; i++) {
			const struct wd_item *item = &h->e->items.v[i];

			if (!counts(item) || (int)wd_item_precision(item) != p / 2 ||
			    !*item->version != !(p % 2))
				continue;
			r = p / 2 == WD_NAMES_ONE ? place_named(h, item)
						  : place_unnamed(h, item, weak);
			if (r >= 0)
				h->l->distro_of_item[i] = (uint32_t)r;
			if (r > 0 && p / 2 == WD_NAMES_ONE)
				mark_named(h, item, r);
		}
		mark_libc(h);
	}
	return r < 0 ? r : 0;
}

/* Whether an item says what the lineage is, and does not merely fit it. */
static bool names(const struct hearing *h, const struct wd_lineage *l, const struct wd_item *item)
{
	return wd_item_precision(item) == WD_NAMES_ONE || !*h->distros->list.v[l->distro].id;
}

/*
 * A strong item on the C library, or a strong one and a second kind that names the same. A database
 * that a layer took away is as good as a strong item.
 */
static void weigh(const struct hearing *h, struct wd_lineage *l, const uint32_t *items, size_t n)
{
	const char *strong = l->recorded ? "deleted" : NULL;
	bool libc = false, second = false;

	for (size_t i = 0; i < n; i++) {
		const struct wd_item *item = &h->e->items.v[items[i]];

		l->shown = WD_STRENGTH_WEAK;
		if (!names(h, l, item) || item->strength == WD_ITEM_WEAK)
			continue;
		if (!strong && item->strength == WD_ITEM_STRONG)
			strong = item->kind;
		libc |= items[i] == h->l->libc_item && item->strength == WD_ITEM_STRONG;
		second |= strong && strcmp(item->kind, strong) != 0;
	}
	if (libc || second)
		l->shown = WD_STRENGTH_STRONG;
}

static int give_reason(const struct hearing *h, struct wd_lineage *l, uint32_t index)
{
	const struct wd_item *item = &h->e->items.v[index];
	struct wd_reason reason = {
		.kind = item->kind, .strength = item->strength, .files = item->files};
	struct wd_buf path = WD_BUF_INIT;

	wd_tree_path(h->o->tree, item->node, &path);
	wd_buf_byte(&path, '\0');
	if (path.status < 0)
		wd_buf_done(&path);
	reason.path = path.ptr;
	return wd_lineage_reason(l, reason, "%s", item->value);
}

/* What the C library says first, then what names the lineage, then what fits it. */
static int rank(const struct hearing *h, const struct wd_lineage *l, uint32_t index)
{
	if (index == h->l->libc_item)
		return 0;
	return names(h, l, &h->e->items.v[index]) ? 1 : 2;
}

static int give_reasons(const struct hearing *h, struct wd_lineage *l, const uint32_t *items,
			size_t n)
{
	int r = 0;

	for (int ranked = 0; ranked < 3; ranked++)
		for (size_t i = 0; r == 0 && i < n; i++)
			if (rank(h, l, items[i]) == ranked)
				r = give_reason(h, l, items[i]);
	return r == 0 && l->release_item != WD_ITEM_NONE ? give_reason(h, l, l->release_item) : r;
}

/* Each lineage with its items, in their order: sorted by counting, since distros are numbers. */
static int weigh_all(const struct hearing *h)
{
	size_t nitems = h->e->items.n;
	WD_CLEANUP_FREE uint32_t *items = calloc(nitems + 1, sizeof(*items));
	WD_CLEANUP_FREE uint32_t *start = calloc(h->distros->list.n + 2, sizeof(*start));
	int r = items && start ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < nitems; i++)
		start[h->l->distro_of_item[i] + 2]++;
	for (size_t d = 2; r == 0 && d < h->distros->list.n + 2; d++)
		start[d] += start[d - 1];
	for (uint32_t i = 0; r == 0 && i < nitems; i++)
		items[start[h->l->distro_of_item[i] + 1]++] = i;
	for (size_t i = 0; r == 0 && i < h->l->list.n; i++) {
		struct wd_lineage *l = &h->l->list.v[i];
		size_t n = start[l->distro + 1] - start[l->distro];

		weigh(h, l, items + start[l->distro], n);
		r = give_reasons(h, l, items + start[l->distro], n);
	}
	return r;
}

int wd_lineages_hear_files(struct wd_lineages *l, const struct wd_owners *o,
			   struct wd_distros *distros, const struct wd_os_release *os,
			   const struct wd_evidence_list *evidence, struct wd_libc libc)
{
	/* an item makes at most three distros: its own, its home and its family */
	size_t ndistros = distros->list.n + 3 * evidence->items.n;
	WD_CLEANUP_FREE uint32_t *index = calloc(ndistros + 1, sizeof(*index));
	struct hearing h = {.l = l,
			    .distros = distros,
			    .os = os,
			    .o = o,
			    .e = evidence,
			    .npapers = l->list.n,
			    .index = index};
	int r;

	l->distro_of_item = calloc(evidence->items.n + 1, sizeof(*l->distro_of_item));
	if (!index || !l->distro_of_item)
		return -ENOMEM;
	for (uint32_t i = 0; i < l->list.n; i++)
		index[l->list.v[i].distro] = i + 1;
	l->libc_item = find_libc_item(evidence, libc);
	hear_names(&h);
	r = place_items(&h, false);
	if (r == 0 && l->list.n == 0)
		r = place_items(&h, true);
	if (r == 0)
		r = weigh_all(&h);
	return r < 0 ? r : wd_lineages_find_words(l, distros, os, evidence);
}
