/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of whodistro/packages/1. */
#include "provenance/purl.h"
#include "report/rows.h"

#include <string.h>

enum {
	COL_NAME,
	COL_VERSION,
	COL_ARCH,
	COL_SOURCE,
	COL_VENDOR,
	COL_DISTRO,
	COL_DB,
	COL_FILES,
	COL_SIZE,
	COL_PURL,
	COL_FLAGS,
	COL_SOURCE_VERSION,
	COL_COUNT
};

static const struct wd_column columns[COL_COUNT] = {
	[COL_NAME] = {"name", WD_COLUMN_TEXT},
	[COL_VERSION] = {"version", WD_COLUMN_TEXT},
	[COL_ARCH] = {"arch", WD_COLUMN_TEXT},
	[COL_SOURCE] = {"source", WD_COLUMN_TEXT, .data_only = true},
	[COL_VENDOR] = {"vendor", WD_COLUMN_TEXT, .data_only = true},
	[COL_DISTRO] = {"distro", WD_COLUMN_TEXT},
	[COL_DB] = {"db", WD_COLUMN_PATH, .data_only = true},
	[COL_FILES] = {"files", WD_COLUMN_NUMBER},
	[COL_SIZE] = {"size", WD_COLUMN_NUMBER},
	[COL_PURL] = {"purl", WD_COLUMN_TEXT, .data_only = true},
	[COL_FLAGS] = {"flags", WD_COLUMN_LIST},
	[COL_SOURCE_VERSION] = {"source_version", WD_COLUMN_TEXT, .optional = true,
				.data_only = true},
};

/* What the list is made from. */
struct listing {
	const struct wd_subject *s;
	const struct wd_packages_choice *choice;
	struct wd_blob own; /* the root filesystem's own distribution, by the packages' own word */
};

static uint64_t size_of(const struct listing *l, uint32_t package)
{
	const struct wd_package_size *on_disk = l->choice->on_disk;

	return on_disk ? on_disk[package].bytes : l->s->cat.packages.v[package].size;
}

static uint64_t files_of(const struct listing *l, uint32_t package)
{
	const struct wd_package_size *on_disk = l->choice->on_disk;

	return on_disk ? on_disk[package].files : l->s->cat.packages.v[package].nclaims;
}

/* The largest first; what is not known last. */
static int cmp_numbers(uint64_t x, uint64_t y)
{
	if (x == y)
		return 0;
	if (x == WD_SIZE_UNKNOWN || y == WD_SIZE_UNKNOWN)
		return x == WD_SIZE_UNKNOWN ? 1 : -1;
	return x > y ? -1 : 1;
}

static int cmp_packages(const void *a, const void *b, void *ctx)
{
	static const enum wd_package_field keys[] = {WD_PACKAGE_NAME, WD_PACKAGE_ARCH,
						     WD_PACKAGE_VERSION};
	const struct listing *l = ctx;
	const struct wd_catalog *cat = &l->s->cat;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	int by_number = 0;

	if (l->choice->sort == WD_PACKAGES_BY_SIZE)
		by_number = cmp_numbers(size_of(l, i), size_of(l, k));
	else if (l->choice->sort == WD_PACKAGES_BY_FILES)
		by_number = cmp_numbers(files_of(l, i), files_of(l, k));
	if (by_number)
		return by_number;
	for (size_t f = 0; f < WD_ARRAY_SIZE(keys); f++) {
		int c = wd_blob_cmp(wd_package_field(cat, &cat->packages.v[i], keys[f]),
				    wd_package_field(cat, &cat->packages.v[k], keys[f]));

		if (c)
			return c;
	}
	return (i > k) - (i < k);
}

static struct wd_blob make_flags(struct wd_buf *out, uint32_t flags)
{
	static const char *const words[] = {
#define X(id, word) word,
		WD_PACKAGE_FLAGS(X)
#undef X
	};
	size_t start = out->len;

	for (size_t bit = 0; bit < WD_PACKAGE_FLAG_COUNT; bit++)
		if (flags >> bit & 1)
			wd_buf_printf(out, "%s%s", out->len > start ? " " : "", words[bit]);
	return wd_blob(out->ptr ? out->ptr + start : NULL, out->len - start);
}

static struct wd_blob make_purl(const struct wd_subject *s, const struct wd_cat_package *p,
				struct wd_buf *out)
{
	wd_purl(&s->cat, p, &s->distros.list.v[p->distro], out);
	return wd_buf_view(out);
}

