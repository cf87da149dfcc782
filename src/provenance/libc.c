/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/libc.h"

#include "base/tsv.h"

#include <stdlib.h>

/* A file, or what a link ends at where that is one; else WD_NODE_NONE. */
static wd_node_id file_at(struct wd_tree *tree, wd_node_id node)
{
	if (node != WD_NODE_NONE && wd_tree_node(tree, node)->type == WD_TYPE_SYMLINK)
		node = wd_tree_target(tree, node);
	if (node == WD_NODE_NONE || wd_tree_node(tree, node)->type != WD_TYPE_FILE ||
	    wd_tree_node(tree, node)->flags & WD_NODE_GHOST)
		return WD_NODE_NONE;
	return node;
}

/* How many programs name each string of the catalog as their loader. */
static uint32_t *count_interpreters(const struct wd_catalog *cat)
{
	uint32_t *programs = calloc(cat->strings.entries.n + 1, sizeof(*programs));

	for (size_t i = 0; programs && i < cat->examined.n; i++) {
		const struct wd_examined *x = &cat->examined.v[i];

		for (uint32_t k = x->fact; k < x->fact + x->nfacts; k++)
			if (cat->facts.v[k].kind == WD_FACT_INTERP)
				programs[cat->facts.v[k].value]++;
	}
	return programs;
}

static int find_loader(struct wd_tree *tree, const struct wd_catalog *cat, wd_node_id *ret)
{
	WD_CLEANUP_FREE uint32_t *programs = count_interpreters(cat);
	struct wd_blob best = WD_BLOB("");
	uint32_t most = 0;

	if (!programs)
		return -ENOMEM;
	for (uint32_t id = 1; id <= cat->strings.entries.n; id++) {
		struct wd_blob path = wd_strpool_get(&cat->strings, id);
		wd_node_id node;

		if (programs[id] == 0 || programs[id] < most ||
		    (programs[id] == most && wd_blob_cmp(path, best) > 0))
			continue;
		node = file_at(tree, wd_tree_find(tree, path, false));
		if (node == WD_NODE_NONE)
			continue;
		*ret = node;
		most = programs[id];
		best = path;
	}
	return 0;
}

struct search {
	struct wd_tree *tree;
	wd_node_id found;
};

static int hit(void *ctx, wd_node_id id)
{
	struct search *s = ctx;

	if (s->found == WD_NODE_NONE)
		s->found = file_at(s->tree, id);
	return 0;
}

/* The first file that a row of this kind names. */
static int find_row(struct wd_tree *tree, const char *data_dir, const char *kind, wd_node_id *ret)
{
	struct wd_blob col[WD_TSV_COLUMNS];
	struct search s = {tree, WD_NODE_NONE};
	struct wd_tsv table;
	int r = wd_tsv_open(&table, data_dir, "programs.tsv");

	while (r == 0 && s.found == WD_NODE_NONE && wd_tsv_next(&table, col) > 0)
		if (wd_blob_is(col[0], kind))
			r = wd_tree_glob(tree, WD_NODE_ROOT, col[1], hit, &s);
	wd_tsv_done(&table);
	*ret = s.found;
	return r;
}

int wd_libc_find(struct wd_tree *tree, const struct wd_catalog *cat, const char *data_dir,
		 struct wd_libc *ret)
{
	int r;

	*ret = (struct wd_libc){WD_NODE_NONE, WD_NODE_NONE};
	r = find_loader(tree, cat, &ret->loader);
	if (r == 0 && ret->loader == WD_NODE_NONE)
		r = find_row(tree, data_dir, "loader", &ret->loader);
	if (r == 0 && ret->loader == WD_NODE_NONE)
		return find_row(tree, data_dir, "libc", &ret->libc);
	/* glibc's two stand side by side; musl's loader is its C library */
	if (r == 0)
		ret->libc =
			file_at(tree, wd_tree_child(tree, wd_tree_node(tree, ret->loader)->parent,
						    WD_BLOB("libc.so.6")));
	return r;
}
