/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/owners.h"

#include <string.h>

const char *wd_basis_name(enum wd_basis basis)
{
	static const char *const names[] = {
#define X(id, name) name,
		WD_BASES(X)
#undef X
	};

	return names[basis];
}

/* A ghost has the type that a database tells; where two differ, the first stands. */
static void type_ghost(struct wd_node *n, const struct wd_cat_claim *c)
{
	if (n->flags & WD_NODE_GHOST && n->type == WD_TYPE_UNKNOWN && c->mode)
		n->type = (uint8_t)wd_type_of_mode(c->mode);
}

static bool is_wanted(struct wd_blob name, const struct wd_blob *names, size_t nnames)
{
	for (size_t i = 0; i < nnames; i++)
		if (wd_blob_equal(name, names[i]))
			return true;
	return names == NULL;
}

static int resolve_claim(struct wd_db *db, struct wd_tree *tree, struct wd_cat_claim *c)
{
	struct wd_blob name = wd_claim_name(db, c);
	uint32_t *dir = &db->dir_nodes.v[c->dir];

	if (*dir == WD_NODE_NONE)
		*dir = wd_tree_walk(tree, WD_NODE_ROOT, wd_claim_dir(db, c), true);
	if (*dir == WD_NODE_NONE)
		return -ENOMEM;
	c->node = name.len ? wd_tree_child_or_ghost(tree, *dir, name) : *dir;
	if (c->node == WD_NODE_NONE)
		return -ENOMEM;
	type_ghost(wd_tree_node(tree, c->node), c);
	return 0;
}

int wd_owners_resolve(struct wd_db *db, struct wd_tree *tree, const struct wd_blob *names,
		      size_t nnames)
{
	size_t ndirs = db->dirs.entries.n + 1;
	int r = wd_array_reserve(&db->dir_nodes, ndirs - db->dir_nodes.n);

	while (r == 0 && db->dir_nodes.n < ndirs)
		db->dir_nodes.v[db->dir_nodes.n++] = WD_NODE_NONE;
	for (; r == 0 && db->nresolved < db->claims.n; db->nresolved++)
		if (is_wanted(wd_claim_name(db, &db->claims.v[db->nresolved]), names, nnames))
			r = resolve_claim(db, tree, &db->claims.v[db->nresolved]);
	return r;
}

/* Sorts the claims by node, keeping their order: by counting, since nodes are numbers. */
static int index_claims(struct wd_owners *o)
{
	const struct wd_catalog *cat = o->cat;
	size_t total = 0;

	o->nnodes = o->tree->nodes.n;
	for (size_t d = 0; d < cat->dbs.n; d++)
		total += cat->dbs.v[d]->claims.n;
	o->start = calloc(o->nnodes + 2, sizeof(*o->start));
	o->refs = malloc((total + 1) * sizeof(*o->refs));
	o->nattribution = o->nnodes;
	o->attribution = calloc(o->nattribution + 1, sizeof(*o->attribution));
	o->claimed = calloc(o->nnodes + 1, sizeof(*o->claimed));
	if (!o->start || !o->refs || !o->attribution || !o->claimed || total >= UINT32_MAX)
		return -ENOMEM;
	for (size_t d = 0; d < cat->dbs.n; d++)
		for (size_t i = 0; i < cat->dbs.v[d]->claims.n; i++)
			if (cat->dbs.v[d]->claims.v[i].node != WD_NODE_NONE)
				o->start[cat->dbs.v[d]->claims.v[i].node + 2]++;
	for (size_t n = 2; n <= o->nnodes + 1; n++)
		o->start[n] += o->start[n - 1];
	for (uint32_t d = 0; d < cat->dbs.n; d++)
		for (uint32_t i = 0; i < cat->dbs.v[d]->claims.n; i++) {
			wd_node_id node = cat->dbs.v[d]->claims.v[i].node;

			if (node != WD_NODE_NONE)
				o->refs[o->start[node + 1]++] = (struct wd_claim_ref){d, i};
		}
	wd_owners_mark(o);
	return 0;
}

