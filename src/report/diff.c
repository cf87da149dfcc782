/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/diff.h"

#include "base/status.h"

#include <string.h>

enum {
	COL_KIND,
	COL_CHANGE,
	COL_NAME,
	COL_ARCH,
	COL_BEFORE,
	COL_AFTER,
	COL_SIZE_BEFORE,
	COL_SIZE_AFTER,
	COL_DISTRO_BEFORE,
	COL_DISTRO_AFTER,
	COL_COUNT
};

static const struct wd_column columns[COL_COUNT] = {
	[COL_KIND] = {"kind", WD_COLUMN_TEXT, .width = 7},
	[COL_CHANGE] = {"change", WD_COLUMN_LIST, .width = 10},
	[COL_NAME] = {"name", WD_COLUMN_NAME, .width = 44},
	[COL_ARCH] = {"arch", WD_COLUMN_TEXT, .data_only = true},
	[COL_BEFORE] = {"before", WD_COLUMN_TEXT, .width = 24},
	[COL_AFTER] = {"after", WD_COLUMN_TEXT, .width = 24},
	[COL_SIZE_BEFORE] = {"size_before", WD_COLUMN_NUMBER, .width = 11},
	[COL_SIZE_AFTER] = {"size_after", WD_COLUMN_NUMBER, .width = 11},
	[COL_DISTRO_BEFORE] = {"distro_before", WD_COLUMN_TEXT, .data_only = true},
	[COL_DISTRO_AFTER] = {"distro_after", WD_COLUMN_TEXT, .data_only = true},
};

struct writing {
	struct wd_diff *d;
	struct wd_writer *writer;
	struct wd_owner_list owners;
	struct wd_buf path, before, after, words;
};

static int write_row(struct writing *x, struct wd_cell *cells)
{
	int r = x->writer->format->row(x->writer, cells);

	x->writer->rows++;
	return r;
}

/* ---- The root filesystem */

static struct wd_blob distro_label(const struct wd_subject *s, const struct wd_verdict *v)
{
	return v->distro < 0 ? WD_BLOB_NULL : wd_blob_str(s->distros.list.v[v->distro].label);
}

static int write_word(struct writing *x, const char *name, struct wd_blob before,
		      struct wd_blob after)
{
	struct wd_cell cells[COL_COUNT] = {{.number = 0}};

	if (wd_blob_equal(before, after))
		return 0;
	x->d->counts[WD_CHANGE_BIT_LINEAGE]++;
	cells[COL_KIND].text = WD_BLOB("rootfs");
	cells[COL_CHANGE].text = wd_blob_str(wd_change_name(WD_CHANGE_BIT_LINEAGE));
	cells[COL_NAME].text = wd_blob_str(name);
	cells[COL_BEFORE].text = before;
	cells[COL_AFTER].text = after;
	cells[COL_SIZE_BEFORE].number = cells[COL_SIZE_AFTER].number = WD_SIZE_UNKNOWN;
	return write_row(x, cells);
}

static int write_verdicts(struct writing *x, const struct wd_verdict *a, const struct wd_verdict *b)
{
	int r = write_word(x, "distro", distro_label(x->d->a, a), distro_label(x->d->b, b));

	if (r == 0)
		r = write_word(x, "lineage", wd_blob_str(wd_lineage_name(a->lineage)),
			       wd_blob_str(wd_lineage_name(b->lineage)));
	if (r == 0)
		r = write_word(x, "style", wd_blob_str(wd_style_name(a->style)),
			       wd_blob_str(wd_style_name(b->style)));
	return r;
}

/* ---- Packages */

static void fill_package(const struct wd_subject *s, uint32_t package,
			 const struct wd_package_size *sizes, struct wd_cell *cells, int side)
{
	const struct wd_cat_package *p;

	cells[COL_SIZE_BEFORE + side].number = WD_SIZE_UNKNOWN;
	if (package == WD_PACKAGE_NONE)
		return;
	p = &s->cat.packages.v[package];
	cells[COL_NAME].text = wd_package_field(&s->cat, p, WD_PACKAGE_NAME);
	cells[COL_ARCH].text = wd_package_field(&s->cat, p, WD_PACKAGE_ARCH);
	cells[COL_BEFORE + side].text = wd_package_field(&s->cat, p, WD_PACKAGE_VERSION);
	cells[COL_SIZE_BEFORE + side].number = sizes[package].bytes;
	cells[COL_DISTRO_BEFORE + side].text = wd_blob_str(s->distros.list.v[p->distro].label);
}

