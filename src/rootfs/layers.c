/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stacking layers. While layers come, the tree is one of names that can be added and taken away;
 * when all are there, it is copied into the tree that everything else works on.
 */
#include "base/status.h"
#include "rootfs/layers-internal.h"

#include <string.h>

int wd_layers_new(struct wd_layers **ret)
{
	struct wd_layers *l = calloc(1, sizeof(*l));
	struct wd_layers_name top = {.type = WD_TYPE_DIR,
				     .alive = true,
				     .mode = 0755,
				     .first_child = WD_LAYERS_NONE,
				     .next_sibling = WD_LAYERS_NONE,
				     .inode = WD_INODE_NONE,
				     .layer = 0,
				     .deleted_in = WD_LAYER_NONE,
				     .opaque_in = WD_LAYER_NONE};

	if (!l)
		return -ENOMEM;
	l->layer = WD_LAYER_NONE;
	l->dir_name = WD_LAYERS_NONE;
	if (wd_pool_add(&l->bytes, WD_BLOB(""), &top.name) < 0 ||
	    wd_array_push(&l->names, top) < 0) {
		wd_layers_free(l);
		return -ENOMEM;
	}
	*ret = l;
	return 0;
}

void wd_layers_free(struct wd_layers *l)
{
	if (!l)
		return;
	wd_pool_done(&l->bytes);
	wd_array_done(&l->names);
	wd_array_done(&l->inodes);
	wd_array_done(&l->details);
	wd_array_done(&l->kept);
	wd_buf_done(&l->dir);
	wd_array_done(&l->order);
	free(l->slots);
	free(l);
}

int wd_layers_begin(struct wd_layers *l, bool literal)
{
	l->layer++; /* the first becomes 0 */
	l->literal = literal;
	l->dir_name = WD_LAYERS_NONE;
	return l->layer >= WD_LAYER_NONE - 1 ? WD_ELIMIT : 0;
}

/* ---- Names by parent */

static uint32_t slot_of(const struct wd_layers *l, uint32_t parent, struct wd_blob name)
{
	uint32_t i = wd_hash(name, parent) & (l->nslots - 1);

	for (; l->slots[i]; i = (i + 1) & (l->nslots - 1)) {
		const struct wd_layers_name *n = &l->names.v[l->slots[i]];

		if (n->parent == parent && wd_blob_equal(wd_layers_name_of(l, l->slots[i]), name))
			break;
	}
	return i;
}

