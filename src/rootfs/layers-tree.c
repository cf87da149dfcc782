/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tree that layers make, and that of what is gone. */
#include "base/cleanup.h"
#include "rootfs/layers-internal.h"

struct copy {
	const struct wd_layers *l;
	struct wd_image *img;
	bool deleted;	  /* the names that are gone, and the way to them */
	uint8_t *on_way;  /* a bit a name: something below it is gone */
	uint32_t *source; /* the name that a tree node is of */
	size_t nsource, cap;
	WD_ARRAY(uint32_t) kids;
};

static bool is_gone(const struct wd_layers_name *n)
{
	return n->was && !n->alive;
}

static bool shown(const struct copy *c, uint32_t id)
{
	const struct wd_layers_name *n = &c->l->names.v[id];

	return c->deleted
		       ? is_gone(n) || (n->type == WD_TYPE_DIR && c->on_way[id / 8] >> (id % 8) & 1)
		       : n->alive;
}

static int cmp_kids(const void *a, const void *b, void *ctx)
{
	const struct wd_layers *l = ctx;

	return wd_blob_cmp(wd_layers_name_of(l, *(const uint32_t *)a),
			   wd_layers_name_of(l, *(const uint32_t *)b));
}

static int gather_kids(struct copy *c, uint32_t dir)
{
	c->kids.n = 0;
	for (uint32_t id = c->l->names.v[dir].first_child; id != WD_LAYERS_NONE;
	     id = c->l->names.v[id].next_sibling)
		if (shown(c, id) && wd_array_push(&c->kids, id) < 0)
			return -ENOMEM;
	if (c->kids.n)
		qsort_r(c->kids.v, c->kids.n, sizeof(*c->kids.v), cmp_kids, (void *)c->l);
	return 0;
}

static int note_nodes(struct copy *c)
{
	int r = wd_array_reserve_((void **)&c->source, &c->cap, c->nsource + c->kids.n,
				  sizeof(*c->source));

	if (r == 0)
		r = wd_array_reserve(&c->img->nodes, c->kids.n);
	for (size_t i = 0; r == 0 && c->l->details.n && i < c->kids.n; i++)
		r = wd_array_push(&c->img->detail_of, wd_layers_detail_of(c->l, c->kids.v[i]));
	for (size_t i = 0; r == 0 && i < c->kids.n; i++) {
		const struct wd_layers_name *n = &c->l->names.v[c->kids.v[i]];

		c->source[c->nsource++] = c->kids.v[i];
		c->img->nodes.v[c->img->nodes.n++] = (struct wd_image_node){
			n->inode, c->deleted && is_gone(n) ? n->deleted_in : n->layer};
	}
	return r;
}

static int copy_dir(struct copy *c, wd_node_id node, uint32_t dir)
{
	struct wd_entries entries = {0};
	int r = gather_kids(c, dir);

	for (size_t i = 0; r == 0 && i < c->kids.n; i++) {
		const struct wd_layers_name *n = &c->l->names.v[c->kids.v[i]];
		struct wd_entry e = {.name = wd_layers_name_of(c->l, c->kids.v[i]),
				     .size = wd_layers_size_of(c->l, n),
				     .mode = n->mode,
				     .type = n->type,
				     .have_stat = true};

		if (n->type == WD_TYPE_SYMLINK)
			e.target = wd_blob(wd_pool_at(&c->l->bytes, n->target), n->target_len);
		r = wd_array_push(&entries.list, e);
	}
	if (r == 0)
		r = wd_tree_adopt(c->img->tree, node, &entries);
	wd_entries_done(&entries);
	return r < 0 ? r : note_nodes(c);
}

static int copy_contents(struct copy *c)
{
	for (uint32_t i = 0; i < c->l->inodes.n; i++) {
		const struct wd_layers_inode *n = &c->l->inodes.v[i];
		struct wd_image_content content = {i, n->tag, n->size, NULL, n->elf};

		if (n->kept)
			content.bytes = c->l->kept.v[n->kept - 1];
		if ((n->kept || n->elf || n->tag != WD_TAG_NONE) &&
		    wd_array_push(&c->img->contents, content) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int copy_tree(struct copy *c)
{
	const struct wd_layers_name *top = &c->l->names.v[WD_LAYERS_TOP];
	struct wd_node *root;
	int r = wd_tree_new(&c->img->root, &c->img->tree);

	if (r < 0)
		return r;
	c->img->root.image = c->img;
	root = wd_tree_node(c->img->tree, WD_NODE_ROOT);
	root->mode = top->mode;
	root->flags |= WD_NODE_STAT;
	c->kids.n = 0;
	r = wd_array_push(&c->kids, WD_LAYERS_TOP);
	if (r == 0)
		r = note_nodes(c);
	/* the nodes come breadth first, so that the list of sources is the queue */
	for (size_t i = 0; r == 0 && i < c->nsource; i++)
		if (c->l->names.v[c->source[i]].type == WD_TYPE_DIR)
			r = copy_dir(c, (wd_node_id)i, c->source[i]);
	atomic_store(&c->img->tree->scanned, (unsigned)c->nsource);
	atomic_store(&c->img->tree->settled, true);
	return r < 0 ? r : copy_contents(c);
}

static int make_image(struct copy *c, struct wd_image **ret)
{
	int r;

	c->img = calloc(1, sizeof(*c->img));
	if (!c->img)
		return -ENOMEM;
	c->img->root.fd = -1;
	r = copy_tree(c);
	wd_array_done(&c->kids);
	free(c->source);
	if (r < 0) {
		wd_image_free(c->img);
		return r;
	}
	*ret = c->img;
	return 0;
}

/* Marks the directories that lead to what is gone. */
static void mark_ways(const struct wd_layers *l, uint8_t *on_way)
{
	for (uint32_t id = 1; id < l->names.n; id++) {
		if (!is_gone(&l->names.v[id]))
			continue;
		for (uint32_t up = l->names.v[id].parent;
		     up != WD_LAYERS_TOP && !(on_way[up / 8] >> (up % 8) & 1);
		     up = l->names.v[up].parent)
			on_way[up / 8] |= (uint8_t)(1 << (up % 8));
	}
}

/* The dead ones are looked at again. */
static void link_all(struct wd_layers *l)
{
	for (uint32_t id = 1; id < l->names.n; id++) {
		struct wd_layers_name *n = &l->names.v[id];

		if (n->linked || !n->was)
			continue;
		n->next_sibling = l->names.v[n->parent].first_child;
		l->names.v[n->parent].first_child = id;
		n->linked = true;
	}
}

int wd_layers_finish(struct wd_layers *l, struct wd_image **ret_image,
		     struct wd_image **ret_deleted)
{
	WD_CLEANUP_FREE uint8_t *on_way = calloc(1, l->names.n / 8 + 1);
	struct copy live = {.l = l}, gone = {.l = l, .deleted = true, .on_way = on_way};
	struct wd_image *image, *deleted;
	int r;

	/* no name is looked for any more, and the trees take room */
	free(l->slots);
	l->slots = NULL;
	l->nslots = 0;
	r = on_way ? make_image(&live, &image) : -ENOMEM;
	if (r < 0)
		return r;
	link_all(l);
	mark_ways(l, on_way);
	r = make_image(&gone, &deleted);
	if (r < 0) {
		wd_image_free(image);
		return r;
	}
	*ret_image = image;
	*ret_deleted = deleted;
	return 0;
}
