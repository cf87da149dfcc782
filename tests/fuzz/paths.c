/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "paths.h"

static wd_node_id again(struct wd_tree *tree, wd_node_id id, bool ghosts)
{
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;
	struct wd_blob rest, name;

	FUZZ_CHECK(id < tree->nodes.n);
	wd_tree_path(tree, id, &path);
	rest = wd_buf_view(&path);
	while (wd_blob_token(&rest, '/', &name))
		FUZZ_CHECK(name.len && !wd_blob_is(name, "..") && !wd_blob_is(name, "."));
	return wd_tree_find(tree, wd_buf_view(&path), ghosts);
}

/* A canonical path leads back, and no link is met on the way to what is on disk. */
static void check_node(struct wd_tree *tree, wd_node_id id)
{
	/* behind too many links the path may have one left, to be followed now */
	if (wd_tree_node(tree, id)->flags & WD_NODE_GHOST)
		id = again(tree, id, true);
	else
		FUZZ_CHECK(again(tree, id, false) == id);
	FUZZ_CHECK(again(tree, id, true) == id);
}

void fuzz_resolve(struct wd_tree *tree, struct wd_blob path)
{
	wd_node_id found = wd_tree_find(tree, path, false);
	wd_node_id ghost = wd_tree_find(tree, path, true);

	FUZZ_CHECK(ghost != WD_NODE_NONE);
	FUZZ_CHECK(found == WD_NODE_NONE || found == ghost);
	check_node(tree, ghost);
	FUZZ_CHECK(wd_tree_find(tree, path, true) == ghost);
	if (found != WD_NODE_NONE && wd_tree_node(tree, found)->type == WD_TYPE_SYMLINK)
		wd_tree_target(tree, found);
	ghost = wd_tree_walk(tree, WD_NODE_ROOT, path, true);
	FUZZ_CHECK(ghost < tree->nodes.n);
	fuzz_found += found != WD_NODE_NONE;
}

struct order {
	struct wd_buf last;
	size_t n;
};

static int in_order(void *ctx, wd_node_id id, struct wd_blob path)
{
	struct order *o = ctx;

	(void)id;
	FUZZ_CHECK(o->n++ == 0 || wd_blob_cmp(wd_buf_view(&o->last), path) < 0);
	o->last.len = 0;
	wd_buf_blob(&o->last, path);
	return 0;
}

void fuzz_check_order(struct wd_tree *tree)
{
	struct order order = {.last = WD_BUF_INIT};

	FUZZ_CHECK(wd_tree_each(tree, in_order, &order) == 0);
	FUZZ_CHECK(order.n == tree->nodes.n - 1);
	wd_buf_done(&order.last);
}