void wd_owners_mark(struct wd_owners *o)
{
	for (wd_node_id n = 0; n < o->nnodes; n++) {
		o->claimed[n] = false;
		for (uint32_t i = o->start[n]; !o->claimed[n] && i < o->start[n + 1]; i++)
			o->claimed[n] = wd_claim_is_effective(
				&o->cat->dbs.v[o->refs[i].db]->claims.v[o->refs[i].claim]);
	}
}

/* A claim for a whole tree is handed down: parents stand before their children. */
static int index_trees(struct wd_owners *o)
{
	bool any = false;

	for (size_t d = 0; d < o->cat->dbs.n; d++)
		any |= o->cat->dbs.v[d]->has_trees;
	if (!any)
		return 0;
	o->tree_ref = calloc(o->nnodes + 1, sizeof(*o->tree_ref));
	if (!o->tree_ref)
		return -ENOMEM;
	for (wd_node_id n = 0; n < o->nnodes; n++) {
		o->tree_ref[n] = o->tree_ref[wd_tree_node(o->tree, n)->parent];
		for (uint32_t i = o->start[n]; i < o->start[n + 1]; i++)
			if (o->cat->dbs.v[o->refs[i].db]->claims.v[o->refs[i].claim].flags &
			    WD_CLAIM_TREE)
				o->tree_ref[n] = i + 1;
	}
	return 0;
}

int wd_owners_build(struct wd_catalog *cat, struct wd_tree *tree, const struct wd_blob *names,
		    size_t nnames, struct wd_owners *ret)
{
	int r = 0;

	*ret = (struct wd_owners){.cat = cat, .tree = tree};
	for (size_t d = 0; r == 0 && d < cat->dbs.n; d++)
		r = wd_owners_resolve(cat->dbs.v[d], tree, names, nnames);
	if (r == 0)
		r = index_claims(ret);
	if (r == 0)
		r = index_trees(ret);
	if (r < 0)
		wd_owners_done(ret);
	return r;
}

void wd_owners_done(struct wd_owners *o)
{
	free(o->start);
	free(o->refs);
	free(o->claimed);
	free(o->attribution);
	free(o->tree_ref);
	wd_array_done(&o->attributions);
	*o = (struct wd_owners){0};
}

static const struct wd_cat_claim *claim_at(const struct wd_owners *o, uint32_t i,
					   const struct wd_db **ret_db)
{
	*ret_db = o->cat->dbs.v[o->refs[i].db];
	return &(*ret_db)->claims.v[o->refs[i].claim];
}

/* Nodes made after the map was built (by a look-up in a lazy tree) have no claims. */
static uint32_t first_claim(const struct wd_owners *o, wd_node_id node)
{
	return node < o->nnodes ? o->start[node] : 0;
}

static uint32_t end_claim(const struct wd_owners *o, wd_node_id node)
{
	return node < o->nnodes ? o->start[node + 1] : 0;
}

/* Whether a claim that makes an owner stands on the node. */
static bool is_claimed(const struct wd_owners *o, wd_node_id node)
{
	return node < o->nnodes && (o->claimed[node] || (o->tree_ref && o->tree_ref[node]));
}

static const struct wd_attribution *attribution_of(const struct wd_owners *o, wd_node_id node)
{
	uint32_t i = node < o->nattribution ? o->attribution[node] : 0;

	return i ? &o->attributions.v[i - 1] : NULL;
}

enum wd_basis wd_owners_basis(const struct wd_owners *o, wd_node_id node)
{
	const struct wd_attribution *a;

	if (is_claimed(o, node))
		return WD_BASIS_DATABASE;
	a = attribution_of(o, node);
	return a ? (enum wd_basis)a->basis : WD_BASIS_NONE;
}

/* Whoever owns the whole tree that the node is in, where nobody claims the node itself. */
static int add_tree(const struct wd_owners *o, wd_node_id node, int basis,
		    struct wd_owner_list *list)
{
	struct wd_owner owner = {.basis = basis < 0 ? WD_BASIS_DATABASE : (enum wd_basis)basis};

