/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/style.h"

#include "base/status.h"
#include "base/tsv.h"
#include "rootfs/image.h"

#include <string.h>

const char *wd_style_name(enum wd_style style)
{
	static const char *const names[] = {
#define X(id, name) name,
		WD_STYLES(X)
#undef X
	};

	return names[style];
}

struct search {
	struct wd_tree *tree;
	bool found;
};

/* A file, or a link to one: a dangling bin/sh is no shell. */
static int hit(void *ctx, wd_node_id id)
{
	struct search *s = ctx;

	if (wd_tree_node(s->tree, id)->type == WD_TYPE_SYMLINK)
		id = wd_tree_target(s->tree, id);
	if (id != WD_NODE_NONE && wd_tree_node(s->tree, id)->type == WD_TYPE_FILE)
		s->found = true;
	return 0;
}

static int kind_style(struct wd_blob kind, enum wd_style *ret)
{
	if (wd_blob_is(kind, "package-manager"))
		*ret = WD_STYLE_FULL;
	else if (wd_blob_is(kind, "shell"))
		*ret = WD_STYLE_MINIMAL;
	else if (wd_blob_is(kind, "loader") || wd_blob_is(kind, "libc"))
		*ret = WD_STYLE_DISTROLESS;
	else
		return WD_ECORRUPT;
	return 0;
}

static bool is_elf(struct wd_tree *tree, wd_node_id id)
{
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;
	WD_CLEANUP_FD int fd = -1;
	char magic[4];

	if (tree->root->image)
		return wd_image_is_elf(tree->root->image, id);
	wd_tree_path(tree, id, &path);
	wd_buf_byte(&path, '\0');
	if (path.status < 0)
		return false;
	fd = wd_open_in_root(tree->root->fd, path.ptr, NULL);
	return fd >= 0 && pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	       memcmp(magic, "\177ELF", sizeof(magic)) == 0;
}

/* With no loader and no libc, any program there is stands alone. */
static bool has_program(struct wd_tree *tree)
{
	for (wd_node_id i = 0; i < tree->nodes.n; i++) {
		const struct wd_node *n = wd_tree_node(tree, i);

		if (n->type != WD_TYPE_FILE || n->flags & WD_NODE_GHOST)
			continue;
		wd_tree_stat(tree, i);
		if (n->mode & 0111 && n->size > 4 && is_elf(tree, i))
			return true;
	}
	return false;
}

int wd_style_find(struct wd_tree *tree, const char *data_dir, enum wd_style *ret,
		  unsigned *ret_line)
{
	struct wd_blob col[WD_TSV_COLUMNS];
	enum wd_style best = WD_STYLE_EMPTY, style = WD_STYLE_EMPTY;
	struct wd_tsv table;
	int r = wd_tsv_open(&table, data_dir, "programs.tsv");

	while (r == 0 && wd_tsv_next(&table, col) > 0) {
		struct search s = {.tree = tree};

		*ret_line = table.line;
		r = kind_style(col[0], &style);
		if (r < 0 || style <= best)
			continue;
		r = wd_tree_glob(tree, WD_NODE_ROOT, col[1], hit, &s);
		if (s.found)
			best = style;
	}
	wd_tsv_done(&table);
	if (r == 0 && best == WD_STYLE_EMPTY && has_program(tree))
		best = WD_STYLE_STATIC;
	if (r == 0)
		*ret = best;
	return r;
}
