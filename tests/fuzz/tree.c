/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Path resolution on a tree in memory. The input is lines: "d PATH", "f PATH" and "l PATH TARGET"
 * make the tree, every other line is a path to resolve.
 */
#include "paths.h"

#define ENTRIES_MAX 256

struct made {
	struct wd_blob parent, name, target;
	enum wd_type type;
};

struct maker {
	struct wd_tree *tree;
	struct made made[ENTRIES_MAX];
	size_t n;
};

static int compare_made(const void *pa, const void *pb)
{
	const struct made *a = pa, *b = pb;
	int c = wd_blob_cmp(a->parent, b->parent);

	return c ? c : wd_blob_cmp(a->name, b->name);
}

static void add_made(struct maker *m, struct wd_blob line)
{
	static const enum wd_type types[] = {
		['d'] = WD_TYPE_DIR, ['f'] = WD_TYPE_FILE, ['l'] = WD_TYPE_SYMLINK};
	struct made *e = &m->made[m->n];
	struct wd_blob rest = wd_blob_skip(line, 2), path = WD_BLOB("");
	ptrdiff_t slash;

	wd_blob_token(&rest, ' ', &path);
	slash = wd_blob_rchr(path, '/');
	e->parent = wd_blob_head(path, slash < 0 ? 0 : (size_t)slash);
	e->name = wd_blob_skip(path, (size_t)(slash + 1));
	e->type = types[(uint8_t)line.ptr[0]];
	e->target = e->type == WD_TYPE_SYMLINK ? rest : WD_BLOB_NULL;
	if (e->name.len && e->name.len < 256 && !wd_blob_is(e->name, ".") &&
	    !wd_blob_is(e->name, "..") && (e->type != WD_TYPE_SYMLINK || rest.len))
		m->n++;
}

static bool is_entry(struct wd_blob line)
{
	return line.len > 2 && line.ptr[1] == ' ' && strchr("dfl", line.ptr[0]) && line.ptr[0];
}

/* The entries of one directory, and below it; each name once, as the kernel has it. */
static void adopt(const struct maker *m, wd_node_id dir, struct wd_blob path)
{
	struct wd_entries e = {0};
	struct wd_node *node;
	size_t start = 0;

	while (start < m->n && !wd_blob_equal(m->made[start].parent, path))
		start++;
	for (size_t i = start; i < m->n && wd_blob_equal(m->made[i].parent, path); i++) {
		struct wd_entry entry = {.name = m->made[i].name,
					 .target = m->made[i].target,
					 .type = m->made[i].type};

		if (i == start || !wd_blob_equal(m->made[i - 1].name, entry.name))
			FUZZ_CHECK(wd_array_push(&e.list, entry) == 0);
	}
	FUZZ_CHECK(wd_tree_adopt(m->tree, dir, &e) == 0);
	wd_entries_done(&e);
	node = wd_tree_node(m->tree, dir);
	for (uint32_t i = 0, first = node->first, n = node->count; i < n; i++) {
		WD_CLEANUP_BUF struct wd_buf below = WD_BUF_INIT;

		wd_tree_path(m->tree, first + i, &below);
		if (wd_tree_node(m->tree, first + i)->type == WD_TYPE_DIR)
			adopt(m, first + i, wd_buf_view(&below));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct wd_root nowhere = {.fd = -1};
	struct wd_blob rest = wd_blob(data, size), line;
	struct maker m = {.n = 0};

	FUZZ_CHECK(wd_tree_new(&nowhere, &m.tree) == 0);
	while (m.n < ENTRIES_MAX && wd_blob_token(&rest, '\n', &line))
		if (is_entry(line))
			add_made(&m, line);
	qsort(m.made, m.n, sizeof(m.made[0]), compare_made);
	adopt(&m, WD_NODE_ROOT, WD_BLOB(""));
	rest = wd_blob(data, size);
	while (wd_blob_token(&rest, '\n', &line))
		if (!is_entry(line))
			fuzz_resolve(m.tree, line);
	fuzz_check_order(m.tree);
	wd_tree_free(m.tree);
	return 0;
}
