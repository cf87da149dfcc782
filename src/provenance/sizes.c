/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/sizes.h"

#include "provenance/verdict.h"

static void count(struct wd_package_size *size, const struct wd_node *n)
{
	if (n->flags & WD_NODE_GHOST) {
		size->missing++;
		return;
	}
	size->files++;
	if (n->type == WD_TYPE_FILE)
		size->bytes += n->size;
}

int wd_package_sizes(const struct wd_owners *o, struct wd_package_size **ret)
{
	struct wd_owner_list owners = {0};
	int r = 0;

	*ret = calloc(o->cat->packages.n + 1, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	for (wd_node_id i = 0; r == 0 && i < o->nnodes; i++) {
		const struct wd_node *n = wd_tree_node(o->tree, i);

		if (n->type == WD_TYPE_DIR || (n->flags & WD_NODE_GHOST && !wd_is_missing(o, i)))
			continue;
		r = wd_owners_get(o, i, false, &owners);
		for (size_t k = 0; r == 0 && k < owners.list.n; k++)
			if (owners.list.v[k].claim)
				count(&(*ret)[owners.list.v[k].package], n);
	}
	wd_array_done(&owners.list);
	return r;
}
