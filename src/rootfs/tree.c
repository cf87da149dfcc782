/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rootfs/tree.h"

#include "base/status.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

static const char *const type_names[] = {
	[WD_TYPE_UNKNOWN] = "",	       [WD_TYPE_FILE] = "file",	    [WD_TYPE_DIR] = "dir",
	[WD_TYPE_SYMLINK] = "symlink", [WD_TYPE_CHAR] = "char",	    [WD_TYPE_BLOCK] = "block",
	[WD_TYPE_FIFO] = "fifo",       [WD_TYPE_SOCKET] = "socket",
};

const char *wd_type_name(enum wd_type type)
{
	return type_names[type];
}

enum wd_type wd_type_of_mode(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return WD_TYPE_FILE;
	case S_IFDIR:
		return WD_TYPE_DIR;
	case S_IFLNK:
		return WD_TYPE_SYMLINK;
	case S_IFCHR:
		return WD_TYPE_CHAR;
	case S_IFBLK:
		return WD_TYPE_BLOCK;
	case S_IFIFO:
		return WD_TYPE_FIFO;
	case S_IFSOCK:
		return WD_TYPE_SOCKET;
	default:
		return WD_TYPE_UNKNOWN;
	}
}

int wd_tree_new(const struct wd_root *root, struct wd_tree **ret_tree)
{
	struct wd_node node = {.type = WD_TYPE_DIR, .ghost = WD_NODE_NONE};
	struct wd_tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return -ENOMEM;
	tree->root = root;
	if (wd_pool_add(&tree->names, WD_BLOB(""), &node.name) < 0 ||
	    wd_array_push(&tree->nodes, node) < 0) {
		wd_tree_free(tree);
		return -ENOMEM;
	}
	*ret_tree = tree;
	return 0;
}

void wd_tree_free(struct wd_tree *tree)
{
	if (!tree)
		return;
	for (size_t i = 0; i < tree->errors.n; i++)
		free(tree->errors.v[i].path);
	wd_array_done(&tree->errors);
	wd_array_done(&tree->nodes);
	wd_pool_done(&tree->names);
	free(tree->ghost_slots);
	free(tree);
}

size_t wd_tree_path_len(const struct wd_tree *tree, wd_node_id id)
{
	size_t len = 0;

	for (wd_node_id n = id; n != WD_NODE_ROOT; n = tree->nodes.v[n].parent)
		len += tree->nodes.v[n].name_len + 1u;
	return len ? len - 1 : 0; /* no slash before the first component */
}

void wd_tree_path(const struct wd_tree *tree, wd_node_id id, struct wd_buf *buf)
{
	size_t len = wd_tree_path_len(tree, id), end;

	if (len == 0 || wd_buf_reserve(buf, len) < 0)
		return;
	end = buf->len + len;
	buf->len = end;
	for (wd_node_id n = id; n != WD_NODE_ROOT; n = tree->nodes.v[n].parent) {
		struct wd_blob name = wd_tree_name(tree, n);

		end -= name.len;
		memcpy(buf->ptr + end, name.ptr, name.len);
		if (tree->nodes.v[n].parent != WD_NODE_ROOT)
			buf->ptr[--end] = '/';
	}
}

void wd_tree_add_error(struct wd_tree *tree, wd_node_id id, int status)
{
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;
	struct wd_tree_error e = {.status = status};

	wd_tree_path(tree, id, &path);
	wd_buf_byte(&path, '\0');
	if (path.status == 0)
		e.path = WD_TAKE_PTR(path.ptr);
	if (!e.path || wd_array_push(&tree->errors, e) < 0) {
		tree->lost = true;
		free(e.path);
	}
}

static int copy_entry(struct wd_tree *tree, wd_node_id dir, const struct wd_entry *e)
{
	struct wd_node n = {.parent = dir,
			    .name_len = (uint16_t)e->name.len,
			    .type = e->type,
			    .flags = e->have_stat ? WD_NODE_STAT : 0,
			    .ghost = WD_NODE_NONE,
			    .mode = e->mode,
			    .size = e->size};
	int r = wd_pool_add(&tree->names, e->name, &n.name);

	if (r == 0 && e->type == WD_TYPE_SYMLINK) {
		r = wd_pool_add(&tree->names, e->target, &n.first);
		n.count = (uint32_t)e->target.len;
	}
	if (r == 0)
		tree->nodes.v[tree->nodes.n++] = n;
	return r;
}

