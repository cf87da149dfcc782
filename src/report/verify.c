/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/verify.h"

#include "base/status.h"

#include <string.h>

enum {
	COL_RESULT,
	COL_MARK,
	COL_PATH,
	COL_PACKAGE,
	COL_VERSION,
	COL_ARCH,
	COL_DB,
	COL_DISTRO,
	COL_FINDING,
	COL_DIFFERS,
	COL_EXPECTED,
	COL_FOUND,
	COL_REPLACED_BY,
	COL_COUNT
};

#define PATH_WIDTH 60

static const struct wd_column columns[COL_COUNT] = {
	[COL_RESULT] = {"result", WD_COLUMN_TEXT, .width = 10},
	[COL_MARK] = {"mark", WD_COLUMN_TEXT, .width = 1},
	[COL_PATH] = {"path", WD_COLUMN_PATH, .width = PATH_WIDTH},
	[COL_PACKAGE] = {"package", WD_COLUMN_TEXT},
	[COL_VERSION] = {"version", WD_COLUMN_TEXT, .data_only = true},
	[COL_ARCH] = {"arch", WD_COLUMN_TEXT, .data_only = true},
	[COL_DB] = {"db", WD_COLUMN_PATH, .data_only = true},
	[COL_DISTRO] = {"distro", WD_COLUMN_TEXT, .data_only = true},
	[COL_FINDING] = {"finding", WD_COLUMN_TEXT, .data_only = true},
	[COL_DIFFERS] = {"differs", WD_COLUMN_LIST, .data_only = true},
	[COL_EXPECTED] = {"expected", WD_COLUMN_TEXT, .optional = true, .data_only = true},
	[COL_FOUND] = {"found", WD_COLUMN_TEXT, .optional = true, .data_only = true},
	[COL_REPLACED_BY] = {"replaced_by", WD_COLUMN_TEXT, .optional = true, .data_only = true},
};

struct writing {
	struct wd_verify *v;
	struct wd_writer *writer;
	struct wd_owner_list owners;
	struct wd_buf expected, found, differs;
	char letters[WD_DIFFERENCE_COUNT + 1];
};

/* What `rpm -V` prints: a letter for what differs, "?" for what could not be compared. */
static void make_letters(struct writing *x, const struct wd_finding *f)
{
	static const char all[] = {
#define X(id, word, letter) letter,
		WD_DIFFERENCES(X)
#undef X
	};
	size_t n = WD_DIFFERENCE_BIT_TYPE; /* the type has the letter of the mode */
	uint32_t differs = f->differs;

	if (differs & WD_DIFFERS_TYPE)
		differs |= WD_DIFFERS_MODE;
	for (size_t i = 0; i < n; i++)
		x->letters[i] = differs >> i & 1 ? all[i] : f->unknown >> i & 1 ? '?' : '.';
	x->letters[n] = '\0';
}

static void make_differs(struct writing *x, const struct wd_finding *f)
{
	static const char *const words[] = {
#define X(id, word, letter) word,
		WD_DIFFERENCES(X)
#undef X
	};

	x->differs.len = 0;
	for (size_t i = 0; i < WD_DIFFERENCE_COUNT; i++)
		if (f->differs >> i & 1)
			wd_buf_printf(&x->differs, "%s%s", x->differs.len ? " " : "", words[i]);
}

/* The letter that `rpm -V` puts before the path. */
static struct wd_blob mark_of(const struct wd_cat_claim *c)
{
	if (c->flags & WD_CLAIM_CONFIG)
		return WD_BLOB("c");
	if (c->flags & WD_CLAIM_DOC)
		return WD_BLOB("d");
	if (c->flags & WD_CLAIM_GHOST)
		return WD_BLOB("g");
	return c->flags & WD_CLAIM_LICENSE ? WD_BLOB("l") : WD_BLOB_NULL;
}

static void fill_package(struct writing *x, uint32_t package, struct wd_cell *cells)
{
	const struct wd_catalog *cat = &x->v->s->cat;
	const struct wd_cat_package *p = &cat->packages.v[package];

	cells[COL_PACKAGE].text = wd_package_field(cat, p, WD_PACKAGE_NAME);
	cells[COL_VERSION].text = wd_package_field(cat, p, WD_PACKAGE_VERSION);
	cells[COL_ARCH].text = wd_package_field(cat, p, WD_PACKAGE_ARCH);
	cells[COL_DB].text = wd_blob_str(cat->dbs.v[p->db]->path);
	cells[COL_DISTRO].text = wd_blob_str(x->v->s->distros.list.v[p->distro].label);
}

static int write_row(struct writing *x, struct wd_blob path, uint32_t package,
		     enum wd_finding_kind kind, struct wd_cell *cells)
{
	int r;