static int grow(struct wd_layers *l)
{
	uint32_t n = l->nslots ? l->nslots * 2 : 4096;
	uint32_t *slots;

	if (l->names.n * 4 < l->nslots * 3ull)
		return 0;
	slots = calloc(n, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (uint32_t id = 1; id < l->names.n; id++) {
		uint32_t i = wd_hash(wd_layers_name_of(l, id), l->names.v[id].parent) & (n - 1);

		while (slots[i])
			i = (i + 1) & (n - 1);
		slots[i] = id;
	}
	free(l->slots);
	l->slots = slots;
	l->nslots = n;
	return 0;
}

/* The name, dead or alive; WD_LAYERS_NONE. */
static uint32_t find(const struct wd_layers *l, uint32_t parent, struct wd_blob name)
{
	uint32_t id = l->nslots ? l->slots[slot_of(l, parent, name)] : 0;

	return id ? id : WD_LAYERS_NONE;
}

/* The name, made where it is new; then it is neither alive nor was it ever. */
static int intern(struct wd_layers *l, uint32_t parent, struct wd_blob name, uint32_t *ret)
{
	struct wd_layers_name n = {.parent = parent,
				   .name_len = (uint16_t)name.len,
				   .first_child = WD_LAYERS_NONE,
				   .next_sibling = WD_LAYERS_NONE,
				   .inode = WD_INODE_NONE,
				   .deleted_in = WD_LAYER_NONE,
				   .opaque_in = WD_LAYER_NONE};
	uint32_t slot;
	int r = grow(l);

	if (r < 0)
		return r;
	slot = slot_of(l, parent, name);
	if (l->slots[slot]) {
		*ret = l->slots[slot];
		return 0;
	}
	if (l->names.n >= WD_NODE_NONE - 1)
		return WD_ELIMIT;
	r = wd_pool_add(&l->bytes, name, &n.name);
	if (r == 0)
		r = wd_array_push(&l->names, n);
	if (r < 0)
		return r;
	*ret = l->slots[slot] = (uint32_t)l->names.n - 1;
	return 0;
}

/* ---- Taking away */

/* A name and all that is alive below it, each behind its parent. */
static int list_below(struct wd_layers *l, uint32_t top)
{
	l->order.n = 0;
	if (wd_array_push(&l->order, top) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < l->order.n; i++)
		for (uint32_t id = l->names.v[l->order.v[i]].first_child; id != WD_LAYERS_NONE;
		     id = l->names.v[id].next_sibling)
			if (l->names.v[id].alive && wd_array_push(&l->order, id) < 0)
				return -ENOMEM;
	return 0;
}

/* Leaves only those among the children that are alive: none is met twice. */
static void relink_children(struct wd_layers *l, uint32_t dir)
{
	uint32_t id = l->names.v[dir].first_child, next;

	l->names.v[dir].first_child = WD_LAYERS_NONE;
	for (; id != WD_LAYERS_NONE; id = next) {
		struct wd_layers_name *n = &l->names.v[id];

		next = n->next_sibling;
		n->linked = n->alive;
		if (!n->alive)
			continue;
		n->next_sibling = l->names.v[dir].first_child;
		l->names.v[dir].first_child = id;
	}
}

static void kill_name(struct wd_layers *l, struct wd_layers_name *n)
{
	n->alive = false;
	n->was = true;
	n->deleted_in = l->layer;
}

/* Takes a name away, with all that is below it. */
static int take_away(struct wd_layers *l, uint32_t top)
{
	int r = list_below(l, top);

	for (size_t i = 0; r == 0 && i < l->order.n; i++)
		kill_name(l, &l->names.v[l->order.v[i]]);
	for (size_t i = 0; r == 0 && i < l->order.n; i++)
		relink_children(l, l->order.v[i]);
	return r;
}

/*
 * Takes away what layers below the current one have in a directory. What the current one has there
 * stays, with the directories that lead to it.
 */
static int make_opaque(struct wd_layers *l, uint32_t dir)
{
	int r = 0;

	if (l->names.v[dir].opaque_in != l->layer)
		r = list_below(l, dir);
	else
		l->order.n = 0;
	l->names.v[dir].opaque_in = l->layer;
	for (size_t i = l->order.n; r == 0 && i-- > 1;) {
		struct wd_layers_name *n = &l->names.v[l->order.v[i]];

		if (n->layer == l->layer || n->spared)
			l->names.v[n->parent].spared = true;
		else
			kill_name(l, n);
		n->spared = false;
	}
	l->names.v[dir].spared = false;
	for (size_t i = 0; r == 0 && i < l->order.n; i++)
		relink_children(l, l->order.v[i]);
	return r;
}

static int whiteout(struct wd_layers *l, uint32_t dir, struct wd_blob name)
{
	uint32_t id = find(l, dir, name);

	if (id == WD_LAYERS_NONE || !l->names.v[id].alive)
		return WD_ENOTMINE;
	/* one in the layer that also has the name takes away the one below only */
	return l->names.v[id].layer == l->layer ? 0 : take_away(l, id);
}

/* ---- Adding */

/* Costs nothing where there are no details. */
static int set_detail(struct wd_layers *l, uint32_t id, uint32_t detail)
{
	uint32_t none = WD_DETAIL_NONE;
	int r = 0;

	if (detail == WD_DETAIL_NONE && id >= l->details.n)
		return 0;
	while (r == 0 && l->details.n <= id)
		r = wd_array_push(&l->details, none);
	if (r == 0)
		l->details.v[id] = detail;
	return r;
}

static struct wd_layers_name *revive(struct wd_layers *l, uint32_t id, enum wd_type type)
{
	struct wd_layers_name *n = &l->names.v[id];

	n->type = (uint8_t)type;
	n->layer = l->layer;
	n->inode = WD_INODE_NONE;
	n->target_len = 0;
	n->alive = true;
	if (!n->linked) {
		n->next_sibling = l->names.v[n->parent].first_child;
		l->names.v[n->parent].first_child = id;
		n->linked = true;
	}
	return n;
}

/* A directory that no layer had an entry for, as mkdir -p makes it. */
static int revive_dir(struct wd_layers *l, uint32_t id)
{
	const struct wd_layers_name *n = &l->names.v[id];
	int r = 0;

	if (n->alive && n->type == WD_TYPE_DIR)
		return 0;
	if (n->alive)
		r = take_away(l, id);
	if (r == 0)
		revive(l, id, WD_TYPE_DIR)->mode = 0755;
	return r < 0 ? r : set_detail(l, id, WD_DETAIL_NONE);
}

static int enter(struct wd_layers *l, struct wd_blob path, uint32_t *ret)
{
	struct wd_blob rest = path, name;
	uint32_t id = WD_LAYERS_TOP;
	int r = 0;

	if (l->dir_name != WD_LAYERS_NONE && wd_blob_equal(path, wd_buf_view(&l->dir)) &&
	    l->names.v[l->dir_name].alive && l->names.v[l->dir_name].type == WD_TYPE_DIR) {
		*ret = l->dir_name;
		return 0;
	}
	while (r == 0 && wd_blob_token(&rest, '/', &name)) {
		r = intern(l, id, name, &id);
		if (r == 0)
			r = revive_dir(l, id);
	}
	if (r < 0)
		return r;
	l->dir.len = 0;
	wd_buf_blob(&l->dir, path);
	l->dir_name = l->dir.status < 0 ? WD_LAYERS_NONE : id;
	*ret = id;
	return 0;
}

/* A name that exists, through its directories as they stand, no links followed; WD_LAYERS_NONE. */
static uint32_t locate(const struct wd_layers *l, struct wd_blob path)
{
	struct wd_blob name;
	uint32_t id = WD_LAYERS_TOP;

	while (id != WD_LAYERS_NONE && wd_blob_token(&path, '/', &name)) {
		id = find(l, id, name);
		if (id != WD_LAYERS_NONE && !l->names.v[id].alive)
			id = WD_LAYERS_NONE;
	}
	return id;
}

static int new_inode(struct wd_layers *l, const struct wd_layer_entry *e, uint32_t *ret)
{
	struct wd_layers_inode inode = {.size = e->size & INT64_MAX, .elf = e->elf, .tag = e->tag};

	if (e->bytes && wd_array_push(&l->kept, e->bytes) < 0)
		return -ENOMEM;
	if (e->bytes)
		inode.kept = (uint32_t)l->kept.n;
	*ret = (uint32_t)l->inodes.n;
	return wd_array_push(&l->inodes, inode);
}

static int link_hard(struct wd_layers *l, const struct wd_layer_entry *e, uint32_t id)
{
	uint32_t to = locate(l, e->target);
	struct wd_layers_name t, *n;
	int r;

	if (to == WD_LAYERS_NONE)
		return WD_EABSENT;
	t = l->names.v[to];
	if (t.type == WD_TYPE_DIR)
		return WD_ENOTREG;
	if (to == id)
		return 0;
	r = l->names.v[id].alive ? take_away(l, id) : 0;
	if (r < 0)
		return r;
	n = revive(l, id, (enum wd_type)t.type);
	n->mode = t.mode;
	n->inode = t.inode;
	n->target = t.target;
	n->target_len = t.target_len;
	return set_detail(l, id, wd_layers_detail_of(l, to));
}

static int put(struct wd_layers *l, const struct wd_layer_entry *e, uint32_t id)
{
	enum wd_type type = wd_type_of_mode(e->mode);
	struct wd_layers_name *n = &l->names.v[id];
	int r = 0;

	if (n->alive && !(type == WD_TYPE_DIR && n->type == WD_TYPE_DIR))
		r = take_away(l, id);
	if (r < 0)
		return r;
	n = revive(l, id, type);
	n->mode = e->mode & 07777;
	r = set_detail(l, id, e->detail);
	if (r == 0 && type == WD_TYPE_FILE)
		r = new_inode(l, e, &n->inode);
	if (r == 0 && type == WD_TYPE_SYMLINK) {
		n->target_len = (uint16_t)e->target.len;
		r = wd_pool_add(&l->bytes, e->target, &n->target);
	}
	return r;
}

static int add_whiteout(struct wd_layers *l, uint32_t dir, const struct wd_layer_entry *e,
			struct wd_blob name)
{
	if (wd_blob_is(name, ".wh..wh..opq"))
		return make_opaque(l, dir);
	/* what aufs keeps for itself */
	if (wd_blob_starts(name, WD_BLOB(".wh..wh.")))
		return 0;
	return whiteout(l, dir, e->whiteout ? name : wd_blob_skip(name, strlen(".wh.")));
}

int wd_layers_add(struct wd_layers *l, const struct wd_layer_entry *e)
{
	ptrdiff_t slash = wd_blob_rchr(e->path, '/');
	struct wd_blob dir = wd_blob_head(e->path, slash < 0 ? 0 : (size_t)slash);
	struct wd_blob name = wd_blob_skip(e->path, (size_t)(slash + 1));
	uint32_t parent, id;
	int r;

	if (e->path.len == 0) { /* the root itself */
		if (S_ISDIR(e->mode)) {
			l->names.v[WD_LAYERS_TOP].mode = e->mode & 07777;
			return set_detail(l, WD_LAYERS_TOP, e->detail);
		}
		return 0;
	}
	if (!l->literal && (e->whiteout || wd_blob_starts(name, WD_BLOB(".wh.")))) {
		/* it makes no directory: umoci has them below what a link has replaced */
		parent = locate(l, dir);
		if (parent == WD_LAYERS_NONE || l->names.v[parent].type != WD_TYPE_DIR)
			return WD_ENOTMINE;
		return add_whiteout(l, parent, e, name);
	}
	r = enter(l, dir, &parent);
	if (r < 0)
		return r;
	r = intern(l, parent, name, &id);
	if (r < 0)
		return r;
	return e->hard_link ? link_hard(l, e, id) : put(l, e, id);
}
