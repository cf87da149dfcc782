/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/diff-files.h"

#include "base/status.h"
#include "rootfs/contents.h"

#include <stdlib.h>
#include <string.h>

/* A directory that both sides have, or one of them: the other is WD_NODE_NONE then. */
struct dirs {
	wd_node_id a, b;
};

struct walk {
	struct wd_diff *d;
	WD_ARRAY(struct dirs) stack;
	struct wd_owner_list owners_a, owners_b;
	/* files of one size that nothing but reading tells apart: of the change with this index */
	WD_ARRAY(size_t) undecided;
	struct wd_contents contents_a, contents_b;
	struct wd_buf paths; /* for sorting */
};

/* ---- One path on both sides */

static struct wd_blob name_of(const struct wd_subject *s, const struct wd_owner *o)
{
	return wd_package_field(&s->cat, &s->cat.packages.v[o->package], WD_PACKAGE_NAME);
}

static int compare_owners(struct walk *w, wd_node_id a, wd_node_id b, uint32_t *changes)
{
	const struct wd_subject *x = w->d->a, *y = w->d->b;
	int r = wd_owners_get(&x->owners, a, false, &w->owners_a);

	if (r == 0)
		r = wd_owners_get(&y->owners, b, false, &w->owners_b);
	if (r < 0)
		return r;
	if (w->owners_a.list.n && w->owners_b.list.n == 0)
		*changes |= WD_CHANGE_UNOWNED;
	else if (w->owners_a.list.n != w->owners_b.list.n)
		*changes |= WD_CHANGE_OWNER;
	for (size_t i = 0; i < w->owners_a.list.n && i < w->owners_b.list.n; i++)
		if (!wd_blob_equal(name_of(x, &w->owners_a.list.v[i]),
				   name_of(y, &w->owners_b.list.v[i])))
			*changes |= WD_CHANGE_OWNER;
	return 0;
}

static struct wd_blob claimed_digest(const struct wd_owner *o)
{
	if (!o->claim || !o->claim->digest_len || o->claim->flags & WD_CLAIM_CONFIG)
		return WD_BLOB_NULL;
	return wd_blob(wd_pool_at(&o->db->bytes, o->claim->digest), o->claim->digest_len);
}

/* 1 where recorded digests say that the contents differ, 0 that they do not, -1 where none tell. */
static int compare_recorded(const struct walk *w)
{
	const struct wd_owner *first[UINT8_MAX + 1] = {NULL}; /* of b, by algorithm */

	for (size_t i = 0; i < w->owners_b.list.n; i++) {
		const struct wd_owner *y = &w->owners_b.list.v[i];

		if (claimed_digest(y).len && !first[y->claim->digest_algo])
			first[y->claim->digest_algo] = y;
	}
	for (size_t i = 0; i < w->owners_a.list.n; i++) {
		const struct wd_owner *x = &w->owners_a.list.v[i];
		struct wd_blob a = claimed_digest(x);

		if (a.len && first[x->claim->digest_algo])
			return !wd_blob_equal(a, claimed_digest(first[x->claim->digest_algo]));
	}
	return -1;
}

static int read_later(struct walk *w, wd_node_id a, wd_node_id b)
{
	struct wd_content x = {.node = a, .algos = WD_DIFF_ALGOS};
	struct wd_content y = {.node = b, .algos = WD_DIFF_ALGOS};
	int r = wd_array_push(&w->undecided, w->d->files.n);

	if (r == 0)
		r = wd_array_push(&w->contents_a.list, x);
	return r < 0 ? r : wd_array_push(&w->contents_b.list, y);
}

static int add(struct walk *w, uint32_t changes, wd_node_id a, wd_node_id b)
{
	struct wd_file_change c = {changes, a, b};

	return wd_array_push(&w->d->files, c);
}

/* Both are there, and neither is a directory. */
static int compare_files(struct walk *w, wd_node_id a, wd_node_id b)
{
	const struct wd_tree *x = w->d->a->tree, *y = w->d->b->tree;
	const struct wd_node *m = wd_tree_node(x, a), *n = wd_tree_node(y, b);
	uint32_t changes = 0;
	int recorded, r = compare_owners(w, a, b, &changes);

	if (r < 0)
		return r;
	if (m->type != n->type || (m->type != WD_TYPE_SYMLINK && m->mode != n->mode) ||
	    (m->type == WD_TYPE_FILE && m->size != n->size) ||
	    (m->type == WD_TYPE_SYMLINK && !wd_blob_equal(wd_tree_link(x, a), wd_tree_link(y, b))))
		changes |= WD_CHANGE_MODIFIED;
	if (changes & WD_CHANGE_MODIFIED || m->type != WD_TYPE_FILE || m->size == 0)
		return changes ? add(w, changes, a, b) : 0;
	recorded = compare_recorded(w);
	if (recorded > 0)
		changes |= WD_CHANGE_MODIFIED;
	if (recorded < 0) {
		r = read_later(w, a, b);
		return r < 0 ? r : add(w, changes, a, b);
	}
	return changes ? add(w, changes, a, b) : 0;
}

/* ---- Both trees, directory by directory */

static bool is_dir(const struct wd_tree *tree, wd_node_id id)
{
	return id != WD_NODE_NONE && wd_tree_node(tree, id)->type == WD_TYPE_DIR;
}

