/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting files: by basis for the rootfs, by distribution for the lineages. */
#include "provenance/count.h"

static bool is_below_hidden(const struct wd_tree *tree, wd_node_id node)
{
	while (node != WD_NODE_ROOT) {
		node = wd_tree_node(tree, node)->parent;
		if (wd_tree_node(tree, node)->flags & WD_NODE_HIDDEN)
			return true;
	}
	return false;
}

bool wd_is_missing(const struct wd_owners *o, wd_node_id node)
{
	const struct wd_node *n = wd_tree_node(o->tree, node);

	if (!(n->flags & WD_NODE_GHOST) || n->type == WD_TYPE_DIR || n->ghost != WD_NODE_NONE ||
	    node >= o->nnodes)
		return false;
	for (uint32_t i = o->start[node]; i < o->start[node + 1]; i++) {
		const struct wd_db *db = o->cat->dbs.v[o->refs[i].db];
		const struct wd_cat_claim *c = &db->claims.v[o->refs[i].claim];

		if (wd_claim_is_effective(c) && !(c->flags & WD_CLAIM_GHOST))
			return !is_below_hidden(o->tree, node);
	}
	return false;
}

/* Adds one file to every distribution that one of its owners is of. */
static void count_distros(const struct wd_owners *o, const struct wd_owner_list *owners,
			  uint64_t *by_distro)
{
	for (size_t i = 0; i < owners->list.n; i++) {
		uint32_t distro = o->cat->packages.v[owners->list.v[i].package].distro;
		bool counted = false;

		for (size_t k = 0; k < i && !counted; k++)
			counted = o->cat->packages.v[owners->list.v[k].package].distro == distro;
		if (!counted)
			by_distro[distro]++;
	}
}

int wd_count_files(const struct wd_owners *o, struct wd_file_counts *ret, uint64_t *by_distro)
{
	uint64_t by_basis[WD_BASIS_COUNT] = {0};
	struct wd_owner_list owners = {0};
	int r = 0;

	*ret = (struct wd_file_counts){0};
	for (wd_node_id i = 1; r == 0 && i < o->tree->nodes.n; i++) {
		const struct wd_node *n = wd_tree_node(o->tree, i);

		if (n->flags & WD_NODE_GHOST) {
			ret->missing += wd_is_missing(o, i);
		} else if (n->type != WD_TYPE_DIR) {
			ret->total++;
			by_basis[wd_owners_basis(o, i)]++;
			r = wd_owners_get(o, i, false, &owners);
			count_distros(o, &owners, by_distro);
		}
	}
	ret->owned = by_basis[WD_BASIS_DATABASE];
	ret->generated = by_basis[WD_BASIS_GENERATED];
	ret->inferred = by_basis[WD_BASIS_INFERRED];
	ret->unowned = by_basis[WD_BASIS_NONE];
	wd_array_done(&owners.list);
	return r;
}
