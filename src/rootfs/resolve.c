/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Path resolution on the tree in memory, and the walk over it in path order. */
#include "rootfs/tree.h"

#include "base/status.h"

#include <string.h>

#define LINK_BUDGET 40 /* symbolic links in one resolution, as the kernel */

struct walk {
	struct wd_tree *tree;
	bool ghosts;
	bool loop; /* too many links: none is followed any more */
	int links;
	int depth; /* links that are being followed */
};

static wd_node_id walk_path(struct walk *w, wd_node_id dir, struct wd_blob path);

/* A ghost link leads nowhere: it is not on disk. */
static bool is_link(const struct wd_tree *tree, wd_node_id id)
{
	const struct wd_node *n = wd_tree_node(tree, id);

	return n->type == WD_TYPE_SYMLINK && !(n->flags & WD_NODE_GHOST);
}

/* What is lost by that is said once. */
static bool is_exhausted(struct wd_tree *tree, wd_node_id link)
{
	if (tree->steps <= WD_TREE_STEPS)
		return false;
	if (!tree->exhausted)
		wd_tree_add_error(tree, link, WD_ELIMIT);
	tree->exhausted = true;
	return true;
}

static wd_node_id follow(struct walk *w, wd_node_id link)
{
	struct wd_blob target = wd_tree_link(w->tree, link);
	wd_node_id id = wd_tree_node(w->tree, link)->parent;

	w->loop |= ++w->links > LINK_BUDGET || is_exhausted(w->tree, link);
	if (!w->loop) {
		w->depth++;
		id = walk_path(w, target.len && target.ptr[0] == '/' ? WD_NODE_ROOT : id, target);
		w->depth--;
	}
	if (!w->loop)
		return id;
	return w->ghosts ? link : WD_NODE_NONE;
}

static wd_node_id child(struct walk *w, wd_node_id dir, struct wd_blob name)
{
	return w->ghosts ? wd_tree_child_or_ghost(w->tree, dir, name)
			 : wd_tree_child(w->tree, dir, name);
}

static wd_node_id walk_path(struct walk *w, wd_node_id dir, struct wd_blob path)
{
	struct wd_blob name;

	while (dir != WD_NODE_NONE && wd_blob_token(&path, '/', &name)) {
		w->tree->steps++;
		if (name.len == 0 || wd_blob_is(name, "."))
			continue;
		if (wd_blob_is(name, "..")) {
			dir = wd_tree_node(w->tree, dir)->parent;
			continue;
		}
		dir = child(w, dir, name);
		if (dir != WD_NODE_NONE && is_link(w->tree, dir))
			dir = follow(w, dir);
		/* the rest of a target that cannot be followed is not part of the path */
		if (w->loop && w->depth)
			break;
	}
	return dir;
}

wd_node_id wd_tree_walk(struct wd_tree *tree, wd_node_id start, struct wd_blob path, bool ghosts)
{
	struct walk w = {.tree = tree, .ghosts = ghosts};

	return walk_path(&w, start, path);
}

wd_node_id wd_tree_find(struct wd_tree *tree, struct wd_blob path, bool ghosts)
{
	struct walk w = {.tree = tree, .ghosts = ghosts};
	struct wd_blob name;
	wd_node_id dir;
	ptrdiff_t slash;

	while (path.len && path.ptr[path.len - 1] == '/')
		path.len--;
	slash = wd_blob_rchr(path, '/');
	name = slash < 0 ? path : wd_blob_skip(path, (size_t)slash + 1);
	if (name.len == 0 || wd_blob_is(name, ".") || wd_blob_is(name, ".."))
		return walk_path(&w, WD_NODE_ROOT, path);
	dir = walk_path(&w, WD_NODE_ROOT, wd_blob_head(path, slash < 0 ? 0 : (size_t)slash));
	return dir == WD_NODE_NONE ? dir : child(&w, dir, name);
}

wd_node_id wd_tree_target(struct wd_tree *tree, wd_node_id link)
{
	struct walk w = {.tree = tree};
	wd_node_id id = is_link(tree, link) ? follow(&w, link) : WD_NODE_NONE;

	if (id != WD_NODE_NONE && wd_tree_node(tree, id)->flags & WD_NODE_GHOST)
		return WD_NODE_NONE;
	return id;
}

/* The walk in path order. */

struct each {
	struct wd_tree *tree;
	int (*visit)(void *ctx, wd_node_id id, struct wd_blob path);
	void *ctx;
	struct wd_buf path;
	WD_ARRAY(struct frame) stack;
};

/*
 * One directory being listed. The children are in byte order of their names, yet in the order of
 * full paths "a.b" stands before "a/b": what is below a name comes only after all names that it
 * is a prefix of and that go on with a byte below '/'. Directories wait in `pending` for that;
 * each of them is a prefix of the next, so that it is a stack.
 */
