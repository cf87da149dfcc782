/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting files: by basis for the rootfs, by distribution for the lineages. */
#include "provenance/count.h"

bool wd_is_missing(const struct wd_owners *o, wd_node_id node)
{
	const struct wd_node *n = wd_tree_node(o->tree, node);

	if (!(n->flags & WD_NODE_GHOST) || n->flags & WD_NODE_HIDDEN || n->type == WD_TYPE_DIR || n->ghost != WD_NODE_NONE ||
	    node >= o->nnodes)
		return false;
	for (uint32_t i = o->start[node]; i < o->start[node + 1]; i++) {
		const struct wd_db *db = o->cat->dbs.v[o->refs[i].db];
		const struct wd_cat_claim *c = &db->claims.v[o->refs[i].claim];

		if (wd_claim_is_effective(c) && !(c->flags & WD_CLAIM_GHOST))
			return true;
	}
	return false;
}

/* Adds one file to every distribution that one of its owners is of; `last` is the file before. */
static void count_distros(const struct wd_owners *o, const struct wd_owner_list *owners,
			  wd_node_id node, uint64_t *by_distro, wd_node_id *last)
{
	for (size_t i = 0; i < owners->list.n; i++) {
		uint32_t distro = o->cat->packages.v[owners->list.v[i].package].distro;

		by_distro[distro] += last[distro] != node;
		last[distro] = node;
	}
}

int wd_count_files(const struct wd_owners *o, size_t ndistros, struct wd_file_counts *ret,
		   uint64_t *by_distro)
{
	WD_CLEANUP_FREE wd_node_id *last = calloc(ndistros + 1, sizeof(*last));
	uint64_t by_basis[WD_BASIS_COUNT] = {0};
	struct wd_owner_list owners = {0};
	int r = last ? 0 : -ENOMEM;

	*ret = (struct wd_file_counts){0};
	for (wd_node_id i = 1; r == 0 && i < o->tree->nodes.n; i++) {
		const struct wd_node *n = wd_tree_node(o->tree, i);

		if (n->flags & WD_NODE_GHOST) {
			ret->missing += wd_is_missing(o, i);
		} else if (n->type != WD_TYPE_DIR) {
			ret->total++;
			by_basis[wd_owners_basis(o, i)]++;
			r = wd_owners_get(o, i, false, &owners);
			count_distros(o, &owners, i, by_distro, last);
		}
	}
	ret->owned = by_basis[WD_BASIS_DATABASE];
	ret->generated = by_basis[WD_BASIS_GENERATED];
	ret->inferred = by_basis[WD_BASIS_INFERRED];
	ret->unowned = by_basis[WD_BASIS_NONE];
	wd_array_done(&owners.list);
	return r;
}