/* One name, on one side or on both. */
static int visit(struct walk *w, wd_node_id a, wd_node_id b)
{
	bool adir = is_dir(w->d->a->tree, a), bdir = is_dir(w->d->b->tree, b);
	struct dirs dirs = {adir ? a : WD_NODE_NONE, bdir ? b : WD_NODE_NONE};
	int r = adir || bdir ? wd_array_push(&w->stack, dirs) : 0;

	if (a != WD_NODE_NONE && b != WD_NODE_NONE && !adir && !bdir)
		return compare_files(w, a, b);
	if (r == 0 && a != WD_NODE_NONE && !adir)
		r = add(w, WD_CHANGE_GONE, a, WD_NODE_NONE);
	if (r == 0 && b != WD_NODE_NONE && !bdir)
		r = add(w, WD_CHANGE_NEW, WD_NODE_NONE, b);
	return r;
}

struct children {
	const struct wd_tree *tree;
	wd_node_id next, end;
};

static struct children children_of(const struct wd_tree *tree, wd_node_id dir)
{
	struct children c = {tree, 0, 0};

	if (dir != WD_NODE_NONE) {
		c.next = wd_tree_node(tree, dir)->first;
		c.end = c.next + wd_tree_node(tree, dir)->count;
	}
	return c;
}

static int merge(struct walk *w, struct dirs dirs)
{
	struct children x = children_of(w->d->a->tree, dirs.a);
	struct children y = children_of(w->d->b->tree, dirs.b);
	int r = 0;

	while (r == 0 && (x.next < x.end || y.next < y.end)) {
		int c = x.next == x.end	  ? 1
			: y.next == y.end ? -1
					  : wd_blob_cmp(wd_tree_name(x.tree, x.next),
							wd_tree_name(y.tree, y.next));

		r = visit(w, c <= 0 ? x.next : WD_NODE_NONE, c >= 0 ? y.next : WD_NODE_NONE);
		x.next += c <= 0;
		y.next += c >= 0;
	}
	return r;
}

/* ---- What only reading tells */

/* A file that cannot be read is an error of its root filesystem, and is not said to be modified. */
static void take_error(struct wd_subject *s, const struct wd_content *f)
{
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;

	if (f->status == 0)
		return;
	wd_tree_path(s->tree, f->node, &path);
	wd_buf_byte(&path, '\0');
	wd_catalog_error(&s->cat, path.status < 0 ? NULL : path.ptr, f->status, NULL);
}

static int read_undecided(struct walk *w, const struct wd_hash_ops *ops)
{
	struct wd_diff *d = w->d;
	int r = wd_contents_read(d->a->tree, &w->contents_a, ops, NULL, NULL);

	if (r == 0)
		r = wd_contents_read(d->b->tree, &w->contents_b, ops, NULL, NULL);
	for (size_t i = 0; r == 0 && i < w->undecided.n; i++) {
		const struct wd_content *x = &w->contents_a.list.v[i];
		const struct wd_content *y = &w->contents_b.list.v[i];

		take_error(d->a, x);
		take_error(d->b, y);
		if (x->hashed && y->hashed &&
		    !wd_blob_equal(wd_content_digest(&w->contents_a, x, WD_DIGEST_SHA256),
				   wd_content_digest(&w->contents_b, y, WD_DIGEST_SHA256)))
			d->files.v[w->undecided.v[i]].changes |= WD_CHANGE_MODIFIED;
	}
	return r;
}

/* ---- In order of path */

struct sortable {
	struct wd_file_change change;
	size_t path, len; /* in the buffer */
};

static int cmp_sortable(const void *a, const void *b, void *ctx)
{
	const struct sortable *x = a, *y = b;
	const char *paths = ctx;

	return wd_blob_cmp(wd_blob(paths + x->path, x->len), wd_blob(paths + y->path, y->len));
}

/* Also drops what turned out to be no change. */
static int sort_files(struct walk *w)
{
	struct wd_diff *d = w->d;
	WD_CLEANUP_FREE struct sortable *list = calloc(d->files.n + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < d->files.n; i++) {
		const struct wd_file_change *c = &d->files.v[i];

		if (!c->changes)
			continue;
		list[n].change = *c;
		list[n].path = w->paths.len;
		if (c->a != WD_NODE_NONE)
			wd_tree_path(d->a->tree, c->a, &w->paths);
		else
			wd_tree_path(d->b->tree, c->b, &w->paths);
		list[n].len = w->paths.len - list[n].path;
		n++;
	}
	if (w->paths.status < 0)
		return w->paths.status;
	qsort_r(list, n, sizeof(*list), cmp_sortable, w->paths.ptr);
	for (size_t i = 0; i < n; i++)
		d->files.v[i] = list[i].change;
	d->files.n = n;
	return 0;
}

static void walk_done(struct walk *w)
{
	wd_array_done(&w->stack);
	wd_array_done(&w->owners_a.list);
	wd_array_done(&w->owners_b.list);
	wd_array_done(&w->undecided);
	wd_contents_done(&w->contents_a);
	wd_contents_done(&w->contents_b);
	wd_buf_done(&w->paths);
}

int wd_diff_files(struct wd_diff *d, const struct wd_hash_ops *ops)
{
	struct walk w = {.d = d, .paths = WD_BUF_INIT};
	int r = visit(&w, WD_NODE_ROOT, WD_NODE_ROOT);

	while (r == 0 && w.stack.n)
		r = merge(&w, w.stack.v[--w.stack.n]);
	if (r == 0)
		r = read_undecided(&w, ops);
	if (r == 0)
		r = sort_files(&w);
	walk_done(&w);
	return r;
}
