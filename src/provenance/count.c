/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting files: by basis for the rootfs, by distribution for the lineages. */
#include "provenance/count.h"

bool wd_is_missing(const struct wd_owners *o, wd_node_id node)
{
	const struct wd_node *n = wd_tree_node(o->tree, node);

	if (!(n->flags & WD_NODE_GHOST) || n->flags & WD_NODE_HIDDEN || n->type == WD_TYPE_DIR ||
	    n->ghost != WD_NODE_NONE || node >= o->nnodes)
		return false;
	for (uint32_t i = o->start[node]; i < o->start[node + 1]; i++) {
		const struct wd_db *db = o->cat->dbs.v[o->refs[i].db];
		const struct wd_cat_claim *c = &db->claims.v[o->refs[i].claim];

		if (wd_claim_is_effective(c) && !(c->flags & WD_CLAIM_GHOST))
			return true;
	}
	return false;
}

struct counter {
	const struct wd_owners *o;
	const struct wd_evidence_list *e;
	const uint32_t *distro_of_item;
	struct wd_tally *tallies;
	wd_node_id *last; /* of a distro: the file counted for it before */
	size_t origin;	  /* the next one of the evidence */
	bool weigh;	  /* sizes that are not known are asked for */
};

static void explain(struct counter *c, wd_node_id node, uint32_t distro)
{
	const struct wd_node *n = wd_tree_node(c->o->tree, node);

	if (c->last[distro] == node)
		return;
	c->last[distro] = node;
	c->tallies[distro].files++;
	if (c->weigh && n->type == WD_TYPE_FILE && !(n->flags & WD_NODE_STAT))
		wd_tree_stat_files(c->o->tree, n->parent);
	if (n->type == WD_TYPE_FILE && n->flags & WD_NODE_STAT)
		c->tallies[distro].bytes += n->size;
}

/* Whom a file that no package of a database owns is from by its own word; 0: it says nothing. */
static uint32_t own_word(struct counter *c, wd_node_id node)
{
	while (c->origin < c->e->origins.n && c->e->origins.v[c->origin].node < node)
		c->origin++;
	if (c->origin == c->e->origins.n || c->e->origins.v[c->origin].node != node)
		return 0;
	return c->distro_of_item[c->e->origins.v[c->origin].item];
}

static int count_file(struct counter *c, wd_node_id node, struct wd_owner_list *owners,
		      uint64_t *by_basis)
{
	enum wd_basis basis = wd_owners_basis(c->o, node);
	int r;

	by_basis[basis]++;
	if (basis == WD_BASIS_NONE || basis == WD_BASIS_ELF) {
		uint32_t distro = own_word(c, node);

		if (distro)
			explain(c, node, distro);
		return 0;
	}
	r = wd_owners_get(c->o, node, false, owners);
	for (size_t i = 0; r == 0 && i < owners->list.n; i++)
		explain(c, node, c->o->cat->packages.v[owners->list.v[i].package].distro);
	return r;
}

int wd_count_files(const struct wd_owners *o, const struct wd_evidence_list *evidence,
		   const uint32_t *distro_of_item, size_t ndistros, bool weigh,
		   struct wd_file_counts *ret, struct wd_tally *tallies)
{
	WD_CLEANUP_FREE wd_node_id *last = calloc(ndistros + 1, sizeof(*last));
	struct counter c = {.o = o,
			    .e = evidence,
			    .distro_of_item = distro_of_item,
			    .tallies = tallies,
			    .last = last,
			    .weigh = weigh};
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
			r = count_file(&c, i, &owners, by_basis);
		}
	}
	ret->owned = by_basis[WD_BASIS_DATABASE];
	ret->generated = by_basis[WD_BASIS_GENERATED];
	ret->inferred = by_basis[WD_BASIS_INFERRED];
	ret->elf = by_basis[WD_BASIS_ELF];
	ret->reference = by_basis[WD_BASIS_REFERENCE];
	ret->unowned = by_basis[WD_BASIS_NONE];
	wd_array_done(&owners.list);
	return r;
}
