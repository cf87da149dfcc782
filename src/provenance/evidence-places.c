/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Evidence from what is where: layouts by their paths, and lines of small text files. */
#include "provenance/evidence-gather.h"

#include "base/status.h"

#define TEXT_MAX (64 * 1024)
#define TEXT_LINE_MAX 1024

static int each_place(struct wd_gather *g, const struct wd_signal *s,
		      int (*hit)(void *ctx, wd_node_id node), void *ctx)
{
	struct wd_blob rest = s->where, glob;
	int r = 0;

	while (r == 0 && wd_blob_word(&rest, &glob))
		r = wd_tree_glob(g->tree, WD_NODE_ROOT, glob, hit, ctx);
	return r;
}

/* ---- Paths */

struct place {
	struct wd_gather *g;
	uint32_t row;
	uint32_t item;
	struct wd_buf path;
};

static int place_hit(void *ctx, wd_node_id node)
{
	struct place *p = ctx;
	struct wd_signal *s = &p->g->signals->list.v[p->row];
	struct wd_blob path;
	int r;

	p->path.len = 0;
	wd_tree_path(p->g->tree, node, &p->path);
	path = wd_buf_view(&p->path);
	if (p->path.status < 0)
		return p->path.status;
	if (!wd_signal_match(s, path, NULL))
		return 0;
	r = wd_gather_signal(p->g, p->row, s->use, node, path, path, WD_BLOB(""), &p->item);
	/* the next path may make another item */
	if (s->captures)
		p->item = WD_GATHER_NONE;
	return r;
}

int wd_gather_paths(struct wd_gather *g)
{
	struct place p = {.g = g, .path = WD_BUF_INIT};
	int r = 0;

	for (p.row = 0; r == 0 && p.row < g->signals->list.n; p.row++) {
		const struct wd_signal *s = &g->signals->list.v[p.row];

		p.item = WD_GATHER_NONE;
		if (s->source == WD_SIGNAL_PATH && s->use != WD_ITEM_TRAP)
			r = each_place(g, s, place_hit, &p);
	}
	wd_buf_done(&p.path);
	return r;
}

/* ---- Texts */

/* A row to try on a file. */
struct errand {
	wd_node_id node;
	uint32_t row;
};

struct texts {
	struct wd_gather *g;
	WD_ARRAY(struct errand) errands;
	uint32_t row; /* that files are looked for */
	struct wd_buf path;
	struct wd_buf text;
	WD_ARRAY(struct wd_blob) kinds; /* of the rows that matched the line at hand */
};

/* Links are read where they lead to; what leads nowhere is not there. */
static int text_hit(void *ctx, wd_node_id node)
{
	struct texts *t = ctx;
	struct errand e = {node, t->row};
	const struct wd_node *n = wd_tree_node(t->g->tree, node);

	if (n->type == WD_TYPE_SYMLINK)
		e.node = wd_tree_target(t->g->tree, node);
	if (e.node == WD_NODE_NONE)
		return 0;
	n = wd_tree_node(t->g->tree, e.node);
	if (n->flags & WD_NODE_GHOST || n->type == WD_TYPE_DIR)
		return 0;
	return wd_array_push(&t->errands, e);
}

static int cmp_errands(const void *a, const void *b)
{
	const struct errand *x = a, *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

static bool has_kind(const struct texts *t, struct wd_blob kind)
{
	for (size_t i = 0; i < t->kinds.n; i++)
		if (wd_blob_equal(t->kinds.v[i], kind))
			return true;
	return false;
}

/* The file's errands are n, in the table's order: of the rows of one kind the first counts. */
static int take_line(struct texts *t, const struct errand *e, size_t n, struct wd_blob line)
{
	int r = 0;

	t->kinds.n = 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct wd_signal *s = &t->g->signals->list.v[e[i].row];
		uint32_t item = WD_GATHER_NONE;

		if (has_kind(t, s->kind) || !wd_signal_match(s, line, NULL))
			continue;
		r = wd_array_push(&t->kinds, s->kind);
		if (r == 0)
			r = wd_gather_signal(t->g, e[i].row, s->use, e->node, wd_buf_view(&t->path),
					     line, line, &item);
	}
	return r;
}

static int take_text(struct texts *t, const struct errand *e, size_t n)
{
	struct wd_blob rest, line;
	int r;

	t->path.len = t->text.len = 0;
	wd_tree_path(t->g->tree, e->node, &t->path);
	wd_buf_byte(&t->path, '\0');
	if (t->path.status < 0)
		return t->path.status;
	t->path.len--;
	r = wd_tree_node(t->g->tree, e->node)->type == WD_TYPE_FILE
		    ? wd_root_read(t->g->tree->root, t->path.ptr, TEXT_MAX, &t->text)
		    : WD_ENOTREG;
	if (r < 0 && r != -ENOMEM) {
		wd_catalog_error(t->g->cat, t->path.ptr, r, NULL);
		return 0;
	}
	rest = wd_buf_view(&t->text);
	while (r == 0 && wd_blob_token(&rest, '\n', &line)) {
		line = wd_blob_trim(wd_blob_head(line, TEXT_LINE_MAX));
		if (line.len)
			r = take_line(t, e, n, line);
	}
	return r;
}

/* Many links may lead to one file. */
static void drop_doubles(struct texts *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->errands.n; i++)
		if (!kept || cmp_errands(&t->errands.v[kept - 1], &t->errands.v[i]) != 0)
			t->errands.v[kept++] = t->errands.v[i];
	t->errands.n = kept;
}

static int find_texts(struct texts *t)
{
	struct wd_gather *g = t->g;
	int r = 0;

	for (t->row = 0; r == 0 && t->row < g->signals->list.n; t->row++)
		if (g->signals->list.v[t->row].source == WD_SIGNAL_TEXT)
			r = each_place(g, &g->signals->list.v[t->row], text_hit, t);
	if (t->errands.n)
		qsort(t->errands.v, t->errands.n, sizeof(*t->errands.v), cmp_errands);
	drop_doubles(t);
	return r;
}

int wd_gather_texts(struct wd_gather *g)
{
	struct texts t = {.g = g, .path = WD_BUF_INIT, .text = WD_BUF_INIT};
	int r = find_texts(&t);

	for (size_t i = 0, n; r == 0 && i < t.errands.n; i += n) {
		for (n = 1; i + n < t.errands.n && t.errands.v[i + n].node == t.errands.v[i].node;)
			n++;
		r = take_text(&t, &t.errands.v[i], n);
	}
	wd_array_done(&t.errands);
	wd_array_done(&t.kinds);
	wd_buf_done(&t.path);
	wd_buf_done(&t.text);
	return r;
}