static int write_package(const struct listing *l, struct wd_writer *w, uint32_t package,
			 struct wd_buf *flags, struct wd_buf *purl)
{
	const struct wd_subject *s = l->s;
	const struct wd_catalog *cat = &s->cat;
	const struct wd_cat_package *p = &cat->packages.v[package];
	struct wd_blob vendor = wd_package_field(cat, p, WD_PACKAGE_VENDOR);
	struct wd_cell cells[COL_COUNT] = {
		[COL_NAME].text = wd_package_field(cat, p, WD_PACKAGE_NAME),
		[COL_VERSION].text = wd_package_field(cat, p, WD_PACKAGE_VERSION),
		[COL_ARCH].text = wd_package_field(cat, p, WD_PACKAGE_ARCH),
		[COL_SOURCE].text = wd_package_field(cat, p, WD_PACKAGE_SOURCE),
		[COL_VENDOR].text =
			vendor.len ? vendor : wd_package_field(cat, p, WD_PACKAGE_PACKAGER),
		[COL_DISTRO].text = wd_blob_str(s->distros.list.v[p->distro].label),
		[COL_DB].text = wd_blob_str(cat->dbs.v[p->db]->path),
		[COL_FILES].number = files_of(l, package),
		[COL_SIZE].number = size_of(l, package),
		[COL_SOURCE_VERSION].text = wd_package_field(cat, p, WD_PACKAGE_SOURCE_VERSION),
	};
	int r;

	flags->len = purl->len = 0;
	cells[COL_FLAGS].text = make_flags(flags, p->flags);
	cells[COL_PURL].text = make_purl(s, p, purl);
	r = flags->status < 0 ? flags->status : purl->status;
	if (r == 0)
		r = w->format->row(w, cells);
	w->rows++;
	return r;
}

/* Wide enough for what there is. */
static void measure(const struct wd_subject *s, struct wd_column *cols)
{
	static const struct {
		int column;
		enum wd_package_field field;
		unsigned most;
	} measured[] = {{COL_NAME, WD_PACKAGE_NAME, 40},
			{COL_VERSION, WD_PACKAGE_VERSION, 40},
			{COL_ARCH, WD_PACKAGE_ARCH, 12}};

	cols[COL_FILES].width = 7;
	cols[COL_SIZE].width = 14;
	for (size_t i = 0; i < s->cat.nrecorded; i++) {
		for (size_t k = 0; k < WD_ARRAY_SIZE(measured); k++) {
			struct wd_column *col = &cols[measured[k].column];
			size_t len =
				wd_package_field(&s->cat, &s->cat.packages.v[i], measured[k].field)
					.len;

			if (len > measured[k].most)
				len = measured[k].most;
			if (len > col->width)
				col->width = (unsigned)len;
		}
	}
	for (size_t i = 0; i < s->distros.list.n; i++)
		if (strlen(s->distros.list.v[i].label) > cols[COL_DISTRO].width)
			cols[COL_DISTRO].width = (unsigned)strlen(s->distros.list.v[i].label);
}

/* os-release's distribution; without it, the one that most packages are of. */
static struct wd_blob own_distro(const struct wd_subject *s)
{
	uint32_t best = 0;

	if (s->os.present && *s->os.id)
		return wd_blob_str(s->os.id);
	for (uint32_t i = 1; i < s->distros.list.n; i++)
		if (s->distros.list.v[i].packages > s->distros.list.v[best].packages)
			best = i;
	return wd_blob_str(s->distros.list.v[best].id);
}

static bool is_foreign(const struct listing *l, const struct wd_cat_package *p)
{
	const char *id = l->s->distros.list.v[p->distro].id;

	if (l->s->os.present && *l->s->os.id)
		return !wd_distros_expected(&l->s->distros, &l->s->os, id);
	return !wd_blob_is(l->own, id);
}

static bool is_orphan(const struct listing *l, uint32_t package)
{
	return l->choice->on_disk[package].missing && l->choice->on_disk[package].files == 0;
}

static size_t choose(const struct listing *l, uint32_t *order)
{
	const struct wd_catalog *cat = &l->s->cat;
	size_t n = 0;

	for (uint32_t i = 0; i < cat->nrecorded; i++)
		if ((!l->choice->foreign || is_foreign(l, &cat->packages.v[i])) &&
		    (!l->choice->orphans || is_orphan(l, i)))
			order[n++] = i;
	if (n)
		qsort_r(order, n, sizeof(*order), cmp_packages, (void *)l);
	return n;
}

int wd_rows_packages(const struct wd_subject *s, const struct wd_packages_choice *choice,
		     struct wd_writer *writer)
{
	WD_CLEANUP_FREE uint32_t *order = malloc((s->cat.nrecorded + 1) * sizeof(*order));
	WD_CLEANUP_BUF struct wd_buf flags = WD_BUF_INIT;
	WD_CLEANUP_BUF struct wd_buf purl = WD_BUF_INIT;
	const struct listing l = {s, choice, own_distro(s)};
	struct wd_column cols[COL_COUNT];
	struct wd_schema schema = {"whodistro/packages/1", "packages", s->name, cols, COL_COUNT};
	size_t n;
	int r;

	if (!order)
		return -ENOMEM;
	memcpy(cols, columns, sizeof(columns));
	measure(s, cols);
	n = choose(&l, order);
	writer->schema = &schema;
	r = writer->format->begin(writer);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = write_package(&l, writer, order[i], &flags, &purl);
	if (r == 0)
		r = writer->format->end(writer, &s->cat);
	writer->schema = NULL;
	return r;
}