	cells[COL_PATH].text = path;
	cells[COL_FINDING].text = wd_blob_str(wd_finding_name(kind));
	if (!cells[COL_RESULT].text.len)
		cells[COL_RESULT].text = cells[COL_FINDING].text;
	fill_package(x, package, cells);
	r = x->writer->format->row(x->writer, cells);
	x->writer->rows++;
	return r;
}

static int write_finding(struct writing *x, struct wd_blob path, const struct wd_owner *owner,
			 const struct wd_finding *f)
{
	const struct wd_catalog *cat = &x->v->s->cat;
	struct wd_cell cells[COL_COUNT] = {{.number = 0}};

	make_letters(x, f);
	make_differs(x, f);
	if (f->kind == WD_FINDING_MODIFIED || f->kind == WD_FINDING_REPLACED)
		cells[COL_RESULT].text = wd_blob_str(x->letters);
	cells[COL_MARK].text = mark_of(owner->claim);
	cells[COL_DIFFERS].text = wd_buf_view(&x->differs);
	cells[COL_EXPECTED].text = wd_buf_view(&x->expected);
	cells[COL_FOUND].text = wd_buf_view(&x->found);
	if (f->replacer != WD_PACKAGE_NONE)
		cells[COL_REPLACED_BY].text =
			wd_package_field(cat, &cat->packages.v[f->replacer], WD_PACKAGE_NAME);
	if (x->expected.status < 0 || x->found.status < 0 || x->differs.status < 0)
		return -ENOMEM;
	return write_row(x, path, owner->package, f->kind, cells);
}

static int visit_claim(struct writing *x, wd_node_id node, struct wd_blob path,
		       const struct wd_owner *owner)
{
	struct wd_finding f = {.kind = WD_FINDING_SAME};

	x->expected.len = 0;
	x->found.len = 0;
	wd_verify_claim(x->v, node, owner, &f, &x->expected, &x->found);
	return f.kind == WD_FINDING_SAME ? 0 : write_finding(x, path, owner, &f);
}

static int visit(void *ctx, wd_node_id node, struct wd_blob path)
{
	struct writing *x = ctx;
	struct wd_cell cells[COL_COUNT] = {{.number = 0}};
	uint32_t package;
	int r;

	if (wd_verify_extra(x->v, node, &package))
		return write_row(x, path, package, WD_FINDING_EXTRA, cells);
	r = wd_owners_get(&x->v->s->owners, node, false, &x->owners);
	for (size_t i = 0; r == 0 && i < x->owners.list.n; i++)
		if (x->owners.list.v[i].claim)
			r = visit_claim(x, node, path, &x->owners.list.v[i]);
	return r;
}

/* After all paths: packages that could not be verified, at the path of their database. */
static int write_unrecorded(struct writing *x)
{
	const struct wd_catalog *cat = &x->v->s->cat;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < cat->packages.n; i++) {
		struct wd_cell cells[COL_COUNT] = {{.number = 0}};

		x->found.len = 0;
		if (!wd_verify_unrecorded(x->v, i, &x->found))
			continue;
		cells[COL_FOUND].text = wd_buf_view(&x->found);
		r = x->found.status < 0
			    ? x->found.status
			    : write_row(x, wd_blob_str(cat->dbs.v[cat->packages.v[i].db]->path), i,
					WD_FINDING_UNRECORDED, cells);
	}
	return r;
}

/* Text keeps for the package what the longest name takes. */
static void measure(const struct wd_subject *s, struct wd_column *cols, int terminal)
{
	unsigned widest = 0;

	for (size_t i = 0; i < s->cat.packages.n; i++) {
		size_t n = wd_package_field(&s->cat, &s->cat.packages.v[i], WD_PACKAGE_NAME).len;

		widest = n > widest && n <= 28 ? (unsigned)n : widest;
	}
	cols[COL_PACKAGE].width = widest;
	if (terminal > (int)(widest + 16 + 24))
		cols[COL_PATH].width = (unsigned)terminal - widest - 17;
}

int wd_verify_rows(struct wd_verify *v, struct wd_writer *writer)
{
	struct wd_column cols[COL_COUNT];
	struct wd_schema schema = {.name = "whodistro/verify/1",
				   .table = "verify",
				   .rootfs = v->s->name,
				   .columns = cols,
				   .ncolumns = COL_COUNT};
	struct writing x = {.v = v,
			    .writer = writer,
			    .expected = WD_BUF_INIT,
			    .found = WD_BUF_INIT,
			    .differs = WD_BUF_INIT};
	int r;

	memcpy(cols, columns, sizeof(cols));
	measure(v->s, cols, writer->out->columns);
	writer->schema = &schema;
	r = writer->format->begin(writer);
	if (r == 0)
		r = wd_tree_each(v->s->tree, visit, &x);
	if (r == 0)
		r = write_unrecorded(&x);
	if (r == 0)
		r = writer->format->end(writer, &v->s->cat);
	wd_array_done(&x.owners.list);
	wd_buf_done(&x.expected);
	wd_buf_done(&x.found);
	wd_buf_done(&x.differs);
	return r;
}
