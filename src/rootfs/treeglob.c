/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/glob.h"
#include "rootfs/tree.h"

/* `**` follows the tree down: this bounds the recursion where the tree is hostile. */
#define DEPTH_MAX 512

struct expansion {
	struct wd_tree *tree;
	int (*hit)(void *ctx, wd_node_id id);
	void *ctx;
};

static int expand(struct expansion *e, struct wd_blob pattern, wd_node_id node, int depth);

static bool is_listed(const struct wd_tree *tree, wd_node_id id)
{
	const struct wd_node *n = wd_tree_node(tree, id);

	return n->type == WD_TYPE_DIR && n->flags & WD_NODE_LOADED;
}

/* Every child of a directory whose name matches. */
static int expand_children(struct expansion *e, struct wd_blob name, struct wd_blob rest,
			   wd_node_id dir, int depth)
{
	uint32_t first, end;

	if (wd_tree_load(e->tree, dir) < 0)
		return -ENOMEM;
	if (!is_listed(e->tree, dir))
		return 0;
	first = wd_tree_node(e->tree, dir)->first;
	end = first + wd_tree_node(e->tree, dir)->count;
	for (uint32_t i = first; i < end; i++) {
		int r = wd_glob_name(name, wd_tree_name(e->tree, i)) ? expand(e, rest, i, depth + 1)
								     : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

/* A pattern that begins with `**`: at `dir` and below it, at every depth. */
static int expand_deep(struct expansion *e, struct wd_blob pattern, struct wd_blob rest,
		       wd_node_id dir, int depth)
{
	int r = rest.len ? expand(e, rest, dir, depth + 1) : e->hit(e->ctx, dir);
	uint32_t first, end;

	if (r == 0)
		r = wd_tree_load(e->tree, dir);
	if (r < 0 || !is_listed(e->tree, dir))
		return r;
	first = wd_tree_node(e->tree, dir)->first;
	end = first + wd_tree_node(e->tree, dir)->count;
	for (uint32_t i = first; r == 0 && i < end; i++) {
		if (wd_tree_node(e->tree, i)->type == WD_TYPE_DIR)
			r = expand(e, pattern, i, depth + 1);
		else if (rest.len == 0)
			r = e->hit(e->ctx, i);
	}
	return r;
}

static int expand(struct expansion *e, struct wd_blob pattern, wd_node_id node, int depth)
{
	struct wd_blob rest = pattern, name;
	wd_node_id child;

	if (depth > DEPTH_MAX)
		return 0;
	if (!wd_blob_token(&rest, '/', &name))
		return wd_tree_node(e->tree, node)->flags & WD_NODE_GHOST ? 0
									  : e->hit(e->ctx, node);
	/* `**` may stand for no component, so that it matches what is no directory, too */
	if (wd_tree_node(e->tree, node)->type != WD_TYPE_DIR)
		return wd_blob_is(pattern, "**") ? expand(e, WD_BLOB(""), node, depth) : 0;
	if (wd_blob_is(name, "**"))
		return expand_deep(e, pattern, rest, node, depth);
	if (!wd_glob_is_literal(name))
		return expand_children(e, name, rest, node, depth);
	child = wd_tree_child(e->tree, node, name);
	return child == WD_NODE_NONE ? 0 : expand(e, rest, child, depth + 1);
}

/* `**` at the very front: every directory of the tree, which is quicker to list than to walk. */
static int expand_everywhere(struct expansion *e, struct wd_blob rest)
{
	for (wd_node_id i = 0; i < e->tree->nodes.n; i++) {
		int r = is_listed(e->tree, i) ? expand(e, rest, i, 0) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

int wd_tree_glob(struct wd_tree *tree, wd_node_id start, struct wd_blob pattern,
		 int (*hit)(void *ctx, wd_node_id id), void *ctx)
{
	struct expansion e = {tree, hit, ctx};
	struct wd_blob deep = WD_BLOB("**/");

	if (start == WD_NODE_ROOT && wd_blob_starts(pattern, deep))
		return expand_everywhere(&e, wd_blob_skip(pattern, deep.len));
	return expand(&e, pattern, start, 0);
}