	if (list->list.n || !o->tree_ref || node >= o->nnodes || !o->tree_ref[node])
		return 0;
	owner.package = claim_at(o, o->tree_ref[node] - 1, &owner.db)->package;
	return wd_array_push(&list->list, owner);
}

/*
 * Of a file that others are attributed through, as many claims are looked at. Where many packages
 * claim it and many links are beside it, the rows would be as many as both multiplied.
 */
#define VIA_CLAIMS 64

static int add_claims(const struct wd_owners *o, wd_node_id node, bool all, int basis,
		      struct wd_owner_list *list)
{
	uint32_t first = first_claim(o, node), end = end_claim(o, node);

	if (basis >= 0 && end - first > VIA_CLAIMS)
		end = first + VIA_CLAIMS;
	for (uint32_t i = first; i < end; i++) {
		struct wd_owner owner = {.basis = basis < 0 ? WD_BASIS_DATABASE
							    : (enum wd_basis)basis};
		const struct wd_owner *last = list->list.n ? &list->list.v[list->list.n - 1] : NULL;
		int r;

		owner.claim = claim_at(o, i, &owner.db);
		owner.package = owner.claim->package;
		/* a package's claims come one after another, and so do those for one node */
		if ((last && last->package == owner.package) ||
		    (!all && !wd_claim_is_effective(owner.claim)))
			continue;
		if (basis >= 0)
			owner.claim = NULL;
		r = wd_array_push(&list->list, owner);
		if (r < 0)
			return r;
	}
	return add_tree(o, node, basis, list);
}

/* Of what was left out, whoever recorded it. */
static int add_via(const struct wd_owners *o, wd_node_id via, int basis, struct wd_owner_list *list)
{
	int r = add_claims(o, via, false, basis, list);

	return r < 0 || list->list.n ? r : add_claims(o, via, true, basis, list);
}

/* An attribution through another node leads to a claim or a package after at most one more. */
#define VIA_MAX 8

int wd_owners_get(const struct wd_owners *o, wd_node_id node, bool all, struct wd_owner_list *list)
{
	const struct wd_attribution *a = attribution_of(o, node);
	struct wd_owner owner;

	list->list.n = 0;
	if (!a)
		return add_claims(o, node, all, -1, list);
	owner = (struct wd_owner){.package = a->package, .basis = (enum wd_basis)a->basis};
	for (int i = 0; a && a->package == WD_PACKAGE_NONE && i < VIA_MAX; i++) {
		wd_node_id via = a->via;

		a = attribution_of(o, via);
		if (!a)
			return add_via(o, via, (int)owner.basis, list);
		owner.package = a->package;
	}
	return wd_array_push(&list->list, owner);
}

/* Room for all nodes of a tree that grew since the map was built (a look-up in a lazy one). */
static int cover_tree(struct wd_owners *o)
{
	size_t n = o->tree->nodes.n;
	uint32_t *grown;

	if (n <= o->nattribution)
		return 0;
	grown = realloc(o->attribution, n * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(grown + o->nattribution, 0, (n - o->nattribution) * sizeof(*grown));
	o->attribution = grown;
	o->nattribution = n;
	return 0;
}

int wd_owners_attribute(struct wd_owners *o, wd_node_id node, struct wd_attribution a)
{
	int r = cover_tree(o);

	if (r < 0 || o->attribution[node] || is_claimed(o, node))
		return r;
	r = wd_array_push(&o->attributions, a);
	if (r == 0)
		o->attribution[node] = (uint32_t)o->attributions.n;
	return r;
}

int wd_owners_reattribute(struct wd_owners *o, wd_node_id node, struct wd_attribution a)
{
	if (node < o->nattribution && o->attribution[node]) {
		o->attributions.v[o->attribution[node] - 1] = a;
		return 0;
	}
	return wd_owners_attribute(o, node, a);
}