struct frame {
	wd_node_id *kids;
	uint32_t nkids;
	uint32_t next;
	size_t path_len; /* of this directory, with its slash */
	WD_ARRAY(wd_node_id) pending;
};

static int cmp_kids(const void *a, const void *b, void *ctx)
{
	const struct wd_tree *tree = ctx;

	return wd_blob_cmp(wd_tree_name(tree, *(const wd_node_id *)a),
			   wd_tree_name(tree, *(const wd_node_id *)b));
}

static uint32_t count_ghosts(const struct wd_tree *tree, wd_node_id dir)
{
	uint32_t n = 0;

	for (wd_node_id g = tree->nodes.v[dir].ghost; g != WD_NODE_NONE;
	     g = tree->nodes.v[g].next_ghost)
		n++;
	return n;
}

static uint32_t real_children(const struct wd_node *d)
{
	return d->flags & WD_NODE_LOADED ? d->count : 0;
}

static bool in_order(struct wd_tree *tree, const struct frame *f)
{
	for (uint32_t i = 1; i < f->nkids; i++)
		if (cmp_kids(&f->kids[i - 1], &f->kids[i], tree) > 0)
			return false;
	return true;
}

static int push_frame(struct each *e, wd_node_id dir)
{
	const struct wd_node *d = wd_tree_node(e->tree, dir);
	uint32_t nreal = real_children(d);
	uint32_t nghosts = count_ghosts(e->tree, dir);
	struct frame f = {.nkids = nreal + nghosts, .path_len = e->path.len};

	f.kids = malloc((f.nkids + 1) * sizeof(*f.kids));
	if (!f.kids)
		return -ENOMEM;
	for (uint32_t i = 0; i < nreal; i++)
		f.kids[i] = d->first + i;
	/* the list of ghosts has the last one first: filled backwards it is often in order */
	for (wd_node_id g = d->ghost, i = f.nkids; g != WD_NODE_NONE;
	     g = e->tree->nodes.v[g].next_ghost)
		f.kids[--i] = g;
	if (nghosts && !in_order(e->tree, &f))
		qsort_r(f.kids, f.nkids, sizeof(*f.kids), cmp_kids, e->tree);
	if (wd_array_push(&e->stack, f) < 0) {
		free(f.kids);
		return -ENOMEM;
	}
	return 0;
}

static void pop_frame(struct each *e)
{
	struct frame *f = &e->stack.v[--e->stack.n];

	free(f->kids);
	wd_array_done(&f->pending);
}

static bool has_children(const struct wd_tree *tree, wd_node_id id)
{
	const struct wd_node *n = wd_tree_node(tree, id);

	return n->ghost != WD_NODE_NONE || (n->type == WD_TYPE_DIR && real_children(n) > 0);
}

/* Whether what is below `dir` comes before `name` in byte order of the paths. */
static bool below_first(const struct wd_tree *tree, wd_node_id dir, struct wd_blob name)
{
	struct wd_blob d = wd_tree_name(tree, dir);

	if (!wd_blob_starts(name, d) || name.len == d.len)
		return true;
	return (uint8_t)'/' < (uint8_t)name.ptr[d.len];
}

static int enter(struct each *e, struct frame *f)
{
	wd_node_id dir = f->pending.v[--f->pending.n];

	e->path.len = f->path_len;
	wd_buf_blob(&e->path, wd_tree_name(e->tree, dir));
	wd_buf_byte(&e->path, '/');
	return e->path.status < 0 ? e->path.status : push_frame(e, dir);
}

static int visit_next(struct each *e, struct frame *f)
{
	wd_node_id id = f->kids[f->next++];
	int r;

	e->path.len = f->path_len;
	wd_buf_blob(&e->path, wd_tree_name(e->tree, id));
	if (e->path.status < 0)
		return e->path.status;
	r = e->visit(e->ctx, id, wd_buf_view(&e->path));
	if (r >= 0 && has_children(e->tree, id))
		r = wd_array_push(&f->pending, id);
	return r;
}

static int step(struct each *e)
{
	struct frame *f = &e->stack.v[e->stack.n - 1];

	if (f->pending.n &&
	    (f->next == f->nkids || below_first(e->tree, f->pending.v[f->pending.n - 1],
						wd_tree_name(e->tree, f->kids[f->next]))))
		return enter(e, f);
	if (f->next < f->nkids)
		return visit_next(e, f);
	pop_frame(e);
	return 0;
}

int wd_tree_each(struct wd_tree *tree, int (*visit)(void *ctx, wd_node_id id, struct wd_blob path),
		 void *ctx)
{
	struct each e = {.tree = tree, .visit = visit, .ctx = ctx, .path = WD_BUF_INIT};
	int r = push_frame(&e, WD_NODE_ROOT);

	while (r >= 0 && e.stack.n)
		r = step(&e);
	while (e.stack.n)
		pop_frame(&e);
	wd_array_done(&e.stack);
	wd_buf_done(&e.path);
	return r < 0 ? r : 0;
}