int wd_tree_adopt(struct wd_tree *tree, wd_node_id dir, const struct wd_entries *e)
{
	struct wd_node *d;
	int r;

	if (tree->nodes.n + e->list.n >= WD_NODE_NONE)
		return WD_ELIMIT;
	r = wd_array_reserve(&tree->nodes, e->list.n);
	if (r < 0)
		return r;
	d = wd_tree_node(tree, dir);
	d->first = (uint32_t)tree->nodes.n;
	d->count = (uint32_t)e->list.n;
	d->flags |= WD_NODE_LOADED;
	for (size_t i = 0; i < e->list.n; i++) {
		r = copy_entry(tree, dir, &e->list.v[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int open_dir(struct wd_tree *tree, wd_node_id dir)
{
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;

	wd_tree_path(tree, dir, &path);
	wd_buf_byte(&path, '\0');
	if (path.status < 0)
		return path.status;
	/*
	 * a directory after another, by path: the scan alone takes the time of a deeper chain once
	 */
	if (path.len > PATH_MAX)
		return -ENAMETOOLONG;
	return wd_openat_in_root(tree->root->fd, path.ptr, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

int wd_tree_load(struct wd_tree *tree, wd_node_id dir)
{
	struct wd_node *n = wd_tree_node(tree, dir);
	struct wd_entries entries = {0};
	bool made_up;
	int fd, r;

	if (n->type != WD_TYPE_DIR || n->flags & (WD_NODE_LOADED | WD_NODE_HIDDEN | WD_NODE_GHOST))
		return 0;
	fd = open_dir(tree, dir);
	made_up = fd >= 0 && wd_is_made_up(fd);
	r = fd < 0 ? fd : made_up ? 0 : wd_entries_read(&entries, fd, tree->want_stat);
	if (fd >= 0)
		close(fd);
	if (r < 0)
		wd_tree_add_error(tree, dir, r);
	if (r < 0 || made_up)
		n->flags |= WD_NODE_HIDDEN;
	r = wd_tree_adopt(tree, dir, &entries);
	tree->lost |= r < 0;
	wd_entries_done(&entries);
	return r;
}

void wd_tree_stat(struct wd_tree *tree, wd_node_id id)
{
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;
	struct wd_node *n = wd_tree_node(tree, id);
	WD_CLEANUP_FD int fd = -1;
	struct stat st;

	if (n->flags & (WD_NODE_STAT | WD_NODE_GHOST))
		return;
	wd_tree_path(tree, id, &path);
	wd_buf_byte(&path, '\0');
	if (path.status < 0)
		return;
	fd = wd_openat_in_root(tree->root->fd, path.ptr, O_PATH | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	n->size = (uint64_t)st.st_size;
	n->mode = st.st_mode & 07777;
	n->flags |= WD_NODE_STAT;
}

void wd_tree_stat_files(struct wd_tree *tree, wd_node_id dir)
{
	const struct wd_node *d = wd_tree_node(tree, dir);
	WD_CLEANUP_FD int fd = open_dir(tree, dir);
	char name[NAME_MAX + 1];
	struct stat st;

	for (wd_node_id i = d->first; fd >= 0 && i < d->first + d->count; i++) {
		struct wd_node *n = wd_tree_node(tree, i);

		if (n->type != WD_TYPE_FILE || n->flags & WD_NODE_STAT || n->name_len > NAME_MAX)
			continue;
		memcpy(name, wd_tree_name(tree, i).ptr, n->name_len);
		name[n->name_len] = '\0';
		if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		n->size = (uint64_t)st.st_size;
		n->mode = st.st_mode & 07777;
		n->flags |= WD_NODE_STAT;
	}
}

static wd_node_id search(const struct wd_tree *tree, const struct wd_node *d, struct wd_blob name)
{
	uint32_t lo = d->first, hi = d->first + d->count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int c = wd_blob_cmp(wd_tree_name(tree, mid), name);

		if (c == 0)
			return mid;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return WD_NODE_NONE;
}

/* The slot of a ghost, or the free one where it would go. */
static uint32_t ghost_slot(const struct wd_tree *tree, wd_node_id dir, struct wd_blob name,
			   uint32_t hash)
{
	uint32_t i = hash & (tree->ghost_nslots - 1);

	for (; tree->ghost_slots[i]; i = (i + 1) & (tree->ghost_nslots - 1)) {
		wd_node_id id = tree->ghost_slots[i];

		if (tree->nodes.v[id].hash == hash && tree->nodes.v[id].parent == dir &&
		    wd_blob_equal(wd_tree_name(tree, id), name))
			break;
	}
	return i;
}

static int grow_ghost_slots(struct wd_tree *tree)
{
	uint32_t n = tree->ghost_nslots ? tree->ghost_nslots * 4 : 4096;
	uint32_t *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < tree->ghost_nslots; i++) {
		wd_node_id id = tree->ghost_slots[i];
		uint32_t at = id ? tree->nodes.v[id].hash & (n - 1) : 0;

		if (!id)
			continue;
		while (slots[at])
			at = (at + 1) & (n - 1);
		slots[at] = id;
	}
	free(tree->ghost_slots);
	tree->ghost_slots = slots;
	tree->ghost_nslots = n;
	return 0;
}

static wd_node_id find_real(struct wd_tree *tree, wd_node_id dir, struct wd_blob name)
{
	const struct wd_node *d = wd_tree_node(tree, dir);

	if (d->type == WD_TYPE_DIR && !(d->flags & WD_NODE_LOADED)) {
		if (wd_tree_load(tree, dir) < 0)
			return WD_NODE_NONE;
		d = wd_tree_node(tree, dir);
	}
	return d->flags & WD_NODE_LOADED ? search(tree, d, name) : WD_NODE_NONE;
}

wd_node_id wd_tree_child(struct wd_tree *tree, wd_node_id dir, struct wd_blob name)
{
	wd_node_id id = find_real(tree, dir, name);
	uint32_t slot;

	if (id != WD_NODE_NONE || tree->nodes.v[dir].ghost == WD_NODE_NONE)
		return id;
	slot = ghost_slot(tree, dir, name, wd_hash(name, dir));
	return tree->ghost_slots[slot] ? tree->ghost_slots[slot] : WD_NODE_NONE;
}

static wd_node_id add_ghost(struct wd_tree *tree, wd_node_id dir, struct wd_blob name,
			    uint32_t hash, uint32_t slot)
{
	wd_node_id id = (wd_node_id)tree->nodes.n;
	struct wd_node n = {.parent = dir,
			    .name_len = (uint16_t)name.len,
			    .flags = WD_NODE_GHOST | (tree->nodes.v[dir].flags & WD_NODE_HIDDEN),
			    .ghost = WD_NODE_NONE,
			    .hash = hash,
			    .next_ghost = tree->nodes.v[dir].ghost};

	if (name.len > UINT16_MAX || id >= WD_NODE_NONE - 1 ||
	    wd_pool_add(&tree->names, name, &n.name) < 0 || wd_array_push(&tree->nodes, n) < 0)
		return WD_NODE_NONE;
	tree->nghosts++;
	tree->ghost_slots[slot] = id;
	tree->nodes.v[dir].ghost = id;
	return id;
}

wd_node_id wd_tree_child_or_ghost(struct wd_tree *tree, wd_node_id dir, struct wd_blob name)
{
	wd_node_id id = find_real(tree, dir, name);
	uint32_t hash, slot;

	if (id != WD_NODE_NONE)
		return id;
	if (tree->nghosts * 2 >= tree->ghost_nslots && grow_ghost_slots(tree) < 0)
		return WD_NODE_NONE;
	hash = wd_hash(name, dir);
	slot = ghost_slot(tree, dir, name, hash);
	return tree->ghost_slots[slot] ? tree->ghost_slots[slot]
				       : add_ghost(tree, dir, name, hash, slot);
}