static int write_package(struct writing *x, const struct wd_package_change *c)
{
	struct wd_cell cells[COL_COUNT] = {{.number = 0}};

	cells[COL_KIND].text = WD_BLOB("package");
	cells[COL_CHANGE].text =
		wd_blob_str(wd_change_name((enum wd_change_bit)__builtin_ctz(c->change)));
	fill_package(x->d->a, c->a, x->d->sizes_a, cells, 0);
	fill_package(x->d->b, c->b, x->d->sizes_b, cells, 1);
	return write_row(x, cells);
}

/* ---- Files */

/* The owners of a file, by name, and the distribution of the first. */
static int fill_owners(struct writing *x, const struct wd_subject *s, wd_node_id node,
		       struct wd_buf *out, struct wd_cell *cells, int side)
{
	const struct wd_node *n;
	int r;

	out->len = 0;
	cells[COL_SIZE_BEFORE + side].number = WD_SIZE_UNKNOWN;
	if (node == WD_NODE_NONE)
		return 0;
	n = wd_tree_node(s->tree, node);
	if (n->type == WD_TYPE_FILE)
		cells[COL_SIZE_BEFORE + side].number = n->size;
	r = wd_owners_get(&s->owners, node, false, &x->owners);
	for (size_t i = 0; r == 0 && i < x->owners.list.n; i++) {
		const struct wd_cat_package *p = &s->cat.packages.v[x->owners.list.v[i].package];

		wd_buf_str(out, out->len ? "," : "");
		wd_buf_blob(out, wd_package_field(&s->cat, p, WD_PACKAGE_NAME));
		if (i == 0)
			cells[COL_DISTRO_BEFORE + side].text =
				wd_blob_str(s->distros.list.v[p->distro].label);
	}
	cells[COL_BEFORE + side].text = wd_buf_view(out);
	return r < 0 ? r : out->status;
}

static int write_file(struct writing *x, const struct wd_file_change *c)
{
	struct wd_cell cells[COL_COUNT] = {{.number = 0}};
	int r = fill_owners(x, x->d->a, c->a, &x->before, cells, 0);

	if (r == 0)
		r = fill_owners(x, x->d->b, c->b, &x->after, cells, 1);
	if (r < 0)
		return r;
	x->path.len = 0;
	if (c->a != WD_NODE_NONE)
		wd_tree_path(x->d->a->tree, c->a, &x->path);
	else
		wd_tree_path(x->d->b->tree, c->b, &x->path);
	x->words.len = 0;
	for (int bit = 0; bit < WD_CHANGE_COUNT; bit++)
		if (c->changes >> bit & 1)
			wd_buf_printf(&x->words, "%s%s", x->words.len ? " " : "",
				      wd_change_name((enum wd_change_bit)bit));
	if (x->path.status < 0 || x->words.status < 0)
		return -ENOMEM;
	cells[COL_KIND].text = WD_BLOB("file");
	cells[COL_NAME].text = wd_buf_view(&x->path);
	cells[COL_CHANGE].text = wd_buf_view(&x->words);
	return write_row(x, cells);
}

int wd_diff_rows(struct wd_diff *d, const struct wd_verdict *a, const struct wd_verdict *b,
		 struct wd_writer *writer)
{
	struct wd_schema schema = {.name = "whodistro/diff/1",
				   .table = "diff",
				   .rootfs = d->b->name,
				   .columns = columns,
				   .ncolumns = COL_COUNT};
	struct writing x = {.d = d, .writer = writer};
	int r;

	writer->schema = &schema;
	r = writer->format->begin(writer);
	if (r == 0)
		r = write_verdicts(&x, a, b);
	for (size_t i = 0; r == 0 && i < d->packages.n; i++)
		r = write_package(&x, &d->packages.v[i]);
	for (size_t i = 0; r == 0 && i < d->files.n; i++)
		r = write_file(&x, &d->files.v[i]);
	if (r == 0)
		r = writer->format->end(writer, &d->b->cat);
	wd_array_done(&x.owners.list);
	wd_buf_done(&x.path);
	wd_buf_done(&x.before);
	wd_buf_done(&x.after);
	wd_buf_done(&x.words);
	return r;
}
